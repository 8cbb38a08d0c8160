/* The footers of a dataset's files, read side by side and kept: what each file says of its own schema. */
#ifndef BF_DATASET_FOOTERS_H
#define BF_DATASET_FOOTERS_H

#include "dataset/files.h"
#include "engine/engine.h"

/** Told of each file, in their order: its schema (borrowed), or why its footer cannot be read (`schema` is NULL then).
 *  A status other than BF_OK ends the walk and is passed on. */
typedef bf_status (*bf_on_footer)(void *context, const bf_dataset_file *file, const struct ArrowSchema *schema,
                                  const bf_engine_footer *about, const bf_error *why);

/** Reads the footer of each file, at most `concurrency` at once. The engine decodes one of those that say the same of everything but rows.
 *  *n_read (NULL is fine): how many it decoded. Errors: BF_NO_MEMORY, those of on_footer. */
bf_status bf_footers_read(const bf_engine_api *engine, const bf_dataset_files *files, int concurrency, bf_on_footer on_footer,
                          void *context, size_t *n_read, bf_error *err);

#endif
