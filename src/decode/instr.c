#include "decode/instr.h"

#include <stdio.h>

#include "base/load.h"

typedef struct decoder {
    const bf_instr_input *in;
    const bf_code *code;
    const bf_cpython *version;
    const bf_op_info *ops;
    bf_arena *arena;
    bf_str *const_texts; /* made on demand: what is no UTF-8 has to be written out, once */
    bool failed; /* an allocation did */
    bf_instrs *out;
    bf_instr blank; /* what each begins as: a copy is faster than clearing, which compilers do by a slow instruction */
} decoder;

static int64_t file_offset(const decoder *d, int32_t offset) {
    return d->code->bytecode_offset < 0 ? -1 : d->code->bytecode_offset + offset;
}

#define ANOMALY(d, offset, ...) (d)->in->on_anomaly((d)->in->context, file_offset(d, offset), __VA_ARGS__)

/* ---- texts ---- */

static bf_str concat3(decoder *d, bf_str a, bf_str b, bf_str c) {
    size_t n = (size_t)a.n + b.n + c.n;
    char *p = bf_arena_alloc(d->arena, n ? n : 1);
    if (!p) {
        d->failed = true;
        return BF_STR("");
    }
    memcpy(p, a.p, a.n);
    memcpy(p + a.n, b.p, b.n);
    memcpy(p + a.n + b.n, c.p, c.n);
    return (bf_str){p, (uint32_t)n};
}

static bf_str put_number(decoder *d, bf_str prefix, int64_t number) {
    char digits[24], *at = digits + sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (number < 0) *--at = '-';
    return concat3(d, prefix, (bf_str){at, (uint32_t)(digits + sizeof digits - at)}, BF_STR(""));
}

/* ---- first pass: where instructions are and what their argument is ---- */

/* Without caches: opcode and argument have one byte each; in 2.7 the argument has two, or it is not there. */
static uint32_t size_of(const decoder *d, const bf_op_info *base) {
    return d->version->code_unit == 2 ? 2 : base->arg == BF_ARG_NONE ? 1 : 3;
}

static void walk(decoder *d) {
    const uint8_t *bytes = d->code->bytecode;
    uint32_t odd = d->code->n_bytecode % (uint32_t)d->version->code_unit, n_bytes = d->code->n_bytecode - odd, extended = 0;
    int32_t prefix_bytes = 0;
    if (odd) ANOMALY(d, (int32_t)n_bytes, "code of %u bytes, an instruction has two", d->code->n_bytecode);
    for (uint32_t at = 0; at < n_bytes;) {
        uint8_t number = bytes[at];
        const bf_op_info *op = &d->ops[number], *base = &d->ops[op->base];
        if (op->kind != BF_OP_PLAIN) {
            static const char *const kinds[] = {"unknown", "", "specialized", "instrumented"};
            ANOMALY(d, (int32_t)at, "%s opcode %u (%.*s) in a file, decoded as %.*s", kinds[op->kind], number, (int)op->name.n, op->name.p,
                    (int)base->name.n, base->name.p);
        }
        uint32_t size = size_of(d, base);
        if (size > n_bytes - at) {
            ANOMALY(d, (int32_t)at, "the code ends inside %.*s", (int)base->name.n, base->name.p);
            break;
        }
        bool is_prefix = base->name.n == 12 && !memcmp(base->name.p, "EXTENDED_ARG", 12);
        bf_instr *i = &d->out->items[d->out->n++];
        *i = d->blank;
        i->offset = (int32_t)at;
        i->start_offset = (int32_t)at - (is_prefix ? 0 : prefix_bytes);
        i->opcode = number;
        i->baseopcode = op->base;
        i->op = op;
        i->base = base;
        i->has_arg = base->arg != BF_ARG_NONE;
        uint32_t low = size == 3 ? bf_load_u16(bytes + at + 1) : size == 2 ? bytes[at + 1] : 0;
        uint32_t argument = i->has_arg ? low | extended : 0;
        i->arg = (int32_t)argument;
        extended = is_prefix ? argument << 8 * (size - 1) : 0;
        prefix_bytes = is_prefix ? prefix_bytes + (int32_t)size : 0;
        at += size + 2u * base->caches->n_units;
        if (at > n_bytes) {
            ANOMALY(d, i->offset, "inline caches of %.*s run past the end of the code", (int)base->name.n, base->name.p);
            at = n_bytes;
        }
        i->end_offset = (int32_t)at;
    }
    if (prefix_bytes) ANOMALY(d, (int32_t)n_bytes, "code ends after EXTENDED_ARG");
}

