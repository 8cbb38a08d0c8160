/* The rows of an Arrow stream, batch by batch, up to a limit. */
#ifndef BF_RENDER_ROWS_H
#define BF_RENDER_ROWS_H

#include "render/value.h"

typedef struct bf_rows {
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    bf_field *columns;
    int64_t n_columns;
    int64_t first, n; /* rows of the current batch: the index of the first one in each column, how many */
    int64_t n_read;   /* rows of all batches so far */
    int64_t left;     /* rows to read at most */
    struct ArrowArray batch;
    struct ArrowArrayView view; /* of the batch; its rows may be more than n */
} bf_rows;

/** Takes `stream`, which is released by bf_rows_close. max_rows 0: all. Reads the schema, but no rows.
 *  Errors: BF_ENGINE, BF_UNSUPPORTED, BF_NO_MEMORY. */
bf_status bf_rows_open(bf_rows *rows, struct ArrowArrayStream *stream, int64_t max_rows, bf_error *err);

/** The next batch that has rows. *found false: that was all, or the limit is reached; nothing is read beyond it. */
bf_status bf_rows_next(bf_rows *rows, bool *found, bf_error *err);

/** After the last batch: whether the stream has a row beyond the limit. */
bf_status bf_rows_beyond(bf_rows *rows, bool *found, bf_error *err);

void bf_rows_close(bf_rows *rows);

#endif
