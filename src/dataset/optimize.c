/* Many small or overlapping parts become few that lie one behind the other: rows are merged in their order, and cut by size. Each partition on
 * its own; of a Delta table all in one commit, of a directory, where each is put in place by itself, one after the other. */
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
    const char *repo; /* "": none */
    bf_str low[N_KEYS], high[N_KEYS]; /* of the first row and of the last; empty where there is none */
    int64_t rows, row_groups;
    bool is_in_order;
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
    int order = strcmp(x->repo, y->repo);
    if (!order) order = compare(x->low, y->low);
    return order ? order : (x->part > y->part) - (x->part < y->part);
}

static void key_at(const struct ArrowArrayView *batch, int64_t row, bf_str out[N_KEYS]) {
    for (int i = 0; i < N_KEYS; i++) {
        struct ArrowStringView text = ArrowArrayViewGetStringUnsafe(batch->children[i], row);
        out[i] = (bf_str){text.data ? text.data : "", (uint32_t)text.size_bytes};
    }
}

static bool keep(bf_arena *arena, const bf_str key[N_KEYS], bf_str out[N_KEYS]) {
    for (int i = 0; i < N_KEYS; i++) {
        out[i] = bf_arena_str(arena, key[i].p, key[i].n);
        if (!out[i].p) return false;
    }
    return true;
}

