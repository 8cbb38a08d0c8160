/* What is particular about serving a Delta table: the version and the protocol, and that the log's statistics say what the files say. */
#include <stdlib.h>

#include "nanoarrow/nanoarrow.h"
#include "schema/schema.h"
#include "serving/ask.h"

enum { MAX_PROBED = 64 }; /* files whose own values are asked for */

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

/* The columns that the log has statistics of. A file must be found by its own least value, its greatest, and its nulls. */
static const char *const probed[] = {"repo", "path", "file_id"};

enum { N_PROBED = sizeof probed / sizeof *probed };

typedef struct range {
    bf_buf least, greatest;
    bool has_null, has_value;
} range;

static void put_text(bf_buf *out, struct ArrowStringView text) {
    out->n = 0;
    bf_buf_put(out, text.data, (size_t)text.size_bytes);
    bf_buf_putc(out, 0);
}

static int order_of(struct ArrowStringView a, const bf_buf *b) {
    size_t n = b->n - 1, shorter = (size_t)a.size_bytes < n ? (size_t)a.size_bytes : n;
    int order = memcmp(a.data, b->p, shorter);
    return order ? order : ((size_t)a.size_bytes > n) - ((size_t)a.size_bytes < n);
}

/* Also of a dictionary, as some writers note in a file. */
static struct ArrowStringView text_at(const struct ArrowArrayView *column, int64_t i) {
    if (!column->dictionary) return ArrowArrayViewGetStringUnsafe(column, i);
    return ArrowArrayViewGetStringUnsafe(column->dictionary, ArrowArrayViewGetIntUnsafe(column, i));
}

static void widen(range *r, const struct ArrowArrayView *column, int64_t n_rows) {
    for (int64_t i = 0; i < n_rows; i++) {
        if (ArrowArrayViewIsNull(column, i)) {
            r->has_null = true;
            continue;
        }
        struct ArrowStringView text = text_at(column, i);
        if (!r->has_value || order_of(text, &r->least) < 0) put_text(&r->least, text);
        if (!r->has_value || order_of(text, &r->greatest) > 0) put_text(&r->greatest, text);
        r->has_value = true;
    }
}

/* Of a column, read from the file itself. */
static bf_status read_range(const bf_serving *s, const char *file, const char *column, range *out, bf_error *err) {
    struct ArrowArrayStream stream = {.release = NULL};
    struct ArrowSchema schema = {.release = NULL};
    struct ArrowArrayView view;
    struct ArrowArray batch = {.release = NULL};
    bf_engine_error why = {0};
    out->has_null = out->has_value = false;
    if (s->api->scan_parquet(file, &column, 1, &stream, &why) != BF_ENGINE_OK) return bf_engine_fail(err, &why);
    ArrowArrayViewInitFromType(&view, NANOARROW_TYPE_UNINITIALIZED);
    bool ok = !stream.get_schema(&stream, &schema) && ArrowArrayViewInitFromSchema(&view, &schema, NULL) == NANOARROW_OK;
    while (ok && !(stream.get_next(&stream, &batch)) && batch.release) {
        ok = ArrowArrayViewSetArray(&view, &batch, NULL) == NANOARROW_OK;
        if (ok) widen(out, view.children[0], batch.length);
        ArrowArrayRelease(&batch);
    }
    ok = ok && !stream.get_last_error(&stream);
    ArrowArrayViewReset(&view);
    if (schema.release) ArrowSchemaRelease(&schema);
    stream.release(&stream);
    return ok ? BF_OK : bf_fail(err, BF_ENGINE, -1, "%s: its values of %s cannot be read", file, column);
}

static bf_status on_found(void *context, const char *const *cells, size_t n_cells) {
    *(bool *)context = n_cells == 1 && cells[0] && strcmp(cells[0], "0");
    return BF_OK;
}

/* `value` NULL: is there a row that has none? */
static bf_status finds(bf_serving *s, const char *column, const char *value, bool *found, bf_error *err) {
    bf_buf sql = {0};
    bf_buf_printf(&sql, "SELECT CAST(count(*) AS VARCHAR) FROM %s WHERE %s %s", s->table, column, value ? "= '" : "IS NULL");
    for (const char *c = value; c && *c; c++) {
        if (*c == '\'') bf_buf_putc(&sql, '\'');
        bf_buf_putc(&sql, *c);
    }
    if (value) bf_buf_putc(&sql, '\'');
    bf_status st = bf_ask_end(&sql, err);
    if (st == BF_OK) st = bf_serving_rows(s, sql.p, on_found, found, err);
    bf_buf_free(&sql);
    return st;
}

static bf_status is_found_by(bf_serving *s, const char *column, const range *r, bool *out, bf_error *err) {
    bool least = true, greatest = true, null = true;
    if (r->has_value) BF_TRY(finds(s, column, r->least.p, &least, err));
    if (r->has_value) BF_TRY(finds(s, column, r->greatest.p, &greatest, err));
    if (r->has_null) BF_TRY(finds(s, column, NULL, &null, err));
    *out = least && greatest && null;
    return BF_OK;
}

static bool is_partition_column(const bf_serving *s, const char *column) {
    for (size_t i = 0; i < s->files.n_columns; i++)
        if (!strcmp(s->files.columns[i], column)) return true;
    return false;
}

/* Statistics that lie would leave out a file that holds what is asked for. */
static bf_status check_statistics(bf_serving *s, bf_checks *out, bf_error *err) {
    char name[96], expected[64], found[64];
    size_t n = s->files.n < MAX_PROBED ? s->files.n : MAX_PROBED;
    range r = {.has_null = false};
    bf_status st = BF_OK;
    for (size_t c = 0; c < N_PROBED && st == BF_OK; c++) {
        size_t n_found = 0;
        if (is_partition_column(s, probed[c])) continue;
        for (size_t i = 0; i < n && st == BF_OK; i++) {
            bool is_found = false;
            st = read_range(s, s->files.items[i].path, probed[c], &r, err);
            if (st == BF_OK) st = is_found_by(s, probed[c], &r, &is_found, err);
            n_found += is_found;
        }
        snprintf(name, sizeof name, "files found by their own values of %s", probed[c]);
        put_count(expected, n, n);
        put_count(found, n_found, n);
        if (st == BF_OK) bf_checks_equal(out, 7, name, expected, found);
    }
    bf_buf_free(&r.least);
    bf_buf_free(&r.greatest);
    return st;
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
