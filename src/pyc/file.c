#include "pyc/file.h"

#include "base/budget.h"

bf_status bf_pyc_file_read(const char *path, const bf_limits *limits, uint8_t **data, size_t *size, bf_error *err) {
    bf_budget budget;
    bf_error why = {0};
    bf_budget_init(&budget, limits);
    bf_status st = bf_file_read(path, (size_t)budget.most[BF_BUDGET_bytes], data, size, &why);
    if (st != BF_LIMIT) return st == BF_OK ? st : bf_fail(err, st, why.offset, "%s", why.message);
    why = (bf_error){0};
    bf_budget_exceeded(&why, &budget, BF_BUDGET_bytes, -1);
    return bf_fail(err, st, -1, "%s: %s", path, why.message);
}
