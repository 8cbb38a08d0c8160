/* Arrow's layouts brought down to those that nanoarrow's IPC writer knows: no views, dictionaries, runs, offsets.
 * The functions give nanoarrow's codes, which are those of errno. */
#ifndef BF_RENDER_PLAIN_H
#define BF_RENDER_PLAIN_H

#include "render/value.h"

/** The same columns in plain layouts: texts for text views, lists for list views, values for dictionaries and runs.
 *  The caller releases `out`, also after a failure. */
int bf_plain_schema(struct ArrowSchema *out, const struct ArrowSchema *in);

/** Whether the array of a field is plain as it is, and has n rows and little else: a slice of a large array is worth a copy. */
bool bf_plain_is(const bf_field *f, int64_t n);

/** Appends a row to an array of the plain schema. EOVERFLOW: more than 2 GiB of text. */
int bf_plain_append(struct ArrowArray *out, const bf_field *f, int64_t row);

#endif
