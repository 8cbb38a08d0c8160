/* decode/dataflow.c: who made what is used, by hand and over all fixtures. */
#include "decode/flow_code.h"
#include "failing.h"

static void assert_flow(int version, const char *text, const char *uses) {
    made m;
    made_code(&m, version, text);
    made_must(&m);
    made_assert_uses(&m, uses);
    made_done(&m);
}

static void test_dataflow__straight(void **state) {
    (void)state;
    assert_flow(313, "LOAD_FAST 0; LOAD_FAST 1; BINARY_OP 0; RETURN_VALUE", "0>2.0 1>2.1 2>3.0");
    assert_flow(313, "LOAD_FAST_LOAD_FAST 1; BINARY_OP 0; RETURN_VALUE", "0>1.0 0>1.1/1 1>2.0");
    assert_flow(312, "LOAD_GLOBAL 1; LOAD_FAST 0; CALL 1; RETURN_VALUE", "0>2.0 0>2.1/1 1>2.2 2>3.0");
    assert_flow(313, "LOAD_FAST 300; RETURN_VALUE", "1>2.0"); /* the prefix makes nothing */
    assert_flow(38, "LOAD_FAST 0; UNPACK_SEQUENCE 3; STORE_FAST 0; STORE_FAST 1; STORE_FAST 2; LOAD_CONST 0; RETURN_VALUE",
                "0>1.0 1>2.0/2 1>3.0/1 1>4.0 5>6.0");
}

static void test_dataflow__where_paths_meet(void **state) {
    (void)state;
    assert_flow(312, "LOAD_FAST 0; POP_JUMP_IF_FALSE @e; LOAD_FAST 1; JUMP_FORWARD @r; e: LOAD_FAST 2; r: RETURN_VALUE", "0>1.0 2>5.0 4>5.0");
    assert_flow(38, "LOAD_FAST 0; JUMP_IF_FALSE_OR_POP @e; LOAD_FAST 1; e: RETURN_VALUE", "0>1.0 0>3.0 2>3.0"); /* kept on the jump */
    /* what lies below is the same on both paths */
    assert_flow(312, "LOAD_FAST 9; LOAD_FAST 0; POP_JUMP_IF_FALSE @e; LOAD_FAST 1; JUMP_FORWARD @r; e: LOAD_FAST 2; r: BINARY_OP 0; RETURN_VALUE",
                "1>2.0 0>6.0 3>6.1 5>6.1 6>7.0");
}

/* The iterator stays what GET_ITER made, however often the loop goes round. */
static void test_dataflow__loops(void **state) {
    (void)state;
    assert_flow(313, "LOAD_FAST 0; GET_ITER; l: FOR_ITER @e; STORE_FAST 1; JUMP_BACKWARD @l; e: END_FOR; POP_TOP; RETURN_CONST 0",
                "0>1.0 1>2.0 2>3.0/1 2>5.0/1 1>6.0");
    assert_flow(38, "LOAD_FAST 0; GET_ITER; l: FOR_ITER @e; STORE_FAST 1; JUMP_ABSOLUTE @l; e: LOAD_CONST 0; RETURN_VALUE",
                "0>1.0 1>2.0 2>3.0/1 5>6.0");
    /* a value that the loop replaces: from before it, or from the last round */
    assert_flow(312, "LOAD_FAST 0; l: LOAD_FAST 1; BINARY_OP 0; COPY 1; POP_JUMP_IF_TRUE @e; JUMP_BACKWARD @l; e: RETURN_VALUE",
                "0>2.0 2>2.0 1>2.1 2>4.0 2>6.0");
    /* and one that comes round two loops later */
    assert_flow(312, "LOAD_FAST 0; l: LOAD_FAST 1; SWAP 2; POP_TOP; m: LOAD_FAST 2; POP_JUMP_IF_TRUE @m; LOAD_FAST 3; POP_JUMP_IF_TRUE @e; "
                     "JUMP_BACKWARD @l; e: RETURN_VALUE",
                "0>3.0 1>3.0 4>5.0 6>7.0 1>9.0");
}

