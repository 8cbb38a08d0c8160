/* What a dataset is made of: its Parquet files, and the hive directories that they lie in. */
#ifndef BF_DATASET_FILES_H
#define BF_DATASET_FILES_H

#include "base/arena.h"
#include "base/error.h"

typedef struct bf_dataset_file {
    const char *path;        /* as it can be opened */
    int64_t size_bytes, mtime_ns;
    const char **values;     /* of the partition columns, in their order */
} bf_dataset_file;

typedef struct bf_dataset_files {
    bf_dataset_file *items; /* sorted by path */
    size_t n, capacity;
    const char **columns;   /* names in the hive directories, outermost first: repo of repo=a */
    size_t n_columns;
    size_t n_listed;        /* directories that were read */
    bf_arena arena;
} bf_dataset_files; /* {0} is an empty one */

typedef struct bf_files_options {
    bool ignore_subdirectories; /* only hive directories are entered */
} bf_files_options;

/** Finds the files of one path: a Parquet file, a directory, or a glob over those; hidden names (. and _ in front) are no part of it.
 *  Errors: BF_NOT_FOUND (nothing of that name; a directory without any), BF_CONTRACT (files under different partition columns),
 *  BF_IO, BF_NO_MEMORY. */
bf_status bf_dataset_files_find(bf_dataset_files *out, const char *path, const bf_files_options *options, bf_error *err);
/** The same from a log: names of the partition columns ("repo,day"), then files in their order, with a value for each column (NULL: null,
 *  which becomes __HIVE_DEFAULT_PARTITION__). Errors: BF_NO_MEMORY. */
bf_status bf_dataset_files_set_columns(bf_dataset_files *files, const char *columns, bf_error *err);
bf_status bf_dataset_files_add(bf_dataset_files *files, const char *path, const char *const *values, int64_t size_bytes, int64_t mtime_ns, bf_error *err);

void bf_dataset_files_free(bf_dataset_files *files);

#endif
