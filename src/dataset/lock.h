/* One writer of a dataset at a time: an advisory lock on DATASET.lock, beside the dataset, so that it outlives the directory's exchange. The
 * lock goes with its process, however that ends; readers never ask for it. */
#ifndef BF_DATASET_LOCK_H
#define BF_DATASET_LOCK_H

#include "base/error.h"

typedef struct bf_lock {
    int fd;     /* -1: not held */
    char *path; /* NULL: not held */
} bf_lock; /* {-1, NULL}, and {0}, are none */

/** Called while waiting; false gives up. */
typedef bool (*bf_on_wait)(void *context);

/** Takes the lock of `dataset`, whose links are resolved. Errors: BF_CONFLICT (held by another for `wait_seconds`, naming its process),
 *  BF_IO, BF_NOT_FOUND (no such directory around it), BF_CANCELLED. */
bf_status bf_lock_take(bf_lock *out, const char *dataset, double wait_seconds, bf_on_wait on_wait, void *context, bf_error *err);

/** Lets go of it and removes the file. */
void bf_lock_drop(bf_lock *lock);

#endif
