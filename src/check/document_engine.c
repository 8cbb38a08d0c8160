/* What is known of the engine: its functions, its settings, and what one session did. */
#include <stdlib.h>
#include <time.h>

#include "base/digest.h"
#include "check/documents.h"
#include "query/relations.h"

/* ---- function_signatures ---- */

static json_t *required_function(bf_json *json, const bf_signature *sig) {
    json_t *item = json_object();
    bf_json_set(json, item, "name", bf_json_text(sig->required->name));
    bf_json_set(json, item, "is_routine", json_boolean(sig->required->is_routine));
    bf_json_set(json, item, "least_arguments", json_integer((json_int_t)sig->required->least));
    bf_json_set(json, item, "mode", bf_json_text(sig->required->mode));
    bf_json_set(json, item, "arguments", bf_json_text(sig->arguments));
    bf_json_set(json, item, "evidence", bf_json_text(bf_evidence_name(sig->evidence)));
    bf_json_set(json, item, "proof", bf_json_text(sig->proof));
    json_t *deviation = bf_json_set(json, item, "deviation", sig->found ? json_object() : json_null());
    if (!sig->found) return item;
    bf_json_set(json, deviation, "expected", bf_json_text(sig->expected));
    bf_json_set(json, deviation, "found", bf_json_text(sig->found));
    return item;
}

static json_t *routine(bf_json *json, const bf_routine *r) {
    json_t *item = json_object();
    bf_json_set(json, item, "name", bf_json_text(r->name));
    bf_json_set(json, item, "kind", bf_json_text(r->kind));
    bf_json_set(json, item, "returns", bf_json_text(r->returns));
    return item;
}

static json_t *parameter(bf_json *json, const bf_parameter *p) {
    json_t *item = json_object();
    bf_json_set(json, item, "function", bf_json_text(p->function));
    bf_json_set(json, item, "overload", bf_json_text(p->overload));
    bf_json_set(json, item, "ordinal", bf_json_text(p->ordinal));
    bf_json_set(json, item, "mode", bf_json_text(p->mode));
    bf_json_set(json, item, "type", bf_json_text(p->type));
    bf_json_set(json, item, "name", bf_json_text(p->name));
    return item;
}

static json_t *catalog(bf_json *json, const bf_signatures *all) {
    json_t *object = json_object();
    json_t *routines = bf_json_set(json, object, "routines", json_array());
    json_t *parameters = bf_json_set(json, object, "parameters", json_array());
    for (size_t i = 0; i < all->n_routines; i++) bf_json_add(json, routines, routine(json, &all->routines[i]));
    for (size_t i = 0; i < all->n_parameters; i++) bf_json_add(json, parameters, parameter(json, &all->parameters[i]));
    return object;
}

bf_status bf_document_signatures(bf_session *session, bf_json *json, bf_error *err) {
    const bf_signatures *all = &session->serving.signatures;
    json_t *required = bf_json_set(json, json->root, "required", json_array());
    json_int_t n_deviations = 0;
    (void)err;
    for (size_t i = 0; i < all->n; i++) {
        bf_json_add(json, required, required_function(json, &all->items[i]));
        n_deviations += all->items[i].found != NULL;
    }
    bf_json_set(json, json->root, "deviations", json_integer(n_deviations));
    if (all->n == 0)
        bf_json_set(json, json->root, "skipped", bf_json_text("the dataset was refused before the functions were looked at"));
    else if (all->has_catalog)
        bf_json_set(json, json->root, "catalog", catalog(json, all));
    else
        bf_json_set(json, json->root, "catalog", bf_json_text("enable_information_schema is off: the evidence is typed probes"));
    return BF_OK;
}

/* ---- settings ---- */

typedef struct snapshot {
    bf_json *json;
    json_t *settings;
    bf_buf text; /* "name=value" lines, in their order */
} snapshot;

static bf_status on_setting(void *context, const char *const *cells, size_t n_cells) {
    snapshot *s = context;
    if (n_cells != 2 || !cells[0]) return BF_OK;
    bf_json_set(s->json, s->settings, cells[0], bf_json_text(cells[1]));
    bf_buf_printf(&s->text, "%s%s%s\n", cells[0], cells[1] ? "=" : "", cells[1] ? cells[1] : "");
    return BF_OK;
}

