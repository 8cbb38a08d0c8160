#include "dataset/layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a dataset holds, and what is ours to replace and to remove. LOOSE: a part of a Delta table, which its log names. */
typedef enum entry_kind { FOREIGN, DOT, PART, LOOSE, PARTITION, ARTIFACTS, LOG } entry_kind;

/* Length of what `name` begins with of these characters. */
static size_t count(const char *name, const char *of) {
    return strspn(name, of);
}

int64_t bf_layout_part_number(const char *name) {
    size_t n = strncmp(name, "part-", 5) ? 0 : count(name + 5, "0123456789");
    return n >= 5 && n <= 18 && !strcmp(name + 5 + n, ".parquet") ? strtoll(name + 5, NULL, 10) : -1;
}

static bool is_loose(const char *name) {
    size_t n = strncmp(name, "part-", 5) ? 0 : count(name + 5, "0123456789"), at = 5 + n;
    if (n < 5 || name[at++] != '-') return false;
    return count(name + at, "0123456789abcdef") == 32 && !strcmp(name + at + 32, ".parquet");
}

static entry_kind kind_of(const char *name) {
    static const struct {
        const char *pattern;
        entry_kind kind;
    } kinds[] = {{".", DOT}, {"..", DOT}, {"?*=*", PARTITION}, {"_bytefusion", ARTIFACTS}, {"_delta_log", LOG}};
    if (bf_layout_part_number(name) >= 0) return PART;
    if (is_loose(name)) return LOOSE;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!fnmatch(kinds[i].pattern, name, 0)) return kinds[i].kind;
    return FOREIGN;
}

bf_layout_kind bf_layout_find(const char *path) {
    bf_layout_kind found = BF_LAYOUT_NOTHING;
    DIR *dir = opendir(path);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        entry_kind kind = kind_of(e->d_name);
        if (kind == LOG) found = BF_LAYOUT_DELTA;
        if ((kind == PART || kind == PARTITION) && found == BF_LAYOUT_NOTHING) found = BF_LAYOUT_PARQUET;
    }
    if (dir) closedir(dir);
    return found;
}

/* Whether what is at `path` may be replaced: nothing, or a dataset of the kind that is written, plain or partitioned. */
bf_status bf_layout_check(const char *path, const char *partition, bf_error *err) {
    DIR *dir = opendir(path);
    if (!dir) return errno == ENOENT ? BF_OK : bf_fail_errno(err, "open", path);
    bf_status st = BF_OK;
    for (struct dirent *e; st == BF_OK && (e = readdir(dir));) {
        entry_kind kind = kind_of(e->d_name);
        if (kind == LOG) st = bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s is a Delta table", path);
        if (kind == FOREIGN || kind == LOOSE)
            st = bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s holds %s, which is no part of a dataset; name a new or an empty directory", path, e->d_name);
        if (kind == PART && partition)
            st = bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s is a dataset without partitions (it holds %s), %s cannot go into it", path, e->d_name, partition);
        if (kind == PARTITION && !partition)
            st = bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s is partitioned (it holds %s); --partition-by repo replaces one partition of it", path, e->d_name);
    }
    closedir(dir);
    return st;
}

/* ---- removing ---- */

/* A directory that is ours with all that is in it; links are not followed. */
static void remove_tree(const char *path) {
    char *roots[] = {(char *)(uintptr_t)path, NULL}; /* fts does not write to it */
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry; walk && (entry = fts_read(walk));) {
        if (entry->fts_info == FTS_DP)
            rmdir(entry->fts_accpath);
        else if (entry->fts_info != FTS_D)
            unlink(entry->fts_accpath);
    }
    if (walk) fts_close(walk);
}

/* Removes the parts of one directory, what is known about them, and it when it is empty then. */
static void remove_dataset(const char *path) {
    DIR *dir = opendir(path);
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir));) {
        char below[PATH_MAX];
        entry_kind kind = kind_of(e->d_name);
        if (kind == PART || kind == LOOSE) unlinkat(dirfd(dir), e->d_name, 0);
        if (snprintf(below, sizeof below, "%s/%s", path, e->d_name) >= (int)sizeof below) continue;
        if (kind == ARTIFACTS || kind == LOG) remove_tree(below);
        if (kind == PARTITION) remove_dataset(below);
    }
    closedir(dir);
    rmdir(path);
}

