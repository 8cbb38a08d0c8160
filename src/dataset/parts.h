/* Batches -> new parts of a store, cut by size; and parts that exist, without some of their rows. */
#ifndef BF_DATASET_PARTS_H
#define BF_DATASET_PARTS_H

#include "dataset/store.h"

/** Where batches come from, sorted by path and file_id. */
typedef struct bf_batches {
    bf_status (*schema)(void *context, struct ArrowSchema *out, bf_error *err);
    bf_status (*next)(void *context, struct ArrowArray *out, bf_error *err); /* out->release is NULL after the last */
    void *context;
    bool has_repo; /* a column that a partition keeps in the name of its directory: left out there */
} bf_batches;

/** Writes all batches to new parts. `at_least_one`: a part without rows where there are none, so that the dataset has its schema.
 *  `jobs`: encoders, 0 is one per processor. Errors: those of next, BF_ENGINE, BF_IO. */
bf_status bf_parts_write(bf_store *store, const bf_batches *batches, bool at_least_one, int jobs, bf_error *err);

/** Drops a part; where rows of it stay (all but `rows`, ascending) they go to a new one. `keep_empty`: also where none does. */
bf_status bf_parts_drop_rows(bf_store *store, size_t part, int64_t n_rows, const int64_t *rows, size_t n, bool keep_empty, int jobs, bf_error *err);

#endif
