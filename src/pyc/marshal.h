/* marshal: bytes -> a tree of objects. Texts and bytes are views of the input; the tree lives in the arena.
 *
 * Safe on any input: counts are checked against the bytes left before anything is allocated, and each item that a container
 * claims must have a byte of its own, so memory is linear in the input. A reference to an object that is still being read
 * is an error, so the tree has no cycles; shared objects are shared (what expands them has budgets of its own).
 * Source of the format: CPython Python/marshal.c; docs/VERSIONS.md.
 */
#ifndef BF_PYC_MARSHAL_H
#define BF_PYC_MARSHAL_H

#include <stddef.h>

#include "base/arena.h"
#include "base/budget.h"
#include "base/buf.h"
#include "base/error.h"
#include "version/version.h"

typedef enum bf_object_type {
    BF_OBJ_NONE,
    BF_OBJ_STOP_ITERATION,
    BF_OBJ_ELLIPSIS,
    BF_OBJ_FALSE,
    BF_OBJ_TRUE,
    BF_OBJ_INT,  /* u.i */
    BF_OBJ_LONG, /* beyond 64 bits: u.digits, n digits of 15 bits, `negative`; u.decimal, the text of its magnitude */
    BF_OBJ_FLOAT,
    BF_OBJ_COMPLEX,
    BF_OBJ_BYTES, /* u.p, n; what 2.7 calls str */
    BF_OBJ_STR,   /* u.p, n: UTF-8, surrogates as three bytes when has_surrogates; what 2.7 calls unicode */
    BF_OBJ_TUPLE, /* u.items, n */
    BF_OBJ_LIST,
    BF_OBJ_SET,
    BF_OBJ_FROZENSET,
    BF_OBJ_DICT, /* u.items, n pairs: key, value, key, value, ... */
    BF_OBJ_FROZENDICT,
    BF_OBJ_SLICE, /* u.items: start, stop, step */
    BF_OBJ_CODE
} bf_object_type;

enum { BF_MAX_DECIMAL_DIGITS = 8192 }; /* of 15 bits: about 37,000 decimal ones */

typedef struct bf_object bf_object;
typedef struct bf_raw_code bf_raw_code;

struct bf_object {
    uint8_t type;        /* bf_object_type */
    bool is_complete;    /* false while being read, and for ever when reading stopped inside */
    bool has_surrogates;
    bool negative;
    bool is_long; /* 2.7 tells long from int */
    uint32_t n;
    union {
        int64_t i;
        double f;
        struct {
            double re, im;
        } c;
        const char *p;
        struct {
            const uint8_t *digits;
            const char *decimal; /* ends with a NUL; NULL beyond BF_MAX_DECIMAL_DIGITS, and when the file has many that are almost as long */
        };
        bf_object **items;
        bf_raw_code *code;
    } u;
};

/** A code object as marshalled. Objects are NULL where reading stopped before them. */
struct bf_raw_code {
    int32_t argcount, posonlyargcount, kwonlyargcount, nlocals, stacksize, flags, firstlineno;
    bf_object *code, *consts, *names, *varnames, *freevars, *cellvars; /* 3.10 and before */
    bf_object *localsplusnames, *localspluskinds;                      /* 3.11 and later: in place of the last three */
    bf_object *filename, *name, *qualname, *linetable, *exceptiontable;
    int64_t offset; /* of the object in the file */
};

/** Appends n digits of 15 bits in decimal. Time goes with the square of n. */
void bf_decimal_put(bf_buf *out, const uint8_t *digits, uint32_t n);

/** Reads one object from data[offset, size), within `budget` (NULL: the defaults), and counts objects and depth there. On failure *out is what was read until then (is_complete false inside), or NULL.
 *  *end is the offset after the last byte that was read.
 *  Errors, with the byte offset: BF_TRUNCATED, BF_CORRUPT, BF_UNSUPPORTED (a type code), BF_LIMIT (objects, depth), BF_NO_MEMORY. */
bf_status bf_marshal_read(bf_object **out, const uint8_t *data, size_t size, size_t offset, const bf_cpython *version,
                          bf_budget *budget, bf_arena *arena, size_t *end, bf_error *err);

#endif
