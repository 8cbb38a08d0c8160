/* Where code came from: the forms of a line table, read into ranges and line starts. */
#ifndef BF_CODE_LINES_H
#define BF_CODE_LINES_H

#include "code/code.h"

#define BF_NO_LINE INT32_MIN

/** Bytes [start, end) of the code and their place in the source: 1-based lines, columns in bytes of UTF-8; BF_NO_LINE for none. */
typedef struct bf_line_range {
    int32_t start, end;
    int32_t line, end_line, col, end_col;
} bf_line_range;

typedef struct bf_line_start {
    int32_t offset, line;
} bf_line_start;

typedef struct bf_lines {
    bf_line_range *ranges; /* ascending, without gaps up to the end of the table; none until 3.9 */
    uint32_t n_ranges;
    bf_line_start *starts; /* what that version's dis.findlinestarts gives */
    uint32_t n_starts;
} bf_lines;

/** Reads the line table. Errors: BF_CORRUPT and BF_TRUNCATED with the offset in the file; `out` then holds what came before. */
bf_status bf_code_lines(bf_lines *out, const bf_code *code, bf_arena *arena, bf_error *err);

#endif
