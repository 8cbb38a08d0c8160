#include "decode/consts_json.h"

#include <math.h>

#include "base/number.h"
#include "decode/repr.h"

enum { BYTE_IN_JSON = 7 }; /* characters that a byte of a bytes object may take: \\x00 in its repr, two digits */

/* What an object adds to its type and repr. */
typedef enum extra { NOTHING, HEX, ITEMS, PAIRS, CODE_ID } extra;

/* type(x).__name__ of Python 3, in files of 2.7 too: what it calls str is bytes. */
static const struct {
    const char *name;
    extra extra;
} types[] = {
    [BF_OBJ_NONE] = {"NoneType", NOTHING},      [BF_OBJ_STOP_ITERATION] = {"type", NOTHING}, [BF_OBJ_ELLIPSIS] = {"ellipsis", NOTHING},
    [BF_OBJ_FALSE] = {"bool", NOTHING},         [BF_OBJ_TRUE] = {"bool", NOTHING},           [BF_OBJ_INT] = {"int", NOTHING},
    [BF_OBJ_LONG] = {"int", NOTHING},           [BF_OBJ_FLOAT] = {"float", NOTHING},         [BF_OBJ_COMPLEX] = {"complex", NOTHING},
    [BF_OBJ_BYTES] = {"bytes", HEX},            [BF_OBJ_STR] = {"str", NOTHING},             [BF_OBJ_TUPLE] = {"tuple", ITEMS},
    [BF_OBJ_LIST] = {"list", ITEMS},            [BF_OBJ_SET] = {"set", ITEMS},               [BF_OBJ_FROZENSET] = {"frozenset", ITEMS},
    [BF_OBJ_DICT] = {"dict", PAIRS},            [BF_OBJ_FROZENDICT] = {"frozendict", PAIRS}, [BF_OBJ_SLICE] = {"slice", ITEMS},
    [BF_OBJ_CODE] = {"code", CODE_ID},
};

typedef struct writer {
    bf_buf *out;
    size_t start, most; /* of `out` */
    bf_budget *budget;
    bf_buf repr; /* of the object at hand */
    const bf_cpython *version;
    bf_error *err;
} writer;

static bf_status put_value(writer *w, const bf_object *o, bf_str code_id);

static bf_status need(writer *w, size_t n) {
    if (w->out->n - w->start + n <= w->most) return BF_OK;
    return bf_budget_share_exceeded(w->err, w->budget, -1);
}

/* Text that is UTF-8; runs that need no escape go as they are. */
static void put_string(bf_buf *out, const char *text, size_t n) {
    bf_buf_putc(out, '"');
    for (size_t i = 0; i < n;) {
        size_t run = i;
        while (run < n && (uint8_t)text[run] >= 0x20 && text[run] != '"' && text[run] != '\\') run++;
        bf_buf_put(out, text + i, run - i);
        if ((i = run) == n) break;
        uint8_t c = (uint8_t)text[i++];
        char escape[] = {'\\', (char)c, '0', '0', "01"[c >> 4 & 1], "0123456789abcdef"[c & 15]};
        if (c < 0x20) escape[1] = 'u';
        bf_buf_put(out, escape, c < 0x20 ? 6 : 2);
    }
    bf_buf_putc(out, '"');
}

static void put_hex(bf_buf *out, const char *bytes, uint32_t n) {
    bf_buf_puts(out, ",\"len\":");
    bf_put_u64(out, n);
    bf_buf_puts(out, ",\"hex\":\"");
    for (uint32_t i = 0; i < n; i++) {
        bf_buf_putc(out, "0123456789abcdef"[(uint8_t)bytes[i] >> 4]);
        bf_buf_putc(out, "0123456789abcdef"[(uint8_t)bytes[i] & 15]);
    }
    bf_buf_putc(out, '"');
}

