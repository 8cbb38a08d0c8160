#include "code/lines.h"

/* Lines are sums of what the table says; a hostile one must wrap, not overflow. */
static int32_t add(int32_t line, int32_t delta) {
    return (int32_t)((uint32_t)line + (uint32_t)delta);
}

/* ---- until 3.9: pairs (bytes, lines) of increments; Objects/lnotab_notes.txt ---- */

static bf_status read_lnotab(bf_lines *out, const bf_code *code, bf_arena *arena, bf_error *err) {
    uint32_t n = code->n_linetable / 2;
    if (!(out->starts = bf_arena_alloc(arena, (n + 1) * sizeof *out->starts))) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    int32_t line = code->firstlineno, address = 0, last = 0;
    bool any = false, is_signed = code->version->line_form != BF_LINES_LNOTAB27, is_cut = code->version->line_form == BF_LINES_LNOTAB;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t bytes = code->linetable[2 * i];
        if (bytes) {
            if (!any || line != last) {
                out->starts[out->n_starts++] = (bf_line_start){address, line};
                last = line;
                any = true;
            }
            if (address > INT32_MAX - UINT8_MAX) return BF_OK; /* far beyond any code */
            address += bytes;
            if (is_cut && address >= (int32_t)code->n_bytecode) return BF_OK; /* lines of code that was optimized away */
        }
        uint8_t lines = code->linetable[2 * i + 1];
        line = add(line, is_signed ? (int8_t)lines : lines);
    }
    if (!any || line != last) out->starts[out->n_starts++] = (bf_line_start){address, line};
    return BF_OK;
}

/* ---- 3.10: pairs (bytes, lines), where -128 lines means none; PEP 626 ---- */

static bf_status read_pep626(bf_lines *out, const bf_code *code, bf_arena *arena, bf_error *err) {
    uint32_t n = code->n_linetable / 2;
    if (!(out->ranges = bf_arena_alloc(arena, (n + 1) * sizeof *out->ranges))) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    int32_t line = code->firstlineno, start = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (start > INT32_MAX - UINT8_MAX) break; /* far beyond any code */
        int32_t end = start + code->linetable[2 * i];
        int8_t delta = (int8_t)code->linetable[2 * i + 1];
        if (delta != -128) line = add(line, delta);
        int32_t shown = delta == -128 || line == -1 ? BF_NO_LINE : line;
        if (end > start) out->ranges[out->n_ranges++] = (bf_line_range){start, end, shown, shown, BF_NO_LINE, BF_NO_LINE};
        start = end;
    }
    return BF_OK;
}

/* ---- 3.11 and later: entries with end lines and columns; Objects/locations.md ---- */

enum { CODE_ONE_LINE_0 = 10, CODE_NO_COLUMNS = 13, CODE_LONG = 14, CODE_NONE = 15 };

typedef struct cursor {
    const bf_code *code;
    uint32_t at;
    bf_error *err;
} cursor;

static bf_status ends_early(cursor *c) {
    return bf_fail(c->err, BF_TRUNCATED, c->code->linetable_offset < 0 ? -1 : c->code->linetable_offset + c->at,
                   "line table of %u bytes ends inside an entry", c->code->n_linetable);
}

static bf_status next_byte(cursor *c, uint8_t *out) {
    if (c->at >= c->code->n_linetable) return ends_early(c);
    *out = c->code->linetable[c->at++];
    return BF_OK;
}

static bf_status next_varint(cursor *c, uint32_t *out) {
    uint8_t byte = 0;
    uint32_t value = 0, shift = 0;
    do {
        BF_TRY(next_byte(c, &byte));
        if (shift < 32) value |= (uint32_t)(byte & 63) << shift;
        shift += 6;
    } while (byte & 64);
    *out = value;
    return BF_OK;
}

static bf_status next_svarint(cursor *c, int32_t *out) {
    uint32_t value;
    BF_TRY(next_varint(c, &value));
    *out = value & 1 ? -(int32_t)(value >> 1) : (int32_t)(value >> 1);
    return BF_OK;
}

