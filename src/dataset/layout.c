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

/* What a dataset holds, and what is ours to replace and to remove. */
typedef enum entry_kind { FOREIGN, DOT, PART, PARTITION, ARTIFACTS } entry_kind;

static entry_kind kind_of(const char *name) {
    static const struct {
        const char *pattern;
        entry_kind kind;
    } kinds[] = {
        {".", DOT}, {"..", DOT}, {"part-[0-9][0-9][0-9][0-9][0-9].parquet", PART}, {"?*=*", PARTITION}, {"_bytefusion", ARTIFACTS},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!fnmatch(kinds[i].pattern, name, 0)) return kinds[i].kind;
    return FOREIGN;
}

/* Whether what is at `path` may be replaced: nothing, or a dataset of the kind that is written, plain or partitioned. */
static bf_status check_is_dataset(const char *path, const char *partition, bf_error *err) {
    DIR *dir = opendir(path);
    if (!dir) return errno == ENOENT ? BF_OK : bf_fail_errno(err, "open", path);
    bf_status st = BF_OK;
    for (struct dirent *e; st == BF_OK && (e = readdir(dir));) {
        entry_kind kind = kind_of(e->d_name);
        if (kind == FOREIGN)
            st = bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s holds %s, which is no part of a dataset; name a new or an empty directory", path, e->d_name);
        if (kind == PART && partition)
            st = bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s is a dataset without partitions (it holds %s), %s cannot go into it", path, e->d_name, partition);
        if (kind == PARTITION && !partition)
            st = bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s is partitioned (it holds %s); --partition-by repo replaces one partition of it", path, e->d_name);
    }
    closedir(dir);
    return st;
}

/* Removes the parts of one directory, and what we wrote about them. */
static void remove_dataset(const char *path) {
    DIR *dir = opendir(path);
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir));) {
        char below[4096];
        entry_kind kind = kind_of(e->d_name);
        bool is_document = fnmatch("*.json", e->d_name, 0) == 0 && strstr(path, "/_bytefusion");
        if (kind == PART || is_document) unlinkat(dirfd(dir), e->d_name, 0);
        if (kind == ARTIFACTS && snprintf(below, sizeof below, "%s/%s", path, e->d_name) < (int)sizeof below) remove_dataset(below);
    }
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

static char *join(const char *a, const char *between, const char *b) {
    char *text = NULL;
    return asprintf(&text, "%s%s%s", a, between, b) < 0 ? NULL : text;
}

bf_status bf_layout_stage(bf_layout *out, const char *dataset, const char *partition, bf_error *err) {
    *out = (bf_layout){0};
    if (!*dataset) return bf_fail(err, BF_INVALID_ARGUMENT, -1, "an empty dataset path");
    BF_TRY(check_is_dataset(dataset, partition, err));
    if (!(out->dataset = resolve(dataset))) return bf_fail_errno(err, "resolve", dataset);
    char suffix[32];
    snprintf(suffix, sizeof suffix, "%ld", (long)getpid());
    char *staged = join(out->dataset, ".new-", suffix);
    out->target = partition ? join(out->dataset, "/", partition) : strdup(out->dataset);
    if (!staged || !out->target) {
        free(staged);
        return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    }
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
    bool is_partition = strcmp(l->target, l->dataset) != 0;
    const char *partition = is_partition ? l->target + strlen(l->dataset) + 1 : NULL;
    BF_TRY(bf_layout_sync(l->staged, err));
    BF_TRY(check_is_dataset(l->dataset, partition, err)); /* again: the run may have taken hours */
    if (is_partition) {
        if (mkdir(l->dataset, 0777) == 0)
            BF_TRY(sync_parent(l->dataset, err));
        else if (errno != EEXIST)
            return bf_fail_errno(err, "make directory", l->dataset);
    }
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
    free(l->dataset);
    *l = (bf_layout){0};
}
