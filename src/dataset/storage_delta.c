/* A Delta table: files are put below it, whole and synced, and one commit to its log adds them and removes others. A new table is made beside
 * its place and moved there, so that nobody takes its files for a dataset before its log is there. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/digest.h"
#include "dataset/delta.h"
#include "dataset/store.h"

static bf_status no_memory(bf_error *err) {
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

/* ---- what is there ---- */

typedef struct reading {
    bf_store *s;
    bool is_partitioned;
    bf_status status;
    bf_error *err;
} reading;

static bool on_file(void *context, const bf_engine_delta_file *file) {
    reading *r = context;
    const char *repo = r->is_partitioned ? file->values[0] : NULL;
    bool is_ours = r->s->all_partitions || !r->s->repo || (repo && !strcmp(repo, r->s->repo));
    if (is_ours) r->status = bf_store_add_part(r->s, &(bf_part){.name = file->name, .path = file->path, .repo = repo, .size_bytes = file->size_bytes}, r->err);
    return r->status == BF_OK;
}

static bf_status check_partitions(const bf_store *s, const char *columns, bf_error *err) {
    if (!strcmp(columns, s->partition ? "repo" : "") || (s->all_partitions && !strcmp(columns, "repo"))) return BF_OK;
    if (*columns && !s->partition)
        return bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s is partitioned (by %s); --partition-by repo writes one partition of it", s->dataset, columns);
    return bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s is a Delta table %s%s, %s cannot go into it", s->dataset, *columns ? "partitioned by " : "without partitions", columns,
                   s->partition);
}

static bf_status read_table(bf_store *s, bf_error *err) {
    bf_delta table = {0};
    s->constraints = "";
    bf_status st = bf_delta_open(&table, s->engine, s->dataset, NULL, err);
    if (st == BF_NOT_FOUND && bf_layout_find(s->dataset) != BF_LAYOUT_DELTA) {
        bf_error_clear(err);
        return BF_OK; /* to be made */
    }
    if (st == BF_OK) st = bf_delta_check_writable(&table, s->dataset, err);
    if (st == BF_OK) st = check_partitions(s, table.about.partition_cols, err);
    if (st == BF_OK) {
        reading r = {s, *table.about.partition_cols, BF_OK, err};
        bf_engine_error why = {0};
        s->version = table.about.version;
        s->constraints = bf_arena_str(&s->arena, table.constraints, strlen(table.constraints) + 1).p;
        if (!s->constraints) st = no_memory(err);
        if (st == BF_OK && s->engine->delta_files(table.handle, on_file, &r, &why) != BF_ENGINE_OK && r.status == BF_OK) st = bf_engine_fail(err, &why);
        if (st == BF_OK) st = r.status;
        s->exists = s->partition ? s->n_parts > 0 : true;
    }
    bf_delta_close(&table);
    return st;
}

/* ---- new files ---- */

static bool is_new(const bf_store *s) {
    return s->version < 0;
}

/* Where the files go: the table, or the directory beside its place where it is being made. */
static const char *home(const bf_store *s) {
    return is_new(s) ? s->layout.staged : s->dataset;
}

static bf_status stage(bf_store *s, bf_error *err) {
    char path[PATH_MAX];
    if (is_new(s) && !s->layout.staged) BF_TRY(bf_layout_stage(&s->layout, s->dataset, NULL, err));
    if (!s->partition) return BF_OK;
    if (snprintf(path, sizeof path, "%s/%s", home(s), s->partition) >= (int)sizeof path)
        return bf_fail(err, BF_IO, -1, "%s: a path that is too long", home(s));
    if (mkdir(path, 0777) == 0) return bf_layout_sync(home(s), err);
    return errno == EEXIST ? BF_OK : bf_fail_errno(err, "make directory", path);
}

/* part-NNNNN-UNIQUE.parquet: nobody else has that name, and none is used twice. */
static bf_status place(bf_store *s, bf_new_part *out, bf_error *err) {
    uint8_t random[16];
    char unique[33] = "", name[PATH_MAX], path[2 * PATH_MAX];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) return bf_fail_errno(err, "random numbers", s->dataset);
    bf_hex(unique, random, sizeof random);
    int n = snprintf(name, sizeof name, "%s%spart-%05lld-%s%s.parquet", s->partition ? s->partition : "", s->partition ? "/" : "", (long long)s->next_number++,
                     unique, s->is_unordered ? "-unordered" : "");
    int m = snprintf(path, sizeof path, "%s/%s", home(s), name);
    out->name = bf_arena_str(&s->arena, name, (size_t)n + 1).p;
    out->path = bf_arena_str(&s->arena, path, (size_t)m + 1).p;
    return out->name && out->path ? BF_OK : no_memory(err);
}

/* ---- the commit ---- */

static bf_status sync_directories(const bf_store *s, bf_error *err) {
    for (size_t i = 0; i < s->n_added; i++)
        if (!i || s->added[i].repo != s->added[i - 1].repo) BF_TRY(bf_layout_sync_parent(s->added[i].path, err));
    return s->n_added && s->partition ? bf_layout_sync(home(s), err) : BF_OK;
}

static bf_status commit_change(bf_store *s, bf_engine_delta_change *change, bf_error *err) {
    bf_engine_error why = {0};
    int64_t version = -1;
    s->outcome_unknown = true;
    int32_t code = s->engine->delta_commit(home(s), change, &version, &why);
    if (code == BF_ENGINE_OK) {
        s->version = version;
        return BF_OK;
    }
    s->outcome_unknown = code != BF_ENGINE_CONFLICT && code != BF_ENGINE_INVALID;
    return bf_engine_fail(err, &why);
}

static bf_status commit(bf_store *s, const bf_engine_delta_change *about, bf_error *err) {
    bf_engine_delta_change change = *about;
    bf_engine_delta_add *adds = calloc(s->n_added + 1, sizeof *adds);
    const char **removes = calloc(s->n_parts + 1, sizeof *removes);
    bf_delta_new made = {0};
    bf_status st = adds && removes ? BF_OK : no_memory(err);
    change.read_version = s->version;
    for (size_t i = 0; st == BF_OK && i < s->n_added; i++) adds[change.n_adds++] = (bf_engine_delta_add){s->added[i].name, &s->added[i].repo};
    for (size_t i = 0; st == BF_OK && i < s->n_parts; i++)
        if (s->parts[i].is_dropped) removes[change.n_removes++] = s->parts[i].name;
    change.adds = adds;
    change.removes = removes;
    bool was_new = is_new(s);
    if (st == BF_OK && was_new) st = bf_delta_describe(&made, &change, s->partition != NULL, s->promises, err);
    if (st == BF_OK) st = sync_directories(s, err);
    if (st == BF_OK) st = commit_change(s, &change, err);
    if (st == BF_OK && was_new) st = bf_layout_commit(&s->layout, err);
    bf_delta_new_free(&made);
    free(adds);
    free(removes);
    return st;
}

/* A file goes only where nothing of its commit can be in the log. */
static void reset(bf_store *s) {
    if (!s->outcome_unknown && !s->layout.staged)
        for (size_t i = 0; i < s->n_added; i++) unlink(s->added[i].path);
    bf_layout_reset(&s->layout);
    s->outcome_unknown = false;
    s->next_number = 0;
}

const bf_storage bf_storage_delta = {"delta", "portable", false, read_table, stage, place, commit, reset};
