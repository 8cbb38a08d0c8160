/* Flat tables: a current one has the schema and as many rows as its view; one that is stale is not used, and not checked. */
#include "check/check.h"
#include "nanoarrow/nanoarrow.h"
#include "query/relations.h"
#include "schema/compare.h"
#include "serving/ask.h"

typedef struct checking {
    bf_session *session;
    bf_checks *out;
    const char *view;
    const bf_flat *flat;
    bf_buf sql;
    char expected[400], found[400]; /* the first difference */
} checking;

static void on_difference(void *context, const bf_difference *d) {
    checking *c = context;
    if (*c->expected) return;
    snprintf(c->expected, sizeof c->expected, "%.100s: %.280s", *d->path ? d->path : "schema", d->expected);
    snprintf(c->found, sizeof c->found, "%.100s: %.280s", *d->path ? d->path : "schema", d->found);
}

static bf_status put_select(checking *c, const char *what, bf_error *err) {
    c->sql.n = 0;
    bf_buf_printf(&c->sql, "SELECT %s FROM ", what);
    bf_ask_put_view(&c->sql, &c->session->serving, c->view);
    return bf_ask_end(&c->sql, err);
}

static bf_status check_schema(checking *c, bf_error *err) {
    const bf_serving *s = &c->session->serving;
    struct ArrowSchema view;
    bf_engine_error why = {0};
    char name[120], holds[64];
    *c->expected = *c->found = 0;
    BF_TRY(put_select(c, "*", err));
    if (s->api->describe(s->engine, c->sql.p, &view, &why) != BF_ENGINE_OK) return bf_engine_fail(err, &why);
    size_t n = bf_schema_compare(&view, &c->flat->schema, BF_COMPARE_LOGICAL, on_difference, c);
    snprintf(name, sizeof name, "flat table of %s: schema", c->view);
    snprintf(holds, sizeof holds, "that of the view, %lld columns", (long long)view.n_children);
    bf_checks_add(c->out, 2, n ? BF_CHECK_FAIL : BF_CHECK_OK, name, n ? c->expected : holds, n ? c->found : holds);
    ArrowSchemaRelease(&view);
    return BF_OK;
}

static bf_status check_rows(checking *c, bf_error *err) {
    bf_arena arena = {0};
    const char *rows;
    char name[120], found[32];
    bf_status st = put_select(c, "CAST(count(*) AS VARCHAR)", err);
    if (st == BF_OK) st = bf_ask_row(&c->session->serving, c->sql.p, &arena, &rows, 1, err);
    snprintf(name, sizeof name, "flat table of %s: rows, as in the view", c->view);
    snprintf(found, sizeof found, "%lld", (long long)c->flat->rows);
    if (st == BF_OK) bf_checks_equal(c->out, 2, name, rows ? rows : "null", found);
    bf_arena_free(&arena);
    return st;
}

static bf_status check_one(checking *c, bf_error *err) {
    char name[120], found[320];
    snprintf(name, sizeof name, "flat table of %s", c->view);
    if (c->flat->state == BF_FLAT_STALE) {
        snprintf(found, sizeof found, "stale, and not used: %s", c->flat->why);
        bf_checks_add(c->out, 2, BF_CHECK_NOT_CHECKED, name, "current", found);
        return BF_OK;
    }
    bf_error why = {0};
    bf_status st = check_schema(c, &why);
    if (st == BF_OK) st = check_rows(c, &why);
    if (st == BF_NO_MEMORY) return bf_fail(err, st, -1, "%s", why.message);
    if (st != BF_OK) bf_checks_add(c->out, 2, BF_CHECK_FAIL, name, "its queries run", why.message);
    return BF_OK;
}

bf_status bf_flats_check(bf_session *session, bf_checks *out, bf_error *err) {
    checking c = {.session = session, .out = out};
    bf_status st = BF_OK;
    for (size_t i = 0; i < bf_view_count() && st == BF_OK; i++) {
        const bf_relation *r;
        st = bf_relations_look(session, i, &r, err);
        if (st != BF_OK || r->flat.state == BF_FLAT_NONE) continue;
        c.view = bf_view_name(i);
        c.flat = &r->flat;
        st = check_one(&c, err);
    }
    bf_buf_free(&c.sql);
    return st;
}
