/* What a dataset is made of, and the metadata that it carries. */
#include <stdlib.h>

#include "check/documents.h"
#include "nanoarrow/nanoarrow.h"
#include "schema/schema.h"
#include "serving/ask.h"

/* A file's path below the dataset, so that a copy of the dataset has the same document. */
static const char *below(const bf_session *session, const char *path) {
    size_t n = session->dataset ? strlen(session->dataset) : 0;
    if (!n || strncmp(path, session->dataset, n) || !path[n]) return path;
    path += n;
    while (*path == '/') path++;
    return path;
}

static json_t *partition_columns(const bf_session *session, bf_json *json) {
    const bf_dataset_files *files = &session->serving.files;
    json_t *columns = json_array();
    for (size_t i = 0; i < files->n_columns; i++) bf_json_add(json, columns, bf_json_text(files->columns[i]));
    return columns;
}

static json_t *options(const bf_session *session, bf_json *json) {
    json_t *object = json_object();
    bf_profile_option option;
    for (size_t i = 0; bf_profile_get(session->serving.profile, i, &option); i++)
        bf_json_set(json, object, option.name, bf_json_text(option.value));
    return object;
}

/* ---- datafusion_bytecode_dataset_v1 ---- */

typedef struct listing {
    const bf_session *session;
    bf_json *json;
    json_t *files;
    int64_t n_rows, n_bytes;
} listing;

static bf_status on_file(void *context, const bf_dataset_file *file, const struct ArrowSchema *schema, const bf_engine_footer *about,
                         const bf_error *why) {
    listing *l = context;
    const bf_dataset_files *all = &l->session->serving.files;
    json_t *item = bf_json_add(l->json, l->files, json_object()), *partition = NULL;
    bf_json_set(l->json, item, "path", bf_json_text(below(l->session, file->path)));
    bf_json_set(l->json, item, "bytes", json_integer(file->size_bytes));
    if (schema) {
        bf_json_set(l->json, item, "rows", json_integer(about->rows));
        bf_json_set(l->json, item, "row_groups", json_integer(about->row_groups));
        bf_json_set(l->json, item, "has_arrow_schema", json_boolean(about->has_arrow_schema));
        l->n_rows += about->rows;
    } else {
        bf_json_set(l->json, item, "error", bf_json_text(why->message));
    }
    for (size_t i = 0; i < all->n_columns; i++) {
        if (!i) partition = bf_json_set(l->json, item, "partition", json_object());
        bf_json_set(l->json, partition, all->columns[i], bf_json_text(file->values[i]));
    }
    l->n_bytes += file->size_bytes;
    return BF_OK;
}

/* Names of a list with commas between. */
static json_t *names(bf_json *json, const char *list) {
    json_t *out = json_array();
    for (const char *at = list; *at; at += *at == ',') {
        size_t n = strcspn(at, ",");
        bf_json_add(json, out, json_stringn(at, n));
        at += n;
    }
    return out;
}

/* The version that is served, and what its log says of it. */
static void put_delta(const bf_session *session, bf_json *json) {
    const bf_delta *t = &session->serving.delta;
    bf_time_text time;
    if (!t->handle) return;
    json_t *delta = bf_json_set(json, json->root, "delta", json_object());
    bf_json_set(json, delta, "version", json_integer(t->about.version));
    bf_json_set(json, delta, "timestamp", bf_json_text(bf_time_put(time, t->about.timestamp_ms)));
    bf_json_set(json, delta, "is_pinned", json_boolean(session->serving.is_pinned));
    bf_json_set(json, delta, "table_id", bf_json_text(t->about.table_id));
    bf_json_set(json, delta, "files", json_integer(t->about.files));
    bf_json_set(json, delta, "bytes", json_integer(t->about.size_bytes));
    json_t *protocol = bf_json_set(json, delta, "protocol", json_object());
    bf_json_set(json, protocol, "min_reader_version", json_integer(t->about.min_reader_version));
    bf_json_set(json, protocol, "min_writer_version", json_integer(t->about.min_writer_version));
    bf_json_set(json, protocol, "reader_features", names(json, t->about.reader_features));
    bf_json_set(json, protocol, "writer_features", names(json, t->about.writer_features));
    bf_json_set(json, delta, "properties", bf_json_metadata(json, t->schema.metadata));
    bf_json_set(json, delta, "schema", bf_json_fields(json, &t->schema));
}