bf_status bf_layout_remove_leftovers(const char *dataset, bool dry_run, bool (*on_file)(void *context, const char *name), void *context,
                                     bf_error *err) {
    const char *slash = strrchr(dataset, '/'), *base = slash ? slash + 1 : dataset;
    size_t n_base = strlen(base), n_folder = (size_t)(base - dataset);
    char *folder = n_folder ? strndup(dataset, n_folder) : strdup("./"), path[PATH_MAX];
    DIR *dir = folder ? opendir(folder) : NULL;
    bf_status st = dir ? BF_OK : bf_fail_errno(err, "list", folder ? folder : dataset);
    for (struct dirent *e; dir && st == BF_OK && (e = readdir(dir));) {
        const char *end = e->d_name + n_base;
        if (strncmp(e->d_name, base, n_base) || strncmp(end, ".new-", 5)) continue;
        if (!end[5] || end[5 + count(end + 5, "0123456789")]) continue;
        if (snprintf(path, sizeof path, "%.*s%s", (int)n_folder, dataset, e->d_name) >= (int)sizeof path) continue;
        if (on_file && !on_file(context, path)) break;
        if (dry_run) continue;
        remove_dataset(path);
        if (access(path, F_OK) == 0 && on_file) st = bf_fail(err, BF_IO, -1, "%s cannot be removed: it holds something that is not of a dataset", path);
    }
    if (dir) closedir(dir);
    free(folder);
    return st;
}

void bf_layout_forget_documents(const char *dataset) {
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/_bytefusion", dataset) >= (int)sizeof path) return;
    DIR *dir = opendir(path);
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (!fnmatch("*.json", e->d_name, 0)) unlinkat(dirfd(dir), e->d_name, 0);
    if (dir) closedir(dir);
}

/* ---- staging ---- */

bf_status bf_layout_resolve(char **out, const char *path, bf_error *err) {
    if (!*path) return bf_fail(err, BF_INVALID_ARGUMENT, -1, "an empty dataset path");
    *out = realpath(path, NULL);
    if (*out) return BF_OK;
    if (errno != ENOENT) return bf_fail_errno(err, "resolve", path);
    *out = strdup(path);
    for (size_t n = *out ? strlen(*out) : 0; n > 1 && (*out)[n - 1] == '/'; n--) (*out)[n - 1] = 0;
    return *out ? BF_OK : bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

static char *join(const char *a, const char *between, const char *b) {
    char *text = NULL;
    return asprintf(&text, "%s%s%s", a, between, b) < 0 ? NULL : text;
}

bf_status bf_layout_stage(bf_layout *out, const char *dataset, const char *partition, bf_error *err) {
    *out = (bf_layout){0};
    if (!*dataset) return bf_fail(err, BF_INVALID_ARGUMENT, -1, "an empty dataset path");
    BF_TRY(bf_layout_check(dataset, partition, err));
    BF_TRY(bf_layout_resolve(&out->dataset, dataset, err));
    char suffix[32];
    snprintf(suffix, sizeof suffix, "%ld", (long)getpid());
    char *staged = join(out->dataset, ".new-", suffix);
    out->target = partition ? join(out->dataset, "/", partition) : strdup(out->dataset);
    bf_status st = staged && out->target ? BF_OK : bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    if (st == BF_OK) st = bf_layout_remove_leftovers(out->dataset, false, NULL, NULL, err);
    if (st == BF_OK && mkdir(staged, 0777)) st = bf_fail_errno(err, "make directory", staged);
    if (st == BF_OK)
        out->staged = staged;
    else
        free(staged);
    return st;
}

bf_status bf_layout_sync(const char *path, bf_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return bf_fail_errno(err, "open", path);
    int failed;
    do failed = fsync(fd);
    while (failed && errno == EINTR);
    bf_status st = failed ? bf_fail_errno(err, "sync", path) : BF_OK;
    close(fd);
    return st;
}

bf_status bf_layout_sync_parent(const char *path, bf_error *err) {
    const char *slash = strrchr(path, '/');
    if (!slash) return bf_layout_sync(".", err);
    char *parent = strndup(path, slash == path ? 1 : (size_t)(slash - path));
    bf_status st = parent ? bf_layout_sync(parent, err) : bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    free(parent);
    return st;
}

static bf_status copy_file(const char *from, const char *to, bf_error *err) {
    struct stat info;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0 || fstat(in, &info)) {
        if (in >= 0) close(in);
        return bf_fail_errno(err, "open", from);
    }
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    bf_status st = out < 0 ? bf_fail_errno(err, "create", to) : BF_OK;
    for (off_t left = info.st_size; st == BF_OK && left > 0;) {
        char piece[1 << 16];
        ssize_t n = read(in, piece, sizeof piece);
        if (n == 0) st = bf_fail(err, BF_IO, -1, "%s: it became shorter while it was being copied", from);
        if (n < 0) st = bf_fail_errno(err, "read", from);
        for (ssize_t done = 0, written; st == BF_OK && done < n; done += written)
            if ((written = write(out, piece + done, (size_t)(n - done))) < 0) st = bf_fail_errno(err, "write", to);
        left -= n;
    }
    if (st == BF_OK && fsync(out)) st = bf_fail_errno(err, "sync", to);
    if (out >= 0 && close(out) && st == BF_OK) st = bf_fail_errno(err, "close", to);
    close(in);
    return st;
}

