/* Scope 6, Arrow metadata: what a field says of itself is written, read by a scan, and still there in the views that show it. */
#include "nanoarrow/nanoarrow.h"
#include "serving/ask.h"
#include "serving/paths.h"
#include "views/columns.h"

#define SKIP_METADATA "datafusion.execution.parquet.skip_metadata"

/* The fields that have some; and where a view shows them. */
static const struct {
    const char *path, *view, *column;
} places[] = {
    {"code_objects[].instructions", NULL, NULL},
    {"code_objects[].instructions[].span", "py_bc_instruction_spans", "span"},
    {"code_objects[].line_table", NULL, NULL},
    {"code_objects[].line_table[].line1", "py_bc_line_table", "line1"},
};

enum { N_PLACES = sizeof places / sizeof *places };

typedef struct place {
    const char *metadata; /* of the field of the contract, in the form of the Arrow C interface */
    const char *expected; /* the same as text */
    char semantic_type[64];
    size_t n_files; /* whose footer says the same */
} place;

typedef struct survival {
    bf_serving *s;
    bf_checks *out;
    place places[N_PLACES];
    bf_buf text;
    bf_arena arena;
} survival;

static bf_status find_places(survival *v, bf_error *err) {
    for (size_t i = 0; i < N_PLACES; i++) {
        const struct ArrowSchema *field = bf_table_field(&v->s->schema, places[i].path);
        struct ArrowStringView type = {NULL, 0};
        place *p = &v->places[i];
        p->metadata = field ? field->metadata : NULL;
        ArrowMetadataGetValue(p->metadata, ArrowCharView("semantic_type"), &type);
        snprintf(p->semantic_type, sizeof p->semantic_type, "%.*s", type.data ? (int)type.size_bytes : 4, type.data ? type.data : "none");
        v->text.n = 0;
        bf_metadata_put(&v->text, p->metadata);
        BF_TRY(bf_ask_end(&v->text, err));
        p->expected = bf_arena_str(&v->arena, v->text.p, v->text.n).p;
        if (!p->expected) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    }
    return BF_OK;
}

/* ---- written ---- */

static bf_status on_footer(void *context, const bf_dataset_file *file, const struct ArrowSchema *schema, const bf_engine_footer *about,
                           const bf_error *why) {
    survival *v = context;
    (void)file, (void)about, (void)why;
    for (size_t i = 0; schema && i < N_PLACES; i++) {
        const struct ArrowSchema *field = bf_table_field(schema, places[i].path);
        v->text.n = 0;
        if (field) bf_metadata_put(&v->text, field->metadata);
        bf_buf_putc(&v->text, 0);
        if (v->text.failed) return BF_NO_MEMORY;
        v->places[i].n_files += !strcmp(v->text.p, v->places[i].expected);
    }
    return BF_OK;
}

static bf_status check_written(survival *v, bf_error *err) {
    char name[160], expected[64], found[64];
    bool is_delta = v->s->delta.handle; /* then the log has it, and data files need not */
    size_t n = is_delta ? 1 : v->s->files.n;
    if (!n) {
        bf_checks_add(v->out, 6, BF_CHECK_NOT_CHECKED, "written", "files", "no files");
        return BF_OK;
    }
    int concurrency = (int)bf_profile_int(v->s->profile, BF_OPT_meta_fetch_concurrency);
    bf_status st = is_delta ? on_footer(v, NULL, &v->s->delta.schema, NULL, NULL)
                            : bf_footers_read(v->s->api, &v->s->files, concurrency, on_footer, v, NULL, err);
    if (st == BF_NO_MEMORY) return bf_fail(err, st, -1, "out of memory");
    for (size_t i = 0; i < N_PLACES && st == BF_OK; i++) {
        snprintf(name, sizeof name, "written: %s", places[i].path);
        snprintf(expected, sizeof expected, "in %zu of %zu %s", n, n, is_delta ? "logs" : "files");
        snprintf(found, sizeof found, "in %zu of %zu %s", v->places[i].n_files, n, is_delta ? "logs" : "files");
        bf_checks_equal(v->out, 6, name, expected, found);
    }
    return st;
}

/* ---- read, by a scan of the table or through a view ---- */

/* Both forms of arrow_metadata: the whole map, and one value. */
static bf_status ask_place(survival *v, size_t i, bool in_view, const char *cells[2], bf_error *err) {
    bf_buf *sql = &v->text;
    sql->n = 0;
    for (int form = 0; form < 2; form++) {
        bf_buf_puts(sql, form ? ", arrow_metadata(t." : "SELECT arrow_metadata(t.");
        if (in_view)
            bf_ask_put_name(sql, places[i].column);
        else
            bf_path_put_field(sql, places[i].path);
        bf_buf_puts(sql, form ? ", 'semantic_type')" : ")");
    }
    bf_buf_puts(sql, " FROM (SELECT 1) AS o LEFT JOIN (SELECT * FROM ");
    if (in_view)
        bf_ask_put_view(sql, v->s, places[i].view);
    else
        bf_buf_puts(sql, v->s->table);
    bf_buf_puts(sql, " LIMIT 1) AS t ON true");
    BF_TRY(bf_ask_end(sql, err));
    return bf_ask_row(v->s, sql->p, &v->arena, cells, 2, err);
}

static bf_status check_read(survival *v, size_t i, bool in_view, bf_error *err) {
    const char *cells[2], *column = in_view ? places[i].column : places[i].path;
    char name[200];
    if (in_view && !places[i].view) return BF_OK;
    BF_TRY(ask_place(v, i, in_view, cells, err));
    snprintf(name, sizeof name, "%s: %s", in_view ? places[i].view : "scanned", column);
    bf_checks_equal(v->out, 6, name, v->places[i].expected, cells[0] && *cells[0] ? cells[0] : "none");
    snprintf(name, sizeof name, "%s: semantic_type of %s", in_view ? places[i].view : "scanned", column);
    bf_checks_equal(v->out, 6, name, v->places[i].semantic_type, cells[1] ? cells[1] : "none");
    return BF_OK;
}

static bf_status on_setting(void *context, const char *const *cells, size_t n_cells) {
    survival *v = context;
    if (n_cells == 2 && cells[0] && !strcmp(cells[0], SKIP_METADATA))
        bf_checks_equal(v->out, 6, SKIP_METADATA, "true", cells[1] ? cells[1] : "unset");
    return BF_OK;
}

bf_status bf_arrow_metadata_check(bf_serving *s, bf_checks *out, bf_error *err) {
    survival v = {.s = s, .out = out};
    bf_status st = find_places(&v, err);
    if (st == BF_OK) st = check_written(&v, err);
    for (size_t i = 0; i < 2 * N_PLACES && st == BF_OK; i++) st = check_read(&v, i % N_PLACES, i >= N_PLACES, err);
    if (st == BF_OK) st = bf_serving_settings(s, on_setting, &v, err);
    bf_buf_free(&v.text);
    bf_arena_free(&v.arena);
    return st;
}
