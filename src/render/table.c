/* Aligned columns for people. Widths come from the first rows, so that an endless stream is printed as it comes:
 *
 *   path      opname     n_bytes
 *   ────────  ─────────  ───────
 *   a.pyc     LOAD_FAST       12
 *   (1 row)
 */
#include <stdlib.h>

#include "render/display.h"
#include "render/render.h"

enum {
    CHUNK_ROWS = 10000,     /* held in memory to measure */
    CHUNK_BYTES = 16 << 20, /* or so many, whichever comes first */
    LEAST_WIDTH = 8,        /* a column shrinks no further */
    WIDEST_PADDING = 1000,  /* one long value does not move all other rows this far */
    GAP = 2
};

typedef struct cell {
    size_t at; /* in the text of the chunk */
    size_t n, width;
} cell;

typedef struct layout {
    size_t width; /* as printed */
    size_t natural;
    size_t least;
} layout;

typedef struct table {
    bf_rows *rows;
    bf_buf *out;
    bf_buf text, scratch;
    cell *names, *cells; /* one a column; row by row */
    layout *columns;
    int64_t n_shown;   /* columns, from the left, that fit */
    int64_t n_held;    /* rows in the chunk */
    int64_t next;      /* row of the current batch */
    size_t line_width; /* 0: nothing is cut */
} table;

static cell put_cell(table *t, const char *p, size_t n, size_t enough) {
    size_t at = t->text.n, width = bf_put_display(&t->text, p, n, enough);
    return (cell){at, t->text.n - at, width};
}

static void hold_row(table *t, int64_t row) {
    cell *cells = t->cells + t->n_held++ * t->rows->n_columns;
    size_t enough = t->line_width && t->line_width < LEAST_WIDTH ? LEAST_WIDTH : t->line_width; /* no text is given more */
    for (int64_t i = 0; i < t->rows->n_columns; i++) {
        t->scratch.n = 0;
        bf_put_shown(&t->scratch, &t->rows->columns[i], row);
        cells[i] = put_cell(t, t->scratch.p, t->scratch.n, t->rows->columns[i].is_number ? 0 : enough);
    }
}

/* Fills the chunk. *more false: these are the last rows. */
static bf_status hold_rows(table *t, bool *more, bf_error *err) {
    bf_rows *rows = t->rows;
    t->n_held = 0;
    *more = true;
    while (t->n_held < CHUNK_ROWS && t->text.n < CHUNK_BYTES) {
        if (t->next == rows->n) {
            BF_TRY(bf_rows_next(rows, more, err));
            if (!*more) break;
            t->next = 0;
        }
        hold_row(t, rows->first + t->next++);
    }
    return t->text.failed || t->scratch.failed ? bf_fail(err, BF_NO_MEMORY, -1, "out of memory") : BF_OK;
}

/* ---- widths ---- */

/* Numbers are never cut, since one without its end is another one. */
static void measure(table *t) {
    for (int64_t i = 0; i < t->rows->n_columns; i++) {
        layout *column = &t->columns[i];
        size_t widest = 0;
        for (int64_t row = 0; row < t->n_held; row++) {
            size_t width = t->cells[row * t->rows->n_columns + i].width;
            if (width > widest) widest = width;
        }
        column->natural = widest > t->names[i].width ? widest : t->names[i].width;
        if (!t->line_width && column->natural > WIDEST_PADDING) column->natural = WIDEST_PADDING;
        column->least = column->natural < LEAST_WIDTH ? column->natural : LEAST_WIDTH;
        if (t->rows->columns[i].is_number && widest > column->least) column->least = widest < column->natural ? widest : column->natural;
        column->width = column->natural;
    }
}

static size_t shrunk(const layout *column, size_t limit) {
    return column->natural <= limit ? column->natural : column->least > limit ? column->least : limit;
}

static size_t total_width(const table *t, size_t limit) {
    size_t total = 0;
    for (int64_t i = 0; i < t->n_shown; i++) total += shrunk(&t->columns[i], limit) + (i ? GAP : 0);
    return total;
}

