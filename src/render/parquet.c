/* One Parquet file. The engine writes files of names; the rows go through one in a directory of its own. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "render/render.h"

/* ---- a stream that counts, and ends at a limit ---- */

typedef struct limited {
    struct ArrowArrayStream inner;
    int64_t left;
    int64_t *n_rows;
} limited;

static int limited_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    limited *l = stream->private_data;
    return l->inner.get_schema(&l->inner, out);
}

static int limited_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    limited *l = stream->private_data;
    out->release = NULL;
    if (!l->left) return 0;
    int number = l->inner.get_next(&l->inner, out);
    if (number || !out->release) return number;
    if (out->length > l->left) out->length = l->left; /* children may be longer than their struct */
    l->left -= out->length;
    *l->n_rows += out->length;
    return 0;
}

static const char *limited_error(struct ArrowArrayStream *stream) {
    limited *l = stream->private_data;
    return l->inner.get_last_error(&l->inner);
}

static void limited_release(struct ArrowArrayStream *stream) {
    limited *l = stream->private_data;
    ArrowArrayStreamRelease(&l->inner);
    free(l);
    stream->release = NULL;
}

/* ---- the file ---- */

static bf_status copy_file(const char *path, FILE *out, bf_error *err) {
    char piece[64 * 1024];
    FILE *in = fopen(path, "rb");
    if (!in) return bf_fail(err, BF_IO, -1, "%s: open: %s", path, strerror(errno));
    bf_status st = BF_OK;
    for (size_t n; st == BF_OK && (n = fread(piece, 1, sizeof piece, in));)
        if (fwrite(piece, 1, n, out) != n) st = bf_sink_fail(err);
    if (st == BF_OK && ferror(in)) st = bf_fail(err, BF_IO, -1, "%s: read: %s", path, strerror(errno));
    fclose(in);
    if (st == BF_OK && fflush(out)) st = bf_sink_fail(err);
    return st;
}

static bf_status make_directory(bf_buf *path, bf_error *err) {
    const char *parent = getenv("TMPDIR");
    bf_buf_puts(path, parent && *parent ? parent : P_tmpdir);
    bf_buf_puts(path, "/bytefusion-XXXXXX");
    bf_buf_putc(path, 0);
    if (path->failed) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    return mkdtemp(path->p) ? BF_OK : bf_fail(err, BF_IO, -1, "%s: make a directory: %s", path->p, strerror(errno));
}

static bf_status write_in(const char *directory, struct ArrowArrayStream *stream, FILE *out, bf_error *err) {
    bf_buf path = {0};
    bf_buf_printf(&path, "%s/rows.parquet", directory);
    bf_status st = path.failed ? bf_fail(err, BF_NO_MEMORY, -1, "out of memory") : bf_write_parquet(stream, path.p, err);
    if (st == BF_OK) st = copy_file(path.p, out, err);
    if (!path.failed) unlink(path.p);
    bf_buf_free(&path);
    return st;
}

bf_status bf_render_parquet(struct ArrowArrayStream *stream, int64_t max_rows, FILE *out, int64_t *n_rows, bf_error *err) {
    struct ArrowArrayStream counted = {limited_schema, limited_next, limited_error, limited_release, NULL};
    bf_buf directory = {0};
    limited *l = malloc(sizeof *l);
    if (!l) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    *l = (limited){.left = max_rows ? max_rows : INT64_MAX, .n_rows = n_rows};
    ArrowArrayStreamMove(stream, &l->inner);
    counted.private_data = l;
    bf_status st = make_directory(&directory, err);
    if (st == BF_OK) {
        st = write_in(directory.p, &counted, out, err);
        rmdir(directory.p);
    }
    if (counted.release) ArrowArrayStreamRelease(&counted);
    bf_buf_free(&directory);
    return st;
}
