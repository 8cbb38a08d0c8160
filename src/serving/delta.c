/* What is particular about serving a Delta table: the version and the protocol, and that the log's statistics say what the files say. */
#include <stdlib.h>

#include "schema/schema.h"
#include "serving/ask.h"

static void put_count(char out[64], size_t n, size_t of) {
    snprintf(out, 64, "%zu of %zu", n, of);
}

/* ---- what the log says of the table ---- */

static void check_version(const bf_serving *s, bf_checks *out) {
    char expected[64] = "the latest", found[96];
    bf_time_text time, asked;
    const char *by_profile = bf_profile_text(s->profile, BF_OPT_delta_version);
    const char *version = *s->at.version ? s->at.version : by_profile, *at = bf_profile_text(s->profile, BF_OPT_delta_timestamp);
    if (*version) snprintf(expected, sizeof expected, "version %s", version);
    if (s->at.by_time) snprintf(expected, sizeof expected, "at %s", bf_time_put(asked, s->at.timestamp_ms));
    if (*at) snprintf(expected, sizeof expected, "at %.40s", at);
    snprintf(found, sizeof found, "version %lld of %s", (long long)s->delta.about.version, bf_time_put(time, s->delta.about.timestamp_ms));
    bool is_that = !*version || strtoll(version, NULL, 10) == s->delta.about.version;
    bf_checks_add(out, 7, is_that ? BF_CHECK_OK : BF_CHECK_FAIL, "version of the Delta table", expected, found);
}

static void check_protocol(const bf_serving *s, bf_checks *out) {
    const bf_engine_delta_about *a = &s->delta.about;
    char found[64];
    snprintf(found, sizeof found, "reader %d, writer %d", a->min_reader_version, a->min_writer_version);
    bf_checks_add(out, 5, a->min_reader_version == 1 ? BF_CHECK_OK : BF_CHECK_FAIL, "protocol of the Delta table", "reader 1", found);
    bf_checks_equal(out, 5, "table features that readers need", "none", *a->reader_features ? a->reader_features : "none");
}

static void check_properties(const bf_serving *s, bf_checks *out) {
    size_t n = 0, n_there = 0;
    char expected[64], found[64];
    for (size_t i = 0; i < bf_n_pairs; i++) {
        if (bf_pairs[i].set != BF_META_SCHEMA) continue;
        char *value = bf_delta_property(&s->delta, bf_pairs[i].key);
        n++;
        n_there += value && !strcmp(value, bf_pairs[i].value);
        free(value);
    }
    put_count(expected, n, n);
    put_count(found, n_there, n);
    bf_checks_equal(out, 5, "schema metadata as table properties", expected, found);
}

/* ---- rows of each file, by the log and by its footer ---- */

typedef struct counts {
    int64_t *rows; /* by the log; -1: it does not say */
    size_t n, at, n_same, n_silent;
} counts;

static bool keep_rows(void *context, const bf_engine_delta_file *file) {
    counts *c = context;
    if (c->at < c->n) c->rows[c->at++] = file->rows;
    return c->at < c->n;
}

static bf_status compare_rows(void *context, const bf_dataset_file *file, const struct ArrowSchema *schema, const bf_engine_footer *about,
                              const bf_error *why) {
    counts *c = context;
    (void)file, (void)why;
    int64_t rows = c->at < c->n ? c->rows[c->at++] : -1;
    c->n_silent += rows < 0;
    c->n_same += schema && rows == about->rows;
    return BF_OK;
}

