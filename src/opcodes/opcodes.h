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

/** Where control goes from it. */
typedef enum bf_flow {
    BF_FLOW_NEXT = 0, /* to the next instruction */
    BF_FLOW_PREFIX,   /* it is a part of the next instruction */
    BF_FLOW_JUMP,     /* to its target */
    BF_FLOW_BRANCH,   /* to its target or to the next one; 3.8's CALL_FINALLY, which returns, to both */
    BF_FLOW_RETURN,
    BF_FLOW_RAISE,
    BF_FLOW_SETUP,   /* to the next one, and what raises from there on goes to its target */
    BF_FLOW_FINALLY, /* the same, and the target is also reached without an exception, with fewer values on the stack */
    BF_FLOW_LOOP,    /* to the next one, and a break from there on goes to its target: until 3.7, as the following three */
    BF_FLOW_POP,     /* to the next one, and the last such target is out of force */
    BF_FLOW_BREAK,
    BF_FLOW_CONTINUE, /* to its target; like a break and a return, through the targets of BF_FLOW_FINALLY that it leaves */
    BF_FLOW_LEAVE     /* a return */
} bf_flow;

/** A number of values: the low four bits, and what the argument adds to it. */
typedef enum bf_count {
    BF_COUNT_FIXED = 0,
    BF_COUNT_ARG = 1 << 4,
    BF_COUNT_TWICE = 2 << 4, /* twice the argument */
    BF_COUNT_BIT0 = 3 << 4,
    BF_COUNT_BIT2 = 4 << 4,
    BF_COUNT_BITS = 5 << 4,  /* how many of the bits 0 to 3 are set */
    BF_COUNT_IS3 = 6 << 4,   /* 1 for an argument of 3 */
    BF_COUNT_SPLIT = 7 << 4, /* the low byte, and all above that byte */
    BF_COUNT_PAIRS = 8 << 4  /* the low byte, and twice all above that byte */
} bf_count;

/** Which of the values that it pops an instruction looks at. */
typedef enum bf_reads {
    BF_READS_ALL = 0,
    BF_READS_NONE,
    BF_READS_ENDS_1_1, /* the deepest and the topmost */
    BF_READS_ENDS_1_2, /* the deepest and the two topmost; and so on */
    BF_READS_ENDS_1_3,
    BF_READS_ENDS_2_1
} bf_reads;

/** What the values are that it pushes. */
typedef enum bf_gives {
    BF_GIVES_UNKNOWN = 0, /* and how many is not known either */
    BF_GIVES_NEW,
    BF_GIVES_SAME,    /* the deepest ones of the popped */
    BF_GIVES_SAME_1,  /* the same with a new value on top */
    BF_GIVES_SAME_2,  /* the same with two */
    BF_GIVES_TOP,     /* new ones below the topmost of the popped */
    BF_GIVES_COPY,    /* the popped, and the deepest of them again */
    BF_GIVES_SWAP,    /* the popped, deepest and topmost exchanged */
    BF_GIVES_DUP,     /* the popped twice */
    BF_GIVES_ROT,     /* the popped, the topmost below the others */
    BF_GIVES_RESUMED  /* what the one who resumes the code hands in */
} bf_gives;

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
    uint8_t popped, pushed, on_jump; /* bf_count; on_jump: pushed when it jumps, for a set-up what its handler finds instead of the popped */
    uint8_t reads, gives;            /* bf_reads, bf_gives */
    const bf_cache_layout *caches;
} bf_op_info;

/** 256 rows by number; a number that the version lacks is BF_OP_UNKNOWN, without argument, named <N>. */
const bf_op_info *bf_opcodes(const bf_cpython *version);

/** Evaluates a bf_count. */
static inline int64_t bf_op_count(uint8_t count, uint32_t arg) {
    int64_t fixed = count & 15;
    switch (count & ~15) {
    case BF_COUNT_ARG: return fixed + arg;
    case BF_COUNT_TWICE: return fixed + 2 * (int64_t)arg;
    case BF_COUNT_BIT0: return fixed + (arg & 1);
    case BF_COUNT_BIT2: return fixed + (arg >> 2 & 1);
    case BF_COUNT_BITS: return fixed + (arg & 1) + (arg >> 1 & 1) + (arg >> 2 & 1) + (arg >> 3 & 1);
    case BF_COUNT_IS3: return fixed + (arg == 3);
    case BF_COUNT_SPLIT: return fixed + (arg & 255) + (arg >> 8);
    case BF_COUNT_PAIRS: return fixed + (arg & 255) + 2 * (int64_t)(arg >> 8);
    default: return fixed;
    }
}

/** The text that dis shows for value `index` of such an argument (cmp_op, _nb_ops, ...); .p NULL when there is none. */
bf_str bf_op_text(const bf_cpython *version, bf_arg_kind kind, uint32_t index);

#endif
