/* The contract of bytecode_files_v1 as data, and the Arrow schema made of it. */
#ifndef BF_SCHEMA_SCHEMA_H
#define BF_SCHEMA_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define BF_TABLE_NAME "bytecode_files_v1"

typedef enum bf_field_type {
    BF_TYPE_UTF8,
    BF_TYPE_INT32,
    BF_TYPE_INT64,
    BF_TYPE_BOOL,
    BF_TYPE_STRUCT,
    BF_TYPE_LIST_STRUCT, /* items are never null */
    BF_TYPE_LIST_UTF8,
    BF_TYPE_MAP /* utf8 not null -> utf8 */
} bf_field_type;

typedef enum bf_metadata_set { BF_META_NONE, BF_META_SCHEMA, BF_META_LINE_BASE_1, BF_META_SPAN } bf_metadata_set;

typedef struct bf_field {
    const char *path; /* "code_objects[].instructions[].opcode" */
    bf_field_type type;
    bool nullable;
    bf_metadata_set metadata;
    const char *meaning;
} bf_field;

typedef struct bf_pair {
    bf_metadata_set set;
    const char *key, *value;
} bf_pair;

extern const bf_field bf_fields[];
extern const size_t bf_n_fields;
extern const bf_pair bf_pairs[];
extern const size_t bf_n_pairs;

#endif