/* The part begins with the first row that there is; each goes on where the one before ended, if rows are in order. */
static bool add_rows(bf_arena *arena, range *r, const struct ArrowArrayView *batch, int64_t n) {
    bf_str key[N_KEYS], before[N_KEYS];
    memcpy(before, r->high, sizeof before);
    for (int64_t i = 0; i < n; i++) {
        key_at(batch, i, key);
        if (!r->rows++ && !keep(arena, key, r->low)) return false;
        if (compare(before, key) > 0) r->is_in_order = false;
        memcpy(before, key, sizeof before);
    }
    return !n || keep(arena, key, r->high);
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
        if (ok && !add_rows(arena, r, &view, batch.length)) st = no_memory(err);
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
    for (*overlaps = false; end < n && !strcmp(ranges[end].repo, ranges[first].repo); end++) {
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
    if (*ranges->repo) BF_TRY(bf_store_enter(s, ranges->repo, err));
    BF_TRY(merge(s, ranges, n, jobs, err));
    if (overlaps || s->n_added - before < n) return BF_OK;
    while (s->n_added > before) bf_store_give_back(s);
    for (size_t i = 0; i < n; i++) s->parts[ranges[i].part].is_dropped = false;
    return BF_OK;
}

/* Parts of other writers may have their rows in any order; these cannot be merged, and stay. */
static bf_status plan(bf_store *s, int jobs, int64_t *n_unordered, bf_error *err) {
    bf_arena arena = {0};
    range *ranges = calloc(s->n_parts + 1, sizeof *ranges);
    bf_status st = ranges ? BF_OK : no_memory(err);
    for (size_t i = 0; i < s->n_parts && st == BF_OK; i++) {
        ranges[i].part = i;
        ranges[i].repo = s->parts[i].repo ? s->parts[i].repo : "";
        ranges[i].is_in_order = true;
        st = read_range(s, &arena, &ranges[i], err);
    }
    size_t n_ordered = 0;
    for (size_t i = 0; i < s->n_parts && st == BF_OK; i++)
        if (ranges[i].is_in_order) ranges[n_ordered++] = ranges[i];
    *n_unordered = (int64_t)(s->n_parts - n_ordered);
    if (st == BF_OK && n_ordered) qsort(ranges, n_ordered, sizeof *ranges, by_low);
    for (size_t first = 0, n; first < n_ordered && st == BF_OK; first += n) {
        bool overlaps;
        n = cluster_at(ranges, first, n_ordered, &overlaps);
        if (n > 1) st = merge_cluster(s, &ranges[first], n, overlaps, jobs, err);
    }
    bf_arena_free(&arena);
    free(ranges);
    return st;
}

/* ---- one store: a partition of a directory, or a whole Delta table ---- */

typedef struct optimizing {
    const char *dataset;
    bool is_delta;
    int wait_seconds, jobs;
    bf_optimize_report *report;
} optimizing;

static bf_status commit(bf_store *s, bf_error *err) {
    bf_error why = {0};
    const bf_engine_option parameters[] = {{"predicate", "[]"}};
    bf_engine_delta_change about = {.operation = "OPTIMIZE", .parameters = parameters, .n_parameters = 1};
    bf_status st = bf_store_commit(s, &about, &why);
    if (st == BF_CONFLICT) return bf_fail(err, st, -1, "%s: another program committed first; nothing was written, run it again: %s", s->dataset, why.message);
    return st == BF_OK ? BF_OK : bf_fail(err, st, why.offset, "%s", why.message);
}

static bf_status optimize_store(const optimizing *o, const char *repo, bf_error *err) {
    bf_store s;
    bf_store_options options = {.dataset = o->dataset,
                                .partition_by = repo ? "repo" : NULL,
                                .repo = repo,
                                .all_partitions = o->is_delta,
                                .wait_seconds = o->wait_seconds < 0 ? 0 : o->wait_seconds ? o->wait_seconds : BF_WAIT_SECONDS};
    BF_TRY(bf_store_open(&s, &options, err));
    bf_optimize_report of_this = {.parts_before = (int64_t)s.n_parts, .version = s.version};
    bf_status st = plan(&s, o->jobs, &of_this.parts_unordered, err);
    of_this.is_written = st == BF_OK && s.exists && bf_store_is_changed(&s);
    for (size_t i = 0; i < s.n_parts; i++) {
        of_this.parts_after += !s.parts[i].is_dropped;
        of_this.parts_rewritten += s.parts[i].is_dropped;
        of_this.input_bytes += s.parts[i].is_dropped ? s.parts[i].size_bytes : 0;
    }
    for (size_t i = 0; i < s.n_added; i++) of_this.output_bytes += s.added[i].size_bytes;
    of_this.parts_after += (int64_t)s.n_added;
    if (of_this.is_written) st = commit(&s, err);
    if (st == BF_OK) {
        o->report->parts_before += of_this.parts_before;
        o->report->parts_after += of_this.parts_after;
        o->report->parts_rewritten += of_this.parts_rewritten;
        o->report->parts_unordered += of_this.parts_unordered;
        o->report->input_bytes += of_this.input_bytes;
        o->report->output_bytes += of_this.output_bytes;
        o->report->is_written |= of_this.is_written;
        o->report->version = s.version;
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

static bf_status find_repos(repos *r, const char *dataset, bool *is_partitioned, bf_error *err) {
    *is_partitioned = false;
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

static bf_status optimize_all(const optimizing *o, bf_error *err) {
    repos r = {0};
    bool is_partitioned = false;
    bf_status st = o->is_delta ? BF_OK : find_repos(&r, o->dataset, &is_partitioned, err);
    if (st == BF_OK && !is_partitioned) st = optimize_store(o, NULL, err);
    for (size_t i = 0; i < r.n && st == BF_OK; i++) st = optimize_store(o, r.items[i], err);
    for (size_t i = 0; i < r.n; i++) free(r.items[i]);
    free(r.items);
    return st;
}

bf_status bf_optimize(const char *dataset, int wait_seconds, int jobs, bf_optimize_report *report, bf_error *err) {
    bf_optimize_report unused;
    bf_layout_kind kind = bf_layout_find(dataset);
    struct timespec start, end;
    if (!report) report = &unused;
    *report = (bf_optimize_report){.version = -1};
    bf_error_clear(err);
    if (kind == BF_LAYOUT_NOTHING) return bf_fail(err, BF_NOT_FOUND, -1, "%s holds no dataset", dataset);
    clock_gettime(CLOCK_MONOTONIC, &start);
    bf_status st = optimize_all(&(optimizing){dataset, kind == BF_LAYOUT_DELTA, wait_seconds, jobs, report}, err);
    clock_gettime(CLOCK_MONOTONIC, &end);
    report->seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
    return bf_engine_ended(st, err);
}
