/* decode/stack.c: depths by hand and over all fixtures; and what becomes of a file whose code makes no sense. */
#include "decode/flow_code.h"

/* Of every opcode that a compiler writes the table says what it does; only jumps and set-ups push something else when they jump. */
static void test_stack__every_opcode_has_an_effect(void **state) {
    (void)state;
    for (int bit = 0; bit < N_VERSIONS; bit++) {
        const bf_op_info *ops = bf_opcodes(version_of_bit(bit));
        for (int number = 0; number < 256; number++) {
            const bf_op_info *op = &ops[number];
            if (op->kind == BF_OP_PLAIN && op->gives == BF_GIVES_UNKNOWN) fail_msg("%s: %.*s", version_of_bit(bit)->name, (int)op->name.n, op->name.p);
            if (op->kind == BF_OP_UNKNOWN) assert_int_equal(op->gives, BF_GIVES_UNKNOWN);
            if (op->flow != BF_FLOW_BRANCH && op->flow != BF_FLOW_SETUP && op->flow != BF_FLOW_FINALLY) assert_int_equal(op->pushed, op->on_jump);
        }
    }
}

static void test_stack__arguments_count(void **state) {
    made m;
    (void)state;
    made_code(&m, 313, "LOAD_GLOBAL 1; LOAD_FAST 0; LOAD_FAST 1; BUILD_LIST 2; UNPACK_EX 513; POP_TOP; POP_TOP; POP_TOP; POP_TOP; LOAD_FAST 0; "
                       "CALL 0; RETURN_VALUE");
    made_must(&m);
    made_assert_depths(&m, "0>2 2>3 3>4 4>3 3>3 3>6 6>5 5>4 4>3 3>2 2>3 3>2 2>1"); /* UNPACK_EX has a prefix: one before, two after */
    made_done(&m);
}

static void test_stack__jumps_that_pop(void **state) {
    made m;
    (void)state;
    made_code(&m, 38, "LOAD_FAST 0; JUMP_IF_FALSE_OR_POP @e; LOAD_FAST 1; e: RETURN_VALUE");
    made_must(&m);
    made_assert_depths(&m, "0>1 1>0 0>1 1>0");
    made_done(&m);
    made_code(&m, 38, "LOAD_FAST 0; GET_ITER; l: FOR_ITER @e; POP_TOP; JUMP_ABSOLUTE @l; e: LOAD_CONST 0; RETURN_VALUE");
    made_must(&m);
    made_assert_depths(&m, "0>1 1>1 1>2 2>1 1>1 0>1 1>0");
    made_done(&m);
    made_code(&m, 312, "LOAD_FAST 0; GET_ITER; l: FOR_ITER @e; POP_TOP; JUMP_BACKWARD @l; e: END_FOR; RETURN_CONST 0");
    made_must(&m);
    made_assert_depths(&m, "0>1 1>1 1>2 2>1 1>1 2>0 0>0");
    made_done(&m);
}

/* Of generators and coroutines 3.10 to 3.12 count what resumes them from the start. */
static void test_stack__generators(void **state) {
    static const struct {
        int version, flags;
        const char *text, *depths;
    } rows[] = {
        {39, 0x63, "LOAD_CONST 0; YIELD_VALUE; RETURN_VALUE", "0>1 1>1 1>0"},
        {310, 0x63, "GEN_START 0; LOAD_CONST 0; YIELD_VALUE; RETURN_VALUE", "1>0 0>1 1>1 1>0"},
        {311, 0x80, "RETURN_GENERATOR; POP_TOP; LOAD_CONST 0; RETURN_VALUE", "1>1 1>0 0>1 1>0"},
        {312, 0x200, "RETURN_GENERATOR; POP_TOP; RETURN_CONST 0", "1>1 1>0 0>0"},
        {312, 0x100, "NOP; RETURN_CONST 0", "0>0 0>0"}, /* CO_ITERABLE_COROUTINE says nothing */
        {313, 0x20, "RETURN_GENERATOR; POP_TOP; RETURN_CONST 0", "0>1 1>0 0>0"},
        {314, 0x20, "RETURN_GENERATOR; POP_TOP; LOAD_CONST 0; RETURN_VALUE", "0>1 1>0 0>1 1>1"},
    };
    (void)state;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        made m;
        made_code(&m, rows[k].version, rows[k].text);
        m.facts.flags = rows[k].flags;
        made_must(&m);
        made_assert_depths(&m, rows[k].depths);
        made_done(&m);
    }
}

