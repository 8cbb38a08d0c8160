/* decode/flow.c: blocks and edges, by hand and over all fixtures. */
#include "decode/flow_code.h"
#include "failing.h"

static void test_flow__no_code(void **state) {
    made m;
    (void)state;
    made_code(&m, 313, "");
    made_must(&m);
    assert_int_equal(m.facts.n_blocks, 0);
    assert_int_equal(m.facts.n_cfg_edges, 0);
    made_done(&m);
}

static void test_flow__one_block_with_caches(void **state) {
    made m;
    (void)state;
    made_code(&m, 313, "RESUME 0; LOAD_FAST 0; LOAD_FAST 1; BINARY_OP 0; RETURN_VALUE");
    made_must(&m);
    made_assert_blocks(&m, "0-12:entry"); /* BINARY_OP has a cache */
    assert_int_equal(m.facts.n_cfg_edges, 0);
    made_done(&m);
}

static void test_flow__branch_and_jump(void **state) {
    made m;
    (void)state;
    made_code(&m, 312, "LOAD_FAST 0; POP_JUMP_IF_FALSE @e; LOAD_FAST 1; JUMP_FORWARD @r; e: LOAD_FAST 2; r: RETURN_VALUE");
    made_must(&m);
    made_assert_blocks(&m, "0-4:entry 4-8:normal 8-10:normal 10-12:normal");
    made_assert_edges(&m, "branch:0:8?2#1 next:0:4?2 jump:4:10#2 next:8:10");
    made_done(&m);
    made_code(&m, 38, "LOAD_FAST 0; POP_JUMP_IF_FALSE @e; LOAD_FAST 1; JUMP_FORWARD @r; e: LOAD_FAST 2; r: RETURN_VALUE");
    made_must(&m);
    made_assert_edges(&m, "branch:0:8?2#1 next:0:4?2 jump:4:10#2 next:8:10");
    made_done(&m);
}

/* Both edges lead to the same block: the keys still differ. */
static void test_flow__branch_to_the_next(void **state) {
    made m;
    (void)state;
    made_code(&m, 312, "LOAD_FAST 0; POP_JUMP_IF_FALSE @e; e: RETURN_CONST 0");
    made_must(&m);
    made_assert_edges(&m, "branch:0:4?2#1 next:0:4?2");
    made_done(&m);
}

static void test_flow__loop(void **state) {
    made m;
    (void)state;
    made_code(&m, 313, "LOAD_FAST 0; GET_ITER; l: FOR_ITER @e; STORE_FAST 1; JUMP_BACKWARD @l; e: END_FOR; POP_TOP; RETURN_CONST 0");
    made_must(&m);
    made_assert_blocks(&m, "0-4:entry 4-8:normal 8-14:normal 14-20:normal");
    made_assert_edges(&m, "next:0:4 branch:4:14?4#2 next:4:8?4 jump:8:4#1");
    made_done(&m);
}

static void test_flow__unreachable_code_is_kept(void **state) {
    made m;
    (void)state;
    made_code(&m, 312, "RETURN_CONST 0; LOAD_FAST 0; POP_TOP; RETURN_CONST 1");
    made_must(&m);
    made_assert_blocks(&m, "0-2:entry 2-8:normal");
    assert_int_equal(m.facts.n_cfg_edges, 0);
    made_assert_depths(&m, "0>0 - - -");
    made_done(&m);
    made_code(&m, 312, "RETURN_CONST 0; LOAD_FAST 0; POP_TOP"); /* nor does it matter how it ends */
    made_must(&m);
    made_done(&m);
}

/* A resumption is no jump, and END_ASYNC_FOR's target is only printed. */
static void test_flow__what_ends_no_block(void **state) {
    made m;
    (void)state;
    made_code(&m, 314, "RETURN_GENERATOR; POP_TOP; RESUME 0; LOAD_CONST 0; YIELD_VALUE 0; RESUME 5; POP_TOP; LOAD_CONST 0; RETURN_VALUE");
    made_must(&m);
    assert_int_equal(m.facts.n_blocks, 1);
    made_done(&m);
    made_code(&m, 314, "LOAD_FAST 0; LOAD_FAST 1; END_ASYNC_FOR 1; LOAD_CONST 0; RETURN_VALUE");
    made_must(&m);
    assert_int_equal(m.facts.n_blocks, 1);
    assert_true(m.facts.instrs[2].jump_target != BF_NONE_INT);
    made_done(&m);
}

