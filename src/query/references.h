/* What a statement refers to: the names of its tables, as the engine's parser sees them. */
#ifndef BF_QUERY_REFERENCES_H
#define BF_QUERY_REFERENCES_H

#include "serving/serving.h"

typedef struct bf_reference {
    const char *schema, *name; /* schema: NULL where the statement names none */
} bf_reference;

typedef struct bf_references {
    bf_reference *items;
    size_t n;
    bool is_question; /* SELECT and the like: it changes nothing */
    bf_arena arena;
} bf_references; /* {0} is an empty one */

/** SQL that does not parse refers to nothing: running it says what is wrong. Errors: BF_NO_MEMORY. */
bf_status bf_references_find(bf_references *out, const bf_serving *s, const char *sql, bf_error *err);
void bf_references_free(bf_references *references);

#endif
