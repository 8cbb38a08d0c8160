/* Scope 5, schema contracts: the table is registered with the contract's schema, and every file's footer is held against it. */
#include <stdlib.h>

#include "nanoarrow/nanoarrow.h"
#include "schema/compare.h"
#include "schema/schema.h"
#include "serving/serving.h"

enum { MAX_LISTED = 100 };

static bf_status no_memory(bf_error *err) {
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

static bool is_partition_column(const bf_serving *s, const char *name) {
    for (size_t i = 0; i < s->files.n_columns; i++)
        if (!strcmp(s->files.columns[i], name)) return true;
    return false;
}

/* ---- the schema ---- */

static ArrowErrorCode set_partition_column(struct ArrowSchema *field, const char *name) {
    ArrowSchemaInit(field);
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetType(field, NANOARROW_TYPE_STRING));
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetName(field, name));
    field->flags &= ~(int64_t)ARROW_FLAG_NULLABLE;
    return NANOARROW_OK;
}

static ArrowErrorCode set_view_type(struct ArrowSchema *field) {
    if (strcmp(field->format, "u")) return NANOARROW_OK;
    return ArrowSchemaSetFormat(field, "vu");
}

/* The contract with its top-level strings as asked for, partition columns last. */
static ArrowErrorCode make_schema(const bf_serving *s, const struct ArrowSchema *contract, bool views, struct ArrowSchema *out) {
    int64_t n = 0;
    for (int64_t i = 0; i < contract->n_children; i++) n += !is_partition_column(s, contract->children[i]->name);
    ArrowSchemaInit(out);
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetTypeStruct(out, n + (int64_t)s->files.n_columns));
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetName(out, ""));
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetMetadata(out, contract->metadata));
    int64_t at = 0;
    for (int64_t i = 0; i < contract->n_children; i++) {
        if (is_partition_column(s, contract->children[i]->name)) continue;
        struct ArrowSchema *field = out->children[at++];
        ArrowSchemaRelease(field);
        NANOARROW_RETURN_NOT_OK(ArrowSchemaDeepCopy(contract->children[i], field));
        if (views) NANOARROW_RETURN_NOT_OK(set_view_type(field));
    }
    for (size_t i = 0; i < s->files.n_columns; i++) {
        ArrowSchemaRelease(out->children[at]);
        NANOARROW_RETURN_NOT_OK(set_partition_column(out->children[at++], s->files.columns[i]));
    }
    return NANOARROW_OK;
}

/* What the files themselves hold: without the partition columns. */
static bf_status file_schema(const bf_serving *s, struct ArrowSchema *out, bf_error *err) {
    if (ArrowSchemaDeepCopy(&s->schema, out) != NANOARROW_OK) return no_memory(err);
    for (size_t i = 0; i < s->files.n_columns; i++) {
        struct ArrowSchema *last = out->children[--out->n_children];
        ArrowSchemaRelease(last);
        ArrowFree(last);
    }
    return BF_OK;
}

/* ---- the gate ---- */

typedef struct gate {
    bf_serving *s;
    struct ArrowSchema expected;
    const bf_dataset_file *file; /* being compared */
    size_t n_bad, n_differences, n_widenings;
    int64_t n_rows;
    char first[900]; /* the first difference */
} gate;

static void tell_difference(gate *g, const char *where, const bf_difference *d) {
    char name[640], found[400];
    const char *kind = !strcmp(d->what, "metadata") ? "metadata " : !strcmp(d->what, "order") ? "at this place " : "";
    snprintf(name, sizeof name, "%s: %s", where, *d->path ? d->path : "schema");
    snprintf(found, sizeof found, "%.*s%s", 360, d->found, d->is_widening ? " (wider)" : "");
    if (g->n_differences < MAX_LISTED) bf_checks_add(&g->s->gates, 5, BF_CHECK_FAIL, name, d->expected, found);
    if (!g->n_differences)
        snprintf(g->first, sizeof g->first, "%s: %s: expected %s%.200s, found %.200s", where, *d->path ? d->path : "the schema", kind,
                 d->expected, found);
    g->n_differences++;
    g->n_widenings += d->is_widening;
}

static void on_difference(void *context, const bf_difference *d) {
    gate *g = context;
    tell_difference(g, g->file->path, d);
}

