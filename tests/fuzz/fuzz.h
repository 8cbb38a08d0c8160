/* What the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput; libFuzzer runs it, or replay.c over a corpus. It ends the
 * program by CHECK where a promise of the reader does not hold; the sanitizers end it where memory is misused. */
#ifndef BF_FUZZ_FUZZ_H
#define BF_FUZZ_FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/utf8.h"
#include "version/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                      \
    do {                                                                                      \
        if (condition) break;                                                                 \
        fprintf(stderr, "%s:%d: it does not hold that %s\n", __FILE__, __LINE__, #condition); \
        abort();                                                                              \
    } while (0)

/* What is left of the input. Numbers past its end are 0. */
typedef struct fuzz_input {
    const uint8_t *p;
    size_t n;
} fuzz_input;

static inline uint8_t take_u8(fuzz_input *in) {
    if (!in->n) return 0;
    in->n--;
    return *in->p++;
}

static inline uint32_t take_u32(fuzz_input *in) {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) value |= (uint32_t)take_u8(in) << 8 * i;
    return value;
}

/* The first n bytes, or as many as there are. */
static inline fuzz_input take(fuzz_input *in, size_t n) {
    if (n > in->n) n = in->n;
    fuzz_input taken = {in->p, n};
    in->p += n;
    in->n -= n;
    return taken;
}

/* A whole input in a block of its own size, so that AddressSanitizer sees what is read past it. NULL: there is none. */
static inline uint8_t *exact(fuzz_input in) {
    uint8_t *block = malloc(in.n ? in.n : 1);
    if (block && in.n) memcpy(block, in.p, in.n);
    return block;
}

enum { N_FUZZ_VERSIONS = 11 };

static inline const bf_cpython *fuzz_version(uint8_t n) {
    static const int ids[N_FUZZ_VERSIONS] = {27, 36, 37, 38, 39, 310, 311, 312, 313, 314, 315};
    return bf_cpython_by_id(ids[n % N_FUZZ_VERSIONS]);
}

/* UTF-8 that Arrow may take. */
static inline void check_text(bf_str s) {
    bool surrogate = false;
    CHECK(s.p || !s.n);
    for (uint32_t i = 0; i < s.n;) {
        int n = bf_utf8_sequence((const uint8_t *)s.p + i, s.n - i, &surrogate);
        CHECK(n && !surrogate);
        i += (uint32_t)n;
    }
}

/* An error says where and what: a status, one line of text, a place in the input or none. */
static inline void check_error(bf_status st, const bf_error *err, size_t size) {
    CHECK(st == err->code);
    CHECK((st == BF_OK) == !*err->message);
    CHECK(st == BF_OK || (err->offset >= -1 && err->offset <= (int64_t)size));
    check_text(bf_str_of(err->message));
}

#endif