static void test_dataflow__moving(void **state) {
    (void)state;
    assert_flow(312, "LOAD_FAST 0; LOAD_FAST 1; LOAD_FAST 2; SWAP 3; BUILD_LIST 3; RETURN_VALUE", "2>4.0 1>4.1 0>4.2 4>5.0");
    assert_flow(312, "LOAD_FAST 0; LOAD_FAST 1; COPY 2; BUILD_LIST 3; RETURN_VALUE", "0>3.0 1>3.1 0>3.2 3>4.0");
    assert_flow(312, "LOAD_FAST 0; SWAP 1; COPY 1; POP_TOP; RETURN_VALUE", "0>3.0 0>4.0");
    assert_flow(39, "LOAD_FAST 0; LOAD_FAST 1; LOAD_FAST 2; LOAD_FAST 3; ROT_FOUR; BUILD_LIST 4; RETURN_VALUE", "3>5.0 0>5.1 1>5.2 2>5.3 5>6.0");
    assert_flow(39, "LOAD_FAST 0; LOAD_FAST 1; ROT_TWO; DUP_TOP_TWO; BUILD_LIST 4; RETURN_VALUE", "1>4.0 0>4.1 1>4.2 0>4.3 4>5.0");
    assert_flow(310, "LOAD_FAST 0; LOAD_FAST 1; LOAD_FAST 2; ROT_N 3; DUP_TOP; BUILD_LIST 4; RETURN_VALUE", "2>5.0 0>5.1 1>5.2 1>5.3 5>6.0");
    assert_flow(310, "LOAD_FAST 0; ROT_N 0; DUP_TOP; POP_TOP; RETURN_VALUE", "0>3.0 0>4.0");
    /* used, and handed on */
    assert_flow(313, "LOAD_CONST 0; LOAD_CONST 1; MAKE_FUNCTION; SET_FUNCTION_ATTRIBUTE 1; RETURN_VALUE", "1>2.0 0>3.0 2>3.1 2>4.0");
    assert_flow(312, "LOAD_FAST 0; GET_LEN; POP_TOP; RETURN_VALUE", "0>1.0 1>2.0/1 0>3.0");
}

/* What an instruction reaches over is not used. */
static void test_dataflow__passing_over(void **state) {
    (void)state;
    assert_flow(312, "BUILD_LIST 0; LOAD_FAST 0; GET_ITER; LOAD_FAST 1; LIST_APPEND 2; POP_TOP; RETURN_VALUE", "1>2.0 0>4.0 3>4.2 2>5.0 0>6.0");
    assert_flow(312, "BUILD_MAP 0; LOAD_FAST 0; LOAD_FAST 1; MAP_ADD 1; RETURN_VALUE", "0>3.0 1>3.1 2>3.2 0>4.0");
    assert_flow(314, "LOAD_FAST 0; LOAD_FAST 1; LOAD_FAST 2; LOAD_FAST 3; LOAD_FAST 4; WITH_EXCEPT_START; POP_TOP; POP_TOP; POP_TOP; POP_TOP; "
                     "POP_TOP; RETURN_VALUE",
                "0>5.0 1>5.1 4>5.4 5>6.0/5 4>7.0 3>8.0 2>9.0 1>10.0 0>11.0");
}

/* The handler finds what lay below, and on top of it what nobody made. */
static void test_dataflow__handlers(void **state) {
    made m;
    (void)state;
    made_code(&m, 312, "LOAD_FAST 0; a: LOAD_FAST 1; POP_TOP; b: RETURN_VALUE; h: PUSH_EXC_INFO; POP_TOP; POP_EXCEPT; RETURN_VALUE");
    made_exc(&m, 'a', 'b', 'h', 1, false);
    made_must(&m);
    made_assert_uses(&m, "1>2.0 0>3.0 4>6.0 0>7.0");
    made_done(&m);
    /* replaced while the handler is in force: one or the other */
    made_code(&m, 312, "LOAD_FAST 0; a: POP_TOP; LOAD_FAST 1; b: RETURN_VALUE; h: POP_TOP; RETURN_VALUE");
    made_exc(&m, 'a', 'b', 'h', 1, false);
    made_must(&m);
    made_assert_uses(&m, "0>1.0 2>3.0 0>5.0 2>5.0");
    made_done(&m);
    assert_flow(39, "LOAD_FAST 0; SETUP_WITH @h; POP_TOP; POP_BLOCK; POP_TOP; LOAD_CONST 0; RETURN_VALUE; h: WITH_EXCEPT_START; POP_TOP; RERAISE",
                "0>1.0 1>2.0/1 1>4.0 5>6.0 1>7.0 7>8.0/7");
}

