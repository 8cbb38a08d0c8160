/* Removing what no reader needs any more: files that the log of a Delta table let go long ago, what killed runs left beside Parquet. */
#include <stdlib.h>

#include "dataset/layout.h"
#include "dataset/lock.h"
#include "engine/engine.h"

typedef struct counting {
    bool (*on_file)(void *context, const char *name);
    void *context;
    int64_t n;
} counting;

static bool on_file(void *context, const char *name) {
    counting *c = context;
    c->n++;
    return !c->on_file || c->on_file(c->context, name);
}

static bf_status vacuum(const char *dataset, double retention_hours, bool dry_run, counting *c, bf_error *err) {
    const bf_engine_api *engine;
    bf_engine_error why = {0};
    switch (bf_layout_find(dataset)) {
    case BF_LAYOUT_DELTA:
        BF_TRY(bf_engine_load(&engine, err));
        return engine->delta_vacuum(dataset, retention_hours, dry_run, on_file, c, &why) == BF_ENGINE_OK ? BF_OK : bf_engine_fail(err, &why);
    case BF_LAYOUT_PARQUET: return bf_layout_remove_leftovers(dataset, dry_run, on_file, c, err);
    case BF_LAYOUT_NOTHING: break;
    }
    return bf_fail(err, BF_NOT_FOUND, -1, "%s holds no dataset", dataset);
}

bf_status bf_vacuum(const char *dataset, double retention_hours, bool dry_run, int wait_seconds, bool (*on_name)(void *context, const char *name),
                    void *context, int64_t *n_files, bf_error *err) {
    counting c = {on_name, context, 0};
    bf_lock lock = {.fd = -1};
    char *path = NULL;
    bf_error_clear(err);
    if (n_files) *n_files = 0;
    if (!(retention_hours >= 0)) return bf_fail(err, BF_INVALID_ARGUMENT, -1, "a retention of %g hours", retention_hours);
    bf_status st = bf_layout_resolve(&path, dataset, err);
    if (st == BF_OK && bf_layout_find(path) == BF_LAYOUT_NOTHING) st = bf_fail(err, BF_NOT_FOUND, -1, "%s holds no dataset", dataset);
    if (st == BF_OK) st = bf_lock_take(&lock, path, wait_seconds < 0 ? 0 : wait_seconds ? wait_seconds : BF_WAIT_SECONDS, NULL, NULL, err);
    if (st == BF_OK) st = vacuum(path, retention_hours, dry_run, &c, err);
    bf_lock_drop(&lock);
    free(path);
    if (n_files) *n_files = c.n;
    return st;
}
