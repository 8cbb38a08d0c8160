/* Bytecode -> instructions with all that dis says of them. Input: see code.h. */
#include "code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bf_arena arena;
    fuzz_input in = {data, size};
    const bf_str *reprs;
    bf_arena_reset(&arena);
    bf_code code = fuzz_code(&in, &reprs);
    bf_instrs instrs = fuzz_instrs(&code, reprs, &arena);
    const bf_op_info *ops = bf_opcodes(code.version);
    int32_t at = 0;
    size_t text_bytes = 0;
    CHECK(instrs.n <= code.n_bytecode / (uint32_t)code.version->code_unit);
    for (uint32_t k = 0; k < instrs.n; k++) {
        const bf_instr *i = &instrs.items[k];
        CHECK(i->offset == at && i->end_offset > at && i->end_offset <= (int32_t)code.n_bytecode);
        CHECK(i->start_offset >= 0 && i->start_offset <= i->offset);
        CHECK(i->opcode == code.bytecode[at] && i->baseopcode == ops[i->opcode].base);
        check_text(i->op->name);
        check_text(i->argrepr);
        check_text(i->argval_str);
        CHECK(i->argrepr.p);
        CHECK(i->label == BF_NONE_INT || (i->label >= 1 && i->label <= (int32_t)instrs.n_labels));
        CHECK(i->is_jump_target == (i->label != BF_NONE_INT));
        for (uint8_t c = 0; c < i->n_caches; c++) {
            const bf_cache_fact *cache = &i->caches[c];
            CHECK(cache->data >= code.bytecode + at + 2 && cache->data + 2 * cache->size <= code.bytecode + i->end_offset);
        }
        text_bytes += i->argrepr.n + i->argval_str.n;
        at = i->end_offset;
    }
    CHECK(text_bytes == instrs.text_bytes);
    CHECK(at == (int32_t)code.n_bytecode || n_fuzz_anomalies);
    return 0;
}
