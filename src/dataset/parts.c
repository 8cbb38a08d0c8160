#include "dataset/parts.h"

#include <errno.h>
#include <stdio.h>

#include "dataset/delta.h"
#include "nanoarrow/nanoarrow.h"

enum { PART_BYTES = 1 << 29, N_OPTIONS = 4 }; /* of Arrow in a file: about 100 MB of Parquet */
#define ROW_GROUP_BYTES "33554432"            /* of Arrow */

/* ---- one part: what the source gives until it is large enough ---- */

typedef struct part {
    const bf_batches *source;
    struct ArrowArray ahead; /* read already; released when there is none */
    bool drops_repo;         /* the name of the directory holds it */
    struct ArrowArrayView view; /* of a batch as the source gives it */
    int64_t size_bytes;
    bf_error error;
} part;

/* Buffers of an array, whoever made it: what they span, not what was allocated. */
static int64_t span_bytes(const struct ArrowArrayView *view) {
    int64_t sum = 0;
    for (int i = 0; i < NANOARROW_MAX_FIXED_BUFFERS; i++)
        if (view->layout.buffer_type[i] != NANOARROW_BUFFER_TYPE_NONE) sum += view->buffer_views[i].size_bytes;
    for (int64_t i = 0; i < view->n_children; i++) sum += span_bytes(view->children[i]);
    return sum;
}

static bf_status open_view(part *p, bf_error *err) {
    struct ArrowSchema schema;
    ArrowArrayViewInitFromType(&p->view, NANOARROW_TYPE_UNINITIALIZED);
    BF_TRY(p->source->schema(p->source->context, &schema, err));
    ArrowErrorCode code = ArrowArrayViewInitFromSchema(&p->view, &schema, NULL);
    ArrowSchemaRelease(&schema);
    return code == NANOARROW_OK ? BF_OK : bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

enum { REPO_COLUMN = 0 };

static void drop_schema_child(struct ArrowSchema *schema, int64_t index) {
    struct ArrowSchema *child = schema->children[index];
    ArrowSchemaRelease(child);
    ArrowFree(child);
    memmove(&schema->children[index], &schema->children[index + 1], (size_t)(--schema->n_children - index) * sizeof(void *));
}

static void drop_array_child(struct ArrowArray *array, int64_t index) {
    struct ArrowArray *child = array->children[index];
    ArrowArrayRelease(child);
    ArrowFree(child);
    memmove(&array->children[index], &array->children[index + 1], (size_t)(--array->n_children - index) * sizeof(void *));
}

static int part_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    part *p = stream->private_data;
    if (p->source->schema(p->source->context, out, &p->error) != BF_OK) return ENOMEM;
    if (p->drops_repo) drop_schema_child(out, REPO_COLUMN);
    return 0;
}

static int part_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    part *p = stream->private_data;
    out->release = NULL;
    if (p->size_bytes >= PART_BYTES) return 0;
    if (bf_engine_goes_on(&p->error) != BF_OK) return ECANCELED;
    if (!p->ahead.release && p->source->next(p->source->context, &p->ahead, &p->error) != BF_OK) return ECANCELED;
    if (!p->ahead.release) return 0;
    if (ArrowArrayViewSetArray(&p->view, &p->ahead, NULL) != NANOARROW_OK) {
        bf_fail(&p->error, BF_ENGINE, -1, "a batch that is not as its schema says");
        return EINVAL;
    }
    p->size_bytes += span_bytes(&p->view);
    if (p->drops_repo) drop_array_child(&p->ahead, REPO_COLUMN);
    ArrowArrayMove(&p->ahead, out);
    return 0;
}

static const char *part_error(struct ArrowArrayStream *stream) {
    part *p = stream->private_data;
    return p->error.code == BF_OK ? NULL : p->error.message;
}

static void part_release(struct ArrowArrayStream *stream) {
    stream->release = NULL; /* the part belongs to the loop below */
}

static void set_options(const bf_store *store, bf_engine_option options[N_OPTIONS], char threads[16], int jobs) {
    snprintf(threads, 16, "%d", jobs);
    options[0] = (bf_engine_option){"threads", threads};
    options[1] = (bf_engine_option){"sorting_columns", "path,file_id"};
    options[2] = (bf_engine_option){"row_group_bytes", ROW_GROUP_BYTES};
    options[3] = (bf_engine_option){"encodings", store->kind->encodings};
}

static bf_status finish(bf_new_part *to, const bf_engine_written *written, bf_error *err) {
    to->size_bytes = written->size_bytes;
    to->rows = written->rows;
    return bf_layout_sync(to->path, err);
}

static bf_status write_part(bf_store *store, part *p, int jobs, bf_error *err) {
    char threads[16];
    bf_engine_option options[N_OPTIONS];
    struct ArrowArrayStream stream = {part_schema, part_next, part_error, part_release, p};
    bf_engine_written written = {0};
    bf_engine_error why = {0};
    bf_new_part *to;
    BF_TRY(bf_store_place(store, &to, err));
    set_options(store, options, threads, jobs);
    p->size_bytes = 0;
    int32_t code = store->engine->write_parquet(&stream, to->path, options, N_OPTIONS, &written, &why);
    if (p->error.code != BF_OK) return bf_fail(err, p->error.code, -1, "%s", p->error.message);
    return code == BF_ENGINE_OK ? finish(to, &written, err) : bf_engine_fail(err, &why);
}

bf_status bf_parts_write(bf_store *store, const bf_batches *batches, bool at_least_one, int jobs, bf_error *err) {
    part p = {.source = batches, .drops_repo = store->partition && batches->has_repo};
    bf_status st = open_view(&p, err);
    if (st == BF_OK) st = batches->next(batches->context, &p.ahead, err);
    while (st == BF_OK && (p.ahead.release || at_least_one)) {
        st = write_part(store, &p, jobs, err);
        at_least_one = false;
        if (st == BF_OK && !p.ahead.release) st = batches->next(batches->context, &p.ahead, err);
    }
    if (p.ahead.release) ArrowArrayRelease(&p.ahead);
    ArrowArrayViewReset(&p.view);
    return st;
}

bf_status bf_parts_drop_rows(bf_store *store, size_t part_index, int64_t n_rows, const int64_t *rows, size_t n, bool keep_empty, int jobs, bf_error *err) {
    char threads[16];
    bf_engine_option options[N_OPTIONS];
    bf_engine_written written = {0};
    bf_engine_error why = {0};
    bf_new_part *to;
    store->parts[part_index].is_dropped = true;
    if ((int64_t)n == n_rows && !keep_empty) return BF_OK;
    store->is_unordered = store->kind == &bf_storage_delta && !bf_delta_is_own_part(store->parts[part_index].path);
    bf_status st = bf_store_place(store, &to, err);
    store->is_unordered = false;
    if (st != BF_OK) return st;
    set_options(store, options, threads, jobs);
    if (store->engine->rewrite_parquet(store->parts[part_index].path, to->path, rows, n, options, N_OPTIONS, &written, &why) != BF_ENGINE_OK)
        return bf_engine_fail(err, &why);
    return finish(to, &written, err);
}
