#include "pyc/marshal.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/load.h"
#include "base/utf8.h"

enum {
    FLAG_REF = 0x80,
    MAX_DECIMAL_WORK = 1 << 29, /* sum of the squares of the digits of all ints of a file: a fifth of a second */
};

typedef struct reader {
    const uint8_t *data;
    size_t at, size;
    size_t items_left; /* items that containers may still claim: never more than there are bytes */
    int64_t depth, objects_left;
    bf_budget *budget;
    bf_object **refs;
    uint32_t n_refs, refs_capacity;
    const bf_cpython *version;
    bf_arena *arena;
    bf_buf scratch;
    uint64_t decimal_work;
    bf_error *err;
} reader;

static bf_object none = {.type = BF_OBJ_NONE, .is_complete = true};
static bf_object stop_iteration = {.type = BF_OBJ_STOP_ITERATION, .is_complete = true};
static bf_object ellipsis = {.type = BF_OBJ_ELLIPSIS, .is_complete = true};
static bf_object false_object = {.type = BF_OBJ_FALSE, .is_complete = true};
static bf_object true_object = {.type = BF_OBJ_TRUE, .is_complete = true};

static bf_status read_object(reader *r, bf_object **out);

static bf_status no_memory(reader *r) {
    return bf_fail(r->err, BF_NO_MEMORY, (int64_t)r->at, "out of memory");
}

static bf_status need(reader *r, size_t n, const char *what) {
    size_t left = r->size - r->at;
    if (n <= left) return BF_OK;
    return bf_fail(r->err, BF_TRUNCATED, (int64_t)r->at, "%s of %zu bytes, %zu bytes left", what, n, left);
}

static bf_status read_u8(reader *r, const char *what, uint32_t *out) {
    BF_TRY(need(r, 1, what));
    *out = r->data[r->at++];
    return BF_OK;
}

static bf_status read_u32(reader *r, const char *what, uint32_t *out) {
    BF_TRY(need(r, 4, what));
    *out = bf_load_u32(r->data + r->at);
    r->at += 4;
    return BF_OK;
}

static bf_object *new_object(reader *r, bf_object_type type) {
    bf_object *o = bf_arena_alloc(r->arena, sizeof *o);
    if (o) {
        memset(o, 0, sizeof *o);
        o->type = (uint8_t)type;
    }
    return o;
}

/* Takes the next number of the reference table: before its contents are read, as CPython does for every container. */
static bf_status add_ref(reader *r, bf_object *o) {
    if (r->n_refs == r->refs_capacity) {
        uint32_t capacity = r->refs_capacity ? r->refs_capacity * 2 : 256;
        bf_object **refs = realloc(r->refs, capacity * sizeof *refs);
        if (!refs) return no_memory(r);
        r->refs = refs;
        r->refs_capacity = capacity;
    }
    r->refs[r->n_refs++] = o;
    return BF_OK;
}

/* ---- numbers ---- */

/* Digits of 15 bits to digits of 10**9, the simple way. */
void bf_decimal_put(bf_buf *out, const uint8_t *digits, uint32_t n) {
    size_t capacity = (size_t)n * 15 / 29 + 2, n_limbs = 0; /* 10**9 is more than 29 bits */
    uint32_t *limbs = malloc(capacity * sizeof *limbs);
    if (!limbs) {
        out->failed = true;
        return;
    }
    for (uint32_t i = n; i > 0;) { /* two digits at once, one where their number is odd */
        int shift = i % 2 ? 15 : 30;
        uint64_t carry = bf_load_u16(digits + 2 * --i);
        if (shift == 30) carry = carry << 15 | bf_load_u16(digits + 2 * --i);
        for (size_t j = 0; j < n_limbs; j++) {
            carry += (uint64_t)limbs[j] << shift;
            limbs[j] = (uint32_t)(carry % 1000000000);
            carry /= 1000000000;
        }
        for (; carry; carry /= 1000000000) limbs[n_limbs++] = (uint32_t)(carry % 1000000000);
    }
    bf_buf_printf(out, "%u", n_limbs ? limbs[n_limbs - 1] : 0);
    for (size_t i = n_limbs ? n_limbs - 1 : 0; i-- > 0;) bf_buf_printf(out, "%09u", limbs[i]);
    free(limbs);
}

