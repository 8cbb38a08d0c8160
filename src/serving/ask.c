#include "serving/ask.h"

#include <stdlib.h>

#include "nanoarrow/nanoarrow.h"
#include "serving/paths.h"

static bf_status open_stream(const bf_serving *s, const char *sql, struct ArrowArrayStream *out, bf_error *err) {
    bf_engine_error why = {0};
    out->release = NULL;
    return s->api->query(s->engine, sql, false, out, &why) == BF_ENGINE_OK ? BF_OK : bf_engine_fail(err, &why);
}

static bf_status stream_fail(struct ArrowArrayStream *stream, bf_error *err) {
    const char *message = stream->get_last_error(stream);
    return bf_fail(err, BF_ENGINE, -1, "%s", message && *message ? message : "the stream of rows fails, and does not say why");
}

bf_status bf_serving_run(const bf_serving *s, const char *sql, bf_error *err) {
    struct ArrowArrayStream stream;
    BF_TRY(open_stream(s, sql, &stream, err));
    bf_status st = BF_OK;
    for (bool more = true; more && st == BF_OK;) {
        struct ArrowArray batch = {.release = NULL};
        if (stream.get_next(&stream, &batch)) st = stream_fail(&stream, err);
        more = batch.release != NULL;
        if (more) batch.release(&batch);
    }
    stream.release(&stream);
    return st;
}

/* ---- rows ---- */

typedef struct reading {
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    struct ArrowArrayView view;
    bf_buf text;  /* the cells of one row, each with a NUL */
    bf_buf pairs; /* of one map */
    const char **cells;
    size_t *at; /* where each cell begins in `text` */
    size_t n;
} reading;

static bool is_text(const struct ArrowArrayView *column) {
    enum ArrowType type = column->storage_type;
    return type == NANOARROW_TYPE_STRING || type == NANOARROW_TYPE_LARGE_STRING || type == NANOARROW_TYPE_STRING_VIEW;
}

static bool is_map(const struct ArrowArrayView *column) {
    return column->storage_type == NANOARROW_TYPE_MAP && is_text(column->children[0]->children[0]) &&
           is_text(column->children[0]->children[1]);
}

