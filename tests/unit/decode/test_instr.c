/* decode/instr.c against dis.get_instructions of every version: instr_cases.inc; and what no compiler writes, by hand. */
#include "decode/instr.h"
#include "decode/repr.h"
#include "failing.h"

static const struct {
    unsigned mask;
    const char *name;
    size_t n;
    const char *bytes; /* a marshalled code object */
    const char *text;
} rows[] = {
#define INSTR(mask, name, n, bytes, text) {mask, name, n, bytes, text},
#include "decode/instr_cases.inc"
};

enum { N_ROWS = sizeof rows / sizeof *rows, MAX_ANOMALIES = 16 };

typedef struct anomalies {
    int n;
    int64_t offsets[MAX_ANOMALIES];
    char texts[MAX_ANOMALIES][200];
} anomalies;

static void on_anomaly(void *context, int64_t offset, const char *format, ...) {
    anomalies *a = context;
    va_list args;
    if (a->n == MAX_ANOMALIES) return;
    va_start(args, format);
    vsnprintf(a->texts[a->n], sizeof a->texts[0], format, args);
    va_end(args);
    a->offsets[a->n++] = offset;
}

/* ---- against CPython ---- */

static void put_number(bf_buf *out, int32_t number) {
    if (number == BF_NONE_INT)
        bf_buf_puts(out, " -");
    else
        bf_buf_printf(out, " %d", number);
}

/* One line an instruction, as `instructions_text` in gen_cases.py writes it. */
static void put_instr(bf_buf *out, const bf_instr *i, const bf_cpython *version) {
    static const char argval_kinds[] = {
        [BF_ARGVAL_NAME] = 1, [BF_ARGVAL_LOCAL] = 1, [BF_ARGVAL_FREE] = 1, [BF_ARGVAL_COMPARE] = 1, [BF_ARGVAL_JUMP] = 0};
    bf_buf_printf(out, "%d %.*s %u", i->offset, (int)i->op->name.n, i->op->name.p, i->opcode);
    put_number(out, i->has_arg ? i->arg : BF_NONE_INT);
    bf_buf_printf(out, " (%.*s) ", (int)i->argrepr.n, i->argrepr.p);
    bf_buf_put_str(out, argval_kinds[i->argval_kind] && i->argval_str.p ? i->argval_str : BF_STR("-"));
    put_number(out, i->starts_line);
    put_number(out, version->has_localsplus ? i->line_number : BF_NONE_INT);
    put_number(out, i->label);
    put_number(out, i->jump_target);
    bf_buf_puts(out, version->label_repr ? " " : " -");
    if (version->label_repr) bf_buf_printf(out, "%d-%d", i->start_offset, i->end_offset);
    bf_buf_putc(out, ' ');
    for (int k = 0; k < i->n_caches && version->label_repr; k++) {
        bf_buf_printf(out, "%s%.*s=", k ? ";" : "", (int)i->caches[k].name.n, i->caches[k].name.p);
        for (int b = 0; b < 2 * i->caches[k].size; b++) bf_buf_printf(out, "%02x", i->caches[k].data[b]);
    }
}