static bf_status take_snapshot(const bf_session *session, snapshot *out, char hash[2 * BF_SHA256_BYTES + 1], bf_error *err) {
    uint8_t digest[BF_SHA256_BYTES];
    BF_TRY(bf_serving_settings(&session->serving, on_setting, out, err));
    if (out->text.failed) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    bf_sha256(digest, out->text.p, out->text.n);
    bf_hex(hash, digest, sizeof digest);
    hash[2 * BF_SHA256_BYTES] = 0;
    return BF_OK;
}

bf_status bf_document_settings(bf_session *session, bf_json *json, bf_error *err) {
    char hash[2 * BF_SHA256_BYTES + 1] = "";
    snapshot s = {.json = json, .settings = bf_json_set(json, json->root, "settings", json_object())};
    bf_status st = take_snapshot(session, &s, hash, err);
    bf_json_set(json, json->root, "sha256", bf_json_text(hash));
    bf_buf_free(&s.text);
    return st;
}

/* ---- telemetry ---- */

static json_t *profile_asked(const bf_session *session, bf_json *json) {
    json_t *out = json_array();
    bf_profile_option option;
    for (size_t i = 0; bf_profile_get(session->serving.profile, i, &option); i++) {
        json_t *item = bf_json_add(json, out, json_object());
        bf_json_set(json, item, "option", bf_json_text(option.name));
        bf_json_set(json, item, "value", bf_json_text(option.value));
        bf_json_set(json, item, "source", bf_json_text(option.source));
    }
    return out;
}

/* The option that a setting is set by: its last word is the end of that option's name. */
static bool find_option(const bf_profile *profile, const char *setting, bf_profile_option *out) {
    const char *last = strrchr(setting, '.') + 1;
    for (size_t i = 0; bf_profile_get(profile, i, out); i++) {
        size_t n = strlen(out->name), n_last = strlen(last);
        if (n >= n_last && !strcmp(out->name + n - n_last, last)) return true;
    }
    return false;
}

/* A limit that counts files was asked for, and the engine takes bytes. */
static json_t *conversion(const bf_profile_option *option, const char *given) {
    char text[160];
    if (!strcmp(option->value, given)) return NULL;
    long long n = strtoll(option->value, NULL, 10), kilobytes = strtoll(given, NULL, 10);
    snprintf(text, sizeof text, "%lld is a number of files and the engine takes bytes with a unit: %s is %lld bytes for each", n, given,
             n ? kilobytes * 1024 / n : 0);
    return bf_json_text(text);
}

static json_t *knobs(const bf_session *session, bf_json *json, const bf_engine_option *given, size_t n, const json_t *reported) {
    json_t *out = json_array();
    for (size_t i = 0; i < n; i++) {
        bf_profile_option option;
        if (!find_option(session->serving.profile, given[i].key, &option)) continue;
        json_t *item = bf_json_add(json, out, json_object()), *value = json_object_get(reported, given[i].key), *how;
        bf_json_set(json, item, "option", bf_json_text(option.name));
        bf_json_set(json, item, "asked", bf_json_text(option.value));
        bf_json_set(json, item, "setting", bf_json_text(given[i].key));
        bf_json_set(json, item, "given", bf_json_text(given[i].value));
        bf_json_set(json, item, "reported", value ? json_incref(value) : json_null());
        if ((how = conversion(&option, given[i].value))) bf_json_set(json, item, "conversion", how);
    }
    return out;
}

static bf_status put_knobs(const bf_session *session, bf_json *json, bf_error *err) {
    char hash[2 * BF_SHA256_BYTES + 1] = "";
    bf_arena arena = {0};
    bf_engine_option *given = NULL;
    size_t n = 0;
    snapshot s = {.json = json, .settings = json_object()};
    bf_status st = take_snapshot(session, &s, hash, err);
    if (st == BF_OK) st = bf_knobs_settings(session->serving.profile, &arena, &given, &n, err);
    if (st == BF_OK) bf_json_set(json, json->root, "knobs", knobs(session, json, given, n, s.settings));
    bf_json_set(json, json->root, "settings_sha256", bf_json_text(hash));
    json_decref(s.settings);
    bf_buf_free(&s.text);
    free(given);
    bf_arena_free(&arena);
    return st;
}

typedef struct version {
    bf_json *json;
    json_t *engine;
} version;

