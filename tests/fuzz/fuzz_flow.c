/* Instructions -> blocks, edges, stack depths, data flow. Input: flags of the code, number of entries of the exception table, six bytes for
 * each, then as code.h says. */
#include "code.h"

#include "decode/dataflow.h"

static void check_graph(const bf_flow_graph *graph, const bf_code_facts *facts) {
    uint32_t next = 0;
    CHECK(graph->n_blocks == facts->n_blocks);
    for (uint32_t k = 0; k < graph->n_blocks; k++) {
        const bf_flow_block *b = &graph->blocks[k];
        int32_t n = (int32_t)graph->n_blocks;
        CHECK(b->first == next && b->end > b->first && b->end <= facts->n_instrs);
        CHECK(b->target < n && b->next < n && b->handler < n && b->on_the_way < n && b->exc < (int32_t)facts->n_excs);
        next = b->end;
    }
    CHECK(next == facts->n_instrs);
    for (uint32_t k = 0; k < facts->n_cfg_edges; k++) {
        const bf_cfg_fact *e = &facts->cfg_edges[k];
        CHECK(e->src < graph->n_blocks && e->dst < graph->n_blocks && e->kind <= BF_EDGE_EXC);
        CHECK(e->cond_instr == BF_NONE_INT || (e->cond_instr >= 0 && e->cond_instr < (int32_t)facts->n_instrs));
        CHECK(e->exc_index == BF_NONE_INT || (e->exc_index >= 0 && e->exc_index < (int32_t)facts->n_excs));
        check_text(e->edge_key);
        check_text(e->label);
    }
}

static int by_place(const bf_dfg_fact *a, const bf_dfg_fact *b) {
    if (a->dst != b->dst) return a->dst < b->dst ? -1 : 1;
    if (a->operand != b->operand) return a->operand < b->operand ? -1 : 1;
    return a->src < b->src ? -1 : a->src > b->src;
}

/* Values that an instruction leaves behind, where it jumps or not. */
static int64_t most_given(const bf_op_info *op, uint32_t arg) {
    int64_t pushed = bf_op_count(op->pushed, arg), on_jump = bf_op_count(op->on_jump, arg);
    return pushed > on_jump ? pushed : on_jump;
}

static void check_facts(const bf_code_facts *facts, const bf_op_info *ops, bool has_errors) {
    for (uint32_t k = 0; k < facts->n_instrs; k++) {
        const bf_instr *i = &facts->instrs[k];
        CHECK((i->stack_before == BF_NONE_INT) == (i->stack_after == BF_NONE_INT));
        CHECK(i->stack_before == BF_NONE_INT || (i->stack_before >= 0 && i->stack_after >= 0));
    }
    CHECK(!has_errors || facts->n_dfg_edges == 0);
    for (uint32_t k = 0; k < facts->n_dfg_edges; k++) {
        const bf_dfg_fact *e = &facts->dfg_edges[k];
        CHECK(e->src < facts->n_instrs && e->dst < facts->n_instrs && e->operand >= 0 && e->result >= 0);
        CHECK(k == 0 || by_place(e - 1, e) < 0);
        const bf_instr *from = &facts->instrs[e->src], *to = &facts->instrs[e->dst];
        CHECK(e->operand < bf_op_count(ops[to->baseopcode].popped, (uint32_t)to->arg));
        CHECK(e->result < most_given(&ops[from->baseopcode], (uint32_t)from->arg));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bf_arena arena, work;
    bf_exc_fact excs[16];
    fuzz_input in = {data, size};
    bf_code_facts facts = {.excs = excs};
    const bf_str *reprs;
    bf_arena_reset(&arena);
    bf_arena_reset(&work);
    facts.flags = take_u8(&in) << 2;
    uint8_t n_excs = take_u8(&in) % 16;
    for (uint8_t k = 0; k < n_excs && in.n; k++) {
        int32_t start = 2 * take_u8(&in), length = 2 * take_u8(&in), target = 2 * take_u8(&in), depth = take_u8(&in);
        excs[facts.n_excs++] = (bf_exc_fact){start, start + length, target, depth >> 1, depth & 1};
    }
    bf_code code = fuzz_code(&in, &reprs);
    if (!code.version->has_localsplus) facts.n_excs = 0;
    bf_instrs instrs = fuzz_instrs(&code, reprs, &arena);
    facts.instrs = instrs.items;
    facts.n_instrs = instrs.n;
    bf_flow_graph graph;
    bf_stack stack;
    bf_error err = {0};
    bf_budget budget;
    bf_budget_init(&budget, NULL);
    budget.most[BF_BUDGET_flow_steps] = 1 << 16;
    bf_flow_input input = {.budget = &budget, .version = code.version, .arena = &arena, .work = &work, .max_dfg_edges = 1 << 16, .on_anomaly = on_fuzz_anomaly};
    CHECK(bf_flow_build(&graph, &facts, &input, &err) == BF_OK);
    check_graph(&graph, &facts);
    CHECK(bf_stack_depths(&stack, &graph, &facts, &input, &err) == BF_OK);
    bf_status st = bf_dataflow_edges(&stack, &graph, &facts, &input, &err);
    CHECK(st == BF_OK || st == BF_LIMIT);
    check_facts(&facts, bf_opcodes(code.version), st != BF_OK || stack.has_errors);
    return 0;
}
