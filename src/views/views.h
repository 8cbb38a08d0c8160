/* The views as templates: src/views/NN_name.sql, embedded by the build, with marks that are filled in for one engine and one table. */
#ifndef BF_VIEWS_VIEWS_H
#define BF_VIEWS_VIEWS_H

#include "base/buf.h"
#include "base/error.h"

/** How an engine names the columns of unnest(base.span): before + "base.span" + after + ".start". */
typedef struct bf_unnest_form {
    const char *engine; /* where this form is from */
    const char *before, *after;
} bf_unnest_form;

/** A query whose only column has the name that bf_unnest_form_find reads. */
#define BF_UNNEST_PROBE "SELECT unnest(base.span) FROM (SELECT named_struct('start', 1) AS span) AS base"

/** The form of an engine, from the column name of BF_UNNEST_PROBE. Static.
 *  Errors: BF_ENGINE for a form that is not known here; the message has the name that came and those that are known. */
bf_status bf_unnest_form_find(const bf_unnest_form **out, const char *column, bf_error *err);

/** What is filled in. {0} is the default form: no partition columns, the names of DataFusion 54 and later. Borrows. */
typedef struct bf_view_fill {
    const char *const *partition_cols; /* names; quoted here */
    size_t n_partition_cols;
    const bf_unnest_form *unnest;
} bf_view_fill;

/** Appends the SELECT of the view at `index`, below bf_view_count(), with its marks filled in; no NUL.
 *  Errors: BF_NO_MEMORY, BF_INVALID_ARGUMENT (a partition column without a name). */
bf_status bf_view_expand(bf_buf *out, size_t index, const bf_view_fill *fill, bf_error *err);

/** Whether the SQL of the view at `index` names another view. */
bool bf_view_uses(size_t index, const char *name);

#endif
