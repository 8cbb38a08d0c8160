/* The rows that a dataset has of one repo, without what was decoded: enough to tell which files of a run are in it already, and which of
 * its rows are of files that changed or vanished. */
#ifndef BF_DATASET_KNOWN_H
#define BF_DATASET_KNOWN_H

#include <stdatomic.h>

#include "dataset/store.h"
#include "dataset/walk.h"
#include "decode/facts.h"

/** Attrs of a file that a row depends on, beside those that follow from its bytes; the table is in known.c. */
enum { BF_N_DECIDING = 4 };

typedef struct bf_known_row {
    bf_str path, file_id;
    bf_str deciding[BF_N_DECIDING]; /* .p NULL: absent */
    bf_str first_error;             /* of what could not be read; .p NULL: there is none */
    size_t part;                    /* in store->parts */
    int64_t row;                    /* of the part, from 0 */
    atomic_bool is_kept;
} bf_known_row;

typedef struct bf_known {
    bf_known_row *rows; /* by path and file_id */
    size_t n, capacity;
    int64_t *part_rows; /* of each part, those of other repos too */
    bf_arena arena;
} bf_known; /* {0} is an empty one */

/** Reads the parts of the store. Rows of another repo (NULL: null) are not among them. Errors: BF_ENGINE, BF_IO, BF_NO_MEMORY. */
bf_status bf_known_read(bf_known *out, const bf_store *store, const char *repo, bf_error *err);

/** bf_reader_filter.has: whether the dataset has the row of this file, and it would be the same again. It stays then. */
bool bf_known_has(void *known, const bf_file_facts *identity);

/** The rows that go when these inputs were read: those of their paths that are not kept, and, with `sync`, those of other paths. */
typedef struct bf_known_gone {
    size_t *rows; /* places in known->rows, in the order of part and row */
    size_t n;
    int64_t replaced, removed; /* how many of them are of either kind */
} bf_known_gone;

/** A path below a directory that could not be listed does not count as vanished. Free rows. Errors: BF_NO_MEMORY. */
bf_status bf_known_find_gone(bf_known_gone *out, const bf_known *known, const bf_inputs *inputs, bool sync, bf_error *err);

void bf_known_free(bf_known *known);

#endif