static bf_status check_rows(const bf_serving *s, bf_checks *out, bf_error *err) {
    char expected[64], found[64];
    bf_engine_error why = {0};
    counts c = {.rows = calloc(s->files.n + 1, sizeof *c.rows), .n = s->files.n};
    if (!c.rows) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    bf_status st = s->api->delta_files(s->delta.handle, keep_rows, &c, &why) == BF_ENGINE_OK ? BF_OK : bf_engine_fail(err, &why);
    c.at = 0;
    int concurrency = (int)bf_profile_int(s->profile, BF_OPT_meta_fetch_concurrency);
    if (st == BF_OK) st = bf_footers_read(s->api, &s->files, concurrency, compare_rows, &c, NULL, err);
    free(c.rows);
    if (st != BF_OK) return st;
    put_count(expected, c.n, c.n);
    put_count(found, c.n_same, c.n);
    if (c.n_silent)
        bf_checks_add(out, 7, BF_CHECK_NOT_CHECKED, "files whose rows are as the log counts them", expected, "the log does not count them all");
    else
        bf_checks_equal(out, 7, "files whose rows are as the log counts them", expected, found);
    return BF_OK;
}

/* ---- leaving files out by the log's statistics ---- */

/* No text is less than the empty one, so that no file can hold such a row. */
static bf_status check_pruning(bf_serving *s, bf_checks *out, bf_error *err) {
    static const char name[] = "files opened for path < '', by the log's statistics";
    char sql[256], expected[64], found[64];
    long opened = 0;
    snprintf(sql, sizeof sql, "SELECT max(file_id) FROM %s WHERE path < ''", s->table);
    BF_TRY(bf_ask_opened(s, sql, &opened, err));
    put_count(expected, 0, s->files.n);
    put_count(found, (size_t)opened, s->files.n);
    bf_checks_add(out, 7, opened ? BF_CHECK_NOT_CHECKED : BF_CHECK_OK, name, expected, opened ? "the log has no statistics of path" : found);
    return BF_OK;
}

typedef struct lies {
    bf_buf file; /* that the last one is of */
    size_t n_files;
    char first[300];
} lies;

static bool on_lie(void *context, const char *file, const char *lie) {
    lies *l = context;
    if (!l->n_files) snprintf(l->first, sizeof l->first, "; %.120s: %.160s", file, lie);
    if (l->file.n && !strcmp(l->file.p, file)) return true;
    l->n_files++;
    l->file.n = 0;
    bf_buf_puts(&l->file, file);
    bf_buf_putc(&l->file, 0);
    return !l->file.failed;
}

/* A query would leave out a file that holds what is asked for. */
static bf_status check_statistics(const bf_serving *s, bf_checks *out, bf_error *err) {
    char expected[64], counted[64], found[sizeof counted + 300];
    bf_engine_error why = {0};
    lies l = {.n_files = 0};
    bf_status st = s->api->delta_statistics(s->delta.handle, on_lie, &l, &why) == BF_ENGINE_OK ? BF_OK : bf_engine_fail(err, &why);
    if (st == BF_OK && l.file.failed) st = bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    bf_buf_free(&l.file);
    if (st != BF_OK) return st;
    put_count(expected, s->files.n, s->files.n);
    put_count(counted, s->files.n - l.n_files, s->files.n);
    snprintf(found, sizeof found, "%s%s", counted, l.first);
    bf_checks_equal(out, 7, "files whose rows are within the log's statistics", expected, found);
    return BF_OK;
}

/* What a reader has to hold a table to by itself, since its log does not. */
static bf_status check_lax(const bf_serving *s, bf_checks *out, bf_error *err) {
    char found[96];
    int64_t n = bf_delta_count_lax(&s->delta);
    if (n < 0) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    snprintf(found, sizeof found, n ? "%lld nullable in the log, not null to each query" : "%lld", (long long)n);
    bf_checks_add(out, 5, BF_CHECK_OK, "not null below lists, and nullable in the log", "none, or held to by each query", found);
    return BF_OK;
}

bf_status bf_delta_check(bf_serving *s, bf_checks *out, bf_error *err) {
    if (!s->delta.handle) return BF_OK;
    check_version(s, out);
    check_protocol(s, out);
    check_properties(s, out);
    BF_TRY(check_lax(s, out, err));
    if (!s->files.n) return BF_OK;
    BF_TRY(check_rows(s, out, err));
    BF_TRY(check_pruning(s, out, err));
    return check_statistics(s, out, err);
}
