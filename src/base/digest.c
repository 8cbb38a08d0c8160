#include "base/digest.h"

#define OPENSSL_SUPPRESS_DEPRECATED /* SHA256() looks its algorithm up each time, which takes longer than to digest a short text */
#include <openssl/sha.h>

void bf_sha256(uint8_t out[BF_SHA256_BYTES], const void *data, size_t size) {
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, data, size);
    SHA256_Final(out, &context);
}

void bf_hex(char *out, const uint8_t *bytes, size_t n) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
}
