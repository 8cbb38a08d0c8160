#include "base/budget.h"

#include <stddef.h>

static const struct {
    const char *name;
    size_t at; /* in bf_limits */
    int64_t standard, greatest;
    const char *left_out, *what;
} rows[] = {
#define BF_BUDGET(name, standard, greatest, left_out, what) {#name, offsetof(bf_limits, name), standard, greatest, left_out, what},
#include "base/budgets.def"
#undef BF_BUDGET
};

int64_t *bf_limits_at(bf_limits *limits, bf_budget_id id) {
    return (int64_t *)(void *)((char *)limits + rows[id].at);
}

static int64_t limit(const bf_limits *limits, int id) {
    return *(const int64_t *)(const void *)((const char *)limits + rows[id].at);
}

void bf_budget_init(bf_budget *out, const bf_limits *limits) {
    for (int i = 0; i < BF_N_BUDGETS; i++) {
        out->most[i] = limits && limit(limits, i) ? limit(limits, i) : rows[i].standard ? rows[i].standard : INT64_MAX;
        out->used[i] = 0;
    }
    out->exceeded = -1;
}

static bf_status exceeded(bf_error *err, bf_budget *budget, bf_budget_id id, const char *share, int64_t offset) {
    char advice[64];
    budget->exceeded = (int)id;
    snprintf(advice, sizeof advice, "--limit %s=N raises it", rows[id].name);
    return bf_fail(err, BF_LIMIT, offset, "%s left out: more than %s%lld %s in one file; %s", rows[id].left_out, share, (long long)budget->most[id],
                   rows[id].what, budget->most[id] < rows[id].greatest ? advice : "that is the most there can be");
}

bf_status bf_budget_exceeded(bf_error *err, bf_budget *budget, bf_budget_id id, int64_t offset) {
    return exceeded(err, budget, id, "", offset);
}

bf_status bf_budget_share_exceeded(bf_error *err, bf_budget *budget, int64_t offset) {
    return exceeded(err, budget, BF_BUDGET_text, "a fourth, for one constant, of ", offset);
}

const char *bf_budget_name(bf_budget_id id) {
    return rows[id].name;
}

bf_status bf_limits_check(const bf_limits *limits, bf_error *err) {
    for (int i = 0; i < BF_N_BUDGETS; i++)
        if (limit(limits, i) < 0 || limit(limits, i) > rows[i].greatest)
            return bf_fail(err, BF_INVALID_ARGUMENT, -1, "a limit of %lld %s: it takes a number from 1 to %lld", (long long)limit(limits, i), rows[i].what,
                           (long long)rows[i].greatest);
    return BF_OK;
}
