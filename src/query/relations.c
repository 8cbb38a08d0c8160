#include "query/relations.h"

#include <stdlib.h>

static bf_status no_memory(bf_error *err) {
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

static bf_status create_view(const bf_serving *s, size_t view, bf_error *err) {
    bf_buf sql = {0};
    bf_error why = {0};
    bf_buf_printf(&sql, "CREATE VIEW %s AS\n", bf_view_name(view));
    bf_status st = bf_view_expand(&sql, view, &s->fill, err);
    bf_buf_putc(&sql, 0);
    if (st == BF_OK && sql.failed) st = no_memory(err);
    if (st == BF_OK && (st = bf_serving_run(s, sql.p, &why)) != BF_OK) bf_fail(err, st, -1, "view %s: %s", bf_view_name(view), why.message);
    bf_buf_free(&sql);
    return st;
}

/* A view uses views of lower numbers only. */
static bf_status make(bf_session *session, size_t view, bf_error *err) {
    bool *is_made = &session->relations[view];
    if (*is_made) return BF_OK;
    for (size_t i = 0; i < view; i++)
        if (bf_view_uses(view, bf_view_name(i))) BF_TRY(make(session, i, err));
    BF_TRY(create_view(&session->serving, view, err));
    *is_made = true;
    return BF_OK;
}

static bf_status have_room(bf_session *session, bf_error *err) {
    if (!session->relations) session->relations = calloc(bf_view_count(), sizeof *session->relations);
    return session->relations ? BF_OK : no_memory(err);
}

bf_status bf_relations_make_all(bf_session *session, bf_error *err) {
    BF_TRY(have_room(session, err));
    for (size_t i = 0; i < bf_view_count(); i++) BF_TRY(make(session, i, err));
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
    if (all) return bf_relations_make_all(session, err);
    BF_TRY(have_room(session, err));
    for (size_t r = 0; r < references->n; r++)
        for (size_t i = 0; i < bf_view_count(); i++)
            if (is_of(&references->items[r], i)) BF_TRY(make(session, i, err));
    return BF_OK;
}