/* Caches in files are zero. */
static bf_str hex_of(decoder *d, const uint8_t *data, uint32_t n) {
    static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
    bool is_zero = 2 * n < sizeof zeros;
    for (uint32_t b = 0; b < n && is_zero; b++) is_zero = data[b] == 0;
    if (is_zero) return (bf_str){zeros, 2 * n};
    char *hex = bf_arena_alloc(d->arena, 2 * (size_t)n), *to = hex;
    if (!hex) {
        d->failed = true;
        return BF_STR("");
    }
    for (uint32_t b = 0; b < n; b++) {
        *to++ = "0123456789abcdef"[data[b] >> 4];
        *to++ = "0123456789abcdef"[data[b] & 15];
    }
    return (bf_str){hex, 2 * n};
}

static void read_caches(decoder *d, bf_instr *i) {
    const bf_cache_layout *layout = d->ops[i->baseopcode].caches;
    bf_cache_fact *facts = bf_arena_alloc(d->arena, layout->n_fields * sizeof *facts);
    if (!facts) {
        d->failed = true;
        return;
    }
    i->caches = facts;
    int32_t at = i->offset + 2;
    bool dirty = false;
    for (uint8_t k = 0; k < layout->n_fields; k++) {
        int32_t size = layout->fields[k].size;
        if (at + 2 * size > i->end_offset) break; /* the code ends inside */
        const uint8_t *data = d->code->bytecode + at;
        facts[i->n_caches++] = (bf_cache_fact){layout->fields[k].name, size, data, hex_of(d, data, 2 * (uint32_t)size)};
        for (int32_t b = 0; b < 2 * size; b++) dirty |= d->code->bytecode[at + b] != 0;
        at += 2 * size;
    }
    if (dirty) ANOMALY(d, i->offset + 2, "inline cache of %.*s is not zero", (int)i->base->name.n, i->base->name.p);
}

/* ---- jumps and labels ---- */

static bool is_jump(bf_arg_kind kind) {
    return kind >= BF_ARG_JUMP_ABS && kind <= BF_ARG_JUMP_FROM;
}

static int32_t jump_target(const decoder *d, const bf_instr *i, bf_arg_kind kind) {
    int64_t distance = (int64_t)i->arg * d->version->jump_unit;
    const bf_op_info *base = &d->ops[i->baseopcode];
    int64_t next = i->offset + (int64_t)size_of(d, base) + 2 * (int64_t)base->caches->n_units;
    int64_t target = kind == BF_ARG_JUMP_ABS ? distance : kind == BF_ARG_JUMP_REL ? next + distance : next - distance;
    return target > INT32_MAX || target <= INT32_MIN ? BF_NONE_INT : (int32_t)target;
}

static bool is_unit(const decoder *d, int32_t offset) {
    return offset >= 0 && offset % d->version->code_unit == 0 && offset <= (int32_t)d->code->n_bytecode;
}

/* Labels count the targets in the order of their offsets, from 1. */
static void number_labels(decoder *d) {
    int32_t unit = d->version->code_unit;
    uint32_t n_units = d->code->n_bytecode / (uint32_t)unit + 1;
    int32_t *labels = bf_arena_zalloc(d->arena, n_units, sizeof *labels);
    if (!labels) {
        d->failed = true;
        return;
    }
    for (uint32_t k = 0; k < d->out->n; k++) {
        bf_instr *i = &d->out->items[k];
        bf_arg_kind kind = d->ops[i->baseopcode].arg;
        if (!is_jump(kind)) continue;
        i->jump_target = jump_target(d, i, kind);
        if (is_unit(d, i->jump_target)) labels[i->jump_target / unit] = 1;
        if (!is_unit(d, i->jump_target) || i->jump_target == (int32_t)d->code->n_bytecode)
            ANOMALY(d, i->offset, "%.*s to %d, the code has %u bytes", (int)i->base->name.n, i->base->name.p, i->jump_target,
                    d->code->n_bytecode);
    }
    for (uint32_t k = 0; k < n_units; k++)
        if (labels[k]) labels[k] = (int32_t)++d->out->n_labels;
    d->out->labels = labels;
}

