/* Drift: what differs between two datasets, from the footers of their files up to the rows of their views. */
#include <stdlib.h>

#include "check/drift.h"
#include "nanoarrow/nanoarrow.h"
#include "query/relations.h"
#include "serving/ask.h"

/* One of the different schemas that the files of a dataset have; mostly there is one. */
typedef struct shape {
    char fingerprint[65];
    const char *file; /* the first that has it */
    struct ArrowSchema schema;
} shape;

typedef struct side {
    bf_session *session;
    shape *shapes;
    size_t n_shapes, n_unreadable;
    const char *unreadable; /* the first of them */
    int64_t n_rows;
} side;

typedef struct diff {
    bf_drifts drifts;
    side a, b;
    const char *file; /* of the schema being compared; NULL: the dataset has no other */
    bool is_reversed; /* what is compared with the other's first schema is A's */
} diff;

/* ---- footers ---- */

typedef struct reading {
    side *side;
    bf_error *err;
} reading;

static bf_status add_shape(side *s, const char *file, const struct ArrowSchema *schema, bf_error *err) {
    char fingerprint[65];
    BF_TRY(bf_schema_fingerprint(fingerprint, schema, BF_COMPARE_PHYSICAL, err));
    for (size_t i = 0; i < s->n_shapes; i++)
        if (!strcmp(s->shapes[i].fingerprint, fingerprint)) return BF_OK;
    shape *shapes = realloc(s->shapes, (s->n_shapes + 1) * sizeof *shapes);
    if (!shapes) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    s->shapes = shapes;
    shape *new = &shapes[s->n_shapes];
    strcpy(new->fingerprint, fingerprint);
    new->file = file;
    if (ArrowSchemaDeepCopy(schema, &new->schema) != NANOARROW_OK) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    s->n_shapes++;
    return BF_OK;
}

static bf_status on_footer(void *context, const bf_dataset_file *file, const struct ArrowSchema *schema, const bf_engine_footer *about,
                           const bf_error *why) {
    reading *r = context;
    (void)why;
    BF_TRY(bf_engine_goes_on(r->err));
    if (schema) {
        r->side->n_rows += about->rows;
        return add_shape(r->side, file->path, schema, r->err);
    }
    if (!r->side->n_unreadable++) r->side->unreadable = file->path;
    return BF_OK;
}

static bf_status side_open(side *s, const bf_profile *profile, const char *dataset, bf_error *err) {
    reading r = {s, err};
    BF_TRY(bf_session_open_for_check(profile, dataset, &s->session, err));
    if (!s->session->stopped_scope) BF_TRY(bf_relations_make_all(s->session, true, err));
    return bf_session_footers(s->session, on_footer, &r, err);
}

static void side_close(side *s) {
    for (size_t i = 0; i < s->n_shapes; i++) ArrowSchemaRelease(&s->shapes[i].schema);
    free(s->shapes);
    bf_session_close(s->session);
}

static bool has_shape(const side *s, const shape *other) {
    for (size_t i = 0; i < s->n_shapes; i++)
        if (!strcmp(s->shapes[i].fingerprint, other->fingerprint)) return true;
    return false;
}

static void on_difference(void *context, const bf_difference *found) {
    diff *d = context;
    char name[1024];
    bool is_metadata = !strcmp(found->what, "metadata");
    int n = snprintf(name, sizeof name, "%s", *found->path ? found->path : "schema");
    if (!is_metadata) n += snprintf(name + n, sizeof name - (size_t)n, " %s", found->what);
    if (d->file) snprintf(name + n, sizeof name - (size_t)n, " in %s", d->file);
    bf_drift_tell(&d->drifts, is_metadata ? "metadata" : "schema", name, d->is_reversed ? found->found : found->expected,
                  d->is_reversed ? found->expected : found->found);
}

/* Each schema that `s` has and `other` lacks, against the first one of `other`. */
static void compare_shapes(diff *d, const side *s, const side *other, bool is_reversed) {
    d->is_reversed = is_reversed;
    for (size_t i = 0; i < s->n_shapes; i++) {
        if (has_shape(other, &s->shapes[i])) continue;
        d->file = s->n_shapes > 1 ? s->shapes[i].file : NULL;
        bf_schema_compare(&other->shapes[0].schema, &s->shapes[i].schema, BF_COMPARE_PHYSICAL, on_difference, d);
    }
}

static const char *unreadable(const side *s, char *out, size_t size) {
    snprintf(out, size, "%zu%s%s", s->n_unreadable, s->n_unreadable ? ", first " : "", s->n_unreadable ? s->unreadable : "");
    return out;
}