static void test_stack__set_ups(void **state) {
    made m;
    (void)state;
    made_code(&m, 38, "LOAD_FAST 0; SETUP_ASYNC_WITH @h; POP_TOP; POP_BLOCK; LOAD_CONST 0; RETURN_VALUE; h: POP_TOP; LOAD_CONST 0; RETURN_VALUE");
    made_must(&m);
    made_assert_depths(&m, "0>1 1>1 1>0 0>0 0>1 1>0 6>5 5>6 6>5");
    assert_int_equal(m.stack.greatest, 6);
    made_done(&m);
}

/* 3.8: a finally body is recorded as its handler finds it, and all after it. */
static void test_stack__upper_bound(void **state) {
    made m;
    (void)state;
    made_code(&m, 38, "SETUP_FINALLY @f; LOAD_FAST 0; POP_BLOCK; CALL_FINALLY @f; RETURN_VALUE; f: LOAD_FAST 1; POP_TOP; END_FINALLY; "
                      "LOAD_CONST 0; RETURN_VALUE");
    made_must(&m);
    made_assert_depths(&m, "0>0 0>1 1>1 1>1 1>0 6>7 7>6 6>0 0>1 1>0");
    assert_true(m.stack.is_upper_bound);
    made_done(&m);
    made_code(&m, 38, "SETUP_FINALLY @f; POP_BLOCK; BEGIN_FINALLY; f: END_FINALLY; LOAD_CONST 0; RETURN_VALUE");
    made_must(&m);
    assert_false(m.stack.is_upper_bound); /* dis counts six for BEGIN_FINALLY */
    made_done(&m);
}

/* ---- what no compiler writes ---- */

static void assert_wrong(made *m, int64_t offset, const char *part, const char *depths) {
    assert_int_equal(made_flow(m), BF_OK);
    assert_int_equal(m->n_anomalies, 1);
    made_assert_anomaly(m, 0, offset, part);
    assert_true(m->stack.has_errors);
    made_assert_depths(m, depths);
    assert_int_equal(m->facts.n_dfg_edges, 0);
    made_done(m);
}

static void test_stack__underflow(void **state) {
    made m;
    (void)state;
    made_code(&m, 312, "LOAD_FAST 0; BINARY_OP 0; POP_TOP; RETURN_CONST 0");
    assert_wrong(&m, 2, "BINARY_OP pops 2 values, there are 1", "0>1 - - -");
    made_code(&m, 312, "LOAD_FAST 0; COPY 2; RETURN_CONST 0");
    assert_wrong(&m, 2, "COPY pops 2", "0>1 - -");
    made_code(&m, 312, "NOP; BUILD_LIST 2147483647; RETURN_VALUE");
    assert_wrong(&m, 8, "BUILD_LIST pops 2147483647", "0>0 0>0 0>0 0>0 - -");
}

/* A finally body that is reached with nothing on the stack, not even what tells it how to go on: found by tests/fuzz. */
static void test_stack__finally_of_nothing(void **state) {
    made m;
    (void)state;
    made_code(&m, 36, "SETUP_FINALLY @f; f: END_FINALLY; LOAD_CONST 0; RETURN_VALUE");
    assert_int_equal(made_flow(&m), BF_OK);
    made_assert_anomaly(&m, m.n_anomalies - 1, 2, "END_FINALLY pops 7 values, there are 6");
    assert_true(m.stack.has_errors);
    made_assert_depths(&m, "0>0 - - -");
    made_done(&m);
}

/* What follows is not known on one path, and so not at all. */
static void test_stack__underflow_on_one_path(void **state) {
    made m;
    (void)state;
    made_code(&m, 312, "LOAD_FAST 0; POP_JUMP_IF_FALSE @e; POP_TOP; e: LOAD_FAST 0; POP_TOP; RETURN_CONST 0");
    assert_wrong(&m, 4, "POP_TOP pops 1", "0>1 1>0 - - - -");
}

