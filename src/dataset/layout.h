/* What a dataset is on disk: a directory of part-NNNNN.parquet files, or of hive directories (repo=NAME) that hold them, each put
 * in place in one step. */
#ifndef BF_DATASET_LAYOUT_H
#define BF_DATASET_LAYOUT_H

#include "base/error.h"

/** A new state being written beside the one that it will replace. */
typedef struct bf_layout {
    char *dataset; /* symbolic links resolved */
    char *target;  /* what is replaced: the dataset, or one of its partitions */
    char *staged;  /* an empty directory beside the dataset, to write to */
} bf_layout; /* {0} is an empty one */

/** `partition` ("repo=NAME"; NULL: none) is the hive directory to replace; the others stay.
 *  Errors: BF_INVALID_ARGUMENT when `dataset` holds something that is no part of a dataset, or is partitioned otherwise; BF_IO, BF_NO_MEMORY. */
bf_status bf_layout_stage(bf_layout *out, const char *dataset, const char *partition, bf_error *err);

/** Syncs a written file, or a directory. */
bf_status bf_layout_sync(const char *path, bf_error *err);

/** Puts the staged directory in the place of the dataset, atomically, and removes what was there. */
bf_status bf_layout_commit(bf_layout *layout, bf_error *err);

/** Removes what was staged and not committed. */
void bf_layout_reset(bf_layout *layout);

#endif
