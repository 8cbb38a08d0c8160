/* What the formats share: where they read from and where they write to. A format is a function. */
#ifndef BF_RENDER_RENDER_H
#define BF_RENDER_RENDER_H

#include "render/rows.h"

/** Text on its way to a file. */
typedef struct bf_sink {
    FILE *file;
    bf_buf buf;
} bf_sink;

/** To call after each row: writes once enough is there. Errors: BF_IO, BF_NO_MEMORY. */
bf_status bf_sink_write(bf_sink *sink, bf_error *err);

/** Writes what is left, and has the file written too. */
bf_status bf_sink_finish(bf_sink *sink, bf_error *err);

/** The last write to the file failed: errno as BF_IO. */
bf_status bf_sink_fail(bf_error *err);

/** The formats. Each reads rows to their end or limit. */
bf_status bf_render_table(bf_rows *rows, const bf_render_options *options, bf_sink *sink, bf_error *err);
bf_status bf_render_markdown(bf_rows *rows, const bf_render_options *options, bf_sink *sink, bf_error *err);
bf_status bf_render_csv(bf_rows *rows, const bf_render_options *options, bf_sink *sink, bf_error *err);
bf_status bf_render_tsv(bf_rows *rows, const bf_render_options *options, bf_sink *sink, bf_error *err);
bf_status bf_render_json(bf_rows *rows, const bf_render_options *options, bf_sink *sink, bf_error *err);
bf_status bf_render_ndjson(bf_rows *rows, const bf_render_options *options, bf_sink *sink, bf_error *err);
bf_status bf_render_arrow(bf_rows *rows, const bf_render_options *options, bf_sink *sink, bf_error *err);

/** Not by rows: the engine reads the stream itself. Takes it. */
bf_status bf_render_parquet(struct ArrowArrayStream *stream, int64_t max_rows, FILE *out, int64_t *n_rows, bf_error *err);

#endif
