/* What dis.dis prints of a file: three layouts, each a few CPython releases long. */
#include <stdlib.h>

#include "base/buf.h"
#include "decode/facts.h"
#include "pyc/file.h"
#include "version/version.h"

enum { OPNAME_WIDTH = 20, OPARG_WIDTH = 5 };

#define NO_LINE "  --"

typedef struct page {
    bf_buf *out;
    const bf_code_facts *code;
    const bf_cpython *version;
    const bf_dis_options *options;
    int line_width, label_width, offset_width; /* 0: no such column */
    uint32_t next_start;                       /* of code->lines */
    int32_t *labels;                           /* by code unit; 0: none */
} page;

static int n_digits(int64_t n) {
    int digits = n < 0 ? 2 : 1;
    while (n /= 10) digits++;
    return digits;
}

/* Fields are joined by blanks, and blanks at the end of a line are cut; not in 2.7. */
static void end_line(page *p, size_t start) {
    bf_buf *out = p->out;
    while (p->version->dis_form != BF_DIS_PRINT && out->n > start && out->p[out->n - 1] == ' ') out->n--;
    bf_buf_putc(out, '\n');
}

/* ---- columns ---- */

static int line_column_width(const page *p) {
    int32_t max = -1;
    bool none = false;
    for (uint32_t i = 0; i < p->code->n_lines; i++) {
        int32_t line = p->code->lines[i].line1;
        none |= line == BF_NONE_INT;
        if (line == 0 && p->version->label_repr) continue; /* an empty module's only line is passed over, as "no line" is */
        if (line > max) max = line;
    }
    if (p->version->dis_form <= BF_DIS_NARROW) return 3;
    if (!p->version->label_repr) return p->code->n_lines == 0 ? 0 : max >= 1000 ? n_digits(max) : 3;
    if (max == -1) return 0;
    int width = n_digits(max) > 3 ? n_digits(max) : 3;
    return width < 4 && none ? 4 : width;
}

static int part_width(int32_t part) {
    return part == BF_NONE_INT ? 1 : n_digits(part);
}

static int position_column_width(const page *p) {
    int width = 0;
    bool any = false;
    for (uint32_t i = 0; i < p->code->n_instrs; i++) {
        const bf_position *at = &p->code->instrs[i].position;
        int parts = part_width(at->line) + part_width(at->end_line) + part_width(at->col) + part_width(at->end_col);
        any |= at->line != BF_NONE_INT || at->end_line != BF_NONE_INT || at->col != BF_NONE_INT || at->end_col != BF_NONE_INT;
        if (parts > width) width = parts;
    }
    return any ? 1 + (width + 3 > 4 ? width + 3 : 4) : 0;
}

static void put_position_part(bf_buf *out, int32_t part, const char *after) {
    if (part == BF_NONE_INT)
        bf_buf_puts(out, "?");
    else
        bf_buf_printf(out, "%d", part);
    bf_buf_puts(out, after);
}

static void put_position(page *p, const bf_position *at) {
    size_t start = p->out->n;
    if (at->line == BF_NONE_INT && at->end_line == BF_NONE_INT && at->col == BF_NONE_INT && at->end_col == BF_NONE_INT) {
        bf_buf_puts(p->out, NO_LINE);
    } else {
        put_position_part(p->out, at->line, ":");
        put_position_part(p->out, at->col, "-");
        put_position_part(p->out, at->end_line, ":");
        put_position_part(p->out, at->end_col, "");
    }
    while (p->out->n < start + (size_t)p->line_width) bf_buf_putc(p->out, ' ');
}

/* Whether the instruction at `offset` starts a line, and which. */
static bool take_line_start(page *p, int32_t offset, int32_t *line) {
    bool found = false;
    for (; p->next_start < p->code->n_lines && p->code->lines[p->next_start].offset <= offset; p->next_start++) {
        found = p->code->lines[p->next_start].offset == offset;
        *line = p->code->lines[p->next_start].line1;
    }
    return found;
}

