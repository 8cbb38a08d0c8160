/* A dataset that is replaced while a session is open: its rows are those of one state, or there is a clear error; no mixture. */
#include "check/serve.h"

static bf_status ask(bf_session *session, const char *sql, char answer[1024]) {
    static const bf_render_options csv = {.format = BF_FORMAT_CSV};
    bf_error err = {0};
    struct ArrowArrayStream rows;
    memset(answer, 0, 1024);
    bf_status st = bf_session_query(session, sql, &rows, &err);
    FILE *out = fmemopen(answer, 1024, "w");
    if (st == BF_OK) st = bf_render(&rows, &csv, out, NULL, &err);
    fclose(out);
    if (st != BF_OK) snprintf(answer, 1024, "%s", err.message);
    return st;
}

static void test_replaced__by_a_run(void **state) {
    (void)state;
    need_engine();
    static const char sql[] = "SELECT count(*), max(path) FROM (SELECT path, unnest(code_objects) AS co FROM bytecode_files_v1)";
    char before[1024], now[1024];
    bf_error err = {0};
    bf_session *session;
    make_dataset("ds", "3.12/ok_constants.pyc", NULL);
    PATH(dataset, "%s/ds", folder);
    ok(bf_session_open(dataset, &session, &err), &err);
    if (ask(session, sql, before) != BF_OK) fail_msg("%s", before);
    make_dataset("ds", "3.13/ok_constants.pyc", NULL); /* the listing that the session keeps is of the state before */
    bf_status st = ask(session, sql, now);
    if (st == BF_OK) assert_string_equal(now, before);
    if (st != BF_OK) assert_non_null(strstr(now, "the dataset was replaced while it was being read: "));
    assert_int_not_equal(st, BF_OK); /* as long as listings are kept for five minutes */
    bf_session_close(session);
    ok(bf_session_open(dataset, &session, &err), &err);
    if (ask(session, sql, now) != BF_OK) fail_msg("%s", now);
    bf_session_close(session);
}

/* The files of an older version of a Delta table are there until they are vacuumed. */
static void test_replaced__delta(void **state) {
    (void)state;
    need_engine();
    char before[1024], now[1024];
    bf_error err = {0};
    bf_session *session;
    PATH(dataset, "%s/table", folder);
    for (int i = 0; i < 2; i++) {
        PATH(path, "%s/%s", BF_TEST_DATA, i ? "3.13/ok_constants.pyc" : "3.12/ok_constants.pyc");
        const char *paths[] = {path};
        bf_index_options options = {.read = {.paths = paths, .n_paths = 1}, .dataset = dataset, .format = "delta"};
        ok(bf_index(&options, NULL, &err), &err);
        if (i == 0) ok(bf_session_open(dataset, &session, &err), &err);
        if (ask(session, "SELECT python_version FROM py_bc_files", i ? now : before) != BF_OK) fail_msg("%s", i ? now : before);
    }
    assert_string_equal(before, "python_version\n3.12\n");
    assert_string_equal(now, before);
    bf_session_close(session);
}

int main(void) {
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_replaced__by_a_run), cmocka_unit_test(test_replaced__delta)};
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
