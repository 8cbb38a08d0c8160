/* Streams -> Parquet files: one file, or a dataset of several that are cut by size. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "arrow/build.h"
#include "dataset/layout.h"
#include "dataset/read.h"
#include "dataset/walk.h"
#include "engine/engine.h"

enum { PART_BYTES = 1 << 30 }; /* of Arrow in a file: about 100 MB of Parquet */
#define ROW_GROUP_BYTES "33554432" /* of Arrow */

/* ---- one part: what the reader gives until it is large enough ---- */

typedef struct part {
    bf_reader *reader;
    struct ArrowArray ahead; /* read already; released when there is none */
    bool without_repo;       /* the name of the directory holds it */
    int64_t size_bytes;
    bf_error error;
} part;

enum { REPO_COLUMN = 0 };

static void drop_schema_child(struct ArrowSchema *schema, int64_t index) {
    struct ArrowSchema *child = schema->children[index];
    ArrowSchemaRelease(child);
    ArrowFree(child);
    memmove(&schema->children[index], &schema->children[index + 1], (size_t)(--schema->n_children - index) * sizeof(void *));
}

static void drop_array_child(struct ArrowArray *array, int64_t index) {
    struct ArrowArray *child = array->children[index];
    ArrowArrayRelease(child);
    ArrowFree(child);
    memmove(&array->children[index], &array->children[index + 1], (size_t)(--array->n_children - index) * sizeof(void *));
}

static int part_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    part *p = stream->private_data;
    if (bf_schema(out, &p->error) != BF_OK) return ENOMEM;
    if (p->without_repo) drop_schema_child(out, REPO_COLUMN);
    return 0;
}

static int part_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    part *p = stream->private_data;
    out->release = NULL;
    if (p->size_bytes >= PART_BYTES) return 0;
    if (!p->ahead.release && bf_reader_next(p->reader, &p->ahead, &p->error) != BF_OK) return ECANCELED;
    if (!p->ahead.release) return 0;
    if (p->without_repo) drop_array_child(&p->ahead, REPO_COLUMN);
    p->size_bytes += bf_col_size_bytes(&p->ahead);
    ArrowArrayMove(&p->ahead, out);
    return 0;
}

static const char *part_error(struct ArrowArrayStream *stream) {
    part *p = stream->private_data;
    return p->error.code == BF_OK ? NULL : p->error.message;
}

static void part_release(struct ArrowArrayStream *stream) {
    stream->release = NULL; /* the part belongs to the loop below */
}

static bf_status write_part(const bf_engine_api *engine, part *p, const char *path, const bf_read_options *read, int64_t *size_bytes,
                            bf_error *err) {
    char threads[16];
    snprintf(threads, sizeof threads, "%d", read->jobs);
    const bf_engine_option options[] = {{"threads", threads}, {"sorting_columns", "path,file_id"}, {"row_group_bytes", ROW_GROUP_BYTES}};
    struct ArrowArrayStream stream = {part_schema, part_next, part_error, part_release, p};
    bf_engine_written written = {0};
    bf_engine_error why = {0};
    p->size_bytes = 0;
    int32_t code = engine->write_parquet(&stream, path, options, 3, &written, &why);
    *size_bytes += written.size_bytes;
    if (p->error.code != BF_OK) return bf_fail(err, p->error.code, -1, "%s", p->error.message);
    return code == BF_ENGINE_OK ? bf_layout_sync(path, err) : bf_engine_fail(err, &why);
}

/* At least one part, so that an empty dataset has its schema. */
static bf_status write_parts(bf_reader *reader, const char *folder, const bf_index_options *options, int64_t *size_bytes, bf_error *err) {
    const bf_engine_api *engine;
    BF_TRY(bf_engine_load(&engine, err));
    part p = {.reader = reader, .without_repo = options->partition_by != NULL};
    size_t n_path = strlen(folder) + 32;
    char *path = malloc(n_path);
    bf_status st = path ? BF_OK : bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    for (int number = 0; st == BF_OK && (number == 0 || p.ahead.release); number++) {
        snprintf(path, n_path, "%s/part-%05d.parquet", folder, number);
        st = write_part(engine, &p, path, &options->read, size_bytes, err);
        if (st == BF_OK && !p.ahead.release) st = bf_reader_next(reader, &p.ahead, err);
    }
    if (p.ahead.release) ArrowArrayRelease(&p.ahead);
    free(path);
    return st;
}

