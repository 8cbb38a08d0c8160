/* Bytecode -> instructions, each with everything that dis.get_instructions of its version says of it. */
#ifndef BF_DECODE_INSTR_H
#define BF_DECODE_INSTR_H

#include "code/lines.h"
#include "decode/facts.h"
#include "opcodes/opcodes.h"

/** Told of each oddity: something that no compiler writes. `offset` is in the file; decoding goes on. */
typedef void (*bf_on_anomaly)(void *context, int64_t offset, const char *format, ...);

typedef struct bf_instr_input {
    const bf_code *code;
    const bf_lines *lines;
    const bf_str *const_reprs; /* repr of each constant */
    uint32_t n_const_reprs;
    bf_arena *arena;
    bf_on_anomaly on_anomaly;
    void *context;
} bf_instr_input;

typedef struct bf_instrs {
    bf_instr *items;
    uint32_t n;
    int32_t *labels; /* label of each code unit, 0: none */
    uint32_t n_labels;
    size_t text_bytes; /* of argrepr and argval_str, as often as they occur */
} bf_instrs;

/** Errors: BF_NO_MEMORY. */
bf_status bf_instr_decode(bf_instrs *out, const bf_instr_input *in, bf_error *err);

#endif