static void test_stack__paths_that_disagree(void **state) {
    made m;
    (void)state;
    made_code(&m, 312, "LOAD_FAST 0; POP_JUMP_IF_FALSE @e; LOAD_FAST 1; e: LOAD_FAST 0; POP_JUMP_IF_FALSE @r; NOP; r: RETURN_CONST 0");
    assert_wrong(&m, 6, "reached with", "0>1 1>0 0>1 - - - -");
    made_code(&m, 312, "l: LOAD_FAST 0; JUMP_BACKWARD @l");
    assert_wrong(&m, 0, "reached with 0 values on the stack and with 1", "- -");
}

static void test_stack__handlers_that_find_too_much(void **state) {
    made m;
    (void)state;
    made_code(&m, 312, "a: LOAD_FAST 0; POP_TOP; RETURN_CONST 0; h: RERAISE 0");
    made_exc(&m, 'a', 'h', 'h', 1, false);
    assert_wrong(&m, 0, "keeps 1 values", "0>1 1>0 0>0 -");
    made_code(&m, 312, "a: NOP; RETURN_CONST 0; h: RERAISE 0");
    made_exc(&m, 'a', 'h', 'h', INT32_MAX / 4, true);
    assert_wrong(&m, 0, "of the exception table keeps", "0>0 0>0 -");
    made_code(&m, 312, "LOAD_FAST 0; LOAD_FAST 0; a: POP_TOP; c: POP_TOP; RETURN_CONST 0; h: RERAISE 0"); /* two entries, two depths */
    made_exc(&m, 'a', 'c', 'h', 1, false);
    made_exc(&m, 'c', 'h', 'h', 0, false);
    assert_wrong(&m, 10, "reached with", "0>1 1>2 2>1 1>0 0>0 -");
}

static void test_stack__unknown_opcode(void **state) {
    made m;
    (void)state;
    made_code(&m, 312, "NOP; LOAD_FAST 0; RETURN_VALUE");
    while (bf_opcodes(m.version)[m.facts.instrs[1].baseopcode].kind != BF_OP_UNKNOWN) m.facts.instrs[1].baseopcode++;
    assert_wrong(&m, 2, "is not known", "0>0 - -");
}

static void test_stack__huge(void **state) {
    made m;
    (void)state;
    made_code(&m, 312, "LOAD_FAST 0; UNPACK_SEQUENCE 2147483647; RETURN_CONST 0");
    assert_wrong(&m, 8, "makes a stack of 2147483647", "0>1 1>1 1>1 1>1 - -");
}

/* ---- files ---- */

static void put_u32(bf_buf *out, uint32_t n) {
    const uint8_t bytes[] = {(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), (uint8_t)(n >> 24)};
    bf_buf_put(out, bytes, sizeof bytes);
}

static void put_bytes(bf_buf *out, const void *bytes, uint32_t n) {
    bf_buf_putc(out, 's');
    put_u32(out, n);
    bf_buf_put(out, bytes, n);
}

