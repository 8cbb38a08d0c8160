#include "dataset/constraints.h"

#include "bytes.h"

static bf_status keep(void *context, const char *condition) {
    char *text = context;
    if (*text) strcat(text, " | ");
    strcat(text, condition);
    return BF_OK;
}

static void test_constraints__list(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {" , ,", ""},
        {"path IS NOT NULL,file_id IS NOT NULL", "path IS NOT NULL | file_id IS NOT NULL"},
        {" a > 1 , b < 2 ", "a > 1 | b < 2"},
        {"a IN (1,2),f(b,g(c,d)) = 3", "a IN (1,2) | f(b,g(c,d)) = 3"},
        {"a <> ',' , b <> 'it''s, so'", "a <> ',' | b <> 'it''s, so'"},
        {"\"a,b\" = 1,x['k,v'] = 2", "\"a,b\" = 1 | x['k,v'] = 2"},
        {"a = '(' , b = 1", "a = '(' | b = 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[400] = "";
        assert_int_equal(bf_constraints_each(cases[i][0], keep, text, NULL), BF_OK);
        assert_string_equal(text, cases[i][1]);
    }
}

static bf_status refuse(void *context, const char *condition) {
    (void)condition;
    ++*(int *)context;
    return BF_CONTRACT;
}

static void test_constraints__first_failure_ends_it(void **state) {
    (void)state;
    int n = 0;
    assert_int_equal(bf_constraints_each("a,b,c", refuse, &n, NULL), BF_CONTRACT);
    assert_int_equal(n, 1);
}

int main(void) {
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_constraints__list), cmocka_unit_test(test_constraints__first_failure_ends_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
