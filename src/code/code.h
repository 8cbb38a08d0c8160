/* Any version's code object in one shape: what the interpreter that wrote it would show of it. */
#ifndef BF_CODE_CODE_H
#define BF_CODE_CODE_H

#include "pyc/marshal.h"

typedef struct bf_names {
    bf_str *items;
    uint32_t n;
} bf_names;

typedef struct bf_code {
    const bf_cpython *version;
    int32_t argcount, posonlyargcount, kwonlyargcount, nlocals, stacksize, flags, firstlineno;
    bf_str name, qualname, filename; /* .p NULL where the version, or what is left of the file, has none */
    bf_names names, varnames, freevars, cellvars;
    bf_names locals;   /* what the argument of a LOAD_FAST counts in: varnames, or localsplus from 3.11 */
    bf_names frees;    /* what the argument of a LOAD_DEREF counts in: cellvars and freevars, or localsplus */
    bf_object **consts;
    uint32_t n_consts;
    const uint8_t *bytecode, *linetable, *exceptiontable;
    uint32_t n_bytecode, n_linetable, n_exceptiontable;
    bool is_partial;         /* reading the file stopped inside: the tables may lack what the code refers to */
    int64_t offset;          /* of the object in the file */
    int64_t linetable_offset, exceptiontable_offset, bytecode_offset; /* in the file, -1 where there is none */
} bf_code;

/** Fills the common shape; what `raw` lacks is empty. `data` is the file that raw's views point into.
 *  Errors: BF_CORRUPT (a name that is no str), BF_NO_MEMORY. */
bf_status bf_code_from_raw(bf_code *out, const bf_raw_code *raw, const bf_cpython *version, const uint8_t *data, size_t size,
                           bf_arena *arena, bf_error *err);

/** Text of a str object that Arrow may take: lone surrogates are written out as \udXXX, and of the bytes that 2.7 calls str those that
 *  are not UTF-8 as \xNN. .p NULL when memory runs out. */
bf_str bf_object_text(const bf_object *object, bf_arena *arena);

#endif
