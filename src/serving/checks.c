#include "serving/checks.h"

#include <stdlib.h>

static const char *keep(bf_checks *c, const char *text) {
    if (!text) text = "";
    const char *copy = bf_arena_str(&c->arena, text, strlen(text) + 1).p;
    if (!copy) c->failed = true;
    return copy;
}

void bf_checks_add(bf_checks *c, int scope, bf_check_state state, const char *name, const char *expected, const char *found) {
    if (c->n == c->capacity) {
        size_t capacity = c->capacity ? c->capacity * 2 : 64;
        bf_check *items = realloc(c->items, capacity * sizeof *items);
        if (!items) {
            c->failed = true;
            return;
        }
        c->items = items;
        c->capacity = capacity;
    }
    bf_check check = {scope, keep(c, name), keep(c, expected), keep(c, found), state};
    if (c->failed) return;
    c->items[c->n++] = check;
    c->n_state[state]++;
}

bool bf_checks_equal(bf_checks *c, int scope, const char *name, const char *expected, const char *found) {
    bool same = !strcmp(expected, found);
    bf_checks_add(c, scope, same ? BF_CHECK_OK : BF_CHECK_FAIL, name, expected, found);
    return same;
}

void bf_checks_free(bf_checks *c) {
    free(c->items);
    bf_arena_free(&c->arena);
    *c = (bf_checks){0};
}
