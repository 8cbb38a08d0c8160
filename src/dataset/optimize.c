/* Many small or overlapping parts become few that lie one behind the other: rows are merged in their order, and cut by size. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dataset/delta.h"
#include "dataset/parts.h"
#include "nanoarrow/nanoarrow.h"

enum { FULL_ROW_GROUPS = 16, N_KEYS = 2 }; /* a part of that many row groups was cut by its size, and is left as it is */

static const char *const keys[N_KEYS] = {"path", "file_id"};

static bf_status no_memory(bf_error *err) {
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

/* ---- where the rows of a part lie ---- */

typedef struct range {
    size_t part;
    bf_str low[N_KEYS], high[N_KEYS]; /* of the first row and of the last; empty where there is none */
    int64_t rows, row_groups;
} range;

static int compare(const bf_str a[N_KEYS], const bf_str b[N_KEYS]) {
    for (int i = 0; i < N_KEYS; i++) {
        uint32_t n = a[i].n < b[i].n ? a[i].n : b[i].n;
        int order = n ? memcmp(a[i].p, b[i].p, n) : 0;
        if (!order) order = (a[i].n > b[i].n) - (a[i].n < b[i].n);
        if (order) return order;
    }
    return 0;
}

static int by_low(const void *a, const void *b) {
    const range *x = a, *y = b;
    int order = compare(x->low, y->low);
    return order ? order : (x->part > y->part) - (x->part < y->part);
}

static bool copy_row(bf_arena *arena, const struct ArrowArrayView *batch, int64_t row, bf_str out[N_KEYS]) {
    for (int i = 0; i < N_KEYS; i++) {
        struct ArrowStringView text = ArrowArrayViewGetStringUnsafe(batch->children[i], row);
        out[i] = bf_arena_str(arena, text.data ? text.data : "", (size_t)text.size_bytes);
        if (!out[i].p) return false;
    }
    return true;
}

static bf_status read_keys(bf_arena *arena, range *r, struct ArrowArrayStream *stream, const char *path, bf_error *err) {
    struct ArrowSchema schema = {.release = NULL};
    struct ArrowArrayView view;
    ArrowArrayViewInitFromType(&view, NANOARROW_TYPE_UNINITIALIZED);
    bool ok = !stream->get_schema(stream, &schema) && schema.n_children == N_KEYS && ArrowArrayViewInitFromSchema(&view, &schema, NULL) == NANOARROW_OK;
    bf_status st = BF_OK;
    while (ok && st == BF_OK) {
        struct ArrowArray batch = {.release = NULL};
        ok = !stream->get_next(stream, &batch);
        if (!ok || !batch.release) break;
        ok = ArrowArrayViewSetArray(&view, &batch, NULL) == NANOARROW_OK;
        if (ok && batch.length && r->rows == 0 && !copy_row(arena, &view, 0, r->low)) st = no_memory(err);
        if (ok && batch.length && !copy_row(arena, &view, batch.length - 1, r->high)) st = no_memory(err);
        r->rows += batch.length;
        ArrowArrayRelease(&batch);
    }
    const char *said = ok ? NULL : stream->get_last_error(stream);
    if (!ok && st == BF_OK) st = bf_fail(err, BF_ENGINE, -1, "%s: %s", path, said ? said : "its rows cannot be read");
    ArrowArrayViewReset(&view);
    if (schema.release) ArrowSchemaRelease(&schema);
    return st;
}

static bf_status read_range(const bf_store *s, bf_arena *arena, range *r, bf_error *err) {
    const char *path = s->parts[r->part].path;
    struct ArrowArrayStream stream = {.release = NULL};
    struct ArrowSchema schema;
    bf_engine_footer about;
    bf_engine_error why = {0};
    BF_TRY(bf_engine_goes_on(err));
    if (s->engine->footer(path, &schema, &about, &why) != BF_ENGINE_OK) return bf_engine_fail(err, &why);
    ArrowSchemaRelease(&schema);
    r->row_groups = about.row_groups;
    if (s->engine->scan_parquet(path, keys, N_KEYS, &stream, &why) != BF_ENGINE_OK) return bf_engine_fail(err, &why);
    bf_status st = read_keys(arena, r, &stream, path, err);
    stream.release(&stream);
    return st;
}

/* ---- merging ---- */

typedef struct merging {
    struct ArrowArrayStream stream;
} merging;

static bf_status merge_fail(merging *m, bf_error *err) {
    const char *why = m->stream.get_last_error(&m->stream);
    return bf_fail(err, BF_ENGINE, -1, "%s", why ? why : "the parts cannot be merged");
}

static bf_status merge_schema(void *context, struct ArrowSchema *out, bf_error *err) {
    merging *m = context;
    return m->stream.get_schema(&m->stream, out) ? merge_fail(m, err) : BF_OK;
}

static bf_status merge_next(void *context, struct ArrowArray *out, bf_error *err) {
    merging *m = context;
    out->release = NULL;
    return m->stream.get_next(&m->stream, out) ? merge_fail(m, err) : BF_OK;
}

static bf_status merge(bf_store *s, const range *ranges, size_t n, int jobs, bf_error *err) {
    merging m = {{.release = NULL}};
    bf_engine_error why = {0};
    const char **paths = malloc(n * sizeof *paths);
    if (!paths) return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        paths[i] = s->parts[ranges[i].part].path;
        s->parts[ranges[i].part].is_dropped = true;
    }
    bf_status st = BF_OK;
    if (s->engine->merge_parquet(paths, n, keys, N_KEYS, &m.stream, &why) != BF_ENGINE_OK) st = bf_engine_fail(err, &why);
    if (st == BF_OK) st = bf_parts_write(s, &(bf_batches){merge_schema, merge_next, &m, false}, true, jobs, err);
    if (m.stream.release) m.stream.release(&m.stream);
    free(paths);
    return st;
}

