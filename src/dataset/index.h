/* Indexing: decoding files into a dataset. */
#ifndef BF_DATASET_INDEX_H
#define BF_DATASET_INDEX_H

#include "base/error.h"

/** bf_index without flat tables. */
bf_status bf_index_dataset(const bf_index_options *options, bf_index_report *report, bf_error *err);

#endif
