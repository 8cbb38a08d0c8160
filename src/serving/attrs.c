/* Scope 1, attrs: every known key comes out of its map by list_extract(map_extract()), and an absent one is null and no error. */
#include "serving/ask.h"
#include "serving/narrow.h"
#include "serving/paths.h"

enum { MAX_KEYS = 16 };

#define ABSENT "no such key"

static const struct {
    const char *path, *keys[MAX_KEYS];
} maps[] = {
    {"attrs",
     {"file_sha256", "python_version", "python_magic", "pyc_flags", "source_mtime", "source_size", "source_hash", "optimize", "include_cfg",
      "adaptive", "source_status", "source_sha256", "container"}},
    {"code_objects[].attrs", {"parent_code_id", "parent_qualpath", "parent_co_name", "parent_firstlineno", "stack_depth"}},
    {"code_objects[].line_table[].attrs", {NULL}},
    {"code_objects[].instructions[].attrs", {"stack_depth_before", "stack_depth_after"}},
    {"code_objects[].exception_table[].attrs", {NULL}},
    {"code_objects[].blocks[].attrs", {NULL}},
    {"code_objects[].cfg_edges[].attrs", {"jump_kind", "jump_label"}},
    {"code_objects[].dfg_edges[].attrs", {"operand", "result"}},
    {"errors[].attrs", {"error_stage", "code_id", "offset"}},
};

enum { N_MAPS = sizeof maps / sizeof *maps };

/* Values of one map's keys, counted in its entries and by extracting them. */
typedef struct counting {
    bf_serving *s, narrow; /* the counts read that map only */
    size_t i, n_keys;
    char by_entries[MAX_KEYS][24];       /* "0" where no entry has the key */
    const char *extracted[MAX_KEYS + 2]; /* the absent key's after the last, then how many maps there are */
    const char *absent[2];               /* its type and its value, in the table as it is served */
    bf_buf sql;
    bf_arena arena;
} counting;

static bf_status on_entry(void *context, const char *const *cells, size_t n_cells) {
    counting *c = context;
    for (size_t k = 0; n_cells == 2 && cells[0] && cells[1] && k < c->n_keys; k++)
        if (!strcmp(maps[c->i].keys[k], cells[0])) snprintf(c->by_entries[k], sizeof c->by_entries[k], "%s", cells[1]);
    return BF_OK;
}

static bf_status count_entries(counting *c, bf_error *err) {
    if (!c->n_keys) return BF_OK;
    for (size_t k = 0; k < c->n_keys; k++) strcpy(c->by_entries[k], "0");
    c->sql.n = 0;
    bf_buf_puts(&c->sql, "SELECT e['key'], CAST(count(e['value']) AS VARCHAR) FROM (SELECT unnest(map_entries(m)) AS e FROM (");
    bf_path_put_rows(&c->sql, c->narrow.table, maps[c->i].path);
    bf_buf_puts(&c->sql, ")) GROUP BY 1");
    BF_TRY(bf_ask_end(&c->sql, err));
    return bf_serving_rows(&c->narrow, c->sql.p, on_entry, c, err);
}

static void put_extract(bf_buf *sql, const char *key) {
    bf_buf_printf(sql, "list_extract(map_extract(m, '%s'), 1)", key);
}

static bf_status count_extracted(counting *c, bf_error *err) {
    c->sql.n = 0;
    bf_buf_puts(&c->sql, "SELECT ");
    for (size_t k = 0; k <= c->n_keys; k++) {
        bf_buf_puts(&c->sql, "CAST(count(");
        put_extract(&c->sql, k < c->n_keys ? maps[c->i].keys[k] : ABSENT);
        bf_buf_puts(&c->sql, ") AS VARCHAR), ");
    }
    bf_buf_puts(&c->sql, "CAST(count(*) AS VARCHAR) FROM (");
    bf_path_put_rows(&c->sql, c->narrow.table, maps[c->i].path);
    bf_buf_putc(&c->sql, ')');
    BF_TRY(bf_ask_end(&c->sql, err));
    return bf_ask_row(&c->narrow, c->sql.p, &c->arena, c->extracted, c->n_keys + 2, err);
}

/* In one row that is there on an empty dataset too. */
static bf_status ask_absent(counting *c, bf_error *err) {
    c->sql.n = 0;
    bf_buf_puts(&c->sql, "SELECT arrow_typeof(");
    put_extract(&c->sql, ABSENT);
    bf_buf_puts(&c->sql, "), ");
    put_extract(&c->sql, ABSENT);
    bf_buf_puts(&c->sql, " FROM (SELECT 1) AS o LEFT JOIN (");
    bf_path_put_rows(&c->sql, c->s->table, maps[c->i].path);
    bf_buf_puts(&c->sql, " LIMIT 1) AS t ON true");
    BF_TRY(bf_ask_end(&c->sql, err));
    return bf_ask_row(c->s, c->sql.p, &c->arena, c->absent, 2, err);
}

static const char *or_null(const char *text) {
    return text ? text : "null";
}

static void tell(const counting *c, bf_checks *out) {
    char name[160], expected[80], found[80];
    const char *path = maps[c->i].path, *n_maps = or_null(c->extracted[c->n_keys + 1]);
    for (size_t k = 0; k < c->n_keys; k++) {
        snprintf(name, sizeof name, "%s['%s']", path, maps[c->i].keys[k]);
        snprintf(expected, sizeof expected, "%s values in %s maps", c->by_entries[k], n_maps);
        snprintf(found, sizeof found, "%s values in %s maps", or_null(c->extracted[k]), n_maps);
        bf_checks_equal(out, 1, name, expected, found);
    }
    snprintf(name, sizeof name, "%s: an absent key", path);
    snprintf(expected, sizeof expected, "null, Utf8; 0 values in %s maps", n_maps);
    snprintf(found, sizeof found, "%s, %s; %s values in %s maps", or_null(c->absent[1]), or_null(c->absent[0]),
             or_null(c->extracted[c->n_keys]), n_maps);
    bf_checks_equal(out, 1, name, expected, found);
}

bf_status bf_attrs_check(bf_serving *s, bf_checks *out, bf_error *err) {
    counting c = {.s = s};
    bf_status st = bf_narrow_open(&c.narrow, s, err);
    for (; c.i < N_MAPS && st == BF_OK; c.i++) {
        for (c.n_keys = 0; c.n_keys < MAX_KEYS && maps[c.i].keys[c.n_keys];) c.n_keys++;
        bf_arena_reset(&c.arena);
        st = bf_narrow_to(&c.narrow, &maps[c.i].path, 1, err);
        if (st == BF_OK) st = count_entries(&c, err);
        if (st == BF_OK) st = count_extracted(&c, err);
        if (st == BF_OK) st = ask_absent(&c, err);
        if (st == BF_OK) tell(&c, out);
    }
    if (c.narrow.engine) s->api->close(c.narrow.engine);
    bf_buf_free(&c.sql);
    bf_arena_free(&c.arena);
    return st;
}
