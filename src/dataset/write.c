/* Streams -> Parquet files: one file, or a dataset of several that are cut by size. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arrow/build.h"
#include "dataset/layout.h"
#include "dataset/read.h"
#include "dataset/walk.h"
#include "engine/engine.h"

enum { PART_BYTES = 1 << 30 }; /* of Arrow in a file: about 100 MB of Parquet */

/* ---- one part: what the reader gives until it is large enough ---- */

typedef struct part {
    bf_reader *reader;
    struct ArrowArray ahead; /* read already; released when there is none */
    int64_t size_bytes;
    bf_error error;
} part;

static int part_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    part *p = stream->private_data;
    return bf_schema(out, &p->error) == BF_OK ? 0 : ENOMEM;
}

static int part_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    part *p = stream->private_data;
    out->release = NULL;
    if (p->size_bytes >= PART_BYTES) return 0;
    if (!p->ahead.release && bf_reader_next(p->reader, &p->ahead, &p->error) != BF_OK) return ECANCELED;
    if (!p->ahead.release) return 0;
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
    const bf_engine_option options[] = {{"threads", threads}, {"sorting_columns", "path,file_id"}};
    struct ArrowArrayStream stream = {part_schema, part_next, part_error, part_release, p};
    bf_engine_written written = {0};
    bf_engine_error why = {0};
    p->size_bytes = 0;
    int32_t code = engine->write_parquet(&stream, path, options, 2, &written, &why);
    *size_bytes += written.size_bytes;
    if (p->error.code != BF_OK) return bf_fail(err, p->error.code, -1, "%s", p->error.message);
    return code == BF_ENGINE_OK ? bf_layout_sync(path, err) : bf_engine_fail(err, &why);
}

/* At least one part, so that an empty dataset has its schema. */
static bf_status write_parts(bf_reader *reader, const char *folder, const bf_index_options *options, int64_t *size_bytes, bf_error *err) {
    const bf_engine_api *engine;
    BF_TRY(bf_engine_load(&engine, err));
    part p = {.reader = reader};
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
    int64_t output_bytes = 0;
    bf_status st = bf_reader_open(&reader, &options->read, err);
    if (st == BF_OK) st = bf_layout_stage(&layout, options->dataset, err);
    if (st == BF_OK) st = write_parts(reader, layout.staged, options, &output_bytes, err);
    if (st == BF_OK) st = bf_layout_commit(&layout, err);
    if (st == BF_OK) bf_reader_report(reader, report);
    report->output_bytes = output_bytes;
    bf_reader_close(reader);
    bf_layout_reset(&layout);
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
