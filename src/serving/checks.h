/* A list of findings: what was looked at, what should be there, what is, and whether that holds. */
#ifndef BF_SERVING_CHECKS_H
#define BF_SERVING_CHECKS_H

#include "base/arena.h"
#include "base/error.h"

typedef struct bf_checks {
    bf_check *items;
    size_t n, capacity;
    size_t n_state[3];
    bf_arena arena;
    bool failed; /* an allocation did */
} bf_checks; /* {0} is an empty one */

/** Adds a finding; copies the texts. A failed allocation sets `failed`. */
void bf_checks_add(bf_checks *checks, int scope, bf_check_state state, const char *name, const char *expected, const char *found);

/** Adds one that is OK when both texts are the same. Gives whether they are. */
bool bf_checks_equal(bf_checks *checks, int scope, const char *name, const char *expected, const char *found);

void bf_checks_free(bf_checks *checks);

#endif
