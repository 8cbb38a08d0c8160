/* Differences between two documents of a kind: views, functions, settings. */
#include "check/drift.h"

void bf_drift_tell(bf_drifts *d, const char *what, const char *name, const char *a, const char *b) {
    bf_drift drift = {what, name, a, b};
    d->n++;
    if (d->on_drift) d->on_drift(d->context, &drift);
}

void bf_drift_tell_if(bf_drifts *d, const char *what, const char *name, const char *a, const char *b) {
    if (strcmp(a, b)) bf_drift_tell(d, what, name, a, b);
}

/* ---- tables of texts: what is in one, and not the same in the other ---- */

void bf_drift_compare_tables(bf_drifts *d, const char *what, json_t *a, json_t *b) {
    const char *key;
    json_t *value, *other;
    json_object_foreach(a, key, value) {
        other = json_object_get(b, key);
        bf_drift_tell_if(d, what, key, json_string_value(value), other ? json_string_value(other) : "none");
    }
    json_object_foreach(b, key, value) {
        if (!json_object_get(a, key)) bf_drift_tell(d, what, key, "none", json_string_value(value));
    }
}

static const char *text_at(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_string(value) ? json_string_value(value) : json_is_null(value) ? "null" : "";
}

static void set_text(bf_drifts *d, json_t *table, const char *key, bf_buf *text) {
    bf_buf_putc(text, 0);
    if (text->failed) d->json.failed = true;
    bf_json_set(&d->json, table, key, text->failed ? NULL : bf_json_text(text->p));
    text->n = 0;
}

/* "view.path" -> "utf8 not null key=value" */
static void put_view_columns(bf_drifts *d, json_t *table, json_t *columns, const char *view) {
    bf_buf text = {0};
    size_t i;
    json_t *column, *metadata, *value;
    const char *key;
    char name[640];
    json_array_foreach(columns, i, column) {
        metadata = json_object_get(column, "metadata");
        snprintf(name, sizeof name, "%s.%s", view, text_at(column, "path"));
        bf_buf_printf(&text, "%s%s", text_at(column, "type"), json_is_true(json_object_get(column, "nullable")) ? "" : " not null");
        json_object_foreach(metadata, key, value) bf_buf_printf(&text, " %s=%s", key, text_at(metadata, key));
        set_text(d, table, name, &text);
    }
    bf_buf_free(&text);
}

static json_t *view_named(json_t *views, const char *name) {
    size_t i;
    json_t *view;
    json_array_foreach(views, i, view) {
        if (!strcmp(text_at(view, "name"), name)) return view;
    }
    return NULL;
}

static void compare_view(bf_drifts *d, json_t *a, json_t *b, const char *name) {
    size_t before = d->n;
    json_t *x = json_object(), *y = json_object();
    put_view_columns(d, x, json_object_get(a, "columns"), name);
    put_view_columns(d, y, json_object_get(b, "columns"), name);
    bf_drift_compare_tables(d, "view", x, y);
    if (d->n == before) bf_drift_tell_if(d, "view", name, text_at(a, "fingerprint"), text_at(b, "fingerprint")); /* the order of columns */
    json_decref(x);
    json_decref(y);
}

static void compare_views(bf_drifts *d, json_t *a, json_t *b) {
    size_t i;
    json_t *of_a = json_object_get(a, "views"), *of_b = json_object_get(b, "views"), *other, *view;
    json_array_foreach(of_a, i, view) {
        const char *name = text_at(view, "name");
        if ((other = view_named(of_b, name)))
            compare_view(d, view, other, name);
        else
            bf_drift_tell(d, "view", name, "there", "none");
    }
    json_array_foreach(of_b, i, view) {
        if (!view_named(of_a, text_at(view, "name"))) bf_drift_tell(d, "view", text_at(view, "name"), "none", "there");
    }
}

