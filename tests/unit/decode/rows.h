/* Facts of a file in the text form of an .expect fixture: what tools/dis_rows.py writes of the same file, from dis.
 * tests/data/README.md describes the form. Header only: two tests print it. */
#ifndef BF_TEST_DECODE_ROWS_H
#define BF_TEST_DECODE_ROWS_H

#include <stdio.h>

#include "base/buf.h"
#include "decode/facts.h"

/* ---- cells: each begins with a tab, and those at the end of a row that are empty are cut ---- */

static void rows_end(bf_buf *out) {
    while (out->n && out->p[out->n - 1] == '\t') out->n--;
    bf_buf_putc(out, '\n');
}

static void rows_text(bf_buf *out, bf_str s) {
    for (uint32_t i = 0; i < s.n; i++) {
        const char *escape = s.p[i] == '\\' ? "\\\\" : s.p[i] == '\t' ? "\\t" : s.p[i] == '\n' ? "\\n" : s.p[i] == '\r' ? "\\r" : NULL;
        if (escape)
            bf_buf_puts(out, escape);
        else
            bf_buf_putc(out, s.p[i]);
    }
}

static void rows_str(bf_buf *out, bf_str s) {
    bf_buf_putc(out, '\t');
    rows_text(out, s);
}

static void rows_int(bf_buf *out, int64_t value, bool is_null) {
    if (is_null)
        bf_buf_putc(out, '\t');
    else
        bf_buf_printf(out, "\t%lld", (long long)value);
}

static void rows_int32(bf_buf *out, int32_t value) {
    rows_int(out, value, value == BF_NONE_INT);
}

static bf_str rows_attr(const bf_attrs *attrs, const char *key) {
    for (uint32_t i = 0; i < attrs->n; i++)
        if (bf_str_eq(attrs->items[i].key, bf_str_of(key))) return attrs->items[i].value;
    return (bf_str){NULL, 0};
}

/* ---- instructions ---- */

typedef struct rows_state {
    bool seen[256];                    /* opcodes that have a row O */
    const bf_cache_fact *usual[256];   /* cache fields of the first instruction of each */
    uint8_t n_usual[256];
} rows_state;

static void rows_opcode(bf_buf *out, rows_state *state, const bf_instr *i) {
    if (state->seen[i->opcode]) return;
    state->seen[i->opcode] = true;
    state->usual[i->opcode] = i->caches;
    state->n_usual[i->opcode] = i->n_caches;
    bf_buf_putc(out, 'O');
    rows_int(out, i->opcode, false);
    rows_str(out, i->op->name);
    rows_int(out, i->baseopcode, false);
    rows_str(out, i->base->name);
    for (uint8_t k = 0; k < i->n_caches; k++) {
        rows_str(out, i->caches[k].name);
        bf_buf_printf(out, ":%d", i->caches[k].size);
    }
    rows_end(out);
}

static void rows_position(bf_buf *out, const bf_instr *i) {
    const bf_position *p = &i->position;
    const int32_t parts[] = {p->line, p->col, p->end_line, p->end_col};
    static const char after[] = {':', '-', ':', 0};
    bool one_line = p->line == p->end_line && p->line == i->line_number;
    if (p->line == BF_NONE_INT && p->col == BF_NONE_INT && p->end_line == BF_NONE_INT && p->end_col == BF_NONE_INT) return;
    for (int k = 0; k < 4; k++) {
        if (one_line && k % 2 == 0) continue;
        if (parts[k] == BF_NONE_INT)
            bf_buf_putc(out, '?');
        else
            bf_buf_printf(out, "%d", parts[k]);
        if (k < 3) bf_buf_putc(out, one_line ? '-' : after[k]);
    }
}

