/* A directory of Parquet files, or one of its hive partitions: a new directory takes the place of the old one. Files that stay are linked into
 * it; new ones have numbers that the directory never had, so that who listed the old one finds its files or none, and no others. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dataset/store.h"

static bf_status path_in(char out[PATH_MAX], const char *folder, const char *name, bf_error *err) {
    if (snprintf(out, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX) return bf_fail(err, BF_IO, -1, "%s: a path that is too long", folder);
    return BF_OK;
}

static int by_name(const void *a, const void *b) {
    const char *x = ((const bf_part *)a)->name, *y = ((const bf_part *)b)->name;
    size_t n = strlen(x), m = strlen(y);
    return n != m ? (n < m ? -1 : 1) : strcmp(x, y);
}

static bf_status read_parts(bf_store *s, bf_error *err) {
    char folder[PATH_MAX], path[PATH_MAX];
    BF_TRY(bf_layout_check(s->dataset, s->partition, err));
    if (s->partition)
        BF_TRY(path_in(folder, s->dataset, s->partition, err));
    else
        snprintf(folder, sizeof folder, "%s", s->dataset);
    DIR *dir = opendir(folder);
    if (!dir) return errno == ENOENT ? BF_OK : bf_fail_errno(err, "open", folder);
    bf_status st = BF_OK;
    for (struct dirent *e; st == BF_OK && (e = readdir(dir));) {
        struct stat info;
        int64_t number = bf_layout_part_number(e->d_name);
        if (number < 0) continue;
        st = path_in(path, folder, e->d_name, err);
        if (st == BF_OK && stat(path, &info)) st = bf_fail_errno(err, "stat", path);
        if (st == BF_OK) st = bf_store_add_part(s, &(bf_part){.name = e->d_name, .path = path, .size_bytes = info.st_size}, err);
        if (number >= s->next_number) s->next_number = number + 1;
    }
    closedir(dir);
    s->exists = s->n_parts > 0;
    if (s->n_parts) qsort(s->parts, s->n_parts, sizeof *s->parts, by_name);
    return st;
}

static bf_status stage(bf_store *s, bf_error *err) {
    return s->layout.staged ? BF_OK : bf_layout_stage(&s->layout, s->dataset, s->partition, err);
}

static bf_status place(bf_store *s, bf_new_part *out, bf_error *err) {
    char name[40], path[PATH_MAX];
    snprintf(name, sizeof name, "part-%05lld.parquet", (long long)s->next_number++);
    BF_TRY(path_in(path, s->layout.staged, name, err));
    out->name = bf_arena_str(&s->arena, name, strlen(name) + 1).p;
    out->path = bf_arena_str(&s->arena, path, strlen(path) + 1).p;
    return out->name && out->path ? BF_OK : bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

static bf_status commit(bf_store *s, const bf_engine_delta_change *about, bf_error *err) {
    char path[PATH_MAX];
    (void)about;
    for (size_t i = 0; i < s->n_parts; i++) {
        if (s->parts[i].is_dropped) continue;
        BF_TRY(path_in(path, s->layout.staged, s->parts[i].name, err));
        BF_TRY(bf_layout_link(s->parts[i].path, path, err));
    }
    return bf_layout_commit(&s->layout, err);
}

static void reset(bf_store *s) {
    bf_layout_reset(&s->layout);
    s->next_number = 0;
}

const bf_storage bf_storage_parquet = {"parquet", "compact", true, read_parts, stage, place, commit, reset};
