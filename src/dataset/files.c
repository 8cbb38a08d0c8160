#include "dataset/files.h"

#include <errno.h>
#include <fts.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { MAX_COLUMNS = 16 };

static bf_status no_memory(bf_error *err) {
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

static const char *copy(bf_dataset_files *f, const char *text, size_t n) {
    char *to = bf_arena_alloc(&f->arena, n + 1);
    if (!to) return NULL;
    memcpy(to, text, n);
    to[n] = 0;
    return to;
}

static bool is_parquet(const char *name) {
    size_t n = strlen(name);
    return n > 8 && !strcmp(name + n - 8, ".parquet");
}

static bool is_hidden(const char *name) {
    return name[0] == '.' || name[0] == '_';
}

/* ---- hive directories ---- */

typedef struct hive {
    const char *names[MAX_COLUMNS], *values[MAX_COLUMNS];
    size_t n_names[MAX_COLUMNS], n_values[MAX_COLUMNS], n;
} hive;

/* The key=value directories between the root and the file. */
static bf_status parse_hive(hive *out, const char *below_root, bf_error *err) {
    *out = (hive){0};
    for (const char *part = below_root, *slash; (slash = strchr(part, '/')); part = slash + 1) {
        const char *equals = memchr(part, '=', (size_t)(slash - part));
        if (!equals || equals == part) continue;
        if (out->n == MAX_COLUMNS) return bf_fail(err, BF_CONTRACT, -1, "%s: more than %d partition columns", below_root, MAX_COLUMNS);
        out->names[out->n] = part, out->n_names[out->n] = (size_t)(equals - part);
        out->values[out->n] = equals + 1, out->n_values[out->n] = (size_t)(slash - equals - 1);
        out->n++;
    }
    return BF_OK;
}

static bool same_columns(const bf_dataset_files *f, const hive *h) {
    if (h->n != f->n_columns) return false;
    for (size_t i = 0; i < h->n; i++)
        if (strlen(f->columns[i]) != h->n_names[i] || memcmp(f->columns[i], h->names[i], h->n_names[i])) return false;
    return true;
}

static bf_status set_columns(bf_dataset_files *f, const hive *h, bf_error *err) {
    f->columns = bf_arena_alloc(&f->arena, (h->n + 1) * sizeof *f->columns);
    if (!f->columns) return no_memory(err);
    for (size_t i = 0; i < h->n; i++)
        if (!(f->columns[i] = copy(f, h->names[i], h->n_names[i]))) return no_memory(err);
    f->n_columns = h->n;
    return BF_OK;
}

/* ---- files ---- */

/* A file without values yet. */
static bf_status append(bf_dataset_files *f, const char *path, int64_t size_bytes, int64_t mtime_ns, bf_dataset_file **out, bf_error *err) {
    if (f->n == f->capacity) {
        size_t capacity = f->capacity ? f->capacity * 2 : 16;
        bf_dataset_file *items = realloc(f->items, capacity * sizeof *items);
        if (!items) return no_memory(err);
        f->items = items;
        f->capacity = capacity;
    }
    bf_dataset_file file = {
        .path = copy(f, path, strlen(path)),
        .size_bytes = size_bytes,
        .mtime_ns = mtime_ns,
        .values = bf_arena_alloc(&f->arena, (f->n_columns + 1) * sizeof *file.values),
    };
    if (!file.path || !file.values) return no_memory(err);
    *out = &f->items[f->n];
    **out = file;
    return BF_OK;
}

static bf_status add(bf_dataset_files *f, const char *path, const char *below_root, const struct stat *info, bf_error *err) {
    hive h;
    bf_dataset_file *file;
    BF_TRY(parse_hive(&h, below_root, err));
    if (f->n == 0) BF_TRY(set_columns(f, &h, err));
    if (!same_columns(f, &h))
        return bf_fail(err, BF_CONTRACT, -1, "%s does not lie under the same partition columns as %s", path, f->items[0].path);
    BF_TRY(append(f, path, info->st_size, (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec, &file, err));
    for (size_t i = 0; i < h.n; i++)
        if (!(file->values[i] = copy(f, h.values[i], h.n_values[i]))) return no_memory(err);
    f->n++;
    return BF_OK;
}

bf_status bf_dataset_files_set_columns(bf_dataset_files *f, const char *columns, bf_error *err) {
    hive h = {0};
    for (const char *at = columns; *at; at += *at == ',') {
        size_t n = strcspn(at, ",");
        if (h.n == MAX_COLUMNS) return bf_fail(err, BF_CONTRACT, -1, "more than %d partition columns", MAX_COLUMNS);
        h.names[h.n] = at, h.n_names[h.n++] = n;
        at += n;
    }
    return set_columns(f, &h, err);
}

bf_status bf_dataset_files_add(bf_dataset_files *f, const char *path, const char *const *values, int64_t size_bytes, int64_t mtime_ns, bf_error *err) {
    bf_dataset_file *file;
    BF_TRY(append(f, path, size_bytes, mtime_ns, &file, err));
    for (size_t i = 0; i < f->n_columns; i++) {
        const char *value = values[i] ? values[i] : "__HIVE_DEFAULT_PARTITION__";
        if (!(file->values[i] = copy(f, value, strlen(value)))) return no_memory(err);
    }
    f->n++;
    return BF_OK;
}

static bf_status visit(bf_dataset_files *f, FTS *walk, FTSENT *entry, size_t n_root, const bf_files_options *o, bf_error *err) {
    switch (entry->fts_info) {
    case FTS_D:
        if (entry->fts_level > 0 && (is_hidden(entry->fts_name) || (o->ignore_subdirectories && !strchr(entry->fts_name, '='))))
            fts_set(walk, entry, FTS_SKIP);
        else
            f->n_listed++;
        return BF_OK;
    case FTS_F:
    case FTS_SL:
    case FTS_SLNONE: {
        struct stat info;
        if (is_hidden(entry->fts_name) || !is_parquet(entry->fts_name)) return BF_OK;
        if (stat(entry->fts_path, &info)) return bf_fail_errno(err, "stat", entry->fts_path);
        return add(f, entry->fts_path, entry->fts_path + n_root + 1, &info, err);
    }
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS: errno = entry->fts_errno; return bf_fail_errno(err, "list", entry->fts_path);
    default: return BF_OK;
    }
}

static bf_status add_directory(bf_dataset_files *f, const char *root, const bf_files_options *o, bf_error *err) {
    size_t n_root = strlen(root);
    while (n_root > 1 && root[n_root - 1] == '/') n_root--;
    char *trimmed = strndup(root, n_root);
    if (!trimmed) return no_memory(err);
    char *roots[] = {trimmed, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
    bf_status st = walk ? BF_OK : bf_fail_errno(err, "list", root);
    for (FTSENT *entry; st == BF_OK && (entry = fts_read(walk));) st = visit(f, walk, entry, n_root, o, err);
    if (walk) fts_close(walk);
    free(trimmed);
    return st;
}

static bf_status add_path(bf_dataset_files *f, const char *path, const bf_files_options *o, bf_error *err) {
    struct stat info;
    if (stat(path, &info)) return bf_fail_errno(err, "open", path);
    if (S_ISDIR(info.st_mode)) return add_directory(f, path, o, err);
    const char *slash = strrchr(path, '/');
    return add(f, path, slash ? slash + 1 : path, &info, err);
}

static bf_status add_glob(bf_dataset_files *f, const char *pattern, const bf_files_options *o, bf_error *err) {
    glob_t found;
    int code = glob(pattern, 0, NULL, &found);
    if (code == GLOB_NOSPACE) return no_memory(err);
    if (code) return bf_fail(err, BF_NOT_FOUND, -1, "%s: no such file or directory, and nothing matches it as a pattern", pattern);
    bf_status st = BF_OK;
    for (size_t i = 0; i < found.gl_pathc && st == BF_OK; i++) st = add_path(f, found.gl_pathv[i], o, err);
    globfree(&found);
    return st;
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const bf_dataset_file *)a)->path, ((const bf_dataset_file *)b)->path);
}

bf_status bf_dataset_files_find(bf_dataset_files *out, const char *path, const bf_files_options *options, bf_error *err) {
    *out = (bf_dataset_files){0};
    struct stat info;
    bool is_glob = stat(path, &info) && strpbrk(path, "*?[");
    bf_status st = is_glob ? add_glob(out, path, options, err) : add_path(out, path, options, err);
    if (st == BF_OK && out->n == 0)
        st = bf_fail(err, BF_NOT_FOUND, -1, "%s holds no Parquet file; bytefusion index PATH -o %s makes it a dataset", path, path);
    if (st != BF_OK) {
        bf_dataset_files_free(out);
        return st;
    }
    qsort(out->items, out->n, sizeof *out->items, by_path);
    return BF_OK;
}

void bf_dataset_files_free(bf_dataset_files *files) {
    free(files->items);
    bf_arena_free(&files->arena);
    *files = (bf_dataset_files){0};
}
