/* Scope 1, attrs: every known key comes out of its map by list_extract(map_extract()), and an absent one is null and no error. */
#include "serving/ask.h"
#include "serving/paths.h"

enum { MAX_KEYS = 16 };

#define ABSENT "no such key"

static const struct {
    const char *path, *keys[MAX_KEYS];
} maps[] = {
    {"attrs",
     {"file_sha256", "python_version", "python_magic", "pyc_flags", "source_mtime", "source_size", "source_hash", "optimize", "include_cfg", "adaptive",
      "source_status", "container"}},
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

/* A map's keys being counted: by extracting them (cells), and by its entries. */
typedef struct counting {
    size_t i;
    char by_entries[MAX_KEYS][24]; /* "" where no entry has the key */
} counting;

static bf_status on_entry(void *context, const char *const *cells, size_t n_cells) {
    counting *c = context;
    for (size_t k = 0; n_cells == 2 && cells[0] && cells[1] && k < MAX_KEYS && maps[c->i].keys[k]; k++)
        if (!strcmp(maps[c->i].keys[k], cells[0])) snprintf(c->by_entries[k], sizeof c->by_entries[k], "%s", cells[1]);
    return BF_OK;
}

/* How many values each key has in the entries of the maps. */
static bf_status count_entries(bf_serving *s, counting *c, bf_buf *sql, bf_error *err) {
    sql->n = 0;
    bf_buf_puts(sql, "SELECT e['key'], CAST(count(e['value']) AS VARCHAR) FROM (SELECT unnest(map_entries(m)) AS e FROM (");
    bf_path_put_rows(sql, s->table, maps[c->i].path);
    bf_buf_puts(sql, ")) GROUP BY 1");
    BF_TRY(bf_ask_end(sql, err));
    return bf_serving_rows(s, sql->p, on_entry, c, err);
}

static void put_extract(bf_buf *sql, const char *key) {
    bf_buf_printf(sql, "list_extract(map_extract(m, '%s'), 1)", key);
}

/* How many values each key gives, the absent one last; then its type, and its value in a row that is always there. */
static bf_status count_extracted(bf_serving *s, size_t i, size_t n_keys, bf_arena *arena, const char **cells, bf_buf *sql, bf_error *err) {
    sql->n = 0;
    bf_buf_puts(sql, "SELECT ");
    for (size_t k = 0; k <= n_keys; k++) {
        bf_buf_puts(sql, "CAST(count(");
        put_extract(sql, k < n_keys ? maps[i].keys[k] : ABSENT);
        bf_buf_puts(sql, ") AS VARCHAR), ");
    }
    bf_buf_puts(sql, "CAST(count(*) AS VARCHAR) FROM (");
    bf_path_put_rows(sql, s->table, maps[i].path);
    bf_buf_putc(sql, ')');
    BF_TRY(bf_ask_end(sql, err));
    BF_TRY(bf_ask_row(s, sql->p, arena, cells, n_keys + 2, err));
    sql->n = 0;
    bf_buf_puts(sql, "SELECT arrow_typeof(");
    put_extract(sql, ABSENT);
    bf_buf_puts(sql, "), coalesce(");
    put_extract(sql, ABSENT);
    bf_buf_puts(sql, ", 'null') FROM (SELECT 1) AS o LEFT JOIN (");
    bf_path_put_rows(sql, s->table, maps[i].path);
    bf_buf_puts(sql, " LIMIT 1) AS t ON true");
    BF_TRY(bf_ask_end(sql, err));
    return bf_ask_row(s, sql->p, arena, cells + n_keys + 2, 2, err);
}

static bf_status check_map(bf_serving *s, bf_checks *out, size_t i, bf_buf *sql, bf_arena *arena, bf_error *err) {
    const char *cells[MAX_KEYS + 4];
    counting c = {.i = i};
    size_t n = 0;
    char name[160], expected[80], found[80];
    while (n < MAX_KEYS && maps[i].keys[n]) n++;
    if (n) BF_TRY(count_entries(s, &c, sql, err));
    BF_TRY(count_extracted(s, i, n, arena, cells, sql, err));
    for (size_t k = 0; k < n; k++) {
        snprintf(name, sizeof name, "%s['%s']", maps[i].path, maps[i].keys[k]);
        snprintf(expected, sizeof expected, "%s values in %s maps", *c.by_entries[k] ? c.by_entries[k] : "0", cells[n + 1]);
        snprintf(found, sizeof found, "%s values in %s maps", cells[k], cells[n + 1]);
        bf_checks_equal(out, 1, name, expected, found);
    }
    snprintf(name, sizeof name, "%s: an absent key", maps[i].path);
    snprintf(expected, sizeof expected, "null, Utf8; 0 values in %s maps", cells[n + 1]);
    snprintf(found, sizeof found, "%s, %s; %s values in %s maps", cells[n + 3], cells[n + 2], cells[n], cells[n + 1]);
    bf_checks_equal(out, 1, name, expected, found);
    return BF_OK;
}

bf_status bf_attrs_check(bf_serving *s, bf_checks *out, bf_error *err) {
    bf_buf sql = {0};
    bf_arena arena = {0};
    bf_status st = BF_OK;
    for (size_t i = 0; i < N_MAPS && st == BF_OK; i++) st = check_map(s, out, i, &sql, &arena, err);
    bf_buf_free(&sql);
    bf_arena_free(&arena);
    return st;
}
