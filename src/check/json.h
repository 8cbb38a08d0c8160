/* JSON documents in a stable order: keys as they are put in, maps sorted by key. */
#ifndef BF_CHECK_JSON_H
#define BF_CHECK_JSON_H

#include <jansson.h>

#include "base/error.h"
#include "schema/compare.h"

/** A document being made. A failed allocation sets `failed` and drops what follows, so that makers need one check at the end. */
typedef struct bf_json {
    json_t *root;
    bool failed;
} bf_json;

/** Adds to an object, or to an array. Takes `value`, and gives it back borrowed: NULL where it could not be made or added, which all
 *  functions here take. */
json_t *bf_json_set(bf_json *json, json_t *object, const char *key, json_t *value);
json_t *bf_json_add(bf_json *json, json_t *array, json_t *value);

/** A text, of any bytes: what is no UTF-8 is written \xNN. NULL is null. */
json_t *bf_json_text(const char *text);

/** {"key": "value"} of the metadata of the Arrow C Data Interface, sorted by key, without what Parquet's readers add. */
json_t *bf_json_metadata(bf_json *json, const char *metadata);

/** [{"path", "type", "nullable", "metadata"}] of every field at every depth, in their order. */
json_t *bf_json_fields(bf_json *json, const struct ArrowSchema *schema);

/** {"PATH": {"key": "value"}} of every field that has metadata; "" is the schema itself. */
json_t *bf_json_metadata_by_path(bf_json *json, const struct ArrowSchema *schema);

/** The whole document as text, with a line end; from malloc, NULL when memory runs out. */
char *bf_json_print(const json_t *root);

#endif