/* The text is made once, here: a reference to an int is five bytes long and may stand in a file a million times. */
static bf_status set_decimal(reader *r, bf_object *o) {
    uint64_t work = (uint64_t)o->n * o->n;
    if (o->n > BF_MAX_DECIMAL_DIGITS || work > MAX_DECIMAL_WORK - r->decimal_work) return BF_OK;
    r->decimal_work += work;
    r->scratch.n = 0;
    bf_decimal_put(&r->scratch, o->u.digits, o->n);
    bf_buf_putc(&r->scratch, 0);
    if (r->scratch.failed) return no_memory(r);
    o->u.decimal = bf_arena_str(r->arena, r->scratch.p, r->scratch.n).p;
    return o->u.decimal ? BF_OK : no_memory(r);
}

static bf_status read_long(reader *r, bf_object *o) {
    size_t start = r->at;
    uint32_t count;
    BF_TRY(read_u32(r, "int", &count));
    bool negative = (int32_t)count < 0;
    uint32_t n = negative ? 0u - count : count;
    if (n > INT32_MAX) return bf_fail(r->err, BF_CORRUPT, (int64_t)start, "int of %u digits", n);
    BF_TRY(need(r, (size_t)n * 2, "int digits"));
    const uint8_t *digits = r->data + r->at;
    for (uint32_t i = 0; i < n; i++)
        if (bf_load_u16(digits + 2 * i) > 0x7fff)
            return bf_fail(r->err, BF_CORRUPT, (int64_t)(r->at + 2 * i), "int digit 0x%x, a digit has 15 bits", bf_load_u16(digits + 2 * i));
    if (n && !bf_load_u16(digits + 2 * (n - 1)))
        return bf_fail(r->err, BF_CORRUPT, (int64_t)(r->at + 2 * (n - 1)), "int whose highest digit is 0");
    r->at += (size_t)n * 2;
    uint64_t magnitude = 0;
    bool fits = n < 5 || (n == 5 && bf_load_u16(digits + 8) < 8); /* 63 bits */
    if (fits) {
        for (uint32_t i = n; i-- > 0;) magnitude = magnitude << 15 | bf_load_u16(digits + 2 * i);
        o->type = BF_OBJ_INT;
        o->u.i = negative ? -(int64_t)magnitude : (int64_t)magnitude;
        return BF_OK;
    }
    /* -2**63 is the one 64-bit integer of more than 63 bits */
    if (negative && n == 5 && bf_load_u16(digits + 8) == 8) {
        bool lower = false;
        for (uint32_t i = 0; i < 4; i++) lower |= bf_load_u16(digits + 2 * i) != 0;
        if (!lower) {
            o->type = BF_OBJ_INT;
            o->u.i = INT64_MIN;
            return BF_OK;
        }
    }
    o->n = n;
    o->negative = negative;
    o->u.digits = digits;
    return set_decimal(r, o);
}

static bf_status read_double(reader *r, double *out) {
    BF_TRY(need(r, 8, "float"));
    uint64_t bits = bf_load_u64(r->data + r->at);
    memcpy(out, &bits, 8);
    r->at += 8;
    return BF_OK;
}

/* What CPython takes: no blanks, no hexadecimal, a point in every locale. strtod would differ in each, so it gets digits only. */
static bool parse_double(const char *text, double *out) {
    char plain[280];
    bool negative = *text == '-';
    size_t n = 0;
    long shift = 0; /* digits after the point */
    if (*text == '-' || *text == '+') text++;
    if (!strcasecmp(text, "inf") || !strcasecmp(text, "infinity") || !strcasecmp(text, "nan")) {
        *out = strtod(text, NULL) * (negative ? -1 : 1);
        return true;
    }
    for (bool point = false; (*text >= '0' && *text <= '9') || (*text == '.' && !point); text++) {
        if (*text == '.') {
            point = true;
            continue;
        }
        plain[n++] = *text;
        shift += point;
    }
    if (!n) return false;
    long exponent = 0;
    if (*text == 'e' || *text == 'E') {
        char *end;
        text += text[1] == '-' || text[1] == '+' ? 2 : 1;
        if (*text < '0' || *text > '9') return false;
        exponent = strtol(text, &end, 10);
        if (exponent > 100000) exponent = 100000;
        if (text[-1] == '-') exponent = -exponent;
        text = end;
    }
    if (*text) return false;
    snprintf(plain + n, sizeof plain - n, "e%ld", exponent - shift);
    *out = strtod(plain, NULL) * (negative ? -1 : 1);
    return true;
}

