#include "query/references.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

/* ---- kind of statement ---- */

/* Past blanks, parentheses and comments. */
static const char *first_word(const char *sql) {
    for (;;) {
        while (isspace((unsigned char)*sql) || *sql == '(') sql++;
        const char *end = !strncmp(sql, "--", 2) ? strchr(sql, '\n') : !strncmp(sql, "/*", 2) ? strstr(sql + 2, "*/") : NULL;
        if (!end) return sql;
        sql = *end == '\n' ? end + 1 : end + 2;
    }
}

static bool is_question(const char *sql) {
    static const char *const words[] = {"SELECT", "WITH", "VALUES", "EXPLAIN", "SHOW", "DESCRIBE", "DESC", "FROM", "TABLE"};
    const char *word = first_word(sql);
    size_t n = 0;
    while (isalpha((unsigned char)word[n])) n++;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (n == strlen(words[i]) && !strncasecmp(word, words[i], n)) return true;
    return false;
}

/* ---- names ---- */

enum { SCHEMA = 1, NAME, N_CELLS };

static const char *keep(bf_arena *arena, const char *text) {
    return text ? bf_arena_str(arena, text, strlen(text) + 1).p : NULL;
}

static bf_status on_name(void *context, const char *const *cells, size_t n_cells) {
    bf_references *r = context;
    if (n_cells != N_CELLS || !cells[NAME]) return BF_OK;
    bf_reference *items = realloc(r->items, (r->n + 1) * sizeof *items);
    if (!items) return BF_NO_MEMORY;
    r->items = items;
    bf_reference item = {keep(&r->arena, cells[SCHEMA]), keep(&r->arena, cells[NAME])};
    if (!item.name || (cells[SCHEMA] && !item.schema)) return BF_NO_MEMORY;
    r->items[r->n++] = item;
    return BF_OK;
}

bf_status bf_references_find(bf_references *out, const bf_serving *s, const char *sql, bf_error *err) {
    bf_error why = {0};
    *out = (bf_references){.is_question = is_question(sql)};
    if (bf_serving_table_names(s, sql, on_name, out, &why) != BF_NO_MEMORY) return BF_OK;
    bf_references_free(out);
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

void bf_references_free(bf_references *references) {
    free(references->items);
    bf_arena_free(&references->arena);
    *references = (bf_references){0};
}
