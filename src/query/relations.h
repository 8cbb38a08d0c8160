/* The views of a session, each made when a statement first names it: as a view over the dataset, or as its flat table where that is current. */
#ifndef BF_QUERY_RELATIONS_H
#define BF_QUERY_RELATIONS_H

#include "query/flat.h"
#include "query/references.h"

typedef enum bf_made { BF_MADE_NOT, BF_MADE_VIEW, BF_MADE_FLAT } bf_made;

typedef struct bf_relation {
    bf_made made;
    bf_flat flat;    /* as last looked at */
    bool used_flat;  /* a statement did */
} bf_relation;

/** Makes the views that a statement refers to, and those that they use; all of them for a statement that asks the catalog, or is no question.
 *  Errors: BF_ENGINE naming the view, BF_NO_MEMORY. */
bf_status bf_relations_make(bf_session *session, const bf_references *references, bf_error *err);

/** Makes all that are not there yet. `as_views`: none is a flat table then. Errors: as above. */
bf_status bf_relations_make_all(bf_session *session, bool as_views, bf_error *err);

/** Creates a view, and those that it uses, in an engine that has the table alone. Errors: as above. */
bf_status bf_relations_create(const bf_serving *s, size_t view, bf_error *err);

/** The relation of a view with its flat table looked at anew; belongs to the session. Errors: BF_NO_MEMORY, BF_IO. */
bf_status bf_relations_look(bf_session *session, size_t view, const bf_relation **out, bf_error *err);

void bf_relations_free(bf_session *session);

#endif
