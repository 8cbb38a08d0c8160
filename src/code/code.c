#include "code/code.h"

#include "base/utf8.h"

enum { KIND_LOCAL = 0x20, KIND_CELL = 0x40, KIND_FREE = 0x80 }; /* CPython Include/internal/pycore_code.h: CO_FAST_* */

/* Length of the UTF-8 sequence at `at`; 0: there is none, or it is a surrogate. */
static uint32_t sequence_at(bf_str s, uint32_t at) {
    bool surrogate = false;
    int n = bf_utf8_sequence((const uint8_t *)s.p + at, s.n - at, &surrogate);
    return surrogate ? 0 : (uint32_t)n;
}

/* Names of 2.7: what is UTF-8 as it is, \xNN for each other byte. */
static bf_str text_of_bytes(bf_str raw, bf_arena *arena) {
    uint32_t n_escaped = 0;
    for (uint32_t i = 0, n; i < raw.n; i += n ? n : 1) n_escaped += (n = sequence_at(raw, i)) == 0;
    if (!n_escaped) return raw;
    char *text = bf_arena_alloc(arena, raw.n + 3 * (size_t)n_escaped), *to = text;
    if (!text) return (bf_str){NULL, 0};
    for (uint32_t i = 0, n; i < raw.n; i += n ? n : 1) {
        uint8_t c = (uint8_t)raw.p[i];
        n = sequence_at(raw, i);
        const char escape[] = {'\\', 'x', "0123456789abcdef"[c >> 4], "0123456789abcdef"[c & 15]};
        memcpy(to, n ? raw.p + i : escape, n ? n : sizeof escape);
        to += n ? n : sizeof escape;
    }
    return (bf_str){text, (uint32_t)(to - text)};
}

bf_str bf_object_text(const bf_object *object, bf_arena *arena) {
    bf_str raw = {object->u.p ? object->u.p : "", object->n};
    if (object->type == BF_OBJ_BYTES) return text_of_bytes(raw, arena);
    if (!object->has_surrogates) return raw;
    char *text = bf_arena_alloc(arena, 2 * (size_t)raw.n), *to = text; /* three bytes become six */
    if (!text) return (bf_str){NULL, 0};
    for (uint32_t i = 0; i < raw.n; i++) {
        uint8_t c = (uint8_t)raw.p[i];
        if (c != 0xed || (uint8_t)raw.p[i + 1] < 0xa0) {
            *to++ = (char)c;
            continue;
        }
        unsigned unit = 0xd000u | ((uint8_t)raw.p[i + 1] & 0x3fu) << 6 | ((uint8_t)raw.p[i + 2] & 0x3fu);
        *to++ = '\\';
        *to++ = 'u';
        for (int shift = 12; shift >= 0; shift -= 4) *to++ = "0123456789abcdef"[unit >> shift & 15];
        i += 2;
    }
    return (bf_str){text, (uint32_t)(to - text)};
}

static bf_status read_names(bf_names *out, const bf_object *tuple, const char *what, const bf_code *code, bf_arena *arena, bf_error *err) {
    uint8_t type = code->version->has_old_types ? BF_OBJ_BYTES : BF_OBJ_STR;
    *out = (bf_names){0};
    if (!tuple) return BF_OK;
    if (!(out->items = bf_arena_alloc(arena, (tuple->n ? tuple->n : 1) * sizeof *out->items))) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    for (uint32_t i = 0; i < tuple->n; i++) {
        if (tuple->u.items[i]->type != type) return bf_fail(err, BF_CORRUPT, code->offset, "item %u of %s is no str", i, what);
        if (!tuple->u.items[i]->is_complete) break; /* reading stopped here */
        bf_str text = bf_object_text(tuple->u.items[i], arena);
        if (!text.p) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
        out->items[out->n++] = text;
    }
    return BF_OK;
}

static bf_status pick(bf_names *out, const bf_names *all, const bf_object *kinds, uint8_t kind, bf_arena *arena, bf_error *err) {
    *out = (bf_names){bf_arena_alloc(arena, (all->n ? all->n : 1) * sizeof(bf_str)), 0};
    if (!out->items) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    for (uint32_t i = 0; kinds && i < all->n && i < kinds->n; i++)
        if ((uint8_t)kinds->u.p[i] & kind) out->items[out->n++] = all->items[i];
    return BF_OK;
}

