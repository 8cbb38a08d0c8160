/* How deep the stack is before and after each instruction: a work-list over the control flow. */
#ifndef BF_DECODE_STACK_H
#define BF_DECODE_STACK_H

#include "decode/flow.h"

enum { BF_DEPTH_UNREACHED = -1, BF_DEPTH_UNKNOWN = -2 };

typedef struct bf_stack {
    int32_t *entry;        /* by block: depth where it begins, or one of the above */
    int32_t *level;        /* by block, of handlers that code sets up: how many values they find as they were */
    int32_t greatest;      /* depth of all */
    bool is_upper_bound;   /* a finally body was reached with fewer values than recorded */
    bool has_errors;       /* some depths are left out */
} bf_stack;

/** Sets stack_before and stack_after of facts->instrs. An instruction that pops more than there is, and paths that meet with different
 *  depths, are anomalies: depths are left out from there on. Errors: BF_NO_MEMORY.
 *  Source of the rules: CPython Python/compile.c, stackdepth() (3.8 to 3.12), Python/flowgraph.c, calculate_stackdepth() (3.13 on). */
bf_status bf_stack_depths(bf_stack *out, const bf_flow_graph *graph, bf_code_facts *facts, const bf_flow_input *in, bf_error *err);

/** How many values the handler of a block finds as they were; BF_DEPTH_UNREACHED when that is not known. The block has a handler. */
int32_t bf_stack_level(const bf_stack *stack, const bf_code_facts *facts, const bf_flow_block *block);

#endif
