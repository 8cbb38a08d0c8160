/* The views as they were created, and what the checks found. */
#include <stdlib.h>

#include "check/documents.h"
#include "nanoarrow/nanoarrow.h"
#include "serving/ask.h"

/* ---- view_registry ---- */

static bf_status put_sql(bf_json *json, json_t *item, const bf_serving *s, size_t index, bf_error *err) {
    bf_buf sql = {0};
    bf_buf_printf(&sql, "CREATE VIEW %s AS\n", bf_view_name(index));
    bf_status st = bf_view_expand(&sql, index, &s->fill, err);
    if (st == BF_OK) st = bf_ask_end(&sql, err);
    if (st == BF_OK) bf_json_set(json, item, "sql", bf_json_text(sql.p));
    bf_buf_free(&sql);
    return st;
}

static bf_status put_columns(bf_json *json, json_t *item, const bf_serving *s, size_t index, bf_error *err) {
    bf_buf sql = {0};
    struct ArrowSchema schema = {.release = NULL};
    bf_engine_error why = {0};
    char fingerprint[65];
    bf_buf_puts(&sql, "SELECT * FROM ");
    bf_ask_put_view(&sql, s, bf_view_name(index));
    bf_status st = bf_ask_end(&sql, err);
    if (st == BF_OK && s->api->describe(s->engine, sql.p, &schema, &why) != BF_ENGINE_OK) st = bf_engine_fail(err, &why);
    if (st == BF_OK) st = bf_schema_fingerprint(fingerprint, &schema, BF_COMPARE_LOGICAL, err);
    if (st == BF_OK) {
        bf_json_set(json, item, "columns", bf_json_fields(json, &schema));
        bf_json_set(json, item, "fingerprint", bf_json_text(fingerprint));
    }
    if (schema.release) ArrowSchemaRelease(&schema);
    bf_buf_free(&sql);
    return st;
}

bf_status bf_document_views(bf_session *session, bf_json *json, bf_error *err) {
    const bf_serving *s = &session->serving;
    if (session->stopped_scope) bf_json_set(json, json->root, "skipped", bf_json_text(session->stopped.message));
    json_t *views = bf_json_set(json, json->root, "views", json_array());
    for (size_t i = 0; i < bf_view_count() && !session->stopped_scope; i++) {
        json_t *item = bf_json_add(json, views, json_object());
        bf_json_set(json, item, "name", bf_json_text(bf_view_name(i)));
        BF_TRY(put_sql(json, item, s, i, err));
        BF_TRY(put_columns(json, item, s, i, err));
    }
    return BF_OK;
}

/* ---- validation ---- */

bf_status bf_document_validation(bf_session *session, bf_json *json, bf_error *err) {
    static const char *const states[] = {"ok", "failed", "not_checked"};
    const bf_checks *found = &session->checks;
    (void)err;
    json_t *counts = bf_json_set(json, json->root, "counts", json_object());
    json_t *checks = bf_json_set(json, json->root, "checks", json_array());
    bf_json_set(json, counts, "checks", json_integer((json_int_t)found->n));
    for (int i = 0; i < 3; i++) bf_json_set(json, counts, states[i], json_integer((json_int_t)found->n_state[i]));
    for (size_t i = 0; i < found->n; i++) {
        json_t *item = bf_json_add(json, checks, json_object());
        bf_json_set(json, item, "scope", json_integer(found->items[i].scope));
        bf_json_set(json, item, "name", bf_json_text(found->items[i].name));
        bf_json_set(json, item, "expected", bf_json_text(found->items[i].expected));
        bf_json_set(json, item, "found", bf_json_text(found->items[i].found));
        bf_json_set(json, item, "state", bf_json_text(bf_check_state_name(found->items[i].state)));
    }
    return BF_OK;
}
