#include "opened.h"
#include "views/columns.h"

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

/* ---- views that are not what columns.def says, all in one session ---- */

static const struct {
    const char *view, *select; /* NULL: it is dropped */
} broken_views[] = {
    {"py_bc_line_table", "WITH b AS (SELECT file_id, path, unnest(code_objects) AS co FROM bytecode_files_v1), "
                         "c AS (SELECT file_id, path, co['code_id'] AS code_unit_id, unnest(co['line_table']) AS l FROM b) "
                         "SELECT file_id, path, code_unit_id, CAST(l['offset'] AS BIGINT) AS \"offset\", CAST(l['line1'] + 0 AS INT) AS "
                         "line1, l['line0'] AS line0, "
                         "CAST(1 AS INT) AS line_base FROM c"},
    {"py_bc_instruction_spans",
     "SELECT file_id, path, code_unit_id, instr_id, instr_index, \"offset\", named_struct('start', 1) AS span FROM "
     "py_bc_instruction_span_fields"},
    {"py_bc_consts",
     "SELECT path, file_id, code_unit_id, co_name AS const_repr, firstlineno AS const_indices, co_name AS const_id FROM py_bc_code_units"},
    {"py_bc_flags_detail", "SELECT *, 1 AS more FROM kept"},
    {"py_bc_instruction_attr_keys",
     "SELECT file_id, path, code_unit_id, instr_index, \"offset\", attr_key FROM py_bc_instruction_attrs WHERE attr_key = "
     "'stack_depth_before'"},
    {"py_bc_blocks", NULL},
};

static bf_checks broken;

static int check_broken(void **state) {
    int code = make_datasets(state);
    bf_serving *s = open_serving(full);
    run_sql(s, "CREATE VIEW kept AS SELECT * FROM py_bc_flags_detail");
    for (size_t i = 0; i < sizeof broken_views / sizeof *broken_views; i++) {
        char sql[800];
        snprintf(sql, sizeof sql, "DROP VIEW %s", broken_views[i].view);
        run_sql(s, sql);
        if (!broken_views[i].select) continue;
        snprintf(sql, sizeof sql, "CREATE VIEW %s AS %s", broken_views[i].view, broken_views[i].select);
        run_sql(s, sql);
    }
    broken = checked(s, bf_coverage_check);
    close_serving(s);
    return code;
}

static int free_broken(void **state) {
    bf_checks_free(&broken);
    return remove_datasets(state);
}

static void test_coverage__type(void **state) {
    (void)state;
    assert_fails(&broken, "py_bc_line_table.offset", "int32", "int64");
    assert_fails(&broken, "py_bc_instruction_spans.span", NULL, "struct<start:int64>");
    assert_int_equal(find_check(&broken, "py_bc_line_table.line0")->state, BF_CHECK_OK);
}

static void test_coverage__metadata(void **state) {
    (void)state;
    assert_fails(&broken, "py_bc_line_table: field metadata", "line1: line_base=1", "line1: none");
    assert_fails(&broken, "py_bc_instruction_spans: field metadata",
                 "span: col_unit=utf32 end_exclusive=true line_base=0 semantic_type=Span", "span: none");
}

static void test_coverage__nullability(void **state) {
    (void)state;
    assert_fails(&broken, "py_bc_instruction_spans: nullability", "span: nullable", "span: not null");
    assert_int_equal(find_check(&broken, "py_bc_line_table: nullability")->state, BF_CHECK_OK);
}

static void test_coverage__columns(void **state) {
    (void)state;
    assert_fails(&broken, "py_bc_consts: columns", "column 1 of 6: file_id", "column 1 of 6: path; 3 more differ");
    assert_fails(&broken, "py_bc_consts.const_index", "int32", "no such column");
    assert_int_equal(find_check(&broken, "py_bc_consts.const_repr")->state, BF_CHECK_OK);
    assert_fails(&broken, "py_bc_flags_detail: columns", "column 14 of 13: none", "column 14 of 13: more");
    assert_int_equal(find_check(&broken, "py_bc_flags_detail.is_nested")->state, BF_CHECK_OK);
}

static void test_coverage__no_view(void **state) {
    (void)state;
    assert_fails(&broken, "py_bc_blocks", "a view", NULL);
    assert_non_null(strstr(find_check(&broken, "py_bc_blocks")->found, "py_bc_blocks"));
}

static void test_coverage__rows_of_attrs(void **state) {
    (void)state;
    assert_fails(&broken, "rows of py_bc_instruction_attr_keys, as entries of code_objects[].instructions[].attrs", NULL, NULL);
    assert_int_equal(find_check(&broken, "rows of py_bc_instruction_attrs, as entries of code_objects[].instructions[].attrs")->state,
                     BF_CHECK_OK);
}

/* And nothing else fails. */
static void test_coverage__failures(void **state) {
    (void)state;
    assert_int_equal(broken.n_state[BF_CHECK_FAIL], 2 + 2 + 1 + 3 + 1 + 1);
    assert_int_equal(broken.n_state[BF_CHECK_NOT_CHECKED], 0);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_coverage__good),          cmocka_unit_test(test_coverage__utf8),
        cmocka_unit_test(test_coverage__partitions),    cmocka_unit_test(test_coverage__type),
        cmocka_unit_test(test_coverage__metadata),      cmocka_unit_test(test_coverage__nullability),
        cmocka_unit_test(test_coverage__columns),       cmocka_unit_test(test_coverage__no_view),
        cmocka_unit_test(test_coverage__rows_of_attrs), cmocka_unit_test(test_coverage__failures),
    };
    return cmocka_run_group_tests(tests, check_broken, free_broken);
}