/* A data file of a Delta table: what the log says in its place does not count. */
static void on_difference_from_log(void *context, const bf_difference *d) {
    if (!bf_delta_forces(d)) on_difference(context, d);
}

static void on_difference_in_log(void *context, const bf_difference *d) {
    tell_difference(context, "log", d);
}

static bf_status compare_with_log(gate *g, const struct ArrowSchema *schema) {
    struct ArrowSchema plain;
    if (ArrowSchemaDeepCopy(schema, &plain) != NANOARROW_OK) return BF_NO_MEMORY;
    bf_status st = bf_delta_plain_types(&plain, NULL);
    if (st == BF_OK) bf_schema_compare(&g->expected, &plain, BF_COMPARE_LOGICAL, on_difference_from_log, g);
    ArrowSchemaRelease(&plain);
    return st;
}

static bf_status on_footer(void *context, const bf_dataset_file *file, const struct ArrowSchema *schema, const bf_engine_footer *about,
                           const bf_error *why) {
    gate *g = context;
    size_t before = g->n_differences;
    g->file = file;
    if (schema) {
        if (g->s->delta.handle)
            BF_TRY(compare_with_log(g, schema));
        else
            bf_schema_compare(&g->expected, schema, BF_COMPARE_LOGICAL, on_difference, g);
        g->n_rows += about->rows;
    } else {
        if (!g->n_differences) snprintf(g->first, sizeof g->first, "%.*s", 800, why->message);
        if (g->n_differences++ < MAX_LISTED) bf_checks_add(&g->s->gates, 5, BF_CHECK_FAIL, file->path, "a Parquet file", why->message);
    }
    g->n_bad += g->n_differences > before;
    return BF_OK;
}

static bf_status say(gate *g, bf_error *err) {
    char expected[64], found[64];
    size_t n = g->s->files.n;
    snprintf(expected, sizeof expected, "%zu of %zu", n, n);
    snprintf(found, sizeof found, "%zu of %zu", n - g->n_bad, n);
    bf_checks_equal(&g->s->gates, 5, "files whose footer meets the contract", expected, found);
    if (!g->n_differences) return BF_OK;
    char more[120] = "";
    if (g->n_differences > 1 && !g->n_bad)
        snprintf(more, sizeof more, "; %zu more difference%s in the log", g->n_differences - 1, g->n_differences == 2 ? "" : "s");
    else if (g->n_differences > 1)
        snprintf(more, sizeof more, "; %zu more difference%s, in %zu of %zu files", g->n_differences - 1, g->n_differences == 2 ? "" : "s", g->n_bad, n);
    return bf_fail(err, BF_CONTRACT, -1, "%s%s", g->first, more);
}

/* The log of a Delta table is its schema: held against the contract first. */
static bf_status compare_log(gate *g, bf_error *err) {
    char found[64];
    if (!g->s->delta.handle) return BF_OK;
    int64_t n = bf_delta_compare(&g->s->delta, on_difference_in_log, g);
    if (n < 0) return no_memory(err);
    snprintf(found, sizeof found, "%lld differences", (long long)n);
    bf_checks_equal(&g->s->gates, 5, "schema in the log", "0 differences", found);
    return BF_OK;
}

bf_status bf_contract_gate(bf_serving *s, bf_error *err) {
    struct ArrowSchema contract;
    gate g = {.s = s};
    BF_TRY(bf_schema(&contract, err));
    bool views = bf_profile_bool(s->profile, BF_OPT_schema_force_view_types);
    ArrowErrorCode code = make_schema(s, &contract, views, &s->schema);
    ArrowSchemaRelease(&contract);
    if (code != NANOARROW_OK) return no_memory(err);
    BF_TRY(bf_schema_fingerprint(s->fingerprint_logical, &s->schema, BF_COMPARE_LOGICAL, err));
    BF_TRY(bf_schema_fingerprint(s->fingerprint_physical, &s->schema, BF_COMPARE_PHYSICAL, err));
    BF_TRY(file_schema(s, &g.expected, err));
    int concurrency = (int)bf_profile_int(s->profile, BF_OPT_meta_fetch_concurrency);
    bf_status st = compare_log(&g, err);
    if (st == BF_OK) st = bf_footers_read(s->api, &s->files, concurrency, on_footer, &g, NULL, err);
    if (st == BF_OK) st = say(&g, err);
    ArrowSchemaRelease(&g.expected);
    return st;
}

