/* Delta tables in SQL: which files a query opens, what it gives, which tables are refused. Rows are the test's own. */
#include "tables.h"

static bf_engine *engine;

/* name: the table's; `collect`: statistics of footers. */
static void open_engine(bool collect) {
    bf_engine_error err = {0};
    const bf_engine_option settings[] = {{"datafusion.execution.target_partitions", "2"},
                                         {"datafusion.execution.collect_statistics", collect ? "true" : "false"},
                                         {"datafusion.execution.split_file_groups_by_statistics", collect ? "true" : "false"}};
    ok(api->open(settings, 3, &engine, &err), &err);
}

/* With the schema that the log has; NULL version: the latest. */
static int32_t register_as(const char *name, const char *table, const char *version, bf_engine_error *err) {
    struct ArrowSchema schema;
    bf_engine_delta *delta = open_table(table, version);
    ok(api->delta_schema(delta, &schema, err), err);
    const bf_engine_option options[] = {{"file_sort_order", "path,file_id"}};
    int32_t code = api->register_delta(engine, name, delta, &schema, options, 1, err);
    assert_null(schema.release);
    api->delta_close(delta); /* the table outlives it */
    return code;
}

static void register_table(const char *name, const char *table, const char *version) {
    bf_engine_error err = {0};
    ok(register_as(name, table, version, &err), &err);
}

static char *ask(const char *sql, const char *column) {
    bf_engine_error err = {0};
    struct ArrowArrayStream rows;
    int32_t code = api->query(engine, sql, true, &rows, &err);
    if (code) fail_msg("%s: %s", sql, err.message);
    return read_rows(&rows, column, NULL);
}

static void assert_rows(const char *sql, const char *expected) {
    char *text = ask(sql, "v");
    if (strcmp(text, expected)) fail_msg("%s: %snot %s", sql, text, expected);
    free(text);
}

/* How many files of the table `sql` opens in a session of its own. */
static void assert_opens(const char *table, const char *sql, const char *expected, int n_files) {
    bf_engine_error err = {0};
    bf_engine_counters counters;
    open_engine(false);
    register_table("t", table, NULL);
    assert_rows(sql, expected);
    ok(api->counters(engine, &counters, &err), &err);
    if (counters.files_opened != n_files) fail_msg("%s: %d files opened, not %d", sql, (int)counters.files_opened, n_files);
    assert_int_equal(counters.lists, 0);
    api->close(engine);
}

/* Four files of 50 rows, two in each repo; paths do not overlap. */
static void make_partitioned(const char *table) {
    create_table(table, "repo");
    const char *const files[][2] = {{"repo=x/a", "x"}, {"repo=x/b", "x"}, {"repo=y/c", "y"}, {"repo=y/d", "y"}};
    for (int i = 0; i < 4; i++) {
        put_file(table, files[i][0], 0, 50);
        change_table(table, i, files[i][0], files[i][1], NULL);
    }
}

static void test_prune__partitions_and_statistics(void **state) {
    (void)state;
    PATH(table, "%s/prune", folder);
    make_partitioned(table);
    assert_opens(table, "SELECT arrow_cast(count(*), 'Utf8') AS v FROM t", "200\n", 4);
    assert_opens(table, "SELECT arrow_cast(count(*), 'Utf8') AS v FROM t WHERE repo = 'y'", "100\n", 2);
    assert_opens(table, "SELECT arrow_cast(count(*), 'Utf8') AS v FROM t WHERE repo LIKE '%x' OR upper(repo) = 'Z'", "100\n", 2);
    assert_opens(table, "SELECT path AS v FROM t WHERE path = 'c-000007'", "c-000007\n", 1);
    assert_opens(table, "SELECT path AS v FROM t WHERE path > 'd-000048'", "d-000049\n", 1);
    assert_opens(table, "SELECT path AS v FROM t WHERE path = 'a-000001' OR path IN ('b-000002') ORDER BY 1", "a-000001\nb-000002\n", 2);
    assert_opens(table, "SELECT path AS v FROM t WHERE path = 'a-000001' AND repo = 'y'", "", 0);
    assert_opens(table, "SELECT path AS v FROM t WHERE path = 'e'", "", 0);
    assert_opens(table, "SELECT path AS v FROM t WHERE path IS NULL", "", 0);
    assert_opens(table, "SELECT repo AS v FROM t WHERE path = 'd-000000' AND tags[1] = 0", "y\n", 1);
    assert_opens(table, "SELECT repo AS v FROM t WHERE repo = 'y' AND path < 'c-000001' LIMIT 1", "y\n", 1);
}