static bf_status on_version(void *context, const char *const *cells, size_t n_cells) {
    version *v = context;
    bf_json_set(v->json, v->engine, "version", bf_json_text(n_cells ? cells[0] : NULL));
    return BF_OK;
}

static bf_status put_engine(const bf_session *session, bf_json *json, bf_error *err) {
    bf_json_set(json, json->root, "bytefusion", bf_json_text(bf_version()));
    version v = {json, bf_json_set(json, json->root, "engine", json_object())};
    bf_json_set(json, v.engine, "library", bf_json_text(session->serving.api->version));
    return bf_serving_rows(&session->serving, "SELECT version()", on_version, &v, err);
}

static void put_time(bf_json *json, const bf_session *session) {
    char text[32];
    struct tm utc;
    time_t now = time(NULL);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    bf_json_set(json, json->root, "written_at", bf_json_text(text));
    json_t *seconds = bf_json_set(json, json->root, "seconds", json_object());
    bf_json_set(json, seconds, "open", json_real(session->opened_seconds));
    bf_json_set(json, seconds, "check", json_real(session->checked_seconds));
}

static bf_status add_rows(void *context, const bf_dataset_file *file, const struct ArrowSchema *schema, const bf_engine_footer *about,
                          const bf_error *why) {
    int64_t *sums = context;
    (void)why;
    sums[0] += schema ? about->rows : 0;
    sums[1] += file->size_bytes;
    return BF_OK;
}

static bf_status put_amounts(const bf_session *session, bf_json *json, bf_error *err) {
    const bf_serving *s = &session->serving;
    int64_t sums[2] = {0, 0};
    bf_engine_counters c;
    bf_engine_error why = {0};
    BF_TRY(bf_session_footers(session, add_rows, sums, err));
    if (s->api->counters(s->engine, &c, &why) != BF_ENGINE_OK) return bf_engine_fail(err, &why);
    bf_json_set(json, json->root, "files", json_integer((json_int_t)s->files.n));
    bf_json_set(json, json->root, "rows", json_integer(sums[0]));
    bf_json_set(json, json->root, "bytes", json_integer(sums[1]));
    json_t *counters = bf_json_set(json, json->root, "counters", json_object());
    bf_json_set(json, counters, "directories_listed_by_us", json_integer((json_int_t)s->files.n_listed));
    bf_json_set(json, counters, "lists", json_integer(c.lists));
    bf_json_set(json, counters, "files_opened", json_integer(c.files_opened));
    bf_json_set(json, counters, "reads", json_integer(c.reads));
    bf_json_set(json, counters, "read_bytes", json_integer(c.read_bytes));
    return BF_OK;
}

static bf_status put_flat_tables(bf_session *session, bf_json *json, bf_error *err) {
    json_t *tables = bf_json_set(json, json->root, "flat_tables", json_array());
    for (size_t i = 0; i < bf_view_count(); i++) {
        const bf_relation *r;
        BF_TRY(bf_relations_look(session, i, &r, err));
        if (r->flat.state == BF_FLAT_NONE) continue;
        json_t *item = bf_json_add(json, tables, json_object());
        bf_json_set(json, item, "view", bf_json_text(bf_view_name(i)));
        bf_json_set(json, item, "state", json_string(bf_flat_state_name(r->flat.state)));
        bf_json_set(json, item, "why", *r->flat.why ? bf_json_text(r->flat.why) : json_null());
        bf_json_set(json, item, "used", json_boolean(r->used_flat));
        bf_json_set(json, item, "path", bf_json_text(r->flat.path));
        bf_json_set(json, item, "made_of", bf_json_text(r->flat.source));
        bf_json_set(json, item, "order", bf_json_text(r->flat.order));
        bf_json_set(json, item, "rows", json_integer(r->flat.rows));
        bf_json_set(json, item, "bytes", json_integer(r->flat.size_bytes));
    }
    return BF_OK;
}

bf_status bf_document_telemetry(bf_session *session, bf_json *json, bf_error *err) {
    put_time(json, session);
    BF_TRY(put_engine(session, json, err));
    bf_json_set(json, json->root, "profile", profile_asked(session, json));
    BF_TRY(put_knobs(session, json, err));
    BF_TRY(put_flat_tables(session, json, err));
    return put_amounts(session, json, err);
}