/* The widest columns shrink, to one width that is the largest to fit; what is left over goes to them from the left. */
static void fit(table *t) {
    t->n_shown = t->rows->n_columns;
    if (!t->line_width || total_width(t, SIZE_MAX) <= t->line_width) return;
    while (t->n_shown > 1 && total_width(t, LEAST_WIDTH) > t->line_width) t->n_shown--;
    size_t low = LEAST_WIDTH, high = t->line_width;
    while (low < high) {
        size_t middle = low + (high - low + 1) / 2;
        if (total_width(t, middle) <= t->line_width)
            low = middle;
        else
            high = middle - 1;
    }
    size_t total = total_width(t, low);
    for (int64_t i = 0; i < t->n_shown; i++) {
        layout *column = &t->columns[i];
        column->width = shrunk(column, low);
        if (column->width == low && column->natural > low && total < t->line_width) {
            column->width++;
            total++;
        }
    }
}

/* ---- lines ---- */

static void put_repeated(bf_buf *out, const char *z, size_t n) {
    for (size_t i = 0; i < n; i++) bf_buf_puts(out, z);
}

/* No blanks at the end of a line. */
static void put_line(table *t, const cell *cells, bool is_head) {
    for (int64_t i = 0; i < t->n_shown; i++) {
        bool right = t->rows->columns[i].is_number;
        const char *text = t->text.p + cells[i].at;
        size_t n = cells[i].n, width = cells[i].width, room = t->columns[i].width;
        if (width > room && t->line_width && (is_head || !right)) {
            t->scratch.n = 0;
            width = bf_put_cut(&t->scratch, text, n, room);
            text = t->scratch.p;
            n = t->scratch.n;
        }
        size_t padding = width < room ? room - width : 0;
        if (i) put_repeated(t->out, " ", GAP);
        if (right) put_repeated(t->out, " ", padding);
        bf_buf_put(t->out, text, n);
        if (!right && i + 1 < t->n_shown) put_repeated(t->out, " ", padding);
    }
    bf_buf_putc(t->out, '\n');
}

static void put_head(table *t) {
    if (!t->n_shown) return;
    put_line(t, t->names, true);
    for (int64_t i = 0; i < t->n_shown; i++) {
        if (i) put_repeated(t->out, " ", GAP);
        put_repeated(t->out, "\u2500", t->columns[i].width);
    }
    bf_buf_putc(t->out, '\n');
}

static bf_status put_foot(table *t, bf_error *err) {
    long long n = (long long)t->rows->n_read;
    bool beyond;
    BF_TRY(bf_rows_beyond(t->rows, &beyond, err));
    if (beyond)
        bf_buf_printf(t->out, "(first %lld of more rows; --max-rows 0 shows all", n);
    else
        bf_buf_printf(t->out, "(%lld row%s", n, n == 1 ? "" : "s");
    if (t->n_shown < t->rows->n_columns)
        bf_buf_printf(t->out, "; first %lld of %lld columns", (long long)t->n_shown, (long long)t->rows->n_columns);
    bf_buf_puts(t->out, ")\n");
    return BF_OK;
}

static bf_status print(table *t, bf_sink *sink, bf_error *err) {
    size_t n_columns = (size_t)t->rows->n_columns;
    if (n_columns > SIZE_MAX / sizeof *t->cells / CHUNK_ROWS || !(t->columns = calloc(n_columns + 1, sizeof *t->columns)) ||
        !(t->names = calloc(n_columns + 1, sizeof *t->names)) || !(t->cells = malloc((n_columns + 1) * CHUNK_ROWS * sizeof *t->cells)))
        return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    for (size_t i = 0; i < n_columns; i++) {
        const char *name = t->rows->schema.children[i]->name;
        t->names[i] = put_cell(t, name ? name : "", name ? strlen(name) : 0, 0);
    }
    bool is_first = true;
    for (bool more = true; more;) {
        BF_TRY(hold_rows(t, &more, err));
        if (is_first) {
            measure(t);
            fit(t);
            put_head(t);
            is_first = false;
        }
        for (int64_t row = 0; row < t->n_held && t->n_shown; row++) {
            put_line(t, t->cells + row * t->rows->n_columns, false);
            BF_TRY(bf_sink_write(sink, err));
        }
        t->text.n = 0;
    }
    return put_foot(t, err);
}

bf_status bf_render_table(bf_rows *rows, const bf_render_options *options, bf_sink *sink, bf_error *err) {
    table t = {.rows = rows, .out = &sink->buf, .line_width = (size_t)options->width};
    bf_status st = print(&t, sink, err);
    bf_buf_free(&t.text);
    bf_buf_free(&t.scratch);
    free(t.names);
    free(t.cells);
    free(t.columns);
    return st;
}