static bool rows_usual_caches(const rows_state *state, const bf_instr *i) {
    bool same = i->n_caches == state->n_usual[i->opcode];
    for (uint8_t k = 0; same && k < i->n_caches; k++) {
        const bf_cache_fact *cache = &i->caches[k], *usual = &state->usual[i->opcode][k];
        same = bf_str_eq(cache->name, usual->name) && cache->size == usual->size;
        for (int32_t b = 0; b < 2 * cache->size; b++) same &= cache->data[b] == 0;
    }
    return same;
}

static void rows_caches(bf_buf *out, const rows_state *state, const bf_instr *i) {
    bf_buf_putc(out, '\t');
    if (rows_usual_caches(state, i)) return;
    for (uint8_t k = 0; k < i->n_caches; k++) {
        bf_buf_printf(out, "%s%.*s:%d:", k ? ";" : "", (int)i->caches[k].name.n, i->caches[k].name.p, i->caches[k].size);
        for (int32_t b = 0; b < 2 * i->caches[k].size; b++) bf_buf_printf(out, "%02x", i->caches[k].data[b]);
    }
}

static void rows_instrs(bf_buf *out, rows_state *state, const bf_code_facts *code) {
    static const char letters[] = {0, 'k', 'n', 'l', 'f', 'c', 'j'}; /* by bf_argval_kind */
    bf_buf position = {0}, before_position = {0};
    int32_t before = BF_NONE_INT;
    for (uint32_t k = 0; k < code->n_instrs; k++) {
        const bf_instr *i = &code->instrs[k];
        rows_opcode(out, state, i);
        bf_buf_printf(out, "%d\t%u", i->offset, i->opcode);
        rows_int(out, i->arg, !i->has_arg);
        bf_buf_putc(out, '\t');
        if (letters[i->argval_kind]) bf_buf_putc(out, letters[i->argval_kind]);
        if (i->argval_kind == BF_ARGVAL_NONE && i->has_argval_int && i->has_arg && i->argval_int == i->arg)
            bf_buf_puts(out, "\t=");
        else
            rows_int(out, i->argval_int, !i->has_argval_int);
        if (!i->argval_str.p)
            bf_buf_putc(out, '\t');
        else if (bf_str_eq(i->argval_str, i->argrepr))
            bf_buf_puts(out, "\t=");
        else
            bf_buf_puts(out, "\t'"), rows_text(out, i->argval_str);
        bool is_const = i->argval_kind == BF_ARGVAL_CONST && (uint32_t)i->arg < code->n_consts;
        rows_str(out, is_const && bf_str_eq(i->argrepr, code->const_reprs[i->arg]) ? BF_STR("=") : i->argrepr);
        position.n = 0;
        rows_position(&position, i);
        bf_str now = {position.p ? position.p : "", (uint32_t)position.n};
        bf_str last = {before_position.p ? before_position.p : "", (uint32_t)before_position.n};
        rows_str(out, now.n && bf_str_eq(now, last) ? BF_STR("=") : now);
        if (i->line_number == before)
            bf_buf_putc(out, '\t');
        else if (i->line_number == BF_NONE_INT)
            bf_buf_puts(out, "\t-");
        else
            rows_int32(out, i->line_number);
        if (i->starts_line != BF_NONE_INT && i->starts_line == i->line_number)
            bf_buf_puts(out, "\t=");
        else
            rows_int32(out, i->starts_line);
        rows_int32(out, i->label);
        if (i->is_jump_target) bf_buf_putc(out, '>');
        rows_int32(out, i->jump_target);
        int32_t usual_end = i->offset + 2;
        for (uint8_t c = 0; c < state->n_usual[i->opcode]; c++) usual_end += 2 * state->usual[i->opcode][c].size;
        bf_buf_putc(out, '\t');
        if (i->start_offset != i->offset || i->end_offset != usual_end) bf_buf_printf(out, "%d-%d", i->start_offset, i->end_offset);
        rows_caches(out, state, i);
        rows_end(out);
        before = i->line_number;
        bf_buf swap = before_position;
        before_position = position;
        position = swap;
    }
    bf_buf_free(&position);
    bf_buf_free(&before_position);
}