/* A list of items, or of [key, value]. */
static bf_status put_items(writer *w, const bf_object *o, bool in_pairs) {
    uint32_t n = in_pairs ? 2 * o->n : o->n;
    bf_buf_puts(w->out, ",\"items\":[");
    for (uint32_t i = 0; i < n; i++) {
        if (i) bf_buf_putc(w->out, ',');
        if (in_pairs && i % 2 == 0) bf_buf_putc(w->out, '[');
        BF_TRY(put_value(w, o->u.items[i], (bf_str){NULL, 0}));
        if (in_pairs && i % 2) bf_buf_putc(w->out, ']');
    }
    bf_buf_putc(w->out, ']');
    return BF_OK;
}

static void put_code_id(bf_buf *out, bf_str code_id) {
    bf_buf_puts(out, ",\"code_id\":");
    if (code_id.p)
        put_string(out, code_id.p, code_id.n);
    else
        bf_buf_puts(out, "null");
}

static void put_type(bf_buf *out, const bf_object *o) {
    bf_buf_puts(out, "{\"type\":\"");
    bf_buf_puts(out, o->is_long ? "long" : types[o->type].name);
    bf_buf_puts(out, "\",\"repr\":");
}

static bf_status put_object(writer *w, const bf_object *o, bf_str code_id) {
    if (o->type == BF_OBJ_BYTES) BF_TRY(need(w, (size_t)o->n * BYTE_IN_JSON));
    w->repr.n = 0;
    BF_TRY(bf_repr(&w->repr, o, w->version, w->budget, w->err));
    BF_TRY(need(w, w->repr.n));
    put_type(w->out, o);
    put_string(w->out, w->repr.p, w->repr.n);
    switch (types[o->type].extra) {
    case NOTHING: break;
    case HEX: put_hex(w->out, o->u.p, o->n); break;
    case ITEMS: BF_TRY(put_items(w, o, false)); break;
    case PAIRS: BF_TRY(put_items(w, o, true)); break;
    case CODE_ID: put_code_id(w->out, code_id); break;
    }
    bf_buf_putc(w->out, '}');
    return BF_OK;
}

static bf_status put_value(writer *w, const bf_object *o, bf_str code_id) {
    BF_TRY(need(w, o->type == BF_OBJ_STR ? o->n : 0));
    switch ((bf_object_type)o->type) {
    case BF_OBJ_NONE: bf_buf_puts(w->out, "null"); return BF_OK;
    case BF_OBJ_FALSE: bf_buf_puts(w->out, "false"); return BF_OK;
    case BF_OBJ_TRUE: bf_buf_puts(w->out, "true"); return BF_OK;
    case BF_OBJ_INT:
        if (o->is_long) break;
        bf_put_i64(w->out, o->u.i);
        return BF_OK;
    case BF_OBJ_FLOAT: /* whose repr has a point or an exponent, so it does not read back as an int */
        if (!isfinite(o->u.f)) break;
        bf_put_float(w->out, o->u.f, BF_FLOAT64);
        return BF_OK;
    case BF_OBJ_STR: /* JSON cannot tell two lone surrogates from the pair that they make */
        if (o->has_surrogates) break;
        put_string(w->out, o->u.p, o->n);
        return BF_OK;
    default: break;
    }
    return put_object(w, o, code_id);
}

bf_status bf_const_json(bf_buf *out, const bf_object *object, bf_str code_id, const bf_cpython *version, bf_budget *budget,
                        bf_error *err) {
    bf_budget defaults;
    if (!budget) bf_budget_init(&defaults, NULL);
    if (!budget) budget = &defaults;
    writer w = {.out = out, .start = out->n, .version = version, .budget = budget, .err = err};
    w.most = (size_t)budget->most[BF_BUDGET_text] / BF_TEXT_SHARES;
    bf_status st = put_value(&w, object, code_id);
    if (st == BF_LIMIT) bf_buf_put(out, w.repr.p, w.repr.n); /* a repr that was given up has cost as much */
    bf_buf_free(&w.repr);
    return st != BF_OK ? st : out->failed ? bf_fail(err, BF_NO_MEMORY, -1, "out of memory") : BF_OK;
}

void bf_const_json_too_large(bf_buf *out, const bf_object *object) {
    put_type(out, object);
    bf_buf_puts(out, "\"<too large>\",\"too_large\":true}");
}