static bf_status read_text_double(reader *r, double *out) {
    uint32_t n;
    char text[256];
    size_t start = r->at;
    BF_TRY(read_u8(r, "float", &n));
    BF_TRY(need(r, n, "float text"));
    memcpy(text, r->data + r->at, n);
    text[n] = 0;
    r->at += n;
    if (!parse_double(text, out)) return bf_fail(r->err, BF_CORRUPT, (int64_t)start, "float text that is no number");
    return BF_OK;
}

/* ---- texts ---- */

static bool is_ascii(const uint8_t *p, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        if (bf_load_u64(p + i) & 0x8080808080808080u) return false;
    for (; i < n; i++)
        if (p[i] & 0x80) return false;
    return true;
}

static bf_status read_utf8(reader *r, bf_object *o, uint32_t n) {
    BF_TRY(need(r, n, "str"));
    const uint8_t *p = r->data + r->at;
    if (!is_ascii(p, n))
        for (size_t i = 0; i < n;) {
            int length = bf_utf8_sequence(p + i, n - i, &o->has_surrogates); /* CPython writes surrogates with surrogatepass */
            if (!length) return bf_fail(r->err, BF_CORRUPT, (int64_t)(r->at + i), "str with byte 0x%02x that is not UTF-8", p[i]);
            i += (size_t)length;
        }
    o->u.p = (const char *)p;
    o->n = n;
    r->at += n;
    return BF_OK;
}

/* An "ASCII" str: CPython takes a high byte as Latin-1. */
static bf_status read_ascii(reader *r, bf_object *o, uint32_t n) {
    BF_TRY(need(r, n, "str"));
    const uint8_t *p = r->data + r->at;
    r->at += n;
    o->u.p = (const char *)p;
    o->n = n;
    if (is_ascii(p, n)) return BF_OK;
    if (n > UINT32_MAX / 2) return no_memory(r);
    char *text = bf_arena_alloc(r->arena, 2 * (size_t)n), *to = text;
    if (!text) return no_memory(r);
    for (uint32_t i = 0; i < n; i++) {
        if (p[i] >= 0x80) {
            *to++ = (char)(0xc0 | p[i] >> 6);
            *to++ = (char)(0x80 | (p[i] & 0x3f));
        } else {
            *to++ = (char)p[i];
        }
    }
    o->u.p = text;
    o->n = (uint32_t)(to - text);
    return BF_OK;
}

static bf_status read_bytes(reader *r, bf_object *o) {
    uint32_t n;
    BF_TRY(read_u32(r, "bytes", &n));
    BF_TRY(need(r, n, "bytes"));
    o->u.p = (const char *)r->data + r->at;
    o->n = n;
    r->at += n;
    return BF_OK;
}

/* ---- containers ---- */

static bf_status claim_items(reader *r, uint32_t n, const char *what) {
    size_t left = r->size - r->at;
    if (n <= left && n <= r->items_left) {
        r->items_left -= n;
        return BF_OK;
    }
    return bf_fail(r->err, n > left ? BF_TRUNCATED : BF_CORRUPT, (int64_t)r->at, "%s of %u items, %zu bytes left", what, n,
                   n > left ? left : r->items_left);
}

static bf_status read_items(reader *r, bf_object *o, uint32_t n, const char *what) {
    BF_TRY(claim_items(r, n, what));
    o->u.items = bf_arena_alloc(r->arena, (size_t)n * sizeof *o->u.items);
    if (!o->u.items) return no_memory(r);
    while (o->n < n) {
        bf_object *item = NULL;
        bf_status st = read_object(r, &item);
        if (item) o->u.items[o->n++] = item; /* also what is there of one that failed */
        if (st != BF_OK) return st;
        if (!item) return bf_fail(r->err, BF_CORRUPT, (int64_t)r->at - 1, "NULL object in a %s", what);
    }
    return BF_OK;
}

