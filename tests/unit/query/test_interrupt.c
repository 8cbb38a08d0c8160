/* What a session runs ends when another thread says so; and SQL that is no question is refused by the library itself. */
#include <pthread.h>
#include <time.h>

#include "check/serve.h"

static bf_session *open_session(const bf_profile *profile) {
    bf_error err = {0};
    bf_session *session;
    ok(bf_session_open_with(profile, NULL, &session, &err), &err);
    return session;
}

static void *interrupt(void *session) {
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    bf_session_interrupt(session, true);
    return NULL;
}

static bf_status run(bf_session *session, const char *sql, bf_error *err) {
    struct ArrowArrayStream rows;
    static const bf_render_options csv = {.format = BF_FORMAT_CSV};
    *err = (bf_error){0};
    bf_status st = bf_session_query(session, sql, &rows, err);
    if (st != BF_OK) {
        assert_null(rows.release);
        return st;
    }
    FILE *out = fopen("/dev/null", "w");
    st = bf_render(&rows, &csv, out, NULL, err);
    fclose(out);
    return st;
}

static const char endless[] = "SELECT count(*) FROM generate_series(1, 1000000000000)";
static const char busy[] = "SELECT levenshtein(repeat('x', 1000000), repeat('y', 1000000))"; /* lets go of its thread for nothing */

static void test_interrupt__while_it_runs(void **state) {
    (void)state;
    need_engine();
    const char *const statements[] = {endless, busy};
    for (size_t i = 0; i < 2; i++) {
        bf_error err;
        pthread_t thread;
        bf_session *session = open_session(NULL);
        assert_int_equal(pthread_create(&thread, NULL, interrupt, session), 0);
        assert_int_not_equal(run(session, statements[i], &err), BF_OK);
        assert_string_equal(err.message, "interrupted");
        pthread_join(thread, NULL);
        assert_int_equal(run(session, "SELECT 1", &err), BF_CANCELLED); /* until it is told to go on */
        bf_session_interrupt(session, false);
        assert_int_equal(run(session, "SELECT 1", &err), BF_OK);
        bf_session_close(session);
    }
}

static void test_interrupt__check(void **state) {
    (void)state;
    need_engine();
    bf_error err = {0};
    const bf_check *checks;
    size_t n;
    bf_session *session = open_session(NULL);
    bf_session_interrupt(session, true);
    assert_int_equal(bf_session_check(session, &checks, &n, &err), BF_CANCELLED);
    assert_int_equal(n, 0);
    bf_session_interrupt(session, false);
    ok(bf_session_check(session, &checks, &n, &(bf_error){0}), &err);
    assert_true(n > 0);
    bf_session_close(session);
}

/* A stream outlives its session, and is not reached by it then. */
static void test_interrupt__stream_alone(void **state) {
    (void)state;
    need_engine();
    bf_error err = {0};
    struct ArrowArrayStream rows;
    struct ArrowArray batch;
    bf_session *session = open_session(NULL);
    ok(bf_session_query(session, "SELECT value FROM generate_series(1, 100000)", &rows, &err), &err);
    bf_session_close(session);
    int64_t n = 0;
    while (rows.get_next(&rows, &batch) == 0 && batch.release) {
        n += batch.length;
        batch.release(&batch);
    }
    assert_int_equal(n, 100000);
    rows.release(&rows);
}

static void test_interrupt__refused(void **state) {
    (void)state;
    need_engine();
    bf_error err;
    bf_session *session = open_session(NULL);
    assert_int_equal(run(session, "CREATE TABLE t AS SELECT 1", &err), BF_REFUSED);
    assert_non_null(strstr(err.message, "CREATE TABLE is refused"));
    assert_int_equal(run(session, "SELECT 1 INTO t", &err), BF_REFUSED);
    bf_session_close(session);
    bf_profile *profile = writing_profile();
    session = open_session(profile);
    assert_int_equal(run(session, "CREATE TABLE t AS SELECT 1", &err), BF_OK);
    bf_session_close(session);
    bf_profile_free(profile);
}

