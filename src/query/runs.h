/* The rows of a query as one sorted Parquet file, also where they come in several runs that are sorted each. */
#ifndef BF_QUERY_RUNS_H
#define BF_QUERY_RUNS_H

#include "serving/serving.h"

typedef struct bf_runs {
    const bf_serving *s;
    const char *sql;
    const struct ArrowSchema *schema; /* of the file, with its metadata; types are those of the query */
    const char *order;                /* "path,file_id": columns that the rows are to ascend by */
    bool is_sorted;                   /* they come in that order: else each batch does, and files are merged */
    const char *path;
} bf_runs;

/** Writes and syncs the file. Where rows of a query lack a column of `order` they stay as they come.
 *  Errors: BF_ENGINE, BF_IO, BF_NO_MEMORY. */
bf_status bf_runs_write(const bf_runs *runs, bf_error *err);

#endif