/* ---- code objects ---- */

static void rows_names(bf_buf *out, const char *tag, const bf_str *names, uint32_t n) {
    if (!n) return;
    bf_buf_puts(out, tag);
    for (uint32_t i = 0; i < n; i++) rows_str(out, names[i]);
    rows_end(out);
}

static void rows_unit(bf_buf *out, const bf_file_facts *file, const bf_code_facts *code) {
    bf_str parent = rows_attr(&code->attrs, "parent_code_id");
    const bf_code_facts *of = NULL;
    bf_buf_puts(out, "U\t");
    for (const bf_code_facts *c = file->codes; parent.p && c < code; c++)
        if (bf_str_eq(c->code_id, parent)) bf_buf_printf(out, "%d", (int)((of = c) - file->codes));
    if (of && !bf_str_eq(of->qualname, rows_attr(&code->attrs, "parent_qualpath"))) bf_buf_puts(out, "not parent_qualpath");
    if (of && !bf_str_eq(of->name, rows_attr(&code->attrs, "parent_co_name"))) bf_buf_puts(out, "not parent_co_name");
    rows_str(out, code->qualname);
    rows_str(out, code->name);
    rows_str(out, code->co_qualname);
    rows_str(out, code->co_filename);
    const int32_t numbers[] = {code->firstlineno, code->argcount, code->posonlyargcount, code->kwonlyargcount,
                               code->nlocals,     code->flags,    code->stacksize,       code->code_len};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) rows_int(out, numbers[i], false);
    rows_end(out);
    rows_names(out, "V", code->varnames, code->n_varnames);
    rows_names(out, "F", code->freevars, code->n_freevars);
    rows_names(out, "C", code->cellvars, code->n_cellvars);
    rows_names(out, "N", code->names, code->n_names);
    for (uint32_t i = 0; i < code->n_consts; i++) {
        bf_buf_putc(out, 'K');
        rows_str(out, code->const_reprs[i]);
        rows_end(out);
    }
    bf_buf_putc(out, 'L');
    for (uint32_t i = 0; i < code->n_lines; i++) {
        bf_buf_printf(out, "\t%d:", code->lines[i].offset);
        if (code->lines[i].line1 != BF_NONE_INT) bf_buf_printf(out, "%d", code->lines[i].line1);
    }
    rows_end(out);
    for (uint32_t i = 0; i < code->n_excs; i++) {
        const bf_exc_fact *e = &code->excs[i];
        bf_buf_printf(out, "X\t%d\t%d\t%d\t%d\t%d\n", e->start, e->end, e->target, e->depth, e->lasti);
    }
}

/** Appends the whole file. The first line of a fixture, which names the interpreter, is not made; an error fact is a line with "!". */
static inline void rows_put(bf_buf *out, const bf_file_facts *file) {
    static const char *const header[] = {"python_magic", "pyc_flags", "source_hash", "source_mtime", "source_size"};
    rows_state state = {0};
    bf_buf_putc(out, 'H');
    for (size_t i = 0; i < sizeof header / sizeof *header; i++) {
        bf_str value = rows_attr(&file->attrs, header[i]);
        if (value.p) rows_str(out, value);
    }
    rows_end(out);
    for (uint32_t i = 0; i < file->n_errors; i++) {
        bf_buf_putc(out, '!');
        rows_str(out, file->errors[i].error_type);
        rows_str(out, rows_attr(&file->errors[i].attrs, "error_stage"));
        rows_str(out, rows_attr(&file->errors[i].attrs, "offset"));
        rows_str(out, file->errors[i].message);
        rows_end(out);
    }
    for (uint32_t i = 0; i < file->n_codes; i++) {
        rows_unit(out, file, &file->codes[i]);
        rows_instrs(out, &state, &file->codes[i]);
    }
}

#endif