/* ---- arguments ---- */

static bf_str name_at(decoder *d, bf_instr *i, const bf_names *names, uint32_t index, const char *what) {
    if (index < names->n) return names->items[index];
    if (!d->code->is_partial)
        ANOMALY(d, i->offset, "%.*s argument %u, %s has %u", (int)i->base->name.n, i->base->name.p, index, what, names->n);
    return (bf_str){NULL, 0};
}

static void set_name(decoder *d, bf_instr *i, const bf_names *names, uint32_t index, const char *what, bf_argval_kind kind) {
    i->argval_kind = (uint8_t)kind;
    i->argval_str = name_at(d, i, names, index, what);
    if (i->argval_str.p) i->argrepr = i->argval_str;
}

/* A name and what a low bit of the argument adds: before the name until 3.12, after it from 3.13. */
static void decorate(decoder *d, bf_instr *i, bf_str what) {
    if (!i->argval_str.p || !i->argval_str.n) return;
    i->argrepr = d->version->label_repr ? concat3(d, i->argval_str, BF_STR(" + "), what) : concat3(d, what, BF_STR(" + "), i->argval_str);
}

static bf_str const_text(decoder *d, const bf_object *o, uint32_t index) {
    if (!d->const_texts) d->const_texts = bf_arena_zalloc(d->arena, d->code->n_consts, sizeof *d->const_texts);
    if (d->const_texts && !d->const_texts[index].p) d->const_texts[index] = bf_object_text(o, d->arena);
    if (d->const_texts && d->const_texts[index].p) return d->const_texts[index];
    d->failed = true;
    return BF_STR("");
}

static void set_const(decoder *d, bf_instr *i) {
    uint32_t index = (uint32_t)i->arg;
    i->argval_kind = BF_ARGVAL_CONST;
    if (index >= d->code->n_consts || index >= d->in->n_const_reprs) {
        if (!d->code->is_partial)
            ANOMALY(d, i->offset, "%.*s argument %u, co_consts has %u", (int)i->base->name.n, i->base->name.p, index, d->code->n_consts);
        return;
    }
    const bf_object *o = d->code->consts[index];
    i->argrepr = d->in->const_reprs[index];
    i->has_argval_int = o->type == BF_OBJ_INT || o->type == BF_OBJ_TRUE || o->type == BF_OBJ_FALSE;
    if (i->has_argval_int) i->argval_int = o->type == BF_OBJ_INT ? o->u.i : o->type == BF_OBJ_TRUE;
    if (o->type == BF_OBJ_STR || (o->type == BF_OBJ_BYTES && d->version->has_old_types)) {
        i->argval_str = const_text(d, o, index);
    } else if (o->type != BF_OBJ_NONE) {
        i->argval_str = i->argrepr;
    }
}

/* A constant that the interpreter holds: 3.14's are classes and functions, 3.15 adds None, '', True, False and -1. */
static void set_common(decoder *d, bf_instr *i, bf_str text) {
    static const struct {
        bf_str text, argval_str;
        int16_t number; /* 2: no integer */
    } rows[] = {
        {BF_STR_INIT("None"), {NULL, 0}, 2},
        {BF_STR_INIT("''"), BF_STR_INIT(""), 2},
        {BF_STR_INIT("True"), BF_STR_INIT("True"), 1},
        {BF_STR_INIT("False"), BF_STR_INIT("False"), 0},
        {BF_STR_INIT("-1"), BF_STR_INIT("-1"), -1},
    };
    i->argval_kind = BF_ARGVAL_CONST;
    i->argrepr = text;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        if (!bf_str_eq(rows[k].text, text)) continue;
        i->has_argval_int = rows[k].number != 2;
        i->argval_int = rows[k].number;
        i->argval_str = rows[k].argval_str;
        return;
    }
    /* the repr of a class is not its name, which is what dis shows */
    i->argval_str = text.n == 0 || text.p[0] == '<' ? text : concat3(d, BF_STR("<class '"), text, BF_STR("'>"));
}

static void set_flags(decoder *d, bf_instr *i, bf_arg_kind kind) {
    bf_str joined = BF_STR("");
    for (uint32_t bit = 0; bit < 8; bit++) {
        bf_str text = bf_op_text(d->version, kind, bit);
        if (!(i->arg >> bit & 1) || !text.p) continue;
        joined = joined.n ? concat3(d, joined, BF_STR(", "), text) : text;
    }
    i->argrepr = joined;
}

