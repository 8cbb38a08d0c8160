#include "opened.h"
#include "views/columns.h"

/* A view on the full dataset is made anew, and what is checked then. */
static bf_checks checked_with(const char *drop_view, const char *sql) {
    bf_serving *s = open_serving(full);
    char drop[100];
    snprintf(drop, sizeof drop, "DROP VIEW %s", drop_view);
    run_sql(s, drop);
    if (sql) run_sql(s, sql);
    bf_checks out = checked(s, bf_coverage_check);
    close_serving(s);
    return out;
}

static void test_coverage__good(void **state) {
    (void)state;
    const char *const datasets[] = {full, empty, NULL};
    for (int i = 0; i < 3; i++) {
        bf_serving *s = open_serving(datasets[i]);
        bf_checks out = checked(s, bf_coverage_check);
        assert_all_ok(&out);
        /* a type a column; names, metadata and nullability a view; five views of attrs */
        assert_int_equal(out.n, bf_n_view_columns + 3 * bf_view_count() + 5);
        assert_string_equal(find_check(&out, "py_bc_instruction_spans: field metadata")->found,
                            "span: col_unit=utf32 end_exclusive=true line_base=0 semantic_type=Span");
        assert_string_equal(find_check(&out, "py_bc_consts.const_index")->found, "int32");
        const char *n = find_check(&out, "rows of py_bc_error_attrs, as entries of errors[].attrs")->found;
        assert_true(i == 0 ? strcmp(n, "0") > 0 : !strcmp(n, "0"));
        bf_checks_free(&out);
        close_serving(s);
    }
}

static void test_coverage__utf8(void **state) {
    (void)state;
    bf_serving *s = new_serving(full);
    set_option(s, "schema_force_view_types", "false");
    open_table(s);
    create_views(s);
    bf_checks out = checked(s, bf_coverage_check);
    assert_all_ok(&out);
    bf_checks_free(&out);
    close_serving(s);
}

static void test_coverage__partitions(void **state) {
    (void)state;
    char dataset[128];
    make_partitions(dataset, sizeof dataset);
    bf_serving *s = open_serving(dataset);
    assert_int_equal(s->files.n_columns, 1);
    bf_checks out = checked(s, bf_coverage_check);
    assert_all_ok(&out);
    assert_int_equal(out.n, bf_n_view_columns + 3 * bf_view_count() + 5 + 19); /* repo, in all but two views */
    assert_string_equal(find_check(&out, "py_bc_blocks: nullability")->found, "3 of 8 not null");
    assert_string_equal(find_check(&out, "py_bc_files: nullability")->found, "5 of 17 not null");
    bf_checks_free(&out);
    out = checked(s, bf_wide_check);
    assert_all_ok(&out);
    bf_checks_free(&out);
    close_serving(s);
}

static void test_coverage__type(void **state) {
    (void)state;
    bf_checks out = checked_with(
        "py_bc_line_table", "CREATE VIEW py_bc_line_table AS WITH b AS (SELECT file_id, path, unnest(code_objects) AS co FROM "
                            "bytecode_files_v1), c AS (SELECT file_id, path, co['code_id'] AS code_unit_id, unnest(co['line_table']) "
                            "AS l FROM b) SELECT file_id, path, code_unit_id, CAST(l['offset'] AS BIGINT) AS \"offset\", l['line1'] AS "
                            "line1, l['line0'] AS line0, CAST(1 AS INT) AS line_base FROM c");
    assert_fails(&out, "py_bc_line_table.offset", "int32", "int64");
    assert_int_equal(out.n_state[BF_CHECK_FAIL], 1);
    bf_checks_free(&out);
}

static void test_coverage__nested_type(void **state) {
    (void)state;
    bf_checks out =
        checked_with("py_bc_instruction_spans",
                     "CREATE VIEW py_bc_instruction_spans AS SELECT file_id, path, code_unit_id, instr_id, instr_index, \"offset\", "
                     "named_struct('start', 1) AS span FROM py_bc_instruction_span_fields");
    assert_fails(&out, "py_bc_instruction_spans.span", NULL, "struct<start:int64>");
    assert_fails(&out, "py_bc_instruction_spans: field metadata", "span: col_unit=utf32 end_exclusive=true line_base=0 semantic_type=Span",
                 "span: none");
    assert_fails(&out, "py_bc_instruction_spans: nullability", "span: nullable", "span: not null");
    assert_int_equal(out.n_state[BF_CHECK_FAIL], 3);
    bf_checks_free(&out);
}

