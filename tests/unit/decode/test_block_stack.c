/* Until 3.7 loops are frames like handlers, and a break, a continue and a return take frames off. By hand, after what 3.7.16 and 3.6.15
 * compile, and over the fixtures of 2.7, 3.6 and 3.7. */
#include "decode/flow_code.h"

/* while x: break */
static void test_block_stack__break(void **state) {
    made m;
    (void)state;
    made_code(&m, 37, "SETUP_LOOP @e; l: LOAD_FAST 0; POP_JUMP_IF_FALSE @p; BREAK_LOOP; JUMP_ABSOLUTE @l; p: POP_BLOCK; "
                      "e: LOAD_CONST 0; RETURN_VALUE");
    made_must(&m);
    made_assert_blocks(&m, "0-2:entry 2-6:normal 6-8:normal 8-10:normal 10-12:normal 12-16:normal");
    made_assert_edges(&m, "next:0:2 branch:2:10?4#2 next:2:6?4 jump:6:12#3 jump:8:2#1 next:10:12");
    made_assert_depths(&m, "0>0 0>1 1>0 0>0 - 0>0 0>1 1>0");
    made_done(&m);
}

/* for y in x: break: the iterator is gone after it. A loop finds no exception. */
static void test_block_stack__break_takes_values_off(void **state) {
    made m;
    (void)state;
    made_code(&m, 36, "LOAD_FAST 0; SETUP_LOOP @e; LOAD_FAST 0; GET_ITER; l: FOR_ITER @p; STORE_FAST 1; BREAK_LOOP; "
                      "JUMP_ABSOLUTE @l; p: POP_BLOCK; e: RETURN_VALUE");
    made_must(&m);
    made_assert_depths(&m, "0>1 1>1 1>2 2>2 2>3 3>2 2>2 - 1>1 1>0");
    made_assert_uses(&m, "2>3.0 3>4.0 4>5.0/1 0>9.0");
    for (uint32_t k = 0; k < m.facts.n_cfg_edges; k++) assert_int_not_equal(m.facts.cfg_edges[k].kind, BF_EDGE_EXC);
    made_done(&m);
}

/* In a try of a loop: what the except clause finds is not what the loop does. */
static void test_block_stack__continue(void **state) {
    made m;
    (void)state;
    made_code(&m, 37, "SETUP_LOOP @e; LOAD_FAST 0; GET_ITER; l: FOR_ITER @p; POP_TOP; SETUP_EXCEPT @h; LOAD_FAST 1; POP_TOP; "
                      "CONTINUE_LOOP @l; POP_BLOCK; JUMP_ABSOLUTE @l; h: POP_TOP; POP_TOP; POP_TOP; POP_EXCEPT; JUMP_ABSOLUTE @l; "
                      "p: POP_BLOCK; e: LOAD_CONST 0; RETURN_VALUE");
    made_must(&m);
    made_assert_depths(&m, "0>0 0>1 1>1 1>2 2>1 1>1 1>2 2>1 1>1 - - 7>6 6>5 5>4 4>1 1>1 0>0 0>1 1>0");
    made_assert_edges(&m, "next:0:2 next:2:6 branch:6:32?6#3 next:6:8?6 next:8:12 jump:12:6#1 exc:12:22 next:18:20 jump:20:6#1 jump:22:6#1 "
                          "next:32:34");
    made_done(&m);
}

