/* All scopes on one session: the gates that let it through or stopped it, then what can be asked once it is open. */
#include "check/check.h"

#include <time.h>

#include "query/relations.h"

static const struct {
    int scope;
    const char *title;
    bf_status (*check)(bf_serving *s, bf_checks *out, bf_error *err); /* NULL: a gate, whose findings are there already */
    bool is_about_engine; /* and not about the dataset: goes on when the dataset was refused */
} scopes[] = {
    {1, "attrs", bf_attrs_check, false},
    {2, "attr coverage", bf_coverage_check, false}, /* and bf_flats_check */
    {3, "metadata capture", bf_metadata_check, false},
    {4, "signature gate", NULL, true},
    {5, "schema contracts", NULL, false},
    {6, "Arrow metadata", bf_arrow_metadata_check, false},
    {7, "partitions and listing", bf_partitions_check, false},
    {8, "scan knobs", bf_knobs_check, true},
    {9, "wide views", bf_wide_check, false},
};

enum { N_SCOPES = sizeof scopes / sizeof *scopes };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t count(const bf_checks *checks, int scope, bf_check_state state) {
    size_t n = 0;
    for (size_t i = 0; i < checks->n; i++) n += checks->items[i].scope == scope && checks->items[i].state == state;
    return n;
}

static bool has_any(const bf_checks *checks, int scope) {
    return count(checks, scope, BF_CHECK_OK) || count(checks, scope, BF_CHECK_FAIL) || count(checks, scope, BF_CHECK_NOT_CHECKED);
}

static void copy(bf_checks *out, const bf_checks *from, int scope) {
    for (size_t i = 0; i < from->n; i++) {
        const bf_check *c = &from->items[i];
        if (c->scope == scope) bf_checks_add(out, scope, c->state, c->name, c->expected, c->found);
    }
}

/* A dataset was refused before its turn came: the functions of the engine can be looked at all the same. */
static bf_status run_late_gate(bf_session *session, bf_error *err) {
    bf_error why = {0};
    bool is_late = session->stopped_scope == 7 || session->stopped_scope == 5;
    if (!is_late || has_any(&session->serving.gates, 4)) return BF_OK;
    bf_status st = bf_signatures_gate(&session->serving, &why);
    if (st == BF_NO_MEMORY) return bf_fail(err, st, -1, "%s", why.message);
    if (st != BF_OK && !count(&session->serving.gates, 4, BF_CHECK_FAIL))
        bf_checks_add(&session->serving.gates, 4, BF_CHECK_FAIL, "signature gate", "holds", why.message);
    return BF_OK;
}

/* What a gate said, where it left no finding of its own. */
static void add_stop(bf_session *session, bf_checks *out, size_t i) {
    if (session->stopped_scope == scopes[i].scope && !count(out, scopes[i].scope, BF_CHECK_FAIL))
        bf_checks_add(out, scopes[i].scope, BF_CHECK_FAIL, scopes[i].title, "the dataset is served", session->stopped.message);
}

static void add_not_checked(const bf_session *session, bf_checks *out, size_t i) {
    char found[64] = "nothing was looked at";
    if (session->stopped_scope) snprintf(found, sizeof found, "the dataset was refused by scope %d", session->stopped_scope);
    bf_checks_add(out, scopes[i].scope, BF_CHECK_NOT_CHECKED, scopes[i].title, "checked", found);
}

static bf_status check_scope(bf_session *session, bf_checks *out, size_t i, bf_error *err) {
    bf_error why = {0};
    copy(out, &session->serving.gates, scopes[i].scope);
    if (scopes[i].check && (!session->stopped_scope || scopes[i].is_about_engine)) {
        bf_status st = scopes[i].check(&session->serving, out, &why);
        if (st == BF_NO_MEMORY) return bf_fail(err, st, -1, "%s", why.message);
        if (session->interrupted) return bf_fail(err, BF_CANCELLED, -1, "interrupted");
        BF_TRY(bf_engine_goes_on(err));
        if (st != BF_OK) bf_checks_add(out, scopes[i].scope, BF_CHECK_FAIL, scopes[i].title, "its queries run", why.message);
    }
    add_stop(session, out, i);
    if (!has_any(out, scopes[i].scope)) add_not_checked(session, out, i);
    return BF_OK;
}

/* One that cannot be created is a finding; what asks it finds that too. */
static bf_status make_views(bf_session *session, bf_checks *out, bf_error *err) {
    bf_error why = {0};
    if (session->stopped_scope) return BF_OK;
    bf_status st = bf_relations_make_all(session, true, &why);
    if (st == BF_NO_MEMORY) return bf_fail(err, st, -1, "%s", why.message);
    if (st != BF_OK) bf_checks_add(out, 2, BF_CHECK_FAIL, "views", "all are created", why.message);
    return BF_OK;
}

bf_status bf_session_check(bf_session *session, const bf_check **checks, size_t *n_checks, bf_error *err) {
    double start = now();
    bf_checks *out = &session->checks;
    bf_error_clear(err);
    *checks = NULL;
    *n_checks = 0;
    session->is_checked = false;
    if (session->autoload && !session->dataset)
        return bf_fail(err, BF_INVALID_ARGUMENT, -1, "a catalog is checked dataset by dataset: open one of them");
    bf_checks_free(out);
    bf_status st = make_views(session, out, err);
    if (st == BF_OK) st = run_late_gate(session, err);
    for (size_t i = 0; i < N_SCOPES && st == BF_OK; i++) {
        st = check_scope(session, out, i, err);
        if (st == BF_OK && scopes[i].check == bf_coverage_check && !session->stopped_scope) st = bf_flats_check(session, out, err);
    }
    if (st == BF_OK && (out->failed || session->serving.gates.failed)) st = bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    if (st != BF_OK) return st;
    session->is_checked = true;
    session->checked_seconds = now() - start;
    *checks = out->items;
    *n_checks = out->n;
    return BF_OK;
}

bf_status bf_session_footers(const bf_session *session, bf_on_footer on_footer, void *context, bf_error *err) {
    const bf_serving *s = &session->serving;
    int concurrency = (int)bf_profile_int(s->profile, BF_OPT_meta_fetch_concurrency);
    return bf_footers_read(s->api, &s->files, concurrency, on_footer, context, NULL, err);
}

const char *bf_check_state_name(bf_check_state state) {
    static const char *const names[] = {"ok", "FAIL", "not checked"};
    return (size_t)state < sizeof names / sizeof *names ? names[state] : "unknown state";
}