static void test_flow__prefixes(void **state) {
    made m;
    char text[2048] = "LOAD_FAST 300; POP_JUMP_IF_FALSE @e; l: LOAD_FAST 70000; POP_TOP; JUMP_BACKWARD @l; e: RETURN_CONST 0";
    (void)state;
    made_code(&m, 312, text);
    made_must(&m);
    made_assert_blocks(&m, "0-6:entry 6-16:normal 16-18:normal"); /* a block begins with the first prefix */
    made_assert_edges(&m, "branch:0:16?4#2 next:0:6?4 jump:6:6#1");
    made_done(&m);
}

static void test_flow__exception_table(void **state) {
    made m;
    (void)state;
    made_code(&m, 312, "RESUME 0; a: LOAD_FAST 0; POP_TOP; b: RETURN_CONST 0; h: PUSH_EXC_INFO; POP_TOP; c: POP_EXCEPT; RETURN_CONST 0; "
                       "d: COPY 3; POP_EXCEPT; RERAISE 1");
    made_exc(&m, 'a', 'b', 'h', 0, false);
    made_exc(&m, 'h', 'c', 'd', 1, true);
    made_must(&m);
    made_assert_blocks(&m, "0-2:entry 2-6:normal 6-8:normal 8-12:handler 12-16:normal 16-22:handler");
    made_assert_edges(&m, "next:0:2 next:2:6 exc:2:8!0 next:8:12 exc:8:16!1");
    made_assert_depths(&m, "0>0 0>1 1>0 0>0 1>2 2>1 1>0 0>0 3>4 4>3 3>2");
    made_done(&m);
}

/* Where entries overlap, which no compiler writes, the first one counts for each block. */
static void test_flow__overlapping_entries(void **state) {
    made m;
    (void)state;
    made_code(&m, 312, "a: NOP; b: NOP; c: NOP; d: RETURN_CONST 0; e: RERAISE 0; f: RERAISE 0; g: NOP");
    made_exc(&m, 'b', 'c', 'e', 0, false);
    made_exc(&m, 'a', 'd', 'f', 0, false);
    made_exc(&m, 'a', 'g', 'f', 0, false); /* and to the end of what is left */
    made_must(&m);
    made_assert_edges(&m, "next:0:2 exc:0:10!1 next:2:4 exc:2:8!0 next:4:6 exc:4:10!1 exc:6:10!2 exc:8:10!2 exc:10:10!2");
    made_done(&m);
}

static void test_flow__entry_to_the_end(void **state) {
    made m;
    (void)state;
    made_code(&m, 312, "a: NOP; RETURN_CONST 0; h: RERAISE 0");
    made_exc(&m, 'a', 'h', 'h', 0, false);
    m.excs[0].end = (int32_t)m.n_bytes;
    made_must(&m);
    made_assert_edges(&m, "exc:0:4!0 exc:4:4!0");
    made_done(&m);
}

/* ---- until 3.10: handlers by what code sets up ---- */

static void test_flow__set_ups(void **state) {
    made m;
    (void)state;
    made_code(&m, 39, "SETUP_FINALLY @h; SETUP_FINALLY @i; LOAD_FAST 0; POP_TOP; POP_BLOCK; LOAD_FAST 1; POP_TOP; POP_BLOCK; LOAD_CONST 0; "
                      "RETURN_VALUE; i: POP_TOP; POP_TOP; POP_TOP; POP_EXCEPT; POP_BLOCK; LOAD_CONST 0; RETURN_VALUE; h: RERAISE");
    made_must(&m);
    made_assert_blocks(&m, "0-2:entry 2-4:normal 4-10:normal 10-16:normal 16-20:normal 20-30:handler 30-34:normal 34-36:handler");
    made_assert_edges(&m, "next:0:2 next:2:4 exc:2:34 next:4:10 exc:4:20 next:10:16 exc:10:34 next:20:30 exc:20:34");
    made_done(&m);
}

