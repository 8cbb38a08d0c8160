/* Files -> batches, decoded by worker threads and given in order: what bf_read streams and bf_index writes. */
#ifndef BF_DATASET_READ_H
#define BF_DATASET_READ_H

#include "base/error.h"

typedef struct bf_reader bf_reader;

/** Finds the files and starts the workers. Errors: those of bf_read. */
bf_status bf_reader_open(bf_reader **out, const bf_read_options *options, bf_error *err);

/** The next batch; out->release is NULL after the last. Errors: BF_NO_MEMORY, BF_CANCELLED. */
bf_status bf_reader_next(bf_reader *reader, struct ArrowArray *out, bf_error *err);

/** Counts so far: of the batches that bf_reader_next gave. */
void bf_reader_report(const bf_reader *reader, bf_index_report *report);

void bf_reader_close(bf_reader *reader);

#endif
