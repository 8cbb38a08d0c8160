/* The engine's functions called as they are, over small files in a folder of the test's own. One file includes it. */
#ifndef BF_TEST_CALLS_H
#define BF_TEST_CALLS_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/engine.h"
#include "nanoarrow/nanoarrow.h"

static const bf_engine_api *api;
static char folder[64];

#define PATH(name, ...)                               \
    char name[512];                                   \
    assert_in_range(snprintf(name, sizeof name, __VA_ARGS__), 1, sizeof name - 1)

static inline int remove_entry(const char *path, const struct stat *info, int type, struct FTW *where) {
    (void)info, (void)type, (void)where;
    return remove(path);
}

/* The engine lies beside the tests' folder in a build. */
static inline int open_folder(void **state) {
    (void)state;
    char self[400] = "";
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n > 0) *strrchr(self, '/') = 0;
    PATH(engine, "%s/../libbf_engine.so", self);
    if (access(engine, R_OK) == 0) setenv("BYTEFUSION_ENGINE", engine, 0);
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.40s/bf-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    bf_error err = {0};
    if (!mkdtemp(folder)) return -1;
    if (bf_engine_load(&api, &err) == BF_OK) return 0;
    fprintf(stderr, "%s\n", err.message);
    return -1;
}

static inline int close_folder(void **state) {
    (void)state;
    return nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* Ends the test with the message. */
static inline void ok(int32_t code, const bf_engine_error *err) {
    if (code != BF_ENGINE_OK) fail_msg("%d: %s", code, err->message);
}

static inline void assert_says(const bf_engine_error *err, const char *part) {
    if (!strstr(err->message, part)) fail_msg("\"%s\" does not say \"%s\"", err->message, part);
}

/* path: utf8 not null, file_id: utf8 not null, tags: list<int32> */
static inline void row_schema(struct ArrowSchema *schema) {
    ArrowSchemaInit(schema);
    assert_int_equal(ArrowSchemaSetTypeStruct(schema, 3), NANOARROW_OK);
    const char *const names[] = {"path", "file_id", "tags"};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ArrowSchemaSetType(schema->children[i], i < 2 ? NANOARROW_TYPE_STRING : NANOARROW_TYPE_LIST), NANOARROW_OK);
        assert_int_equal(ArrowSchemaSetName(schema->children[i], names[i]), NANOARROW_OK);
        if (i < 2) schema->children[i]->flags &= ~ARROW_FLAG_NULLABLE;
    }
    assert_int_equal(ArrowSchemaSetType(schema->children[2]->children[0], NANOARROW_TYPE_INT32), NANOARROW_OK);
    struct ArrowBuffer pairs;
    assert_int_equal(ArrowMetadataBuilderInit(&pairs, NULL), NANOARROW_OK);
    assert_int_equal(ArrowMetadataBuilderAppend(&pairs, ArrowCharView("made_for"), ArrowCharView("a test")), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetMetadata(schema, (const char *)pairs.data), NANOARROW_OK);
    ArrowBufferReset(&pairs);
}

/* Rows "NAME-000FIRST", "NAME-000FIRST+STEP", ...: tags holds the number twice. Each batch has `per_batch` rows. */
static inline void row_stream(struct ArrowArrayStream *out, const char *name, int first, int step, int n, int per_batch) {
    struct ArrowSchema schema;
    row_schema(&schema);
    int n_batches = (n + per_batch - 1) / per_batch;
    struct ArrowSchema copy;
    assert_int_equal(ArrowSchemaDeepCopy(&schema, &copy), NANOARROW_OK);
    assert_int_equal(ArrowBasicArrayStreamInit(out, &copy, n_batches), NANOARROW_OK);
    for (int b = 0, i = 0; b < n_batches; b++) {
        struct ArrowArray batch;
        assert_int_equal(ArrowArrayInitFromSchema(&batch, &schema, NULL), NANOARROW_OK);
        assert_int_equal(ArrowArrayStartAppending(&batch), NANOARROW_OK);
        for (int in_batch = 0; in_batch < per_batch && i < n; in_batch++, i++) {
            char path[64], id[64];
            int number = first + i * step;
            snprintf(path, sizeof path, "%s-%06d", name, number);
            snprintf(id, sizeof id, "id%d", number);
            assert_int_equal(ArrowArrayAppendString(batch.children[0], ArrowCharView(path)), NANOARROW_OK);
            assert_int_equal(ArrowArrayAppendString(batch.children[1], ArrowCharView(id)), NANOARROW_OK);
            for (int twice = 0; twice < 2; twice++) assert_int_equal(ArrowArrayAppendInt(batch.children[2]->children[0], number), NANOARROW_OK);
            assert_int_equal(ArrowArrayFinishElement(batch.children[2]), NANOARROW_OK);
            assert_int_equal(ArrowArrayFinishElement(&batch), NANOARROW_OK);
        }
        assert_int_equal(ArrowArrayFinishBuildingDefault(&batch, NULL), NANOARROW_OK);
        ArrowBasicArrayStreamSetArray(out, b, &batch);
    }
    ArrowSchemaRelease(&schema);
}

