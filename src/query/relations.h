/* The views of a session, each made when a statement first names it. */
#ifndef BF_QUERY_RELATIONS_H
#define BF_QUERY_RELATIONS_H

#include "query/references.h"
#include "query/session.h"

/** Makes the views that a statement refers to, and those that they use; all of them for a statement that asks the catalog, or is no question.
 *  Errors: BF_ENGINE naming the view, BF_NO_MEMORY. */
bf_status bf_relations_make(bf_session *session, const bf_references *references, bf_error *err);

/** Makes all that are not there yet. Errors: as above. */
bf_status bf_relations_make_all(bf_session *session, bf_error *err);

#endif
