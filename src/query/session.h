/* What a session is made of, for what checks it and writes its artifacts. */
#ifndef BF_QUERY_SESSION_H
#define BF_QUERY_SESSION_H

#include "base/buf.h"
#include "serving/serving.h"

typedef struct bf_autoload bf_autoload;

struct bf_session {
    bf_serving serving;
    char *dataset;
    double opened_seconds; /* how long the gates and the registration took */
    int stopped_scope;     /* of the gate that stopped it; 0: it is open */
    bf_error stopped;      /* what that gate said */
    struct bf_relation *relations; /* of each view what became of it; NULL: nothing yet */
    bf_buf note;           /* lines, with a NUL at the end; empty where there is none */
    bool borrows_engine;   /* of the session whose catalog it is in */
    bf_autoload *autoload; /* NULL: no catalog */
    void (*on_stopped)(bf_session *member); /* told when a gate stops a dataset of the catalog; NULL is fine */
    bf_checks checks;      /* what the last check found; `is_checked`: there was one */
    bool is_checked;
    double checked_seconds;
    volatile bool interrupted; /* set by a signal handler, or another thread */
};

/** As bf_session_open_with, but *out is the session also when a gate stopped it: `stopped` says so, it has no table then, and is to be
 *  closed. NULL after any other failure. */
bf_status bf_session_try(const bf_profile *profile, const char *dataset, bf_session **out, bf_error *err);

/** A session with nothing open yet; NULL when memory runs out. `table`: static, or outlives it. */
bf_session *bf_session_new(const bf_profile *profile, const char *dataset, const char *table);

/** All gates, then the table; an engine that is open already is kept. Where a gate stops it, `stopped` says so. */
bf_status bf_session_serve(bf_session *session, bf_error *err);

#endif
