/* Facts of files -> one nested batch of bytecode_files_v1: a row is a file. */
#ifndef BF_ARROW_BUILD_H
#define BF_ARROW_BUILD_H

#include "arrow/column.h"
#include "arrow/slab.h"
#include "base/error.h"
#include "decode/facts.h"

enum { BF_N_ENCODED = 16 };

typedef struct bf_builder {
    struct ArrowSchema schema;
    bool is_encoded;
    struct ArrowArray *encoded[BF_N_ENCODED]; /* columns of the batch that have a dictionary */
    struct ArrowArray batch; /* being built; released when there is none */
    int64_t *rooms;          /* bytes that each buffer of a batch has from the beginning */
    bf_slabs *slabs;
    bf_slab *slab;           /* of the batch */
    bf_scratch scratch;
} bf_builder;

/** That of the batches: bytecode_files_v1, or the same with dictionaries (int32, utf8) in place of texts that come again and again,
 *  which is less to copy, and less to look up for who writes it. Errors: BF_NO_MEMORY. */
bf_status bf_builder_schema(bool is_encoded, struct ArrowSchema *out, bf_error *err);

/** `slabs`: where batches lie; NULL: in slabs of this builder alone. Batches may outlive the builder. Errors: BF_NO_MEMORY. */
bf_status bf_builder_init(bf_builder *b, bool is_encoded, bf_slabs *slabs, bf_error *err);

/** Appends one row; copies everything, so that `file` may go. After a failure the batch is dropped. Errors: BF_NO_MEMORY. */
bf_status bf_builder_add(bf_builder *b, const bf_file_facts *file, bf_error *err);

int64_t bf_builder_rows(const bf_builder *b);
int64_t bf_builder_size_bytes(bf_builder *b);

/** Moves the batch out and begins a new one. */
bf_status bf_builder_finish(bf_builder *b, struct ArrowArray *out, bf_error *err);

void bf_builder_reset(bf_builder *b);

#endif