static void test_coverage__missing_extra_order(void **state) {
    (void)state;
    bf_checks out = checked_with("py_bc_consts",
                                 "CREATE VIEW py_bc_consts AS SELECT path, file_id, code_unit_id, co_name AS const_repr, firstlineno AS "
                                 "const_indices, co_name AS const_id FROM py_bc_code_units");
    assert_fails(&out, "py_bc_consts: columns", "column 1 of 6: file_id", "column 1 of 6: path; 3 more differ");
    assert_fails(&out, "py_bc_consts.const_index", "int32", "no such column");
    assert_int_equal(find_check(&out, "py_bc_consts.const_repr")->state, BF_CHECK_OK);
    bf_checks_free(&out);

    out = checked_with("py_bc_consts",
                       "CREATE VIEW py_bc_consts AS SELECT file_id, path, code_unit_id, firstlineno AS const_index, co_name AS const_repr, "
                       "co_name AS const_id, 1 AS more FROM py_bc_code_units");
    assert_fails(&out, "py_bc_consts: columns", "column 7 of 6: none", "column 7 of 6: more");
    assert_int_equal(out.n_state[BF_CHECK_FAIL], 1);
    bf_checks_free(&out);
}

static void test_coverage__no_view(void **state) {
    (void)state;
    bf_checks out = checked_with("py_bc_blocks", NULL);
    const bf_check *c = find_check(&out, "py_bc_blocks");
    assert_int_equal(c->state, BF_CHECK_FAIL);
    assert_string_equal(c->expected, "a view");
    assert_non_null(strstr(c->found, "py_bc_blocks"));
    bf_checks_free(&out);
}

static void test_coverage__metadata_lost(void **state) {
    (void)state;
    bf_checks out = checked_with("py_bc_line_table",
                                 "CREATE VIEW py_bc_line_table AS WITH b AS (SELECT file_id, path, unnest(code_objects) AS co FROM "
                                 "bytecode_files_v1), c AS (SELECT file_id, path, co['code_id'] AS code_unit_id, unnest(co['line_table']) "
                                 "AS l FROM b) SELECT file_id, path, code_unit_id, l['offset'] AS \"offset\", coalesce(l['line1']) "
                                 "+ 0 AS line1, l['line0'] AS line0, CAST(1 AS INT) AS line_base FROM c");
    assert_fails(&out, "py_bc_line_table: field metadata", "line1: line_base=1", "line1: none");
    bf_checks_free(&out);
}

static void test_coverage__attr_rows_lost(void **state) {
    (void)state;
    bf_checks out = checked_with("py_bc_instruction_attr_keys",
                                 "CREATE VIEW py_bc_instruction_attr_keys AS SELECT file_id, path, code_unit_id, instr_index, "
                                 "\"offset\", attr_key FROM py_bc_instruction_attrs WHERE attr_key = 'stack_depth_before'");
    assert_fails(&out, "rows of py_bc_instruction_attr_keys, as entries of code_objects[].instructions[].attrs", NULL, NULL);
    assert_int_equal(out.n_state[BF_CHECK_FAIL], 1);
    bf_checks_free(&out);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_coverage__good),           cmocka_unit_test(test_coverage__utf8),
        cmocka_unit_test(test_coverage__partitions),     cmocka_unit_test(test_coverage__type),
        cmocka_unit_test(test_coverage__nested_type),    cmocka_unit_test(test_coverage__missing_extra_order),
        cmocka_unit_test(test_coverage__no_view),        cmocka_unit_test(test_coverage__metadata_lost),
        cmocka_unit_test(test_coverage__attr_rows_lost),
    };
    return cmocka_run_group_tests(tests, make_datasets, remove_datasets);
}