/* Parts that follow each other, as far as they overlap or are both small; `overlaps` says whether any two do. */
static size_t cluster_at(const range *ranges, size_t first, size_t n, bool *overlaps) {
    const range *highest = &ranges[first];
    bool is_full = ranges[first].row_groups >= FULL_ROW_GROUPS;
    size_t end = first + 1;
    for (*overlaps = false; end < n; end++) {
        bool overlap = highest->rows && ranges[end].rows && compare(ranges[end].low, highest->high) < 0;
        bool next_is_full = ranges[end].row_groups >= FULL_ROW_GROUPS;
        if (!overlap && (is_full || next_is_full)) break;
        *overlaps |= overlap;
        is_full = !overlap && next_is_full;
        if (compare(ranges[end].high, highest->high) > 0) highest = &ranges[end];
    }
    return end - first;
}

/* Where nothing overlapped and as many parts came out as went in, they stay as they were. */
static bf_status merge_cluster(bf_store *s, const range *ranges, size_t n, bool overlaps, int jobs, bf_error *err) {
    size_t before = s->n_added;
    BF_TRY(merge(s, ranges, n, jobs, err));
    if (overlaps || s->n_added - before < n) return BF_OK;
    while (s->n_added > before) bf_store_give_back(s);
    for (size_t i = 0; i < n; i++) s->parts[ranges[i].part].is_dropped = false;
    return BF_OK;
}

static bf_status plan(bf_store *s, int jobs, bf_error *err) {
    bf_arena arena = {0};
    range *ranges = calloc(s->n_parts + 1, sizeof *ranges);
    bf_status st = ranges ? BF_OK : no_memory(err);
    for (size_t i = 0; i < s->n_parts && st == BF_OK; i++) {
        ranges[i].part = i;
        st = read_range(s, &arena, &ranges[i], err);
    }
    if (st == BF_OK && s->n_parts) qsort(ranges, s->n_parts, sizeof *ranges, by_low);
    for (size_t first = 0, n; first < s->n_parts && st == BF_OK; first += n) {
        bool overlaps;
        n = cluster_at(ranges, first, s->n_parts, &overlaps);
        if (n > 1) st = merge_cluster(s, &ranges[first], n, overlaps, jobs, err);
    }
    bf_arena_free(&arena);
    free(ranges);
    return st;
}

/* ---- one partition ---- */

