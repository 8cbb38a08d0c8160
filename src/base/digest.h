/* SHA-256 and hexadecimal, over libcrypto. */
#ifndef BF_BASE_DIGEST_H
#define BF_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum { BF_SHA256_BYTES = 32 };

void bf_sha256(uint8_t out[BF_SHA256_BYTES], const void *data, size_t size);

/** 2 * n lower-case digits, no NUL. */
void bf_hex(char *out, const uint8_t *bytes, size_t n);

#endif