static bf_status join(bf_names *out, const bf_names *a, const bf_names *b, bf_arena *arena, bf_error *err) {
    *out = (bf_names){bf_arena_alloc(arena, ((size_t)a->n + b->n + 1) * sizeof(bf_str)), a->n + b->n};
    if (!out->items) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    if (a->n) memcpy(out->items, a->items, a->n * sizeof(bf_str));
    if (b->n) memcpy(out->items + a->n, b->items, b->n * sizeof(bf_str));
    return BF_OK;
}

static bf_status read_text(bf_str *out, const bf_object *object, bf_arena *arena, bf_error *err) {
    if (!object || !object->is_complete) return BF_OK;
    *out = bf_object_text(object, arena);
    return out->p ? BF_OK : bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

static void view_bytes(const bf_object *object, const uint8_t *data, size_t size, const uint8_t **p, uint32_t *n, int64_t *offset) {
    *p = (const uint8_t *)"";
    *n = 0;
    *offset = -1;
    if (!object || !object->is_complete) return;
    *p = (const uint8_t *)object->u.p;
    *n = object->n;
    if (*p >= data && *p <= data + size) *offset = *p - data;
}

bf_status bf_code_from_raw(bf_code *out, const bf_raw_code *raw, const bf_cpython *version, const uint8_t *data, size_t size,
                           bf_arena *arena, bf_error *err) {
    *out = (bf_code){
        .version = version,
        .argcount = raw->argcount,
        .posonlyargcount = raw->posonlyargcount,
        .kwonlyargcount = raw->kwonlyargcount,
        .nlocals = raw->nlocals,
        .stacksize = raw->stacksize,
        .flags = raw->flags,
        .firstlineno = raw->firstlineno,
        .consts = raw->consts ? raw->consts->u.items : NULL,
        .n_consts = raw->consts ? raw->consts->n : 0,
        .offset = raw->offset,
    };
    view_bytes(raw->code, data, size, &out->bytecode, &out->n_bytecode, &out->bytecode_offset);
    view_bytes(raw->linetable, data, size, &out->linetable, &out->n_linetable, &out->linetable_offset);
    view_bytes(raw->exceptiontable, data, size, &out->exceptiontable, &out->n_exceptiontable, &out->exceptiontable_offset);
    BF_TRY(read_text(&out->name, raw->name, arena, err));
    BF_TRY(read_text(&out->qualname, raw->qualname, arena, err));
    BF_TRY(read_text(&out->filename, raw->filename, arena, err));
    BF_TRY(read_names(&out->names, raw->names, "co_names", out, arena, err));
    if (version->has_localsplus) {
        BF_TRY(read_names(&out->locals, raw->localsplusnames, "co_localsplusnames", out, arena, err));
        out->frees = out->locals;
        if (raw->localspluskinds && raw->localspluskinds->is_complete && raw->localspluskinds->n != out->locals.n)
            return bf_fail(err, BF_CORRUPT, raw->offset, "%u kinds for %u names of co_localsplusnames", raw->localspluskinds->n, out->locals.n);
        BF_TRY(pick(&out->varnames, &out->locals, raw->localspluskinds, KIND_LOCAL, arena, err));
        BF_TRY(pick(&out->cellvars, &out->locals, raw->localspluskinds, KIND_CELL, arena, err));
        BF_TRY(pick(&out->freevars, &out->locals, raw->localspluskinds, KIND_FREE, arena, err));
        out->nlocals = (int32_t)out->varnames.n;
    } else {
        BF_TRY(read_names(&out->varnames, raw->varnames, "co_varnames", out, arena, err));
        BF_TRY(read_names(&out->freevars, raw->freevars, "co_freevars", out, arena, err));
        BF_TRY(read_names(&out->cellvars, raw->cellvars, "co_cellvars", out, arena, err));
        out->locals = out->varnames;
        BF_TRY(join(&out->frees, &out->cellvars, &out->freevars, arena, err));
    }
    return BF_OK;
}
