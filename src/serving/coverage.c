/* Scope 2, coverage of attrs and views: every column of every view against columns.def, on a dataset without rows too; and the views of
 * keys and values against the maps. */
#include "nanoarrow/nanoarrow.h"
#include "schema/compare.h"
#include "serving/ask.h"
#include "serving/narrow.h"
#include "serving/paths.h"
#include "serving/typeof.h"
#include "views/columns.h"

/* What is wrong with one side of a view, as a line. */
typedef struct findings {
    size_t n;
    char expected[600], found[600]; /* of the first one */
} findings;

typedef struct coverage {
    bf_serving *s;
    bf_checks *out;
    const char *view;
    struct ArrowSchema expected, found; /* by columns.def, by the plan */
    findings nullability, metadata;
    bf_buf sql, text, other;
    bf_arena arena; /* of one view */
} coverage;

static void add_finding(findings *f, const char *path, const char *expected, const char *found) {
    if (f->n++) return;
    snprintf(f->expected, sizeof f->expected, "%.100s: %.450s", path, expected);
    snprintf(f->found, sizeof f->found, "%.100s: %.450s", path, found);
}

static const struct ArrowSchema *column_named(const struct ArrowSchema *schema, const char *name) {
    for (int64_t i = 0; i < schema->n_children; i++)
        if (schema->children[i]->name && !strcmp(schema->children[i]->name, name)) return schema->children[i];
    return NULL;
}

/* What the plan says. Names and types are looked at one by one, and the metadata of a column itself is asked for by arrow_metadata. */
static void on_difference(void *context, const bf_difference *d) {
    coverage *c = context;
    if (!strcmp(d->what, "nullability")) add_finding(&c->nullability, d->path, d->expected, d->found);
    if (!strcmp(d->what, "metadata") && *d->path && !column_named(&c->expected, d->path))
        add_finding(&c->metadata, d->path, d->expected, d->found);
}

/* One check a view. */
static void tell(coverage *c, const char *what, const findings *f, const char *holds) {
    char name[120], found[700];
    snprintf(name, sizeof name, "%s: %s", c->view, what);
    snprintf(found, sizeof found, f->n > 1 ? "%s; %zu more differ" : "%s", f->found, f->n - 1);
    bf_checks_add(c->out, 2, f->n ? BF_CHECK_FAIL : BF_CHECK_OK, name, f->n ? f->expected : holds, f->n ? found : holds);
}

/* ---- columns: how many, which, in which order ---- */

static const char *name_at(const struct ArrowSchema *schema, int64_t i) {
    return i < schema->n_children && schema->children[i]->name ? schema->children[i]->name : "none";
}

static void check_names(coverage *c) {
    findings f = {0};
    char holds[64];
    int64_t n = c->expected.n_children > c->found.n_children ? c->expected.n_children : c->found.n_children;
    for (int64_t i = 0; i < n; i++) {
        if (!strcmp(name_at(&c->expected, i), name_at(&c->found, i))) continue;
        char place[64];
        snprintf(place, sizeof place, "column %lld of %lld", (long long)i + 1, (long long)c->expected.n_children);
        add_finding(&f, place, name_at(&c->expected, i), name_at(&c->found, i));
    }
    snprintf(holds, sizeof holds, "%lld, in order", (long long)n);
    tell(c, "columns", &f, holds);
}

/* ---- types and metadata: asked of the engine, with a row or without ---- */

