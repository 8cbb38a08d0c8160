/* One Parquet file of any stream. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataset/layout.h"
#include "engine/engine.h"

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
