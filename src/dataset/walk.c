#include "dataset/walk.h"

#include <errno.h>
#include <fnmatch.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <utf8proc.h>

static bf_status no_memory(bf_error *err) {
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

static bf_str printable_path(bf_arena *arena, const char *path) {
    size_t n = strlen(path);
    char *text = bf_arena_alloc(arena, 4 * n + 1), *to = text;
    if (!text) return (bf_str){NULL, 0};
    for (size_t i = 0; i < n;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t length = utf8proc_iterate((const utf8proc_uint8_t *)path + i, (utf8proc_ssize_t)(n - i), &c);
        if (length <= 0) {
            to += sprintf(to, "\\x%02x", (uint8_t)path[i++]);
            continue;
        }
        memcpy(to, path + i, (size_t)length);
        to += length;
        i += (size_t)length;
    }
    return (bf_str){text, (uint32_t)(to - text)};
}

static bf_status add(bf_inputs *in, const char *path, const char *file, int64_t size, const char *refusal, bf_error *err) {
    if (in->n == in->capacity) {
        size_t capacity = in->capacity ? in->capacity * 2 : 256;
        bf_input *items = realloc(in->items, capacity * sizeof *items);
        if (!items) return no_memory(err);
        in->items = items;
        in->capacity = capacity;
    }
    bf_input input = {.path = printable_path(&in->arena, path), .size_bytes = size};
    input.file = bf_arena_str(&in->arena, file, strlen(file) + 1).p;
    if (refusal) input.refusal = bf_arena_str(&in->arena, refusal, strlen(refusal) + 1).p;
    if (!input.path.p || !input.file || (refusal && !input.refusal)) return no_memory(err);
    in->items[in->n++] = input;
    in->size_bytes += size;
    return BF_OK;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool is_excluded(const bf_read_options *o, const char *path) {
    for (size_t i = 0; i < o->n_exclude; i++)
        if (!fnmatch(o->exclude[i], strchr(o->exclude[i], '/') ? path : base_name(path), 0)) return true;
    return false;
}

/* .pyo: what 2.7 calls a file compiled with -O. */
static bool ends_with_pyc(const char *path) {
    const char *name = base_name(path);
    size_t n = strlen(name);
    return n > 4 && (!strcmp(name + n - 4, ".pyc") || !strcmp(name + n - 4, ".pyo"));
}

/* Tells what cannot be read, so that it becomes a row. */
static bf_status add_refused(bf_inputs *in, const FTSENT *entry, const char *path, bf_error *err) {
    char why[512];
    snprintf(why, sizeof why, "%s: %s: %s", entry->fts_path, entry->fts_info == FTS_DNR ? "list" : "stat", strerror(entry->fts_errno));
    return add(in, path, entry->fts_path, 0, why, err);
}

static bf_status visit(bf_inputs *in, FTS *walk, FTSENT *entry, size_t n_root, const bf_read_options *o, bf_error *err) {
    const char *path = entry->fts_path + n_root;
    while (*path == '/') path++;
    if (entry->fts_level > 0 && is_excluded(o, path)) {
        if (entry->fts_info == FTS_D) fts_set(walk, entry, FTS_SKIP);
        return BF_OK;
    }
    struct stat target;
    switch (entry->fts_info) {
    case FTS_F: return ends_with_pyc(path) ? add(in, path, entry->fts_path, entry->fts_statp->st_size, NULL, err) : BF_OK;
    case FTS_SL:
        if (!ends_with_pyc(path)) return BF_OK;
        if (stat(entry->fts_path, &target)) return add(in, path, entry->fts_path, 0, NULL, err); /* leads nowhere: a row that says so */
        return S_ISDIR(target.st_mode) ? BF_OK : add(in, path, entry->fts_path, target.st_size, NULL, err);
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS: return entry->fts_errno == ENOMEM ? no_memory(err) : add_refused(in, entry, *path ? path : ".", err);
    default: return BF_OK;
    }
}

static bf_status add_directory(bf_inputs *in, const char *root, const bf_read_options *o, bf_error *err) {
    char *roots[] = {(char *)(uintptr_t)root, NULL}; /* fts does not write to it */
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
    if (!walk) return bf_fail_errno(err, "list", root);
    bf_status st = BF_OK;
    FTSENT *entry;
    while (st == BF_OK && (entry = fts_read(walk))) st = visit(in, walk, entry, strlen(root), o, err);
    fts_close(walk);
    return st;
}

static bf_status add_root(bf_inputs *in, const char *root, const bf_read_options *o, bf_error *err) {
    struct stat info;
    const char *path = root;
    while (path[0] == '.' && path[1] == '/') path += 2;
    while (*path == '/') path++;
    if (!*root) return bf_fail(err, BF_INVALID_ARGUMENT, -1, "an empty path");
    if (stat(root, &info)) {
        if (o->keep_missing || errno != ENOENT) return add(in, path, root, 0, NULL, err);
        return bf_fail_errno(err, "stat", root);
    }
    if (S_ISDIR(info.st_mode)) return add_directory(in, root, o, err);
    return is_excluded(o, path) ? BF_OK : add(in, path, root, S_ISREG(info.st_mode) ? info.st_size : 0, NULL, err);
}

static int by_path(const void *a, const void *b) {
    const bf_input *x = a, *y = b;
    uint32_t n = x->path.n < y->path.n ? x->path.n : y->path.n;
    int order = memcmp(x->path.p, y->path.p, n);
    return order ? order : x->path.n != y->path.n ? (x->path.n < y->path.n ? -1 : 1) : strcmp(x->file, y->file);
}

bf_status bf_inputs_find(bf_inputs *out, const bf_read_options *options, bf_error *err) {
    *out = (bf_inputs){0};
    bf_status st = BF_OK;
    for (size_t i = 0; i < options->n_paths && st == BF_OK; i++) st = add_root(out, options->paths[i], options, err);
    if (st != BF_OK) {
        bf_inputs_free(out);
        return st;
    }
    if (out->n) qsort(out->items, out->n, sizeof *out->items, by_path);
    return BF_OK;
}

void bf_inputs_free(bf_inputs *inputs) {
    free(inputs->items);
    bf_arena_free(&inputs->arena);
    *inputs = (bf_inputs){0};
}
