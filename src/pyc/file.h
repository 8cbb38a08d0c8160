/* A compiled file in memory. */
#ifndef BF_PYC_FILE_H
#define BF_PYC_FILE_H

#include "base/file.h"

/** As bf_file_read, within the limit of bytes (NULL: the default). Errors: those of bf_file_read; BF_LIMIT names the limit. */
bf_status bf_pyc_file_read(const char *path, const bf_limits *limits, uint8_t **data, size_t *size, bf_error *err);

#endif
