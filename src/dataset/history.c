/* The log of a Delta table as rows: one a commit, the newest first. What commits say of themselves differs by who wrote them. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "dataset/address.h"
#include "dataset/layout.h"
#include "engine/engine.h"
#include "nanoarrow/nanoarrow.h"

typedef enum column_source { VERSION, TIME, OPERATION, PARAMETER, METRIC, WRITER } column_source;

enum { MAX_KEYS = 3 };

static const struct {
    const char *name;
    column_source source;
    enum ArrowType type;
    const char *keys[MAX_KEYS]; /* in the order in which they are looked for: ours and Spark's, delta-rs' */
} columns[] = {
    {"version", VERSION, NANOARROW_TYPE_INT64, {NULL}},
    {"time", TIME, NANOARROW_TYPE_STRING, {NULL}},
    {"operation", OPERATION, NANOARROW_TYPE_STRING, {NULL}},
    {"mode", PARAMETER, NANOARROW_TYPE_STRING, {"mode"}},
    {"repo", PARAMETER, NANOARROW_TYPE_STRING, {"repo"}},
    {"added", PARAMETER, NANOARROW_TYPE_INT64, {"added"}},
    {"replaced", PARAMETER, NANOARROW_TYPE_INT64, {"replaced"}},
    {"removed", PARAMETER, NANOARROW_TYPE_INT64, {"removed"}},
    {"new_parts", METRIC, NANOARROW_TYPE_INT64, {"numFiles", "numAddedFiles", "num_added_files"}},
    {"gone_parts", METRIC, NANOARROW_TYPE_INT64, {"numRemovedFiles", "num_removed_files"}},
    {"new_bytes", METRIC, NANOARROW_TYPE_INT64, {"numOutputBytes", "numAddedBytes"}},
    {"writer", WRITER, NANOARROW_TYPE_STRING, {NULL}},
};

enum { N_COLUMNS = sizeof columns / sizeof *columns };

typedef struct history {
    struct ArrowSchema schema;
    struct ArrowArray rows;
    bool failed;
} history;

static ArrowErrorCode init(history *h) {
    ArrowSchemaInit(&h->schema);
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetTypeStruct(&h->schema, N_COLUMNS));
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetName(&h->schema, ""));
    for (int i = 0; i < N_COLUMNS; i++) {
        NANOARROW_RETURN_NOT_OK(ArrowSchemaSetType(h->schema.children[i], columns[i].type));
        NANOARROW_RETURN_NOT_OK(ArrowSchemaSetName(h->schema.children[i], columns[i].name));
    }
    NANOARROW_RETURN_NOT_OK(ArrowArrayInitFromSchema(&h->rows, &h->schema, NULL));
    return ArrowArrayStartAppending(&h->rows);
}

/* The value of the first of the keys that is there, a number also where it is a text. */
static ArrowErrorCode put_json(struct ArrowArray *to, enum ArrowType type, const json_t *object, const char *const *keys) {
    const json_t *value = NULL;
    for (int k = 0; k < MAX_KEYS && keys[k] && !value; k++) value = json_object_get(object, keys[k]);
    const char *text = json_string_value(value);
    char *end = NULL;
    if (type == NANOARROW_TYPE_STRING) return text ? ArrowArrayAppendString(to, ArrowCharView(text)) : ArrowArrayAppendNull(to, 1);
    if (json_is_integer(value)) return ArrowArrayAppendInt(to, json_integer_value(value));
    long long number = text ? strtoll(text, &end, 10) : 0;
    return text && *text && !*end ? ArrowArrayAppendInt(to, number) : ArrowArrayAppendNull(to, 1);
}

static ArrowErrorCode put_cell(struct ArrowArray *to, int i, const bf_engine_delta_commit_info *c, const json_t *parameters, const json_t *metrics) {
    bf_time_text time;
    switch (columns[i].source) {
    case VERSION: return ArrowArrayAppendInt(to, c->version);
    case TIME: return ArrowArrayAppendString(to, ArrowCharView(bf_time_put(time, c->timestamp_ms)));
    case OPERATION: return ArrowArrayAppendString(to, ArrowCharView(c->operation));
    case WRITER: return ArrowArrayAppendString(to, ArrowCharView(c->engine));
    case PARAMETER: return put_json(to, columns[i].type, parameters, columns[i].keys);
    case METRIC: return put_json(to, columns[i].type, metrics, columns[i].keys);
    }
    return EINVAL;
}

static bool on_commit(void *context, const bf_engine_delta_commit_info *c) {
    history *h = context;
    json_t *parameters = json_loads(c->parameters, 0, NULL), *metrics = json_loads(c->metrics, 0, NULL);
    ArrowErrorCode code = NANOARROW_OK;
    for (int i = 0; i < N_COLUMNS && code == NANOARROW_OK; i++) code = put_cell(h->rows.children[i], i, c, parameters, metrics);
    if (code == NANOARROW_OK) code = ArrowArrayFinishElement(&h->rows);
    json_decref(parameters);
    json_decref(metrics);
    h->failed = code != NANOARROW_OK;
    return !h->failed;
}

static ArrowErrorCode finish(history *h, struct ArrowArrayStream *out) {
    NANOARROW_RETURN_NOT_OK(ArrowArrayFinishBuildingDefault(&h->rows, NULL));
    NANOARROW_RETURN_NOT_OK(ArrowBasicArrayStreamInit(out, &h->schema, 1));
    ArrowBasicArrayStreamSetArray(out, 0, &h->rows);
    return NANOARROW_OK;
}

bf_status bf_history(const char *dataset, int64_t limit, struct ArrowArrayStream *out, bf_error *err) {
    const bf_engine_api *engine;
    history h = {.schema = {.release = NULL}, .rows = {.release = NULL}};
    bf_engine_error why = {0};
    bf_error_clear(err);
    out->release = NULL;
    if (bf_layout_find(dataset) != BF_LAYOUT_DELTA)
        return bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s is no Delta table (it has no _delta_log), so it has no history", dataset);
    BF_TRY(bf_engine_load(&engine, err));
    bf_status st = init(&h) == NANOARROW_OK ? BF_OK : BF_NO_MEMORY;
    if (st == BF_OK && engine->delta_history(dataset, limit > 0 ? (size_t)limit : 0, on_commit, &h, &why) != BF_ENGINE_OK) st = bf_engine_fail(err, &why);
    if (st == BF_OK && (h.failed || finish(&h, out) != NANOARROW_OK)) st = BF_NO_MEMORY;
    if (h.rows.release) ArrowArrayRelease(&h.rows);
    if (h.schema.release) ArrowSchemaRelease(&h.schema);
    return st == BF_NO_MEMORY ? bf_fail(err, st, -1, "out of memory") : st;
}
