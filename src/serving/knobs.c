/* Scope 8, scan knobs: the profile as settings of the engine, applied before anything is registered, and read back. */
#include <ctype.h>
#include <stdlib.h>

#include "serving/serving.h"

/* A listing costs the engine about this much for each file: path, size, time, tag. */
enum { LISTED_FILE_BYTES = 1024, SMALL_BYTES = 256 << 20 };

static const struct {
    bf_option_id option;
    const char *setting;
} knobs[] = {
    {BF_OPT_enable_information_schema, "datafusion.catalog.information_schema"},
    {BF_OPT_schema_force_view_types, "datafusion.execution.parquet.schema_force_view_types"},
    {BF_OPT_skip_metadata, "datafusion.execution.parquet.skip_metadata"},
    {BF_OPT_skip_arrow_metadata, "datafusion.execution.parquet.skip_arrow_metadata"},
    {BF_OPT_listing_table_factory_infer_partitions, "datafusion.execution.listing_table_factory_infer_partitions"},
    {BF_OPT_listing_table_ignore_subdirectory, "datafusion.execution.listing_table_ignore_subdirectory"},
    {BF_OPT_collect_statistics, "datafusion.execution.collect_statistics"},
    {BF_OPT_collect_statistics, "datafusion.execution.split_file_groups_by_statistics"}, /* files that overlap keep the order provable */
    {BF_OPT_narrow_scans, "bytefusion.narrow_scans"},
    {BF_OPT_meta_fetch_concurrency, "datafusion.execution.meta_fetch_concurrency"},
    {BF_OPT_list_files_cache_ttl, "datafusion.runtime.list_files_cache_ttl"},
    {BF_OPT_list_files_cache_limit, "datafusion.runtime.list_files_cache_limit"},
    {BF_OPT_memory_limit, "datafusion.runtime.memory_limit"},
    {BF_OPT_spill_limit, "datafusion.runtime.max_temp_directory_size"},
    {BF_OPT_spill_directory, "datafusion.runtime.temp_directory"},
};

enum { N_KNOBS = sizeof knobs / sizeof *knobs };

static bool is_count(const char *text) {
    if (!*text) return false;
    for (; *text; text++)
        if (!isdigit((unsigned char)*text)) return false;
    return true;
}

static const char *kilobytes(bf_arena *arena, int64_t n) {
    char text[40];
    int length = snprintf(text, sizeof text, "%lldK", n > 0 ? (long long)n : 1LL);
    return bf_arena_str(arena, text, (size_t)length + 1).p;
}

/* What the engine is asked for: the option's text, or bytes with a unit where the option counts files or is a share. */
static const char *asked(const bf_profile *profile, bf_option_id option, bf_arena *arena) {
    const char *text = bf_profile_text(profile, option);
    int64_t bytes;
    switch ((int)option) {
    case BF_OPT_list_files_cache_limit: return is_count(text) ? kilobytes(arena, strtoll(text, NULL, 10) * LISTED_FILE_BYTES / 1024) : text;
    case BF_OPT_memory_limit: /* operators do not count all that they take, and plans and footers are there too */
        bytes = bf_profile_bytes(profile, option);
        return bytes < 0 ? "unlimited" : kilobytes(arena, (bytes > SMALL_BYTES ? bytes / 4 * 3 : bytes / 2) / 1024);
    case BF_OPT_spill_limit:
        bytes = bf_profile_bytes(profile, option);
        return kilobytes(arena, bytes < 0 ? INT64_MAX / 4096 : bytes / 1024);
    default: return text;
    }
}

/* Of options that are unset there is no setting. */
static bool is_given(const char *value) {
    return *value && strcmp(value, "unlimited");
}

