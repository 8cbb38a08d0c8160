/* The contract of the views: which columns each one has, as columns.def lists them, and the Arrow schema made of it. */
#ifndef BF_VIEWS_COLUMNS_H
#define BF_VIEWS_COLUMNS_H

#include "schema/schema.h"
#include "views/views.h"

typedef struct bf_view_column {
    const char *view;
    const char *name;   /* with a dot: "base.span.start" stands for the engine's name of that field of unnest(base.span) */
    bf_field_type type; /* of what the view computes; unused where `field` is set */
    const char *field;  /* path of the table's field that it is; NULL: it is computed */
    bool nullable;
} bf_view_column;

extern const bf_view_column bf_view_columns[];
extern const size_t bf_n_view_columns;

/** The field at a path of a table, "code_objects[].consts[].const_repr"; NULL where there is none. Borrows. */
const struct ArrowSchema *bf_table_field(const struct ArrowSchema *table, const char *path);

/** The schema that a view has over a table of this schema: partition columns last, no schema metadata. The caller releases `out`.
 *  Errors: BF_NO_MEMORY, BF_CONTRACT (the table lacks a field of it, or has no view of that name). */
bf_status bf_view_schema(struct ArrowSchema *out, const char *view, const struct ArrowSchema *table, const bf_view_fill *fill,
                         bf_error *err);

#endif