bf_status bf_document_dataset(bf_session *session, bf_json *json, bf_error *err) {
    const bf_serving *s = &session->serving;
    listing l = {.session = session, .json = json};
    bf_json_set(json, json->root, "where", bf_json_text(session->dataset));
    bf_json_set(json, json->root, "format", json_string(s->delta.handle ? "delta" : "parquet"));
    bf_json_set(json, json->root, "provider", bf_json_text(s->delta.handle ? "delta" : bf_profile_text(s->profile, BF_OPT_provider)));
    bf_json_set(json, json->root, "table", bf_json_text(s->table));
    bf_json_set(json, json->root, "options", options(session, json));
    bf_json_set(json, json->root, "partition_columns", partition_columns(session, json));
    put_delta(session, json);
    l.files = bf_json_set(json, json->root, "files", json_array());
    BF_TRY(bf_session_footers(session, on_file, &l, err));
    bf_json_set(json, json->root, "rows", json_integer(l.n_rows));
    bf_json_set(json, json->root, "bytes", json_integer(l.n_bytes));
    json_t *fingerprints = bf_json_set(json, json->root, "fingerprints", json_object());
    bf_json_set(json, fingerprints, "logical", bf_json_text(*s->fingerprint_logical ? s->fingerprint_logical : NULL));
    bf_json_set(json, fingerprints, "physical", bf_json_text(*s->fingerprint_physical ? s->fingerprint_physical : NULL));
    return BF_OK;
}

/* ---- datafusion_bytecode_metadata_v1 ---- */

typedef struct maps {
    bf_json *json;
    const bf_session *session;
    const struct ArrowSchema *contract;
    json_t *of_files; /* of the first file that can be read */
    json_t *lost;
    const bf_dataset_file *file;
} maps;

static void on_difference(void *context, const bf_difference *d) {
    maps *m = context;
    if (strcmp(d->what, "metadata")) return;
    json_t *item = bf_json_add(m->json, m->lost, json_object());
    bf_json_set(m->json, item, "file", bf_json_text(below(m->session, m->file->path)));
    bf_json_set(m->json, item, "path", bf_json_text(d->path));
    bf_json_set(m->json, item, "expected", bf_json_text(d->expected));
    bf_json_set(m->json, item, "found", bf_json_text(d->found));
}

static bf_status on_footer(void *context, const bf_dataset_file *file, const struct ArrowSchema *schema, const bf_engine_footer *about,
                           const bf_error *why) {
    maps *m = context;
    (void)about, (void)why;
    if (!schema) return BF_OK;
    m->file = file;
    bf_schema_compare(m->contract, schema, BF_COMPARE_LOGICAL, on_difference, m);
    if (!m->of_files) m->of_files = bf_json_metadata_by_path(m->json, schema);
    return BF_OK;
}

/* What the engine has at each path, by the names that SQL gets it with. */
static bf_status of_engine(json_t **out, const bf_session *session, bf_json *json, bf_error *err) {
    const bf_serving *s = &session->serving;
    struct ArrowSchema schema = {.release = NULL};
    bf_engine_error why = {0};
    char sql[256];
    *out = NULL;
    if (session->stopped_scope) return BF_OK;
    snprintf(sql, sizeof sql, "SELECT * FROM %s", s->table);
    if (s->api->describe(s->engine, sql, &schema, &why) != BF_ENGINE_OK) return bf_engine_fail(err, &why);
    *out = bf_json_metadata_by_path(json, &schema);
    ArrowSchemaRelease(&schema);
    return BF_OK;
}

static void add_map(bf_json *json, json_t *out, const char *path, json_t *const by_source[3]) {
    static const char *const sources[] = {"contract", "files", "engine"};
    json_t *item = bf_json_add(json, out, json_object());
    bf_json_set(json, item, "path", bf_json_text(path));
    for (int i = 0; i < 3; i++) {
        json_t *metadata = json_object_get(by_source[i], path);
        bf_json_set(json, item, sources[i], metadata ? json_incref(metadata) : json_object());
    }
}

