/* A whole file in memory. Not mapped: a file that shrinks under a mapping kills the process. */
#ifndef BF_BASE_FILE_H
#define BF_BASE_FILE_H

#include "base/error.h"

/** open(2), but a path may be longer than the system takes at once. With errno where it fails. */
int bf_file_open(const char *path, int flags);

/** Reads a regular file of at most `limit` bytes; *data is from malloc (never NULL on success).
 *  Errors: BF_NOT_FOUND, BF_IO (also for a directory, a FIFO or a device, which are not opened for reading), BF_LIMIT, BF_NO_MEMORY. */
bf_status bf_file_read(const char *path, size_t limit, uint8_t **data, size_t *size, bf_error *err);

#endif
