/* The exception table of 3.11 and later; source of the form: CPython Objects/exception_handling_notes.txt. */
#ifndef BF_CODE_EXCEPTIONS_H
#define BF_CODE_EXCEPTIONS_H

#include "code/code.h"

typedef struct bf_exception {
    int32_t start, end, target, depth; /* offsets in bytes, end exclusive; depth: values on the stack when the handler begins */
    bool lasti;                        /* the handler also finds the offset of the instruction that raised */
} bf_exception;

/** Errors: BF_TRUNCATED, BF_CORRUPT with the offset in the file; *out then holds the entries before. */
bf_status bf_code_exceptions(bf_exception **out, uint32_t *n, const bf_code *code, bf_arena *arena, bf_error *err);

#endif
