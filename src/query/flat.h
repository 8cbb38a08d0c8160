/* Flat tables: views written down as Parquet files beside the dataset, DATASET.views/VIEW.parquet. What one was made from is in its footer. */
#ifndef BF_QUERY_FLAT_H
#define BF_QUERY_FLAT_H

#include "query/session.h"

#define BF_FLAT_SUFFIX ".views" /* of the directory of flat tables, after the dataset's name */

/** A flat table that is looked at. */
typedef struct bf_flat {
    char *path;       /* where it is, or would be; NULL: the dataset is no directory */
    bf_flat_state state;
    char why[256];    /* a stale one is not used */
    int64_t rows, row_groups, size_bytes;
    char order[128];  /* "path,file_id": columns that its rows ascend by; "": none is known */
    char source[64];  /* "version 3, 2 parts": the dataset that it was made of, for people */
    struct ArrowSchema schema; /* as the view gives it; released where there is none */
} bf_flat; /* {0} is an empty one */

/** What a flat table of a view holds in its footer besides its schema, so that it is known to be current: KEY = VALUE. */
enum { BF_FLAT_VIEW, BF_FLAT_SOURCE, BF_FLAT_DEFINITION, BF_FLAT_ENGINE, BF_FLAT_ABOUT_SOURCE, BF_FLAT_ORDER, BF_N_FLAT_KEYS };
extern const char *const bf_flat_keys[BF_N_FLAT_KEYS];

/** Looks at the flat table of a view: whether it is there, and current. Errors: BF_NO_MEMORY. */
bf_status bf_flat_find(bf_flat *out, const bf_serving *s, size_t view, bf_error *err);
void bf_flat_reset(bf_flat *flat);

/** SHA-256, as hexadecimal digits: of the files of a dataset, by name, size and time (of a Delta table and its version); and of what a view is, its SQL and what it is over.
 *  Errors: BF_NO_MEMORY. */
bf_status bf_flat_source(char out[65], const bf_serving *s, bf_error *err);
bf_status bf_flat_definition(char out[65], const bf_serving *s, size_t view, bf_error *err);

/** The dataset, for people. */
void bf_flat_about_source(char out[64], const bf_serving *s);

/** "DATASET.views" with symbolic links resolved, from malloc; *out is NULL where the dataset is no directory. Errors: BF_NO_MEMORY, BF_IO. */
bf_status bf_flat_folder(char **out, const bf_serving *s, bf_error *err);

/** Registers a current one under the name of its view, its top-level strings as utf8view or utf8 (schema_force_view_types). Errors: BF_ENGINE, BF_IO, BF_NO_MEMORY. */
bf_status bf_flat_register(const bf_flat *flat, const bf_serving *s, size_t view, bf_error *err);

#endif
