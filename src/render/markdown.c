/* A pipe table. Values are shown, not interpreted: <module> is no tag and __init__ is not bold. */
#include "render/render.h"

static bool is_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (uint8_t)c >= 0x80;
}

static bool is_punctuation(char c) {
    return c > ' ' && c < 0x7f && !is_word(c);
}

/* What may have to be written otherwise. */
static const bool special[256] = {['|'] = true, ['*'] = true, ['`'] = true,  ['<'] = true,  ['&'] = true,
                                  ['~'] = true, ['_'] = true, ['\\'] = true, ['\n'] = true, ['\r'] = true};

/* An underscore inside of a word means nothing to Markdown, nor does a backslash before a letter. */
static bool means_nothing(const char *p, size_t n, size_t i) {
    if (p[i] == '_') return i && is_word(p[i - 1]) && i + 1 < n && is_word(p[i + 1]);
    return p[i] == '\\' && i + 1 < n && !is_punctuation(p[i + 1]);
}

static void put_text(bf_buf *out, const char *p, size_t n) {
    size_t from = 0;
    for (size_t i = 0; i < n; i++) {
        if (!special[(uint8_t)p[i]] || means_nothing(p, n, i)) continue;
        if (i > from) bf_buf_put(out, p + from, i - from);
        from = i + 1;
        if (p[i] == '\r' && from < n && p[from] == '\n') continue; /* one line end */
        if (p[i] == '\n' || p[i] == '\r') {
            bf_buf_puts(out, "<br>");
        } else {
            bf_buf_putc(out, '\\');
            bf_buf_putc(out, p[i]);
        }
    }
    if (n > from) bf_buf_put(out, p + from, n - from);
}

static void put_head(bf_buf *out, const bf_rows *rows) {
    if (!rows->n_columns) return;
    for (int64_t i = 0; i < rows->n_columns; i++) {
        const char *name = rows->schema.children[i]->name;
        bf_buf_puts(out, "| ");
        put_text(out, name ? name : "", name ? strlen(name) : 0);
        bf_buf_putc(out, ' ');
    }
    bf_buf_puts(out, "|\n");
    for (int64_t i = 0; i < rows->n_columns; i++) bf_buf_puts(out, rows->columns[i].is_number ? "| ---: " : "| --- ");
    bf_buf_puts(out, "|\n");
}

static void put_row(bf_buf *out, const bf_rows *rows, int64_t row, bf_buf *scratch) {
    for (int64_t i = 0; i < rows->n_columns; i++) {
        scratch->n = 0;
        bf_put_shown(scratch, &rows->columns[i], row);
        bf_buf_puts(out, "| ");
        put_text(out, scratch->p, scratch->n);
        bf_buf_putc(out, ' ');
    }
    if (scratch->failed) out->failed = true;
    if (rows->n_columns) bf_buf_puts(out, "|\n");
}

static bf_status put_rows(bf_rows *rows, bf_sink *sink, bf_buf *scratch, bf_error *err) {
    for (bool found;;) {
        BF_TRY(bf_rows_next(rows, &found, err));
        if (!found) return BF_OK;
        for (int64_t i = 0; i < rows->n; i++) {
            put_row(&sink->buf, rows, rows->first + i, scratch);
            BF_TRY(bf_sink_write(sink, err));
        }
    }
}

bf_status bf_render_markdown(bf_rows *rows, const bf_render_options *options, bf_sink *sink, bf_error *err) {
    (void)options;
    bf_buf scratch = {0};
    put_head(&sink->buf, rows);
    bf_status st = put_rows(rows, sink, &scratch, err);
    bf_buf_free(&scratch);
    return st;
}
