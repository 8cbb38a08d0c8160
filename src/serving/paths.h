/* Field paths of the contract, "code_objects[].instructions[].span", as SQL over the table; and the metadata of a field as one text. */
#ifndef BF_SERVING_PATHS_H
#define BF_SERVING_PATHS_H

#include "base/buf.h"
#include "base/error.h"

/** Appends the field of the first items: code_objects[1]['instructions'][1]['span']. */
void bf_path_put_field(bf_buf *sql, const char *path);

/** Appends what a FROM takes: a row for each item of the innermost list in the path, in the column x; the table where there is no list. */
void bf_path_put_items(bf_buf *sql, const char *table, const char *path);

/** Appends the field of such a row: x['span']['start']. */
void bf_path_put_item_field(bf_buf *sql, const char *path);

/** Appends the query of that one field, as m. */
void bf_path_put_rows(bf_buf *sql, const char *table, const char *path);

typedef struct bf_text_pair {
    bf_str key, value;
} bf_text_pair;

/** Appends what `pairs`, a buffer of bf_text_pair, holds: "k=v k=v". Sorts it by key. */
void bf_pairs_put(bf_buf *out, bf_buf *pairs);

/** Appends metadata of the Arrow C interface in the same way; nothing where there is none. */
void bf_metadata_put(bf_buf *out, const char *metadata);

#endif