static void test_dataflow__called_finally(void **state) {
    (void)state;
    assert_flow(38, "SETUP_FINALLY @f; LOAD_FAST 0; POP_BLOCK; CALL_FINALLY @f; RETURN_VALUE; f: END_FINALLY; LOAD_CONST 0; RETURN_VALUE",
                "1>4.0 3>5.5 6>7.0"); /* where to go on lies on top */
    assert_flow(38, "SETUP_FINALLY @f; POP_BLOCK; BEGIN_FINALLY; f: POP_FINALLY 0; LOAD_CONST 0; RETURN_VALUE",
                "2>3.0 2>3.1/1 2>3.2/2 2>3.3/3 2>3.4/4 2>3.5/5 4>5.0");
    /* the call comes after a POP_EXCEPT: even less is there than the handler finds as it was */
    assert_flow(38, "SETUP_FINALLY @e; LOAD_CONST 0; RETURN_VALUE; e: POP_TOP; POP_TOP; POP_TOP; SETUP_FINALLY @f; POP_BLOCK; POP_EXCEPT; "
                    "CALL_FINALLY @f; LOAD_CONST 0; RETURN_VALUE; f: END_FINALLY; POP_EXCEPT; LOAD_CONST 0; RETURN_VALUE",
                "1>2.0 10>11.0 9>12.5 14>15.0");
}

static void test_dataflow__resumed(void **state) {
    made m;
    (void)state;
    assert_flow(313, "RETURN_GENERATOR; POP_TOP; LOAD_CONST 0; YIELD_VALUE 0; RESUME 1; RETURN_VALUE", "2>3.0");
    made_code(&m, 312, "RETURN_GENERATOR; POP_TOP; RETURN_CONST 0");
    m.facts.flags = 0x20;
    made_must(&m);
    assert_int_equal(m.facts.n_dfg_edges, 0);
    made_done(&m);
}

/* Two results of one instruction reach one operand: one edge, with the lower result. */
static void test_dataflow__one_edge_a_producer(void **state) {
    (void)state;
    assert_flow(312, "LOAD_FAST 0; UNPACK_SEQUENCE 2; LOAD_FAST 1; POP_JUMP_IF_FALSE @e; SWAP 2; e: RETURN_VALUE", "0>1.0 2>3.0 1>5.0");
}

static void test_dataflow__unreachable_uses_nothing(void **state) {
    (void)state;
    assert_flow(312, "RETURN_CONST 0; LOAD_FAST 0; POP_TOP; RETURN_CONST 0", "");
}

/* ---- limits ---- */

static void test_dataflow__too_many_values(void **state) {
    made m;
    (void)state;
    made_code(&m, 312, "LOAD_FAST 0; UNPACK_SEQUENCE 60000; RETURN_CONST 0");
    m.budget.most[BF_BUDGET_flow_steps] = 100000;
    assert_int_equal(made_flow(&m), BF_LIMIT);
    assert_int_equal(m.budget.used[BF_BUDGET_flow_steps], 100000);
    assert_int_equal(m.facts.n_dfg_edges, 0);
    assert_int_equal(m.facts.instrs[0].stack_after, 1); /* depths are there */
    made_done(&m);
}

static void test_dataflow__too_many_edges(void **state) {
    made m;
    bf_error err = {0};
    (void)state;
    made_code(&m, 312, "LOAD_FAST 0; LOAD_FAST 1; BINARY_OP 0; RETURN_VALUE");
    bf_flow_input in = made_input(&m);
    in.max_dfg_edges = 2;
    assert_int_equal(bf_flow_build(&m.graph, &m.facts, &in, NULL), BF_OK);
    assert_int_equal(bf_stack_depths(&m.stack, &m.graph, &m.facts, &in, NULL), BF_OK);
    assert_int_equal(bf_dataflow_edges(&m.stack, &m.graph, &m.facts, &in, &err), BF_LIMIT);
    assert_non_null(strstr(err.message, "more edges"));
    assert_int_equal(err.offset, 100);
    assert_int_equal(m.facts.n_dfg_edges, 0);
    in.max_dfg_edges = 3;
    assert_int_equal(bf_dataflow_edges(&m.stack, &m.graph, &m.facts, &in, NULL), BF_OK);
    assert_int_equal(m.facts.n_dfg_edges, 3);
    made_done(&m);
}

/* A long chain of blocks that swap a deep stack, each of them in a loop of its own. */
static void test_dataflow__work_is_bounded(void **state) {
    made m;
    bf_buf text = {0};
    (void)state;
    for (int k = 0; k < 200; k++) bf_buf_puts(&text, "LOAD_FAST 0; ");
    bf_buf_puts(&text, "l: ");
    for (int k = 0; k < 300; k++) bf_buf_printf(&text, "SWAP %d; LOAD_FAST 0; POP_JUMP_IF_TRUE %d; ", 200 - k % 199, 3 * (k % 3));
    for (int k = 0; k < 8; k++) bf_buf_puts(&text, "NOP; ");
    bf_buf_puts(&text, "JUMP_BACKWARD @l");
    bf_buf_putc(&text, 0);
    made_code(&m, 312, text.p);
    m.budget.most[BF_BUDGET_flow_steps] = 256 * 1300;
    bf_status st = made_flow(&m);
    assert_int_equal(m.n_anomalies, 0);
    assert_int_equal(st, BF_LIMIT);
    bf_buf_free(&text);
    made_done(&m);
}