static bf_status read_pairs(reader *r, bf_object *o) {
    uint32_t capacity = 0;
    for (;;) {
        bf_object *pair[2] = {NULL, NULL};
        BF_TRY(read_object(r, &pair[0]));
        if (!pair[0]) return BF_OK;
        BF_TRY(read_object(r, &pair[1]));
        if (!pair[1] && r->version->has_old_types) continue; /* as CPython: 2.7 passes over a key without a value */
        if (!pair[1]) return BF_OK;                          /* and from 3 on it ends the dict */
        if (o->n == capacity) {
            capacity = capacity ? capacity * 2 : 8;
            bf_object **items = bf_arena_alloc(r->arena, (size_t)capacity * 2 * sizeof *items);
            if (!items) return no_memory(r);
            if (o->n) memcpy(items, o->u.items, (size_t)o->n * 2 * sizeof *items);
            o->u.items = items;
        }
        memcpy(o->u.items + 2 * (size_t)o->n++, pair, sizeof pair);
    }
}

/* ---- code objects ---- */

/* What names are. */
static uint8_t text_type(const bf_cpython *version) {
    return version->has_old_types ? BF_OBJ_BYTES : BF_OBJ_STR;
}

enum field_kind { INT_FIELD, OBJECT_FIELD };

typedef struct code_field {
    const char *name;
    uint8_t kind;
    uint8_t type; /* of the object; bf_object_type */
    uint16_t at;  /* offset in bf_raw_code */
    uint8_t since_minor; /* of 3.x */
} code_field;

#define INT_SINCE(field, since_minor) {#field, INT_FIELD, 0, offsetof(bf_raw_code, field), since_minor}
#define INT(field) INT_SINCE(field, 0)
#define OBJECT(field, type) {#field, OBJECT_FIELD, type, offsetof(bf_raw_code, field), 0}

static const code_field fields_before_311[] = {
    INT(argcount), INT_SINCE(posonlyargcount, 8), INT_SINCE(kwonlyargcount, 1), INT(nlocals), INT(stacksize), INT(flags),
    OBJECT(code, BF_OBJ_BYTES), OBJECT(consts, BF_OBJ_TUPLE), OBJECT(names, BF_OBJ_TUPLE), OBJECT(varnames, BF_OBJ_TUPLE),
    OBJECT(freevars, BF_OBJ_TUPLE), OBJECT(cellvars, BF_OBJ_TUPLE), OBJECT(filename, BF_OBJ_STR), OBJECT(name, BF_OBJ_STR),
    INT(firstlineno), OBJECT(linetable, BF_OBJ_BYTES),
};

static const code_field fields_from_311[] = {
    INT(argcount), INT(posonlyargcount), INT(kwonlyargcount), INT(stacksize), INT(flags),
    OBJECT(code, BF_OBJ_BYTES), OBJECT(consts, BF_OBJ_TUPLE), OBJECT(names, BF_OBJ_TUPLE), OBJECT(localsplusnames, BF_OBJ_TUPLE),
    OBJECT(localspluskinds, BF_OBJ_BYTES), OBJECT(filename, BF_OBJ_STR), OBJECT(name, BF_OBJ_STR), OBJECT(qualname, BF_OBJ_STR),
    INT(firstlineno), OBJECT(linetable, BF_OBJ_BYTES), OBJECT(exceptiontable, BF_OBJ_BYTES),
};

#undef INT_SINCE
#undef INT
#undef OBJECT

static const char *const type_names[] = {"None", "StopIteration", "Ellipsis", "False", "True", "int", "int", "float", "complex", "bytes",
                                         "str", "tuple", "list", "set", "frozenset", "dict", "frozendict", "slice", "code"};