static void test_flow__with(void **state) {
    made m;
    (void)state;
    made_code(&m, 310, "LOAD_FAST 0; SETUP_WITH @h; POP_TOP; POP_BLOCK; LOAD_CONST 0; DUP_TOP; DUP_TOP; CALL_FUNCTION 3; POP_TOP; LOAD_CONST 0; "
                       "RETURN_VALUE; h: WITH_EXCEPT_START; POP_JUMP_IF_TRUE @t; RERAISE 1; t: POP_TOP; POP_TOP; POP_TOP; POP_EXCEPT; POP_TOP; "
                       "LOAD_CONST 0; RETURN_VALUE");
    made_must(&m);
    made_assert_edges(&m, "next:0:4 next:4:8 exc:4:22 branch:22:28?24#2 next:22:26?24");
    made_assert_depths(&m, "0>1 1>2 2>1 1>1 1>2 2>3 3>4 4>1 1>0 0>1 1>0 7>8 8>7 7>4 7>6 6>5 5>4 4>1 1>0 0>1 1>0");
    made_done(&m);
}

/* 3.8 calls a finally body: control goes there, and comes back. */
static void test_flow__called_finally(void **state) {
    made m;
    (void)state;
    made_code(&m, 38, "SETUP_FINALLY @f; LOAD_FAST 0; POP_BLOCK; CALL_FINALLY @f; RETURN_VALUE; f: LOAD_FAST 1; POP_TOP; END_FINALLY; "
                      "LOAD_CONST 0; RETURN_VALUE");
    made_must(&m);
    made_assert_blocks(&m, "0-2:entry 2-6:normal 6-8:normal 8-10:normal 10-20:handler");
    made_assert_edges(&m, "next:0:2 next:2:6 exc:2:10 branch:6:10?6#1 next:6:8?6");
    assert_true(m.stack.is_upper_bound);
    made_done(&m);
}

/* ---- what no compiler writes ---- */

static void test_flow__jumps_to_nowhere(void **state) {
    made m;
    (void)state;
    made_code(&m, 312, "LOAD_FAST 0; POP_JUMP_IF_FALSE 100; JUMP_FORWARD 0; LOAD_FAST 0; LOAD_FAST 1; BINARY_OP 0; POP_TOP; JUMP_BACKWARD 3");
    assert_int_equal(made_flow(&m), BF_OK);
    assert_int_equal(m.n_anomalies, 2);
    made_assert_anomaly(&m, 0, 2, "POP_JUMP_IF_FALSE to 204");
    made_assert_anomaly(&m, 1, 16, "JUMP_BACKWARD to 12"); /* into the cache */
    made_assert_blocks(&m, "0-4:entry 4-6:normal 6-18:normal");
    made_assert_edges(&m, "next:0:4?2 jump:4:6#1");
    made_done(&m);
    made_code(&m, 312, "NOP; LOAD_FAST 300; POP_TOP; JUMP_BACKWARD 3"); /* behind the prefix */
    assert_int_equal(made_flow(&m), BF_OK);
    made_assert_anomaly(&m, 0, 8, "JUMP_BACKWARD to 4");
    made_done(&m);
    made_code(&m, 39, "JUMP_ABSOLUTE 3; JUMP_ABSOLUTE 4"); /* an odd offset, the end of the code */
    assert_int_equal(made_flow(&m), BF_OK);
    assert_int_equal(m.n_anomalies, 2);
    made_done(&m);
    made_code(&m, 312, "JUMP_BACKWARD 2147483647");
    assert_int_equal(made_flow(&m), BF_OK);
    assert_int_equal(m.n_anomalies, 1);
    made_done(&m);
}

static void test_flow__code_that_just_ends(void **state) {
    made m;
    (void)state;
    made_code(&m, 312, "LOAD_FAST 0; POP_TOP");
    assert_int_equal(made_flow(&m), BF_OK);
    made_assert_anomaly(&m, 0, 2, "ends after POP_TOP");
    made_done(&m);
    made_code(&m, 312, "NOP; EXTENDED_ARG 1");
    assert_int_equal(made_flow(&m), BF_OK);
    made_assert_anomaly(&m, 0, 2, "ends after EXTENDED_ARG");
    made_assert_blocks(&m, "0-4:entry");
    made_done(&m);
}