static void test_dataflow__no_memory(void **state) {
    static char memory[1 << 15];
    int n_failed = 0;
    (void)state;
    for (size_t n = 0; n < sizeof memory; n += 16) {
        made m;
        made_code(&m, 312, "LOAD_FAST 0; l: LOAD_FAST 1; BINARY_OP 0; COPY 1; POP_JUMP_IF_TRUE @e; JUMP_BACKWARD @l; e: RETURN_VALUE");
        bf_flow_input in = made_input(&m);
        assert_int_equal(bf_flow_build(&m.graph, &m.facts, &in, NULL), BF_OK);
        bf_arena work = small_arena(memory, n);
        in.work = &work;
        allocations_left = 0;
        bf_status st = bf_stack_depths(&m.stack, &m.graph, &m.facts, &in, NULL);
        if (st == BF_OK) st = bf_dataflow_edges(&m.stack, &m.graph, &m.facts, &in, NULL);
        allocations_left = INT64_MAX;
        assert_true(st == BF_OK || st == BF_NO_MEMORY);
        assert_int_equal(m.facts.n_dfg_edges > 0, st == BF_OK);
        made_done(&m);
        if (st == BF_OK) break;
        n_failed++;
    }
    assert_true(n_failed > 8);
}

/* ---- properties of real code ---- */

static long n_uses;

/* Marks the blocks that `from` leads to. */
static void follow(const bf_code_facts *code, uint32_t from, bool *reached, uint32_t *pending) {
    uint32_t n = 0;
    memset(reached, 0, code->n_blocks);
    pending[n++] = from;
    while (n) {
        uint32_t block = pending[--n];
        for (uint32_t k = 0; k < code->n_cfg_edges; k++) {
            const bf_cfg_fact *e = &code->cfg_edges[k];
            if (e->src != block || reached[e->dst]) continue;
            reached[e->dst] = true;
            pending[n++] = e->dst;
        }
    }
}

static uint32_t block_of(const bf_code_facts *code, uint32_t instr) {
    uint32_t k = 0;
    while (code->blocks[k].end <= code->instrs[instr].offset) k++;
    return k;
}

static void check_uses(const bf_code_facts *code, const char *path) {
    bool *reached = calloc(code->n_blocks + 1, 1);
    uint32_t *pending = calloc(code->n_blocks + 1, sizeof *pending), followed = UINT32_MAX;
    assert_true(reached && pending);
    for (uint32_t k = 0; k < code->n_dfg_edges; k++) {
        const bf_dfg_fact *e = &code->dfg_edges[k], *before = k ? e - 1 : NULL;
        assert_true(e->src < code->n_instrs && e->dst < code->n_instrs && e->operand >= 0 && e->result >= 0);
        if (before && (before->dst > e->dst || (before->dst == e->dst && (before->operand > e->operand ||
                       (before->operand == e->operand && before->src >= e->src)))))
            fail_msg("%s: edge %u of %.*s is not in order", path, k, (int)code->qualname.n, code->qualname.p);
        uint32_t from = block_of(code, e->src), to = block_of(code, e->dst);
        n_uses++;
        if (from == to && e->src < e->dst) continue;
        if (from != followed) follow(code, from, reached, pending);
        followed = from;
        if (!reached[to]) fail_msg("%s: instruction %u of %.*s does not lead to %u", path, e->src, (int)code->qualname.n, code->qualname.p, e->dst);
    }
    free(reached);
    free(pending);
}

static void test_dataflow__fixtures(void **state) {
    (void)state;
    made_each_fixture(check_uses);
    printf("%ld edges\n", n_uses);
    assert_true(n_uses > 40000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dataflow__straight),
        cmocka_unit_test(test_dataflow__where_paths_meet),
        cmocka_unit_test(test_dataflow__loops),
        cmocka_unit_test(test_dataflow__moving),
        cmocka_unit_test(test_dataflow__passing_over),
        cmocka_unit_test(test_dataflow__handlers),
        cmocka_unit_test(test_dataflow__called_finally),
        cmocka_unit_test(test_dataflow__resumed),
        cmocka_unit_test(test_dataflow__one_edge_a_producer),
        cmocka_unit_test(test_dataflow__unreachable_uses_nothing),
        cmocka_unit_test(test_dataflow__too_many_values),
        cmocka_unit_test(test_dataflow__too_many_edges),
        cmocka_unit_test(test_dataflow__work_is_bounded),
        cmocka_unit_test(test_dataflow__no_memory),
        cmocka_unit_test(test_dataflow__fixtures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