/* "repo=NAME". The engine takes the names of directories as they are, so a name that a directory cannot have is refused. */
static bf_status partition_name(char **out, const bf_index_options *options, bf_error *err) {
    *out = NULL;
    if (!options->partition_by) return BF_OK;
    const char *repo = options->read.repo;
    if (strcmp(options->partition_by, "repo")) return bf_fail(err, BF_INVALID_ARGUMENT, -1, "partition by %s: only repo is a partition column", options->partition_by);
    if (!repo) return bf_fail(err, BF_INVALID_ARGUMENT, -1, "partition by repo needs a repo: --repo NAME");
    for (const char *c = repo; *c; c++)
        if ((uint8_t)*c < 0x20 || strchr("/=%#?*<>|\"\\^`{}[]~", *c))
            return bf_fail(err, BF_INVALID_ARGUMENT, -1, "repo '%s': '%c' cannot be in the name of a partition's directory", repo, *c);
    if (!*repo || *repo == '.') return bf_fail(err, BF_INVALID_ARGUMENT, -1, "repo '%s' cannot be the name of a partition's directory", repo);
    return asprintf(out, "repo=%s", repo) < 0 ? bf_fail(err, BF_NO_MEMORY, -1, "out of memory") : BF_OK;
}

static bf_status count_inputs(const bf_index_options *options, bf_index_report *report, bf_error *err) {
    bf_inputs inputs;
    BF_TRY(bf_inputs_find(&inputs, &options->read, err));
    report->files = (int64_t)inputs.n;
    report->input_bytes = inputs.size_bytes;
    bf_inputs_free(&inputs);
    return BF_OK;
}

bf_status bf_index(const bf_index_options *options, bf_index_report *report, bf_error *err) {
    bf_index_report unused;
    if (!report) report = &unused;
    *report = (bf_index_report){0};
    bf_error_clear(err);
    if (options->dry_run) return count_inputs(options, report, err);
    bf_reader *reader = NULL;
    bf_layout layout = {0};
    char *partition = NULL;
    int64_t output_bytes = 0;
    bf_status st = partition_name(&partition, options, err);
    if (st == BF_OK) st = bf_reader_open(&reader, &options->read, err);
    if (st == BF_OK) st = bf_layout_stage(&layout, options->dataset, partition, err);
    if (st == BF_OK) st = write_parts(reader, layout.staged, options, &output_bytes, err);
    if (st == BF_OK) st = bf_layout_commit(&layout, err);
    if (st == BF_OK) bf_reader_report(reader, report);
    report->output_bytes = output_bytes;
    bf_reader_close(reader);
    bf_layout_reset(&layout);
    free(partition);
    return st;
}

/* ---- one file of any stream ---- */

bf_status bf_write_parquet(struct ArrowArrayStream *stream, const char *path, bf_error *err) {
    bf_error_clear(err);
    const bf_engine_api *engine;
    bf_engine_error why = {0};
    size_t n = strlen(path) + 32;
    char *staged = malloc(n);
    bf_status st = staged ? bf_engine_load(&engine, err) : bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    if (st != BF_OK) {
        stream->release(stream);
        free(staged);
        return st;
    }
    snprintf(staged, n, "%s.new-%ld", path, (long)getpid());
    const bf_engine_option options[] = {{"row_group_bytes", "67108864"}};
    if (engine->write_parquet(stream, staged, options, 1, NULL, &why) != BF_ENGINE_OK) st = bf_engine_fail(err, &why);
    if (st == BF_OK) st = bf_layout_sync(staged, err);
    if (st == BF_OK && rename(staged, path)) st = bf_fail_errno(err, "rename", path);
    if (st != BF_OK) unlink(staged);
    free(staged);
    return st;
}