/* for y in x: try: break / finally: ..., and a continue in the place of the break: the body runs first. */
static void test_block_stack__finally_on_the_way(void **state) {
    static const struct {
        const char *way_out, *edges;
    } rows[] = {
        {"BREAK_LOOP", "jump:12:28#4 branch:12:18?12#2 exc:12:18"},
        {"CONTINUE_LOOP @l", "jump:12:6#1 branch:12:18?12#2 exc:12:18"},
    };
    (void)state;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        char text[400], edges[400];
        made m;
        snprintf(text, sizeof text, "SETUP_LOOP @e; LOAD_FAST 0; GET_ITER; l: FOR_ITER @p; POP_TOP; SETUP_FINALLY @f; %s; POP_BLOCK; "
                 "LOAD_CONST 0; f: LOAD_FAST 1; POP_TOP; END_FINALLY; JUMP_ABSOLUTE @l; p: POP_BLOCK; e: LOAD_CONST 0; RETURN_VALUE",
                 rows[k].way_out);
        made_code(&m, 37, text);
        made_must(&m);
        snprintf(edges, sizeof edges, "next:0:2 next:2:6 branch:6:26?6#3 next:6:8?6 next:8:12 %s next:14:16 next:16:18 jump:18:6#1 "
                 "next:26:28", rows[k].edges);
        made_assert_edges(&m, edges);
        made_assert_depths(&m, "0>0 0>1 1>1 1>2 2>1 1>1 1>1 - - 7>8 8>7 7>1 1>1 0>0 0>1 1>0");
        assert_true(m.stack.is_upper_bound);
        made_done(&m);
    }
}

/* try: return x / finally: ..., and return x alone. */
static void test_block_stack__return(void **state) {
    made m;
    (void)state;
    made_code(&m, 37, "SETUP_FINALLY @f; LOAD_FAST 0; RETURN_VALUE; f: END_FINALLY; LOAD_CONST 0; RETURN_VALUE");
    made_must(&m);
    made_assert_edges(&m, "next:0:2 jump:2:6#1 exc:2:6");
    made_assert_depths(&m, "0>0 0>1 1>0 6>0 0>1 1>0");
    made_assert_uses(&m, "1>2.0 4>5.0");
    made_done(&m);
    made_code(&m, 38, "SETUP_FINALLY @f; LOAD_FAST 0; RETURN_VALUE; f: END_FINALLY; LOAD_CONST 0; RETURN_VALUE"); /* no way to the body */
    made_must(&m);
    made_assert_edges(&m, "next:0:2 exc:2:6");
    made_done(&m);
}

/* try: x / except y as e: z, whose name is unbound by a finally body: 3.6 has taken the old exception off before it. */
static void test_block_stack__name_of_an_exception(void **state) {
    static const char pattern[] = "SETUP_EXCEPT @h; POP_BLOCK; JUMP_FORWARD @e; h: POP_TOP; STORE_FAST 1; POP_TOP; SETUP_FINALLY @f; %s "
                                  "f: LOAD_CONST 0; STORE_FAST 1; DELETE_FAST 1; END_FINALLY; JUMP_FORWARD @e; "
                                  "e: LOAD_CONST 0; RETURN_VALUE";
    char text[400];
    made m;
    (void)state;
    snprintf(text, sizeof text, pattern, "POP_BLOCK; POP_EXCEPT; LOAD_CONST 0;");
    made_code(&m, 36, text);
    made_must(&m);
    made_assert_depths(&m, "0>0 0>0 0>0 6>5 5>4 4>3 3>3 3>3 3>0 0>1 9>10 10>9 9>9 9>0 0>0 0>1 1>0");
    made_done(&m);
    snprintf(text, sizeof text, pattern, "LOAD_CONST 0; RETURN_VALUE;"); /* nothing comes to what follows END_FINALLY */
    made_code(&m, 36, text);
    made_must(&m);
    made_assert_depths(&m, "0>0 0>0 0>0 6>5 5>4 4>3 3>3 3>4 4>3 9>10 10>9 9>9 9>3 - 0>1 1>0");
    made_done(&m);
}

static void test_block_stack__outside_of_a_loop(void **state) {
    static const char *const texts[] = {"BREAK_LOOP; LOAD_CONST 0; RETURN_VALUE", "l: LOAD_CONST 0; CONTINUE_LOOP @l; RETURN_VALUE"};
    (void)state;
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        made m;
        made_code(&m, 37, texts[k]);
        assert_int_equal(made_flow(&m), BF_OK);
        assert_int_equal(m.n_anomalies, 1);
        made_assert_anomaly(&m, 0, k ? 2 : 0, "outside of a loop");
        assert_int_equal(m.facts.n_cfg_edges, 0);
        made_done(&m);
    }
}