static int32_t column(uint32_t stored) { /* one more than the column; 0 is none */
    return stored == 0 ? BF_NO_LINE : (int32_t)(stored - 1);
}

static bf_status next_location(cursor *c, uint8_t kind, int32_t *line, bf_line_range *range) {
    uint8_t a, b;
    uint32_t end_lines, col, end_col;
    int32_t delta = 0;
    switch (kind) {
    case CODE_NONE: return BF_OK;
    case CODE_NO_COLUMNS:
        BF_TRY(next_svarint(c, &delta));
        *line = add(*line, delta);
        range->line = range->end_line = *line;
        return BF_OK;
    case CODE_LONG:
        BF_TRY(next_svarint(c, &delta));
        BF_TRY(next_varint(c, &end_lines));
        BF_TRY(next_varint(c, &col));
        BF_TRY(next_varint(c, &end_col));
        *line = add(*line, delta);
        range->line = *line;
        range->end_line = add(*line, (int32_t)end_lines);
        range->col = column(col);
        range->end_col = column(end_col);
        return BF_OK;
    default:
        BF_TRY(next_byte(c, &a));
        if (kind >= CODE_ONE_LINE_0) {
            BF_TRY(next_byte(c, &b));
            *line = add(*line, kind - CODE_ONE_LINE_0);
            range->col = a;
            range->end_col = b;
        } else {
            range->col = kind << 3 | (a >> 4 & 7);
            range->end_col = range->col + (a & 15);
        }
        range->line = range->end_line = *line;
        return BF_OK;
    }
}

static bf_status read_locations(bf_lines *out, const bf_code *code, bf_arena *arena, bf_error *err) {
    if (!(out->ranges = bf_arena_alloc(arena, ((size_t)code->n_linetable + 1) * sizeof *out->ranges)))
        return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    cursor c = {code, 0, err};
    int32_t line = code->firstlineno, start = 0;
    while (c.at < code->n_linetable && start <= INT32_MAX - 16) { /* also what lies beyond the code, as dis */
        uint8_t first = code->linetable[c.at++];
        if (!(first & 0x80))
            return bf_fail(err, BF_CORRUPT, code->linetable_offset + c.at - 1, "line table entry begins with byte 0x%02x, bit 7 is not set", first);
        int32_t end = start + 2 * ((first & 7) + 1);
        bf_line_range range = {start, end, BF_NO_LINE, BF_NO_LINE, BF_NO_LINE, BF_NO_LINE};
        BF_TRY(next_location(&c, first >> 3 & 15, &line, &range));
        if (range.line == -1) range.line = BF_NO_LINE; /* as co_positions, which has no other way to say none */
        if (range.end_line == -1) range.end_line = BF_NO_LINE;
        out->ranges[out->n_ranges++] = range;
        start = end;
    }
    return BF_OK;
}

/* dis.findlinestarts over ranges: where the line changes; until 3.12 "no line" is passed over. */
static bf_status find_starts(bf_lines *out, bool keep_no_line, bf_arena *arena, bf_error *err) {
    if (!(out->starts = bf_arena_alloc(arena, (out->n_ranges + 1) * sizeof *out->starts))) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    for (uint32_t i = 0; i < out->n_ranges; i++) {
        int32_t line = out->ranges[i].line;
        bool changed = out->n_starts == 0 || out->starts[out->n_starts - 1].line != line;
        if (changed && (keep_no_line || line != BF_NO_LINE)) out->starts[out->n_starts++] = (bf_line_start){out->ranges[i].start, line};
    }
    return BF_OK;
}

bf_status bf_code_lines(bf_lines *out, const bf_code *code, bf_arena *arena, bf_error *err) {
    *out = (bf_lines){0};
    if (code->version->line_form <= BF_LINES_LNOTAB) return read_lnotab(out, code, arena, err);
    bf_status st = code->version->line_form == BF_LINES_PEP626 ? read_pep626(out, code, arena, err) : read_locations(out, code, arena, err);
    if (st == BF_NO_MEMORY) return st;
    bf_status starts = find_starts(out, code->version->has_no_line, arena, err);
    return st != BF_OK ? st : starts;
}
