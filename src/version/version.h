/* Which CPython wrote a file, and what its formats look like: traits that code asks for, so that it never compares numbers. */
#ifndef BF_VERSION_VERSION_H
#define BF_VERSION_VERSION_H

#include <stdbool.h>
#include <stdint.h>

typedef enum bf_line_form {
    BF_LINES_LNOTAB27,  /* pairs of increments: 2.7 */
    BF_LINES_LNOTAB36,  /* the same, where lines go back too: 3.6, 3.7 */
    BF_LINES_LNOTAB,    /* the same, up to the end of the code: 3.8, 3.9; this and those before it are called lnotab */
    BF_LINES_PEP626,    /* pairs with "no line": 3.10 */
    BF_LINES_LOCATIONS, /* entries with end lines and columns: 3.11 and later */
} bf_line_form;

/* How dis.dis prints a row. label_repr says what is in it. */
typedef enum bf_dis_form {
    BF_DIS_PRINT,  /* piece by piece, so that blanks stay at its end, and `>>` by 16 bits of a jump: 2.7 */
    BF_DIS_NARROW, /* columns that do not grow with what is in them: 3.6 */
    BF_DIS_WIDE,   /* 3.7 to 3.12 */
    BF_DIS_LABELS, /* 3.13 and later */
} bf_dis_form;

typedef struct bf_cpython {
    int id;             /* 27 is 2.7, 310 is 3.10 */
    const char *name;   /* "3.10" */
    int minor;          /* of 3.x; 0: 2.7 */
    int code_unit;      /* bytes: 2, an instruction is one or more of these; 1, it is one byte, or three with an argument */
    int jump_unit;      /* bytes that one unit of a jump argument stands for */
    int header_size;    /* 8: magic number, time of the source; 12: and its size; 16: flags before these (PEP 552) */
    bool has_old_types; /* str is bytes, unicode and long are types of their own, and marshal refers to interned strings only */
    bf_line_form line_form;
    bool has_localsplus;       /* code objects hold one table of locals, cells and free variables, and an exception table */
    bool has_no_line;          /* findlinestarts gives "no line" */
    bool absolute_jump_repr;   /* argrepr of an absolute jump says where to */
    bool label_repr;           /* argrepr of a jump names a label */
    int compare_shift;         /* bits of COMPARE_OP's argument below the operator */
    bool enters_resumed;       /* the code of a generator or coroutine begins with what resumes it on the stack */
    bool pops_except_early;    /* before the finally body that unbinds the name of an exception, not after it */
    int unicode;               /* 100 * major + minor of its unicodedata: what str.isprintable() says; 0: repr() escapes all but ASCII */
    bf_dis_form dis_form;
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
