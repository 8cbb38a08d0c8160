#include "render/rows.h"

#include <errno.h>
#include <stdlib.h>

static bf_status stream_error(struct ArrowArrayStream *stream, int number, bf_error *err) {
    const char *message = stream->get_last_error(stream);
    return bf_fail(err, BF_ENGINE, -1, "%s", message && *message ? message : strerror(number));
}

static bf_status columns_init(bf_rows *rows, bf_error *err) {
    const struct ArrowSchema *schema = &rows->schema;
    if (!schema->format || strcmp(schema->format, "+s"))
        return bf_fail(err, BF_UNSUPPORTED, -1, "a stream of the Arrow type \"%s\": rows are structs",
                       schema->format ? schema->format : "");
    if (schema->n_children && !(rows->columns = calloc((size_t)schema->n_children, sizeof *rows->columns)))
        return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    for (; rows->n_columns < schema->n_children; rows->n_columns++) {
        const struct ArrowSchema *child = schema->children[rows->n_columns];
        BF_TRY(bf_field_init(&rows->columns[rows->n_columns], child, child->name ? child->name : "", err));
    }
    struct ArrowError why = {""};
    int number = ArrowArrayViewInitFromSchema(&rows->view, schema, &why);
    if (number)
        return bf_fail(err, number == ENOMEM ? BF_NO_MEMORY : BF_UNSUPPORTED, -1, "%s", number == ENOMEM ? "out of memory" : why.message);
    for (int64_t i = 0; i < rows->n_columns; i++) bf_field_bind(&rows->columns[i], rows->view.children[i]);
    return BF_OK;
}

bf_status bf_rows_open(bf_rows *rows, struct ArrowArrayStream *stream, int64_t max_rows, bf_error *err) {
    *rows = (bf_rows){.left = max_rows ? max_rows : INT64_MAX};
    ArrowArrayViewInitFromType(&rows->view, NANOARROW_TYPE_UNINITIALIZED);
    ArrowArrayStreamMove(stream, &rows->stream);
    int number = rows->stream.get_schema(&rows->stream, &rows->schema);
    bf_status st = number ? stream_error(&rows->stream, number, err) : columns_init(rows, err);
    if (st != BF_OK) bf_rows_close(rows);
    return st;
}

static bf_status read_batch(bf_rows *rows, bool *found, bf_error *err) {
    if (rows->batch.release) ArrowArrayRelease(&rows->batch);
    int number = rows->stream.get_next(&rows->stream, &rows->batch);
    if (number) {
        rows->batch.release = NULL;
        return stream_error(&rows->stream, number, err);
    }
    *found = rows->batch.release != NULL;
    return BF_OK;
}

bf_status bf_rows_next(bf_rows *rows, bool *found, bf_error *err) {
    struct ArrowError why = {""};
    *found = false;
    if (!rows->left) return BF_OK;
    do {
        BF_TRY(read_batch(rows, found, err));
        if (!*found) return BF_OK;
        *found = false;
        if (ArrowArrayViewSetArray(&rows->view, &rows->batch, &why))
            return bf_fail(err, BF_ENGINE, -1, "a batch does not fit its schema: %s", why.message);
    } while (!rows->view.length);
    *found = true;
    rows->first = rows->view.offset;
    rows->n = rows->view.length < rows->left ? rows->view.length : rows->left;
    rows->n_read += rows->n;
    rows->left -= rows->n;
    return BF_OK;
}

bf_status bf_rows_beyond(bf_rows *rows, bool *found, bf_error *err) {
    *found = false;
    if (rows->left) return BF_OK; /* the end came first */
    *found = rows->batch.release && rows->view.length > rows->n;
    while (!*found) {
        bool more;
        BF_TRY(read_batch(rows, &more, err));
        if (!more) return BF_OK;
        *found = rows->batch.length > 0;
    }
    return BF_OK;
}

void bf_rows_close(bf_rows *rows) {
    for (int64_t i = 0; i < rows->n_columns; i++) bf_field_reset(&rows->columns[i]);
    free(rows->columns);
    ArrowArrayViewReset(&rows->view);
    if (rows->batch.release) ArrowArrayRelease(&rows->batch);
    if (rows->schema.release) ArrowSchemaRelease(&rows->schema);
    if (rows->stream.release) ArrowArrayStreamRelease(&rows->stream);
    *rows = (bf_rows){0};
}
