/* Whether a schema meets the contract: differences by field path, and fingerprints. */
#ifndef BF_SCHEMA_COMPARE_H
#define BF_SCHEMA_COMPARE_H

#include "base/buf.h"
#include "base/error.h"

typedef enum bf_compare_mode {
    BF_COMPARE_LOGICAL, /* utf8 and utf8view are one type */
    BF_COMPARE_PHYSICAL
} bf_compare_mode;

/** One difference; texts are valid during the call only. */
typedef struct bf_difference {
    const char *path;     /* "code_objects[].instructions[].opcode"; "" is the schema itself */
    const char *what;     /* "type", "nullability", "metadata", "missing", "extra", "order" */
    const char *expected; /* "int32", "not null", "semantic_type=Span" */
    const char *found;
    bool is_widening;     /* the type found holds every value of the one expected: int64 for int32, large_utf8 for utf8 */
} bf_difference;

typedef void (*bf_on_difference)(void *context, const bf_difference *difference);

/** Compares field by field, in order. The inner names of lists and maps do not count, nor
 *  Parquet's field ids, nor pairs that `found` has at the schema's level beyond those expected. Gives the number of differences. */
size_t bf_schema_compare(const struct ArrowSchema *expected, const struct ArrowSchema *found, bf_compare_mode mode,
                         bf_on_difference on_difference, void *context);

/** Appends the canonical text: a line a field ("PATH TYPE NULLABILITY METADATA"), metadata sorted by key. */
void bf_schema_text(bf_buf *out, const struct ArrowSchema *schema, bf_compare_mode mode);

/** SHA-256 of that text, as 64 hexadecimal digits and a NUL. Errors: BF_NO_MEMORY. */
bf_status bf_schema_fingerprint(char out[65], const struct ArrowSchema *schema, bf_compare_mode mode, bf_error *err);

/** Name of a type, as "int32", "list<struct>", "map<utf8,utf8>". */
void bf_schema_type_name(bf_buf *out, const struct ArrowSchema *field, bf_compare_mode mode);

#endif
