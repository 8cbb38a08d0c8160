/* One object a row: as an array, or one a line. */
#include "render/render.h"

static void put_row(bf_buf *out, const bf_rows *rows, int64_t row) {
    bf_buf_putc(out, '{');
    for (int64_t i = 0; i < rows->n_columns; i++) {
        if (i) bf_buf_putc(out, ',');
        bf_buf_put(out, rows->columns[i].key.p, rows->columns[i].key.n);
        bf_put_json(out, &rows->columns[i], row);
    }
    bf_buf_putc(out, '}');
}

bf_status bf_render_json(bf_rows *rows, const bf_render_options *options, bf_sink *sink, bf_error *err) {
    (void)options;
    const char *before = "[\n";
    for (bool found;;) {
        BF_TRY(bf_rows_next(rows, &found, err));
        if (!found) break;
        for (int64_t i = 0; i < rows->n; i++) {
            bf_buf_puts(&sink->buf, before);
            before = ",\n";
            put_row(&sink->buf, rows, rows->first + i);
            BF_TRY(bf_sink_write(sink, err));
        }
    }
    bf_buf_puts(&sink->buf, rows->n_read ? "\n]\n" : "[]\n");
    return BF_OK;
}

bf_status bf_render_ndjson(bf_rows *rows, const bf_render_options *options, bf_sink *sink, bf_error *err) {
    (void)options;
    for (bool found;;) {
        BF_TRY(bf_rows_next(rows, &found, err));
        if (!found) return BF_OK;
        for (int64_t i = 0; i < rows->n; i++) {
            put_row(&sink->buf, rows, rows->first + i);
            bf_buf_putc(&sink->buf, '\n');
            BF_TRY(bf_sink_write(sink, err));
        }
    }
}