static void test_explain__lists_what_is_left(void **state) {
    (void)state;
    PATH(table, "%s/explain", folder);
    make_partitioned(table);
    open_engine(false);
    register_table("t", table, NULL);
    char *plan = ask("EXPLAIN SELECT file_id FROM t WHERE repo = 'x' AND path >= 'b'", "plan");
    assert_non_null(strstr(plan, "file_groups={1 group:"));
    assert_non_null(strstr(plan, "repo=x/b"));
    assert_null(strstr(plan, "repo=x/a"));
    assert_null(strstr(plan, "FilterExec: repo"));
    free(plan);
    api->close(engine);
}

/* With statistics of footers the order is proved, and no sort is needed. */
static void test_order__as_declared(void **state) {
    (void)state;
    PATH(table, "%s/order", folder);
    make_partitioned(table);
    for (int collect = 0; collect < 2; collect++) {
        open_engine(collect);
        register_table("t", table, NULL);
        char *plan = ask("EXPLAIN SELECT path FROM t ORDER BY path, file_id", "plan");
        assert_int_equal(!strstr(plan, "SortExec"), collect);
        free(plan);
        assert_rows("SELECT path AS v FROM t ORDER BY path, file_id LIMIT 2", "a-000000\na-000001\n");
        assert_rows("SELECT path AS v FROM t ORDER BY path, file_id OFFSET 199", "d-000049\n");
        assert_rows("SELECT arrow_cast(count(*), 'Utf8') AS v FROM (SELECT path FROM t LIMIT 60)", "60\n");
        assert_rows("SELECT arrow_cast(count(repo), 'Utf8') AS v FROM t WHERE repo = 'x'", "100\n");
        api->close(engine);
    }
}

/* The log is believed about what to leave out, never about a count. */
static void test_count__is_of_the_files(void **state) {
    (void)state;
    PATH(table, "%s/lies", folder);
    create_table(table, "");
    put_file(table, "a", 0, 5);
    change_table(table, 0, "a", NULL, NULL);
    PATH(commit, "%s/_delta_log/00000000000000000001.json", table);
    char *text = read_text(commit), *number = strstr(text, "\\\"numRecords\\\":5");
    assert_non_null(number);
    number[strlen("\\\"numRecords\\\":")] = '7';
    write_text(commit, text);
    free(text);
    for (int collect = 0; collect < 2; collect++) {
        open_engine(collect);
        register_table("t", table, NULL);
        assert_rows("SELECT arrow_cast(count(*), 'Utf8') AS v FROM t", "5\n");
        api->close(engine);
    }
}

static void test_versions__side_by_side(void **state) {
    (void)state;
    PATH(table, "%s/sides", folder);
    make_partitioned(table);
    change_table(table, 4, NULL, NULL, "repo=x/a");
    open_engine(false);
    register_table("v0", table, "0");
    register_table("v3", table, "3");
    register_table("v5", table, "5");
    assert_rows("SELECT arrow_cast(count(*), 'Utf8') AS v FROM v0", "0\n");
    assert_rows("SELECT arrow_cast(count(*), 'Utf8') AS v FROM v3", "150\n");
    assert_rows("SELECT arrow_cast(count(*), 'Utf8') AS v FROM v5", "150\n");
    assert_rows("SELECT path AS v FROM (SELECT path FROM v5 EXCEPT SELECT path FROM v3) ORDER BY 1 LIMIT 1", "d-000000\n");
    api->close(engine);
}

