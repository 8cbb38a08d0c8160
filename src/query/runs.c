#include "query/runs.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "dataset/layout.h"
#include "nanoarrow/nanoarrow.h"

#define ROW_GROUP_BYTES "67108864" /* of Arrow: several of them for a few hundred thousand rows, so that all cores have a part of a query */

enum { MAX_KEYS = 20 };

static bf_status no_memory(bf_error *err) {
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

/* The rows of the query, or of a merge; given to the engine as a stream that ends where a run does. */
typedef struct source {
    const bf_runs *runs;
    struct ArrowArrayStream rows;
    struct ArrowArrayView view;
    int64_t keys[MAX_KEYS]; /* columns */
    size_t n_keys;
    bool cuts;              /* ends where the order does */
    struct ArrowArray ahead; /* the first batch of the next run; released where there is none */
    bf_buf last;            /* keys of the last row, each with its length before it */
    bf_error error;
} source;

/* ---- keys ---- */

static bf_status find_keys(source *s, bf_error *err) {
    const char *name = s->runs->order;
    struct ArrowError why = {""};
    for (size_t n; *name; name += n + (name[n] == ',')) {
        n = strcspn(name, ",");
        int64_t i = 0;
        const struct ArrowSchema *schema = s->runs->schema;
        while (i < schema->n_children && (strlen(schema->children[i]->name) != n || memcmp(schema->children[i]->name, name, n))) i++;
        if (i == schema->n_children || s->n_keys == MAX_KEYS) {
            s->n_keys = 0; /* then there is no order to look at */
            break;
        }
        s->keys[s->n_keys++] = i;
    }
    if (ArrowArrayViewInitFromSchema(&s->view, s->runs->schema, &why)) return bf_fail(err, BF_UNSUPPORTED, -1, "%s", why.message);
    return BF_OK;
}

static int compare(struct ArrowStringView a, struct ArrowStringView b) {
    size_t n = (size_t)(a.size_bytes < b.size_bytes ? a.size_bytes : b.size_bytes);
    int order = n ? memcmp(a.data, b.data, n) : 0;
    return order ? order : (a.size_bytes > b.size_bytes) - (a.size_bytes < b.size_bytes);
}

static struct ArrowStringView key_at(const source *s, size_t key, int64_t row) {
    return ArrowArrayViewGetStringUnsafe(s->view.children[s->keys[key]], row);
}

static int compare_rows(const source *s, int64_t a, int64_t b) {
    int order = 0;
    for (size_t k = 0; k < s->n_keys && !order; k++) order = compare(key_at(s, k, a), key_at(s, k, b));
    return order;
}

/* The last row of the batch before, and the first of this one. */
static int compare_with_last(const source *s) {
    const char *at = s->last.p;
    int order = 0;
    for (size_t k = 0; k < s->n_keys && s->last.n && !order; k++) {
        int64_t n;
        memcpy(&n, at, sizeof n);
        order = compare((struct ArrowStringView){at + sizeof n, n}, key_at(s, k, 0));
        at += sizeof n + (size_t)n;
    }
    return order;
}

static void keep_last(source *s, int64_t row) {
    s->last.n = 0;
    for (size_t k = 0; k < s->n_keys; k++) {
        struct ArrowStringView text = key_at(s, k, row);
        bf_buf_put(&s->last, &text.size_bytes, sizeof text.size_bytes);
        bf_buf_put(&s->last, text.data, (size_t)text.size_bytes);
    }
}

/* Whether a batch goes on where the last one ended. Errors: BF_UNSUPPORTED where its own rows are in no order. */
static bf_status goes_on(source *s, const struct ArrowArray *batch, bool *out) {
    struct ArrowError why = {""};
    *out = true;
    if (!batch->length || !s->n_keys) return BF_OK;
    if (ArrowArrayViewSetArray(&s->view, batch, &why)) return bf_fail(&s->error, BF_ENGINE, -1, "a batch does not fit its schema: %s", why.message);
    for (int64_t i = 1; i < batch->length; i++)
        if (compare_rows(s, i - 1, i) > 0) return bf_fail(&s->error, BF_UNSUPPORTED, -1, "rows are not in the order %s", s->runs->order);
    *out = compare_with_last(s) <= 0;
    keep_last(s, batch->length - 1);
    return s->last.failed ? no_memory(&s->error) : BF_OK;
}

/* ---- the stream ---- */

static int give_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    source *s = stream->private_data;
    return ArrowSchemaDeepCopy(s->runs->schema, out) == NANOARROW_OK ? 0 : ENOMEM;
}

