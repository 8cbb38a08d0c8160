/* The source beside a compiled file: whether it is the one that was compiled, and the file's positions in its terms. */
#ifndef BF_SOURCE_SOURCE_H
#define BF_SOURCE_SOURCE_H

#include "decode/facts.h"

enum { BF_MAX_SOURCE_BYTES = 1 << 26 }; /* of one source; a larger one counts as unreadable */

/** Adds the attr source_status to the facts of the file at `pyc_path`, whose bytes are `data`:
 *    match       there is a source, and the header's size and mtime, or its hash, are those of it
 *    mismatch    there is one and they are not, or the header could not be read
 *    absent      there is none where the import system would look: beside the file, or beside its __pycache__
 *    unreadable  there is something, and it cannot be read: no regular file, not permitted, too large, or it matches and is in an
 *                encoding that is not known here
 *  When it matches, source_sha256 is the digest of its bytes, and spans become code points and bytes of the source: position.col and end_col, byte_start and byte_len of each
 *  instruction that has a span. One that is not in the source stays as stored, and an error row says how many such there are.
 *  `data` is NULL where the file could not be read. Errors: BF_NO_MEMORY. */
bf_status bf_source_place(bf_file_facts *facts, const char *pyc_path, const uint8_t *data, size_t size, const char *assume_version,
                          bf_arena *arena, bf_error *err);

/** Adds the attrs alone: what a row depends on beside its own file. */
bf_status bf_source_identify(bf_file_facts *facts, const char *pyc_path, const uint8_t *data, size_t size, const char *assume_version,
                             bf_arena *arena, bf_error *err);

#endif