bf_status bf_layout_link(const char *from, const char *to, bf_error *err) {
    if (linkat(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW) == 0) return BF_OK;
    bool refuses_links = errno == EXDEV || errno == EPERM || errno == EMLINK || errno == ENOSYS || errno == EOPNOTSUPP || errno == EACCES;
    return refuses_links ? copy_file(from, to, err) : bf_fail_errno(err, "link", from);
}

/* On a file system that cannot exchange two directories there is a moment without a dataset; the old one is beside it then. */
static bf_status put_by_two_steps(const bf_layout *l, bf_error *err) {
    char *aside = join(l->staged, ".old", "");
    if (!aside) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    bf_status st = rename(l->target, aside) ? bf_fail_errno(err, "put aside", l->target) : BF_OK;
    if (st == BF_OK && rename(l->staged, l->target)) {
        st = bf_fail_errno(err, "put the new dataset in place", l->target);
        if (rename(aside, l->target) == 0) aside[0] = 0;
    }
    if (st == BF_OK) remove_dataset(aside);
    free(aside);
    return st;
}

static bf_status put_in_place(const bf_layout *l, bf_error *err) {
    bf_error why = {0};
    if (renameat2(AT_FDCWD, l->staged, AT_FDCWD, l->target, RENAME_EXCHANGE)) {
        bool is_new = errno == ENOENT, cannot = errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP;
        if (!is_new && !cannot) return bf_fail_errno(err, "put the new dataset in place", l->target);
        if (access(l->target, F_OK) == 0)
            BF_TRY(put_by_two_steps(l, err));
        else if (rename(l->staged, l->target))
            return bf_fail_errno(err, "put the new dataset in place", l->target);
    }
    if (bf_layout_sync_parent(l->target, &why) == BF_OK) return BF_OK;
    return bf_fail(err, BF_IO, -1, "the new dataset is in place, and may not outlast a power cut: %s", why.message);
}

bf_status bf_layout_commit(bf_layout *l, bf_error *err) {
    bool is_partition = strcmp(l->target, l->dataset) != 0;
    const char *partition = is_partition ? l->target + strlen(l->dataset) + 1 : NULL;
    BF_TRY(bf_layout_sync(l->staged, err));
    BF_TRY(bf_layout_check(l->dataset, partition, err)); /* again: the run may have taken hours */
    if (is_partition) {
        if (mkdir(l->dataset, 0777) == 0)
            BF_TRY(bf_layout_sync_parent(l->dataset, err));
        else if (errno != EEXIST)
            return bf_fail_errno(err, "make directory", l->dataset);
    }
    return put_in_place(l, err);
}

void bf_layout_reset(bf_layout *l) {
    if (l->staged) remove_dataset(l->staged); /* what failed, or the old state after an exchange */
    free(l->staged);
    free(l->target);
    free(l->dataset);
    *l = (bf_layout){0};
}
