#include "dataset/known.h"

#include <stdlib.h>
#include <string.h>

#include "nanoarrow/nanoarrow.h"

/* The bytes of the file are in its file_id. Beside them a row depends on how it was asked for, and on the source beside the file. */
static const char *const deciding[BF_N_DECIDING] = {
    "python_version", /* --assume-version */
    "include_cfg",    /* --no-flow */
    "source_status",  /* a source that came, went, changed; --no-source */
    "source_sha256",
};

static bf_status no_memory(bf_error *err) {
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

/* ---- reading ---- */

enum { REPO, PATH, FILE_ID, ATTRS, ERRORS, N_COLUMNS };

typedef struct scan {
    bf_known *known;
    const char *repo;
    size_t part;
    bool has_repo; /* a column of the file, not of its directory */
    int at[N_COLUMNS]; /* place of each column; -1: there is none */
    int message;       /* of that field in an error */
    struct ArrowArrayView view;
} scan;

static bf_str copy(bf_known *k, struct ArrowStringView text) {
    return bf_arena_str(&k->arena, text.data ? text.data : "", (size_t)text.size_bytes);
}

static struct ArrowStringView string_at(const struct ArrowArrayView *column, int64_t i) {
    return ArrowArrayViewGetStringUnsafe(column, i);
}

static bool is_of_repo(const scan *s, int64_t i) {
    if (!s->has_repo) return true;
    const struct ArrowArrayView *column = s->view.children[s->at[REPO]];
    if (ArrowArrayViewIsNull(column, i) || !s->repo) return ArrowArrayViewIsNull(column, i) && !s->repo;
    struct ArrowStringView value = string_at(column, i);
    return strlen(s->repo) == (size_t)value.size_bytes && !memcmp(s->repo, value.data, (size_t)value.size_bytes);
}

static bool read_attrs(scan *s, int64_t i, bf_known_row *row) {
    const struct ArrowArrayView *map = s->view.children[s->at[ATTRS]], *entries = map->children[0];
    if (ArrowArrayViewIsNull(map, i)) return true;
    for (int64_t e = ArrowArrayViewListChildOffset(map, i), end = ArrowArrayViewListChildOffset(map, i + 1); e < end; e++) {
        struct ArrowStringView key = string_at(entries->children[0], e);
        for (size_t d = 0; d < BF_N_DECIDING; d++) {
            if (strlen(deciding[d]) != (size_t)key.size_bytes || memcmp(deciding[d], key.data, (size_t)key.size_bytes)) continue;
            if (!ArrowArrayViewIsNull(entries->children[1], e) && !(row->deciding[d] = copy(s->known, string_at(entries->children[1], e))).p) return false;
        }
    }
    return true;
}

/* The message of a file that could not be read is the first error of its row. */
static bool read_error(scan *s, int64_t i, bf_known_row *row) {
    const struct ArrowArrayView *list = s->view.children[s->at[ERRORS]], *item = list->children[0];
    if (ArrowArrayViewIsNull(list, i)) return true;
    int64_t first = ArrowArrayViewListChildOffset(list, i);
    if (first == ArrowArrayViewListChildOffset(list, i + 1)) return true;
    return (row->first_error = copy(s->known, string_at(item->children[s->message], first))).p;
}

static bf_status add_row(scan *s, int64_t i, int64_t number, bf_error *err) {
    bf_known *k = s->known;
    if (k->n == k->capacity) {
        size_t capacity = k->capacity ? 2 * k->capacity : 256;
        bf_known_row *rows = realloc(k->rows, capacity * sizeof *rows);
        if (!rows) return no_memory(err);
        k->rows = rows;
        k->capacity = capacity;
    }
    bf_known_row *row = &k->rows[k->n];
    memset(row, 0, sizeof *row);
    row->part = s->part;
    row->row = number;
    row->path = copy(k, string_at(s->view.children[s->at[PATH]], i));
    row->file_id = copy(k, string_at(s->view.children[s->at[FILE_ID]], i));
    if (!row->path.p || !row->file_id.p || !read_attrs(s, i, row) || !read_error(s, i, row)) return no_memory(err);
    k->n++;
    return BF_OK;
}

static const char *const columns[N_COLUMNS] = {"repo", "path", "file_id", "attrs", "errors"};

static int find_child(const struct ArrowSchema *parent, const char *name) {
    for (int64_t i = 0; i < parent->n_children; i++)
        if (!strcmp(parent->children[i]->name, name)) return (int)i;
    return -1;
}

static bf_status find_columns(scan *s, const struct ArrowSchema *schema, const char *path, bf_error *err) {
    for (int c = 0; c < N_COLUMNS; c++) {
        s->at[c] = find_child(schema, columns[c]);
        if (s->at[c] < 0 && c != REPO) return bf_fail(err, BF_CONTRACT, -1, "%s: it has no column %s", path, columns[c]);
    }
    s->has_repo = s->at[REPO] >= 0;
    const struct ArrowSchema *errors = schema->children[s->at[ERRORS]], *attrs = schema->children[s->at[ATTRS]];
    s->message = errors->n_children == 1 ? find_child(errors->children[0], "message") : -1;
    if (s->message < 0 || strcmp(attrs->format, "+m")) return bf_fail(err, BF_CONTRACT, -1, "%s: errors and attrs are not those of bytecode_files_v1", path);
    return BF_OK;
}

static bf_status stream_fail(struct ArrowArrayStream *stream, const char *path, bf_error *err) {
    const char *why = stream->get_last_error(stream);
    return bf_fail(err, BF_ENGINE, -1, "%s: %s", path, why ? why : "it cannot be read");
}

static bf_status read_stream(scan *s, struct ArrowArrayStream *stream, const char *path, bf_error *err) {
    struct ArrowSchema schema = {.release = NULL};
    bf_status st = stream->get_schema(stream, &schema) ? stream_fail(stream, path, err) : find_columns(s, &schema, path, err);
    ArrowArrayViewInitFromType(&s->view, NANOARROW_TYPE_UNINITIALIZED);
    if (st == BF_OK && ArrowArrayViewInitFromSchema(&s->view, &schema, NULL) != NANOARROW_OK) st = bf_fail(err, BF_CONTRACT, -1, "%s: columns of a type that is not known", path);
    int64_t *n = &s->known->part_rows[s->part];
    while (st == BF_OK) {
        struct ArrowArray batch = {.release = NULL};
        if (stream->get_next(stream, &batch)) st = stream_fail(stream, path, err);
        if (st != BF_OK || !batch.release) break;
        if (ArrowArrayViewSetArray(&s->view, &batch, NULL) != NANOARROW_OK) st = bf_fail(err, BF_ENGINE, -1, "%s: a batch that is not valid", path);
        for (int64_t i = 0; i < batch.length && st == BF_OK; i++)
            if (is_of_repo(s, i)) st = add_row(s, i, *n + i, err);
        *n += batch.length;
        ArrowArrayRelease(&batch);
    }
    ArrowArrayViewReset(&s->view);
    if (schema.release) ArrowSchemaRelease(&schema);
    return st;
}

/* A file that keeps its repo in the name of its directory has no such column, and is asked without it. */
static bf_status read_part(bf_known *k, const bf_store *store, size_t part, const char *repo, bf_error *err) {
    scan s = {.known = k, .repo = repo, .part = part};
    struct ArrowArrayStream stream = {.release = NULL};
    bf_engine_error why = {0};
    size_t skipped = store->partition ? 1 : 0;
    const char *path = store->parts[part].path;
    if (store->engine->scan_parquet(path, columns + skipped, N_COLUMNS - skipped, &stream, &why) != BF_ENGINE_OK) return bf_engine_fail(err, &why);
    bf_status st = read_stream(&s, &stream, path, err);
    stream.release(&stream);
    return st;
}

/* ---- looking up ---- */

static int compare_texts(bf_str a, bf_str b) {
    uint32_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

static int by_path(const void *a, const void *b) {
    const bf_known_row *x = a, *y = b;
    int order = compare_texts(x->path, y->path);
    if (!order) order = compare_texts(x->file_id, y->file_id);
    if (!order) order = (x->part > y->part) - (x->part < y->part);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

bf_status bf_known_read(bf_known *out, const bf_store *store, const char *repo, bf_error *err) {
    *out = (bf_known){.part_rows = calloc(store->n_parts + 1, sizeof *out->part_rows)};
    bf_status st = out->part_rows ? BF_OK : no_memory(err);
    for (size_t i = 0; i < store->n_parts && st == BF_OK; i++) st = read_part(out, store, i, repo, err);
    if (st == BF_OK && out->n) qsort(out->rows, out->n, sizeof *out->rows, by_path);
    if (st != BF_OK) bf_known_free(out);
    return st;
}

void bf_known_free(bf_known *k) {
    free(k->rows);
    free(k->part_rows);
    bf_arena_free(&k->arena);
    *k = (bf_known){0};
}

static bool is_same(const bf_known_row *row, const bf_file_facts *f) {
    bf_str found[BF_N_DECIDING] = {{NULL, 0}};
    for (uint32_t i = 0; i < f->attrs.n; i++)
        for (size_t d = 0; d < BF_N_DECIDING; d++)
            if (bf_str_eq(f->attrs.items[i].key, bf_str_of(deciding[d]))) found[d] = f->attrs.items[i].value;
    for (size_t d = 0; d < BF_N_DECIDING; d++)
        if (!found[d].p != !row->deciding[d].p || !bf_str_eq(found[d], row->deciding[d])) return false;
    return true;
}

/* What could not be read: the row says why. An identity has no other errors than those that reading and the header gave. */
static bool has_same_error(const bf_known_row *row, const bf_file_facts *f) {
    return !f->n_errors || (row->first_error.p && bf_str_eq(row->first_error, f->errors[0].message));
}

bool bf_known_has(void *known, const bf_file_facts *f) {
    bf_known *k = known;
    size_t low = 0, high = k->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_texts(k->rows[middle].path, f->path);
        if (!order) order = compare_texts(k->rows[middle].file_id, f->file_id);
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == k->n || !bf_str_eq(k->rows[low].path, f->path) || !bf_str_eq(k->rows[low].file_id, f->file_id)) return false;
    if (!is_same(&k->rows[low], f) || !has_same_error(&k->rows[low], f)) return false;
    atomic_store_explicit(&k->rows[low].is_kept, true, memory_order_relaxed);
    return true;
}

/* ---- what goes ---- */

static bool is_below(bf_str path, bf_str folder) {
    bool is_root = folder.n == 1 && folder.p[0] == '.';
    return is_root || (path.n > folder.n && path.p[folder.n] == '/' && !memcmp(path.p, folder.p, folder.n));
}

static bool is_out_of_sight(bf_str path, const bf_inputs *inputs) {
    for (size_t i = 0; i < inputs->n; i++)
        if (inputs->items[i].refusal && is_below(path, inputs->items[i].path)) return true;
    return false;
}

static int by_place(const void *a, const void *b, void *rows) {
    const bf_known_row *x = (const bf_known_row *)rows + *(const size_t *)a, *y = (const bf_known_row *)rows + *(const size_t *)b;
    if (x->part != y->part) return x->part < y->part ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

bf_status bf_known_find_gone(bf_known_gone *out, const bf_known *k, const bf_inputs *inputs, bool sync, bf_error *err) {
    *out = (bf_known_gone){.rows = malloc((k->n + 1) * sizeof *out->rows)};
    if (!out->rows) return no_memory(err);
    for (size_t i = 0, at = 0; i < k->n; i++) {
        const bf_known_row *row = &k->rows[i];
        while (at < inputs->n && compare_texts(inputs->items[at].path, row->path) < 0) at++;
        bool is_input = at < inputs->n && bf_str_eq(inputs->items[at].path, row->path);
        bool goes = is_input ? !row->is_kept : sync && !is_out_of_sight(row->path, inputs);
        if (!goes) continue;
        out->rows[out->n++] = i;
        out->replaced += is_input;
        out->removed += !is_input;
    }
    if (out->n) qsort_r(out->rows, out->n, sizeof *out->rows, by_place, k->rows);
    return BF_OK;
}
