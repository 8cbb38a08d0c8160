/* Filling the caller's bf_error: the first error stays, NULL is fine. */
#ifndef BF_BASE_ERROR_H
#define BF_BASE_ERROR_H

#include <stdarg.h>

#include "bytefusion/bytefusion.h"

/** Writes code, offset and message unless `err` holds an error already. Gives `code`. */
bf_status bf_fail(bf_error *err, bf_status code, int64_t offset, const char *format, ...) __attribute__((format(printf, 4, 5)));

/** "PATH: VERB: strerror(errno)" as BF_IO, or BF_NOT_FOUND for ENOENT. */
bf_status bf_fail_errno(bf_error *err, const char *verb, const char *path);

void bf_error_clear(bf_error *err);

/** Passes an error upwards while nothing is owned. */
#define BF_TRY(call)                          \
    do {                                      \
        bf_status bf_try_status_ = (call);    \
        if (bf_try_status_ != BF_OK) return bf_try_status_; \
    } while (0)

#endif
