/* Checking what a session serves, and writing down what was found. */
#ifndef BF_CHECK_CHECK_H
#define BF_CHECK_CHECK_H

#include "query/session.h"

/** Number of artifacts. */
enum { BF_N_ARTIFACTS = 7 };

/** Writes one artifact to DATASET/_bytefusion, whole or not at all. Nothing is written where the dataset is no directory.
 *  Errors: BF_NOT_FOUND (no such artifact), BF_IO, those of bf_session_artifact. */
bf_status bf_artifact_write(bf_session *session, const char *name, bf_error *err);

#endif
