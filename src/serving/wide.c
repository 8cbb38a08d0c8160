/* Scope 9, wide views: structs as columns by unnest(struct), under the names that the running engine gives them. */
#include "nanoarrow/nanoarrow.h"
#include "serving/ask.h"
#include "serving/narrow.h"
#include "serving/paths.h"
#include "serving/typeof.h"
#include "views/columns.h"

bf_status bf_wide_names(bf_serving *s, bf_error *err) {
    struct ArrowSchema schema = {.release = NULL};
    bf_engine_error why = {0};
    bf_error unknown = {0};
    if (s->api->describe(s->engine, BF_UNNEST_PROBE, &schema, &why) != BF_ENGINE_OK)
        return bf_fail(err, BF_CONTRACT, -1, "the engine refuses %s: %s", BF_UNNEST_PROBE, why.message);
    const char *name = schema.n_children == 1 && schema.children[0]->name ? schema.children[0]->name : "";
    bf_status st = bf_unnest_form_find(&s->fill.unnest, name, &unknown);
    if (st == BF_OK) bf_checks_add(&s->gates, 9, BF_CHECK_OK, "name of a field of unnest(base.span)", name, name);
    if (st == BF_ENGINE) st = BF_CONTRACT;
    if (st != BF_OK) bf_fail(err, st, -1, "%s", unknown.message);
    schema.release(&schema);
    return st;
}

/* ---- checks ---- */

/* What is wide, what its rows are of (any field of such a row), and columns with the fields whose values they hold. */
static const struct {
    const char *view, *rows;
    struct {
        const char *column, *path;
    } counted[3];
} wide[] = {
    {"py_bc_instruction_span_fields",
     "code_objects[].instructions[].instr_index",
     {{"pos_start_line", "code_objects[].instructions[].span.start.line0"},
      {"col_unit", "code_objects[].instructions[].span.col_unit"},
      {"byte_len", "code_objects[].instructions[].span.byte_span.byte_len"}}},
    {"py_bc_instruction_span_unnest",
     "code_objects[].instructions[].instr_index",
     {{"base.span.start", "code_objects[].instructions[].span.start"},
      {"base.span.end_exclusive", "code_objects[].instructions[].span.end_exclusive"}}},
    {"py_bc_flags_detail",
     "code_objects[].code_id",
     {{"is_optimized", "code_objects[].flags_detail.is_optimized"},
      {"is_async_generator", "code_objects[].flags_detail.is_async_generator"}}},
};

enum { N_WIDE = sizeof wide / sizeof *wide, MAX_COUNTED = 3 };

static void put_columns(bf_buf *out, const struct ArrowSchema *schema) {
    out->n = 0;
    for (int64_t i = 0; i < schema->n_children; i++) {
        bf_buf_printf(out, "%s%s ", i ? ", " : "", schema->children[i]->name ? schema->children[i]->name : "");
        bf_typeof_schema(out, schema->children[i]);
    }
}

/* Names and types as the view is planned, in one text: what unnest makes is not visible in the SQL. */
static bf_status check_columns(bf_serving *s, bf_checks *out, size_t i, const struct ArrowSchema *expected, bf_buf texts[2], bool *same,
                               bf_error *err) {
    struct ArrowSchema found = {.release = NULL};
    bf_engine_error why = {0};
    char name[120];
    texts[0].n = 0;
    bf_buf_puts(&texts[0], "SELECT * FROM ");
    bf_ask_put_view(&texts[0], s, wide[i].view);
    BF_TRY(bf_ask_end(&texts[0], err));
    if (s->api->describe(s->engine, texts[0].p, &found, &why) != BF_ENGINE_OK) return bf_engine_fail(err, &why);
    put_columns(&texts[0], expected);
    put_columns(&texts[1], &found);
    ArrowSchemaRelease(&found);
    BF_TRY(bf_ask_end(&texts[0], err));
    BF_TRY(bf_ask_end(&texts[1], err));
    snprintf(name, sizeof name, "columns of %s", wide[i].view);
    *same = !strcmp(texts[0].p, texts[1].p);
    char holds[64];
    snprintf(holds, sizeof holds, "%lld names and types", (long long)expected->n_children);
    bf_checks_equal(out, 9, name, *same ? holds : texts[0].p, *same ? holds : texts[1].p);
    return BF_OK;
}

