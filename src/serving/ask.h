/* SQL asked of the engine: run to its end, or its rows as texts; and what such SQL is made of. */
#ifndef BF_SERVING_ASK_H
#define BF_SERVING_ASK_H

#include "serving/serving.h"

/** Runs SQL that gives one row, and keeps its first `n` cells, as bf_serving_rows gives them. Texts live in the arena.
 *  Errors: those of bf_serving_rows; BF_ENGINE where there is not one row. */
bf_status bf_ask_row(const bf_serving *s, const char *sql, bf_arena *arena, const char **cells, size_t n, bf_error *err);

/** Runs SQL in an engine of its own that knows the table alone, and counts the files that it opens for it. Errors: BF_ENGINE. */
bf_status bf_ask_opened(const bf_serving *s, const char *sql, long *opened, bf_error *err);

/** Appends the name of a view, which lies where the table lies. */
void bf_ask_put_view(bf_buf *sql, const bf_serving *s, const char *view);

/** Appends a name in quotes. */
void bf_ask_put_name(bf_buf *sql, const char *name);

/** Ends the text with a NUL. Errors: BF_NO_MEMORY, where any allocation of it failed. */
bf_status bf_ask_end(bf_buf *sql, bf_error *err);

/** Reads routines and parameters of the information schema, which has to be on. Errors: BF_ENGINE, BF_NO_MEMORY. */
bf_status bf_catalog_read(const bf_serving *s, bf_signatures *out, bf_error *err);

#endif
