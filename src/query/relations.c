#include "query/relations.h"

#include <stdlib.h>

#include "nanoarrow/nanoarrow.h"
#include "serving/ask.h"

static bf_status no_memory(bf_error *err) {
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

static bf_status have_room(bf_session *session, bf_error *err) {
    if (!session->relations) session->relations = calloc(bf_view_count(), sizeof *session->relations);
    return session->relations ? BF_OK : no_memory(err);
}

void bf_relations_free(bf_session *session) {
    for (size_t i = 0; session->relations && i < bf_view_count(); i++) bf_flat_reset(&session->relations[i].flat);
    free(session->relations);
    session->relations = NULL;
}

bf_status bf_relations_look(bf_session *session, size_t view, const bf_relation **out, bf_error *err) {
    BF_TRY(have_room(session, err));
    bf_relation *r = &session->relations[view];
    bf_flat_reset(&r->flat);
    *out = r;
    return bf_flat_find(&r->flat, &session->serving, view, err);
}

/* ---- one view ---- */

static bf_status create_view(const bf_serving *s, size_t view, bf_error *err) {
    bf_buf sql = {0};
    bf_error why = {0};
    bf_buf_printf(&sql, "CREATE OR REPLACE VIEW %s AS\n", bf_view_name(view));
    bf_status st = bf_view_expand(&sql, view, &s->fill, err);
    if (st == BF_OK) st = bf_ask_end(&sql, err);
    if (st == BF_OK && (st = bf_serving_run(s, sql.p, &why)) != BF_OK) bf_fail(err, st, -1, "view %s: %s", bf_view_name(view), why.message);
    bf_buf_free(&sql);
    return st;
}

/* A view uses views of lower numbers only. */
bf_status bf_relations_create(const bf_serving *s, size_t view, bf_error *err) {
    for (size_t i = 0; i < view; i++)
        if (bf_view_uses(view, bf_view_name(i))) BF_TRY(bf_relations_create(s, i, err));
    return create_view(s, view, err);
}

static bf_status drop_flat(const bf_serving *s, size_t view, bf_error *err) {
    bf_buf sql = {0};
    bf_buf_puts(&sql, "DROP TABLE ");
    bf_ask_put_view(&sql, s, bf_view_name(view));
    bf_status st = bf_ask_end(&sql, err);
    if (st == BF_OK) st = bf_serving_run(s, sql.p, err);
    bf_buf_free(&sql);
    return st;
}

static bf_status make_view(bf_session *session, size_t view, bool as_view, bf_error *err);

static bf_status make_over(bf_session *session, size_t view, bool as_view, bf_error *err) {
    for (size_t i = 0; i < view; i++)
        if (bf_view_uses(view, bf_view_name(i))) BF_TRY(make_view(session, i, as_view, err));
    return create_view(&session->serving, view, err);
}

static void note(bf_session *session, size_t view) {
    const bf_flat *flat = &session->relations[view].flat;
    if (flat->state != BF_FLAT_STALE) return;
    if (session->note.n) session->note.p[session->note.n - 1] = '\n';
    bf_buf_printf(&session->note, "%s is unnested, its flat table is not current: %s; ", bf_view_name(view), flat->why);
    bf_buf_puts(&session->note, "`bytefusion materialize` renews it");
    bf_buf_putc(&session->note, 0);
}

static bf_status make_view(bf_session *session, size_t view, bool as_view, bf_error *err) {
    bf_relation *r = &session->relations[view];
    const bf_relation *looked_at;
    if (r->made == BF_MADE_FLAT && as_view) {
        BF_TRY(drop_flat(&session->serving, view, err));
        r->made = BF_MADE_NOT;
    }
    if (r->made != BF_MADE_NOT) return BF_OK;
    if (!as_view && bf_profile_bool(session->serving.profile, BF_OPT_use_materialized)) BF_TRY(bf_relations_look(session, view, &looked_at, err));
    bool is_flat = !as_view && r->flat.state == BF_FLAT_CURRENT;
    BF_TRY(is_flat ? bf_flat_register(&r->flat, &session->serving, view, err) : make_over(session, view, as_view, err));
    r->made = is_flat ? BF_MADE_FLAT : BF_MADE_VIEW;
    r->used_flat |= is_flat;
    if (!as_view) note(session, view);
    return BF_OK;
}

/* ---- all, or those that are named ---- */

bf_status bf_relations_make_all(bf_session *session, bool as_views, bf_error *err) {
    BF_TRY(have_room(session, err));
    for (size_t i = 0; i < bf_view_count(); i++) BF_TRY(make_view(session, i, as_views, err));
    return BF_OK;
}

/* The views lie in the schema that is the default one until a statement sets another, which is no question. */
static bool is_of(const bf_reference *r, size_t view) {
    return !strcmp(r->name, bf_view_name(view)) && (!r->schema || !strcmp(r->schema, "public"));
}

bf_status bf_relations_make(bf_session *session, const bf_references *references, bf_error *err) {
    bool all = !references->is_question;
    for (size_t r = 0; r < references->n; r++) {
        const char *schema = references->items[r].schema;
        all |= schema && !strcmp(schema, "information_schema");
    }
    if (all) return bf_relations_make_all(session, false, err);
    BF_TRY(have_room(session, err));
    for (size_t r = 0; r < references->n; r++)
        for (size_t i = 0; i < bf_view_count(); i++)
            if (is_of(&references->items[r], i)) BF_TRY(make_view(session, i, false, err));
    return BF_OK;
}
