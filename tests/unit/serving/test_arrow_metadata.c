#include "lossy.h"

static void test_arrow_metadata__good(void **state) {
    (void)state;
    const char *const datasets[] = {full, empty};
    for (int i = 0; i < 2; i++) {
        bf_serving *s = open_serving(datasets[i]);
        bf_checks out = checked(s, bf_arrow_metadata_check);
        assert_all_ok(&out);
        assert_int_equal(out.n, 4 + 2 * 4 + 2 * 2 + 1); /* written, scanned, in views, the setting */
        assert_string_equal(find_check(&out, "py_bc_instruction_spans: semantic_type of span")->found, "Span");
        assert_string_equal(find_check(&out, "py_bc_line_table: line1")->found, "line_base=1");
        assert_string_equal(find_check(&out, "scanned: semantic_type of code_objects[].line_table")->found, "none");
        bf_checks_free(&out);
        close_serving(s);
    }
}

static void test_arrow_metadata__no_files(void **state) {
    (void)state;
    bf_serving *s = open_serving(NULL);
    bf_checks out = checked(s, bf_arrow_metadata_check);
    assert_int_equal(out.n_state[BF_CHECK_FAIL], 0);
    assert_int_equal(find_check(&out, "written")->state, BF_CHECK_NOT_CHECKED);
    bf_checks_free(&out);
    close_serving(s);
}

/* The table is registered with the contract, so a scan does not see what a file lost: its footer shows it. */
static void test_arrow_metadata__not_written(void **state) {
    (void)state;
    char dataset[128];
    make_lossy(dataset, sizeof dataset, &losses[1]);
    bf_serving *s = open_serving(dataset);
    bf_checks out = checked(s, bf_arrow_metadata_check);
    assert_fails(&out, "written: code_objects[].instructions[].span", "in 2 of 2 files", "in 1 of 2 files");
    assert_int_equal(out.n_state[BF_CHECK_FAIL], 1);
    bf_checks_free(&out);
    close_serving(s);
}

static void test_arrow_metadata__lost_in_a_view(void **state) {
    (void)state;
    bf_serving *s = open_serving(full);
    run_sql(s, "DROP VIEW py_bc_instruction_spans");
    run_sql(s, "CREATE VIEW py_bc_instruction_spans AS SELECT 1 AS span");
    bf_checks out = checked(s, bf_arrow_metadata_check);
    assert_fails(&out, "py_bc_instruction_spans: span", "col_unit=utf32 end_exclusive=true line_base=0 semantic_type=Span", "none");
    assert_fails(&out, "py_bc_instruction_spans: semantic_type of span", "Span", "none");
    assert_int_equal(out.n_state[BF_CHECK_FAIL], 2);
    bf_checks_free(&out);
    close_serving(s);
}

static void test_arrow_metadata__skip_metadata_off(void **state) {
    (void)state;
    bf_serving *s = new_serving(full);
    set_option(s, "skip_metadata", "false");
    open_table(s);
    create_views(s);
    bf_checks out = checked(s, bf_arrow_metadata_check);
    assert_fails(&out, "datafusion.execution.parquet.skip_metadata", "true", "false");
    assert_int_equal(out.n_state[BF_CHECK_FAIL], 1);
    bf_checks_free(&out);
    close_serving(s);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arrow_metadata__good),
        cmocka_unit_test(test_arrow_metadata__no_files),
        cmocka_unit_test(test_arrow_metadata__not_written),
        cmocka_unit_test(test_arrow_metadata__lost_in_a_view),
        cmocka_unit_test(test_arrow_metadata__skip_metadata_off),
    };
    return cmocka_run_group_tests(tests, make_datasets, remove_datasets);
}
