/* The table with some of its fields only: a scan prunes no field below a list by itself, so that a count of one would read them all. */
#ifndef BF_SERVING_NARROW_H
#define BF_SERVING_NARROW_H

#include "serving/serving.h"

/** The same files in an engine of its own; bf_narrow_to says what of them it reads. Borrows from `s`; close out->engine. */
bf_status bf_narrow_open(bf_serving *out, const bf_serving *s, bf_error *err);

/** Makes the table anew with the fields at these paths, what is in them and what they are in. Errors: BF_ENGINE, BF_IO, BF_NO_MEMORY. */
bf_status bf_narrow_to(bf_serving *narrow, const char *const *paths, size_t n_paths, bf_error *err);

#endif
