/* Scope 7, partitions and listing: hive directories found and declared, and what a plan makes of them. */
#include <ctype.h>
#include <stdlib.h>

#include "dataset/layout.h"
#include "serving/ask.h"

/* ---- opening ---- */

/* The next "name type" of the option; both NUL-terminated in `column`. False after the last. */
static bool next_declared(const char **at, char column[128], const char **type) {
    while (**at == ',' || isspace((unsigned char)**at)) ++*at;
    size_t n = strcspn(*at, ",");
    if (n == 0 || n >= 128) return false;
    memcpy(column, *at, n);
    column[n] = 0;
    *at += n;
    char *gap = strpbrk(column, " :");
    *type = "utf8";
    if (gap) {
        *gap = 0;
        do gap++;
        while (isspace((unsigned char)*gap));
        *type = gap;
    }
    return true;
}

/* Declared columns are those of the directories, in their order. */
static bf_status check_declared(const bf_serving *s, bf_error *err) {
    const char *at = bf_profile_text(s->profile, BF_OPT_partition_cols), *type;
    char column[128];
    size_t i = 0;
    for (; next_declared(&at, column, &type); i++) {
        if (strcmp(type, "utf8"))
            return bf_fail(err, BF_CONTRACT, -1, "partition column %s is declared as %s; the names of directories are utf8", column, type);
        if (i >= s->files.n_columns || strcmp(s->files.columns[i], column))
            return bf_fail(err, BF_CONTRACT, -1, "%s: partition column %s is declared, the files lie under %s", s->dataset ? s->dataset : "dataset", column,
                           i < s->files.n_columns ? s->files.columns[i] : "no such directories");
    }
    if (i && i != s->files.n_columns)
        return bf_fail(err, BF_CONTRACT, -1, "%s: the files lie under %s=..., which is not among the declared partition columns", s->dataset,
                       s->files.columns[i]);
    return BF_OK;
}

static bf_status no_null_partition(const bf_serving *s, bf_error *err) {
    for (size_t i = 0; i < s->files.n; i++)
        for (size_t c = 0; c < s->files.n_columns; c++)
            if (!strcmp(s->files.items[i].values[c], "__HIVE_DEFAULT_PARTITION__"))
                return bf_fail(err, BF_CONTRACT, -1, "%s: partition column %s is null, and it is required", s->files.items[i].path, s->files.columns[c]);
    return BF_OK;
}

static bf_status find_directories(bf_serving *s, bf_error *err) {
    bf_files_options options = {.ignore_subdirectories = bf_profile_bool(s->profile, BF_OPT_listing_table_ignore_subdirectory)};
    BF_TRY(bf_dataset_files_find(&s->files, s->dataset, &options, err));
    bool declared = *bf_profile_text(s->profile, BF_OPT_partition_cols);
    if (!declared && !bf_profile_bool(s->profile, BF_OPT_listing_table_factory_infer_partitions)) s->files.n_columns = 0;
    return declared ? check_declared(s, err) : BF_OK;
}

/* ---- a Delta table: its log says which files there are, and where ---- */

/* The version that the address or the profile asks for. */
static bf_status which_version(bf_serving *s, bf_delta_at *out, bf_error *err) {
    const char *version = bf_profile_text(s->profile, BF_OPT_delta_version), *time = bf_profile_text(s->profile, BF_OPT_delta_timestamp);
    bool by_address = *s->at.version || s->at.by_time;
    *out = (bf_delta_at){s->at.version, s->at.timestamp_ms, s->at.by_time, bf_profile_text(s->profile, BF_OPT_delta_storage_options)};
    s->is_pinned = by_address || *version || *time;
    if (by_address && (*version || *time))
        return bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s@... and %s both say which version: give one of them", s->dataset, *version ? "delta_version" : "delta_timestamp");
    if (*version) out->version = version;
    if (!*time) return BF_OK;
    out->by_time = bf_time_read(&out->timestamp_ms, time);
    return out->by_time ? BF_OK : bf_fail(err, BF_INVALID_ARGUMENT, -1, "delta_timestamp %s: a time is written like 2026-11-24T10:00:00Z", time);
}

typedef struct listing {
    bf_dataset_files *files;
    bf_status status;
    bf_error *err;
} listing;

static bool on_file(void *context, const bf_engine_delta_file *file) {
    listing *l = context;
    if (file->has_deletion_vector)
        l->status = bf_fail(l->err, BF_UNSUPPORTED, -1, "%s: rows of it are deleted by a deletion vector, which this version does not read", file->path);
    else
        l->status = bf_dataset_files_add(l->files, file->path, file->values, file->size_bytes, file->mtime_ms * 1000000, l->err);
    return l->status == BF_OK;
}

static bf_status list_delta(bf_serving *s, bf_error *err) {
    listing l = {&s->files, BF_OK, err};
    bf_engine_error why = {0};
    BF_TRY(bf_dataset_files_set_columns(&s->files, s->delta.about.partition_cols, err));
    if (s->api->delta_files(s->delta.handle, on_file, &l, &why) != BF_ENGINE_OK && l.status == BF_OK) return bf_engine_fail(err, &why);
    return l.status;
}

