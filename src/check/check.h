/* Checking what a session serves, and writing down what was found. */
#ifndef BF_CHECK_CHECK_H
#define BF_CHECK_CHECK_H

#include "query/session.h"

/** Number of artifacts, and the version of their shape. */
enum { BF_N_ARTIFACTS = 7, BF_ARTIFACT_VERSION = 1 };

/** Writes one artifact to DATASET/_bytefusion, whole or not at all. Nothing is written where the dataset is no directory.
 *  Errors: BF_NOT_FOUND (no such artifact), BF_IO, those of bf_session_artifact. */
bf_status bf_artifact_write(bf_session *session, const char *name, bf_error *err);

/** Scope 2, flat tables: what lies beside the dataset, against the views that it stands for. The views are views, as bf_relations_make_all makes
 *  them. Errors: BF_NO_MEMORY. */
bf_status bf_flats_check(bf_session *session, bf_checks *out, bf_error *err);

/** bf_footers_read of the session's files, as many at once as its profile says. */
bf_status bf_session_footers(const bf_session *session, bf_on_footer on_footer, void *context, bf_error *err);

#endif