static void test_instr__as_dis_shows(void **state) {
    (void)state;
    for (int k = 0; k < N_ROWS; k++)
        for (int bit = 0; bit < N_VERSIONS; bit++) {
            if (!(rows[k].mask >> bit & 1)) continue;
            const bf_cpython *version = version_of_bit(bit);
            bf_arena arena = {0};
            bf_object *root;
            bf_code code;
            bf_lines lines;
            bf_instrs instrs;
            bf_buf text = {0};
            bf_str reprs[512];
            anomalies found = {0};
            size_t end;
            uint8_t *data = exact_copy(rows[k].bytes, rows[k].n);
            assert_int_equal(bf_marshal_read(&root, data, rows[k].n, 0, version, NULL, &arena, &end, NULL), BF_OK);
            assert_int_equal(bf_code_from_raw(&code, root->u.code, version, data, rows[k].n, &arena, NULL), BF_OK);
            assert_int_equal(bf_code_lines(&lines, &code, &arena, NULL), BF_OK);
            assert_true(code.n_consts <= 512);
            for (uint32_t c = 0; c < code.n_consts; c++) {
                text.n = 0;
                assert_int_equal(bf_repr(&text, code.consts[c], version, NULL, NULL), BF_OK);
                reprs[c] = bf_arena_str(&arena, text.p, text.n);
            }
            text.n = 0;
            bf_instr_input in = {.code = &code, .lines = &lines, .const_reprs = reprs, .n_const_reprs = code.n_consts, .arena = &arena,
                                 .on_anomaly = on_anomaly, .context = &found};
            assert_int_equal(bf_instr_decode(&instrs, &in, NULL), BF_OK);
            size_t text_bytes = 0;
            for (uint32_t i = 0; i < instrs.n; i++) {
                if (i) bf_buf_putc(&text, '\n');
                put_instr(&text, &instrs.items[i], version);
                assert_int_equal(instrs.items[i].is_jump_target, instrs.items[i].label != BF_NONE_INT);
                assert_int_equal(instrs.items[i].opcode, instrs.items[i].baseopcode);
                text_bytes += instrs.items[i].argrepr.n + instrs.items[i].argval_str.n;
            }
            assert_said(&text, rows[k].text, rows[k].name, version->name);
            assert_int_equal(instrs.text_bytes, text_bytes);
            if (found.n && strcmp(rows[k].name, "every_opcode")) /* which jumps to odd places */
                fail_msg("%s of CPython %s: %s", rows[k].name, version->name, found.texts[0]);
            bf_buf_free(&text);
            bf_arena_free(&arena);
            free(data);
        }
}

/* ---- by hand: opcodes by name, so that a test says what it means ---- */

static uint8_t op(int version, const char *name) {
    const bf_op_info *ops = bf_opcodes(version_of(version));
    for (int number = 0; number < 256; number++)
        if (bf_str_eq(ops[number].name, bf_str_of(name))) return (uint8_t)number;
    fail_msg("no %s in version %d", name, version);
    return 0;
}

typedef struct decoded {
    bf_arena arena;
    bf_code code;
    bf_lines lines;
    bf_instrs instrs;
    anomalies found;
    uint8_t *bytes;
} decoded;

static bf_object const_items[] = {{.type = BF_OBJ_NONE},
                                  {.type = BF_OBJ_INT, .u.i = 7},
                                  {.type = BF_OBJ_TRUE},
                                  {.type = BF_OBJ_STR, .n = 1, .u.p = "s"},
                                  {.type = BF_OBJ_FLOAT, .u.f = 1.5}};
static bf_object *consts[] = {&const_items[0], &const_items[1], &const_items[2], &const_items[3], &const_items[4]};
static const bf_str const_reprs[] = {BF_STR_INIT("None"), BF_STR_INIT("7"), BF_STR_INIT("True"), BF_STR_INIT("'s'"), BF_STR_INIT("1.5")};
static bf_str name_items[] = {BF_STR_INIT("zero"), BF_STR_INIT("one")};

static bf_status decode_in(decoded *d, int version, bf_arena arena, const uint8_t *bytes, size_t n) {
    *d = (decoded){.arena = arena, .bytes = exact_copy(bytes, n)};
    d->code = (bf_code){.version = version_of(version),
                        .bytecode = d->bytes,
                        .n_bytecode = (uint32_t)n,
                        .bytecode_offset = 100,
                        .consts = consts,
                        .n_consts = 5,
                        .names = {name_items, 2},
                        .locals = {name_items, 2},
                        .frees = {name_items, 2}};
    bf_instr_input in = {.code = &d->code,
                         .lines = &d->lines,
                         .const_reprs = const_reprs,
                         .n_const_reprs = 5,
                         .arena = &d->arena,
                         .on_anomaly = on_anomaly,
                         .context = &d->found};
    bf_error err = {0};
    bf_status st = bf_instr_decode(&d->instrs, &in, &err);
    assert_int_equal(err.code, st);
    return st;
}

#define DECODE(d, version, ...)                                                                        \
    do {                                                                                               \
        const uint8_t decode_bytes_[] = {__VA_ARGS__};                                                 \
        assert_int_equal(decode_in(d, version, (bf_arena){0}, decode_bytes_, sizeof decode_bytes_), BF_OK); \
    } while (0)

static void done(decoded *d) {
    bf_arena_free(&d->arena);
    free(d->bytes);
}

static void assert_anomaly(const decoded *d, int index, int64_t offset, const char *part) {
    assert_true(d->found.n > index);
    assert_int_equal(d->found.offsets[index], offset);
    if (!strstr(d->found.texts[index], part)) fail_msg("\"%s\" does not say \"%s\"", d->found.texts[index], part);
}

