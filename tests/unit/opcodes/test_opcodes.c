/* opcodes/: the table of each version against that interpreter's own opcode module (opcodes_cases.inc). */
#include "bytes.h"
#include "opcodes/opcodes.h"

static const struct {
    unsigned mask;
    int n;
    const char *sha256;
} said[] = {
#define OPCODES(mask, n, sha256) {mask, n, "sha256 " sha256},
#include "opcodes/opcodes_cases.inc"
};

/* Number, name, whether it takes an argument, code units of cache: of each opcode that a compiler writes. */
static void test_opcodes__as_the_interpreters_say(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof said / sizeof *said; k++)
        for (int bit = 0; bit < N_VERSIONS; bit++) {
            if (!(said[k].mask >> bit & 1)) continue;
            bf_buf text = {0};
            const bf_op_info *ops = bf_opcodes(version_of_bit(bit));
            int n = 0;
            for (int number = 0; number < 256; number++) {
                if (ops[number].kind != BF_OP_PLAIN) continue;
                bf_buf_printf(&text, "%s%d %.*s %d %d", n++ ? "\n" : "", number, (int)ops[number].name.n, ops[number].name.p,
                              ops[number].arg != BF_ARG_NONE, ops[number].caches->n_units);
            }
            assert_said(&text, said[k].sha256, "opcodes", version_of_bit(bit)->name);
            assert_int_equal(n, said[k].n);
            bf_buf_free(&text);
        }
}

static void test_opcodes__every_number_has_a_row(void **state) {
    (void)state;
    for (int bit = 0; bit < N_VERSIONS; bit++) {
        const bf_op_info *ops = bf_opcodes(version_of_bit(bit));
        for (int number = 0; number < 256; number++) {
            const bf_op_info *op = &ops[number], *base = &ops[op->base];
            assert_non_null(op->name.p);
            assert_non_null(op->caches);
            assert_int_equal(base->base, op->base); /* a base is its own base */
            if (op->kind == BF_OP_PLAIN) assert_int_equal(op->base, number);
            if (op->kind == BF_OP_SPECIALIZED) assert_int_equal(base->kind, BF_OP_PLAIN);
            int32_t units = 0;
            for (int i = 0; i < op->caches->n_fields; i++) units += op->caches->fields[i].size;
            assert_int_equal(units, op->caches->n_units);
            if (op->kind != BF_OP_UNKNOWN) continue;
            char name[16];
            snprintf(name, sizeof name, "<%d>", number);
            assert_text(op->name, name);
            assert_int_equal(op->base, number);
            assert_int_equal(op->arg, BF_ARG_NONE);
        }
    }
}

static void test_opcodes__specialized_know_their_base(void **state) {
    (void)state;
    const bf_op_info *ops = bf_opcodes(version_of(313)); /* opcode._specializations of CPython 3.13.0 */
    bool found = false;
    for (int number = 0; number < 256; number++) {
        if (!bf_str_eq(ops[number].name, BF_STR("BINARY_OP_ADD_INT"))) continue;
        found = true;
        assert_int_equal(ops[number].kind, BF_OP_SPECIALIZED);
        assert_text(ops[ops[number].base].name, "BINARY_OP");
    }
    assert_true(found);
}

/* opcode.opname of CPython 2.7.18, and how many opcode.opmap of 2.7.18, 3.6.15 and 3.7.16 has. */
static void test_opcodes__old_versions(void **state) {
    static const struct {
        int version, n;
    } counts[] = {{27, 119}, {36, 118}, {37, 119}};
    (void)state;
    assert_text(bf_opcodes(version_of(27))[30].name, "SLICE+0"); /* no identifier of C */
    assert_text(bf_opcodes(version_of(27))[43].name, "STORE_SLICE+3");
    assert_text(bf_opcodes(version_of(27))[53].name, "DELETE_SLICE+3");
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        const bf_op_info *ops = bf_opcodes(version_of(counts[k].version));
        int n = 0;
        for (int number = 0; number < 256; number++) n += ops[number].kind == BF_OP_PLAIN;
        assert_int_equal(n, counts[k].n);
    }
}

static void test_opcodes__texts(void **state) {
    (void)state;
    assert_text(bf_op_text(version_of(38), BF_ARG_COMPARE, 6), "in"); /* dis.cmp_op[6] of CPython 3.8.18 */
    assert_text(bf_op_text(version_of(39), BF_ARG_COMPARE, 5), ">=");
    assert_null(bf_op_text(version_of(39), BF_ARG_COMPARE, 6).p);
    assert_text(bf_op_text(version_of(311), BF_ARG_BINARY, 0), "+"); /* opcode._nb_ops[0][1] */
    assert_text(bf_op_text(version_of(311), BF_ARG_BINARY, 25), "^=");
    assert_text(bf_op_text(version_of(314), BF_ARG_BINARY, 26), "[]"); /* NB_SUBSCR is new in 3.14 */
    assert_null(bf_op_text(version_of(311), BF_ARG_BINARY, 26).p);
    assert_null(bf_op_text(version_of(38), BF_ARG_BINARY, 0).p);
    assert_null(bf_op_text(version_of(315), BF_ARG_COMPARE, UINT32_MAX).p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opcodes__as_the_interpreters_say),
        cmocka_unit_test(test_opcodes__every_number_has_a_row),
        cmocka_unit_test(test_opcodes__specialized_know_their_base),
        cmocka_unit_test(test_opcodes__old_versions),
        cmocka_unit_test(test_opcodes__texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
