#include "pyc/header.h"

#include "base/load.h"

enum { FLAG_HASH = 1, FLAG_CHECK_SOURCE = 2 };

bf_status bf_pyc_header_read(bf_pyc_header *out, const uint8_t *data, size_t size, const bf_cpython *assume, bf_error *err) {
    *out = (bf_pyc_header){0};
    if (size < 4) return bf_fail(err, BF_TRUNCATED, (int64_t)size, "file of %zu bytes, a magic number needs 4", size);
    out->magic = bf_load_u16(data);
    if (data[2] != '\r' || data[3] != '\n')
        return bf_fail(err, BF_CORRUPT, 2, "bytes %02x %02x where every .pyc has 0d 0a: not compiled Python", data[2], data[3]);
    out->known = bf_magic_find(out->magic);
    out->version = assume ? assume : out->known ? bf_cpython_by_id(out->known->version) : NULL;
    if (!out->version && out->known)
        return bf_fail(err, BF_UNSUPPORTED, 0, "magic number %u is CPython %s, which is not read", out->magic, out->known->name);
    if (!out->version)
        return bf_fail(err, BF_UNSUPPORTED, 0, "unknown magic number %u (bytes %02x %02x 0d 0a); --assume-version X.Y reads it all the same",
                       out->magic, data[0], data[1]);
    size_t size_bytes = (size_t)out->version->header_size, at = 4;
    if (size < size_bytes)
        return bf_fail(err, BF_TRUNCATED, (int64_t)size, "file of %zu bytes, the header of CPython %s has %zu", size, out->version->name,
                       size_bytes);
    out->has_flags = size_bytes >= 16;
    out->has_source_size = size_bytes >= 12;
    if (out->has_flags) {
        out->flags = bf_load_u32(data + at);
        at += 4;
    }
    out->is_hash = out->flags & FLAG_HASH;
    if (out->is_hash) {
        out->source_hash = bf_load_u64(data + at);
    } else {
        out->source_mtime = bf_load_u32(data + at);
        if (out->has_source_size) out->source_size = bf_load_u32(data + at + 4);
    }
    out->size_bytes = size_bytes;
    if (out->flags & ~(uint32_t)(FLAG_HASH | FLAG_CHECK_SOURCE))
        return bf_fail(err, BF_CORRUPT, 4, "header flags 0x%x, known are 0x1 (hash) and 0x2 (check source)", out->flags);
    return BF_OK;
}