static void test_instr__empty_code(void **state) {
    decoded d;
    (void)state;
    assert_int_equal(decode_in(&d, 312, (bf_arena){0}, NULL, 0), BF_OK);
    assert_int_equal(d.instrs.n, 0);
    assert_int_equal(d.found.n, 0);
    done(&d);
}

static void test_instr__odd_byte_at_the_end(void **state) {
    decoded d;
    (void)state;
    DECODE(&d, 312, op(312, "NOP"), 0, op(312, "NOP"));
    assert_int_equal(d.instrs.n, 1);
    assert_anomaly(&d, 0, 102, "3 bytes");
    done(&d);
}

static void test_instr__extended_arg_chain(void **state) {
    decoded d;
    (void)state;
    uint8_t x = op(312, "EXTENDED_ARG");
    DECODE(&d, 312, x, 0, x, 0, x, 0, op(312, "LOAD_CONST"), 1, op(312, "LOAD_CONST"), 3);
    assert_int_equal(d.instrs.n, 5);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(d.instrs.items[i].start_offset, 2 * i); /* an EXTENDED_ARG starts at itself */
        assert_true(d.instrs.items[i].has_arg);
        assert_int_equal(d.instrs.items[i].arg, 0);
    }
    assert_int_equal(d.instrs.items[3].offset, 6);
    assert_int_equal(d.instrs.items[3].start_offset, 0);
    assert_int_equal(d.instrs.items[3].arg, 1);
    assert_int_equal(d.instrs.items[4].start_offset, 8); /* the prefix is used up */
    assert_int_equal(d.instrs.items[4].arg, 3);
    assert_int_equal(d.found.n, 0);
    done(&d);
}

/* 3.12 on: "the oparg is stored as a signed integer"; four bytes of prefix, and the fifth drops out at the top. */
static void test_instr__extended_arg_overflows(void **state) {
    decoded d;
    (void)state;
    uint8_t x = op(313, "EXTENDED_ARG");
    DECODE(&d, 313, x, 0xff, x, 0xff, x, 0xff, op(313, "BUILD_TUPLE"), 0xfe);
    assert_int_equal(d.instrs.items[2].arg, 0xffffff);
    assert_int_equal(d.instrs.items[3].arg, -2);
    assert_int_equal(d.instrs.items[3].argval_int, -2);
    done(&d);
    DECODE(&d, 313, x, 1, x, 2, x, 3, x, 4, op(313, "BUILD_TUPLE"), 5);
    assert_int_equal(d.instrs.items[4].arg, 0x02030405);
    done(&d);
}

static void test_instr__extended_arg_at_the_end(void **state) {
    decoded d;
    (void)state;
    DECODE(&d, 310, op(310, "NOP"), 0, op(310, "EXTENDED_ARG"), 1);
    assert_int_equal(d.instrs.n, 2);
    assert_anomaly(&d, 0, 104, "EXTENDED_ARG");
    done(&d);
}

/* An opcode without argument takes the prefix with it. */
static void test_instr__extended_arg_before_no_argument(void **state) {
    decoded d;
    (void)state;
    DECODE(&d, 312, op(312, "EXTENDED_ARG"), 1, op(312, "NOP"), 9, op(312, "LOAD_CONST"), 1);
    assert_false(d.instrs.items[1].has_arg);
    assert_int_equal(d.instrs.items[2].arg, 1);
    assert_int_equal(d.instrs.items[2].start_offset, 4);
    done(&d);
}

static void test_instr__caches(void **state) {
    decoded d;
    (void)state;
    DECODE(&d, 312, op(312, "LOAD_GLOBAL"), 2, 0, 0, 0, 0, 0, 0, 0, 0, op(312, "NOP"), 0);
    assert_int_equal(d.instrs.n, 2);
    assert_int_equal(d.instrs.items[0].end_offset, 10);
    assert_int_equal(d.instrs.items[1].offset, 10);
    assert_int_equal(d.instrs.items[0].n_caches, 4);
    assert_text(d.instrs.items[0].caches[0].name, "counter"); /* opcode._cache_format["LOAD_GLOBAL"] of CPython 3.12.1 */
    assert_text(d.instrs.items[0].caches[3].name, "builtin_keys_version");
    assert_ptr_equal(d.instrs.items[0].caches[1].data, d.bytes + 4);
    assert_text(d.instrs.items[0].argrepr, "one");
    assert_int_equal(d.found.n, 0);
    done(&d);
}

