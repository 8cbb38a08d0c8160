#include "decode/repr.h"

#include <math.h>

#include "base/number.h"
#include "code/code.h"

typedef struct printer {
    bf_buf *out;
    size_t end; /* of `out`, at most */
    bf_budget *budget;
    const bf_cpython *version;
    bf_error *err;
} printer;

static bf_status print(printer *p, const bf_object *o);

/* ---- numbers ---- */

static bool is_negative(double x) {
    return signbit(x) && !isnan(x);
}

static void put_complex(bf_buf *out, double re, double im) {
    bool real_part = re != 0 || signbit(re);
    if (real_part) {
        bf_buf_puts(out, is_negative(re) ? "(-" : "(");
        bf_put_magnitude(out, re, BF_FLOAT64, false);
        bf_buf_putc(out, is_negative(im) ? '-' : '+');
    } else if (is_negative(im)) {
        bf_buf_putc(out, '-');
    }
    bf_put_magnitude(out, im, BF_FLOAT64, false);
    bf_buf_puts(out, real_part ? "j)" : "j");
}

static void put_int(bf_buf *out, const bf_object *o) {
    bf_put_i64(out, o->u.i);
    if (o->is_long) bf_buf_putc(out, 'L');
}

static bf_status put_long(printer *p, const bf_object *o) {
    if (!o->u.decimal)
        return bf_fail(p->err, BF_LIMIT, -1, "int left out: more than %d bits, or one of many in the file that are almost as long", BF_REPR_MAX_INT_DIGITS * 15);
    if (o->negative) bf_buf_putc(p->out, '-');
    bf_buf_puts(p->out, o->u.decimal);
    if (o->is_long) bf_buf_putc(p->out, 'L');
    return BF_OK;
}

/* ---- texts ---- */

static char pick_quote(const char *p, uint32_t n) {
    return memchr(p, '\'', n) && !memchr(p, '"', n) ? '"' : '\'';
}

/* The letter after a backslash, or 0. */
static char simple_escape(uint32_t c, char quote) {
    switch (c) {
    case '\t': return 't';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\\': return '\\';
    default: return c == (uint8_t)quote ? quote : 0;
    }
}

static void put_escape(bf_buf *out, uint32_t c) {
    static const char hex[] = "0123456789abcdef";
    int n = c <= 0xff ? 2 : c <= 0xffff ? 4 : 8;
    bf_buf_putc(out, '\\');
    bf_buf_putc(out, n == 2 ? 'x' : n == 4 ? 'u' : 'U');
    for (int shift = 4 * (n - 1); shift >= 0; shift -= 4) bf_buf_putc(out, hex[c >> shift & 15]);
}

/* Whether n bytes more are too many for the constant at hand. */
static bool is_full(const printer *p, size_t n) {
    return p->out->n > p->end || n > p->end - p->out->n;
}

static bf_status full(printer *p) {
    return bf_budget_share_exceeded(p->err, p->budget, -1);
}

static bf_status put_bytes(printer *p, const char *bytes, uint32_t n) {
    bf_buf *out = p->out;
    char quote = pick_quote(bytes, n);
    bf_buf_putc(out, quote);
    for (uint32_t i = 0; i < n; i++) {
        uint8_t c = (uint8_t)bytes[i];
        if (is_full(p, n - i)) return full(p);
        char letter = simple_escape(c, quote);
        if (letter) {
            bf_buf_putc(out, '\\');
            bf_buf_putc(out, letter);
        } else if (c >= 0x20 && c < 0x7f) {
            bf_buf_putc(out, (char)c);
        } else {
            put_escape(out, c);
        }
    }
    bf_buf_putc(out, quote);
    return BF_OK;
}

static uint32_t decode_utf8(const uint8_t *p, uint32_t *length) {
    uint8_t c = p[0];
    *length = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    uint32_t value = *length == 1 ? c : c & (0xffu >> (*length + 1));
    for (uint32_t i = 1; i < *length; i++) value = value << 6 | (p[i] & 0x3f);
    return value;
}

static bf_status put_str(printer *p, const char *text, uint32_t n) {
    char quote = pick_quote(text, n);
    bf_buf_putc(p->out, quote);
    for (uint32_t i = 0; i < n;) {
        uint32_t run = i;
        if (is_full(p, n - i)) return full(p);
        while (run < n && (uint8_t)text[run] >= 0x20 && (uint8_t)text[run] < 0x7f && text[run] != '\\' && text[run] != quote) run++;
        bf_buf_put(p->out, text + i, run - i);
        i = run;
        if (i == n) break;
        uint32_t length, c = decode_utf8((const uint8_t *)text + i, &length);
        char letter = simple_escape(c, quote);
        if (letter) {
            bf_buf_putc(p->out, '\\');
            bf_buf_putc(p->out, letter);
        } else if (c < 0x80 || !bf_is_printable(c, p->version)) {
            put_escape(p->out, c);
        } else {
            bf_buf_put(p->out, text + i, length);
        }
        i += length;
    }
    bf_buf_putc(p->out, quote);
    return BF_OK;
}

