/* The budgets of one file: what it may use, and what it has used. */
#ifndef BF_BASE_BUDGET_H
#define BF_BASE_BUDGET_H

#include "base/error.h"

typedef enum bf_budget_id {
#define BF_BUDGET(name, standard, greatest, left_out, what) BF_BUDGET_##name,
#include "base/budgets.def"
#undef BF_BUDGET
    BF_N_BUDGETS
} bf_budget_id;

typedef struct bf_budget {
    int64_t most[BF_N_BUDGETS], used[BF_N_BUDGETS];
    int exceeded; /* bf_budget_id of the last that was; -1: none */
} bf_budget;

/** The caller's limits, and the default where one is 0; NULL: all defaults. Nothing is used yet. */
void bf_budget_init(bf_budget *out, const bf_limits *limits);

/** Gives BF_LIMIT, with the message "code objects left out: more than 8192 code objects in one file; --limit code_objects=N raises it". */
bf_status bf_budget_exceeded(bf_error *err, bf_budget *budget, bf_budget_id id, int64_t offset);

enum { BF_TEXT_SHARES = 4 }; /* one constant gets at most one such share of the budget for text */

/** The same of one constant that takes more than its share of the text. */
bf_status bf_budget_share_exceeded(bf_error *err, bf_budget *budget, int64_t offset);

/** "bytes"; the field of bf_limits. Static. */
const char *bf_budget_name(bf_budget_id id);

/** Whether each limit is a number from 0 to the greatest that is borne. Errors: BF_INVALID_ARGUMENT, naming it. */
bf_status bf_limits_check(const bf_limits *limits, bf_error *err);

/** The field of a limit. */
int64_t *bf_limits_at(bf_limits *limits, bf_budget_id id);

#endif
