/* What an opcode is, in each version: one row a number, made from the final interpreters by tools/gen_opcodes.py. */
#ifndef BF_OPCODES_OPCODES_H
#define BF_OPCODES_OPCODES_H

#include "base/str.h"
#include "version/version.h"

/** Whether a compiler writes it, or the interpreter put it in the place of one that a compiler wrote. */
typedef enum bf_op_kind { BF_OP_UNKNOWN = 0, BF_OP_PLAIN, BF_OP_SPECIALIZED, BF_OP_INSTRUMENTED } bf_op_kind;

/** What the argument means, as that version's dis reads it. */
typedef enum bf_arg_kind {
    BF_ARG_NONE = 0, /* takes none */
    BF_ARG_RAW,      /* a bare number */
    BF_ARG_CONST,
    BF_ARG_CONST_UNSHOWN, /* a constant that dis does not look up: KW_NAMES in 3.11 */
    BF_ARG_NAME,
    BF_ARG_NAME_NULL,   /* name << 1 | pushes NULL */
    BF_ARG_NAME_METHOD, /* name << 1 | is a method call */
    BF_ARG_NAME_SUPER,  /* name << 2 | two-argument super << 1 | is a method call */
    BF_ARG_NAME_IMPORT, /* name << 2 | eager << 1 | lazy */
    BF_ARG_LOCAL,
    BF_ARG_LOCAL2, /* two locals of four bits */
    BF_ARG_FREE,
    BF_ARG_COMPARE,
    BF_ARG_JUMP_ABS,
    BF_ARG_JUMP_REL,
    BF_ARG_JUMP_BACK,
    BF_ARG_JUMP_FROM, /* END_ASYNC_FOR: shown like a jump, and never one */
    BF_ARG_FORMAT,
    BF_ARG_FUNCTION_FLAGS,
    BF_ARG_FUNCTION_ATTR,
    BF_ARG_BINARY,
    BF_ARG_INTRINSIC1,
    BF_ARG_INTRINSIC2,
    BF_ARG_CONVERT,
    BF_ARG_COMMON,
    BF_ARG_SPECIAL,
    BF_ARG_SMALL_INT,
    BF_ARG_IS,
    BF_ARG_CONTAINS
} bf_arg_kind;

typedef enum bf_flow { BF_FLOW_NEXT = 0, BF_FLOW_JUMP, BF_FLOW_BRANCH, BF_FLOW_RETURN, BF_FLOW_RAISE, BF_FLOW_SETUP } bf_flow;

typedef struct bf_cache_field {
    bf_str name;
    int32_t size; /* code units */
} bf_cache_field;

typedef struct bf_cache_layout {
    uint8_t n_units, n_fields;
    const bf_cache_field *fields;
} bf_cache_layout;

typedef struct bf_op_info {
    bf_str name;
    uint8_t base; /* number of the opcode that a compiler writes for it */
    uint8_t kind; /* bf_op_kind */
    uint8_t arg;  /* bf_arg_kind */
    uint8_t flow; /* bf_flow */
    const bf_cache_layout *caches;
} bf_op_info;

/** 256 rows by number; a number that the version lacks is BF_OP_UNKNOWN, without argument, named <N>. */
const bf_op_info *bf_opcodes(const bf_cpython *version);

/** The text that dis shows for value `index` of such an argument (cmp_op, _nb_ops, ...); .p NULL when there is none. */
bf_str bf_op_text(const bf_cpython *version, bf_arg_kind kind, uint32_t index);

#endif