static void test_instr__cache_that_is_not_zero(void **state) {
    decoded d;
    (void)state;
    DECODE(&d, 312, op(312, "LOAD_GLOBAL"), 2, 0, 0, 1, 0, 0, 0, 0, 0);
    assert_int_equal(d.found.n, 1);
    assert_anomaly(&d, 0, 102, "LOAD_GLOBAL");
    assert_int_equal(d.instrs.items[0].caches[1].data[0], 1);
    done(&d);
}

static void test_instr__caches_past_the_end(void **state) {
    decoded d;
    (void)state;
    DECODE(&d, 312, op(312, "NOP"), 0, op(312, "LOAD_GLOBAL"), 2, 0, 0);
    assert_int_equal(d.instrs.n, 2);
    assert_int_equal(d.instrs.items[1].end_offset, 6);
    assert_int_equal(d.instrs.items[1].n_caches, 1);
    assert_anomaly(&d, 0, 102, "past the end");
    done(&d);
}

static void test_instr__specialized_opcode(void **state) {
    decoded d;
    (void)state;
    uint8_t number = op(312, "BINARY_OP_ADD_INT"), base = op(312, "BINARY_OP");
    DECODE(&d, 312, number, 0, 0, 0);
    assert_int_equal(d.instrs.items[0].opcode, number);
    assert_int_equal(d.instrs.items[0].baseopcode, base);
    assert_text(d.instrs.items[0].op->name, "BINARY_OP_ADD_INT");
    assert_text(d.instrs.items[0].base->name, "BINARY_OP");
    assert_text(d.instrs.items[0].argrepr, "+");
    assert_int_equal(d.instrs.items[0].end_offset, 4); /* the caches are the base's */
    assert_anomaly(&d, 0, 100, "specialized");
    done(&d);
}

static void test_instr__instrumented_and_unknown_opcodes(void **state) {
    decoded d;
    (void)state;
    uint8_t number = op(313, "INSTRUMENTED_RESUME"), unknown = 0;
    const bf_op_info *ops = bf_opcodes(version_of(313));
    while (ops[unknown].kind != BF_OP_UNKNOWN) unknown++;
    DECODE(&d, 313, number, 0, unknown, 5, op(313, "NOP"), 0);
    assert_int_equal(d.instrs.n, 3);
    assert_text(d.instrs.items[0].base->name, "RESUME");
    assert_anomaly(&d, 0, 100, "instrumented");
    assert_anomaly(&d, 1, 102, "unknown");
    assert_int_equal(d.instrs.items[1].op->name.p[0], '<');
    assert_false(d.instrs.items[1].has_arg);
    done(&d);
}

static void test_instr__arguments_past_their_table(void **state) {
    static const struct {
        const char *name;
        uint8_t arg;
        const char *part;
    } cases[] = {{"LOAD_CONST", 5, "co_consts has 5"},
                 {"LOAD_NAME", 2, "co_names has 2"},
                 {"LOAD_FAST", 2, "has 2"},
                 {"LOAD_DEREF", 2, "has 2"},
                 {"COMPARE_OP", 0xf0, "means nothing"},
                 {"BINARY_OP", 99, "means nothing"},
                 {"CALL_INTRINSIC_1", 99, "means nothing"}};
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        decoded d;
        DECODE(&d, 312, op(312, cases[k].name), cases[k].arg, 0, 0);
        assert_int_equal(d.instrs.items[0].arg, cases[k].arg);
        assert_text(d.instrs.items[0].argrepr, "");
        bool found = false;
        for (int i = 0; i < d.found.n; i++) found |= strstr(d.found.texts[i], cases[k].part) && d.found.offsets[i] == 100;
        if (!found) fail_msg("%s %u: no anomaly that says \"%s\"", cases[k].name, cases[k].arg, cases[k].part);
        done(&d);
    }
}

