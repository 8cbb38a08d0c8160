#include "dataset/constraints.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "nanoarrow/nanoarrow.h"
#include "schema/schema.h"

static bf_status no_memory(bf_error *err) {
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

/* ---- the list ---- */

/* Length up to the next comma that is not within something. */
static size_t condition_length(const char *text) {
    int depth = 0;
    char quote = 0;
    size_t n = 0;
    for (; text[n]; n++) {
        char c = text[n];
        if (quote) {
            if (c == quote) quote = 0;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (strchr("([{", c)) {
            depth++;
        } else if (strchr(")]}", c)) {
            depth--;
        } else if (c == ',' && depth <= 0) {
            break;
        }
    }
    return n;
}

bf_status bf_constraints_each(const char *list, bf_status (*on_condition)(void *context, const char *condition), void *context, bf_error *err) {
    while (*list) {
        size_t n = condition_length(list), start = 0, end = n;
        while (start < end && isspace((unsigned char)list[start])) start++;
        while (end > start && isspace((unsigned char)list[end - 1])) end--;
        char *condition = strndup(list + start, end - start);
        if (!condition) return no_memory(err);
        bf_status st = *condition ? on_condition(context, condition) : BF_OK;
        free(condition);
        if (st != BF_OK) return st;
        list += n + (list[n] == ',');
    }
    return BF_OK;
}

/* ---- asking ---- */

typedef struct asking {
    const bf_store *store;
    bf_engine *engine;
    bf_error *err;
} asking;

/* The rows as they will be served: the repo of a partition is a column. */
static void put_rows(bf_buf *sql, const bf_store *store) {
    if (!store->partition) {
        bf_buf_puts(sql, BF_TABLE_NAME);
        return;
    }
    bf_buf_puts(sql, "(SELECT '");
    for (const char *c = store->repo; *c; c++) {
        if (*c == '\'') bf_buf_putc(sql, '\'');
        bf_buf_putc(sql, *c);
    }
    bf_buf_puts(sql, "' AS repo, * FROM " BF_TABLE_NAME ")");
}

/* The first row of two columns: a number, a text or null. */
static bool read_answer(struct ArrowArrayStream *stream, int64_t *n, bf_buf *path) {
    struct ArrowSchema schema = {.release = NULL};
    struct ArrowArray batch = {.release = NULL};
    struct ArrowArrayView view;
    bool found = false;
    ArrowArrayViewInitFromType(&view, NANOARROW_TYPE_UNINITIALIZED);
    bool ok = !stream->get_schema(stream, &schema) && ArrowArrayViewInitFromSchema(&view, &schema, NULL) == NANOARROW_OK && schema.n_children == 2;
    while (ok && !found && (ok = !stream->get_next(stream, &batch)) && batch.release) {
        if (batch.length && ArrowArrayViewSetArray(&view, &batch, NULL) == NANOARROW_OK) {
            *n = ArrowArrayViewGetIntUnsafe(view.children[0], 0);
            if (!ArrowArrayViewIsNull(view.children[1], 0)) {
                struct ArrowStringView text = ArrowArrayViewGetStringUnsafe(view.children[1], 0);
                bf_buf_put(path, text.data, (size_t)text.size_bytes);
            }
            found = true;
        }
        ArrowArrayRelease(&batch);
    }
    ArrowArrayViewReset(&view);
    if (schema.release) ArrowSchemaRelease(&schema);
    return ok && found;
}

static bf_status check_condition(void *context, const char *condition) {
    asking *a = context;
    bf_buf sql = {0}, path = {0};
    struct ArrowArrayStream stream = {.release = NULL};
    bf_engine_error why = {0};
    int64_t n = 0;
    bf_status st = BF_OK;
    bf_buf_puts(&sql, "SELECT CAST(count(*) AS BIGINT), min(path) FROM ");
    put_rows(&sql, a->store);
    bf_buf_printf(&sql, " WHERE (%s) IS NOT TRUE", condition);
    bf_buf_putc(&sql, 0);
    if (sql.failed) st = no_memory(a->err);
    if (st == BF_OK && a->store->engine->query(a->engine, sql.p, true, &stream, &why) != BF_ENGINE_OK)
        st = bf_fail(a->err, BF_ENGINE, -1, "constraint \"%s\": %s", condition, why.message);
    if (st == BF_OK && !read_answer(&stream, &n, &path)) {
        const char *said = stream.get_last_error(&stream);
        st = bf_fail(a->err, BF_ENGINE, -1, "constraint \"%s\": %s", condition, said ? said : "it gives no answer");
    }
    if (st == BF_OK && n)
        st = bf_fail(a->err, BF_CONTRACT, -1, "constraint \"%s\" is violated by %lld of the rows to be written, the first of them path %.*s; nothing was written", condition,
                     (long long)n, path.n ? (int)path.n : 4, path.n ? path.p : "null");
    if (stream.release) stream.release(&stream);
    bf_buf_free(&sql);
    bf_buf_free(&path);
    return st;
}

static bf_status register_parts(asking *a) {
    const bf_store *s = a->store;
    struct ArrowSchema schema;
    bf_engine_error why = {0};
    const char **paths = malloc((s->n_added + 1) * sizeof *paths);
    if (!paths) return no_memory(a->err);
    for (size_t i = 0; i < s->n_added; i++) paths[i] = s->added[i].path;
    bf_status st = s->engine->footer(paths[0], &schema, NULL, &why) == BF_ENGINE_OK ? BF_OK : bf_engine_fail(a->err, &why);
    if (st == BF_OK && s->engine->register_parquet(a->engine, BF_TABLE_NAME, &schema, paths, s->n_added, NULL, 0, &why) != BF_ENGINE_OK)
        st = bf_engine_fail(a->err, &why);
    free(paths);
    return st;
}

bf_status bf_constraints_check(const bf_store *store, const char *list, bf_error *err) {
    asking a = {.store = store, .err = err};
    bf_engine_error why = {0};
    if (!store->n_added || !*list) return BF_OK;
    if (store->engine->open(NULL, 0, &a.engine, &why) != BF_ENGINE_OK) return bf_engine_fail(err, &why);
    bf_status st = register_parts(&a);
    if (st == BF_OK) st = bf_constraints_each(list, check_condition, &a, err);
    store->engine->close(a.engine);
    return st;
}
