#include "decode/facts.h"

#include <stdio.h>

enum { MAX_ERRORS = 1000 }; /* rows of one file; the last one says that there were more */

bool bf_attrs_add(bf_attrs *attrs, bf_str key, bf_str value, bf_arena *arena) {
    if (!value.p) return false;
    if (attrs->n == attrs->capacity) {
        uint32_t capacity = attrs->capacity ? attrs->capacity * 2 : 4;
        bf_attr *items = bf_arena_alloc(arena, capacity * sizeof *items);
        if (!items) return false;
        if (attrs->n) memcpy(items, attrs->items, attrs->n * sizeof *items);
        attrs->items = items;
        attrs->capacity = capacity;
    }
    attrs->items[attrs->n++] = (bf_attr){key, value};
    return true;
}

static bf_error_fact *next_error(bf_file_facts *f, bf_arena *arena) {
    if (f->n_errors == f->errors_capacity) {
        uint32_t capacity = f->errors_capacity ? f->errors_capacity * 2 : 4;
        bf_error_fact *errors = bf_arena_alloc(arena, capacity * sizeof *errors);
        if (!errors) return NULL;
        if (f->n_errors) memcpy(errors, f->errors, f->n_errors * sizeof *errors);
        f->errors = errors;
        f->errors_capacity = capacity;
    }
    return &f->errors[f->n_errors++];
}

bool bf_errors_add(bf_file_facts *file, const char *type, const char *stage, bf_str code_id, int64_t offset, const char *message,
                   bf_arena *arena) {
    bool is_limit = !strcmp(stage, "limit");
    if (!is_limit && file->n_errors - file->n_limit_errors >= MAX_ERRORS) return true;
    bf_error_fact *e = next_error(file, arena);
    if (!e) return false;
    char text[80];
    file->n_limit_errors += is_limit;
    bool last = !is_limit && file->n_errors - file->n_limit_errors == MAX_ERRORS;
    if (last) {
        snprintf(text, sizeof text, "more than %d errors in this file, the rest is left out", MAX_ERRORS - 1);
        type = stage = "limit";
        message = text;
    }
    *e = (bf_error_fact){.error_type = bf_str_of(type), .message = bf_arena_str(arena, message, strlen(message))};
    if (!e->message.p || !bf_attrs_add(&e->attrs, BF_STR("error_stage"), bf_str_of(stage), arena)) return false;
    if (last) return true;
    if (code_id.p && !bf_attrs_add(&e->attrs, BF_STR("code_id"), code_id, arena)) return false;
    if (offset < 0) return true;
    int n = snprintf(text, sizeof text, "%lld", (long long)offset);
    return bf_attrs_add(&e->attrs, BF_STR("offset"), bf_arena_str(arena, text, (size_t)n), arena);
}
