/* Which instruction made each value that an instruction takes from the stack. */
#ifndef BF_DECODE_DATAFLOW_H
#define BF_DECODE_DATAFLOW_H

#include "decode/stack.h"

/** Puts facts->dfg_edges: one for each producer, consumer and operand, sorted by consumer, operand and producer. Instructions that move
 *  values (COPY, SWAP, DUP_*, ROT_*) make none and use none. What a handler finds on top, and what a generator is resumed with, has no
 *  producer. Only for code without stack errors. Errors: BF_LIMIT (no edges then), BF_NO_MEMORY. */
bf_status bf_dataflow_edges(const bf_stack *stack, const bf_flow_graph *graph, bf_code_facts *facts, const bf_flow_input *in, bf_error *err);

#endif