static void test_flow__bad_entries(void **state) {
    static const bf_exc_fact bad[] = {
        {0, 4, 100, 0, false}, {0, 4, 1, 0, false}, {2, 2, 4, 0, false}, {4, 2, 4, 0, false}, {0, INT32_MAX, 4, 0, false}, {-2, 2, 4, 0, false}};
    (void)state;
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        made m;
        made_code(&m, 312, "NOP; NOP; RETURN_CONST 0");
        m.excs[m.facts.n_excs++] = bad[k];
        assert_int_equal(made_flow(&m), BF_OK);
        assert_int_equal(m.n_anomalies, 1);
        made_assert_anomaly(&m, 0, 0, "entry 0 of the exception table");
        made_assert_blocks(&m, "0-6:entry");
        made_done(&m);
    }
}

static void test_flow__frames_that_do_not_fit(void **state) {
    made m;
    (void)state;
    made_code(&m, 39, "POP_BLOCK; LOAD_CONST 0; RETURN_VALUE");
    assert_int_equal(made_flow(&m), BF_OK);
    made_assert_anomaly(&m, 0, 0, "no handler in force");
    made_done(&m);
    made_code(&m, 39, "LOAD_FAST 0; POP_JUMP_IF_FALSE @e; SETUP_FINALLY @h; e: LOAD_CONST 0; RETURN_VALUE; h: RERAISE");
    assert_int_equal(made_flow(&m), BF_OK);
    made_assert_anomaly(&m, 0, 6, "different handlers");
    made_done(&m);
    made_code(&m, 39, "SETUP_FINALLY 100; LOAD_CONST 0; RETURN_VALUE");
    assert_int_equal(made_flow(&m), BF_OK);
    made_assert_anomaly(&m, 0, 0, "SETUP_FINALLY to 102");
    made_done(&m);
}

/* ---- properties of real code ---- */

static int by_key(const void *a, const void *b) {
    return strcmp(a, b);
}

static void check_shape(const bf_code_facts *code, const char *path) {
    int32_t at = 0;
    for (uint32_t k = 0; k < code->n_blocks; k++) {
        if (code->blocks[k].start != at || code->blocks[k].end <= at) fail_msg("%s: block %u of %.*s", path, k, (int)code->qualname.n, code->qualname.p);
        assert_int_equal(code->blocks[k].kind == BF_BLOCK_ENTRY, k == 0);
        at = code->blocks[k].end;
    }
    assert_int_equal(at, code->code_len);
    char(*keys)[40] = calloc(code->n_cfg_edges + 1, sizeof *keys);
    assert_non_null(keys);
    for (uint32_t k = 0; k < code->n_cfg_edges; k++) {
        const bf_cfg_fact *e = &code->cfg_edges[k];
        assert_true(e->src < code->n_blocks && e->dst < code->n_blocks);
        assert_true(e->exc_index == BF_NONE_INT || (uint32_t)e->exc_index < code->n_excs);
        assert_true(e->cond_instr == BF_NONE_INT || (uint32_t)e->cond_instr < code->n_instrs);
        assert_int_equal(e->kind == BF_EDGE_JUMP || e->kind == BF_EDGE_BRANCH, e->label.p != NULL);
        if (k) assert_true(code->cfg_edges[k - 1].src <= e->src);
        snprintf(keys[k], sizeof *keys, "%.*s", (int)e->edge_key.n, e->edge_key.p);
    }
    qsort(keys, code->n_cfg_edges, sizeof *keys, by_key);
    for (uint32_t k = 1; k < code->n_cfg_edges; k++) assert_string_not_equal(keys[k - 1], keys[k]);
    free(keys);
}

static void test_flow__fixtures(void **state) {
    (void)state;
    made_each_fixture(check_shape);
}

/* ---- many blocks, little memory ---- */