static bf_status optimize_partition(const char *dataset, const char *repo, int wait_seconds, int jobs, bf_optimize_report *report, bf_error *err) {
    bf_store s;
    bf_store_options options = {.dataset = dataset,
                                .partition_by = repo ? "repo" : NULL,
                                .repo = repo,
                                .wait_seconds = wait_seconds < 0 ? 0 : wait_seconds ? wait_seconds : BF_WAIT_SECONDS};
    BF_TRY(bf_store_open(&s, &options, err));
    bf_optimize_report of_this = {.parts_before = (int64_t)s.n_parts, .version = s.version};
    bf_status st = plan(&s, jobs, err);
    of_this.is_written = st == BF_OK && s.exists && bf_store_is_changed(&s);
    for (size_t i = 0; i < s.n_parts; i++) {
        of_this.parts_after += !s.parts[i].is_dropped;
        of_this.parts_rewritten += s.parts[i].is_dropped;
        of_this.input_bytes += s.parts[i].is_dropped ? s.parts[i].size_bytes : 0;
    }
    for (size_t i = 0; i < s.n_added; i++) of_this.output_bytes += s.added[i].size_bytes;
    of_this.parts_after += (int64_t)s.n_added;
    const bf_engine_option parameters[] = {{"predicate", "[]"}, {"repo", repo}};
    bf_engine_delta_change about = {.operation = "OPTIMIZE", .parameters = parameters, .n_parameters = repo ? 2 : 1};
    if (of_this.is_written) st = bf_store_commit(&s, &about, err);
    if (st == BF_OK) {
        report->parts_before += of_this.parts_before;
        report->parts_after += of_this.parts_after;
        report->parts_rewritten += of_this.parts_rewritten;
        report->input_bytes += of_this.input_bytes;
        report->output_bytes += of_this.output_bytes;
        report->is_written |= of_this.is_written;
        report->version = s.version;
    }
    bf_store_close(&s);
    return st;
}

/* ---- all of them ---- */

typedef struct repos {
    char **items;
    size_t n;
    bool failed;
} repos;

static bool add_repo(repos *r, const char *name) {
    for (size_t i = 0; i < r->n; i++)
        if (!strcmp(r->items[i], name)) return true;
    char **items = realloc(r->items, (r->n + 1) * sizeof *items);
    if (items) r->items = items;
    char *copy = items ? strdup(name) : NULL;
    if (copy) r->items[r->n++] = copy;
    r->failed |= !copy;
    return copy;
}

static bool on_file(void *context, const bf_engine_delta_file *file) {
    return !file->values[0] || add_repo(context, file->values[0]);
}

static bf_status find_delta_repos(repos *r, const char *dataset, bool *is_partitioned, bf_error *err) {
    const bf_engine_api *engine;
    bf_engine_error why = {0};
    bf_delta table;
    BF_TRY(bf_engine_load(&engine, err));
    BF_TRY(bf_delta_open(&table, engine, dataset, NULL, err));
    *is_partitioned = !strcmp(table.about.partition_cols, "repo");
    bf_status st = BF_OK;
    if (*is_partitioned && engine->delta_files(table.handle, on_file, r, &why) != BF_ENGINE_OK) st = bf_engine_fail(err, &why);
    bf_delta_close(&table);
    return st;
}

static bf_status find_repos(repos *r, const char *dataset, bool *is_partitioned, bf_error *err) {
    bf_layout_kind kind = bf_layout_find(dataset);
    *is_partitioned = false;
    if (kind == BF_LAYOUT_NOTHING) return bf_fail(err, BF_NOT_FOUND, -1, "%s holds no dataset", dataset);
    if (kind == BF_LAYOUT_DELTA) return find_delta_repos(r, dataset, is_partitioned, err);
    struct dirent **found = NULL;
    int n = scandir(dataset, &found, NULL, alphasort);
    if (n < 0) return bf_fail_errno(err, "list", dataset);
    for (int i = 0; i < n; i++) {
        if (!strncmp(found[i]->d_name, "repo=", 5)) *is_partitioned = true, add_repo(r, found[i]->d_name + 5);
        free(found[i]);
    }
    free(found);
    return r->failed ? no_memory(err) : BF_OK;
}

bf_status bf_optimize(const char *dataset, int wait_seconds, int jobs, bf_optimize_report *report, bf_error *err) {
    bf_optimize_report unused;
    repos r = {0};
    bool is_partitioned;
    struct timespec start, end;
    if (!report) report = &unused;
    *report = (bf_optimize_report){.version = -1};
    bf_error_clear(err);
    clock_gettime(CLOCK_MONOTONIC, &start);
    bf_status st = find_repos(&r, dataset, &is_partitioned, err);
    if (st == BF_OK && !is_partitioned) st = optimize_partition(dataset, NULL, wait_seconds, jobs, report, err);
    for (size_t i = 0; i < r.n && st == BF_OK; i++) st = optimize_partition(dataset, r.items[i], wait_seconds, jobs, report, err);
    for (size_t i = 0; i < r.n; i++) free(r.items[i]);
    free(r.items);
    clock_gettime(CLOCK_MONOTONIC, &end);
    report->seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
    return bf_engine_ended(st, err);
}
