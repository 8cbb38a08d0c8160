/* That every scope is looked at, and that what was not looked at is not ok. What the scopes find is tested by tests/unit/serving. */
#include "serve.h"

enum { N_SCOPES = 9 };

typedef struct tally {
    size_t n[3], by_scope[N_SCOPES + 1][3];
} tally;

static tally check(bf_session *session) {
    tally t = {0};
    bf_error err = {0};
    const bf_check *checks;
    size_t n;
    int last = 1;
    ok(bf_session_check(session, &checks, &n, &err), &err);
    for (size_t i = 0; i < n; i++) {
        assert_in_range(checks[i].scope, last, N_SCOPES); /* in their order */
        last = checks[i].scope;
        assert_true(*checks[i].name && *checks[i].expected);
        t.n[checks[i].state]++;
        t.by_scope[checks[i].scope][checks[i].state]++;
    }
    return t;
}

static void test_check__every_scope(void **state) {
    (void)state;
    need_engine();
    static const char *const datasets[] = {"good", "empty"};
    make_dataset("good", "3.12/ok_constants.pyc", NULL);
    make_dataset("empty", NULL, NULL);
    for (int i = 0; i < 2; i++) {
        bf_session *session = open_for_check(datasets[i], NULL);
        tally t = check(session);
        for (int scope = 1; scope <= N_SCOPES; scope++) assert_true(t.by_scope[scope][BF_CHECK_OK] > 0);
        assert_int_equal(t.n[BF_CHECK_FAIL] + t.n[BF_CHECK_NOT_CHECKED], 0);
        tally again = check(session);
        assert_memory_equal(&t, &again, sizeof t);
        bf_session_close(session);
    }
}

static void test_check__without_files(void **state) {
    (void)state;
    need_engine();
    bf_error err = {0};
    bf_session *session;
    ok(bf_session_open_for_check(NULL, NULL, &session, &err), &err);
    tally t = check(session);
    assert_int_equal(t.n[BF_CHECK_FAIL], 0);
    assert_true(t.by_scope[7][BF_CHECK_NOT_CHECKED] > 0);
    bf_session_close(session);
}

static void test_check__refused_dataset(void **state) {
    (void)state;
    need_engine();
    make_dataset("whole", "3.12/ok_constants.pyc", NULL);
    make_from_sql("refused", "whole", "SELECT * EXCEPT (repo) FROM bytecode_files_v1");
    bf_session *session = open_for_check("refused", NULL);
    tally t = check(session);
    assert_true(t.by_scope[5][BF_CHECK_FAIL] > 0);
    for (int scope = 1; scope <= N_SCOPES; scope++) {
        bool is_about_engine = scope == 4 || scope == 8;
        if (is_about_engine) assert_true(t.by_scope[scope][BF_CHECK_OK] > 0);
        if (scope != 5 && !is_about_engine) assert_int_equal(t.by_scope[scope][BF_CHECK_NOT_CHECKED], 1);
    }
    bf_error err = {0};
    struct ArrowArrayStream rows;
    assert_int_equal(bf_session_query(session, "SELECT 1", &rows, &err), BF_CONTRACT);
    assert_non_null(strstr(err.message, "part.parquet: repo: expected utf8, found no such field"));
    assert_null(rows.release);
    bf_session_close(session);
}

static void test_check__setting_that_was_changed(void **state) {
    (void)state;
    need_engine();
    make_dataset("good", "3.12/ok_constants.pyc", NULL);
    bf_profile *profile = writing_profile();
    bf_session *session = open_for_check("good", profile);
    bf_profile_free(profile);
    bf_error err = {0};
    struct ArrowArrayStream rows;
    ok(bf_session_query(session, "SET datafusion.execution.meta_fetch_concurrency = '7'", &rows, &err), &err);
    rows.release(&rows);
    tally t = check(session);
    assert_int_equal(t.by_scope[8][BF_CHECK_FAIL], 1);
    bf_session_close(session);
}

static void test_check__what_is_no_finding(void **state) {
    (void)state;
    need_engine();
    bf_error err = {0};
    bf_session *session;
    PATH(nowhere, "%s/nowhere", folder);
    assert_int_equal(bf_session_open_for_check(NULL, nowhere, &session, &err), BF_NOT_FOUND);
    assert_null(session);
    bf_session_close(session);
}

static void test_check__state_names(void **state) {
    (void)state;
    assert_string_equal(bf_check_state_name(BF_CHECK_OK), "ok");
    assert_string_equal(bf_check_state_name(BF_CHECK_FAIL), "FAIL");
    assert_string_equal(bf_check_state_name(BF_CHECK_NOT_CHECKED), "not checked");
    assert_string_equal(bf_check_state_name((bf_check_state)99), "unknown state");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check__every_scope),       cmocka_unit_test(test_check__without_files),
        cmocka_unit_test(test_check__refused_dataset),   cmocka_unit_test(test_check__setting_that_was_changed),
        cmocka_unit_test(test_check__what_is_no_finding), cmocka_unit_test(test_check__state_names),
    };
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