/* Entries that all cover all blocks, and jumps that lead back one by one: no step may look at all of them each time. */
static void test_flow__many_entries(void **state) {
    enum { N = 200000 };
    bf_code_facts facts = {.n_instrs = N, .n_excs = N};
    bf_arena arena = {0}, work = {0};
    made m = {.version = version_of(312)};
    (void)state;
    facts.instrs = bf_arena_zalloc(&arena, N, sizeof *facts.instrs);
    facts.excs = bf_arena_zalloc(&arena, N, sizeof *facts.excs);
    assert_true(facts.instrs && facts.excs);
    for (int32_t k = 0; k < N; k++) {
        facts.instrs[k] = (bf_instr){.offset = 2 * k, .start_offset = 2 * k, .end_offset = 2 * k + 2, .stack_before = BF_NONE_INT, .stack_after = BF_NONE_INT};
        facts.instrs[k].opcode = facts.instrs[k].baseopcode = made_op(&m, "JUMP_BACKWARD_NO_INTERRUPT", 26);
        facts.instrs[k].jump_target = k == 0 ? 2 * (N - 1) : 2 * (k - 1);
        facts.instrs[k].label = 1;
        facts.excs[k] = (bf_exc_fact){0, 2 * N, 2 * k, 0, false};
    }
    bf_flow_input in = made_input(&m);
    in.arena = &arena;
    in.work = &work;
    assert_int_equal(bf_flow_build(&m.graph, &facts, &in, NULL), BF_OK);
    assert_int_equal(facts.n_blocks, N);
    assert_int_equal(facts.n_cfg_edges, 2 * N);
    assert_int_equal(bf_stack_depths(&m.stack, &m.graph, &facts, &in, NULL), BF_OK);
    assert_int_equal(bf_dataflow_edges(&m.stack, &m.graph, &facts, &in, NULL), BF_OK);
    bf_arena_free(&arena);
    bf_arena_free(&work);
}

static void test_flow__no_memory(void **state) {
    static char memory[1 << 13];
    int n_failed = 0;
    (void)state;
    for (size_t n = 0; n < sizeof memory; n += 8) {
        made m;
        made_code(&m, 310, "LOAD_FAST 0; SETUP_WITH @h; l: POP_TOP; LOAD_FAST 0; POP_JUMP_IF_FALSE @l; POP_BLOCK; LOAD_CONST 0; RETURN_VALUE; "
                           "h: WITH_EXCEPT_START; POP_TOP; RERAISE 1");
        bf_flow_input in = made_input(&m);
        bf_arena small = small_arena(memory, n);
        in.arena = in.work = &small;
        allocations_left = 0;
        bf_status st = bf_flow_build(&m.graph, &m.facts, &in, NULL);
        allocations_left = INT64_MAX;
        assert_true(st == BF_OK || st == BF_NO_MEMORY);
        made_done(&m);
        if (st == BF_OK) break;
        n_failed++;
    }
    assert_true(n_failed > 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flow__no_code),
        cmocka_unit_test(test_flow__one_block_with_caches),
        cmocka_unit_test(test_flow__branch_and_jump),
        cmocka_unit_test(test_flow__branch_to_the_next),
        cmocka_unit_test(test_flow__loop),
        cmocka_unit_test(test_flow__unreachable_code_is_kept),
        cmocka_unit_test(test_flow__what_ends_no_block),
        cmocka_unit_test(test_flow__prefixes),
        cmocka_unit_test(test_flow__exception_table),
        cmocka_unit_test(test_flow__overlapping_entries),
        cmocka_unit_test(test_flow__entry_to_the_end),
        cmocka_unit_test(test_flow__set_ups),
        cmocka_unit_test(test_flow__with),
        cmocka_unit_test(test_flow__called_finally),
        cmocka_unit_test(test_flow__jumps_to_nowhere),
        cmocka_unit_test(test_flow__code_that_just_ends),
        cmocka_unit_test(test_flow__bad_entries),
        cmocka_unit_test(test_flow__frames_that_do_not_fit),
        cmocka_unit_test(test_flow__fixtures),
        cmocka_unit_test(test_flow__many_entries),
        cmocka_unit_test(test_flow__no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