/* Loops in loops, as many as fit: each frame is made once. */
static void test_block_stack__many_frames(void **state) {
    made m;
    bf_buf text = {0};
    (void)state;
    for (int k = 0; k < 100; k++) bf_buf_puts(&text, k % 2 ? "SETUP_LOOP @e; " : "SETUP_FINALLY @f; ");
    bf_buf_puts(&text, "BREAK_LOOP; f: END_FINALLY; e: LOAD_CONST 0; RETURN_VALUE");
    bf_buf_putc(&text, 0);
    made_code(&m, 37, text.p);
    assert_int_equal(made_flow(&m), BF_OK);
    assert_int_equal(m.graph.n_blocks, 103);
    bf_buf_free(&text);
    made_done(&m);
}

/* ---- what must hold of real code ---- */

static void check_code(const bf_code_facts *code, const char *path) {
    int32_t at = 0;
    for (uint32_t k = 0; k < code->n_blocks; at = code->blocks[k++].end) assert_int_equal(code->blocks[k].start, at);
    assert_int_equal(at, code->code_len);
    for (uint32_t k = 0; k < code->n_cfg_edges; k++) {
        assert_true(code->cfg_edges[k].src < code->n_blocks && code->cfg_edges[k].dst < code->n_blocks);
        for (uint32_t j = 0; j < k; j++) assert_false(bf_str_eq(code->cfg_edges[k].edge_key, code->cfg_edges[j].edge_key));
    }
    for (uint32_t k = 0; k < code->n_instrs; k++) {
        const bf_instr *i = &code->instrs[k];
        if (i->stack_before > code->stacksize || i->stack_after > code->stacksize)
            fail_msg("%s: %.*s, offset %d: depth %d to %d, co_stacksize is %d", path, (int)code->qualname.n, code->qualname.p, i->offset,
                     i->stack_before, i->stack_after, code->stacksize);
    }
}

static void test_block_stack__fixtures(void **state) {
    static const char *const names[] = {"2.7", "3.6", "3.7"};
    (void)state;
    for (size_t v = 0; v < sizeof names / sizeof *names; v++) {
        char pattern[4096];
        glob_t files;
        snprintf(pattern, sizeof pattern, BF_TEST_DATA "/%s/ok_*.pyc", names[v]);
        if (glob(pattern, 0, NULL, &files)) fail_msg("no fixtures: %s; tools/gen_expect makes them", pattern);
        for (size_t f = 0; f < files.gl_pathc; f++) {
            bf_arena arena = {0};
            bf_file_facts file;
            uint8_t *data;
            size_t size;
            bf_decode_options options = {.path = bf_str_of(files.gl_pathv[f])};
            assert_int_equal(bf_file_read(files.gl_pathv[f], 1 << 24, &data, &size, NULL), BF_OK);
            assert_int_equal(bf_decode_pyc(data, size, &options, &arena, &file, NULL), BF_OK);
            if (file.n_errors) fail_msg("%s: %.*s", files.gl_pathv[f], (int)file.errors[0].message.n, file.errors[0].message.p);
            for (uint32_t k = 0; k < file.n_codes; k++) check_code(&file.codes[k], files.gl_pathv[f]);
            bf_arena_free(&arena);
            free(data);
        }
        globfree(&files);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_block_stack__break),
        cmocka_unit_test(test_block_stack__break_takes_values_off),
        cmocka_unit_test(test_block_stack__continue),
        cmocka_unit_test(test_block_stack__finally_on_the_way),
        cmocka_unit_test(test_block_stack__return),
        cmocka_unit_test(test_block_stack__name_of_an_exception),
        cmocka_unit_test(test_block_stack__outside_of_a_loop),
        cmocka_unit_test(test_block_stack__many_frames),
        cmocka_unit_test(test_block_stack__fixtures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