/* A file of CPython 3.12 with this code, and no names and constants. */
static void put_file(bf_buf *out, const made *m) {
    static const uint8_t magic[] = {0xcb, 0x0d, '\r', '\n', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    bf_buf_put(out, magic, sizeof magic);
    bf_buf_putc(out, 'c' | 0x80);
    for (int k = 0; k < 5; k++) put_u32(out, k == 3 ? 10 : 0); /* argument counts, stack size, flags */
    put_bytes(out, m->bytes, m->n_bytes);
    bf_buf_put(out, ")\0)\0)\0", 6);
    put_bytes(out, "", 0);
    bf_buf_puts(out, "z\001fz\001nz\001q");
    put_u32(out, 1);
    put_bytes(out, "", 0);
    put_bytes(out, "", 0);
}

static bf_str attr(const bf_attrs *attrs, const char *key) {
    for (uint32_t i = 0; i < attrs->n; i++)
        if (bf_str_eq(attrs->items[i].key, bf_str_of(key))) return attrs->items[i].value;
    return (bf_str){NULL, 0};
}

/* NULL: no such row. Rows of names that are not there have the stage code. */
static const bf_error_fact *row_of(const bf_file_facts *file, const char *stage) {
    for (uint32_t k = 0; k < file->n_errors; k++)
        if (bf_str_eq(attr(&file->errors[k].attrs, "error_stage"), bf_str_of(stage))) return &file->errors[k];
    return NULL;
}

static void test_stack__error_rows(void **state) {
    static const struct {
        const char *text, *stage, *part;
    } rows[] = {
        {"NOP; JUMP_FORWARD 9", "cfg", "JUMP_FORWARD to 22"},
        {"LOAD_CONST 0; POP_TOP; POP_TOP; NOP", "stack_effect", "POP_TOP pops 1"},
        {"LOAD_CONST 0; UNPACK_SEQUENCE 100000; NOP", "limit", "data flow left out: more than 1000 steps of data flow in one file; --limit flow_steps=N raises it"},
    };
    (void)state;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        made m;
        bf_buf bytes = {0};
        bf_arena arena = {0};
        bf_file_facts file;
        bf_limits limits = {.flow_steps = 1000};
        bf_decode_options options = {.path = BF_STR("m.pyc"), .limits = &limits};
        made_code(&m, 312, rows[k].text);
        put_file(&bytes, &m);
        assert_int_equal(bf_decode_pyc((uint8_t *)bytes.p, bytes.n, &options, &arena, &file, NULL), BF_OK);
        assert_text(attr(&file.attrs, "include_cfg"), "true");
        assert_int_equal(file.n_codes, 1);
        const bf_error_fact *row = row_of(&file, rows[k].stage);
        assert_non_null(row);
        bf_buf message = {0};
        bf_buf_put_str(&message, row->message);
        bf_buf_putc(&message, 0);
        if (!strstr(message.p, rows[k].part)) fail_msg("\"%s\" does not say \"%s\"", message.p, rows[k].part);
        assert_true(bf_str_eq(attr(&row->attrs, "code_id"), file.codes[0].code_id));
        assert_non_null(attr(&row->attrs, "offset").p);
        assert_int_equal(file.codes[0].n_instrs, m.facts.n_instrs); /* the rest is there */

        options.no_flow = true;
        assert_int_equal(bf_decode_pyc((uint8_t *)bytes.p, bytes.n, &options, &arena, &file, NULL), BF_OK);
        assert_text(attr(&file.attrs, "include_cfg"), "false");
        assert_null(row_of(&file, rows[k].stage));
        assert_int_equal(file.codes[0].n_blocks + file.codes[0].n_cfg_edges + file.codes[0].n_dfg_edges, 0);
        assert_int_equal(file.codes[0].instrs[0].stack_before, BF_NONE_INT);
        bf_buf_free(&message);
        bf_buf_free(&bytes);
        bf_arena_free(&arena);
        made_done(&m);
    }
}

static int32_t n_codes, n_exact;

static void check_depths(const bf_code_facts *code, const char *path) {
    int32_t greatest = 0;
    for (uint32_t k = 0; k < code->n_instrs; k++) {
        const bf_instr *i = &code->instrs[k];
        if (i->stack_before > greatest) greatest = i->stack_before;
        if (i->stack_after > greatest) greatest = i->stack_after;
    }
    if (greatest > code->stacksize) fail_msg("%s: %.*s has a depth of %d, co_stacksize is %d", path, (int)code->qualname.n, code->qualname.p, greatest, code->stacksize);
    if (code->n_instrs) assert_int_equal(code->instrs[0].stack_before != BF_NONE_INT, true);
    n_codes++;
    n_exact += greatest == code->stacksize;
}

static void test_stack__fixtures(void **state) {
    (void)state;
    made_each_fixture(check_depths);
    printf("of these %d reach co_stacksize\n", n_exact);
    assert_true(n_exact > n_codes * 98 / 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stack__every_opcode_has_an_effect),
        cmocka_unit_test(test_stack__arguments_count),
        cmocka_unit_test(test_stack__jumps_that_pop),
        cmocka_unit_test(test_stack__generators),
        cmocka_unit_test(test_stack__set_ups),
        cmocka_unit_test(test_stack__upper_bound),
        cmocka_unit_test(test_stack__underflow),
        cmocka_unit_test(test_stack__finally_of_nothing),
        cmocka_unit_test(test_stack__underflow_on_one_path),
        cmocka_unit_test(test_stack__paths_that_disagree),
        cmocka_unit_test(test_stack__handlers_that_find_too_much),
        cmocka_unit_test(test_stack__unknown_opcode),
        cmocka_unit_test(test_stack__huge),
        cmocka_unit_test(test_stack__error_rows),
        cmocka_unit_test(test_stack__fixtures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
