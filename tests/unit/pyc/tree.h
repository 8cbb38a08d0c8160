/* A tree of objects as the text that gen_cases.py writes of the same Python object (see `tree` there). */
#ifndef BF_TEST_TREE_H
#define BF_TEST_TREE_H

#include <math.h>

#include "bytes.h"
#include "pyc/marshal.h"

static inline void put_hex(bf_buf *out, const char *p, size_t n) {
    for (size_t i = 0; i < n; i++) bf_buf_printf(out, "%02x", (uint8_t)p[i]);
}

static inline void put_bits(bf_buf *out, double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (isnan(x))
        bf_buf_puts(out, "nan");
    else
        bf_buf_printf(out, "%016llx", (unsigned long long)bits);
}

/* Digits of 15 bits as one hexadecimal number. */
static inline void put_digits(bf_buf *out, const uint8_t *digits, uint32_t n) {
    bool any = false;
    for (int64_t nibble = ((int64_t)n * 15 + 3) / 4; nibble-- > 0;) {
        unsigned value = 0;
        for (int b = 3; b >= 0; b--) {
            int64_t bit = 4 * nibble + b;
            unsigned digit = bit / 15 < n ? digits[2 * (bit / 15)] | (unsigned)digits[2 * (bit / 15) + 1] << 8 : 0;
            value = value << 1 | (digit >> bit % 15 & 1);
        }
        any |= value != 0;
        if (any) bf_buf_putc(out, "0123456789abcdef"[value]);
    }
}

static inline void describe(bf_buf *out, const bf_object *o) {
    static const char *const ends[] = {[BF_OBJ_TUPLE] = "()", [BF_OBJ_LIST] = "[]", [BF_OBJ_SET] = "<>", [BF_OBJ_FROZENSET] = "<>",
                                       [BF_OBJ_DICT] = "{}", [BF_OBJ_FROZENDICT] = "{}", [BF_OBJ_SLICE] = "()"};
    uint32_t n = o->n;
    switch ((bf_object_type)o->type) {
    case BF_OBJ_NONE: bf_buf_putc(out, 'N'); return;
    case BF_OBJ_STOP_ITERATION: bf_buf_putc(out, 'S'); return;
    case BF_OBJ_ELLIPSIS: bf_buf_putc(out, 'E'); return;
    case BF_OBJ_FALSE: bf_buf_putc(out, 'F'); return;
    case BF_OBJ_TRUE: bf_buf_putc(out, 'T'); return;
    case BF_OBJ_INT: bf_buf_printf(out, "i%lld", (long long)o->u.i); return;
    case BF_OBJ_LONG:
        bf_buf_puts(out, o->negative ? "L-" : "L");
        put_digits(out, o->u.digits, o->n);
        return;
    case BF_OBJ_FLOAT:
        bf_buf_putc(out, 'f');
        put_bits(out, o->u.f);
        return;
    case BF_OBJ_COMPLEX:
        bf_buf_putc(out, 'c');
        put_bits(out, o->u.c.re);
        bf_buf_putc(out, ',');
        put_bits(out, o->u.c.im);
        return;
    case BF_OBJ_BYTES:
    case BF_OBJ_STR:
        bf_buf_putc(out, o->type == BF_OBJ_STR ? 's' : 'b');
        put_hex(out, o->u.p, o->n);
        return;
    case BF_OBJ_CODE:
        bf_buf_putc(out, 'C');
        describe(out, o->u.code->name);
        describe(out, o->u.code->consts);
        return;
    case BF_OBJ_DICT:
    case BF_OBJ_FROZENDICT: n = 2 * o->n; break;
    default: break;
    }
    if (o->type == BF_OBJ_FROZENSET || o->type == BF_OBJ_FROZENDICT) bf_buf_putc(out, '#');
    if (o->type == BF_OBJ_SLICE) bf_buf_putc(out, ':');
    bf_buf_putc(out, ends[o->type][0]);
    for (uint32_t i = 0; i < n; i++) {
        if (i) bf_buf_putc(out, ' ');
        describe(out, o->u.items[i]);
    }
    bf_buf_putc(out, ends[o->type][1]);
}

#endif
