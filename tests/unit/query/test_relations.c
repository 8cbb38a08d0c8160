/* Views are made when a statement names them, and a session answers as if all had been there from the start. */
#include "check/serve.h"
#include "query/relations.h"

static bf_session *open_session(void) {
    bf_error err = {0};
    bf_session *session;
    PATH(dataset, "%s/alpha", folder);
    bf_profile *profile = writing_profile();
    ok(bf_session_open_with(profile, dataset, &session, &err), &err);
    bf_profile_free(profile);
    return session;
}

static bf_status run(bf_session *session, const char *sql) {
    bf_error err = {0};
    struct ArrowArrayStream rows;
    bf_status st = bf_session_query(session, sql, &rows, &err);
    if (st == BF_OK) {
        static const bf_render_options csv = {.format = BF_FORMAT_CSV};
        FILE *out = fopen("/dev/null", "w");
        st = bf_render(&rows, &csv, out, NULL, &err);
        fclose(out);
    }
    return st;
}

/* The views that are made, as "a b". */
static const char *made(const bf_session *session) {
    static char names[2048];
    names[0] = 0;
    for (size_t i = 0; i < bf_view_count(); i++)
        if (session->relations && session->relations[i].made)
            snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", *names ? " " : "", bf_view_name(i));
    return names;
}

static const char *const all = "all";

static const struct {
    const char *sql, *made;
} statements[] = {
    {"SELECT 1", ""},
    {"SELECT count(*) FROM bytecode_files_v1", ""},
    {"SELECT count(*) FROM py_bc_consts", "py_bc_consts"},
    {"SELECT count(*) FROM public.PY_BC_CONSTS", "py_bc_consts"},
    {"SELECT count(*) FROM \"py_bc_consts\"", "py_bc_consts"},
    {"-- py_bc_blocks\n(SELECT count(*) FROM py_bc_consts)", "py_bc_consts"},
    {"WITH py_bc_consts AS (SELECT 1 AS x) SELECT x FROM py_bc_consts", ""},
    {"WITH w AS (SELECT path FROM py_bc_consts) SELECT count(*) FROM w", "py_bc_consts"},
    {"SELECT path FROM bytecode_errors UNION SELECT path FROM py_bc_files WHERE path IN (SELECT path FROM py_bc_blocks)",
     "py_bc_blocks bytecode_errors py_bc_files"},
    {"EXPLAIN SELECT path FROM py_bc_files", "py_bc_files"},
    {"DESCRIBE py_bc_files", "py_bc_files"},
    {"SHOW TABLES", all},
    {"SHOW COLUMNS FROM py_bc_consts", all},
    {"SELECT table_name FROM information_schema.tables", all},
    {"SET datafusion.execution.batch_size = 100", all},
    {"CREATE VIEW mine AS SELECT * FROM py_bc_consts", all},
};

static void test_relations__as_named(void **state) {
    (void)state;
    need_engine();
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        bf_session *session = open_session();
        assert_string_equal(made(session), "");
        if (run(session, statements[i].sql) != BF_OK) fail_msg("%s", statements[i].sql);
        if (statements[i].made == all)
            for (size_t v = 0; v < bf_view_count(); v++) assert_non_null(strstr(made(session), bf_view_name(v)));
        else
            assert_string_equal(made(session), statements[i].made);
        bf_session_close(session);
    }
}

/* One session, one statement after the other. */
static void test_relations__one_session(void **state) {
    (void)state;
    need_engine();
    bf_session *session = open_session();
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) assert_int_equal(run(session, statements[i].sql), BF_OK);
    assert_int_equal(run(session, "SELECT count(*) FROM mine JOIN py_bc_files USING (path)"), BF_OK);
    assert_int_equal(run(session, "DROP VIEW py_bc_consts"), BF_OK);
    assert_int_equal(run(session, "SELECT count(*) FROM py_bc_consts"), BF_ENGINE); /* gone is gone */
    assert_int_equal(run(session, "CREATE TABLE py_bc_consts AS SELECT 1 AS x"), BF_OK);
    assert_int_equal(run(session, "SELECT x FROM py_bc_consts"), BF_OK);
    bf_session_close(session);
}

static void test_relations__no_such(void **state) {
    (void)state;
    need_engine();
    bf_session *session = open_session();
    static const char *const wrong[] = {"SELECT FROM WHERE", "SELECT * FROM py_bc_const", "SELECT * FROM other.py_bc_consts", "SELECT no FROM py_bc_consts", "/* no end", ""};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) assert_int_equal(run(session, wrong[i]), BF_ENGINE);
    assert_int_equal(run(session, "SELECT count(*) FROM py_bc_consts"), BF_OK);
    bf_session_close(session);
}

static int make_datasets(void **state) {
    if (open_folder(state)) return -1;
    if (getenv("BYTEFUSION_ENGINE")) make_dataset("alpha", "3.12/ok_constants.pyc", NULL);
    return 0;
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_relations__as_named),
        cmocka_unit_test(test_relations__one_session),
        cmocka_unit_test(test_relations__no_such),
    };
    return cmocka_run_group_tests(tests, make_datasets, close_folder);
}
