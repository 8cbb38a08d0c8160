/* A borrowed piece of text: UTF-8 that Arrow may take as it is. p == NULL is null, n == 0 with p != NULL is empty. */
#ifndef BF_BASE_STR_H
#define BF_BASE_STR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct bf_str {
    const char *p;
    uint32_t n;
} bf_str;

/* In static tables, where C11 wants an initializer and not a literal. */
#define BF_STR_INIT(literal) {(literal), (uint32_t)(sizeof(literal) - 1)}
#define BF_STR(literal) ((bf_str){(literal), (uint32_t)(sizeof(literal) - 1)})

static inline bf_str bf_str_of(const char *z) {
    return (bf_str){z, z ? (uint32_t)strlen(z) : 0};
}

static inline bool bf_str_eq(bf_str a, bf_str b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

#endif
