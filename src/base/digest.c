#include "base/digest.h"

#include <openssl/sha.h>

void bf_sha256(uint8_t out[BF_SHA256_BYTES], const void *data, size_t size) {
    SHA256(data, size, out);
}

void bf_hex(char *out, const uint8_t *bytes, size_t n) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
}
