#include "opened.h"

typedef struct rows {
    size_t n, n_cells;
    char text[4000]; /* cells with '|' between, rows with ';' */
    bf_status answer;
} rows;

static bf_status on_row(void *context, const char *const *cells, size_t n_cells) {
    rows *r = context;
    r->n++;
    r->n_cells = n_cells;
    size_t at = strlen(r->text);
    for (size_t i = 0; i < n_cells && at < sizeof r->text - 200; i++)
        at += (size_t)snprintf(r->text + at, 200, "%s%s", i ? "|" : r->n > 1 ? ";" : "", cells[i] ? cells[i] : "NULL");
    return r->answer;
}

static bf_serving *s;

static int open_one(void **state) {
    int code = make_datasets(state);
    s = open_serving(full);
    return code;
}

static int close_one(void **state) {
    close_serving(s);
    return remove_datasets(state);
}

static void assert_rows(const char *sql, const char *expected) {
    bf_error err = {0};
    rows r = {0};
    if (bf_serving_rows(s, sql, on_row, &r, &err) != BF_OK) fail_msg("%s: %s", sql, err.message);
    assert_string_equal(r.text, expected);
}

static void test_ask__run(void **state) {
    (void)state;
    bf_error err = {0};
    assert_int_equal(bf_serving_run(s, "CREATE TABLE t AS VALUES (1), (2)", &err), BF_OK);
    assert_int_equal(bf_serving_run(s, "SELECT * FROM t", &err), BF_OK);
    assert_int_equal(bf_serving_run(s, "SELECT no_such_column FROM t", &err), BF_ENGINE);
    assert_non_null(strstr(err.message, "no_such_column"));
    bf_error_clear(&err);
    assert_int_equal(bf_serving_run(s, "SELECT 1 / (column1 - 1) FROM t", &err), BF_ENGINE); /* fails while it runs */
    assert_non_null(strstr(err.message, "ivide by zero"));
    bf_error_clear(&err);
    assert_int_equal(bf_serving_rows(s, "SELECT CAST(1 / (column1 - 1) AS VARCHAR) FROM t", on_row, &(rows){0}, &err), BF_ENGINE);
}

static void test_ask__texts(void **state) {
    (void)state;
    assert_rows("SELECT 'a', arrow_cast('b', 'Utf8View'), arrow_cast('c', 'LargeUtf8'), CAST(NULL AS VARCHAR), ''", "a|b|c|NULL|");
    assert_rows("SELECT arrow_cast('a text that is longer than what a view holds itself', 'Utf8View')",
                "a text that is longer than what a view holds itself");
    assert_rows("SELECT 'x' WHERE false", "");
}

static void test_ask__maps(void **state) {
    (void)state;
    assert_rows("SELECT MAP {'b': '2', 'a': '1', 'ab': NULL}", "a=1 ab= b=2");
    assert_rows("SELECT arrow_metadata(1), MAP {'k': 'v'}", "|k=v");
    assert_rows("SELECT CASE WHEN i = 2 THEN NULL ELSE MAP {'k': CAST(i AS VARCHAR)} END FROM (SELECT unnest([1, 2, 3]) AS i) ORDER BY i",
                "k=1;NULL;k=3");
}

/* What is cut out of a batch begins at an offset of its columns. */
static void test_ask__offsets(void **state) {
    (void)state;
    run_sql(s, "CREATE OR REPLACE TABLE n AS SELECT CAST(i AS VARCHAR) AS t, MAP {'k': CAST(i AS VARCHAR)} AS m FROM (SELECT "
               "unnest(range(0, 100)) AS i)");
    assert_rows("SELECT t, m FROM n LIMIT 3 OFFSET 5", "5|k=5;6|k=6;7|k=7");
}

static void test_ask__many_batches(void **state) {
    (void)state;
    bf_error err = {0};
    rows r = {0};
    assert_int_equal(bf_serving_rows(s, "SELECT CAST(i AS VARCHAR) FROM (SELECT unnest(range(0, 30000)) AS i)", on_row, &r, &err), BF_OK);
    assert_int_equal(r.n, 30000);
}

