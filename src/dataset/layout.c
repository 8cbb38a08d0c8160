#include "dataset/layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names that are ours to replace and to remove. */
static bool is_ours(const char *name) {
    static const char *const patterns[] = {"part-[0-9][0-9][0-9][0-9][0-9].parquet", ".", ".."};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        if (!fnmatch(patterns[i], name, 0)) return true;
    return false;
}

static bf_status check_is_dataset(const char *path, bf_error *err) {
    DIR *dir = opendir(path);
    if (!dir) return errno == ENOENT ? BF_OK : bf_fail_errno(err, "open", path);
    bf_status st = BF_OK;
    for (struct dirent *e; st == BF_OK && (e = readdir(dir));)
        if (!is_ours(e->d_name))
            st = bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s holds %s, which is no part of a dataset; name a new or an empty directory", path,
                         e->d_name);
    closedir(dir);
    return st;
}

static void remove_dataset(const char *path) {
    DIR *dir = opendir(path);
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir));)
        if (is_ours(e->d_name) && e->d_name[0] != '.') unlinkat(dirfd(dir), e->d_name, 0);
    closedir(dir);
    rmdir(path);
}

/* `path` without slashes at its end, resolved if it exists; from malloc. */
static char *resolve(const char *path) {
    char *real = realpath(path, NULL);
    if (real || errno != ENOENT) return real;
    char *copy = strdup(path);
    for (size_t n = copy ? strlen(copy) : 0; n > 1 && copy[n - 1] == '/'; n--) copy[n - 1] = 0;
    return copy;
}

bf_status bf_layout_stage(bf_layout *out, const char *dataset, bf_error *err) {
    *out = (bf_layout){0};
    if (!*dataset) return bf_fail(err, BF_INVALID_ARGUMENT, -1, "an empty dataset path");
    BF_TRY(check_is_dataset(dataset, err));
    if (!(out->target = resolve(dataset))) return bf_fail_errno(err, "resolve", dataset);
    size_t n = strlen(out->target) + 32;
    char *staged = malloc(n);
    if (!staged) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    snprintf(staged, n, "%s.new-%ld", out->target, (long)getpid());
    remove_dataset(staged); /* of a killed run that had this process's number */
    if (mkdir(staged, 0777)) {
        bf_status st = bf_fail_errno(err, "make directory", staged);
        free(staged);
        return st;
    }
    out->staged = staged;
    return BF_OK;
}

bf_status bf_layout_sync(const char *path, bf_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return bf_fail_errno(err, "open", path);
    bf_status st = fsync(fd) ? bf_fail_errno(err, "sync", path) : BF_OK;
    close(fd);
    return st;
}

static bf_status sync_parent(char *path, bf_error *err) {
    char *slash = strrchr(path, '/');
    if (!slash) return bf_layout_sync(".", err);
    if (slash == path) return bf_layout_sync("/", err);
    *slash = 0;
    bf_status st = bf_layout_sync(path, err);
    *slash = '/';
    return st;
}

bf_status bf_layout_commit(bf_layout *l, bf_error *err) {
    BF_TRY(bf_layout_sync(l->staged, err));
    BF_TRY(check_is_dataset(l->target, err)); /* again: the run may have taken hours */
    if (renameat2(AT_FDCWD, l->staged, AT_FDCWD, l->target, RENAME_EXCHANGE) == 0) return sync_parent(l->target, err);
    /* nothing there yet, or a file system that cannot exchange: then there is a moment without a dataset */
    if (errno != ENOENT) remove_dataset(l->target);
    if (rename(l->staged, l->target)) return bf_fail_errno(err, "put the new dataset in place", l->target);
    return sync_parent(l->target, err);
}

void bf_layout_reset(bf_layout *l) {
    if (l->staged) remove_dataset(l->staged); /* what failed, or the old state after an exchange */
    free(l->staged);
    free(l->target);
    *l = (bf_layout){0};
}