static bf_str text_at(decoder *d, const bf_instr *i, bf_arg_kind kind, uint32_t index) {
    bf_str text = bf_op_text(d->version, kind, index);
    if (text.p) return text;
    ANOMALY(d, i->offset, "%.*s argument %d means nothing in CPython %s", (int)i->base->name.n, i->base->name.p, i->arg, d->version->name);
    return BF_STR("");
}

static void set_jump(decoder *d, bf_instr *i, bf_arg_kind kind) {
    i->argval_kind = BF_ARGVAL_JUMP;
    i->has_argval_int = i->jump_target != BF_NONE_INT;
    i->argval_int = i->jump_target;
    if (kind == BF_ARG_JUMP_ABS && !d->version->absolute_jump_repr) return;
    if (!i->has_argval_int) return;
    int32_t label = is_unit(d, i->jump_target) ? d->out->labels[i->jump_target / d->version->code_unit] : 0;
    if (d->version->label_repr && label)
        i->argrepr = put_number(d, kind == BF_ARG_JUMP_FROM ? BF_STR("from L") : BF_STR("to L"), label);
    else
        i->argrepr = put_number(d, BF_STR("to "), i->jump_target);
    bool is_long = d->version->has_old_types && i->start_offset != i->offset; /* what EXTENDED_ARG adds to is a long from then on */
    if (is_long) i->argrepr = concat3(d, i->argrepr, BF_STR("L"), BF_STR(""));
}

static void resolve(decoder *d, bf_instr *i, bf_arg_kind kind) {
    const bf_code *c = d->code;
    uint32_t arg = (uint32_t)i->arg;
    switch (kind) {
    case BF_ARG_NONE: return;
    case BF_ARG_CONST: set_const(d, i); return;
    case BF_ARG_CONST_UNSHOWN:
        set_const(d, i);
        i->argrepr = BF_STR("");
        return;
    case BF_ARG_NAME: set_name(d, i, &c->names, arg, "co_names", BF_ARGVAL_NAME); return;
    case BF_ARG_NAME_NULL:
        set_name(d, i, &c->names, arg >> 1, "co_names", BF_ARGVAL_NAME);
        if (arg & 1) decorate(d, i, BF_STR("NULL"));
        return;
    case BF_ARG_NAME_METHOD:
        set_name(d, i, &c->names, arg >> 1, "co_names", BF_ARGVAL_NAME);
        if (arg & 1) decorate(d, i, BF_STR("NULL|self"));
        return;
    case BF_ARG_NAME_SUPER:
        set_name(d, i, &c->names, arg >> 2, "co_names", BF_ARGVAL_NAME);
        if (arg & 1) decorate(d, i, BF_STR("NULL|self"));
        return;
    case BF_ARG_NAME_IMPORT:
        set_name(d, i, &c->names, arg >> 2, "co_names", BF_ARGVAL_NAME);
        if (arg & 3) decorate(d, i, arg & 1 ? BF_STR("lazy") : BF_STR("eager"));
        return;
    case BF_ARG_LOCAL: set_name(d, i, &c->locals, arg, "the table of locals", BF_ARGVAL_LOCAL); return;
    case BF_ARG_FREE: set_name(d, i, &c->frees, arg, "the table of free variables", BF_ARGVAL_FREE); return;
    case BF_ARG_LOCAL2: {
        bf_str first = name_at(d, i, &c->locals, arg >> 4, "the table of locals");
        bf_str second = name_at(d, i, &c->locals, arg & 15, "the table of locals");
        i->argval_kind = BF_ARGVAL_LOCAL;
        if (first.p && second.p) i->argval_str = i->argrepr = concat3(d, first, BF_STR(", "), second);
        return;
    }
    case BF_ARG_COMPARE:
        i->argval_kind = BF_ARGVAL_COMPARE;
        i->argval_str = i->argrepr = text_at(d, i, kind, arg >> d->version->compare_shift);
        if (d->version->compare_shift > 4 && arg & 16) i->argrepr = concat3(d, BF_STR("bool("), i->argrepr, BF_STR(")"));
        return;
    case BF_ARG_JUMP_ABS:
    case BF_ARG_JUMP_REL:
    case BF_ARG_JUMP_BACK:
    case BF_ARG_JUMP_FROM: set_jump(d, i, kind); return;
    case BF_ARG_SMALL_INT:
        i->argval_kind = BF_ARGVAL_CONST;
        i->argval_str = put_number(d, BF_STR(""), i->arg);
        break;
    case BF_ARG_COMMON: set_common(d, i, text_at(d, i, kind, arg)); return;
    case BF_ARG_FORMAT:
        i->argrepr = text_at(d, i, kind, arg & 3);
        if (arg & 4) i->argrepr = concat3(d, i->argrepr, i->argrepr.n ? BF_STR(", ") : BF_STR(""), BF_STR("with format"));
        break;
    case BF_ARG_FUNCTION_FLAGS:
    case BF_ARG_FUNCTION_ATTR: set_flags(d, i, kind); break;
    case BF_ARG_IS:
    case BF_ARG_CONTAINS: i->argrepr = text_at(d, i, kind, arg != 0); break;
    case BF_ARG_BINARY:
    case BF_ARG_INTRINSIC1:
    case BF_ARG_INTRINSIC2:
    case BF_ARG_CONVERT:
    case BF_ARG_SPECIAL: i->argrepr = text_at(d, i, kind, arg); break;
    case BF_ARG_RAW: break;
    }
    i->has_argval_int = true;
    i->argval_int = i->arg;
}