/* ---- registration ---- */

static bf_status partition_list(const bf_serving *s, bf_buf *out, bf_error *err) {
    for (size_t i = 0; i < s->files.n_columns; i++) bf_buf_printf(out, "%s%s:utf8", i ? "," : "", s->files.columns[i]);
    bf_buf_putc(out, 0);
    return out->failed ? no_memory(err) : BF_OK;
}

/* A directory is listed by the engine itself, so that it prunes by partition; files that were named or matched are given one by one. */
static bf_status paths_of(const bf_serving *s, const char ***paths, size_t *n, bf_error *err) {
    bool is_directory = s->dataset && s->files.n && strlen(s->files.items[0].path) > strlen(s->dataset) &&
                        !strncmp(s->files.items[0].path, s->dataset, strlen(s->dataset)) && !strpbrk(s->dataset, "*?[");
    *n = is_directory ? 1 : s->files.n;
    *paths = malloc((*n + 1) * sizeof **paths);
    if (!*paths) return no_memory(err);
    for (size_t i = 0; i < *n; i++) (*paths)[i] = is_directory ? s->dataset : s->files.items[i].path;
    return BF_OK;
}

/* Rows are in order where we wrote all files; one that Spark wrote, or compacted, is in any. */
bool bf_contract_is_ordered(const bf_serving *s) {
    for (size_t i = 0; s->delta.handle && i < s->files.n; i++)
        if (!bf_delta_is_own_part(s->files.items[i].path)) return false;
    return true;
}

static bf_status register_delta(const bf_serving *s, bf_error *err) {
    struct ArrowSchema schema;
    bf_engine_error why = {0};
    const bf_engine_option options[] = {{"file_sort_order", bf_profile_text(s->profile, BF_OPT_ordering)}};
    if (ArrowSchemaDeepCopy(&s->schema, &schema) != NANOARROW_OK) return no_memory(err);
    int32_t code = s->api->register_delta(s->engine, s->table, s->delta.handle, &schema, options, bf_contract_is_ordered(s), &why);
    if (schema.release) ArrowSchemaRelease(&schema);
    return code == BF_ENGINE_OK ? BF_OK : bf_engine_fail(err, &why);
}

bf_status bf_contract_register(const bf_serving *s, bf_error *err) {
    if (s->delta.handle) return register_delta(s, err);
    struct ArrowSchema schema;
    bf_buf partitions = {0};
    const char **paths = NULL;
    size_t n_paths = 0;
    BF_TRY(file_schema(s, &schema, err));
    bf_status st = partition_list(s, &partitions, err);
    if (st == BF_OK) st = paths_of(s, &paths, &n_paths, err);
    if (st == BF_OK) {
        bf_engine_error why = {0};
        const bf_engine_option options[] = {{"partition_cols", partitions.p}, {"file_sort_order", bf_profile_text(s->profile, BF_OPT_ordering)}};
        if (s->api->register_parquet(s->engine, s->table, &schema, paths, n_paths, options, 2, &why) != BF_ENGINE_OK) st = bf_engine_fail(err, &why);
    }
    if (schema.release) ArrowSchemaRelease(&schema);
    free(paths);
    bf_buf_free(&partitions);
    return st;
}

bf_status bf_serving_reopen(bf_serving *out, const bf_serving *s, bf_error *err) {
    bf_arena arena = {0};
    bf_engine_option *settings = NULL;
    size_t n = 0;
    bf_engine_error why = {0};
    *out = *s;
    out->engine = NULL;
    bf_status st = bf_knobs_settings(s->profile, &arena, &settings, &n, err);
    if (st == BF_OK && s->api->open(settings, n, &out->engine, &why) != BF_ENGINE_OK) st = bf_engine_fail(err, &why);
    if (st == BF_OK) st = bf_contract_register(out, err);
    if (st != BF_OK && out->engine) s->api->close(out->engine);
    free(settings);
    bf_arena_free(&arena);
    return st;
}