static void put_line_column(page *p, bool starts, int32_t line, const bf_position *position) {
    if (!p->line_width) return;
    if (p->options->show_positions && p->version->has_localsplus)
        put_position(p, position);
    else if (!starts)
        bf_buf_printf(p->out, "%*s", p->line_width, "");
    else if (line == BF_NONE_INT)
        bf_buf_printf(p->out, "%*s", p->line_width, NO_LINE);
    else
        bf_buf_printf(p->out, "%*d", p->line_width, line);
    bf_buf_putc(p->out, ' ');
}

/* ---- rows ---- */

/* One row in either layout; an argrepr of .p NULL is not shown. `>>` marks jump targets until 3.12, labels name them from 3.13. */
static void put_row(page *p, int32_t offset, bool marked, int32_t label, bf_str opname, bool has_arg, const char *arg, bf_str argrepr,
                    size_t start) {
    bf_buf *out = p->out;
    int excess = 0;
    if (p->version->label_repr) {
        char text[16] = "";
        if (label) snprintf(text, sizeof text, "L%d:", label);
        bf_buf_printf(out, "%*s     ", p->label_width, text);
        excess = opname.n > OPNAME_WIDTH ? (int)opname.n - OPNAME_WIDTH : 0;
    } else {
        bf_buf_printf(out, "    %s %*d ", marked ? ">>" : "  ", p->offset_width, offset);
    }
    bf_buf_put_str(out, opname);
    for (uint32_t i = opname.n; i < OPNAME_WIDTH; i++) bf_buf_putc(out, ' ');
    if (has_arg) {
        int width = OPARG_WIDTH - excess;
        bf_buf_printf(out, " %*s", width > 0 ? width : 0, arg);
        if (argrepr.p) {
            bf_buf_puts(out, " (");
            bf_buf_put_str(out, argrepr);
            bf_buf_putc(out, ')');
        }
    }
    end_line(p, start);
}

static void put_caches(page *p, const bf_instr *i) {
    int32_t offset = i->offset;
    for (uint8_t k = 0; k < i->n_caches; k++) {
        const bf_cache_fact *cache = &i->caches[k];
        for (int32_t unit = 0; unit < cache->size; unit++) {
            offset += 2;
            char text[96] = "";
            bool quiet = p->version->id == 311 && i->opcode == i->baseopcode; /* 3.11 shows no values of caches at rest */
            if (unit == 0 && !quiet && cache->size <= 4) {
                uint64_t value = 0;
                for (int32_t b = 2 * cache->size; b-- > 0;) value = value << 8 | cache->data[b];
                snprintf(text, sizeof text, "%.*s: %llu", (int)cache->name.n, cache->name.p, (unsigned long long)value);
            }
            size_t start = p->out->n;
            put_line_column(p, false, 0, &i->position);
            put_row(p, offset, false, 0, BF_STR("CACHE"), true, "0", bf_str_of(*text ? text : NULL), start);
        }
    }
}

static bf_str shown_argrepr(page *p, const bf_instr *i, char *text, size_t size) {
    if (i->argval_kind != BF_ARGVAL_JUMP || !p->version->label_repr || i->jump_target < 0 || i->jump_target > p->code->code_len ||
        i->jump_target & 1)
        return i->argrepr;
    bool from = i->argrepr.n > 4 && !memcmp(i->argrepr.p, "from", 4);
    snprintf(text, size, "%s L%d", from ? "from" : "to", p->labels[i->jump_target / 2]);
    return bf_str_of(text);
}

static void put_instr(page *p, const bf_instr *i) {
    int32_t line = BF_NONE_INT;
    bool starts = take_line_start(p, i->offset, &line);
    if (p->line_width && starts && i->offset > 0) bf_buf_putc(p->out, '\n');
    size_t start = p->out->n;
    put_line_column(p, starts, line, &i->position);
    char text[32], arg[16];
    int32_t label = p->labels[i->offset / p->version->code_unit];
    bool is_long = p->version->has_old_types && i->start_offset != i->offset; /* as in its argrepr */
    snprintf(arg, sizeof arg, is_long ? "%dL" : "%d", i->arg);
    bf_str argrepr = shown_argrepr(p, i, text, sizeof text);
    bool is_looked_up = i->argval_kind != BF_ARGVAL_NONE && i->argval_kind != BF_ARGVAL_JUMP;
    bool is_shown_empty = is_looked_up && p->version->dis_form == BF_DIS_PRINT; /* the name in `from . import x` */
    if (!argrepr.n && !is_shown_empty) argrepr.p = NULL;
    put_row(p, i->offset, label != 0, label, i->op->name, i->has_arg, arg, argrepr, start);
    if (p->options->show_caches) put_caches(p, i);
}

