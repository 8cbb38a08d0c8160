/* What is known of one file, as plain C rows: the input of the Arrow builder and of the disassembly.
 * Everything lives in the decoder's arena or in the input bytes, and goes with the next file. Texts are valid UTF-8. */
#ifndef BF_DECODE_FACTS_H
#define BF_DECODE_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/budget.h"
#include "base/str.h"
#include "bytefusion/bytefusion.h"
#include "opcodes/opcodes.h"

#define BF_NONE_INT INT32_MIN /* null in an int32 column */

typedef struct bf_attr {
    bf_str key, value;
} bf_attr;

typedef struct bf_attrs {
    bf_attr *items;
    uint32_t n, capacity;
} bf_attrs;

/** One inline cache entry: `size` code units of two bytes at `data` in the input. */
typedef struct bf_cache_fact {
    bf_str name;
    int32_t size;
    const uint8_t *data;
    bf_str data_hex;
} bf_cache_fact;

/** Positions as stored: 1-based lines, columns in bytes of UTF-8; BF_NONE_INT where none is stored. */
typedef struct bf_position {
    int32_t line, end_line, col, end_col;
} bf_position;

typedef enum bf_argval_kind {
    BF_ARGVAL_NONE = 0, /* null */
    BF_ARGVAL_CONST,
    BF_ARGVAL_NAME,
    BF_ARGVAL_LOCAL,
    BF_ARGVAL_FREE,
    BF_ARGVAL_COMPARE,
    BF_ARGVAL_JUMP
} bf_argval_kind;

typedef struct bf_instr {
    int32_t offset;       /* of the opcode itself, in bytes */
    int32_t start_offset; /* of its first EXTENDED_ARG */
    int32_t end_offset;   /* after its caches */
    uint8_t opcode, baseopcode;
    bool has_arg, is_jump_target, has_span, has_argval_int;
    uint8_t argval_kind; /* bf_argval_kind */
    uint8_t n_caches;
    int32_t arg;
    const bf_op_info *op, *base;
    int64_t argval_int;
    bf_str argval_str, argrepr; /* argval_str.p NULL: null; argrepr is never null */
    int32_t line_number, starts_line, label, jump_target; /* BF_NONE_INT: null */
    bf_position position;
    const bf_cache_fact *caches;  /* n_caches of them */
    int32_t stack_before, stack_after; /* BF_NONE_INT: absent */
    int32_t byte_start, byte_len; /* BF_NONE_INT: null */
} bf_instr;

typedef struct bf_line_fact {
    int32_t offset, line1; /* line1 BF_NONE_INT: no line */
} bf_line_fact;

typedef struct bf_exc_fact {
    int32_t start, end, target, depth; /* bytes; end exclusive */
    bool lasti;
} bf_exc_fact;

typedef enum bf_block_kind { BF_BLOCK_ENTRY, BF_BLOCK_HANDLER, BF_BLOCK_NORMAL } bf_block_kind;

typedef struct bf_block_fact {
    int32_t start, end; /* bytes; end exclusive, after caches */
    uint8_t kind;       /* bf_block_kind */
} bf_block_fact;

typedef enum bf_edge_kind { BF_EDGE_JUMP, BF_EDGE_BRANCH, BF_EDGE_NEXT, BF_EDGE_EXC } bf_edge_kind;

typedef struct bf_cfg_fact {
    uint32_t src, dst;  /* places in blocks */
    uint8_t kind;       /* bf_edge_kind */
    int32_t cond_instr; /* place in instrs of what decides, BF_NONE_INT: nothing does */
    bf_str label;       /* of the instruction that is jumped to; .p NULL: no jump */
    int32_t exc_index;  /* BF_NONE_INT: not from the exception table */
    bf_str edge_key;
} bf_cfg_fact;

/** Result `result` of one instruction is operand `operand` of another, both counted from the deepest. */
typedef struct bf_dfg_fact {
    uint32_t src, dst; /* places in instrs */
    int32_t operand, result;
} bf_dfg_fact;

typedef struct bf_code_facts {
    bf_str code_id, qualname, co_qualname, co_filename, name; /* co_qualname, co_filename: .p NULL is null */
    int32_t firstlineno, argcount, posonlyargcount, kwonlyargcount, nlocals, flags, stacksize, code_len;
    bool has_nofree; /* bit 0x40 of the flags means CO_NOFREE: until 3.10 */
    bf_str *varnames, *freevars, *cellvars, *names;
    uint32_t n_varnames, n_freevars, n_cellvars, n_names;
    bf_str *const_reprs;
    uint32_t n_consts;
    bf_str consts_json; /* .p NULL: null */
    bf_line_fact *lines;
    uint32_t n_lines;
    bf_instr *instrs;
    uint32_t n_instrs;
    bf_exc_fact *excs;
    uint32_t n_excs;
    bf_block_fact *blocks;
    uint32_t n_blocks;
    bf_cfg_fact *cfg_edges;
    uint32_t n_cfg_edges;
    bf_dfg_fact *dfg_edges;
    uint32_t n_dfg_edges;
    bf_attrs attrs; /* parent_code_id, ... */
} bf_code_facts;

typedef struct bf_error_fact {
    bf_str error_type, message;
    bf_attrs attrs; /* error_stage, code_id, offset */
} bf_error_fact;

typedef struct bf_file_facts {
    bf_str repo, path, file_id; /* repo.p NULL: null */
    bf_code_facts *codes;
    uint32_t n_codes, codes_capacity;
    bf_error_fact *errors;
    uint32_t n_errors, errors_capacity, n_limit_errors;
    bf_attrs attrs;
    int64_t n_instrs; /* over all code objects */
    bf_budget budget; /* what it may use, and what it did */
} bf_file_facts;

typedef struct bf_decode_options {
    bf_str repo, path;          /* identity of the row; repo.p NULL: null */
    bf_str path_bytes;          /* the path as it really is, where it is no UTF-8: part of the identity, attr path_hex; else .p NULL */
    const char *assume_version; /* NULL: trust the magic */
    const bf_limits *limits;    /* NULL: the defaults */
    bool no_flow;               /* no blocks, edges and stack depths */
    bool only_identity;         /* stop where decoding would begin: ids, and the attrs of the file that do not need its code objects */
} bf_decode_options;

/** Adds an attr; false when memory runs out, which a value of .p NULL means too. */
bool bf_attrs_add(bf_attrs *attrs, bf_str key, bf_str value, bf_arena *arena);

/** Adds an error row; `type` and `stage` are static, code_id.p NULL and offset < 0 are none. Beyond a number of rows the last says
 *  that there were more; those of stage limit are always added. False when memory runs out. */
bool bf_errors_add(bf_file_facts *file, const char *type, const char *stage, bf_str code_id, int64_t offset, const char *message,
                   bf_arena *arena);

/** Decodes one .pyc file. What cannot be decoded is an error fact; the call itself fails by BF_NO_MEMORY only.
 *  `out` borrows from `arena`, `data` and `options`. */
bf_status bf_decode_pyc(const uint8_t *data, size_t size, const bf_decode_options *options, bf_arena *arena, bf_file_facts *out,
                        bf_error *err);

/** A row for an input that could not be read at all (stage open): identity, one error. */
bf_status bf_decode_unreadable(const bf_decode_options *options, const bf_error *why, bf_arena *arena, bf_file_facts *out, bf_error *err);

#endif