/* Memory that is not there ends the session, and not the process. */
static void test_interrupt__memory(void **state) {
    (void)state;
    need_engine();
#ifdef __SANITIZE_ADDRESS__
    skip(); /* whose allocator ends the process, and takes memory of its own */
#endif
    bf_error err;
    bf_profile *profile = bf_profile_new();
    ok(bf_profile_set(profile, "memory_limit", "128M", "test", NULL), &(bf_error){0});
    bf_session *session = open_session(profile);
    assert_int_not_equal(run(session, "SELECT array_agg(a.value) FROM generate_series(1, 20000000) a", &err), BF_OK);
    assert_non_null(strstr(err.message, "--memory"));
    assert_int_equal(run(session, "SELECT array_length(range(1, 1000000000000))", &err), BF_LIMIT);
    bf_session_close(session);
    bf_profile_free(profile);
}

/* ---- the whole process: calls that take no session ---- */

static int n_entries; /* below a folder */

static int count_entry(const char *path, const struct stat *info, int type, struct FTW *where) {
    (void)path, (void)info, (void)type, (void)where;
    n_entries++;
    return 0;
}

static int entries(const char *path) {
    n_entries = 0;
    nftw(path, count_entry, 16, FTW_PHYS);
    return n_entries;
}

static void append(const char *dataset, const char *format) {
    bf_error err = {0};
    const char *const paths[] = {BF_TEST_DATA "/3.12/ok_constants.pyc", BF_TEST_DATA "/3.13/ok_constants.pyc"};
    for (int i = 0; i < 2; i++) {
        bf_index_options options = {.read = {.paths = &paths[i], .n_paths = 1, .jobs = 1}, .dataset = dataset, .format = format, .mode = "append"};
        ok(bf_index(&options, NULL, &err), &err);
    }
}

static void test_interrupt__optimize(void **state) {
    (void)state;
    need_engine();
    const char *const formats[] = {"parquet", "delta"};
    for (size_t i = 0; i < 2; i++) {
        bf_error err = {0};
        bf_optimize_report report;
        PATH(dataset, "%s/optimized-%s", folder, formats[i]);
        append(dataset, formats[i]);
        int before = entries(folder);
        bf_interrupt(true);
        assert_int_equal(bf_optimize(dataset, 0, 1, &report, &err), BF_CANCELLED);
        assert_string_equal(err.message, "interrupted");
        assert_int_equal(entries(folder), before);
        bf_interrupt(false);
        ok(bf_optimize(dataset, 0, 1, &report, &err), &err);
        assert_true(report.is_written);
    }
}

static int n_tables;

static void interrupt_after_two(void *context, const bf_flat_table *table) {
    (void)context, (void)table;
    if (++n_tables == 2) bf_interrupt(true);
}

static void test_interrupt__materialize(void **state) {
    (void)state;
    need_engine();
    bf_error err = {0};
    PATH(dataset, "%s/written", folder);
    PATH(flats, "%s/written.views", folder);
    append(dataset, "parquet");
    bf_materialize_options options = {.dataset = dataset, .on_table = interrupt_after_two};
    assert_int_equal(bf_materialize(&options, &err), BF_CANCELLED);
    assert_int_equal(entries(flats), 1 + 2); /* the folder, and what was told of */
    bf_interrupt(false);
    ok(bf_materialize(&options, &err), &err);
    assert_int_equal(n_tables, 2 + (int)bf_view_count());
    assert_int_equal(entries(flats), 1 + (int)bf_view_count());
}

static void test_interrupt__diff_and_sessions(void **state) {
    (void)state;
    need_engine();
    bf_error err = {0};
    size_t n;
    bf_session *session;
    PATH(dataset, "%s/compared", folder);
    append(dataset, "parquet");
    bf_interrupt(true);
    assert_int_equal(bf_diff(NULL, dataset, dataset, NULL, NULL, &n, &err), BF_CANCELLED);
    assert_int_equal(bf_session_open(dataset, &session, &err), BF_CANCELLED);
    bf_interrupt(false);
    ok(bf_diff(NULL, dataset, dataset, NULL, NULL, &n, &err), &err);
    assert_int_equal(n, 0);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interrupt__while_it_runs), cmocka_unit_test(test_interrupt__check),  cmocka_unit_test(test_interrupt__stream_alone),
        cmocka_unit_test(test_interrupt__refused),       cmocka_unit_test(test_interrupt__memory),
        cmocka_unit_test(test_interrupt__optimize),      cmocka_unit_test(test_interrupt__materialize),
        cmocka_unit_test(test_interrupt__diff_and_sessions),
    };
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
