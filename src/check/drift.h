/* Differences, told one by one. */
#ifndef BF_CHECK_DRIFT_H
#define BF_CHECK_DRIFT_H

#include "check/documents.h"

typedef struct bf_drifts {
    void (*on_drift)(void *context, const bf_drift *drift); /* NULL: they are only counted */
    void *context;
    size_t n;
    bf_json json; /* of tables that are made on the way: whether an allocation failed */
} bf_drifts;

void bf_drift_tell(bf_drifts *drifts, const char *what, const char *name, const char *a, const char *b);

/** Tells it when the texts differ. */
void bf_drift_tell_if(bf_drifts *drifts, const char *what, const char *name, const char *a, const char *b);

/** Tells which texts two objects do not both have under the same key. */
void bf_drift_compare_tables(bf_drifts *drifts, const char *what, json_t *a, json_t *b);

/** Compares views, functions and settings: those of the last check where it left its artifacts, else as they are now.
 *  Errors: those of bf_session_artifact. */
bf_status bf_drift_documents(bf_drifts *drifts, bf_session *a, bf_session *b, bf_error *err);

#endif