static bf_status find_delta(bf_serving *s, bf_error *err) {
    bf_delta_at at;
    BF_TRY(bf_profile_check_delta(s->profile, s->dataset, err));
    BF_TRY(which_version(s, &at, err));
    BF_TRY(bf_delta_open(&s->delta, s->api, s->dataset, &at, err));
    BF_TRY(bf_delta_check_readable(&s->delta, s->dataset, err));
    return list_delta(s, err);
}

bf_status bf_partitions_find(bf_serving *s, bf_error *err) {
    if (!s->dataset) return BF_OK;
    if (bf_layout_find(s->dataset) == BF_LAYOUT_DELTA) {
        BF_TRY(find_delta(s, err));
    } else {
        if (*s->at.version || s->at.by_time)
            return bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s is no Delta table (it has no _delta_log), so it has no versions to choose from", s->dataset);
        BF_TRY(bf_profile_check_external(s->profile, s->dataset, err));
        BF_TRY(find_directories(s, err));
    }
    BF_TRY(no_null_partition(s, err));
    s->fill.partition_cols = s->files.columns;
    s->fill.n_partition_cols = s->files.n_columns;
    return BF_OK;
}

/* ---- what plans say ---- */

static bf_status on_line(void *context, const char *const *cells, size_t n_cells) {
    bf_buf *text = context;
    if (n_cells < 2 || !cells[1]) return BF_OK;
    bf_buf_puts(text, cells[1]);
    bf_buf_putc(text, '\n');
    return text->failed ? BF_NO_MEMORY : BF_OK;
}

static bf_status explain(bf_serving *s, const char *sql, bf_buf *plan, bf_error *err) {
    plan->n = 0;
    BF_TRY(bf_serving_rows(s, sql, on_line, plan, err));
    bf_buf_putc(plan, 0);
    return plan->failed ? bf_fail(err, BF_NO_MEMORY, -1, "out of memory") : BF_OK;
}

/* The line of a plan that holds `word`, without its indentation; "" where there is none. */
static const char *line_with(const char *plan, const char *word, char *out, size_t size) {
    const char *at = strstr(plan, word);
    out[0] = 0;
    if (!at) return out;
    while (at > plan && at[-1] != '\n') at--;
    while (*at == ' ') at++;
    snprintf(out, size, "%.*s", (int)strcspn(at, "\n"), at);
    return out;
}

static bf_status on_target(void *context, const char *const *cells, size_t n_cells) {
    if (n_cells == 2 && cells[0] && cells[1] && !strcmp(cells[0], "datafusion.execution.target_partitions")) *(long *)context = strtol(cells[1], NULL, 10);
    return BF_OK;
}

static bf_status on_number(void *context, const char *const *cells, size_t n_cells) {
    if (n_cells == 1 && cells[0]) *(long *)context = strtol(cells[0], NULL, 10);
    return BF_OK;
}

/* How many partitions have paths in one place, and how many streams the engine merges: more than those it cannot keep apart. */
static bf_status count_overlap(bf_serving *s, long *overlap, long *streams, bf_error *err) {
    char sql[1024];
    *overlap = *streams = 0;
    BF_TRY(bf_serving_settings(s, on_target, streams, err));
    if (!s->files.n_columns) return BF_OK;
    const char *column = s->files.columns[s->files.n_columns - 1];
    snprintf(sql, sizeof sql,
             "WITH r AS (SELECT \"%s\" AS p, min(path) AS lo, max(path) AS hi FROM %s GROUP BY 1) "
             "SELECT CAST(max(n) AS VARCHAR) FROM (SELECT count(*) AS n FROM r AS a JOIN r AS b ON b.lo <= a.lo AND a.lo <= b.hi GROUP BY a.p)",
             column, s->table);
    return bf_serving_rows(s, sql, on_number, overlap, err);
}

static bf_status check_order(bf_serving *s, bf_checks *out, bf_buf *plan, bf_error *err) {
    static const char name[] = "ORDER BY path, file_id", wanted[] = "no SortExec";
    char sql[512], line[400];
    snprintf(sql, sizeof sql, "EXPLAIN SELECT path, file_id FROM %s ORDER BY path, file_id", s->table);
    BF_TRY(explain(s, sql, plan, err));
    bool sorts = strstr(plan->p, "SortExec") != NULL;
    if (sorts && !bf_contract_is_ordered(s)) {
        bf_checks_add(out, 7, BF_CHECK_NOT_CHECKED, name, wanted, "files of other writers may be in any order, so rows are sorted");
        return BF_OK;
    }
    if (sorts && !bf_profile_bool(s->profile, BF_OPT_collect_statistics)) {
        bf_checks_add(out, 7, BF_CHECK_NOT_CHECKED, name, wanted, "order not provable, collect_statistics is off");
        return BF_OK;
    }
    long overlap = 0, streams = 0;
    if (sorts) BF_TRY(count_overlap(s, &overlap, &streams, err));
    if (overlap > streams) {
        snprintf(line, sizeof line, "order not provable: the paths of %ld partitions overlap, the engine merges %ld streams (target_partitions)", overlap, streams);
        bf_checks_add(out, 7, BF_CHECK_NOT_CHECKED, name, wanted, line);
        return BF_OK;
    }
    line_with(plan->p, sorts ? "SortExec" : "DataSourceExec", line, sizeof line);
    bf_checks_add(out, 7, sorts ? BF_CHECK_FAIL : BF_CHECK_OK, name, wanted, line);
    return BF_OK;
}

