/* Indexing as a whole: the dataset, then what is written down of its views. */
#include "dataset/index.h"

bf_status bf_index(const bf_index_options *options, bf_index_report *report, bf_error *err) {
    bf_error_clear(err);
    BF_TRY(bf_index_dataset(options, report, err));
    if (!options->materialize || options->dry_run) return BF_OK;
    bf_materialize_options flat = *options->materialize;
    flat.dataset = options->dataset;
    return bf_materialize(&flat, err);
}
