/* What PEP 552 stores of a source: SipHash under the magic number as its key. */
#ifndef BF_SOURCE_HASH_H
#define BF_SOURCE_HASH_H

#include <stddef.h>

#include "version/version.h"

/** What _imp.source_hash(magic, source) of that CPython gives, as a little-endian number; `magic` is the header's first four bytes. */
uint64_t bf_source_hash(const uint8_t *source, size_t size, uint32_t magic, const bf_cpython *version);

#endif
