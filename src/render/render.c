#include "render/render.h"

#include <errno.h>
#include <string.h>

enum { WRITE_BYTES = 64 * 1024 };

static const struct {
    const char *name;
    bf_status (*render)(bf_rows *rows, const bf_render_options *options, bf_sink *sink, bf_error *err);
} formats[] = {
    [BF_FORMAT_TABLE] = {"table", bf_render_table},
    [BF_FORMAT_CSV] = {"csv", bf_render_csv},
    [BF_FORMAT_TSV] = {"tsv", bf_render_tsv},
    [BF_FORMAT_JSON] = {"json", bf_render_json},
    [BF_FORMAT_NDJSON] = {"ndjson", bf_render_ndjson},
    [BF_FORMAT_MARKDOWN] = {"markdown", bf_render_markdown},
    [BF_FORMAT_ARROW] = {"arrow", bf_render_arrow},
    [BF_FORMAT_PARQUET] = {"parquet", NULL}, /* not by rows */
};

enum { N_FORMATS = sizeof formats / sizeof *formats };

bool bf_format_find(const char *name, bf_format *out) {
    for (int i = 0; name && i < N_FORMATS; i++) {
        if (strcmp(formats[i].name, name)) continue;
        *out = (bf_format)i;
        return true;
    }
    return false;
}

const char *bf_format_name(int index) {
    return index >= 0 && index < N_FORMATS ? formats[index].name : NULL;
}

bf_status bf_sink_fail(bf_error *err) {
    return bf_fail(err, BF_IO, -1, "cannot write the rows: %s", strerror(errno));
}

static bf_status flush(bf_sink *sink, bf_error *err) {
    if (sink->buf.failed) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    if (sink->buf.n && fwrite(sink->buf.p, 1, sink->buf.n, sink->file) != sink->buf.n) return bf_sink_fail(err);
    sink->buf.n = 0;
    return BF_OK;
}

bf_status bf_sink_write(bf_sink *sink, bf_error *err) {
    return sink->buf.n < WRITE_BYTES && !sink->buf.failed ? BF_OK : flush(sink, err);
}

bf_status bf_sink_finish(bf_sink *sink, bf_error *err) {
    BF_TRY(flush(sink, err));
    return fflush(sink->file) ? bf_sink_fail(err) : BF_OK;
}

static bf_status render(struct ArrowArrayStream *stream, const bf_render_options *options, FILE *out, int64_t *n_rows, bf_error *err) {
    bf_rows rows;
    bf_sink sink = {.file = out};
    BF_TRY(bf_rows_open(&rows, stream, options->max_rows, err));
    bf_status st = formats[options->format].render(&rows, options, &sink, err);
    if (st == BF_OK) st = bf_sink_finish(&sink, err);
    *n_rows = rows.n_read;
    bf_buf_free(&sink.buf);
    bf_rows_close(&rows);
    return st;
}

bf_status bf_render(struct ArrowArrayStream *stream, const bf_render_options *options, FILE *out, int64_t *n_rows, bf_error *err) {
    static const bf_render_options defaults;
    int64_t n = 0;
    bf_status st;
    bf_error_clear(err);
    if (!options) options = &defaults;
    if (!bf_format_name((int)options->format))
        st = bf_fail(err, BF_INVALID_ARGUMENT, -1, "no format has the number %d", (int)options->format);
    else if (options->max_rows < 0 || options->width < 0)
        st = bf_fail(err, BF_INVALID_ARGUMENT, -1, "at most %lld rows, %d columns wide: neither can be negative",
                     (long long)options->max_rows, options->width);
    else if (options->format == BF_FORMAT_PARQUET)
        st = bf_render_parquet(stream, options->max_rows, out, &n, err);
    else
        st = render(stream, options, out, &n, err);
    if (stream->release) ArrowArrayStreamRelease(stream);
    if (n_rows) *n_rows = st == BF_OK ? n : 0;
    return st;
}