/* argval of constants: the integer of an int or bool, the text of a str, the repr of the rest, nothing of None. */
static void test_instr__argval_of_constants(void **state) {
    static const struct {
        bool has_int;
        int64_t number;
        const char *text;
    } cases[] = {{false, 0, NULL}, {true, 7, "7"}, {true, 1, "True"}, {false, 0, "s"}, {false, 0, "1.5"}};
    (void)state;
    for (uint8_t k = 0; k < 5; k++) {
        decoded d;
        DECODE(&d, 38, op(38, "LOAD_CONST"), k);
        const bf_instr *i = &d.instrs.items[0];
        assert_int_equal(i->argval_kind, BF_ARGVAL_CONST);
        assert_int_equal(i->has_argval_int, cases[k].has_int);
        if (cases[k].has_int) assert_int_equal(i->argval_int, cases[k].number);
        if (cases[k].text)
            assert_text(i->argval_str, cases[k].text);
        else
            assert_null(i->argval_str.p);
        assert_text(i->argrepr, (const char *)const_reprs[k].p);
        done(&d);
    }
}

/* ---- jumps ---- */

/* Labels count in the order of their offsets, not of the jumps; two jumps to one place share one. */
static void test_instr__labels_in_offset_order(void **state) {
    decoded d;
    (void)state;
    uint8_t nop = op(313, "NOP"), forward = op(313, "JUMP_FORWARD"), back = op(313, "JUMP_BACKWARD");
    DECODE(&d, 313, nop, 0, forward, 4, back, 4, 0, 0, forward, 1, nop, 0, nop, 0); /* 2 -> 12; 4 -> 0; 8 -> 12 */
    assert_int_equal(d.found.n, 0);
    assert_int_equal(d.instrs.n_labels, 2);
    assert_int_equal(d.instrs.items[0].label, 1);
    assert_int_equal(d.instrs.items[5].label, 2);
    assert_int_equal(d.instrs.items[5].offset, 12);
    assert_text(d.instrs.items[1].argrepr, "to L2");
    assert_text(d.instrs.items[2].argrepr, "to L1");
    assert_text(d.instrs.items[3].argrepr, "to L2");
    assert_int_equal(d.instrs.items[2].jump_target, 0);
    assert_int_equal(d.instrs.items[2].argval_int, 0);
    assert_int_equal(d.instrs.items[1].label, BF_NONE_INT);
    done(&d);
}

static void test_instr__jump_out_of_the_code(void **state) {
    decoded d;
    (void)state;
    DECODE(&d, 312, op(312, "JUMP_FORWARD"), 9, op(312, "JUMP_BACKWARD"), 9);
    assert_int_equal(d.instrs.items[0].jump_target, 20);
    assert_int_equal(d.instrs.items[1].jump_target, -14);
    assert_text(d.instrs.items[0].argrepr, "to 20");
    assert_text(d.instrs.items[1].argrepr, "to -14");
    assert_anomaly(&d, 0, 100, "20");
    assert_anomaly(&d, 1, 102, "-14");
    assert_int_equal(d.instrs.n_labels, 0);
    done(&d);
    DECODE(&d, 313, op(313, "JUMP_FORWARD"), 1, op(313, "NOP"), 0); /* right behind the last instruction */
    assert_int_equal(d.found.n, 1);
    assert_int_equal(d.instrs.items[0].jump_target, 4);
    done(&d);
    DECODE(&d, 39, op(39, "JUMP_ABSOLUTE"), 3, op(39, "NOP"), 0); /* between instructions */
    assert_int_equal(d.instrs.items[0].jump_target, 3);
    assert_anomaly(&d, 0, 100, "3");
    done(&d);
}

/* Arguments near 2**31: targets that no int32 holds are null. */
static void test_instr__jump_targets_that_overflow(void **state) {
    static const int ids[] = {38, 310, 312, 313, 315};
    static const char *const names[] = {"JUMP_FORWARD", "JUMP_ABSOLUTE", "JUMP_BACKWARD", "FOR_ITER"};
    static const uint8_t tops[] = {0x3f, 0x40, 0x7f, 0x80, 0xff};
    (void)state;
    for (size_t v = 0; v < sizeof ids / sizeof *ids; v++)
        for (size_t k = 0; k < sizeof names / sizeof *names; k++)
            for (size_t t = 0; t < sizeof tops; t++) {
                bool found = false;
                const bf_op_info *ops = bf_opcodes(version_of(ids[v]));
                for (int number = 0; number < 256; number++) found |= bf_str_eq(ops[number].name, bf_str_of(names[k]));
                if (!found) continue;
                decoded d;
                uint8_t x = op(ids[v], "EXTENDED_ARG");
                DECODE(&d, ids[v], x, tops[t], x, 0xff, x, 0xff, op(ids[v], names[k]), 0xff, 0, 0);
                const bf_instr *i = &d.instrs.items[3];
                if (i->jump_target < 0 || i->jump_target >= (int32_t)d.code.n_bytecode) assert_true(d.found.n >= 1);
                assert_int_equal(i->has_argval_int, i->jump_target != BF_NONE_INT);
                int64_t distance = (int64_t)i->arg * d.code.version->jump_unit;
                int64_t next = ops[i->baseopcode].arg == BF_ARG_JUMP_ABS ? 0 : 8 + 2 * ops[i->baseopcode].caches->n_units;
                int64_t target = k == 2 ? next - distance : next + distance;
                assert_int_equal(i->jump_target, target > INT32_MAX || target <= INT32_MIN ? BF_NONE_INT : target);
                done(&d);
            }
}