/* ---- containers ---- */

static bf_status print_items(printer *p, const bf_object *o, const char *open, const char *close) {
    bf_buf_puts(p->out, open);
    for (uint32_t i = 0; i < o->n; i++) {
        if (i) bf_buf_puts(p->out, ", ");
        BF_TRY(print(p, o->u.items[i]));
    }
    bf_buf_puts(p->out, close);
    return BF_OK;
}

static bf_status print_pairs(printer *p, const bf_object *o, const char *open, const char *close) {
    bf_buf_puts(p->out, open);
    for (uint32_t i = 0; i < 2 * o->n; i++) {
        if (i) bf_buf_puts(p->out, i % 2 ? ": " : ", ");
        BF_TRY(print(p, o->u.items[i]));
    }
    bf_buf_puts(p->out, close);
    return BF_OK;
}

static void put_text(bf_buf *out, const bf_object *o) {
    if (!o || !o->is_complete) {
        bf_buf_puts(out, "?");
        return;
    }
    bf_arena scratch = {0};
    bf_str text = bf_object_text(o, &scratch);
    if (!text.p) out->failed = true;
    bf_buf_put_str(out, text);
    bf_arena_free(&scratch);
}

static void put_code(bf_buf *out, const bf_raw_code *code) {
    bf_buf_puts(out, "<code object ");
    put_text(out, code->name);
    bf_buf_puts(out, ", file \"");
    put_text(out, code->filename);
    bf_buf_puts(out, "\", line ");
    bf_put_i64(out, code->firstlineno);
    bf_buf_putc(out, '>');
}

static bf_status print(printer *p, const bf_object *o) {
    if (is_full(p, 0)) return full(p);
    bool is_old = p->version->has_old_types;
    switch ((bf_object_type)o->type) {
    case BF_OBJ_NONE: bf_buf_puts(p->out, "None"); break;
    case BF_OBJ_STOP_ITERATION: bf_buf_puts(p->out, is_old ? "<type 'exceptions.StopIteration'>" : "<class 'StopIteration'>"); break;
    case BF_OBJ_ELLIPSIS: bf_buf_puts(p->out, "Ellipsis"); break;
    case BF_OBJ_FALSE: bf_buf_puts(p->out, "False"); break;
    case BF_OBJ_TRUE: bf_buf_puts(p->out, "True"); break;
    case BF_OBJ_INT: put_int(p->out, o); break;
    case BF_OBJ_LONG: return put_long(p, o);
    case BF_OBJ_FLOAT: bf_put_float(p->out, o->u.f, BF_FLOAT64); break;
    case BF_OBJ_COMPLEX: put_complex(p->out, o->u.c.re, o->u.c.im); break;
    case BF_OBJ_BYTES:
        if (!is_old) bf_buf_putc(p->out, 'b');
        return put_bytes(p, o->u.p, o->n);
    case BF_OBJ_STR:
        if (is_old) bf_buf_putc(p->out, 'u');
        return put_str(p, o->u.p, o->n);
    case BF_OBJ_TUPLE: return print_items(p, o, "(", o->n == 1 ? ",)" : ")");
    case BF_OBJ_LIST: return print_items(p, o, "[", "]");
    case BF_OBJ_SET:
        if (is_old) return print_items(p, o, "set([", "])");
        return o->n ? print_items(p, o, "{", "}") : print_items(p, o, "set(", ")");
    case BF_OBJ_FROZENSET:
        if (is_old) return print_items(p, o, "frozenset([", "])");
        return o->n ? print_items(p, o, "frozenset({", "})") : print_items(p, o, "frozenset(", ")");
    case BF_OBJ_DICT: return print_pairs(p, o, "{", "}");
    case BF_OBJ_FROZENDICT: return o->n ? print_pairs(p, o, "frozendict({", "})") : print_pairs(p, o, "frozendict(", ")");
    case BF_OBJ_SLICE: return print_items(p, o, "slice(", ")");
    case BF_OBJ_CODE: put_code(p->out, o->u.code); break;
    }
    return BF_OK;
}

bf_status bf_repr(bf_buf *out, const bf_object *object, const bf_cpython *version, bf_budget *budget, bf_error *err) {
    bf_budget defaults;
    if (!budget) bf_budget_init(&defaults, NULL);
    if (!budget) budget = &defaults;
    printer p = {out, out->n + (size_t)budget->most[BF_BUDGET_text] / BF_TEXT_SHARES, budget, version, err};
    bf_status st = print(&p, object);
    return st != BF_OK ? st : out->failed ? bf_fail(err, BF_NO_MEMORY, -1, "out of memory") : BF_OK;
}
