#include "opened.h"
#include "serving/narrow.h"

static char *one_cell(bf_serving *s, const char *sql) {
    bf_error err = {0};
    bf_arena arena = {0};
    const char *cell;
    if (bf_ask_row(s, sql, &arena, &cell, 1, &err) != BF_OK) fail_msg("%s: %s", sql, err.message);
    char *copy = strdup(cell ? cell : "NULL");
    bf_arena_free(&arena);
    return copy;
}

static void assert_cell(bf_serving *s, const char *sql, const char *expected) {
    char *cell = one_cell(s, sql);
    assert_string_equal(cell, expected);
    free(cell);
}

/* The fields that are asked for, what is in them and around them, and no other. */
static void test_narrow__schema(void **state) {
    (void)state;
    static const char *const paths[] = {"path", "code_objects[].instructions[].span", "code_objects[].instructions[].attrs",
                                        "errors[].message"};
    bf_error err = {0};
    bf_serving *s = open_serving(full), narrow;
    assert_int_equal(bf_narrow_open(&narrow, s, &err), BF_OK);
    if (bf_narrow_to(&narrow, paths, 4, &err) != BF_OK) fail_msg("%s", err.message);
    assert_cell(
        &narrow,
        "SELECT array_to_string(array_agg(column_name), ' ') FROM information_schema.columns WHERE table_name = 'bytecode_files_v1'",
        "path code_objects errors");
    assert_cell(
        &narrow, "SELECT arrow_typeof(code_objects) FROM bytecode_files_v1 LIMIT 1",
        "List(non-null Struct(\"instructions\": List(non-null Struct(\"span\": Struct(\"start\": Struct(\"line0\": Int32, \"col\": Int32), "
        "\"end\": Struct(\"line0\": Int32, \"col\": Int32), \"end_exclusive\": Boolean, \"col_unit\": Utf8, \"byte_span\": "
        "Struct(\"byte_start\": Int32, \"byte_len\": Int32)), metadata: {\"col_unit\": \"utf32\", \"end_exclusive\": \"true\", "
        "\"line_base\": \"0\", \"semantic_type\": \"Span\"}, \"attrs\": Map(\"key_value\": non-null Struct(\"key\": non-null Utf8, "
        "\"value\": Utf8), unsorted)), field: 'element'), metadata: {\"col_unit\": \"utf32\", \"end_exclusive\": \"true\", "
        "\"line_base\": \"0\", \"semantic_type\": \"Span\"}), field: 'element')");
    assert_cell(&narrow, "SELECT arrow_typeof(errors) FROM bytecode_files_v1 LIMIT 1",
                "List(non-null Struct(\"message\": non-null Utf8), field: 'element')");
    narrow.api->close(narrow.engine);
    close_serving(s);
}

static const char sum[] = "SELECT CAST(sum(x['stacksize']) AS VARCHAR) FROM (SELECT unnest(code_objects) AS x FROM bytecode_files_v1)";

static int64_t bytes_read_by(bf_serving *s, const char *sql, char **cell) {
    bf_engine_counters before, after;
    bf_engine_error why = {0};
    assert_int_equal(s->api->counters(s->engine, &before, &why), BF_ENGINE_OK);
    *cell = one_cell(s, sql);
    assert_int_equal(s->api->counters(s->engine, &after, &why), BF_ENGINE_OK);
    return after.read_bytes - before.read_bytes;
}

/* The same answer out of a part of the file; of one as small as this, the footer is half of what is read. */
static void test_narrow__reads_less(void **state) {
    (void)state;
    static const char *const path = "code_objects[].stacksize";
    char *whole, *part;
    bf_error err = {0};
    bf_serving *s = new_serving(full), narrow;
    set_option(s, "narrow_scans", "false"); /* by itself the engine would read no more either */
    open_table(s);
    assert_int_equal(bf_narrow_open(&narrow, s, &err), BF_OK);
    assert_int_equal(bf_narrow_to(&narrow, &path, 1, &err), BF_OK);
    int64_t n_whole = bytes_read_by(s, sum, &whole), n_part = bytes_read_by(&narrow, sum, &part);
    assert_string_equal(part, whole);
    assert_true(n_part < n_whole);
    free(whole);
    free(part);
    narrow.api->close(narrow.engine);
    close_serving(s);
}

static void test_narrow__empty(void **state) {
    (void)state;
    static const char *const path = "code_objects[].stacksize";
    const char *const datasets[] = {empty, NULL};
    for (int i = 0; i < 2; i++) {
        bf_error err = {0};
        bf_serving *s = open_serving(datasets[i]), narrow;
        assert_int_equal(bf_narrow_open(&narrow, s, &err), BF_OK);
        assert_int_equal(bf_narrow_to(&narrow, &path, 1, &err), BF_OK);
        assert_cell(&narrow, sum, "NULL");
        narrow.api->close(narrow.engine);
        close_serving(s);
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_narrow__schema),
        cmocka_unit_test(test_narrow__reads_less),
        cmocka_unit_test(test_narrow__empty),
    };
    return cmocka_run_group_tests(tests, make_datasets, remove_datasets);
}
