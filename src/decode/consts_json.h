/* A constant as JSON that can be read back: docs/CONSTS_JSON.md has the rule. */
#ifndef BF_DECODE_CONSTS_JSON_H
#define BF_DECODE_CONSTS_JSON_H

#include "base/budget.h"
#include "base/buf.h"
#include "pyc/marshal.h"

/** Appends one JSON value, valid whatever the object is. `code_id` is that of a code object; .p NULL: it has none. `budget`: as for
 *  bf_repr. Errors: BF_LIMIT (text; an int too long to print), after which what `out` grew by tells only what was spent; BF_NO_MEMORY. */
bf_status bf_const_json(bf_buf *out, const bf_object *object, bf_str code_id, const bf_cpython *version, bf_budget *budget,
                        bf_error *err);

/** Appends what stands for a constant that bf_const_json gave up on: its type, and that it is too large. */
void bf_const_json_too_large(bf_buf *out, const bf_object *object);

#endif
