/* The first bytes of a .pyc: magic number, flags (PEP 552, from 3.7), and what its source looked like. */
#ifndef BF_PYC_HEADER_H
#define BF_PYC_HEADER_H

#include <stddef.h>

#include "base/error.h"
#include "version/version.h"

typedef struct bf_pyc_header {
    uint16_t magic;
    const bf_magic *known;     /* NULL: a magic number that nobody has listed */
    const bf_cpython *version; /* whose formats the rest is read by */
    uint32_t flags;            /* bit 0: hash-based, bit 1: the import system checks the hash */
    bool has_flags, has_source_size; /* the header has a place for them */
    bool is_hash;
    uint32_t source_mtime, source_size; /* timestamp-based */
    uint64_t source_hash;               /* hash-based; its eight bytes as a little-endian number */
    size_t size_bytes;                  /* where the marshalled code begins */
} bf_pyc_header;

/** Reads the header. `assume` overrides what the magic says; NULL trusts it.
 *  Errors: BF_TRUNCATED, BF_CORRUPT (no pyc at all, unknown flag bits), BF_UNSUPPORTED (names the magic and its version).
 *  Fields read before an error are filled. */
bf_status bf_pyc_header_read(bf_pyc_header *out, const uint8_t *data, size_t size, const bf_cpython *assume, bf_error *err);

#endif
