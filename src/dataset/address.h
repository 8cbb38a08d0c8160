/* What a dataset is called: a path, and for a Delta table a version or a time behind it: DATASET@v3, DATASET@2026-11-24T10:00:00Z. */
#ifndef BF_DATASET_ADDRESS_H
#define BF_DATASET_ADDRESS_H

#include "base/error.h"

typedef struct bf_address {
    char *path;           /* from malloc */
    char version[24];     /* "3"; "": not by version */
    bool by_time;
    int64_t timestamp_ms; /* since 1970, UTC */
} bf_address;

/** Something of the whole name that is there is that, whatever it holds of @. Errors: BF_NO_MEMORY. */
bf_status bf_address_read(bf_address *out, const char *text, bf_error *err);

/** "2026-11-24", "2026-11-24T10:00:00.250+01:00": a time, in UTC where it has no zone. A blank may stand for the T. */
bool bf_time_read(int64_t *timestamp_ms, const char *text);

/** "2026-11-24T10:00:00.250Z" of such a time. */
typedef char bf_time_text[32];
const char *bf_time_put(bf_time_text out, int64_t timestamp_ms);

#endif
