/* Datasets of two files, a good one and one that lost a part of its metadata when it was written. */
#ifndef BF_TEST_SERVING_LOSSY_H
#define BF_TEST_SERVING_LOSSY_H

#include "opened.h"

typedef struct loss {
    const char *path;        /* of the field; "" is the schema */
    const char *key, *value; /* the one pair that is left of its metadata; NULL: none is */
    const char *found;       /* what the file says then */
} loss;

static const loss losses[] = {
    {"code_objects[].instructions", NULL, NULL, "none"},
    {"code_objects[].instructions[].span", "semantic_type", "Span", "semantic_type=Span"},
    {"code_objects[].line_table", "line_base", "0", "line_base=0"},
    {"code_objects[].line_table[].line1", NULL, NULL, "none"},
    {"", "schema_name", "bytecode_files_v1", "schema_name=bytecode_files_v1"},
};

enum { N_LOSSES = sizeof losses / sizeof *losses };

/* ---- a stream that forgets ---- */

typedef struct forgetful {
    struct ArrowArrayStream inner;
    const loss *lost;
} forgetful;

static inline struct ArrowSchema *field_at(struct ArrowSchema *schema, const char *path) {
    while (*path) {
        size_t n = strcspn(path, ".[");
        int64_t i = 0;
        while (i < schema->n_children && (strlen(schema->children[i]->name) != n || memcmp(schema->children[i]->name, path, n))) i++;
        assert_true(i < schema->n_children);
        schema = schema->children[i];
        path += n;
        if (!strncmp(path, "[].", 3)) schema = schema->children[0], path += 2;
        path += *path == '.';
    }
    return schema;
}

static inline int forgetful_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    forgetful *f = stream->private_data;
    int code = f->inner.get_schema(&f->inner, out);
    if (code || !f->lost) return code;
    struct ArrowBuffer left;
    ArrowMetadataBuilderInit(&left, NULL);
    if (f->lost->key) ArrowMetadataBuilderAppend(&left, ArrowCharView(f->lost->key), ArrowCharView(f->lost->value));
    code = ArrowSchemaSetMetadata(field_at(out, f->lost->path), f->lost->key ? (const char *)left.data : NULL);
    ArrowBufferReset(&left);
    return code;
}

static inline int forgetful_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    forgetful *f = stream->private_data;
    return f->inner.get_next(&f->inner, out);
}

static inline const char *forgetful_error(struct ArrowArrayStream *stream) {
    forgetful *f = stream->private_data;
    return f->inner.get_last_error(&f->inner);
}

static inline void forgetful_release(struct ArrowArrayStream *stream) {
    forgetful *f = stream->private_data;
    f->inner.release(&f->inner);
    free(f);
    stream->release = NULL;
}

static inline void write_forgetting(const char *path, const loss *lost) {
    bf_error err = {0};
    forgetful *f = calloc(1, sizeof *f);
    struct ArrowArrayStream stream = {forgetful_schema, forgetful_next, forgetful_error, forgetful_release, f};
    const char *const input[] = {BF_TEST_DATA "/3.12/ok_caches.pyc"};
    bf_read_options options = {.paths = input, .n_paths = 1, .jobs = 1};
    assert_non_null(f);
    f->lost = lost;
    if (bf_read(&options, &f->inner, &err) != BF_OK) fail_msg("%s", err.message);
    if (bf_write_parquet(&stream, path, &err) != BF_OK) fail_msg("%s", err.message);
}

/** Writes a.parquet, whole, and b.parquet, without that. */
static inline void make_lossy(char *dataset, size_t size, const loss *lost) {
    static int n;
    char path[200];
    snprintf(dataset, size, "%s/lossy%d", scratch, n++);
    assert_int_equal(mkdir(dataset, 0777), 0);
    snprintf(path, sizeof path, "%s/a.parquet", dataset);
    write_forgetting(path, NULL);
    snprintf(path, sizeof path, "%s/b.parquet", dataset);
    write_forgetting(path, lost);
}

#endif