static bf_status read_code(reader *r, bf_object *o) {
    bf_raw_code *code = bf_arena_zalloc(r->arena, 1, sizeof *code);
    if (!code) return no_memory(r);
    code->offset = (int64_t)r->at - 1;
    o->u.code = code;
    bool plus = r->version->has_localsplus;
    const code_field *fields = plus ? fields_from_311 : fields_before_311;
    size_t n = plus ? sizeof fields_from_311 / sizeof *fields : sizeof fields_before_311 / sizeof *fields;
    for (size_t i = 0; i < n; i++) {
        if (fields[i].since_minor > r->version->minor) continue;
        char *slot = (char *)code + fields[i].at;
        size_t start = r->at;
        uint8_t type = fields[i].type == BF_OBJ_STR ? text_type(r->version) : fields[i].type;
        if (fields[i].kind == INT_FIELD) {
            uint32_t value;
            BF_TRY(read_u32(r, fields[i].name, &value));
            memcpy(slot, &value, sizeof value);
            continue;
        }
        bf_object *value = NULL;
        bf_status st = read_object(r, &value);
        bool fits = value && value->type == type;
        if (fits) memcpy(slot, &value, sizeof value);
        if (st != BF_OK) return st;
        if (!fits)
            return bf_fail(r->err, BF_CORRUPT, (int64_t)start, "co_%s is a %s, not a %s", fields[i].name,
                           value ? type_names[value->type] : "NULL", type_names[type]);
    }
    return BF_OK;
}

/* ---- objects ---- */

static bf_status read_ref(reader *r, bf_object **out) {
    size_t start = r->at - 1;
    uint32_t index;
    BF_TRY(read_u32(r, "reference", &index));
    if (index >= r->n_refs)
        return bf_fail(r->err, BF_CORRUPT, (int64_t)start, "reference %u, the table has %u objects", index, r->n_refs);
    if (!r->refs[index]->is_complete)
        return bf_fail(r->err, BF_CORRUPT, (int64_t)start, "reference %u to an object that is still being read", index);
    *out = r->refs[index];
    return BF_OK;
}

static bf_status read_contents(reader *r, uint8_t tag, bf_object *o) {
    uint32_t n;
    switch (tag) {
    case 'i':
        BF_TRY(read_u32(r, "int", &n));
        o->u.i = (int32_t)n;
        return BF_OK;
    case 'I':
        BF_TRY(need(r, 8, "int"));
        o->u.i = (int64_t)bf_load_u64(r->data + r->at);
        r->at += 8;
        return BF_OK;
    case 'l': return read_long(r, o);
    case 'g': return read_double(r, &o->u.f);
    case 'f': return read_text_double(r, &o->u.f);
    case 'y':
        BF_TRY(read_double(r, &o->u.c.re));
        return read_double(r, &o->u.c.im);
    case 'x':
        BF_TRY(read_text_double(r, &o->u.c.re));
        return read_text_double(r, &o->u.c.im);
    case 's': return read_bytes(r, o);
    case 't':
        if (o->type == BF_OBJ_BYTES) return read_bytes(r, o);
        /* fall through */
    case 'u':
        BF_TRY(read_u32(r, "str", &n));
        return read_utf8(r, o, n);
    case 'a':
    case 'A':
        BF_TRY(read_u32(r, "str", &n));
        return read_ascii(r, o, n);
    case 'z':
    case 'Z':
        BF_TRY(read_u8(r, "str", &n));
        return read_ascii(r, o, n);
    case ')':
        BF_TRY(read_u8(r, "tuple", &n));
        return read_items(r, o, n, "tuple");
    case '(':
    case '[':
    case '<':
    case '>':
        BF_TRY(read_u32(r, type_names[o->type], &n));
        return read_items(r, o, n, type_names[o->type]);
    case ':': return read_items(r, o, 3, "slice");
    case '{':
    case '}': return read_pairs(r, o);
    default: return read_code(r, o);
    }
}