static int give_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    source *s = stream->private_data;
    bool same_run = true;
    out->release = NULL;
    if (bf_engine_goes_on(&s->error) != BF_OK) return ECANCELED;
    if (s->ahead.release) {
        ArrowArrayMove(&s->ahead, out);
        return 0;
    }
    if (s->rows.get_next(&s->rows, out)) {
        const char *message = s->rows.get_last_error(&s->rows);
        bf_fail(&s->error, BF_ENGINE, -1, "%s", message ? message : "the stream of rows fails, and does not say why");
        return EIO;
    }
    if (!out->release || !s->cuts) return 0;
    if (goes_on(s, out, &same_run) != BF_OK) {
        out->release(out);
        return EIO;
    }
    if (!same_run) ArrowArrayMove(out, &s->ahead);
    return 0;
}

static const char *give_error(struct ArrowArrayStream *stream) {
    source *s = stream->private_data;
    return s->error.code == BF_OK ? NULL : s->error.message;
}

static void release(struct ArrowArrayStream *stream) {
    stream->release = NULL; /* the source goes on with the next run */
}

static bf_status write_one(source *s, const char *path, bf_error *err) {
    const bf_engine_api *api = s->runs->s->api;
    struct ArrowArrayStream stream = {give_schema, give_next, give_error, release, s};
    bf_engine_error why = {0};
    const bf_engine_option options[] = {{"row_group_bytes", ROW_GROUP_BYTES}, {"sorting_columns", s->runs->order}};
    int32_t code = api->write_parquet(&stream, path, options, 1 + (*s->runs->order != 0), NULL, &why);
    if (s->error.code != BF_OK) return bf_fail(err, s->error.code, -1, "%s", s->error.message);
    return code == BF_ENGINE_OK ? bf_layout_sync(path, err) : bf_engine_fail(err, &why);
}

/* ---- runs ---- */

typedef struct parts {
    char **paths;
    size_t n;
} parts;

static void remove_parts(parts *p) {
    for (size_t i = 0; i < p->n; i++) {
        unlink(p->paths[i]);
        free(p->paths[i]);
    }
    free(p->paths);
    *p = (parts){0};
}

static bf_status write_part(source *s, parts *p, bf_error *err) {
    char **paths = realloc(p->paths, (p->n + 1) * sizeof *paths);
    if (!paths) return no_memory(err);
    p->paths = paths;
    if (asprintf(&paths[p->n], "%s.%zu", s->runs->path, p->n) < 0) return no_memory(err);
    return write_one(s, paths[p->n++], err);
}

/* Takes the texts of "a,b" apart, in place. */
static size_t split(char *text, const char **out, size_t max) {
    size_t n = 0;
    for (char *at = strtok_r(text, ",", &text); at && n < max; at = strtok_r(NULL, ",", &text)) out[n++] = at;
    return n;
}

static bf_status merge(source *s, const parts *p, bf_error *err) {
    const char *order[MAX_KEYS];
    bf_engine_error why = {0};
    const bf_engine_api *api = s->runs->s->api;
    char *names = strdup(s->runs->order);
    if (!names) return no_memory(err);
    s->rows.release(&s->rows);
    int32_t code = api->merge_parquet((const char *const *)p->paths, p->n, order, split(names, order, MAX_KEYS), &s->rows, &why);
    free(names);
    if (code != BF_ENGINE_OK) {
        s->rows.release = NULL;
        return bf_engine_fail(err, &why);
    }
    s->cuts = false;
    return write_one(s, s->runs->path, err);
}

static bf_status write_runs(source *s, bf_error *err) {
    parts p = {0};
    bf_status st = find_keys(s, err);
    s->cuts = s->n_keys > 0;
    while (st == BF_OK && (p.n == 0 || s->ahead.release)) st = write_part(s, &p, err);
    if (st == BF_OK && p.n > 1) st = merge(s, &p, err);
    if (st == BF_OK && p.n == 1 && rename(p.paths[0], s->runs->path)) st = bf_fail_errno(err, "rename", s->runs->path);
    remove_parts(&p);
    return st;
}

bf_status bf_runs_write(const bf_runs *runs, bf_error *err) {
    source s = {.runs = runs};
    bf_engine_error why = {0};
    ArrowArrayViewInitFromType(&s.view, NANOARROW_TYPE_UNINITIALIZED);
    if (runs->s->api->query(runs->s->engine, runs->sql, true, &s.rows, &why) != BF_ENGINE_OK) return bf_engine_fail(err, &why);
    bf_status st = runs->is_sorted ? write_one(&s, runs->path, err) : write_runs(&s, err);
    if (s.ahead.release) ArrowArrayRelease(&s.ahead);
    if (s.rows.release) s.rows.release(&s.rows);
    ArrowArrayViewReset(&s.view);
    bf_buf_free(&s.last);
    return st;
}
