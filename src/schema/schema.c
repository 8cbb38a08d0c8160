#include "schema/schema.h"

#include <string.h>

#include "nanoarrow/nanoarrow.h"

#define NULLABLE true
#define REQUIRED false
const bf_field bf_fields[] = {
#define BF_FIELD(path, type, nullability, metadata, meaning) {path, BF_TYPE_##type, nullability, BF_META_##metadata, meaning},
#define BF_PAIR(set, key, value)
#include "schema/tables.def"
#undef BF_FIELD
#undef BF_PAIR
};
#undef NULLABLE
#undef REQUIRED

const bf_pair bf_pairs[] = {
#define BF_FIELD(path, type, nullability, metadata, meaning)
#define BF_PAIR(set, key, value) {BF_META_##set, key, value},
#include "schema/tables.def"
#undef BF_FIELD
#undef BF_PAIR
};

const size_t bf_n_fields = sizeof bf_fields / sizeof *bf_fields;
const size_t bf_n_pairs = sizeof bf_pairs / sizeof *bf_pairs;

#define TRY(call) NANOARROW_RETURN_NOT_OK(call)

static ArrowErrorCode set_metadata(struct ArrowSchema *schema, bf_metadata_set set) {
    if (set == BF_META_NONE) return NANOARROW_OK;
    struct ArrowBuffer pairs;
    ArrowErrorCode code = ArrowMetadataBuilderInit(&pairs, NULL);
    for (size_t i = 0; i < bf_n_pairs && code == NANOARROW_OK; i++)
        if (bf_pairs[i].set == set) code = ArrowMetadataBuilderAppend(&pairs, ArrowCharView(bf_pairs[i].key), ArrowCharView(bf_pairs[i].value));
    if (code == NANOARROW_OK) code = ArrowSchemaSetMetadata(schema, (const char *)pairs.data);
    ArrowBufferReset(&pairs);
    return code;
}

static void set_nullable(struct ArrowSchema *schema, bool nullable) {
    schema->flags = nullable ? schema->flags | ARROW_FLAG_NULLABLE : schema->flags & ~(int64_t)ARROW_FLAG_NULLABLE;
}

/* Names as Parquet's specification has them, which Delta Lake shares. */
static ArrowErrorCode set_map(struct ArrowSchema *schema) {
    TRY(ArrowSchemaSetType(schema, NANOARROW_TYPE_MAP));
    struct ArrowSchema *entries = schema->children[0];
    TRY(ArrowSchemaSetName(entries, "key_value"));
    TRY(ArrowSchemaSetName(entries->children[0], "key"));
    TRY(ArrowSchemaSetName(entries->children[1], "value"));
    TRY(ArrowSchemaSetType(entries->children[0], NANOARROW_TYPE_STRING));
    TRY(ArrowSchemaSetType(entries->children[1], NANOARROW_TYPE_STRING));
    set_nullable(entries, false);
    set_nullable(entries->children[0], false);
    return NANOARROW_OK;
}

/* Whether a path is that of a child of `prefix` ("", "code_objects[]."), and not of what lies deeper. */
static bool is_child(const char *path, const char *prefix, size_t n) {
    return !strncmp(path, prefix, n) && !strchr(path + n, '.');
}

static ArrowErrorCode set_struct(struct ArrowSchema *schema, const char *prefix);

static ArrowErrorCode set_field(struct ArrowSchema *schema, const bf_field *field, size_t n_prefix) {
    static const enum ArrowType plain[] = {NANOARROW_TYPE_STRING, NANOARROW_TYPE_INT32, NANOARROW_TYPE_INT64, NANOARROW_TYPE_BOOL};
    char inner[128];
    switch (field->type) {
    case BF_TYPE_UTF8:
    case BF_TYPE_INT32:
    case BF_TYPE_INT64:
    case BF_TYPE_BOOL: TRY(ArrowSchemaSetType(schema, plain[field->type])); break;
    case BF_TYPE_STRUCT:
        snprintf(inner, sizeof inner, "%s.", field->path);
        TRY(set_struct(schema, inner));
        break;
    case BF_TYPE_LIST_STRUCT:
    case BF_TYPE_LIST_UTF8:
        TRY(ArrowSchemaSetType(schema, NANOARROW_TYPE_LIST));
        snprintf(inner, sizeof inner, "%s[].", field->path);
        if (field->type == BF_TYPE_LIST_UTF8)
            TRY(ArrowSchemaSetType(schema->children[0], NANOARROW_TYPE_STRING));
        else
            TRY(set_struct(schema->children[0], inner));
        TRY(ArrowSchemaSetName(schema->children[0], "element"));
        set_nullable(schema->children[0], false);
        break;
    case BF_TYPE_MAP: TRY(set_map(schema)); break;
    }
    TRY(ArrowSchemaSetName(schema, field->path + n_prefix));
    set_nullable(schema, field->nullable);
    return set_metadata(schema, field->metadata);
}

static ArrowErrorCode set_struct(struct ArrowSchema *schema, const char *prefix) {
    size_t n = strlen(prefix);
    int64_t n_children = 0, child = 0;
    for (size_t i = 0; i < bf_n_fields; i++) n_children += is_child(bf_fields[i].path, prefix, n);
    TRY(ArrowSchemaSetTypeStruct(schema, n_children));
    for (size_t i = 0; i < bf_n_fields; i++)
        if (is_child(bf_fields[i].path, prefix, n)) TRY(set_field(schema->children[child++], &bf_fields[i], n));
    return NANOARROW_OK;
}

bf_status bf_schema(struct ArrowSchema *out, bf_error *err) {
    bf_error_clear(err);
    ArrowSchemaInit(out);
    ArrowErrorCode code = set_struct(out, "");
    if (code == NANOARROW_OK) code = ArrowSchemaSetName(out, "");
    if (code == NANOARROW_OK) code = set_metadata(out, BF_META_SCHEMA);
    if (code == NANOARROW_OK) return BF_OK;
    ArrowSchemaRelease(out);
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}