static void put_exceptions(page *p) {
    if (p->code->n_excs) bf_buf_puts(p->out, "ExceptionTable:\n");
    for (uint32_t k = 0; k < p->code->n_excs; k++) {
        const bf_exc_fact *e = &p->code->excs[k];
        const int32_t ends[] = {e->start, e->end, e->target};
        const char *const after[] = {" to ", " -> ", ""};
        bf_buf_puts(p->out, "  ");
        for (int j = 0; j < 3; j++) {
            bool inside = ends[j] >= 0 && ends[j] <= p->code->code_len && !(ends[j] & 1);
            if (p->version->label_repr && inside)
                bf_buf_printf(p->out, "L%d", p->labels[ends[j] / 2]);
            else
                bf_buf_printf(p->out, "%d", j == 1 && !p->version->label_repr ? ends[j] - 2 : ends[j]);
            bf_buf_puts(p->out, after[j]);
        }
        bf_buf_printf(p->out, " [%d]%s\n", e->depth, e->lasti ? " lasti" : "");
    }
}

/* The target of a jump as 2.7 marks it: by the argument without what an EXTENDED_ARG adds. */
static int32_t marked_target(const page *p, const bf_instr *i) {
    if (p->version->dis_form != BF_DIS_PRINT || i->start_offset == i->offset) return i->jump_target;
    return (int32_t)((uint32_t)i->jump_target - ((uint32_t)i->arg & 0xffff0000));
}

/* dis.dis numbers what exception ranges touch too; until 3.12 it marks their handlers. Gives the number of labels. */
static int32_t number_labels(page *p) {
    const bf_code_facts *code = p->code;
    int32_t n = 0, size = code->code_len, unit = p->version->code_unit;
#define MARK(at)                                                                          \
    do {                                                                                  \
        if ((at) >= 0 && (at) <= size && (at) % unit == 0) p->labels[(at) / unit] = 1; \
    } while (0)
    for (uint32_t k = 0; k < code->n_instrs; k++)
        if (code->instrs[k].argval_kind == BF_ARGVAL_JUMP) MARK(marked_target(p, &code->instrs[k]));
    for (uint32_t k = 0; k < code->n_excs; k++) {
        if (code->excs[k].start < code->excs[k].end || p->version->label_repr) MARK(code->excs[k].target);
        if (!p->version->label_repr) continue;
        MARK(code->excs[k].start);
        MARK(code->excs[k].end);
    }
#undef MARK
    for (int32_t k = 0; k <= size / unit; k++)
        if (p->labels[k]) p->labels[k] = ++n;
    return n;
}

static bf_status put_code(bf_buf *out, const bf_code_facts *code, const bf_cpython *version, const bf_dis_options *options, bf_error *err) {
    page p = {.out = out, .code = code, .version = version, .options = options};
    p.labels = calloc((size_t)(code->code_len / version->code_unit) + 1, sizeof *p.labels);
    if (!p.labels) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    int32_t n_labels = number_labels(&p);
    bool positions = options->show_positions && version->has_localsplus;
    p.line_width = positions ? position_column_width(&p) : line_column_width(&p);
    p.label_width = 4 + n_digits(n_labels);
    p.offset_width = version->dis_form > BF_DIS_NARROW && code->code_len - 2 >= 10000 ? n_digits(code->code_len - 2) : 4;
    for (uint32_t k = 0; k < code->n_instrs; k++) put_instr(&p, &code->instrs[k]);
    put_exceptions(&p);
    free(p.labels);
    return BF_OK;
}