/* Required functions with what proves them, and every routine of the catalog with its overloads. */
static json_t *functions_of(bf_drifts *d, json_t *document) {
    json_t *table = json_object(), *catalog = json_object_get(document, "catalog"), *item;
    bf_buf text = {0};
    char key[256];
    size_t i;
    json_array_foreach(json_object_get(document, "required"), i, item) {
        bf_buf_printf(&text, "(%s), by %s", text_at(item, "arguments"), text_at(item, "evidence"));
        json_t *deviation = json_object_get(item, "deviation");
        if (json_is_object(deviation)) bf_buf_printf(&text, ", deviates: %s", text_at(deviation, "found"));
        set_text(d, table, text_at(item, "name"), &text);
    }
    json_array_foreach(json_object_get(catalog, "routines"), i, item) {
        snprintf(key, sizeof key, "%s, %s", text_at(item, "name"), text_at(item, "returns"));
        bf_buf_puts(&text, text_at(item, "kind"));
        set_text(d, table, key, &text);
    }
    json_array_foreach(json_object_get(catalog, "parameters"), i, item) {
        snprintf(key, sizeof key, "%s, overload %s, %s %s", text_at(item, "function"), text_at(item, "overload"), text_at(item, "mode"),
                 text_at(item, "ordinal"));
        bf_buf_puts(&text, text_at(item, "type"));
        set_text(d, table, key, &text);
    }
    bf_buf_free(&text);
    return table;
}

static void compare_functions(bf_drifts *d, json_t *a, json_t *b) {
    json_t *x = functions_of(d, a), *y = functions_of(d, b);
    bf_drift_compare_tables(d, "function", x, y);
    json_decref(x);
    json_decref(y);
}

static json_t *settings_of(bf_drifts *d, json_t *document) {
    json_t *table = json_object(), *value;
    const char *key;
    json_object_foreach(json_object_get(document, "settings"), key, value) {
        bf_json_set(&d->json, table, key, bf_json_text(json_is_string(value) ? json_string_value(value) : "unset"));
    }
    return table;
}

static void compare_settings(bf_drifts *d, json_t *a, json_t *b) {
    json_t *x = settings_of(d, a), *y = settings_of(d, b);
    bf_drift_compare_tables(d, "setting", x, y);
    json_decref(x);
    json_decref(y);
}

/* ---- artifacts of both ---- */

static const struct {
    const char *artifact;
    void (*compare)(bf_drifts *d, json_t *a, json_t *b);
} documents[] = {{"view_registry", compare_views}, {"function_signatures", compare_functions}, {"settings", compare_settings}};

/* What the last check left beside the dataset, or one made now. */
static bf_status document_of(json_t **out, bf_session *session, const char *artifact, bf_error *err) {
    char path[4096];
    json_t *kept = NULL;
    if (session->dataset && snprintf(path, sizeof path, "%s/_bytefusion/%s.json", session->dataset, artifact) < (int)sizeof path)
        kept = json_load_file(path, 0, NULL);
    bool is_good = kept && !strcmp(text_at(kept, "artifact"), artifact) &&
                   json_integer_value(json_object_get(kept, "schema_version")) == BF_ARTIFACT_VERSION && !json_object_get(kept, "skipped");
    if (is_good) {
        *out = kept;
        return BF_OK;
    }
    json_decref(kept);
    return bf_artifact_make(session, artifact, out, err);
}

static bf_status compare_documents(bf_drifts *d, size_t i, bf_session *a, bf_session *b, bf_error *err) {
    json_t *x = NULL, *y = NULL;
    bf_status st = document_of(&x, a, documents[i].artifact, err);
    if (st == BF_OK) st = document_of(&y, b, documents[i].artifact, err);
    /* of a dataset that was refused before its turn: that it was is told already */
    if (st == BF_OK && !json_object_get(x, "skipped") && !json_object_get(y, "skipped")) documents[i].compare(d, x, y);
    json_decref(x);
    json_decref(y);
    return st;
}

bf_status bf_drift_documents(bf_drifts *d, bf_session *a, bf_session *b, bf_error *err) {
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) BF_TRY(compare_documents(d, i, a, b, err));
    return BF_OK;
}
