/* Instructions -> basic blocks, and how control goes from one to the other: jumps, falling through, exceptions. */
#ifndef BF_DECODE_FLOW_H
#define BF_DECODE_FLOW_H

#include "base/budget.h"
#include "decode/instr.h"

enum { BF_NO_BLOCK = -1 };

/** What the three steps over the code of one code object need. */
typedef struct bf_flow_input {
    const bf_cpython *version;
    int64_t bytecode_offset;   /* in the file, for anomalies; -1: none */
    bf_arena *arena;           /* for facts */
    bf_arena *work;            /* for what may go when all is done */
    uint32_t max_dfg_edges;    /* of this code object */
    bf_budget *budget;         /* of the file */
    bf_on_anomaly on_anomaly;
    void *context;
} bf_flow_input;

typedef struct bf_flow_block {
    uint32_t first, end; /* instructions; end exclusive */
    int32_t target;      /* block that its last instruction jumps to, or sets up as a handler */
    int32_t next;        /* block that it falls through to */
    int32_t handler;     /* block that finds what it raises */
    int32_t on_the_way;  /* finally body that it goes through first, by BF_FLOW_BREAK, CONTINUE or LEAVE */
    int32_t exc;         /* entry of the exception table that says so; -1: none does */
    uint8_t flow;        /* bf_flow of its last instruction */
    uint8_t kind;        /* bf_block_kind */
    bool is_reachable;
    bool is_finally;     /* a handler that is reached without an exception too, with fewer values */
} bf_flow_block;

typedef struct bf_flow_graph {
    bf_flow_block *blocks;
    uint32_t n_blocks;
} bf_flow_graph;

/** Finds blocks and edges of facts->instrs and facts->excs, and puts them into facts too. Leaders: the first instruction, targets of
 *  jumps and set-ups, what follows a jump, set-up, POP_BLOCK, return or raise, and where exception ranges and handlers begin and end.
 *  A target or range that no instruction begins at is an anomaly, and no edge. Errors: BF_NO_MEMORY. */
bf_status bf_flow_build(bf_flow_graph *out, bf_code_facts *facts, const bf_flow_input *in, bf_error *err);

/** Where an instruction is in the file, -1: not known. */
static inline int64_t bf_flow_offset(const bf_flow_input *in, const bf_instr *instr) {
    return in->bytecode_offset < 0 ? -1 : in->bytecode_offset + instr->offset;
}

#endif