/* The rows of row_stream as somebody else writes them: all is nullable, the items of the list are named otherwise, no metadata. Some paths are null. */
static inline void write_foreign_rows(const char *file, const char *name, int first, int n, int n_nulls) {
    bf_engine_error err = {0};
    struct ArrowSchema schema;
    struct ArrowArrayStream rows, stream;
    struct ArrowArray batch;
    row_schema(&schema);
    for (int i = 0; i < 2; i++) schema.children[i]->flags |= ARROW_FLAG_NULLABLE;
    assert_int_equal(ArrowSchemaSetName(schema.children[2]->children[0], "element"), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetMetadata(&schema, NULL), NANOARROW_OK);
    assert_int_equal(ArrowBasicArrayStreamInit(&stream, &schema, 1), NANOARROW_OK);
    row_stream(&rows, name, first, 1, n, n);
    assert_int_equal(rows.get_next(&rows, &batch), 0);
    uint8_t *valid = malloc((size_t)n / 8 + 1);
    assert_non_null(valid);
    memset(valid, 0xff, (size_t)n / 8 + 1);
    for (int i = 0; i < n_nulls; i++) ArrowBitClear(valid, i);
    struct ArrowBitmap bitmap = {.buffer = {.data = valid, .size_bytes = n / 8 + 1, .capacity_bytes = n / 8 + 1, .allocator = ArrowBufferAllocatorDefault()},
                                 .size_bits = n};
    ArrowArraySetValidityBitmap(batch.children[0], &bitmap);
    batch.children[0]->null_count = n_nulls;
    ArrowBasicArrayStreamSetArray(&stream, 0, &batch);
    ArrowArrayStreamRelease(&rows);
    ok(api->write_parquet(&stream, file, NULL, 0, NULL, &err), &err);
}

static inline void write_rows(const char *file, const char *name, int first, int step, int n, int per_group) {
    bf_engine_error err = {0};
    struct ArrowArrayStream stream;
    row_stream(&stream, name, first, step, n, per_group);
    const bf_engine_option options[] = {{"sorting_columns", "path,file_id"}};
    ok(api->write_parquet(&stream, file, options, 1, NULL, &err), &err);
}

/* The texts of a stream's column, one a line, and the sum of `tags` where there is such a column. Releases the stream. */
static inline char *read_rows(struct ArrowArrayStream *stream, const char *column, int64_t *sum) {
    struct ArrowSchema schema;
    struct ArrowArrayView view;
    struct ArrowArray batch;
    char *text = calloc(1, 1 << 20);
    size_t used = 0;
    assert_non_null(text);
    assert_int_equal(stream->get_schema(stream, &schema), 0);
    assert_int_equal(ArrowArrayViewInitFromSchema(&view, &schema, NULL), NANOARROW_OK);
    for (;;) {
        int code = stream->get_next(stream, &batch);
        if (code) fail_msg("%s", stream->get_last_error(stream));
        if (!batch.release) break;
        assert_int_equal(ArrowArrayViewSetArray(&view, &batch, NULL), NANOARROW_OK);
        for (int64_t c = 0; c < schema.n_children; c++)
            for (int64_t i = 0; i < batch.length; i++) {
                if (!strcmp(schema.children[c]->name, column)) {
                    struct ArrowStringView s = ArrowArrayViewGetStringUnsafe(view.children[c], i);
                    used += (size_t)snprintf(text + used, (1 << 20) - used, "%.*s\n", (int)s.size_bytes, s.data);
                }
                if (sum && !strcmp(schema.children[c]->name, "tags")) {
                    int64_t at = ArrowArrayViewListChildOffset(view.children[c], i), end = ArrowArrayViewListChildOffset(view.children[c], i + 1);
                    for (; at < end; at++) *sum += ArrowArrayViewGetIntUnsafe(view.children[c]->children[0], at);
                }
            }
        ArrowArrayRelease(&batch);
    }
    ArrowArrayViewReset(&view);
    ArrowSchemaRelease(&schema);
    ArrowArrayStreamRelease(stream);
    return text;
}

#endif