static bf_status columns_init(reading *r, bf_error *err) {
    struct ArrowError why = {""};
    if (r->stream.get_schema(&r->stream, &r->schema)) return stream_fail(&r->stream, err);
    if (ArrowArrayViewInitFromSchema(&r->view, &r->schema, &why)) return bf_fail(err, BF_UNSUPPORTED, -1, "%s", why.message);
    r->n = (size_t)r->schema.n_children;
    for (size_t i = 0; i < r->n; i++)
        if (!is_text(r->view.children[i]) && !is_map(r->view.children[i]))
            return bf_fail(err, BF_UNSUPPORTED, -1, "column %s is no text", r->schema.children[i]->name);
    r->cells = calloc(r->n + 1, sizeof *r->cells);
    r->at = calloc(r->n + 1, sizeof *r->at);
    return r->cells && r->at ? BF_OK : bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

static bf_str text_at(const struct ArrowArrayView *column, int64_t row) {
    if (ArrowArrayViewIsNull(column, row)) return BF_STR("");
    struct ArrowStringView text = ArrowArrayViewGetStringUnsafe(column, row);
    return (bf_str){text.data, (uint32_t)text.size_bytes};
}

static void put_map(reading *r, const struct ArrowArrayView *column, int64_t row) {
    const struct ArrowArrayView *entries = column->children[0];
    int64_t at = column->offset + row, end = ArrowArrayViewListChildOffset(column, at + 1);
    r->pairs.n = 0;
    for (int64_t i = ArrowArrayViewListChildOffset(column, at); i < end; i++) {
        bf_text_pair pair = {text_at(entries->children[0], entries->offset + i), text_at(entries->children[1], entries->offset + i)};
        bf_buf_put(&r->pairs, &pair, sizeof pair);
    }
    bf_pairs_put(&r->text, &r->pairs);
}

static bf_status give_row(reading *r, int64_t row, bf_on_row on_row, void *context, bf_error *err) {
    static const size_t none = (size_t)-1;
    r->text.n = 0;
    for (size_t i = 0; i < r->n; i++) {
        const struct ArrowArrayView *column = r->view.children[i];
        r->at[i] = none;
        if (ArrowArrayViewIsNull(column, row)) continue;
        r->at[i] = r->text.n;
        if (is_text(column))
            bf_buf_put_str(&r->text, text_at(column, row));
        else
            put_map(r, column, row);
        bf_buf_putc(&r->text, 0);
    }
    if (r->text.failed) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    for (size_t i = 0; i < r->n; i++) r->cells[i] = r->at[i] == none ? NULL : r->text.p + r->at[i];
    bf_status st = on_row(context, r->cells, r->n);
    return st == BF_NO_MEMORY ? bf_fail(err, st, -1, "out of memory") : st;
}

/* Takes the stream. */
static bf_status give_rows(struct ArrowArrayStream *stream, bf_on_row on_row, void *context, bf_error *err) {
    reading r = {.stream = *stream};
    struct ArrowError why = {""};
    ArrowArrayViewInitFromType(&r.view, NANOARROW_TYPE_UNINITIALIZED);
    bf_status st = columns_init(&r, err);
    for (bool more = true; more && st == BF_OK;) {
        struct ArrowArray batch = {.release = NULL};
        if (r.stream.get_next(&r.stream, &batch)) st = stream_fail(&r.stream, err);
        more = batch.release != NULL;
        if (more && ArrowArrayViewSetArray(&r.view, &batch, &why))
            st = bf_fail(err, BF_ENGINE, -1, "a batch does not fit its schema: %s", why.message);
        for (int64_t i = 0; more && st == BF_OK && i < batch.length; i++) st = give_row(&r, r.view.offset + i, on_row, context, err);
        if (more) batch.release(&batch);
    }
    ArrowArrayViewReset(&r.view);
    if (r.schema.release) ArrowSchemaRelease(&r.schema);
    r.stream.release(&r.stream);
    bf_buf_free(&r.text);
    bf_buf_free(&r.pairs);
    free(r.cells);
    free(r.at);
    return st;
}

bf_status bf_serving_rows(const bf_serving *s, const char *sql, bf_on_row on_row, void *context, bf_error *err) {
    struct ArrowArrayStream stream;
    BF_TRY(open_stream(s, sql, &stream, err));
    return give_rows(&stream, on_row, context, err);
}

bf_status bf_serving_settings(const bf_serving *s, bf_on_row on_row, void *context, bf_error *err) {
    struct ArrowArrayStream stream = {.release = NULL};
    bf_engine_error why = {0};
    if (s->api->settings(s->engine, &stream, &why) != BF_ENGINE_OK) return bf_engine_fail(err, &why);
    return give_rows(&stream, on_row, context, err);
}

bf_status bf_serving_table_names(const bf_serving *s, const char *sql, bf_on_row on_row, void *context, bf_error *err) {
    struct ArrowArrayStream stream = {.release = NULL};
    bf_engine_error why = {0};
    if (s->api->table_names(s->engine, sql, &stream, &why) != BF_ENGINE_OK) return bf_engine_fail(err, &why);
    return give_rows(&stream, on_row, context, err);
}

/* ---- one row ---- */

typedef struct one_row {
    bf_arena *arena;
    const char **cells;
    size_t n, n_rows;
} one_row;

static bf_status keep_row(void *context, const char *const *cells, size_t n_cells) {
    one_row *r = context;
    if (r->n_rows++) return BF_OK;
    for (size_t i = 0; i < r->n && i < n_cells; i++) {
        if (!cells[i]) continue;
        r->cells[i] = bf_arena_str(r->arena, cells[i], strlen(cells[i]) + 1).p;
        if (!r->cells[i]) return BF_NO_MEMORY;
    }
    return BF_OK;
}

bf_status bf_ask_row(const bf_serving *s, const char *sql, bf_arena *arena, const char **cells, size_t n, bf_error *err) {
    one_row r = {arena, cells, n, 0};
    for (size_t i = 0; i < n; i++) cells[i] = NULL;
    bf_status st = bf_serving_rows(s, sql, keep_row, &r, err);
    if (st == BF_OK && r.n_rows != 1) st = bf_fail(err, BF_ENGINE, -1, "a query of one row gives %zu: %.200s", r.n_rows, sql);
    return st;
}

void bf_ask_put_view(bf_buf *sql, const bf_serving *s, const char *view) {
    const char *dot = strrchr(s->table, '.');
    bf_buf_put(sql, s->table, dot ? (size_t)(dot + 1 - s->table) : 0);
    bf_buf_puts(sql, view);
}

void bf_ask_put_name(bf_buf *sql, const char *name) {
    bf_buf_putc(sql, '"');
    for (; *name; name++) {
        if (*name == '"') bf_buf_putc(sql, '"');
        bf_buf_putc(sql, *name);
    }
    bf_buf_putc(sql, '"');
}

bf_status bf_ask_end(bf_buf *sql, bf_error *err) {
    bf_buf_putc(sql, 0);
    return sql->failed ? bf_fail(err, BF_NO_MEMORY, -1, "out of memory") : BF_OK;
}

/* In an engine of its own: files that were opened before would not count. Nor does it plan by footers, which opens one. */
bf_status bf_ask_opened(const bf_serving *s, const char *sql, long *opened, bf_error *err) {
    bf_serving own, asked = *s;
    bf_engine_counters before, after;
    bf_engine_error why = {0};
    if (!(asked.profile = bf_profile_copy(s->profile))) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    bf_status st = bf_profile_set(asked.profile, "narrow_scans", "false", "check", err);
    if (st == BF_OK) st = bf_serving_reopen(&own, &asked, err);
    if (st == BF_OK) {
        if (own.api->counters(own.engine, &before, &why)) st = bf_engine_fail(err, &why);
        if (st == BF_OK) st = bf_serving_run(&own, sql, err);
        if (st == BF_OK && own.api->counters(own.engine, &after, &why)) st = bf_engine_fail(err, &why);
        own.api->close(own.engine);
    }
    bf_profile_free(asked.profile);
    if (st == BF_OK) *opened = (long)(after.files_opened - before.files_opened);
    return st;
}
