/* An Arrow IPC stream. nanoarrow writes it; what it cannot write as it is comes as a plain copy. */
#include <errno.h>
#include <stdlib.h>

#include "nanoarrow/nanoarrow_ipc.h"
#include "render/plain.h"
#include "render/render.h"

typedef struct file {
    FILE *out;
    int error; /* errno of the write that failed */
} file;

typedef struct encoder {
    file file;
    struct ArrowIpcWriter writer;
    struct ArrowSchema schema;  /* plain */
    struct ArrowArrayView view; /* of the batch being written, in that schema */
    struct ArrowArray *copies;  /* one a column; released where the column is written as it is */
    int64_t n_copies;
} encoder;

static ArrowErrorCode write_file(struct ArrowIpcOutputStream *stream, const void *p, int64_t n, int64_t *n_written,
                                 struct ArrowError *why) {
    (void)why;
    file *f = stream->private_data;
    *n_written = (int64_t)fwrite(p, 1, (size_t)n, f->out);
    if (*n_written == n) return NANOARROW_OK;
    f->error = errno ? errno : EIO;
    return EIO;
}

static void release_file(struct ArrowIpcOutputStream *stream) { /* the file is the caller's */
    stream->release = NULL;
}

static bf_status encoder_fail(encoder *e, int number, const char *message, bf_error *err) {
    errno = e->file.error;
    if (e->file.error) return bf_sink_fail(err);
    if (number == ENOMEM) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    if (number == EOVERFLOW) return bf_fail(err, BF_UNSUPPORTED, -1, "a row of more than 2 GiB cannot be written as Arrow");
    return bf_fail(err, BF_UNSUPPORTED, -1, "cannot be written as Arrow: %s", *message ? message : strerror(number));
}

static void release_copies(encoder *e) {
    for (int64_t i = 0; i < e->n_copies; i++)
        if (e->copies[i].release) ArrowArrayRelease(&e->copies[i]);
}

static int copy_rows(struct ArrowArray *out, const struct ArrowSchema *schema, const bf_field *f, int64_t first, int64_t n) {
    NANOARROW_RETURN_NOT_OK(ArrowArrayInitFromSchema(out, schema, NULL));
    NANOARROW_RETURN_NOT_OK(ArrowArrayStartAppending(out));
    for (int64_t i = 0; i < n; i++) NANOARROW_RETURN_NOT_OK(bf_plain_append(out, f, first + i));
    return ArrowArrayFinishBuilding(out, NANOARROW_VALIDATION_LEVEL_NONE, NULL);
}

static int write_rows(encoder *e, const bf_rows *rows, int64_t first, int64_t n, struct ArrowError *why) {
    for (int64_t i = 0; i < rows->n_columns; i++) {
        const struct ArrowArray *array = rows->batch.children[i];
        if (first || !bf_plain_is(&rows->columns[i], n)) {
            NANOARROW_RETURN_NOT_OK(copy_rows(&e->copies[i], e->schema.children[i], &rows->columns[i], first, n));
            array = &e->copies[i];
        }
        NANOARROW_RETURN_NOT_OK(ArrowArrayViewSetArray(e->view.children[i], array, why));
    }
    e->view.length = n;
    return ArrowIpcWriterWriteArrayView(&e->writer, &e->view, why);
}

/* Values that were shared, as views and dictionaries do, may be too long for one batch of their own. */
static int write_split(encoder *e, const bf_rows *rows, int64_t first, int64_t n, struct ArrowError *why) {
    int number = write_rows(e, rows, first, n, why);
    release_copies(e);
    if (number != EOVERFLOW || n == 1) return number;
    NANOARROW_RETURN_NOT_OK(write_split(e, rows, first, n / 2, why));
    return write_split(e, rows, first + n / 2, n - n / 2, why);
}

static bf_status begin(encoder *e, const bf_rows *rows, FILE *out, bf_error *err) {
    struct ArrowError why = {""};
    struct ArrowIpcOutputStream stream = {.write = write_file, .release = release_file, .private_data = &e->file};
    e->file.out = out;
    if (rows->n_columns && !(e->copies = calloc((size_t)rows->n_columns, sizeof *e->copies)))
        return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    e->n_copies = rows->n_columns;
    int number = bf_plain_schema(&e->schema, &rows->schema);
    if (!number) number = ArrowArrayViewInitFromSchema(&e->view, &e->schema, &why);
    if (!number) number = ArrowIpcWriterInit(&e->writer, &stream);
    if (!number) number = ArrowIpcWriterWriteSchema(&e->writer, &e->schema, &why);
    return number ? encoder_fail(e, number, why.message, err) : BF_OK;
}

static bf_status write_batches(encoder *e, bf_rows *rows, bf_error *err) {
    struct ArrowError why = {""};
    for (bool found;;) {
        BF_TRY(bf_rows_next(rows, &found, err));
        int number = found ? write_split(e, rows, rows->first, rows->n, &why) : ArrowIpcWriterWriteArrayView(&e->writer, NULL, &why);
        if (number) return encoder_fail(e, number, why.message, err);
        if (!found) return BF_OK;
    }
}

bf_status bf_render_arrow(bf_rows *rows, const bf_render_options *options, bf_sink *sink, bf_error *err) {
    (void)options;
    encoder e = {0};
    ArrowArrayViewInitFromType(&e.view, NANOARROW_TYPE_UNINITIALIZED);
    bf_status st = begin(&e, rows, sink->file, err);
    if (st == BF_OK) st = write_batches(&e, rows, err);
    release_copies(&e);
    free(e.copies);
    ArrowArrayViewReset(&e.view);
    if (e.writer.private_data) ArrowIpcWriterReset(&e.writer);
    if (e.schema.release) ArrowSchemaRelease(&e.schema);
    return st;
}