static void compare_footers(diff *d) {
    char a[512], b[512];
    if (d->a.n_unreadable != d->b.n_unreadable)
        bf_drift_tell(&d->drifts, "schema", "files that cannot be read", unreadable(&d->a, a, sizeof a), unreadable(&d->b, b, sizeof b));
    if (!d->a.n_shapes || !d->b.n_shapes) return;
    size_t before = d->drifts.n;
    compare_shapes(d, &d->b, &d->a, false);
    /* what B has is in A too, or A has more than one: then what A has of its own */
    if (d->drifts.n == before || d->a.n_shapes > 1) compare_shapes(d, &d->a, &d->b, true);
}

/* ---- what serving makes of them ---- */

static const char *columns_of(const side *s, char *out, size_t size) {
    const bf_dataset_files *files = &s->session->serving.files;
    size_t n = (size_t)snprintf(out, size, "%s", files->n_columns ? "" : "none");
    for (size_t i = 0; i < files->n_columns && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, "%s%s", i ? ", " : "", files->columns[i]);
    return out;
}

static void compare_serving(diff *d) {
    char a[1024], b[1024];
    const bf_session *x = d->a.session, *y = d->b.session;
    if (!x->stopped_scope != !y->stopped_scope)
        bf_drift_tell(&d->drifts, "contract", "bytecode_files_v1", x->stopped_scope ? x->stopped.message : "met",
                      y->stopped_scope ? y->stopped.message : "met");
    bf_drift_tell_if(&d->drifts, "partitions", "columns", columns_of(&d->a, a, sizeof a), columns_of(&d->b, b, sizeof b));
    bf_drift_tell_if(&d->drifts, "fingerprint", "logical", x->serving.fingerprint_logical, y->serving.fingerprint_logical);
    bf_drift_tell_if(&d->drifts, "fingerprint", "physical", x->serving.fingerprint_physical, y->serving.fingerprint_physical);
}

/* ---- rows ---- */

typedef struct counting {
    diff *d;
    json_t *table;
} counting;

static bf_status on_version(void *context, const char *const *cells, size_t n_cells) {
    static const char *const units[] = {"files", "code objects", "instructions"};
    counting *c = context;
    char key[128];
    for (size_t i = 1; i < n_cells && i <= 3; i++) {
        snprintf(key, sizeof key, "%s %s", cells[0], units[i - 1]);
        bf_json_set(&c->d->drifts.json, c->table, key, bf_json_text(cells[i] ? cells[i] : "0"));
    }
    return BF_OK;
}

static bf_status count_rows(diff *d, const side *s, json_t *table, bf_error *err) {
    const bf_serving *serving = &s->session->serving;
    counting c = {d, table};
    bf_buf sql = {0};
    bf_buf_printf(&sql, "WITH codes AS (SELECT file_id, path, unnest(code_objects) AS co FROM %s), ", serving->table);
    bf_buf_puts(&sql, "instructions AS (SELECT file_id, path, sum(CAST(array_length(co['instructions']) AS BIGINT)) AS n FROM codes "
                      "GROUP BY file_id, path) SELECT coalesce(f.python_version, 'unknown version'), CAST(count(*) AS VARCHAR), "
                      "CAST(sum(f.n_code_objects) AS VARCHAR), CAST(sum(i.n) AS VARCHAR) FROM ");
    bf_ask_put_view(&sql, serving, "py_bc_files");
    bf_buf_puts(&sql, " f LEFT JOIN instructions i ON f.file_id = i.file_id AND f.path = i.path GROUP BY 1 ORDER BY 1");
    bf_status st = bf_ask_end(&sql, err);
    if (st == BF_OK) st = bf_serving_rows(serving, sql.p, on_version, &c, err);
    bf_buf_free(&sql);
    return st;
}

static bf_status compare_rows(diff *d, bf_error *err) {
    char a[32], b[32];
    snprintf(a, sizeof a, "%lld", (long long)d->a.n_rows);
    snprintf(b, sizeof b, "%lld", (long long)d->b.n_rows);
    bf_drift_tell_if(&d->drifts, "rows", "all files", a, b);
    if (d->a.session->stopped_scope || d->b.session->stopped_scope) return BF_OK;
    json_t *x = json_object(), *y = json_object();
    bf_status st = count_rows(d, &d->a, x, err);
    if (st == BF_OK) st = count_rows(d, &d->b, y, err);
    if (st == BF_OK) bf_drift_compare_tables(&d->drifts, "rows", x, y);
    json_decref(x);
    json_decref(y);
    return st;
}

/* ---- files ---- */

/* A row as far as it is compared, in the order of path and repo. */
typedef struct file_row {
    const char *path, *repo, *id, *what; /* repo NULL: null */
} file_row;

typedef struct file_rows {
    file_row *items;
    size_t n, capacity;
    bf_arena arena;
} file_rows;

