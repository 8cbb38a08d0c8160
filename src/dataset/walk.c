#include "dataset/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utf8proc.h>

#include "base/buf.h"
#include "base/file.h"

enum { PROGRESS_MS = 50 };

static bf_status no_memory(bf_error *err) {
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

/* Valid UTF-8; *is_same: it is the path, byte for byte. */
static bf_str printable_path(bf_arena *arena, const char *path, bool *is_same) {
    size_t n = strlen(path);
    *is_same = true;
    char *text = bf_arena_alloc(arena, 4 * n + 1), *to = text;
    if (!text) return (bf_str){NULL, 0};
    for (size_t i = 0; i < n;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t length = utf8proc_iterate((const utf8proc_uint8_t *)path + i, (utf8proc_ssize_t)(n - i), &c);
        if (length <= 0) {
            to += sprintf(to, "\\x%02x", (uint8_t)path[i++]);
            *is_same = false;
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
    bool is_same;
    bf_input input = {.path = printable_path(&in->arena, path, &is_same), .size_bytes = size};
    if (!is_same) input.path_bytes = bf_arena_str(&in->arena, path, strlen(path));
    if (!is_same && !input.path_bytes.p) return no_memory(err);
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

/* What cannot be read becomes a row that says so. */
static bf_status add_refused(bf_inputs *in, const char *path, const char *file, const char *verb, int number, bf_error *err) {
    bf_buf why = {0};
    if (number == ENOMEM) return no_memory(err);
    bf_buf_printf(&why, "%s: %s: %s", file, verb, strerror(number));
    bf_buf_putc(&why, 0);
    bf_status st = why.failed ? no_memory(err) : add(in, path, file, 0, why.p, err);
    bf_buf_free(&why);
    return st;
}

static const char *kind_of(mode_t mode) {
    return S_ISFIFO(mode) ? "a FIFO" : S_ISSOCK(mode) ? "a socket" : S_ISCHR(mode) || S_ISBLK(mode) ? "a device" : "of no known kind";
}

/* One name that a compiled file has. A device is not even opened: that may do something to it. */
static bf_status add_file(bf_inputs *in, const char *path, const char *file, const struct stat *info, bf_error *err) {
    bf_buf why = {0};
    if (S_ISREG(info->st_mode)) return add(in, path, file, info->st_size, NULL, err);
    bf_buf_printf(&why, "%s: not a regular file, but %s", file, kind_of(info->st_mode));
    bf_buf_putc(&why, 0);
    bf_status st = why.failed ? no_memory(err) : add(in, path, file, 0, why.p, err);
    bf_buf_free(&why);
    return st;
}

/* ---- a tree: one directory is open at a time, however deep it is, and what is still to be read waits in a list ---- */

typedef struct tree {
    const bf_read_options *options;
    size_t n_root;
    char **waiting; /* directories, each from malloc */
    size_t n, capacity;
    struct timespec told;
} tree;

static bf_status wait_for(tree *t, const char *file, bf_error *err) {
    if (t->n == t->capacity) {
        size_t capacity = t->capacity ? t->capacity * 2 : 64;
        char **items = realloc(t->waiting, capacity * sizeof *items);
        if (!items) return no_memory(err);
        t->waiting = items;
        t->capacity = capacity;
    }
    char *copy = strdup(file);
    if (!copy) return no_memory(err);
    t->waiting[t->n++] = copy;
    return BF_OK;
}

static const char *below_root(const tree *t, const char *file) {
    const char *path = file + t->n_root;
    while (*path == '/') path++;
    return path;
}

static bf_status visit(bf_inputs *in, tree *t, int directory, const struct dirent *e, const char *file, bf_error *err) {
    const char *path = below_root(t, file);
    struct stat info;
    if (is_excluded(t->options, path)) return BF_OK;
    bool is_pyc = ends_with_pyc(path);
    if (e->d_type != DT_DIR && e->d_type != DT_UNKNOWN && !is_pyc) return BF_OK;
    if (fstatat(directory, e->d_name, &info, AT_SYMLINK_NOFOLLOW)) return is_pyc || e->d_type == DT_DIR ? add_refused(in, path, file, "stat", errno, err) : BF_OK;
    if (S_ISDIR(info.st_mode)) return wait_for(t, file, err);
    if (!is_pyc) return BF_OK;
    if (!S_ISLNK(info.st_mode)) return add_file(in, path, file, &info, err);
    if (fstatat(directory, e->d_name, &info, 0)) return add(in, path, file, 0, NULL, err); /* leads nowhere: opening it says so */
    return S_ISDIR(info.st_mode) ? BF_OK : add_file(in, path, file, &info, err);
}

static bf_status list(bf_inputs *in, tree *t, DIR *directory, const char *name, bf_error *err) {
    bf_buf file = {0};
    bf_status st = BF_OK;
    bf_buf_puts(&file, name);
    if (file.n && file.p[file.n - 1] != '/') bf_buf_putc(&file, '/');
    size_t n = file.n;
    errno = 0;
    for (struct dirent *e; st == BF_OK && (e = readdir(directory)); errno = 0) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        file.n = n;
        bf_buf_puts(&file, e->d_name);
        bf_buf_putc(&file, 0);
        st = file.failed ? no_memory(err) : visit(in, t, dirfd(directory), e, file.p, err);
    }
    if (st == BF_OK && errno) st = add_refused(in, *below_root(t, name) ? below_root(t, name) : ".", name, "list", errno, err);
    bf_buf_free(&file);
    return st;
}

/* A link that took the place of a directory is not followed: only a root may be one. */
static bf_status enter(bf_inputs *in, tree *t, const char *name, bf_error *err) {
    bool is_root = strlen(name) == t->n_root;
    int fd = bf_file_open(name, O_RDONLY | O_DIRECTORY | O_NONBLOCK | (is_root ? 0 : O_NOFOLLOW));
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    if (directory) {
        bf_status st = list(in, t, directory, name, err);
        closedir(directory);
        return st;
    }
    int number = errno;
    if (fd >= 0) close(fd);
    return add_refused(in, is_root ? "." : below_root(t, name), name, "list", number, err);
}

static bool goes_on(tree *t) {
    static const bf_progress nothing_yet;
    struct timespec now;
    if (!t->options->progress) return true;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if ((now.tv_sec - t->told.tv_sec) * 1000 + (now.tv_nsec - t->told.tv_nsec) / 1000000 < PROGRESS_MS) return true;
    t->told = now;
    return t->options->progress(t->options->context, &nothing_yet);
}

static bf_status add_directory(bf_inputs *in, const char *root, const bf_read_options *o, bf_error *err) {
    tree t = {.options = o, .n_root = strlen(root)};
    bf_status st = wait_for(&t, root, err);
    while (st == BF_OK && t.n) {
        char *name = t.waiting[--t.n];
        st = goes_on(&t) ? enter(in, &t, name, err) : bf_fail(err, BF_CANCELLED, -1, "cancelled");
        free(name);
    }
    while (t.n) free(t.waiting[--t.n]);
    free(t.waiting);
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
    return is_excluded(o, path) ? BF_OK : add_file(in, path, root, &info, err);
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
