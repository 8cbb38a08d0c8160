/* Scope 3, metadata capture: every map of the contract, at every depth, as the engine serves it and as each file's footer holds it. */
#include <assert.h>

#include "nanoarrow/nanoarrow.h"
#include "schema/schema.h"
#include "serving/ask.h"
#include "serving/paths.h"
#include "views/columns.h"

enum { MAX_LISTED = 100, MAX_MAPS = 16 };

/* A map of the contract: of a field, or of the schema, whose path is "". */
typedef struct map {
    const char *path, *expected; /* "k=v k=v" */
    size_t n_files;              /* whose footer has it */
} map;

typedef struct capture {
    bf_serving *s;
    bf_checks *out;
    map maps[MAX_MAPS];
    size_t n, n_listed;
    bf_buf text;
    bf_arena arena;
} capture;

static bf_status no_memory(bf_error *err) {
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

static const char *name_of(const map *m) {
    return *m->path ? m->path : "schema";
}

/* The pairs of a set in tables.def. */
static const char *pairs_of(capture *c, bf_metadata_set set) {
    bf_buf pairs = {0};
    c->text.n = 0;
    for (size_t i = 0; i < bf_n_pairs; i++) {
        bf_text_pair pair = {bf_str_of(bf_pairs[i].key), bf_str_of(bf_pairs[i].value)};
        if (bf_pairs[i].set == set) bf_buf_put(&pairs, &pair, sizeof pair);
    }
    bf_pairs_put(&c->text, &pairs);
    bf_buf_putc(&c->text, 0);
    bf_buf_free(&pairs);
    return c->text.failed ? NULL : bf_arena_str(&c->arena, c->text.p, c->text.n).p;
}

static bf_status find_maps(capture *c, bf_error *err) {
    c->maps[c->n++] = (map){"", pairs_of(c, BF_META_SCHEMA), 0};
    for (size_t i = 0; i < bf_n_fields; i++) {
        if (bf_fields[i].metadata == BF_META_NONE) continue;
        assert(c->n < MAX_MAPS);
        c->maps[c->n++] = (map){bf_fields[i].path, pairs_of(c, bf_fields[i].metadata), 0};
    }
    for (size_t i = 0; i < c->n; i++)
        if (!c->maps[i].expected) return no_memory(err);
    return BF_OK;
}

/* ---- as the engine serves them ---- */

/* The metadata of every field, in one row that is there on an empty dataset too. */
static bf_status ask_fields(capture *c, const char **cells, bf_error *err) {
    c->text.n = 0;
    for (size_t i = 0; i < bf_n_fields; i++) {
        bf_buf_puts(&c->text, i ? ", arrow_metadata(" : "SELECT arrow_metadata(");
        bf_path_put_field(&c->text, bf_fields[i].path);
        bf_buf_putc(&c->text, ')');
    }
    bf_buf_printf(&c->text, " FROM (SELECT 1) AS o LEFT JOIN (SELECT * FROM %s LIMIT 1) AS t ON true", c->s->table);
    BF_TRY(bf_ask_end(&c->text, err));
    return bf_ask_row(c->s, c->text.p, &c->arena, cells, bf_n_fields, err);
}

static bf_status check_scan(capture *c, bf_error *err) {
    const char **cells = bf_arena_zalloc(&c->arena, bf_n_fields, sizeof *cells);
    if (!cells) return no_memory(err);
    BF_TRY(ask_fields(c, cells, err));
    size_t n_bare = 0, n_kept_bare = 0, at = 1;
    char name[160], expected[120], found[400] = "";
    for (size_t i = 0; i < bf_n_fields; i++) {
        const char *have = cells[i] && *cells[i] ? cells[i] : "none";
        if (bf_fields[i].metadata != BF_META_NONE) {
            snprintf(name, sizeof name, "arrow_metadata of %s", bf_fields[i].path);
            bf_checks_equal(c->out, 3, name, c->maps[at++].expected, have);
            continue;
        }
        n_bare++;
        n_kept_bare += !strcmp(have, "none");
        if (strcmp(have, "none") && !*found) snprintf(found, sizeof found, "%s: %.250s", bf_fields[i].path, have);
    }
    snprintf(expected, sizeof expected, "none, of %zu fields", n_bare);
    bf_checks_equal(c->out, 3, "arrow_metadata of all other fields", expected, n_bare == n_kept_bare ? expected : found);
    return BF_OK;
}

/* The columns of py_bc_metadata, and which maps they are. */
static const struct {
    const char *column, *path;
} columns[] = {
    {"schema_metadata", ""},
    {"instructions_metadata", "code_objects[].instructions"},
    {"span_metadata", "code_objects[].instructions[].span"},
    {"line_table_metadata", "code_objects[].line_table"},
    {"line1_metadata", "code_objects[].line_table[].line1"},
};

enum { N_COLUMNS = sizeof columns / sizeof *columns };

static bf_status check_view(capture *c, bf_error *err) {
    const char *cells[N_COLUMNS];
    c->text.n = 0;
    for (size_t i = 0; i < N_COLUMNS; i++) bf_buf_printf(&c->text, "%s %s", i ? "," : "SELECT", columns[i].column);
    bf_buf_puts(&c->text, " FROM ");
    bf_ask_put_view(&c->text, c->s, "py_bc_metadata");
    BF_TRY(bf_ask_end(&c->text, err));
    BF_TRY(bf_ask_row(c->s, c->text.p, &c->arena, cells, N_COLUMNS, err));
    for (size_t m = 0; m < c->n; m++) {
        const char *found = "in no column";
        char name[120];
        snprintf(name, sizeof name, "py_bc_metadata: %s", name_of(&c->maps[m]));
        for (size_t i = 0; i < N_COLUMNS; i++)
            if (!strcmp(columns[i].path, c->maps[m].path)) found = cells[i] && *cells[i] ? cells[i] : "none";
        bf_checks_equal(c->out, 3, name, c->maps[m].expected, found);
    }
    return BF_OK;
}

/* ---- as the footers hold them; of a Delta table its log, whose data files need not ---- */

/* Whether every pair of the schema is there: a file may say more about itself than the contract asks. */
static bool has_schema_pairs(const char *metadata) {
    for (size_t i = 0; i < bf_n_pairs; i++) {
        struct ArrowStringView value = {NULL, 0};
        if (bf_pairs[i].set != BF_META_SCHEMA) continue;
        if (ArrowMetadataGetValue(metadata, ArrowCharView(bf_pairs[i].key), &value) != NANOARROW_OK || !value.data) return false;
        if (!bf_str_eq((bf_str){value.data, (uint32_t)value.size_bytes}, bf_str_of(bf_pairs[i].value))) return false;
    }
    return true;
}

static void tell_lost(capture *c, const bf_dataset_file *file, const map *m, const char *found) {
    char name[700];
    if (c->n_listed++ >= MAX_LISTED) return;
    snprintf(name, sizeof name, "%.500s: metadata of %s", file->path, name_of(m));
    bf_checks_add(c->out, 3, BF_CHECK_FAIL, name, m->expected, *found ? found : "none");
}

static bf_status on_footer(void *context, const bf_dataset_file *file, const struct ArrowSchema *schema, const bf_engine_footer *about,
                           const bf_error *why) {
    capture *c = context;
    (void)about;
    for (size_t i = 0; i < c->n; i++) {
        map *m = &c->maps[i];
        const struct ArrowSchema *field = !schema ? NULL : *m->path ? bf_table_field(schema, m->path) : schema;
        c->text.n = 0;
        if (field) bf_metadata_put(&c->text, field->metadata);
        bf_buf_putc(&c->text, 0);
        if (c->text.failed) return BF_NO_MEMORY;
        bool holds = field && (*m->path ? !strcmp(c->text.p, m->expected) : has_schema_pairs(field->metadata));
        m->n_files += holds;
        if (!holds) tell_lost(c, file, m, field ? c->text.p : schema ? "no such field" : why->message);
    }
    return BF_OK;
}

static bf_status check_footers(capture *c, bf_error *err) {
    char name[120], expected[64], found[64];
    bool is_delta = c->s->delta.handle;
    if (!c->s->files.n && !is_delta) {
        bf_checks_add(c->out, 3, BF_CHECK_NOT_CHECKED, "footers", "files", "no files");
        return BF_OK;
    }
    int concurrency = (int)bf_profile_int(c->s->profile, BF_OPT_meta_fetch_concurrency);
    size_t n = is_delta ? 1 : c->s->files.n;
    bf_status st = is_delta ? on_footer(c, &(bf_dataset_file){.path = "log"}, &c->s->delta.schema, NULL, NULL)
                            : bf_footers_read(c->s->api, &c->s->files, concurrency, on_footer, c, NULL, err);
    if (st == BF_NO_MEMORY) return no_memory(err);
    for (size_t i = 0; i < c->n && st == BF_OK; i++) {
        snprintf(name, sizeof name, "footers: %s", name_of(&c->maps[i]));
        snprintf(expected, sizeof expected, "%zu of %zu files", n, n);
        snprintf(found, sizeof found, "%zu of %zu files", c->maps[i].n_files, n);
        bf_checks_equal(c->out, 3, name, expected, found);
    }
    return st;
}

bf_status bf_metadata_check(bf_serving *s, bf_checks *out, bf_error *err) {
    if (!bf_profile_bool(s->profile, BF_OPT_enable_information_schema)) {
        bf_checks_add(out, 3, BF_CHECK_NOT_CHECKED, "metadata capture", "enable_information_schema is on",
                      "skipped: enable_information_schema is off");
        return BF_OK;
    }
    capture c = {.s = s, .out = out};
    bf_status st = find_maps(&c, err);
    if (st == BF_OK) st = check_scan(&c, err);
    if (st == BF_OK) st = check_view(&c, err);
    if (st == BF_OK) st = check_footers(&c, err);
    bf_buf_free(&c.text);
    bf_arena_free(&c.arena);
    return st;
}