/* ---- hostile and scarce ---- */

static void test_instr__any_bytes_in_any_version(void **state) {
    (void)state;
    uint32_t seed = 1;
    for (int bit = 0; bit < N_VERSIONS; bit++)
        for (int round = 0; round < 300; round++) {
            uint8_t bytes[16];
            decoded d;
            size_t n = (size_t)round % 17;
            for (size_t i = 0; i < n; i++) bytes[i] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
            assert_int_equal(decode_in(&d, version_of_bit(bit)->id, (bf_arena){0}, bytes, n), BF_OK);
            int32_t at = 0;
            for (uint32_t i = 0; i < d.instrs.n; i++) { /* they cover the code, one after the other */
                assert_int_equal(d.instrs.items[i].offset, at);
                assert_true(d.instrs.items[i].start_offset <= at);
                assert_non_null(d.instrs.items[i].argrepr.p);
                at = d.instrs.items[i].end_offset;
            }
            assert_int_equal(at, n & ~(size_t)1);
            done(&d);
        }
}

static void test_instr__failed_allocations(void **state) {
    (void)state;
    uint8_t bytes[] = {op(313, "LOAD_GLOBAL"), 3, 0, 0, 0, 0, 0, 0, 0, 0, op(313, "JUMP_FORWARD"), 0, op(313, "LOAD_FAST_LOAD_FAST"), 1,
                       op(313, "COMPARE_OP"), 16, 0, 0, op(313, "LOAD_CONST"), 3, op(313, "SET_FUNCTION_ATTRIBUTE"), 3};
    char *memory = malloc(16384);
    assert_non_null(memory);
    bf_status st = BF_NO_MEMORY;
    for (size_t n = 0; n < 16384 && st != BF_OK; n += 8) {
        decoded d;
        uint8_t *copy;
        allocations_left = 1; /* of exact_copy */
        st = decode_in(&d, 313, small_arena(memory, n), bytes, sizeof bytes);
        allocations_left = INT64_MAX;
        copy = d.bytes;
        if (st != BF_OK) assert_int_equal(st, BF_NO_MEMORY);
        free(copy);
    }
    assert_int_equal(st, BF_OK);
    free(memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_instr__as_dis_shows),
        cmocka_unit_test(test_instr__empty_code),
        cmocka_unit_test(test_instr__odd_byte_at_the_end),
        cmocka_unit_test(test_instr__extended_arg_chain),
        cmocka_unit_test(test_instr__extended_arg_overflows),
        cmocka_unit_test(test_instr__extended_arg_at_the_end),
        cmocka_unit_test(test_instr__extended_arg_before_no_argument),
        cmocka_unit_test(test_instr__caches),
        cmocka_unit_test(test_instr__cache_that_is_not_zero),
        cmocka_unit_test(test_instr__caches_past_the_end),
        cmocka_unit_test(test_instr__specialized_opcode),
        cmocka_unit_test(test_instr__instrumented_and_unknown_opcodes),
        cmocka_unit_test(test_instr__arguments_past_their_table),
        cmocka_unit_test(test_instr__argval_of_constants),
        cmocka_unit_test(test_instr__labels_in_offset_order),
        cmocka_unit_test(test_instr__jump_out_of_the_code),
        cmocka_unit_test(test_instr__jump_targets_that_overflow),
        cmocka_unit_test(test_instr__any_bytes_in_any_version),
        cmocka_unit_test(test_instr__failed_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