/* ---- lines and positions ---- */

static void place(decoder *d) {
    const bf_lines *lines = d->in->lines;
    uint32_t r = 0, s = 0;
    int32_t last_line = BF_NONE_INT;
    for (uint32_t k = 0; k < d->out->n; k++) {
        bf_instr *i = &d->out->items[k];
        while (s < lines->n_starts && lines->starts[s].offset <= i->offset) {
            last_line = lines->starts[s].line;
            if (lines->starts[s].offset == i->offset) i->starts_line = last_line;
            s++;
        }
        if (d->version->line_form <= BF_LINES_LNOTAB) {
            i->line_number = last_line;
            continue;
        }
        while (r < lines->n_ranges && lines->ranges[r].end <= i->offset) r++;
        if (r == lines->n_ranges || lines->ranges[r].start > i->offset) continue;
        const bf_line_range *range = &lines->ranges[r];
        i->line_number = range->line;
        if (d->version->line_form != BF_LINES_LOCATIONS) continue;
        i->position = (bf_position){range->line, range->end_line, range->col, range->end_col};
        i->has_span = range->line > 0 && range->end_line != BF_NO_LINE && range->col != BF_NO_LINE && range->end_col != BF_NO_LINE;
    }
}

bf_status bf_instr_decode(bf_instrs *out, const bf_instr_input *in, bf_error *err) {
    *out = (bf_instrs){0};
    decoder d = {
        .in = in, .code = in->code, .version = in->code->version, .ops = bf_opcodes(in->code->version), .arena = in->arena, .out = out};
    d.blank = (bf_instr){
        .argrepr = BF_STR(""),
        .line_number = BF_NONE_INT,
        .starts_line = BF_NONE_INT,
        .label = BF_NONE_INT,
        .jump_target = BF_NONE_INT,
        .stack_before = BF_NONE_INT,
        .stack_after = BF_NONE_INT,
        .byte_start = BF_NONE_INT,
        .byte_len = BF_NONE_INT,
        .position = {BF_NONE_INT, BF_NONE_INT, BF_NONE_INT, BF_NONE_INT},
    };
    out->items = bf_arena_alloc(d.arena, (in->code->n_bytecode / (uint32_t)d.version->code_unit + 1) * sizeof *out->items);
    if (!out->items) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    walk(&d);
    number_labels(&d);
    if (d.failed) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    place(&d);
    for (uint32_t k = 0; k < out->n && !d.failed; k++) {
        bf_instr *i = &out->items[k];
        const bf_op_info *base = &d.ops[i->baseopcode];
        if (base->caches->n_units) read_caches(&d, i);
        resolve(&d, i, base->arg);
        int32_t label = out->labels[i->offset / d.version->code_unit];
        i->is_jump_target = label != 0;
        if (label) i->label = label;
        out->text_bytes += i->argrepr.n + i->argval_str.n;
    }
    return d.failed ? bf_fail(err, BF_NO_MEMORY, -1, "out of memory") : BF_OK;
}