/* Files of others: no ARROW:schema with our names, all nullable, a list that is named otherwise. What is read has the schema that was asked for. */
static void test_foreign__schema_as_given(void **state) {
    (void)state;
    bf_engine_error err = {0};
    PATH(table, "%s/foreign", folder);
    create_table(table, "");
    struct ArrowArrayStream rows;
    PATH(file, "%s/theirs.parquet", table);
    write_foreign_rows(file, "f", 3, 2, 0);
    change_table(table, 0, "theirs.parquet", NULL, NULL);
    open_engine(false);
    struct ArrowSchema ours, given;
    row_schema(&ours);
    bf_engine_delta *delta = open_table(table, NULL);
    ok(api->register_delta(engine, "t", delta, &ours, NULL, 0, &err), &err);
    api->delta_close(delta);
    ok(api->query(engine, "SELECT * FROM t", true, &rows, &err), &err);
    assert_int_equal(rows.get_schema(&rows, &given), 0);
    assert_string_equal(given.children[2]->children[0]->name, "item");
    assert_false(given.children[0]->flags & ARROW_FLAG_NULLABLE);
    ArrowSchemaRelease(&given);
    int64_t sum = 0;
    char *text = read_rows(&rows, "path", &sum);
    assert_string_equal(text, "f-000003\nf-000004\n");
    assert_int_equal(sum, 2 * (3 + 4));
    free(text);
    api->close(engine);
}

static void test_refused(void **state) {
    (void)state;
    bf_engine_error err = {0};
    PATH(table, "%s/refused", folder);
    make_partitioned(table);
    open_engine(false);
    PATH(next, "%s/_delta_log/00000000000000000005.json", table);
    static const struct {
        const char *action, *says;
    } cases[] = {
        {"{\"protocol\":{\"minReaderVersion\":2,\"minWriterVersion\":5}}", "reader version 2"},
        {"{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[\"timestampNtz\"],\"writerFeatures\":[\"timestampNtz\"]}}",
         "features: timestampNtz"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_text(next, cases[i].action);
        assert_int_equal(register_as("t", table, NULL, &err), BF_ENGINE_INVALID);
        assert_says(&err, cases[i].says);
    }
    write_text(next, "{\"add\":{\"path\":\"repo=x/n\",\"partitionValues\":{\"repo\":null},\"size\":1,\"modificationTime\":1,\"dataChange\":true}}\n");
    bf_engine_delta *none;
    assert_int_not_equal(api->delta_open(table, NULL, 0, &none, &err), BF_ENGINE_OK); /* a null in a column that is not null */
    assert_says(&err, "\"repo\"");
    assert_int_equal(unlink(next), 0);
    PATH(gone, "%s/repo=y/c", table);
    assert_int_equal(unlink(gone), 0);
    assert_int_equal(register_as("t", table, "3", &err), BF_ENGINE_NOT_FOUND);
    assert_says(&err, "version 3 was vacuumed: 1 of its 3 data files are gone (repo=y/c)");
    struct ArrowSchema schema;
    row_schema(&schema); /* no repo */
    bf_engine_delta *delta = open_table(table, "2");
    assert_int_equal(api->register_delta(engine, "t", delta, &schema, NULL, 0, &err), BF_ENGINE_INVALID);
    assert_says(&err, "the last columns are to be the partition columns: repo");
    api->delta_close(delta);
    api->close(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prune__partitions_and_statistics),
        cmocka_unit_test(test_explain__lists_what_is_left),
        cmocka_unit_test(test_order__as_declared),
        cmocka_unit_test(test_count__is_of_the_files),
        cmocka_unit_test(test_versions__side_by_side),
        cmocka_unit_test(test_foreign__schema_as_given),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
