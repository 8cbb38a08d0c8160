/* Datasets made of tests/data, opened by hand up to the checks: what the tests of scopes start from. */
#ifndef BF_TEST_SERVING_OPENED_H
#define BF_TEST_SERVING_OPENED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "nanoarrow/nanoarrow.h"
#include "serving/ask.h"

/** A scratch folder of the process: full/ holds files and an error, empty/ no row. Filled by make_datasets, which is a group's set-up. */
static char scratch[64], full[96], empty[96];

/* In the build folder the engine lies beside the tests' folder. */
static inline void find_engine(void) {
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 32);
    if (getenv("BYTEFUSION_ENGINE") || n < 0) return;
    path[n] = 0;
    strcpy(strrchr(path, '/'), "/../libbf_engine.so");
    if (access(path, R_OK) == 0) setenv("BYTEFUSION_ENGINE", path, 1);
}

static inline void make_dataset(const char *const *paths, size_t n_paths, const char *to) {
    bf_error err = {0};
    bf_index_report report;
    bf_index_options options = {.read = {.paths = paths, .n_paths = n_paths, .repo = "r", .jobs = 1}, .dataset = to};
    if (bf_index(&options, &report, &err) != BF_OK) fail_msg("index: %s", err.message);
}

static inline int make_datasets(void **state) {
    (void)state;
    find_engine();
    strcpy(scratch, "/tmp/bf_serving_XXXXXX");
    assert_non_null(mkdtemp(scratch));
    snprintf(full, sizeof full, "%s/full", scratch);
    snprintf(empty, sizeof empty, "%s/empty", scratch);
    char nothing[96], bad[96];
    snprintf(nothing, sizeof nothing, "%s/nothing", scratch);
    snprintf(bad, sizeof bad, "%s/bad.pyc", scratch);
    assert_int_equal(mkdir(nothing, 0777), 0);
    FILE *f = fopen(bad, "wb");
    assert_non_null(f);
    fputs("no magic at all", f);
    fclose(f);
    const char *const files[] = {BF_TEST_DATA "/3.12/ok_caches.pyc",     BF_TEST_DATA "/3.12/ok_classes.pyc",
                                 BF_TEST_DATA "/3.12/ok_exceptions.pyc", BF_TEST_DATA "/3.12/ok_loops.pyc",
                                 BF_TEST_DATA "/3.8/ok_classes.pyc",     bad};
    make_dataset(files, sizeof files / sizeof *files, full);
    make_dataset((const char *const[]){nothing}, 1, empty);
    return 0;
}

static inline int remove_datasets(void **state) {
    (void)state;
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", scratch);
    return system(command);
}

static inline void run_sql(const bf_serving *s, const char *sql) {
    bf_error err = {0};
    if (bf_serving_run(s, sql, &err) != BF_OK) fail_msg("%s: %s", sql, err.message);
}

static inline bf_serving *new_serving(const char *dataset) {
    bf_error err = {0};
    bf_serving *s = test_calloc(1, sizeof *s);
    s->profile = bf_profile_new();
    s->table = "bytecode_files_v1";
    s->dataset = dataset;
    if (bf_engine_load(&s->api, &err) != BF_OK) fail_msg("%s", err.message);
    return s;
}

static inline void set_option(bf_serving *s, const char *name, const char *value) {
    bf_error err = {0};
    if (bf_profile_set(s->profile, name, value, "test", &err) != BF_OK) fail_msg("%s", err.message);
}

/** The engine with the settings of the profile, files, schema and table; no views. The gate of contracts may refuse. */
static inline void open_table(bf_serving *s) {
    bf_error err = {0}, refused = {0};
    bf_engine_error why = {0};
    bf_engine_option *settings;
    size_t n;
    bf_arena arena = {0};
    assert_int_equal(bf_knobs_settings(s->profile, &arena, &settings, &n, &err), BF_OK);
    if (s->api->open(settings, n, &s->engine, &why) != BF_ENGINE_OK) fail_msg("%s", why.message);
    free(settings);
    bf_arena_free(&arena);
    if (bf_partitions_find(s, &err) != BF_OK) fail_msg("%s", err.message);
    bf_contract_gate(s, &refused);
    if (bf_contract_register(s, &err) != BF_OK) fail_msg("%s", err.message);
}

static inline void create_views(bf_serving *s) {
    bf_error err = {0};
    for (size_t i = 0; i < bf_view_count(); i++) {
        bf_buf sql = {0};
        bf_buf_printf(&sql, "CREATE VIEW %s AS\n", bf_view_name(i));
        assert_int_equal(bf_view_expand(&sql, i, &s->fill, &err), BF_OK);
        assert_int_equal(bf_ask_end(&sql, &err), BF_OK);
        run_sql(s, sql.p);
        bf_buf_free(&sql);
    }
}

static inline bf_serving *open_serving(const char *dataset) {
    bf_serving *s = new_serving(dataset);
    open_table(s);
    create_views(s);
    return s;
}

static inline void close_serving(bf_serving *s) {
    if (s->engine) s->api->close(s->engine);
    if (s->schema.release) ArrowSchemaRelease(&s->schema);
    bf_dataset_files_free(&s->files);
    bf_signatures_free(&s->signatures);
    bf_checks_free(&s->gates);
    bf_profile_free(s->profile);
    test_free(s);
}

/** The full dataset without its column repo, below repo=a and repo=b. Schema metadata is lost on the way: no test of that. */
static inline void make_partitions(char *dataset, size_t size) {
    bf_serving *s = open_serving(full);
    snprintf(dataset, size, "%s/partitions", scratch);
    for (const char *repo = "ab"; *repo; repo++) {
        char sql[300];
        snprintf(
            sql, sizeof sql,
            "COPY (SELECT path, file_id, code_objects, errors, attrs FROM bytecode_files_v1) TO '%s/repo=%c/x.parquet' STORED AS PARQUET",
            dataset, *repo);
        run_sql(s, sql);
    }
    close_serving(s);
}

/* ---- what was found ---- */

typedef bf_status (*scope)(bf_serving *s, bf_checks *out, bf_error *err);

static inline bf_checks checked(bf_serving *s, scope check) {
    bf_error err = {0};
    bf_checks out = {0};
    if (check(s, &out, &err) != BF_OK) fail_msg("%s", err.message);
    assert_false(out.failed);
    return out;
}

static inline const bf_check *find_check(const bf_checks *checks, const char *name) {
    for (size_t i = 0; i < checks->n; i++)
        if (!strcmp(checks->items[i].name, name)) return &checks->items[i];
    fail_msg("no check %s", name);
    return NULL;
}

static inline void assert_all_ok(const bf_checks *checks) {
    for (size_t i = 0; i < checks->n; i++) {
        const bf_check *c = &checks->items[i];
        if (c->state != BF_CHECK_OK) fail_msg("%s: expected %s, found %s", c->name, c->expected, c->found);
    }
    assert_true(checks->n > 0);
}

/** That check alone fails, with these texts (NULL: any). */
static inline void assert_fails(const bf_checks *checks, const char *name, const char *expected, const char *found) {
    const bf_check *c = find_check(checks, name);
    assert_int_equal(c->state, BF_CHECK_FAIL);
    if (expected) assert_string_equal(c->expected, expected);
    if (found) assert_string_equal(c->found, found);
}

#endif
