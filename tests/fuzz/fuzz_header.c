/* The first bytes of a file. Input: which version to assume (0: none), then the file. */
#include "fuzz.h"

#include "pyc/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, size};
    uint8_t which = take_u8(&in);
    bf_pyc_header h;
    bf_error err = {0};
    bf_status st = bf_pyc_header_read(&h, in.p, in.n, which ? fuzz_version(which) : NULL, &err);
    check_error(st, &err, in.n);
    if (st == BF_OK) {
        CHECK(h.version && h.size_bytes == (size_t)h.version->header_size && h.size_bytes <= in.n);
        CHECK(h.flags <= 3 && h.is_hash == (h.flags & 1));
    }
    CHECK(!h.size_bytes || h.version);
    return 0;
}