/* The engine's name of a column of the contract: they stand in the same place. */
static const char *engine_name(const struct ArrowSchema *schema, const char *view, const char *column) {
    int64_t at = 0;
    for (size_t i = 0; i < bf_n_view_columns; i++) {
        if (strcmp(bf_view_columns[i].view, view)) continue;
        if (!strcmp(bf_view_columns[i].name, column)) return schema->children[at]->name;
        at++;
    }
    return column;
}

/* Rows, then values of what is counted: in the view, or (`expected` NULL) in the lists that it is made of. */
static bf_status count(const bf_serving *s, size_t i, const struct ArrowSchema *expected, bf_buf *sql, bf_arena *arena, const char **cells,
                       bf_error *err) {
    size_t n = 0;
    sql->n = 0;
    bf_buf_puts(sql, "SELECT CAST(count(*) AS VARCHAR)");
    for (; n < MAX_COUNTED && wide[i].counted[n].column; n++) {
        bf_buf_puts(sql, ", CAST(count(");
        if (expected)
            bf_ask_put_name(sql, engine_name(expected, wide[i].view, wide[i].counted[n].column));
        else
            bf_path_put_item_field(sql, wide[i].counted[n].path);
        bf_buf_puts(sql, ") AS VARCHAR)");
    }
    bf_buf_puts(sql, " FROM ");
    if (expected)
        bf_ask_put_view(sql, s, wide[i].view);
    else
        bf_path_put_items(sql, s->table, wide[i].rows);
    BF_TRY(bf_ask_end(sql, err));
    return bf_ask_row(s, sql->p, arena, cells, n + 1, err);
}

static bf_status check_counts(bf_serving *s, bf_serving *narrow, bf_checks *out, size_t i, const struct ArrowSchema *expected, bf_buf *sql,
                              bf_error *err) {
    const char *in_view[MAX_COUNTED + 1], *in_lists[MAX_COUNTED + 1], *paths[MAX_COUNTED + 1] = {wide[i].rows};
    bf_arena arena = {0};
    size_t n = 1;
    for (; n <= MAX_COUNTED && wide[i].counted[n - 1].column; n++) paths[n] = wide[i].counted[n - 1].path;
    bf_status st = bf_narrow_to(narrow, paths, n, err);
    if (st == BF_OK) st = count(narrow, i, NULL, sql, &arena, in_lists, err);
    if (st == BF_OK) st = count(s, i, expected, sql, &arena, in_view, err);
    for (size_t k = 0; k < n && st == BF_OK; k++) {
        char name[200];
        snprintf(name, sizeof name, "%s of %s, as in %s", k ? wide[i].counted[k - 1].column : "rows", wide[i].view, paths[k]);
        bf_checks_equal(out, 9, name, in_lists[k] ? in_lists[k] : "null", in_view[k] ? in_view[k] : "null");
    }
    bf_arena_free(&arena);
    return st;
}

bf_status bf_wide_check(bf_serving *s, bf_checks *out, bf_error *err) {
    bf_buf texts[2] = {{0}, {0}};
    bf_serving narrow;
    bf_status st = bf_narrow_open(&narrow, s, err);
    for (size_t i = 0; i < N_WIDE && st == BF_OK; i++) {
        struct ArrowSchema expected;
        if ((st = bf_view_schema(&expected, wide[i].view, &s->schema, &s->fill, err)) != BF_OK) break;
        bool same = false;
        st = check_columns(s, out, i, &expected, texts, &same, err);
        if (st == BF_OK && same) st = check_counts(s, &narrow, out, i, &expected, &texts[0], err);
        if (!same) bf_checks_add(out, 9, BF_CHECK_NOT_CHECKED, wide[i].view, "as many rows and values as in the lists", "other columns");
        ArrowSchemaRelease(&expected);
    }
    if (narrow.engine) s->api->close(narrow.engine);
    bf_buf_free(&texts[0]);
    bf_buf_free(&texts[1]);
    return st;
}
