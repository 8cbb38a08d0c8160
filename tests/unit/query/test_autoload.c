/* Datasets found by name: which are opened, under which names, and what a name cannot do. */
#include "check/serve.h"

static bf_session *open_catalog(const char *directory) {
    bf_error err = {0};
    bf_session *session;
    ok(bf_session_open_catalog(NULL, directory, &session, &err), &err);
    return session;
}

/* The result of a query as CSV, or the message of its error. */
static char answer[4096];

static bf_status ask(bf_session *session, const char *sql) {
    static const bf_render_options csv = {.format = BF_FORMAT_CSV};
    bf_error err = {0};
    struct ArrowArrayStream rows;
    answer[0] = 0;
    bf_status st = bf_session_query(session, sql, &rows, &err);
    FILE *out = fmemopen(answer, sizeof answer, "w");
    if (st == BF_OK) st = bf_render(&rows, &csv, out, NULL, &err);
    fclose(out);
    if (st != BF_OK) snprintf(answer, sizeof answer, "%s", err.message);
    return st;
}

static void expect(bf_session *session, const char *sql, const char *csv) {
    if (ask(session, sql) != BF_OK) fail_msg("%s: %s", sql, answer);
    assert_string_equal(answer, csv);
}

static int make_datasets(void **state) {
    if (open_folder(state)) return -1;
    if (!getenv("BYTEFUSION_ENGINE")) return 0;
    make_dataset("alpha", "3.12/ok_constants.pyc", NULL);
    make_dataset("Beta-2", "3.13", NULL);
    make_dataset("parts", "3.12/ok_constants.pyc", "r");
    make_from_sql("broken", "alpha", "SELECT * EXCEPT (repo) FROM bytecode_files_v1");
    return 0;
}

static void test_autoload__by_name(void **state) {
    (void)state;
    need_engine();
    bf_session *session = open_catalog(folder);
    expect(session, "SELECT count(*) AS n FROM alpha.py_bc_files", "n\n1\n");
    expect(session, "SELECT count(*) > 1 AS n FROM \"Beta-2\".py_bc_files", "n\ntrue\n");
    expect(session, "SELECT DISTINCT repo FROM parts.py_bc_consts", "repo\nr\n");
    bf_session_close(session);
}

static void test_autoload__joins(void **state) {
    (void)state;
    need_engine();
    bf_session *session = open_catalog(folder);
    expect(session, "SELECT p.repo FROM parts.py_bc_code_units p JOIN alpha.py_bc_files a ON p.path = a.path LIMIT 1", "repo\nr\n");
    expect(session,
           "WITH w AS (SELECT * FROM alpha.py_bc_files) SELECT count(*) AS n FROM w WHERE path IN (SELECT path FROM parts.py_bc_files)",
           "n\n1\n");
    bf_session_close(session);
}

/* Nothing is opened before a statement names it: a broken neighbour does not matter, and fails the query that names it. */
static void test_autoload__lazy(void **state) {
    (void)state;
    need_engine();
    bf_session *session = open_catalog(folder);
    expect(session, "SELECT count(*) AS n FROM information_schema.tables WHERE table_name = 'bytecode_files_v1'", "n\n0\n");
    expect(session, "SELECT count(*) AS n FROM alpha.py_bc_files", "n\n1\n");
    expect(session, "SELECT table_schema FROM information_schema.tables WHERE table_name = 'bytecode_files_v1'", "table_schema\nalpha\n");
    assert_int_equal(ask(session, "SELECT * FROM broken.py_bc_files"), BF_CONTRACT);
    assert_non_null(strstr(answer, "broken/part.parquet: repo: expected utf8, found no such field"));
    PATH(artifact, "%s/broken/_bytefusion/validation.json", folder);
    assert_int_equal(access(artifact, R_OK), 0);
    assert_int_equal(ask(session, "SELECT * FROM broken.py_bc_files"), BF_CONTRACT); /* again */
    expect(session, "SELECT count(*) AS n FROM information_schema.schemata WHERE schema_name = 'broken'", "n\n0\n");
    expect(session, "SELECT count(*) AS n FROM alpha.py_bc_files", "n\n1\n");
    bf_session_close(session);
}

