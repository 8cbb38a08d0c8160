#include "code/exceptions.h"

/* Six bits a byte, the highest first; bit 6: more follow; bit 7: an entry begins. */
static bf_status read_varint(const bf_code *code, uint32_t *at, uint32_t *out, bf_error *err) {
    uint64_t value = 0;
    for (;;) {
        if (*at >= code->n_exceptiontable)
            return bf_fail(err, BF_TRUNCATED, code->exceptiontable_offset + *at, "exception table of %u bytes ends inside an entry",
                           code->n_exceptiontable);
        uint8_t byte = code->exceptiontable[(*at)++];
        value = value << 6 | (byte & 63);
        if (value > INT32_MAX / 2) return bf_fail(err, BF_CORRUPT, code->exceptiontable_offset + *at - 1, "exception table number beyond 31 bits");
        if (!(byte & 64)) break;
    }
    *out = (uint32_t)value;
    return BF_OK;
}

bf_status bf_code_exceptions(bf_exception **out, uint32_t *n, const bf_code *code, bf_arena *arena, bf_error *err) {
    *n = 0;
    *out = bf_arena_alloc(arena, (code->n_exceptiontable / 4 + 1) * sizeof **out); /* an entry has four numbers */
    if (!*out) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    for (uint32_t at = 0; at < code->n_exceptiontable;) {
        uint32_t start, length, target, depth_lasti;
        BF_TRY(read_varint(code, &at, &start, err));
        BF_TRY(read_varint(code, &at, &length, err));
        BF_TRY(read_varint(code, &at, &target, err));
        BF_TRY(read_varint(code, &at, &depth_lasti, err));
        (*out)[(*n)++] = (bf_exception){
            .start = (int32_t)(2 * start),
            .end = (int32_t)(2 * (int64_t)(start + length) > INT32_MAX ? INT32_MAX : 2 * (start + length)),
            .target = (int32_t)(2 * target),
            .depth = (int32_t)(depth_lasti >> 1),
            .lasti = depth_lasti & 1,
        };
    }
    return BF_OK;
}
