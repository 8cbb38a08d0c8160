#include "lossy.h"

static void test_metadata__good(void **state) {
    (void)state;
    const char *const datasets[] = {full, empty};
    for (int i = 0; i < 2; i++) {
        bf_serving *s = open_serving(datasets[i]);
        bf_checks out = checked(s, bf_metadata_check);
        assert_all_ok(&out);
        assert_int_equal(out.n, 4 + 1 + 5 + 5); /* fields, all others, columns of the view, footers */
        assert_string_equal(find_check(&out, "arrow_metadata of code_objects[].instructions[].span")->found,
                            "col_unit=utf32 end_exclusive=true line_base=0 semantic_type=Span");
        assert_string_equal(find_check(&out, "footers: schema")->found, "1 of 1 files");
        bf_checks_free(&out);
        close_serving(s);
    }
}

static void test_metadata__no_files(void **state) {
    (void)state;
    bf_serving *s = open_serving(NULL);
    bf_checks out = checked(s, bf_metadata_check);
    assert_int_equal(out.n_state[BF_CHECK_OK], 10);
    assert_int_equal(out.n_state[BF_CHECK_NOT_CHECKED], 1);
    assert_string_equal(find_check(&out, "footers")->found, "no files");
    bf_checks_free(&out);
    close_serving(s);
}

static void test_metadata__catalog_off(void **state) {
    (void)state;
    bf_serving *s = new_serving(full);
    set_option(s, "enable_information_schema", "false");
    open_table(s);
    create_views(s);
    bf_checks out = checked(s, bf_metadata_check);
    assert_int_equal(out.n, 1);
    assert_int_equal(out.items[0].state, BF_CHECK_NOT_CHECKED);
    assert_string_equal(out.items[0].found, "skipped: enable_information_schema is off");
    bf_checks_free(&out);
    close_serving(s);
}

/* A file without one of the maps: named by path and file, and counted. */
static void test_metadata__lost_in_a_file(void **state) {
    (void)state;
    for (size_t i = 0; i < N_LOSSES; i++) {
        char dataset[128], name[300];
        make_lossy(dataset, sizeof dataset, &losses[i]);
        bf_serving *s = open_serving(dataset);
        bf_checks out = checked(s, bf_metadata_check);
        snprintf(name, sizeof name, "%s/b.parquet: metadata of %s", dataset, *losses[i].path ? losses[i].path : "schema");
        assert_fails(&out, name, NULL, losses[i].found);
        snprintf(name, sizeof name, "footers: %s", *losses[i].path ? losses[i].path : "schema");
        assert_fails(&out, name, "2 of 2 files", "1 of 2 files");
        assert_int_equal(out.n_state[BF_CHECK_FAIL], 2);
        bf_checks_free(&out);
        close_serving(s);
    }
}

static void test_metadata__lost_in_the_view(void **state) {
    (void)state;
    bf_serving *s = open_serving(full);
    run_sql(s, "DROP VIEW py_bc_metadata");
    run_sql(s,
            "CREATE VIEW py_bc_metadata AS SELECT MAP {'schema_name': 'x'} AS schema_metadata, arrow_metadata(1) AS instructions_metadata, "
            "arrow_metadata(1) AS span_metadata, MAP {'line_base': '1'} AS line_table_metadata, MAP {'line_base': '0'} AS line1_metadata");
    bf_checks out = checked(s, bf_metadata_check);
    assert_fails(&out, "py_bc_metadata: schema", NULL, "schema_name=x");
    assert_fails(&out, "py_bc_metadata: code_objects[].instructions[].span", NULL, "none");
    assert_fails(&out, "py_bc_metadata: code_objects[].line_table[].line1", "line_base=1", "line_base=0");
    assert_int_equal(find_check(&out, "py_bc_metadata: code_objects[].line_table")->state, BF_CHECK_OK);
    assert_int_equal(out.n_state[BF_CHECK_FAIL], 4);
    bf_checks_free(&out);
    close_serving(s);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metadata__good),
        cmocka_unit_test(test_metadata__no_files),
        cmocka_unit_test(test_metadata__catalog_off),
        cmocka_unit_test(test_metadata__lost_in_a_file),
        cmocka_unit_test(test_metadata__lost_in_the_view),
    };
    return cmocka_run_group_tests(tests, make_datasets, remove_datasets);
}