static void test_autoload__unknown_names(void **state) {
    (void)state;
    need_engine();
    static const char *const names[] = {"gamma", "\"..\"", "\".\"", "\"\"", "\"alpha/..\"", "\"../alpha\"", "\"_hidden\""};
    bf_session *session = open_catalog(folder);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT * FROM %s.py_bc_files", names[i]);
        assert_int_equal(ask(session, sql), BF_ENGINE);
    }
    assert_int_equal(ask(session, "SELECT * FROM gamma.py_bc_files"), BF_ENGINE);
    assert_non_null(strstr(answer, "holds Beta-2, alpha, broken, parts"));
    assert_null(strstr(answer, "nothing"));
    assert_int_equal(ask(session, "SELECT * FROM py_bc_files"), BF_ENGINE); /* no name at all */
    assert_non_null(strstr(answer, "holds Beta-2, alpha, broken, parts"));
    assert_int_equal(ask(session, "SELEC"), BF_ENGINE);
    assert_null(strstr(answer, "holds"));
    assert_int_equal(ask(session, "SELECT * FROM nothing.py_bc_files"), BF_NOT_FOUND); /* a directory, without files */
    bf_session_close(session);
}

static void test_autoload__default_schema(void **state) {
    (void)state;
    need_engine();
    bf_error err = {0};
    bf_session *session;
    bf_profile *profile = writing_profile();
    ok(bf_session_open_catalog(profile, folder, &session, &err), &err);
    bf_profile_free(profile);
    expect(session, "SET datafusion.catalog.default_schema = 'alpha'", "\n");
    expect(session, "SELECT count(*) AS n FROM py_bc_files", "n\n1\n");
    expect(session, "SELECT count(*) AS n FROM parts.py_bc_files", "n\n1\n"); /* opening it leaves the default as it was */
    expect(session, "SELECT count(*) AS n FROM py_bc_files WHERE repo IS NULL", "n\n1\n");
    bf_session_close(session);
}

static void test_autoload__beside_a_dataset(void **state) {
    (void)state;
    need_engine();
    bf_error err = {0};
    bf_session *session;
    bf_profile *profile = bf_profile_new();
    PATH(dataset, "%s/parts", folder);
    ok(bf_profile_set(profile, "catalog_location", folder, "the test", &err), &err);
    ok(bf_session_open_with(profile, dataset, &session, &err), &err);
    expect(session, "SELECT p.repo, a.repo AS other FROM py_bc_files p JOIN alpha.py_bc_files a ON p.path = a.path", "repo,other\nr,\n");
    bf_session_close(session);
    bf_profile_free(profile);
}

static void test_autoload__what_has_no_answer(void **state) {
    (void)state;
    need_engine();
    bf_error err = {0};
    bf_session *session;
    const bf_check *checks;
    size_t n;
    char *text;
    PATH(nowhere, "%s/nowhere", folder);
    assert_int_equal(bf_session_open_catalog(NULL, nowhere, &session, &err), BF_NOT_FOUND);
    assert_int_equal(bf_session_open_catalog(NULL, NULL, &session, &err), BF_INVALID_ARGUMENT);
    bf_profile *profile = bf_profile_new();
    ok(bf_profile_set(profile, "catalog_format", "delta", "the test", &err), &err);
    assert_int_equal(bf_session_open_catalog(profile, folder, &session, &err), BF_UNSUPPORTED);
    bf_profile_free(profile);
    session = open_catalog(folder);
    assert_int_equal(bf_session_check(session, &checks, &n, &err), BF_INVALID_ARGUMENT);
    assert_int_equal(bf_session_artifact(session, "settings", &text, &err), BF_INVALID_ARGUMENT);
    bf_session_close(session);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_autoload__joins),          cmocka_unit_test(test_autoload__lazy),
        cmocka_unit_test(test_autoload__unknown_names),  cmocka_unit_test(test_autoload__default_schema),
        cmocka_unit_test(test_autoload__beside_a_dataset), cmocka_unit_test(test_autoload__what_has_no_answer),
        cmocka_unit_test(test_autoload__by_name),
    };
    return cmocka_run_group_tests(tests, make_datasets, close_folder);
}