/* The left join gives a row where the view has none. */
static bf_status ask(coverage *c, const char **cells, bf_error *err) {
    size_t n = 0;
    c->sql.n = 0;
    bf_buf_puts(&c->sql, "SELECT 'always'");
    for (int64_t i = 0; i < c->expected.n_children; i++) {
        const char *name = name_at(&c->expected, i);
        if (!column_named(&c->found, name)) continue;
        static const char *const functions[] = {"arrow_typeof", "arrow_metadata"};
        for (int f = 0; f < 2; f++, n++) {
            bf_buf_printf(&c->sql, ", %s(v.", functions[f]);
            bf_ask_put_name(&c->sql, name);
            bf_buf_putc(&c->sql, ')');
        }
    }
    bf_buf_puts(&c->sql, " FROM (SELECT 1) AS o LEFT JOIN (SELECT * FROM ");
    bf_ask_put_view(&c->sql, c->s, c->view);
    bf_buf_puts(&c->sql, " LIMIT 1) AS v ON true");
    BF_TRY(bf_ask_end(&c->sql, err));
    return bf_ask_row(c->s, c->sql.p, &c->arena, cells, n + 1, err);
}

static bf_status check_type(coverage *c, const struct ArrowSchema *column, const struct ArrowSchema *plan, const char *printed,
                            bf_error *err) {
    char name[200];
    snprintf(name, sizeof name, "%s.%s", c->view, column->name);
    c->text.n = c->other.n = 0;
    bf_typeof_schema(&c->text, column);
    BF_TRY(bf_ask_end(&c->text, err));
    if (!plan || !printed) {
        bf_checks_add(c->out, 2, BF_CHECK_FAIL, name, c->text.p, "no such column");
        return BF_OK;
    }
    bf_error why = {0};
    if (bf_typeof_text(&c->other, printed, &why) != BF_OK) bf_buf_puts(&c->other, why.message);
    size_t n = c->other.n;
    bf_buf_puts(&c->other, "; by the plan ");
    bf_typeof_schema(&c->other, plan);
    BF_TRY(bf_ask_end(&c->other, err));
    const char *by_plan = c->other.p + n + strlen("; by the plan ");
    if (strlen(by_plan) == n && !memcmp(by_plan, c->other.p, n)) c->other.p[n] = 0;
    bf_checks_equal(c->out, 2, name, c->text.p, c->other.p);
    return BF_OK;
}

static bf_status check_metadata(coverage *c, const struct ArrowSchema *column, const char *found, bf_error *err) {
    c->text.n = 0;
    bf_metadata_put(&c->text, column->metadata);
    BF_TRY(bf_ask_end(&c->text, err));
    if (found && strcmp(found, c->text.p))
        add_finding(&c->metadata, column->name, *c->text.p ? c->text.p : "none", *found ? found : "none");
    return BF_OK;
}

static bf_status check_columns(coverage *c, bf_error *err) {
    const char **cells = bf_arena_zalloc(&c->arena, (size_t)c->expected.n_children * 2 + 1, sizeof *cells);
    if (!cells) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    BF_TRY(ask(c, cells, err));
    size_t at = 1;
    char holds[400] = "none";
    for (int64_t i = 0; i < c->expected.n_children; i++) {
        const struct ArrowSchema *column = c->expected.children[i], *plan = column_named(&c->found, column->name);
        BF_TRY(check_type(c, column, plan, plan ? cells[at] : NULL, err));
        BF_TRY(check_metadata(c, column, plan ? cells[at + 1] : NULL, err));
        if (*c->text.p) snprintf(holds, sizeof holds, "%s: %s", column->name, c->text.p); /* no view has two of them */
        at += plan ? 2 : 0;
    }
    tell(c, "field metadata", &c->metadata, holds);
    return BF_OK;
}

static bf_status check_view(coverage *c, bf_error *err) {
    bf_engine_error why = {0};
    c->sql.n = 0;
    bf_buf_puts(&c->sql, "SELECT * FROM ");
    bf_ask_put_view(&c->sql, c->s, c->view);
    BF_TRY(bf_ask_end(&c->sql, err));
    if (c->s->api->describe(c->s->engine, c->sql.p, &c->found, &why) != BF_ENGINE_OK) {
        bf_checks_add(c->out, 2, BF_CHECK_FAIL, c->view, "a view", why.message);
        return BF_OK;
    }
    bf_schema_compare(&c->expected, &c->found, BF_COMPARE_LOGICAL, on_difference, c);
    check_names(c);
    bf_status st = check_columns(c, err);
    size_t n_required = 0;
    for (int64_t i = 0; i < c->expected.n_children; i++) n_required += !(c->expected.children[i]->flags & ARROW_FLAG_NULLABLE);
    char holds[64];
    snprintf(holds, sizeof holds, "%zu of %lld not null", n_required, (long long)c->expected.n_children);
    tell(c, "nullability", &c->nullability, holds);
    ArrowSchemaRelease(&c->found);
    return st;
}