enum { QUOTED = 4200 };

static void quote(char *out, size_t size, const char *text) {
    size_t n = 0;
    for (; *text && n + 3 < size; text++) {
        if (*text == '\'') out[n++] = '\'';
        out[n++] = *text;
    }
    out[n] = 0;
}

/* A filter on the partition of the first file opens the files of that partition, and no other: counted by the file system. */
static bf_status check_pruning(bf_serving *s, bf_checks *out, bf_error *err) {
    char sql[1024], value[512], name[128], expected[64], found[64];
    long opened = 0;
    const char *first = s->files.items[0].values[0];
    size_t n_in = 0;
    for (size_t i = 0; i < s->files.n; i++) n_in += !strcmp(s->files.items[i].values[0], first);
    quote(value, sizeof value, first);
    snprintf(sql, sizeof sql, "SELECT max(path) FROM %s WHERE \"%s\" = '%s'", s->table, s->files.columns[0], value);
    snprintf(name, sizeof name, "files opened for %s = '%.40s'", s->files.columns[0], first);
    BF_TRY(bf_ask_opened(s, sql, &opened, err));
    snprintf(expected, sizeof expected, "%zu of %zu", n_in, s->files.n);
    snprintf(found, sizeof found, "%lld of %zu", (long long)opened, s->files.n);
    bf_checks_equal(out, 7, name, expected, found);
    return BF_OK;
}

/* A second query lists nothing again. */
static bf_status check_listing(bf_serving *s, bf_checks *out, bf_error *err) {
    char sql[256], found[64];
    bf_engine_counters before, after;
    bf_engine_error why = {0};
    snprintf(sql, sizeof sql, "SELECT max(path) FROM %s", s->table);
    BF_TRY(bf_serving_run(s, sql, err));
    if (s->api->counters(s->engine, &before, &why)) return bf_engine_fail(err, &why);
    BF_TRY(bf_serving_run(s, sql, err));
    if (s->api->counters(s->engine, &after, &why)) return bf_engine_fail(err, &why);
    snprintf(found, sizeof found, "%lld", (long long)(after.lists - before.lists));
    bf_checks_equal(out, 7, "directories listed by a second query", "0", found);
    return BF_OK;
}

static bf_status keep_quoted(void *context, const char *const *cells, size_t n_cells) {
    if (n_cells == 1 && cells[0]) quote(context, QUOTED, cells[0]);
    return BF_OK;
}

/* Asked for a path that there is: a log leaves out all files, and with them the scan, where there is none. */
static bf_status check_row_groups(bf_serving *s, bf_checks *out, bf_buf *plan, bf_error *err) {
    char sql[QUOTED + 256], path[QUOTED] = "x", line[400];
    snprintf(sql, sizeof sql, "SELECT min(path) FROM %s", s->table);
    BF_TRY(bf_serving_rows(s, sql, keep_quoted, path, err));
    snprintf(sql, sizeof sql, "EXPLAIN SELECT file_id FROM %s WHERE path = '%s'", s->table, path);
    BF_TRY(explain(s, sql, plan, err));
    const char *predicate = strstr(plan->p, "pruning_predicate=");
    if (!strstr(plan->p, "DataSourceExec")) {
        bf_checks_add(out, 7, BF_CHECK_NOT_CHECKED, "row groups pruned by path", "pruning_predicate on path_min and path_max", "no file has rows");
        return BF_OK;
    }
    snprintf(line, sizeof line, "%.*s", predicate ? (int)strcspn(predicate, "\n") : 4, predicate ? predicate : "none");
    bf_checks_add(out, 7, predicate && strstr(predicate, "path_min") ? BF_CHECK_OK : BF_CHECK_FAIL, "row groups pruned by path",
                  "pruning_predicate on path_min and path_max", line);
    return BF_OK;
}

bf_status bf_partitions_check(bf_serving *s, bf_checks *out, bf_error *err) {
    BF_TRY(bf_delta_check(s, out, err));
    if (!s->files.n) {
        bf_checks_add(out, 7, BF_CHECK_NOT_CHECKED, "partitions and listing", "files", "no files");
        return BF_OK;
    }
    bf_buf plan = {0};
    bf_status st = check_order(s, out, &plan, err);
    if (st == BF_OK) st = check_row_groups(s, out, &plan, err);
    if (st == BF_OK) st = check_listing(s, out, err);
    if (st == BF_OK && s->files.n_columns) st = check_pruning(s, out, err);
    bf_buf_free(&plan);
    return st;
}
