/* UTF-8, one sequence at a time. */
#ifndef BF_BASE_UTF8_H
#define BF_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Length of the sequence at p, which has `left` > 0 bytes, or 0 when it is none. A surrogate counts as one, and sets *surrogate. */
static inline int bf_utf8_sequence(const uint8_t *p, size_t left, bool *surrogate) {
    uint8_t c = p[0];
    int n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
    if (n == 0 || (size_t)n > left) return 0;
    for (int i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    if ((c == 0xe0 && p[1] < 0xa0) || (c == 0xf0 && p[1] < 0x90) || (c == 0xf4 && p[1] > 0x8f)) return 0;
    if (c == 0xed && p[1] >= 0xa0) *surrogate = true;
    return n;
}

#endif