/* ---- views of attrs: as many rows as the maps have entries ---- */

static const struct {
    const char *path, *views[3];
} attrs[] = {
    {"code_objects[].instructions[].attrs", {"py_bc_instruction_attrs", "py_bc_instruction_attr_keys", "py_bc_instruction_attr_values"}},
    {"code_objects[].cfg_edges[].attrs", {"py_bc_cfg_edge_attrs"}},
    {"errors[].attrs", {"py_bc_error_attrs"}},
};

/* Entries of the maps, in a table that has them and nothing else. */
static bf_status count_entries(coverage *c, bf_serving *narrow, size_t i, const char **cell, bf_error *err) {
    BF_TRY(bf_narrow_to(narrow, &attrs[i].path, 1, err));
    c->sql.n = 0;
    bf_buf_puts(&c->sql, "SELECT CAST(coalesce(CAST(sum(cardinality(m)) AS BIGINT), 0) AS VARCHAR) FROM (");
    bf_path_put_rows(&c->sql, narrow->table, attrs[i].path);
    bf_buf_putc(&c->sql, ')');
    BF_TRY(bf_ask_end(&c->sql, err));
    return bf_ask_row(narrow, c->sql.p, &c->arena, cell, 1, err);
}

static bf_status check_counts(coverage *c, bf_serving *narrow, size_t i, bf_error *err) {
    const char *entries, *rows;
    bf_arena_reset(&c->arena);
    BF_TRY(count_entries(c, narrow, i, &entries, err));
    for (size_t v = 0; v < 3 && attrs[i].views[v]; v++) {
        char name[200];
        c->sql.n = 0;
        bf_buf_puts(&c->sql, "SELECT CAST(count(*) AS VARCHAR) FROM ");
        bf_ask_put_view(&c->sql, c->s, attrs[i].views[v]);
        BF_TRY(bf_ask_end(&c->sql, err));
        BF_TRY(bf_ask_row(c->s, c->sql.p, &c->arena, &rows, 1, err));
        snprintf(name, sizeof name, "rows of %s, as entries of %s", attrs[i].views[v], attrs[i].path);
        bf_checks_equal(c->out, 2, name, entries ? entries : "null", rows ? rows : "null");
    }
    return BF_OK;
}

static bf_status check_attr_views(coverage *c, bf_error *err) {
    bf_serving narrow;
    bf_status st = bf_narrow_open(&narrow, c->s, err);
    for (size_t i = 0; i < sizeof attrs / sizeof *attrs && st == BF_OK; i++) st = check_counts(c, &narrow, i, err);
    if (narrow.engine) narrow.api->close(narrow.engine);
    return st;
}

bf_status bf_coverage_check(bf_serving *s, bf_checks *out, bf_error *err) {
    coverage c = {.s = s, .out = out};
    bf_status st = BF_OK;
    for (size_t i = 0; i < bf_view_count() && st == BF_OK; i++) {
        c.view = bf_view_name(i);
        c.nullability.n = c.metadata.n = 0;
        bf_arena_reset(&c.arena);
        if ((st = bf_view_schema(&c.expected, c.view, &s->schema, &s->fill, err)) != BF_OK) break;
        st = check_view(&c, err);
        ArrowSchemaRelease(&c.expected);
    }
    if (st == BF_OK) st = check_attr_views(&c, err);
    bf_buf_free(&c.sql);
    bf_buf_free(&c.text);
    bf_buf_free(&c.other);
    bf_arena_free(&c.arena);
    return st;
}