static bf_status put_text(bf_buf *out, const bf_file_facts *file, const bf_cpython *version, const bf_dis_options *options, bf_error *err) {
    for (uint32_t k = 0; k < file->n_codes; k++) {
        const bf_code_facts *code = &file->codes[k];
        if (k)
            bf_buf_printf(out, "\nDisassembly of <code object %.*s, file \"%.*s\", line %d>:\n", (int)code->name.n, code->name.p,
                          (int)code->co_filename.n, code->co_filename.p ? code->co_filename.p : "", code->firstlineno);
        BF_TRY(put_code(out, code, version, options, err));
    }
    return BF_OK;
}

/* ---- JSON ---- */

static void put_json_str(bf_buf *out, bf_str s) {
    if (!s.p) {
        bf_buf_puts(out, "null");
        return;
    }
    bf_buf_putc(out, '"');
    for (uint32_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if (c == '"' || c == '\\') {
            bf_buf_putc(out, '\\');
            bf_buf_putc(out, (char)c);
        } else if (c < 0x20) {
            bf_buf_printf(out, "\\u%04x", c);
        } else {
            bf_buf_putc(out, (char)c);
        }
    }
    bf_buf_putc(out, '"');
}

static void put_json_int(bf_buf *out, const char *key, int64_t value, bool is_null) {
    if (is_null)
        bf_buf_printf(out, ",\"%s\":null", key);
    else
        bf_buf_printf(out, ",\"%s\":%lld", key, (long long)value);
}

static void put_json_instr(bf_buf *out, const bf_instr *i, const bf_dis_options *options) {
    bf_buf_printf(out, "{\"offset\":%d,\"opname\":", i->offset);
    put_json_str(out, i->op->name);
    bf_buf_printf(out, ",\"opcode\":%u", i->opcode);
    put_json_int(out, "arg", i->arg, !i->has_arg);
    bf_buf_puts(out, ",\"argval\":");
    if (i->argval_str.p)
        put_json_str(out, i->argval_str);
    else if (i->has_argval_int)
        bf_buf_printf(out, "%lld", (long long)i->argval_int);
    else
        bf_buf_puts(out, "null");
    bf_buf_puts(out, ",\"argrepr\":");
    put_json_str(out, i->argrepr);
    put_json_int(out, "line_number", i->line_number, i->line_number == BF_NONE_INT);
    put_json_int(out, "starts_line", i->starts_line, i->starts_line == BF_NONE_INT);
    put_json_int(out, "label", i->label, i->label == BF_NONE_INT);
    put_json_int(out, "jump_target", i->jump_target, i->jump_target == BF_NONE_INT);
    if (options->show_positions) {
        put_json_int(out, "end_line", i->position.end_line, i->position.end_line == BF_NONE_INT);
        put_json_int(out, "col", i->position.col, i->position.col == BF_NONE_INT);
        put_json_int(out, "end_col", i->position.end_col, i->position.end_col == BF_NONE_INT);
    }
    if (options->show_caches) {
        bf_buf_puts(out, ",\"cache_info\":[");
        for (uint8_t k = 0; k < i->n_caches; k++) {
            bf_buf_puts(out, k ? ",{\"name\":" : "{\"name\":");
            put_json_str(out, i->caches[k].name);
            bf_buf_printf(out, ",\"size\":%d,\"data_hex\":\"%.*s\"}", i->caches[k].size, (int)i->caches[k].data_hex.n, i->caches[k].data_hex.p);
        }
        bf_buf_putc(out, ']');
    }
    bf_buf_putc(out, '}');
}

