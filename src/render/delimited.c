/* CSV and TSV: a line of names, then a line a row. They differ in what stands between fields and how a text is written. */
#include "render/render.h"

typedef struct style {
    char between;
    void (*put_text)(bf_buf *out, const char *p, size_t n);
} style;

/* RFC 4180. Quotes around blanks keep readers from trimming; around nothing, they tell a text from null. */
static void put_csv_text(bf_buf *out, const char *p, size_t n) {
    static const bool special[256] = {[','] = true, ['"'] = true, ['\n'] = true, ['\r'] = true};
    static const bool blank[256] = {[' '] = true, ['\t'] = true};
    bool quote = !n || blank[(uint8_t)p[0]] || blank[(uint8_t)p[n - 1]];
    for (size_t i = 0; i < n && !quote; i++) quote = special[(uint8_t)p[i]];
    if (!quote) {
        bf_buf_put(out, p, n);
        return;
    }
    bf_buf_putc(out, '"');
    for (const char *end = p + n; p < end;) {
        const char *next = memchr(p, '"', (size_t)(end - p));
        size_t run = (size_t)((next ? next + 1 : end) - p); /* with the quote, which is written twice */
        bf_buf_put(out, p, run);
        if (next) bf_buf_putc(out, '"');
        p += run;
    }
    bf_buf_putc(out, '"');
}

static void put_tsv_text(bf_buf *out, const char *p, size_t n) {
    static const char letters[256] = {['\\'] = '\\', ['\t'] = 't', ['\n'] = 'n', ['\r'] = 'r'};
    size_t from = 0;
    for (size_t i = 0; i < n; i++) {
        char letter = letters[(uint8_t)p[i]];
        if (!letter) continue;
        bf_buf_put(out, p + from, i - from);
        from = i + 1;
        bf_buf_putc(out, '\\');
        bf_buf_putc(out, letter);
    }
    if (n > from) bf_buf_put(out, p + from, n - from);
}

static const style csv = {',', put_csv_text};
static const style tsv = {'\t', put_tsv_text};

static void put_field(bf_buf *out, const style *s, const bf_field *f, int64_t row, bf_buf *scratch) {
    if (!bf_field_find(&f, &row)) return;
    if (f->shape == BF_SHAPE_TEXT) {
        struct ArrowStringView text = ArrowArrayViewGetStringUnsafe(f->view, row);
        s->put_text(out, text.data, (size_t)text.size_bytes);
    } else if (f->shape == BF_SHAPE_NESTED) {
        scratch->n = 0;
        f->put(scratch, f, row);
        s->put_text(out, scratch->p, scratch->n);
        if (scratch->failed) out->failed = true;
    } else {
        size_t before = out->n;
        f->put(out, f, row);
        if (out->n == before) s->put_text(out, "", 0); /* no bytes */
    }
}

static void put_names(bf_buf *out, const style *s, const bf_rows *rows) {
    for (int64_t i = 0; i < rows->n_columns; i++) {
        const char *name = rows->schema.children[i]->name;
        if (i) bf_buf_putc(out, s->between);
        s->put_text(out, name ? name : "", name ? strlen(name) : 0);
    }
    bf_buf_putc(out, '\n');
}

static bf_status put_rows(bf_rows *rows, const style *s, bf_sink *sink, bf_buf *scratch, bf_error *err) {
    for (bool found;;) {
        BF_TRY(bf_rows_next(rows, &found, err));
        if (!found) return BF_OK;
        for (int64_t row = rows->first; row < rows->first + rows->n; row++) {
            for (int64_t i = 0; i < rows->n_columns; i++) {
                if (i) bf_buf_putc(&sink->buf, s->between);
                put_field(&sink->buf, s, &rows->columns[i], row, scratch);
            }
            bf_buf_putc(&sink->buf, '\n');
            BF_TRY(bf_sink_write(sink, err));
        }
    }
}

static bf_status render(bf_rows *rows, const style *s, bf_sink *sink, bf_error *err) {
    bf_buf scratch = {0};
    put_names(&sink->buf, s, rows);
    bf_status st = put_rows(rows, s, sink, &scratch, err);
    bf_buf_free(&scratch);
    return st;
}

bf_status bf_render_csv(bf_rows *rows, const bf_render_options *options, bf_sink *sink, bf_error *err) {
    (void)options;
    return render(rows, &csv, sink, err);
}

bf_status bf_render_tsv(bf_rows *rows, const bf_render_options *options, bf_sink *sink, bf_error *err) {
    (void)options;
    return render(rows, &tsv, sink, err);
}
