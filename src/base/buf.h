/* A growable byte buffer. A failed allocation sets `failed` and drops what follows, so that writers need one check at the end. */
#ifndef BF_BASE_BUF_H
#define BF_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

typedef struct bf_buf {
    char *p;
    size_t n, capacity;
    bool failed;
} bf_buf; /* {0} is an empty one */

bool bf_buf_reserve_slow(bf_buf *buf, size_t extra);
void bf_buf_printf(bf_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void bf_buf_free(bf_buf *buf);

static inline bool bf_buf_reserve(bf_buf *buf, size_t extra) {
    return extra <= buf->capacity - buf->n ? true : bf_buf_reserve_slow(buf, extra);
}

static inline void bf_buf_put(bf_buf *buf, const void *p, size_t n) {
    if (n && bf_buf_reserve(buf, n)) {
        memcpy(buf->p + buf->n, p, n);
        buf->n += n;
    }
}

static inline void bf_buf_putc(bf_buf *buf, char c) {
    if (bf_buf_reserve(buf, 1)) buf->p[buf->n++] = c;
}

static inline void bf_buf_puts(bf_buf *buf, const char *z) {
    bf_buf_put(buf, z, strlen(z));
}

static inline void bf_buf_put_str(bf_buf *buf, bf_str s) {
    bf_buf_put(buf, s.p, s.n);
}

#endif
