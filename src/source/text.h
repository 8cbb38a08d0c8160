/* A source file as CPython's tokenizer sees it, and where its positions are: lines that end with \n, \r\n or \r, columns in bytes of
 * the line's UTF-8 -> code points of the line, bytes of the file. */
#ifndef BF_SOURCE_TEXT_H
#define BF_SOURCE_TEXT_H

#include "base/buf.h"
#include "base/error.h"

typedef struct bf_text {
    const uint8_t *utf8; /* without a mark at the start */
    uint32_t n;
    uint32_t *lines; /* where each begins; there is always one, and one after the last line end */
    uint32_t n_lines;
    uint32_t *counts; /* code points before each block of bytes; NULL: all is ASCII */
    const uint32_t *origins; /* where in the file each code point begins; NULL: its bytes are the file's, `bom` further on */
    uint32_t bom;
    bool is_broken; /* not all of it is UTF-8: until 3.13, comments may be anything */
    bf_buf converted, origin_bytes;
} bf_text;

/** Reads a file of less than 2 GiB, which `out` borrows. Free with bf_text_free. Errors: those of bf_encoding_read;
 *  BF_UNSUPPORTED also where the coding cookie names an encoding that is not read here. */
bf_status bf_text_read(bf_text *out, const uint8_t *file, size_t size, bf_error *err);
void bf_text_free(bf_text *text);

typedef struct bf_text_place {
    int32_t col;    /* code points from the start of the line */
    int32_t offset; /* bytes from the start of the file */
} bf_text_place;

/** Where a position is: 1-based line, column in bytes of UTF-8. False where the text has no such line, the line is shorter, or the
 *  column lies inside of a character. */
bool bf_text_find(const bf_text *text, int32_t line, int32_t col, bf_text_place *out);

#endif