static void test_ask__no_text(void **state) {
    (void)state;
    bf_error err = {0};
    rows r = {0};
    assert_int_equal(bf_serving_rows(s, "SELECT 'a', 1 AS one", on_row, &r, &err), BF_UNSUPPORTED);
    assert_string_equal(err.message, "column one is no text");
    bf_error_clear(&err);
    assert_int_equal(bf_serving_rows(s, "SELECT MAP {'a': 1} AS m", on_row, &r, &err), BF_UNSUPPORTED);
    assert_int_equal(r.n, 0);
}

static void test_ask__on_row_stops(void **state) {
    (void)state;
    bf_error err = {0};
    rows r = {.answer = BF_CANCELLED};
    assert_int_equal(bf_serving_rows(s, "SELECT t FROM n", on_row, &r, &err), BF_CANCELLED);
    assert_int_equal(r.n, 1);
    r.answer = BF_NO_MEMORY;
    assert_int_equal(bf_serving_rows(s, "SELECT t FROM n", on_row, &r, &err), BF_NO_MEMORY);
    assert_string_equal(err.message, "out of memory");
}

static void test_ask__row(void **state) {
    (void)state;
    bf_error err = {0};
    bf_arena arena = {0};
    const char *cells[3];
    assert_int_equal(bf_ask_row(s, "SELECT 'a', CAST(NULL AS VARCHAR), 'c'", &arena, cells, 3, &err), BF_OK);
    assert_string_equal(cells[0], "a");
    assert_null(cells[1]);
    assert_string_equal(cells[2], "c");
    assert_int_equal(bf_ask_row(s, "SELECT 'a' WHERE false", &arena, cells, 1, &err), BF_ENGINE);
    assert_string_equal(err.message, "a query of one row gives 0: SELECT 'a' WHERE false");
    bf_error_clear(&err);
    assert_int_equal(bf_ask_row(s, "SELECT t FROM n", &arena, cells, 1, &err), BF_ENGINE);
    bf_arena_free(&arena);
}

static bf_status on_setting(void *context, const char *const *cells, size_t n_cells) {
    size_t *n = context;
    assert_int_equal(n_cells, 2);
    *n += !strcmp(cells[0], "datafusion.execution.parquet.skip_metadata") && !strcmp(cells[1], "true");
    return BF_OK;
}

static void test_ask__settings(void **state) {
    (void)state;
    bf_error err = {0};
    size_t n = 0;
    assert_int_equal(bf_serving_settings(s, on_setting, &n, &err), BF_OK);
    assert_int_equal(n, 1);
}

static void test_ask__names(void **state) {
    (void)state;
    bf_buf sql = {0};
    bf_serving other = {.table = "lib.bytecode_files_v1"};
    bf_ask_put_view(&sql, s, "py_bc_files");
    bf_buf_putc(&sql, ' ');
    bf_ask_put_view(&sql, &other, "py_bc_files");
    bf_buf_putc(&sql, ' ');
    bf_ask_put_name(&sql, "a.\"b\"");
    assert_int_equal(bf_ask_end(&sql, NULL), BF_OK);
    assert_string_equal(sql.p, "py_bc_files lib.py_bc_files \"a.\"\"b\"\"\"");
    bf_buf_free(&sql);
    sql.failed = true;
    assert_int_equal(bf_ask_end(&sql, NULL), BF_NO_MEMORY);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ask__run),          cmocka_unit_test(test_ask__texts),        cmocka_unit_test(test_ask__maps),
        cmocka_unit_test(test_ask__offsets),      cmocka_unit_test(test_ask__many_batches), cmocka_unit_test(test_ask__no_text),
        cmocka_unit_test(test_ask__on_row_stops), cmocka_unit_test(test_ask__row),          cmocka_unit_test(test_ask__settings),
        cmocka_unit_test(test_ask__names),
    };
    return cmocka_run_group_tests(tests, open_one, close_one);
}
