/* base/budget.c. */
#include "base/budget.h"

#include "bytes.h"

static void test_budget__defaults_and_limits(void **state) {
    bf_budget defaults, own;
    bf_limits limits = {.objects = 7, .seconds = 3};
    (void)state;
    bf_budget_init(&defaults, NULL);
    bf_budget_init(&own, &limits);
    for (int i = 0; i < BF_N_BUDGETS; i++) {
        assert_true(defaults.most[i] > 0);
        assert_int_equal(own.used[i], 0);
        if (i != BF_BUDGET_objects && i != BF_BUDGET_seconds) assert_int_equal(own.most[i], defaults.most[i]);
    }
    assert_int_equal(own.most[BF_BUDGET_objects], 7);
    assert_int_equal(own.most[BF_BUDGET_seconds], 3);
    assert_int_equal(defaults.most[BF_BUDGET_seconds], INT64_MAX); /* none: output does not depend on the machine */
    assert_int_equal(defaults.most[BF_BUDGET_depth], 2000);        /* CPython Python/marshal.c, MAX_MARSHAL_STACK_DEPTH */
}

static void test_budget__messages(void **state) {
    bf_budget b;
    bf_error err = {0}, share = {0}, greatest = {0};
    (void)state;
    bf_budget_init(&b, &(bf_limits){.code_objects = 5, .text = 80});
    assert_int_equal(b.exceeded, -1);
    assert_int_equal(bf_budget_exceeded(&err, &b, BF_BUDGET_code_objects, 12), BF_LIMIT);
    assert_string_equal(err.message, "code objects left out: more than 5 code objects in one file; --limit code_objects=N raises it");
    assert_int_equal(err.offset, 12);
    assert_int_equal(b.exceeded, BF_BUDGET_code_objects);
    bf_budget_share_exceeded(&share, &b, -1);
    assert_non_null(strstr(share.message, "a fourth, for one constant, of 80 bytes of text in one file; --limit text=N raises it"));
    bf_budget_exceeded(&greatest, &b, BF_BUDGET_depth, 0);
    assert_null(strstr(greatest.message, "--limit")); /* nothing raises it */
}

static void test_budget__limits_are_checked(void **state) {
    bf_error err = {0}, why = {0};
    (void)state;
    assert_int_equal(bf_limits_check(&(bf_limits){0}, &err), BF_OK);
    assert_int_equal(bf_limits_check(&(bf_limits){.depth = 2000, .text = 1 << 30, .memory = INT64_MAX}, &err), BF_OK);
    assert_int_equal(bf_limits_check(&(bf_limits){.depth = 2001}, &err), BF_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "2001 levels of objects in objects"));
    assert_int_equal(bf_limits_check(&(bf_limits){.objects = -1}, &why), BF_INVALID_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_budget__defaults_and_limits),
        cmocka_unit_test(test_budget__messages),
        cmocka_unit_test(test_budget__limits_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
