#include "serving/narrow.h"

#include <stdlib.h>

#include "nanoarrow/nanoarrow.h"
#include "schema/schema.h"

/* Whether `a` is `b`, or a field that `b` lies in. */
static bool is_around(const char *a, const char *b) {
    size_t n = strlen(a);
    return !strncmp(a, b, n) && (!b[n] || b[n] == '.' || b[n] == '[');
}

typedef struct narrowing {
    const char *const *paths;
    size_t n_paths;
    const bf_dataset_files *partitions; /* whose columns stay; NULL: none does */
} narrowing;

static bool is_wanted(const narrowing *w, const char *path) {
    for (size_t i = 0; i < w->n_paths; i++)
        if (is_around(path, w->paths[i]) || is_around(w->paths[i], path)) return true;
    for (size_t i = 0; w->partitions && i < w->partitions->n_columns; i++)
        if (!strcmp(path, w->partitions->columns[i])) return true;
    return false;
}

/* Drops the children of a struct that nobody asks for, and those of the structs in it. `prefix` is "" or ends with a dot. */
static void prune(struct ArrowSchema *parent, const char *prefix, const narrowing *w) {
    int64_t n = 0;
    for (int64_t i = 0; i < parent->n_children; i++) {
        struct ArrowSchema *child = parent->children[i];
        char path[256], inner[260];
        snprintf(path, sizeof path, "%s%s", prefix, child->name);
        if (!is_wanted(w, path)) {
            ArrowSchemaRelease(child);
            ArrowFree(child);
            continue;
        }
        bool is_list = !strcmp(child->format, "+l"), is_struct = !strcmp(child->format, "+s");
        snprintf(inner, sizeof inner, is_list ? "%s[]." : "%s.", path);
        if (is_list && !strcmp(child->children[0]->format, "+s")) prune(child->children[0], inner, w);
        if (is_struct) prune(child, inner, w);
        parent->children[n++] = child;
    }
    parent->n_children = n;
}

bf_status bf_narrow_open(bf_serving *out, const bf_serving *s, bf_error *err) {
    bf_engine_error why = {0};
    *out = *s;
    out->engine = NULL;
    out->table = BF_TABLE_NAME;
    return s->api->open(NULL, 0, &out->engine, &why) == BF_ENGINE_OK ? BF_OK : bf_engine_fail(err, &why);
}

bf_status bf_narrow_to(bf_serving *narrow, const char *const *paths, size_t n_paths, bf_error *err) {
    struct ArrowSchema schema;
    bf_engine_error why = {0};
    const char **files = malloc((narrow->files.n + 1) * sizeof *files);
    if (!files || ArrowSchemaDeepCopy(&narrow->schema, &schema) != NANOARROW_OK) {
        free(files);
        return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    }
    for (size_t i = 0; i < narrow->files.n; i++) files[i] = narrow->files.items[i].path;
    prune(&schema, "", &(narrowing){paths, n_paths, narrow->delta.handle ? &narrow->files : NULL}); /* a log's files have values of them in any case */
    int32_t code = narrow->delta.handle
                       ? narrow->api->register_delta(narrow->engine, narrow->table, narrow->delta.handle, &schema, NULL, 0, &why)
                       : narrow->api->register_parquet(narrow->engine, narrow->table, &schema, files, narrow->files.n, NULL, 0, &why);
    if (schema.release) ArrowSchemaRelease(&schema);
    free(files);
    return code == BF_ENGINE_OK ? BF_OK : bf_engine_fail(err, &why);
}
