/* repr() of constants, as the CPython that wrote the file prints it.
 * Exceptions, so that output is the same on every run: a code object has no address, a frozenset keeps marshal's order. */
#ifndef BF_DECODE_REPR_H
#define BF_DECODE_REPR_H

#include "base/budget.h"
#include "base/buf.h"
#include "pyc/marshal.h"

enum {
    BF_REPR_MAX_INT_DIGITS = BF_MAX_DECIMAL_DIGITS,
};

/** Appends repr(object). `budget` says how much text there may be, NULL: the default; nothing is counted there.
 *  Errors: BF_LIMIT (text, of one constant, however often it refers to the same object; an int that is too long), BF_NO_MEMORY. */
bf_status bf_repr(bf_buf *out, const bf_object *object, const bf_cpython *version, bf_budget *budget, bf_error *err);

/** Whether str.isprintable() holds for a code point in the Unicode version of that CPython. */
bool bf_is_printable(uint32_t code_point, const bf_cpython *version);

#endif