bf_status bf_knobs_settings(const bf_profile *profile, bf_arena *arena, bf_engine_option **settings, size_t *n, bf_error *err) {
    *n = 0;
    *settings = malloc((N_KNOBS + 1) * sizeof **settings);
    if (!*settings) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    for (size_t i = 0; i < N_KNOBS; i++) {
        const char *value = asked(profile, knobs[i].option, arena);
        if (!value) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
        if (is_given(value)) (*settings)[(*n)++] = (bf_engine_option){knobs[i].setting, value};
    }
    int64_t limit = bf_profile_bytes(profile, BF_OPT_memory_limit);
    const char *process = limit < 0 ? "" : kilobytes(arena, limit / 1024);
    if (!process) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    if (is_given(process)) (*settings)[(*n)++] = (bf_engine_option){"bytefusion.memory_limit", process};
    return BF_OK;
}

/* ---- as the engine reports them ---- */

/* Bytes of "10000K" as of "9.8 MB", and of one in its last place: the engine reports in its own units, rounded or cut. */
static double bytes_of(const char *text, double *last_place) {
    char *unit;
    double value = strtod(text, &unit);
    while (*unit == ' ') unit++;
    static const char units[] = "KMGT";
    const char *found = *unit ? strchr(units, toupper((unsigned char)*unit)) : NULL;
    *last_place = 1;
    for (const char *u = units; found && u <= found; u++) value *= 1024, *last_place *= 1024;
    return value;
}

/* Seconds of "5m", "300s", "5m0s". */
static double seconds_of(const char *text) {
    double sum = 0;
    for (char *end; *text; text = end) {
        double value = strtod(text, &end);
        if (end == text) return -1;
        sum += value * (*end == 'h' ? 3600 : *end == 'm' ? 60 : 1);
        if (*end) end++;
    }
    return sum;
}

static bool means_the_same(bf_option_id option, const char *asked_for, const char *reported) {
    if (!strcmp(asked_for, reported)) return true;
    if (option == BF_OPT_list_files_cache_ttl) return seconds_of(asked_for) == seconds_of(reported);
    if (option == BF_OPT_spill_directory && !*asked_for) return !strcmp(reported, "unset"); /* made when it is needed */
    if (option != BF_OPT_list_files_cache_limit && option != BF_OPT_memory_limit && option != BF_OPT_spill_limit) return false;
    double in_a, in_b, a = bytes_of(asked_for, &in_a), b = bytes_of(reported, &in_b);
    return a > 0 && ((b > 0.9 * a && b < 1.1 * a) || (b > 0 && a >= b && a < b + in_b));
}

typedef struct reading {
    bf_serving *s;
    bf_checks *out;
    bf_arena arena;
    bool seen[N_KNOBS];
} reading;

static bf_status on_setting(void *context, const char *const *cells, size_t n_cells) {
    reading *r = context;
    if (n_cells != 2 || !cells[0]) return BF_OK;
    for (size_t i = 0; i < N_KNOBS; i++) {
        if (strcmp(knobs[i].setting, cells[0])) continue;
        const char *want = asked(r->s->profile, knobs[i].option, &r->arena);
        const char *have = cells[1] ? cells[1] : "unset";
        r->seen[i] = true;
        if (!want) return BF_NO_MEMORY;
        bf_check_state state = means_the_same(knobs[i].option, want, have) ? BF_CHECK_OK : BF_CHECK_FAIL;
        bf_checks_add(r->out, 8, state, knobs[i].setting, *want ? want : "unset", have);
    }
    return BF_OK;
}

bf_status bf_knobs_check(bf_serving *s, bf_checks *out, bf_error *err) {
    reading r = {.s = s, .out = out};
    bf_status st = bf_serving_settings(s, on_setting, &r, err);
    for (size_t i = 0; i < N_KNOBS && st == BF_OK; i++)
        if (!r.seen[i]) bf_checks_add(out, 8, BF_CHECK_NOT_CHECKED, knobs[i].setting, "a setting", "the engine reports none of that name");
    bf_arena_free(&r.arena);
    return st;
}
