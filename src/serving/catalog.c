/* What the information schema says of functions: the snapshot that the gate works on, and that is kept for the artifacts. */
#include "serving/ask.h"

typedef struct reading {
    bf_arena *arena;
    bf_buf rows; /* of bf_routine or bf_parameter */
} reading;

static bool keep_cells(reading *r, const char *const *cells, const char **const *to, size_t n) {
    for (size_t i = 0; i < n; i++) {
        *to[i] = cells[i] ? bf_arena_str(r->arena, cells[i], strlen(cells[i]) + 1).p : NULL;
        if (cells[i] && !*to[i]) return false;
    }
    return true;
}

static bf_status on_routine(void *context, const char *const *cells, size_t n_cells) {
    reading *r = context;
    bf_routine row;
    if (!keep_cells(r, cells, (const char **const[]){&row.name, &row.kind, &row.returns}, n_cells)) return BF_NO_MEMORY;
    bf_buf_put(&r->rows, &row, sizeof row);
    return r->rows.failed ? BF_NO_MEMORY : BF_OK;
}

static bf_status on_parameter(void *context, const char *const *cells, size_t n_cells) {
    reading *r = context;
    bf_parameter row;
    const char **const to[] = {&row.function, &row.overload, &row.ordinal, &row.mode, &row.type, &row.name};
    if (!keep_cells(r, cells, to, n_cells)) return BF_NO_MEMORY;
    bf_buf_put(&r->rows, &row, sizeof row);
    return r->rows.failed ? BF_NO_MEMORY : BF_OK;
}

static bf_status read_rows(const bf_serving *s, bf_signatures *out, const char *sql, bf_on_row on_row, const void **rows, size_t size,
                           size_t *n, bf_error *err) {
    reading r = {.arena = &out->arena};
    bf_status st = bf_serving_rows(s, sql, on_row, &r, err);
    void *kept = st == BF_OK ? bf_arena_alloc(&out->arena, r.rows.n + 1) : NULL;
    if (st == BF_OK && !kept) st = bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    if (st == BF_OK && r.rows.n) memcpy(kept, r.rows.p, r.rows.n);
    if (st == BF_OK) *rows = kept, *n = r.rows.n / size;
    bf_buf_free(&r.rows);
    return st;
}

bf_status bf_catalog_read(const bf_serving *s, bf_signatures *out, bf_error *err) {
    const void *rows;
    BF_TRY(read_rows(s, out, "SELECT DISTINCT routine_name, function_type, data_type FROM information_schema.routines ORDER BY 1, 2, 3",
                     on_routine, &rows, sizeof(bf_routine), &out->n_routines, err));
    out->routines = rows;
    BF_TRY(read_rows(s, out,
                     "SELECT specific_name, CAST(rid AS VARCHAR) AS r, CAST(ordinal_position AS VARCHAR) AS o, parameter_mode, data_type, "
                     "parameter_name "
                     "FROM information_schema.parameters ORDER BY specific_name, rid, parameter_mode, ordinal_position",
                     on_parameter, &rows, sizeof(bf_parameter), &out->n_parameters, err));
    out->parameters = rows;
    return BF_OK;
}
