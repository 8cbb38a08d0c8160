/* Types as one text, whoever names them: what arrow_typeof prints, and an Arrow schema. */
#ifndef BF_SERVING_TYPEOF_H
#define BF_SERVING_TYPEOF_H

#include "base/buf.h"
#include "base/error.h"

/** Appends the type of a field, as "list<struct<const_index:int32 not null,const_repr:utf8 not null> not null>". utf8view is utf8, and the
 *  inner names of lists and maps do not count. A type that is not known here stays as its format ("tsu:"). */
void bf_typeof_schema(bf_buf *out, const struct ArrowSchema *field);

/** Appends the same from what arrow_typeof prints: List(non-null Struct("const_index": non-null Int32, ...), field: 'element').
 *  A type that is not known here stays as it is printed. Errors: BF_ENGINE where the text is of no form known here. */
bf_status bf_typeof_text(bf_buf *out, const char *printed, bf_error *err);

#endif