static bool keep_text(bf_arena *arena, const char **out, const char *text) {
    *out = text ? bf_arena_str(arena, text, strlen(text) + 1).p : NULL;
    return !text || *out;
}

static bf_status on_file_row(void *context, const char *const *cells, size_t n_cells) {
    file_rows *f = context;
    if (n_cells != 4) return BF_ENGINE;
    if (f->n == f->capacity) {
        size_t capacity = f->capacity ? 2 * f->capacity : 256;
        file_row *items = realloc(f->items, capacity * sizeof *items);
        if (!items) return BF_NO_MEMORY;
        f->items = items;
        f->capacity = capacity;
    }
    file_row *r = &f->items[f->n];
    if (!keep_text(&f->arena, &r->path, cells[0]) || !keep_text(&f->arena, &r->repo, cells[1]) || !keep_text(&f->arena, &r->id, cells[2]) ||
        !keep_text(&f->arena, &r->what, cells[3]))
        return BF_NO_MEMORY;
    f->n++;
    return BF_OK;
}

static bf_status read_files(file_rows *f, const side *s, bf_error *err) {
    bf_buf sql = {0};
    bf_buf_printf(&sql,
                  "SELECT path, repo, file_id, concat('sha256 ', substr(coalesce(list_extract(map_extract(attrs, 'file_sha256'), 1), 'unknown'), 1, 12), "
                  "', source ', coalesce(list_extract(map_extract(attrs, 'source_status'), 1), 'not looked at')) FROM %s ORDER BY 1, 2 NULLS FIRST, 3",
                  s->session->serving.table);
    bf_status st = bf_ask_end(&sql, err);
    if (st == BF_OK) st = bf_serving_rows(&s->session->serving, sql.p, on_file_row, f, err);
    bf_buf_free(&sql);
    return st;
}

static int compare_places(const file_row *a, const file_row *b) {
    int order = strcmp(a->path, b->path);
    if (order || (!a->repo && !b->repo)) return order;
    return !a->repo ? -1 : !b->repo ? 1 : strcmp(a->repo, b->repo);
}

static void tell_file(diff *d, const file_row *of, const char *a, const char *b) {
    char name[1024];
    snprintf(name, sizeof name, "%s%s%s", of->repo ? of->repo : "", of->repo ? ": " : "", of->path);
    bf_drift_tell(&d->drifts, "file", name, a, b);
}

/* Both are in one order: what only one has, and what both have and is not the same. Several rows of a place go by their ids. */
static void merge_files(diff *d, const file_rows *a, const file_rows *b) {
    for (size_t i = 0, k = 0; i < a->n || k < b->n;) {
        const file_row *x = i < a->n ? &a->items[i] : NULL, *y = k < b->n ? &b->items[k] : NULL;
        int order = !x ? 1 : !y ? -1 : compare_places(x, y);
        if (order < 0) {
            tell_file(d, x, x->what, "none");
        } else if (order > 0) {
            tell_file(d, y, "none", y->what);
        } else if (strcmp(x->id, y->id) || strcmp(x->what, y->what)) {
            tell_file(d, x, x->what, y->what);
        }
        i += order <= 0;
        k += order >= 0;
    }
}

static bf_status compare_files(diff *d, bf_error *err) {
    file_rows a = {0}, b = {0};
    if (d->a.session->stopped_scope || d->b.session->stopped_scope) return BF_OK;
    bf_status st = read_files(&a, &d->a, err);
    if (st == BF_OK) st = read_files(&b, &d->b, err);
    if (st == BF_OK) merge_files(d, &a, &b);
    free(a.items);
    free(b.items);
    bf_arena_free(&a.arena);
    bf_arena_free(&b.arena);
    return st;
}

bf_status bf_diff(const bf_profile *profile, const char *a, const char *b, void (*on_drift)(void *context, const bf_drift *drift),
                  void *context, size_t *n_drifts, bf_error *err) {
    diff d = {.drifts = {.on_drift = on_drift, .context = context}};
    bf_error_clear(err);
    bf_status st = side_open(&d.a, profile, a, err);
    if (st == BF_OK) st = side_open(&d.b, profile, b, err);
    if (st == BF_OK) {
        compare_footers(&d);
        compare_serving(&d);
    }
    if (st == BF_OK) st = bf_drift_documents(&d.drifts, d.a.session, d.b.session, err);
    if (st == BF_OK) st = compare_rows(&d, err);
    if (st == BF_OK) st = compare_files(&d, err);
    if (st == BF_OK && d.drifts.json.failed) st = bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    side_close(&d.a);
    side_close(&d.b);
    if (n_drifts) *n_drifts = d.drifts.n;
    return bf_engine_ended(st, err);
}
