/* Parts merged: as many rows, fewer parts; a second run has nothing to do. Under the sanitizers too, as batches come from the engine. */
#include "check/serve.h"

static void append(const char *dataset, const char *input, const char *format, const char *repo) {
    bf_error err = {0};
    PATH(path, "%s/%s", BF_TEST_DATA, input);
    const char *paths[] = {path};
    bf_index_options options = {
        .read = {.paths = paths, .n_paths = 1, .jobs = 1, .repo = repo}, .dataset = dataset, .format = format, .mode = "append", .partition_by = repo ? "repo" : NULL};
    bf_index_report report;
    ok(bf_index(&options, &report, &err), &err);
    assert_true(report.is_written);
    assert_int_equal(report.added, report.files);
}

static int64_t count_rows(const char *dataset) {
    static const bf_render_options csv = {.format = BF_FORMAT_CSV};
    bf_error err = {0};
    bf_session *session;
    struct ArrowArrayStream rows;
    char answer[64] = "";
    ok(bf_session_open(dataset, &session, &err), &err);
    ok(bf_session_query(session, "SELECT count(DISTINCT file_id) FROM bytecode_files_v1", &rows, &err), &err);
    FILE *out = fmemopen(answer, sizeof answer, "w");
    ok(bf_render(&rows, &csv, out, NULL, &err), &err);
    fclose(out);
    bf_session_close(session);
    return strtoll(strchr(answer, '\n') + 1, NULL, 10);
}

static void optimize_format(const char *format, const char *repo) {
    bf_error err = {0};
    bf_optimize_report report;
    PATH(dataset, "%s/%s-%s", folder, format, repo ? repo : "plain");
    append(dataset, "3.12/ok_constants.pyc", format, repo);
    append(dataset, "3.13/ok_constants.pyc", format, repo);
    append(dataset, "3.11/ok_constants.pyc", format, repo);
    ok(bf_optimize(dataset, 0, 1, &report, &err), &err);
    assert_true(report.is_written);
    assert_int_equal(report.parts_before, 3);
    assert_int_equal(report.parts_rewritten, 3);
    assert_int_equal(report.parts_after, 1);
    assert_int_equal(report.version, strcmp(format, "delta") ? -1 : 3);
    assert_int_equal(count_rows(dataset), 3);
    ok(bf_optimize(dataset, 0, 1, &report, &err), &err);
    assert_false(report.is_written);
    assert_int_equal(report.parts_before, 1);
}

static void test_optimize__parquet(void **state) {
    (void)state;
    need_engine();
    optimize_format("parquet", NULL);
    optimize_format("parquet", "some");
}

static void test_optimize__delta(void **state) {
    (void)state;
    need_engine();
    optimize_format("delta", NULL);
    optimize_format("delta", "some");
}

static void test_optimize__no_dataset(void **state) {
    (void)state;
    bf_error err = {0};
    PATH(missing, "%s/missing", folder);
    assert_int_equal(bf_optimize(missing, 0, 1, NULL, &err), BF_NOT_FOUND);
    assert_int_equal(bf_vacuum(missing, 168, true, 0, NULL, NULL, NULL, &err), BF_NOT_FOUND);
    assert_int_equal(bf_vacuum(folder, -1, true, 0, NULL, NULL, NULL, &err), BF_INVALID_ARGUMENT);
    PATH(lock, "%s/missing.lock", folder);
    assert_int_equal(access(lock, F_OK), -1);
}

int main(void) {
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_optimize__parquet), cmocka_unit_test(test_optimize__delta), cmocka_unit_test(test_optimize__no_dataset)};
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
