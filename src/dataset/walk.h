/* Which files a run reads: paths and directories -> a sorted list. */
#ifndef BF_DATASET_WALK_H
#define BF_DATASET_WALK_H

#include "base/arena.h"
#include "base/error.h"

typedef struct bf_input {
    bf_str path;      /* of its row: valid UTF-8, bytes that are not are written \xNN */
    const char *file; /* to open */
    bf_str path_bytes; /* the same as the file system has it, where it is no UTF-8; else .p NULL */
    int64_t size_bytes;
    const char *refusal; /* why it cannot even be opened, or NULL */
} bf_input;

typedef struct bf_inputs {
    bf_input *items;
    size_t n, capacity;
    int64_t size_bytes;
    bf_arena arena; /* of the texts */
} bf_inputs;

/** Sorted by the bytes of the path. Errors: BF_NOT_FOUND, BF_INVALID_ARGUMENT, BF_CANCELLED (by options->progress), BF_NO_MEMORY. */
bf_status bf_inputs_find(bf_inputs *out, const bf_read_options *options, bf_error *err);
void bf_inputs_free(bf_inputs *inputs);

#endif
