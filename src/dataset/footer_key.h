/* The footer of a Parquet file without its columns: enough to know one that was read before by another name. */
#ifndef BF_DATASET_FOOTER_KEY_H
#define BF_DATASET_FOOTER_KEY_H

#include <stdbool.h>

#include "base/digest.h"

typedef struct bf_footer_key {
    uint8_t digest[BF_SHA256_BYTES]; /* of all that is not about rows: schema, key-value pairs, writer */
    int64_t rows, row_groups;
} bf_footer_key;

/** Of the bytes of a footer, FileMetaData in Thrift's compact protocol. False where they are of no form known here.
 *  Source: parquet.thrift of apache/parquet-format 2.x; thrift-compact-protocol.md. */
bool bf_footer_key_parse(bf_footer_key *out, const uint8_t *data, size_t size);

/** Of a file; reads nothing else of it. False where there is no such footer: then the engine says what is wrong. */
bool bf_footer_key_read(bf_footer_key *out, const char *path);

#endif
