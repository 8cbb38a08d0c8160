#include "dataset/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bf_status no_memory(bf_error *err) {
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

/* "repo=NAME". The engine takes the names of directories as they are, so a name that a directory cannot have is refused. */
bf_status bf_store_enter(bf_store *s, const char *repo, bf_error *err) {
    if (s->repo && !strcmp(s->repo, repo)) return BF_OK;
    for (const char *c = repo; *c; c++)
        if ((uint8_t)*c < 0x20 || strchr("/=%#?*<>|\"\\^`{}[]~", *c))
            return bf_fail(err, BF_INVALID_ARGUMENT, -1, "repo '%s': '%c' cannot be in the name of a partition's directory", repo, *c);
    if (!*repo || *repo == '.') return bf_fail(err, BF_INVALID_ARGUMENT, -1, "repo '%s' cannot be the name of a partition's directory", repo);
    size_t n = strlen(repo);
    char *partition = bf_arena_alloc(&s->arena, n + 6);
    if (!partition) return no_memory(err);
    snprintf(partition, n + 6, "repo=%s", repo);
    s->partition = partition;
    s->repo = partition + 5;
    return BF_OK;
}

static bf_status choose_partition(bf_store *s, const bf_store_options *o, bf_error *err) {
    if (!o->partition_by) return BF_OK;
    if (strcmp(o->partition_by, "repo")) return bf_fail(err, BF_INVALID_ARGUMENT, -1, "partition by %s: only repo is a partition column", o->partition_by);
    if (!o->repo) return bf_fail(err, BF_INVALID_ARGUMENT, -1, "partition by repo needs a repo: --repo NAME");
    return bf_store_enter(s, o->repo, err);
}

static bf_status choose(bf_store *s, const char *format, bf_error *err) {
    static const bf_storage *const kinds[] = {&bf_storage_parquet, &bf_storage_delta};
    bf_layout_kind found = bf_layout_find(s->dataset);
    const bf_storage *there = found == BF_LAYOUT_NOTHING ? NULL : found == BF_LAYOUT_DELTA ? &bf_storage_delta : &bf_storage_parquet;
    s->kind = there ? there : &bf_storage_parquet;
    if (!format) return BF_OK;
    for (size_t i = 0; i < 2; i++)
        if (!strcmp(kinds[i]->format, format)) s->kind = kinds[i];
    if (strcmp(s->kind->format, format)) return bf_fail(err, BF_INVALID_ARGUMENT, -1, "format %s: there are parquet and delta", format);
    if (!there || there == s->kind) return BF_OK;
    return bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s is stored as %s already, and its format does not change: name a new directory, or leave out the format", s->dataset,
                   there->format);
}

bf_status bf_store_open(bf_store *out, const bf_store_options *o, bf_error *err) {
    *out = (bf_store){.version = -1, .lock = {.fd = -1}, .all_partitions = o->all_partitions};
    bf_status st = bf_engine_load(&out->engine, err);
    if (st == BF_OK) st = choose_partition(out, o, err);
    if (st == BF_OK) st = bf_layout_resolve(&out->dataset, o->dataset, err);
    if (st == BF_OK) st = bf_lock_take(&out->lock, out->dataset, o->wait_seconds, o->on_wait, o->context, err);
    if (st == BF_OK) st = bf_layout_remove_leftovers(out->dataset, false, NULL, NULL, err); /* also where there will be nothing to write */
    if (st == BF_OK) st = choose(out, o->format, err);
    if (st == BF_OK) st = out->kind->read(out, err);
    if (st != BF_OK) bf_store_close(out);
    return st;
}

/* ---- parts ---- */

static bool grow(void **items, size_t n, size_t *capacity, size_t item) {
    if (n < *capacity) return true;
    size_t larger = *capacity ? 2 * *capacity : 16;
    void *grown = realloc(*items, larger * item);
    if (!grown) return false;
    *items = grown;
    *capacity = larger;
    return true;
}

bf_status bf_store_add_part(bf_store *s, const bf_part *part, bf_error *err) {
    bf_part copy = {.size_bytes = part->size_bytes};
    if (!grow((void **)&s->parts, s->n_parts, &s->parts_capacity, sizeof copy)) return no_memory(err);
    copy.name = bf_arena_str(&s->arena, part->name, strlen(part->name) + 1).p;
    copy.path = bf_arena_str(&s->arena, part->path, strlen(part->path) + 1).p;
    if (part->repo) copy.repo = bf_arena_str(&s->arena, part->repo, strlen(part->repo) + 1).p;
    if (!copy.name || !copy.path || !copy.repo != !part->repo) return no_memory(err);
    s->parts[s->n_parts++] = copy;
    return BF_OK;
}

bf_status bf_store_place(bf_store *s, bf_new_part **out, bf_error *err) {
    bf_new_part part = {.repo = s->repo};
    BF_TRY(s->kind->stage(s, err));
    if (!grow((void **)&s->added, s->n_added, &s->added_capacity, sizeof part)) return no_memory(err);
    BF_TRY(s->kind->place(s, &part, err));
    s->added[s->n_added] = part;
    *out = &s->added[s->n_added++];
    return BF_OK;
}

void bf_store_give_back(bf_store *s) {
    unlink(s->added[--s->n_added].path);
}

bool bf_store_is_changed(const bf_store *s) {
    bool is_to_be_made = !s->exists && s->version < 0; /* a partition of a Delta table that is there is made by its first row */
    if (s->n_added || is_to_be_made) return true;
    for (size_t i = 0; i < s->n_parts; i++)
        if (s->parts[i].is_dropped) return true;
    return false;
}

/* ---- ending ---- */

bf_status bf_store_commit(bf_store *s, const bf_engine_delta_change *about, bf_error *err) {
    if (!s->n_added) BF_TRY(s->kind->stage(s, err));
    BF_TRY(s->kind->commit(s, about, err));
    s->n_added = 0; /* they are the dataset's now */
    bf_layout_forget_documents(s->dataset);
    return BF_OK;
}

bf_status bf_store_refresh(bf_store *s, bf_error *err) {
    s->kind->reset(s);
    s->n_parts = s->n_added = 0;
    s->exists = false;
    s->version = -1;
    return s->kind->read(s, err);
}

void bf_store_close(bf_store *s) {
    if (s->kind) s->kind->reset(s);
    bf_lock_drop(&s->lock);
    free(s->parts);
    free(s->added);
    free(s->dataset);
    bf_arena_free(&s->arena);
    *s = (bf_store){.lock = {.fd = -1}};
}
