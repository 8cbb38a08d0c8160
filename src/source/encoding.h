/* How a source is encoded (PEP 263), and making UTF-8 of it. */
#ifndef BF_SOURCE_ENCODING_H
#define BF_SOURCE_ENCODING_H

#include "base/buf.h"
#include "base/error.h"

typedef struct bf_encoding {
    const char *charset; /* iconv's name; NULL: an encoding that is not read here */
    bool is_utf8;
    size_t bom; /* bytes of UTF-8's mark at the start */
} bf_encoding;

/** What the mark, or the coding cookie in the first two lines, says, as CPython's tokenizer reads it. */
bf_encoding bf_encoding_find(const uint8_t *file, size_t size);

/** Appends the file as UTF-8 to `text`, and to `origins`, as uint32_t, where in the file each code point begins.
 *  ASCII is ASCII in every charset here. Errors: BF_CORRUPT (bytes that the charset lacks, or that CPython reads differently),
 *  BF_UNSUPPORTED (a charset that this system's iconv lacks), BF_NO_MEMORY. */
bf_status bf_encoding_read(bf_buf *text, bf_buf *origins, const char *charset, const uint8_t *file, size_t size, bf_error *err);

#endif
