/* marshal. Input: version, then one object. Mutated as a tree (tree.c). */
#include "fuzz.h"

#include "pyc/marshal.h"
#include "tree.h"

static uint32_t left; /* objects to look at: shared ones are met again and again */

static void check_object(const bf_object *o, bool is_root_complete, const uint8_t *data, size_t size) {
    if (!left) return;
    left--;
    CHECK(o->type <= BF_OBJ_CODE);
    CHECK(o->is_complete || !is_root_complete);
    switch ((bf_object_type)o->type) {
    case BF_OBJ_BYTES:
    case BF_OBJ_STR:
        CHECK(!o->n || o->u.p);
        CHECK(o->n <= 2 * size);
        if (o->type == BF_OBJ_STR && !o->has_surrogates) check_text((bf_str){o->u.p, o->n});
        break;
    case BF_OBJ_LONG: CHECK(o->u.digits >= data && o->u.digits + 2 * (size_t)o->n <= data + size); break;
    case BF_OBJ_TUPLE:
    case BF_OBJ_LIST:
    case BF_OBJ_SET:
    case BF_OBJ_FROZENSET:
    case BF_OBJ_SLICE:
    case BF_OBJ_DICT:
    case BF_OBJ_FROZENDICT: {
        bool in_pairs = o->type == BF_OBJ_DICT || o->type == BF_OBJ_FROZENDICT;
        CHECK(o->n <= size);
        CHECK(o->type != BF_OBJ_SLICE || !o->is_complete || o->n == 3);
        for (uint32_t i = 0; i < (in_pairs ? 2 * o->n : o->n); i++) check_object(o->u.items[i], is_root_complete, data, size);
        break;
    }
    case BF_OBJ_CODE: {
        const bf_raw_code *c = o->u.code;
        if (!c) break;
        const bf_object *const parts[] = {c->code, c->consts, c->names, c->varnames, c->freevars, c->cellvars, c->localsplusnames,
                                          c->localspluskinds, c->filename, c->name, c->qualname, c->linetable, c->exceptiontable};
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            if (parts[i]) check_object(parts[i], is_root_complete, data, size);
        CHECK(!o->is_complete || (c->code && c->consts && c->names && c->filename && c->name && c->linetable));
        break;
    }
    default: break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bf_arena arena;
    fuzz_input in = {data, size};
    const bf_cpython *version = fuzz_version(take_u8(&in));
    bf_object *root;
    bf_error err = {0};
    size_t end;
    bf_arena_reset(&arena);
    bf_status st = bf_marshal_read(&root, in.p, in.n, 0, version, NULL, &arena, &end, &err);
    check_error(st, &err, in.n);
    CHECK(end <= in.n);
    CHECK(st != BF_OK || (root && root->is_complete));
    left = 20000;
    if (root) check_object(root, st == BF_OK, in.p, in.n);
    /* memory is linear in the input: an item has a byte, an object has 40, and a code object more */
    CHECK(arena.size_bytes <= 4096 + 512 * in.n);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    fuzz_input in = {data, size};
    const bf_cpython *version = fuzz_version(take_u8(&in));
    if (seed % 64 == 0) *data = (uint8_t)(seed >> 8); /* as another version */
    return 1 + tree_mutate(data + 1, size ? size - 1 : 0, max_size - 1, version, seed);
}