/* One row a type code: what it makes, whether it holds objects (then its reference number comes first), since which 3.x. */
static const struct {
    uint8_t known, type, is_container, since_minor;
} tags[128] = {
    ['i'] = {1, BF_OBJ_INT, 0, 0},       ['I'] = {1, BF_OBJ_INT, 0, 0},        ['l'] = {1, BF_OBJ_LONG, 0, 0},
    ['g'] = {1, BF_OBJ_FLOAT, 0, 0},     ['f'] = {1, BF_OBJ_FLOAT, 0, 0},      ['y'] = {1, BF_OBJ_COMPLEX, 0, 0},
    ['x'] = {1, BF_OBJ_COMPLEX, 0, 0},   ['s'] = {1, BF_OBJ_BYTES, 0, 0},      ['u'] = {1, BF_OBJ_STR, 0, 0},
    ['t'] = {1, BF_OBJ_STR, 0, 0},       ['a'] = {1, BF_OBJ_STR, 0, 4},        ['A'] = {1, BF_OBJ_STR, 0, 4},
    ['z'] = {1, BF_OBJ_STR, 0, 4},       ['Z'] = {1, BF_OBJ_STR, 0, 4},        [')'] = {1, BF_OBJ_TUPLE, 1, 4},
    ['('] = {1, BF_OBJ_TUPLE, 1, 0},     ['['] = {1, BF_OBJ_LIST, 1, 0},       ['<'] = {1, BF_OBJ_SET, 1, 0},
    ['>'] = {1, BF_OBJ_FROZENSET, 1, 0}, ['{'] = {1, BF_OBJ_DICT, 1, 0},       ['}'] = {1, BF_OBJ_FROZENDICT, 1, 15},
    [':'] = {1, BF_OBJ_SLICE, 1, 14},    ['c'] = {1, BF_OBJ_CODE, 1, 0},
};

static bf_status unknown_code(reader *r, size_t start, uint32_t byte) {
    return bf_fail(r->err, BF_UNSUPPORTED, (int64_t)start, "type code 0x%02x is none of marshal's in CPython %s", byte, r->version->name);
}

/* *out stays NULL for the NULL object that ends a dict. A bit says that an object takes a number; in 2.7 it is interned strings that do. */
static bf_status read_object(reader *r, bf_object **out) {
    uint32_t byte;
    BF_TRY(read_u8(r, "object", &byte));
    size_t start = r->at - 1;
    uint8_t tag = byte & ~FLAG_REF;
    bool is_old = r->version->has_old_types, flag = byte & FLAG_REF;
    bf_object *o;
    if (is_old && flag) return unknown_code(r, start, byte);
    if (r->depth >= r->budget->used[BF_BUDGET_depth]) {
        if (r->depth >= r->budget->most[BF_BUDGET_depth]) return bf_budget_exceeded(r->err, r->budget, BF_BUDGET_depth, (int64_t)start);
        r->budget->used[BF_BUDGET_depth] = r->depth + 1;
    }
    if (--r->objects_left < 0) return bf_budget_exceeded(r->err, r->budget, BF_BUDGET_objects, (int64_t)start);
    switch (tag) {
    case '0': return BF_OK;
    case 'N': *out = &none; return BF_OK;
    case 'F': *out = &false_object; return BF_OK;
    case 'T': *out = &true_object; return BF_OK;
    case 'S': *out = &stop_iteration; return BF_OK;
    case '.': *out = &ellipsis; return BF_OK;
    default: break;
    }
    if (tag == (is_old ? 'R' : 'r')) return read_ref(r, out);
    if (!tags[tag].known || tags[tag].since_minor > r->version->minor) return unknown_code(r, start, tag);
    bool is_old_str = is_old && tag == 't';
    if (!(o = new_object(r, is_old_str ? BF_OBJ_BYTES : tags[tag].type))) return no_memory(r);
    o->is_long = is_old && tag == 'l';
    if (tags[tag].is_container) *out = o;
    if (flag || is_old_str) BF_TRY(add_ref(r, o));
    r->depth++;
    bf_status st = read_contents(r, tag, o);
    r->depth--;
    if (st != BF_OK) return st;
    o->is_complete = true;
    *out = o;
    return BF_OK;
}

bf_status bf_marshal_read(bf_object **out, const uint8_t *data, size_t size, size_t offset, const bf_cpython *version,
                          bf_budget *budget, bf_arena *arena, size_t *end, bf_error *err) {
    bf_budget defaults;
    if (!budget) bf_budget_init(budget = &defaults, NULL);
    reader r = {.data = data, .at = offset, .size = size, .items_left = size - offset, .version = version, .budget = budget, .arena = arena, .err = err};
    r.objects_left = budget->most[BF_BUDGET_objects];
    *out = NULL;
    bf_status st = read_object(&r, out);
    if (st == BF_OK && !*out) st = bf_fail(err, BF_CORRUPT, (int64_t)offset, "the file holds a NULL object");
    *end = r.at;
    budget->used[BF_BUDGET_objects] = budget->most[BF_BUDGET_objects] - r.objects_left;
    bf_buf_free(&r.scratch);
    free(r.refs);
    return st;
}
