/* Which CPython wrote a file, and what its formats look like: traits that code asks for, so that it never compares numbers. */
#ifndef BF_VERSION_VERSION_H
#define BF_VERSION_VERSION_H

#include <stdbool.h>
#include <stdint.h>

typedef enum bf_line_form {
    BF_LINES_LNOTAB,    /* pairs of increments: 3.8, 3.9 */
    BF_LINES_PEP626,    /* pairs with "no line": 3.10 */
    BF_LINES_LOCATIONS, /* entries with end lines and columns: 3.11 and later */
} bf_line_form;

typedef struct bf_cpython {
    int id;             /* 38 is 3.8, 310 is 3.10 */
    const char *name;   /* "3.10" */
    int minor;          /* of 3.x */
    int jump_unit;      /* bytes that one unit of a jump argument stands for */
    bf_line_form line_form;
    bool has_localsplus;       /* code objects hold one table of locals, cells and free variables, and an exception table */
    bool has_no_line;          /* findlinestarts gives "no line" */
    bool absolute_jump_repr;   /* argrepr of an absolute jump says where to */
    bool label_repr;           /* argrepr of a jump names a label */
    int compare_shift;         /* bits of COMPARE_OP's argument below the operator */
    bool enters_resumed;       /* the code of a generator or coroutine begins with what resumes it on the stack */
    int unicode;               /* 100 * major + minor of its unicodedata: what str.isprintable() says */
} bf_cpython;

typedef struct bf_magic {
    uint16_t number;
    int version;        /* id of the version that decodes it, 0: none here does */
    bool is_final;      /* the magic of a final release */
    const char *name;   /* "3.8", "3.9a1" */
} bf_magic;

/** NULL when there is none. */
const bf_cpython *bf_cpython_by_id(int id);
const bf_cpython *bf_cpython_by_name(const char *name); /* "3.8" */
const bf_magic *bf_magic_find(uint16_t number);

#endif