static void put_json(bf_buf *out, const bf_file_facts *file, const bf_cpython *version, const bf_dis_options *options) {
    bf_buf_puts(out, "{\"path\":");
    put_json_str(out, file->path);
    bf_buf_printf(out, ",\"python_version\":\"%s\",\"code_objects\":[", version->name);
    for (uint32_t k = 0; k < file->n_codes; k++) {
        const bf_code_facts *code = &file->codes[k];
        bf_buf_puts(out, k ? ",\n{\"qualname\":" : "\n{\"qualname\":");
        put_json_str(out, code->qualname);
        bf_buf_puts(out, ",\"name\":");
        put_json_str(out, code->name);
        bf_buf_puts(out, ",\"filename\":");
        put_json_str(out, code->co_filename);
        bf_buf_printf(out, ",\"firstlineno\":%d,\"instructions\":[", code->firstlineno);
        for (uint32_t i = 0; i < code->n_instrs; i++) {
            bf_buf_puts(out, i ? ",\n" : "\n");
            put_json_instr(out, &code->instrs[i], options);
        }
        bf_buf_puts(out, "],\"exception_table\":[");
        for (uint32_t i = 0; i < code->n_excs; i++)
            bf_buf_printf(out, "%s{\"start\":%d,\"end\":%d,\"target\":%d,\"depth\":%d,\"lasti\":%s}", i ? "," : "", code->excs[i].start,
                          code->excs[i].end, code->excs[i].target, code->excs[i].depth, code->excs[i].lasti ? "true" : "false");
        bf_buf_puts(out, "]}");
    }
    bf_buf_puts(out, "]}\n");
}

/* ---- the file ---- */

static bf_str attr(const bf_attrs *attrs, const char *key) {
    for (uint32_t i = 0; i < attrs->n; i++)
        if (bf_str_eq(attrs->items[i].key, bf_str_of(key))) return attrs->items[i].value;
    return (bf_str){NULL, 0};
}

/* The first error of the file is the call's; what was decoded is printed all the same. */
static bf_status first_error(const bf_file_facts *file, bf_error *err) {
    static const struct {
        const char *type;
        bf_status status;
    } types[] = {{"truncated", BF_TRUNCATED}, {"unsupported", BF_UNSUPPORTED}, {"limit", BF_LIMIT}};
    if (!file->n_errors) return BF_OK;
    const bf_error_fact *first = &file->errors[0];
    bf_status st = BF_CORRUPT;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (bf_str_eq(first->error_type, bf_str_of(types[i].type))) st = types[i].status;
    bf_str offset = attr(&first->attrs, "offset");
    char number[24] = "-1";
    if (offset.p) snprintf(number, sizeof number, "%.*s", (int)offset.n, offset.p);
    bf_fail(err, st, strtoll(number, NULL, 10), "%.*s%s", (int)first->message.n, first->message.p,
            file->n_errors > 1 ? " (the first of several)" : "");
    return st;
}

bf_status bf_dis_file(const char *path, const bf_dis_options *options, FILE *out, bf_error *err) {
    static const bf_dis_options defaults;
    uint8_t *data;
    size_t size;
    bf_arena arena = {0};
    bf_buf text = {0};
    bf_file_facts file;
    bf_error_clear(err);
    if (!options) options = &defaults;
    if (options->assume_version && !bf_cpython_by_name(options->assume_version))
        return bf_fail(err, BF_INVALID_ARGUMENT, -1, "no CPython version %s is known; one is written like 3.12", options->assume_version);
    BF_TRY(bf_limits_check(&options->limits, err));
    BF_TRY(bf_pyc_file_read(path, &options->limits, &data, &size, err));
    bf_decode_options decode = {.path = bf_str_of(path), .assume_version = options->assume_version, .limits = &options->limits, .no_flow = true};
    bf_status st = bf_decode_pyc(data, size, &decode, &arena, &file, err);
    if (st != BF_OK) goto done;
    bf_str name = attr(&file.attrs, "python_version");
    char version_name[16] = "";
    if (name.p) snprintf(version_name, sizeof version_name, "%.*s", (int)name.n, name.p);
    const bf_cpython *version = bf_cpython_by_name(version_name);
    if (version && options->json)
        put_json(&text, &file, version, options);
    else if (version)
        st = put_text(&text, &file, version, options, err);
    if (st != BF_OK) goto done;
    if (text.failed) {
        st = bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
        goto done;
    }
    if (fwrite(text.p ? text.p : "", 1, text.n, out) != text.n || fflush(out)) {
        st = bf_fail(err, BF_IO, -1, "cannot write the disassembly");
        goto done;
    }
    st = first_error(&file, err);
done:
    bf_buf_free(&text);
    bf_arena_free(&arena);
    free(data);
    return st;
}
