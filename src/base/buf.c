#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool bf_buf_reserve_slow(bf_buf *buf, size_t extra) {
    if (buf->failed || extra > SIZE_MAX / 4 - buf->n) {
        buf->failed = true;
        return false;
    }
    size_t capacity = buf->capacity ? buf->capacity * 2 : 256;
    while (capacity < buf->n + extra) capacity *= 2;
    char *p = realloc(buf->p, capacity);
    if (!p) {
        buf->failed = true;
        return false;
    }
    buf->p = p;
    buf->capacity = capacity;
    return true;
}

void bf_buf_printf(bf_buf *buf, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n > 0 && bf_buf_reserve(buf, (size_t)n + 1)) {
        vsnprintf(buf->p + buf->n, (size_t)n + 1, format, again);
        buf->n += (size_t)n;
    }
    va_end(again);
}

void bf_buf_free(bf_buf *buf) {
    free(buf->p);
    *buf = (bf_buf){0};
}
