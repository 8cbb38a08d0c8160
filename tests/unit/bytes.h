/* What the unit tests share: versions by the bits of a *_cases.inc row, copies that end where the input ends, texts. */
#ifndef BF_TEST_BYTES_H
#define BF_TEST_BYTES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"
#include "version/version.h"

enum { N_VERSIONS = 8 };

/** Bit 0 is 3.8. */
static inline const bf_cpython *version_of_bit(int bit) {
    static const int ids[N_VERSIONS] = {38, 39, 310, 311, 312, 313, 314, 315};
    return bf_cpython_by_id(ids[bit]);
}

static inline const bf_cpython *version_of(int id) {
    const bf_cpython *version = bf_cpython_by_id(id);
    assert_non_null(version);
    return version;
}

/** From malloc and of exactly `n` bytes: a sanitizer sees every byte read past its end. */
static inline uint8_t *exact_copy(const void *bytes, size_t n) {
    uint8_t *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    if (n) memcpy(copy, bytes, n);
    return copy;
}

static inline void assert_text(bf_str found, const char *expected) {
    if (!found.p) fail_msg("null where \"%s\" was expected", expected);
    if (found.n != strlen(expected) || memcmp(found.p, expected, found.n))
        fail_msg("\"%.*s\" where \"%s\" was expected", (int)found.n, found.p, expected);
}

/** Against a text, or against "sha256 HEX" of a long one. */
static inline void assert_said(bf_buf *found, const char *expected, const char *name, const char *version) {
    char hex[7 + 2 * BF_SHA256_BYTES + 1] = "sha256 ";
    bf_buf_putc(found, 0);
    assert_false(found->failed);
    const char *text = found->p;
    if (!strncmp(expected, "sha256 ", 7)) {
        uint8_t digest[BF_SHA256_BYTES];
        bf_sha256(digest, found->p, found->n - 1);
        bf_hex(hex + 7, digest, sizeof digest);
        hex[sizeof hex - 1] = 0;
        text = hex;
    }
    if (!strcmp(text, expected)) return;
    if (text == hex) {
        fprintf(stderr, "%s\n", found->p); /* all of it: which part is wrong, the digest does not say */
        fail_msg("%s of CPython %s: the text above is %s, it should be %s", name, version, text, expected);
    }
    size_t same = 0;
    while (text[same] == expected[same]) same++;
    size_t from = same > 80 ? same - 80 : 0;
    fail_msg("%s of CPython %s, at byte %zu:\n%.160s\nwhere it says\n%.160s", name, version, same, text + from, expected + from);
}

#endif
