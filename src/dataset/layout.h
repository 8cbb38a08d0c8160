/* What a dataset is on disk: a directory of part-NNNNN.parquet files, or of hive directories (repo=NAME) that hold them, each put
 * in place in one step; or a Delta table, a directory with a _delta_log. */
#ifndef BF_DATASET_LAYOUT_H
#define BF_DATASET_LAYOUT_H

#include "base/error.h"

typedef enum bf_layout_kind { BF_LAYOUT_NOTHING, BF_LAYOUT_PARQUET, BF_LAYOUT_DELTA } bf_layout_kind;

/** What is at `path`: nothing (also an empty directory, and what is neither of the others), Parquet parts, a Delta table. */
bf_layout_kind bf_layout_find(const char *path);

/** The number of a part by its name, "part-00007.parquet"; -1: it is none. */
int64_t bf_layout_part_number(const char *name);

/** A new state being written beside the one that it will replace. */
typedef struct bf_layout {
    char *dataset; /* symbolic links resolved */
    char *target;  /* what is replaced: the dataset, or one of its partitions */
    char *staged;  /* an empty directory beside the dataset, to write to */
} bf_layout; /* {0} is an empty one */

/** `path` without slashes at its end, resolved if it exists; from malloc. Errors: BF_INVALID_ARGUMENT (an empty one), BF_IO. */
bf_status bf_layout_resolve(char **out, const char *path, bf_error *err);

/** `partition` ("repo=NAME"; NULL: none) is the hive directory to replace; the others stay. What killed runs left is removed: who calls
 *  this holds the dataset's lock. Errors: BF_INVALID_ARGUMENT when `dataset` holds something that is no part of a dataset, or is
 *  partitioned otherwise; BF_IO, BF_NO_MEMORY. */
bf_status bf_layout_stage(bf_layout *out, const char *dataset, const char *partition, bf_error *err);

/** The same check alone. */
bf_status bf_layout_check(const char *dataset, const char *partition, bf_error *err);

/** Syncs a written file, or a directory; the directory that something lies in. */
bf_status bf_layout_sync(const char *path, bf_error *err);
bf_status bf_layout_sync_parent(const char *path, bf_error *err);

/** The same file in another place: a link to it where the file system has those, else a copy, synced. */
bf_status bf_layout_link(const char *from, const char *to, bf_error *err);

/** Puts the staged directory in the place of the dataset, atomically, and removes what was there. */
bf_status bf_layout_commit(bf_layout *layout, bf_error *err);

/** Removes what was staged and not committed. */
void bf_layout_reset(bf_layout *layout);

/** Removes (`dry_run`: only names) the directories that killed runs left beside a dataset. The caller holds its lock.
 *  Errors: BF_IO, where one cannot be removed. */
bf_status bf_layout_remove_leftovers(const char *dataset, bool dry_run, bool (*on_file)(void *context, const char *name), void *context,
                                     bf_error *err);

/** Removes the documents that tell of the state before: DATASET/_bytefusion/NAME.json. */
void bf_layout_forget_documents(const char *dataset);

#endif