/* One item a path that has metadata in any of the three; in the order of the first that has it. */
static json_t *joined(bf_json *json, json_t *const by_source[3]) {
    json_t *out = json_array(), *metadata;
    const char *path;
    for (int i = 0; i < 3; i++) {
        json_object_foreach(by_source[i], path, metadata) {
            bool is_told = (i > 0 && json_object_get(by_source[0], path)) || (i > 1 && json_object_get(by_source[1], path));
            if (!is_told) add_map(json, out, path, by_source);
        }
    }
    return out;
}

/* ---- what py_bc_metadata answers ---- */

static const char *const view_columns[] = {
    "schema_metadata", "instructions_metadata", "span_metadata", "line_table_metadata", "line1_metadata",
};

enum { N_VIEW_COLUMNS = sizeof view_columns / sizeof *view_columns };

typedef struct answers {
    bf_json *json;
    json_t *view;
} answers;

static bf_status on_pair(void *context, const char *const *cells, size_t n_cells) {
    answers *a = context;
    if (n_cells != 3 || !cells[0] || !cells[1]) return BF_OK;
    bf_json_set(a->json, json_object_get(a->view, cells[0]), cells[1], bf_json_text(cells[2]));
    return BF_OK;
}

static bf_status put_view(bf_session *session, bf_json *json, bf_error *err) {
    const bf_serving *s = &session->serving;
    answers a = {json, bf_json_set(json, json->root, "py_bc_metadata", json_object())};
    bf_buf sql = {0};
    bf_buf_puts(&sql, "SELECT c, k, v FROM ("); /* not by map_entries: of arrow_metadata it panics */
    for (int i = 0; i < N_VIEW_COLUMNS; i++) {
        bf_json_set(json, a.view, view_columns[i], json_object());
        const char *c = view_columns[i];
        if (i) bf_buf_puts(&sql, " UNION ALL ");
        bf_buf_printf(&sql, "SELECT '%s' AS c, unnest(map_keys(%s)) AS k, unnest(map_values(%s)) AS v FROM ", c, c, c);
        bf_ask_put_view(&sql, s, "py_bc_metadata");
    }
    bf_buf_puts(&sql, ") ORDER BY 1, 2");
    bf_status st = bf_ask_end(&sql, err);
    if (st == BF_OK) st = bf_serving_rows(s, sql.p, on_pair, &a, err);
    bf_buf_free(&sql);
    return st;
}

static bf_status put_maps(bf_session *session, bf_json *json, const struct ArrowSchema *contract, bf_error *err) {
    maps m = {.json = json, .session = session, .contract = contract};
    m.lost = bf_json_set(json, json->root, "lost", json_array());
    bf_status st = bf_session_footers(session, on_footer, &m, err);
    json_t *by_source[] = {bf_json_metadata_by_path(json, contract), m.of_files, NULL}; /* NULL: there are none, or none that can be read */
    if (st == BF_OK) st = of_engine(&by_source[2], session, json, err);
    if (st == BF_OK) bf_json_set(json, json->root, "maps", joined(json, by_source));
    for (int i = 0; i < 3; i++) json_decref(by_source[i]);
    if (st == BF_OK && !session->stopped_scope) st = put_view(session, json, err);
    bf_json_set(json, json->root, "schema", bf_json_fields(json, contract));
    return st;
}

bf_status bf_document_metadata(bf_session *session, bf_json *json, bf_error *err) {
    const bf_serving *s = &session->serving;
    if (!bf_profile_bool(s->profile, BF_OPT_enable_information_schema)) {
        bf_json_set(json, json->root, "skipped", json_string("enable_information_schema is off"));
        return BF_OK;
    }
    if (s->schema.release) return put_maps(session, json, &s->schema, err);
    struct ArrowSchema contract; /* stopped before the dataset had a schema of its own */
    BF_TRY(bf_schema(&contract, err));
    bf_status st = put_maps(session, json, &contract, err);
    ArrowSchemaRelease(&contract);
    return st;
}
