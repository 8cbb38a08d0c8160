/* Datasets found by name: each directory of datasets below one directory is a schema, registered when SQL refers to it. */
#ifndef BF_QUERY_AUTOLOAD_H
#define BF_QUERY_AUTOLOAD_H

#include "query/references.h"
#include "query/session.h"

/** The catalog that the profile names; NULL where it names none. Errors: BF_NOT_FOUND (no such directory), BF_UNSUPPORTED (its format). */
bf_status bf_autoload_open(bf_autoload **out, const bf_profile *profile, bf_error *err);

/** Registers the datasets that a statement refers to and that are not registered yet, in the session's engine. What is no directory of
 *  the catalog is left to the engine. Errors: those of bf_session_open_with, about the dataset. */
bf_status bf_autoload_load(bf_session *session, const bf_references *references, bf_error *err);

/** Adds to an error of the engine which datasets there are, when the statement referred to one that is not there. */
void bf_autoload_hint(const bf_autoload *catalog, bf_error *err);

void bf_autoload_free(bf_autoload *catalog);

#endif
