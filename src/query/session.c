/* A dataset opened for SQL: settings, gates, the table with its contract, and streams of rows. */
#include "query/autoload.h"

#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "nanoarrow/nanoarrow.h"
#include "query/relations.h"
#include "schema/schema.h"

static bf_status no_memory(bf_error *err) {
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bf_status open_engine(bf_serving *s, bf_error *err) {
    bf_arena arena = {0};
    bf_engine_option *settings = NULL;
    size_t n = 0;
    bf_engine_error why = {0};
    if (s->engine) return BF_OK;
    bf_status st = bf_engine_load(&s->api, err);
    if (st == BF_OK) st = bf_knobs_settings(s->profile, &arena, &settings, &n, err);
    if (st == BF_OK && s->api->open(settings, n, &s->engine, &why) != BF_ENGINE_OK) st = bf_engine_fail(err, &why);
    free(settings);
    bf_arena_free(&arena);
    return st;
}

static bf_status register_table(bf_serving *s, bf_error *err) {
    return bf_contract_register(s, err);
}

bf_status bf_session_view_sql(bf_session *session, const char *name, char **sql, bf_error *err) {
    bf_buf text = {0};
    size_t i = 0;
    bf_error_clear(err);
    *sql = NULL;
    while (i < bf_view_count() && strcmp(bf_view_name(i), name)) i++;
    if (i == bf_view_count()) return bf_fail(err, BF_NOT_FOUND, -1, "no view %s; `bytefusion views` lists them", name);
    bf_status st = bf_view_expand(&text, i, &session->serving.fill, err);
    bf_buf_putc(&text, 0);
    if (st == BF_OK && text.failed) st = no_memory(err);
    if (st == BF_OK)
        *sql = text.p; /* a buffer's memory is from malloc */
    else
        bf_buf_free(&text);
    return st;
}

/* In this order: settings, what is there, whether it meets the contract, whether the engine can serve it; then the table. Views are made
 * when they are named. */
static const struct {
    int scope;
    bf_status (*run)(bf_serving *s, bf_error *err);
} steps[] = {
    {8, open_engine},   {7, bf_partitions_find}, {5, bf_contract_gate}, {4, bf_signatures_gate},
    {9, bf_wide_names}, {5, register_table},
};

bf_status bf_session_serve(bf_session *session, bf_error *err) {
    double start = now();
    bf_error why = {0};
    bf_status st = BF_OK;
    size_t i = 0;
    for (; i < sizeof steps / sizeof *steps && st == BF_OK; i++) st = steps[i].run(&session->serving, &why);
    /* an engine that does not open, a dataset that is not there: these are failures, and no finding about a dataset */
    bool is_finding = st == BF_CONTRACT || (st == BF_ENGINE && i > 1);
    if (is_finding) session->stopped_scope = steps[i - 1].scope, session->stopped = why;
    session->opened_seconds = now() - start;
    return st == BF_OK ? BF_OK : bf_fail(err, st, why.offset, "%s", why.message);
}

bf_session *bf_session_new(const bf_profile *profile, const char *dataset, const char *table) {
    bf_session *session = calloc(1, sizeof *session);
    if (!session) return NULL;
    bf_address at = {0};
    if (dataset) bf_address_read(&at, dataset, NULL);
    session->dataset = at.path;
    session->serving = (bf_serving){.profile = bf_profile_copy(profile), .dataset = session->dataset, .at = at, .table = table};
    if (session->serving.profile && (session->dataset || !dataset)) return session;
    bf_session_close(session);
    return NULL;
}

/* A catalog alone has none: an empty one would answer for a name that was forgotten. */
static bool has_table(const bf_session *session) {
    return session->dataset || !session->autoload;
}

bf_status bf_session_try(const bf_profile *profile, const char *dataset, bf_session **out, bf_error *err) {
    *out = NULL;
    BF_TRY(bf_profile_check(profile, err));
    bf_session *session = bf_session_new(profile, dataset, BF_TABLE_NAME);
    bf_status st = session ? bf_autoload_open(&session->autoload, profile, err) : no_memory(err);
    if (st == BF_OK) st = has_table(session) ? bf_session_serve(session, err) : open_engine(&session->serving, err);
    if (st != BF_OK && !(session && session->stopped_scope)) {
        bf_session_close(session);
        return st;
    }
    *out = session;
    return st;
}

bf_status bf_session_query(bf_session *session, const char *sql, struct ArrowArrayStream *out, bf_error *err) {
    bf_engine_error why = {0};
    bf_error_clear(err);
    out->release = NULL;
    if (session->stopped_scope) return bf_fail(err, session->stopped.code, -1, "%s", session->stopped.message);
    bf_references references;
    BF_TRY(bf_references_find(&references, &session->serving, sql, err));
    bf_status st = session->autoload ? bf_autoload_load(session, &references, err) : BF_OK;
    if (st == BF_OK && has_table(session)) st = bf_relations_make(session, &references, err);
    bf_references_free(&references);
    if (st != BF_OK) return st;
    bool read_only = !bf_profile_bool(session->serving.profile, BF_OPT_allow_write);
    if (session->serving.api->query(session->serving.engine, sql, read_only, out, &why) == BF_ENGINE_OK) return BF_OK;
    st = bf_engine_fail(err, &why);
    if (session->autoload) bf_autoload_hint(session->autoload, err);
    return st;
}

const char *bf_session_note(const bf_session *session) {
    return session->note.n && !session->note.failed ? session->note.p : NULL;
}

void bf_session_interrupt(bf_session *session, bool interrupted) {
    session->interrupted = interrupted;
    if (session->serving.engine) session->serving.api->interrupt(session->serving.engine, interrupted);
}

void bf_session_close(bf_session *session) {
    if (!session) return;
    bf_serving *s = &session->serving;
    bf_autoload_free(session->autoload); /* its datasets are in this engine */
    if (s->engine && !session->borrows_engine) s->api->close(s->engine);
    if (s->schema.release) ArrowSchemaRelease(&s->schema);
    bf_delta_close(&s->delta);
    bf_dataset_files_free(&s->files);
    bf_signatures_free(&s->signatures);
    bf_checks_free(&s->gates);
    bf_checks_free(&session->checks);
    bf_profile_free(s->profile);
    bf_relations_free(session);
    bf_buf_free(&session->note);
    free(session->dataset);
    free(session);
}
