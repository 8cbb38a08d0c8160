#include "opened.h"

/* ---- names: what engines answered to BF_UNNEST_PROBE ---- */

static const char *answer; /* NULL: the engine refuses */

static int32_t describe_answer(bf_engine *engine, const char *sql, struct ArrowSchema *out, bf_engine_error *err) {
    (void)engine;
    assert_string_equal(sql, BF_UNNEST_PROBE);
    if (!answer) {
        snprintf(err->message, sizeof err->message, "no unnest here");
        return err->code = BF_ENGINE_PLAN;
    }
    ArrowSchemaInit(out);
    assert_int_equal(ArrowSchemaSetTypeStruct(out, 1), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetType(out->children[0], NANOARROW_TYPE_INT64), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetName(out->children[0], answer), NANOARROW_OK);
    return BF_ENGINE_OK;
}

static bf_status names_of(const char *text, bf_serving *s, bf_error *err) {
    static const bf_engine_api recorded = {.describe = describe_answer};
    answer = text;
    *s = (bf_serving){.api = &recorded};
    return bf_wide_names(s, err);
}

static void test_wide__names_recorded(void **state) {
    (void)state;
    static const struct {
        const char *column, *start;
    } known[] = {
        {"base.span.start", "\n  \"base.span.start\"['line0'] AS pos_start_line"}, /* DataFusion 55.2 */
        {"__unnest_placeholder(base.span).start", "\n  \"__unnest_placeholder(base.span).start\"['line0'] AS pos_start_line"}, /* 50.1 */
    };
    for (size_t i = 0; i < 2; i++) {
        bf_error err = {0};
        bf_serving s;
        bf_buf sql = {0};
        assert_int_equal(names_of(known[i].column, &s, &err), BF_OK);
        assert_non_null(s.fill.unnest);
        assert_string_equal(find_check(&s.gates, "name of a field of unnest(base.span)")->found, known[i].column);
        for (size_t v = 0; v < bf_view_count(); v++)
            if (!strcmp(bf_view_name(v), "py_bc_instruction_span_fields")) assert_int_equal(bf_view_expand(&sql, v, &s.fill, &err), BF_OK);
        assert_int_equal(bf_ask_end(&sql, &err), BF_OK);
        assert_non_null(strstr(sql.p, known[i].start));
        bf_buf_free(&sql);
        bf_checks_free(&s.gates);
    }
}

static void test_wide__names_unknown(void **state) {
    (void)state;
    bf_error err = {0};
    bf_serving s;
    assert_int_equal(names_of("UNNEST(base.span)[start]", &s, &err), BF_CONTRACT);
    assert_string_equal(err.message, "the engine names a field of unnest(base.span) UNNEST(base.span)[start]; known are base.span.start, "
                                     "__unnest_placeholder(base.span).start");
    assert_null(s.fill.unnest);
    bf_error_clear(&err);
    assert_int_equal(names_of(NULL, &s, &err), BF_CONTRACT);
    assert_string_equal(err.message, "the engine refuses " BF_UNNEST_PROBE ": no unnest here");
}

static void test_wide__names_of_this_engine(void **state) {
    (void)state;
    bf_error err = {0};
    bf_serving *s = new_serving(NULL);
    open_table(s);
    if (bf_wide_names(s, &err) != BF_OK) fail_msg("%s", err.message);
    assert_string_equal(s->fill.unnest->before, "");
    close_serving(s);
}

/* ---- the views ---- */

static void test_wide__good(void **state) {
    (void)state;
    const char *const datasets[] = {full, empty, NULL};
    for (int i = 0; i < 3; i++) {
        bf_serving *s = open_serving(datasets[i]);
        bf_checks out = checked(s, bf_wide_check);
        assert_all_ok(&out);
        assert_int_equal(out.n, 3 + 3 + 7); /* columns, rows, values */
        const char *n = find_check(&out, "rows of py_bc_instruction_span_unnest, as in code_objects[].instructions[].instr_index")->found;
        assert_true(i == 0 ? strtol(n, NULL, 10) > 1000 : !strcmp(n, "0"));
        bf_checks_free(&out);
        close_serving(s);
    }
}

static void test_wide__rows_lost(void **state) {
    (void)state;
    bf_serving *s = open_serving(full);
    run_sql(s, "CREATE VIEW kept AS SELECT * FROM py_bc_instruction_spans");
    run_sql(s, "DROP VIEW py_bc_instruction_span_unnest");
    run_sql(s, "CREATE VIEW py_bc_instruction_span_unnest AS WITH base AS (SELECT * FROM kept WHERE instr_index > 0) SELECT file_id, path, "
               "code_unit_id, "
               "instr_id, instr_index, \"offset\", unnest(base.span) FROM base");
    bf_checks out = checked(s, bf_wide_check);
    assert_fails(&out, "rows of py_bc_instruction_span_unnest, as in code_objects[].instructions[].instr_index", NULL, NULL);
    assert_int_equal(find_check(&out, "columns of py_bc_instruction_span_unnest")->state, BF_CHECK_OK);
    bf_checks_free(&out);
    close_serving(s);
}

static void test_wide__column_renamed(void **state) {
    (void)state;
    bf_serving *s = open_serving(full);
    run_sql(s, "CREATE VIEW kept AS SELECT * FROM py_bc_code_units");
    run_sql(s, "DROP VIEW py_bc_flags_detail");
    run_sql(s, "CREATE VIEW py_bc_flags_detail AS SELECT file_id, path, code_unit_id, unnest(kept.flags_detail) FROM kept");
    bf_checks out = checked(s, bf_wide_check);
    assert_fails(&out, "columns of py_bc_flags_detail", NULL, NULL);
    assert_int_equal(find_check(&out, "py_bc_flags_detail")->state, BF_CHECK_NOT_CHECKED); /* its columns cannot be counted */
    assert_non_null(strstr(find_check(&out, "columns of py_bc_flags_detail")->found, "kept.flags_detail.is_optimized bool"));
    bf_checks_free(&out);
    close_serving(s);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wide__names_recorded),
        cmocka_unit_test(test_wide__names_unknown),
        cmocka_unit_test(test_wide__names_of_this_engine),
        cmocka_unit_test(test_wide__good),
        cmocka_unit_test(test_wide__rows_lost),
        cmocka_unit_test(test_wide__column_renamed),
    };
    return cmocka_run_group_tests(tests, make_datasets, remove_datasets);
}
