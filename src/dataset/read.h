/* Files -> batches, decoded by worker threads and given in order: what bf_read streams and bf_index writes. */
#ifndef BF_DATASET_READ_H
#define BF_DATASET_READ_H

#include "base/error.h"
#include "dataset/walk.h"
#include "decode/facts.h"

typedef struct bf_reader bf_reader;

/** What need not be decoded: asked with the identity of each file (bf_decode_options.only_identity, and what its source adds), by several
 *  threads. Where `has` is true the file gives no row, and counts as unchanged. */
typedef struct bf_reader_filter {
    bool (*has)(void *context, const bf_file_facts *identity);
    void *context;
} bf_reader_filter;

/** Finds the files and starts the workers. `filter` NULL: all files are decoded. `is_encoded`: as bf_builder_schema. Errors: those of bf_read. */
bf_status bf_reader_open(bf_reader **out, const bf_read_options *options, const bf_reader_filter *filter, bool is_encoded, bf_error *err);

/** The files of the run, in order; each row that there will be is of one of them. */
const bf_inputs *bf_reader_inputs(const bf_reader *reader);

/** The next batch; out->release is NULL after the last. Errors: BF_NO_MEMORY, BF_CANCELLED. */
bf_status bf_reader_next(bf_reader *reader, struct ArrowArray *out, bf_error *err);

/** Counts so far: of the batches that bf_reader_next gave. */
void bf_reader_report(const bf_reader *reader, bf_index_report *report);

void bf_reader_close(bf_reader *reader);

#endif
