#include "profile/profile.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/budget.h"
#include "profile/size.h"

enum { BOOL, INT, TEXT, LIST };
enum { ANY, EXTERNAL, DELTA };
enum { FIRST_LIMIT = BF_OPT_limit_bytes }; /* all follow it */

static const struct {
    const char *name;
    int type;
    const char *value;
    int group;
    const char *meaning;
} options[] = {
#define BF_OPTION(name, type, value, group, meaning) {#name, type, value, group, meaning},
#include "profile/options.def"
#undef BF_OPTION
};

static const char *const type_names[] = {"true or false", "a number", "a text", "a list of texts"};

struct bf_profile {
    struct {
        char *text; /* NULL: the default */
        char *source;
    } values[BF_N_OPTIONS];
};

static bf_status no_memory(bf_error *err) {
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

static int find(const char *name) {
    for (int i = 0; i < BF_N_OPTIONS; i++)
        if (!strcmp(options[i].name, name)) return i;
    return -1;
}

/* ---- values ---- */

bf_profile *bf_profile_new(void) {
    return calloc(1, sizeof(bf_profile));
}

void bf_profile_free(bf_profile *p) {
    for (int i = 0; p && i < BF_N_OPTIONS; i++) {
        free(p->values[i].text);
        free(p->values[i].source);
    }
    free(p);
}

bf_profile *bf_profile_copy(const bf_profile *profile) {
    bf_profile *copy = bf_profile_new();
    for (int i = 0; copy && profile && i < BF_N_OPTIONS; i++) {
        if (!profile->values[i].text) continue;
        copy->values[i].text = strdup(profile->values[i].text);
        copy->values[i].source = strdup(profile->values[i].source);
        if (copy->values[i].text && copy->values[i].source) continue;
        bf_profile_free(copy);
        return NULL;
    }
    return copy;
}

static bool is_valid(int type, const char *value) {
    char *end;
    if (type == BOOL) return !strcmp(value, "true") || !strcmp(value, "false");
    if (type != INT) return true;
    errno = 0;
    return isdigit((unsigned char)*value) && (strtoll(value, &end, 10), !*end && !errno);
}

bf_status bf_profile_set(bf_profile *p, const char *name, const char *value, const char *source, bf_error *err) {
    int i = find(name);
    if (i < 0) return bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s: no option %s; `bytefusion profile` lists them", source, name);
    if (!is_valid(options[i].type, value))
        return bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s: %s is '%s', it takes %s", source, name, value, type_names[options[i].type]);
    char *text = strdup(value), *from = strdup(source);
    if (!text || !from) {
        free(text);
        free(from);
        return no_memory(err);
    }
    free(p->values[i].text);
    free(p->values[i].source);
    p->values[i].text = text;
    p->values[i].source = from;
    return BF_OK;
}

const char *bf_profile_text(const bf_profile *p, bf_option_id id) {
    return p && p->values[id].text ? p->values[id].text : options[id].value;
}

bool bf_profile_bool(const bf_profile *p, bf_option_id id) {
    return !strcmp(bf_profile_text(p, id), "true");
}

bool bf_profile_is_set(const bf_profile *p, bf_option_id id) {
    return p && p->values[id].text;
}

bf_status bf_profile_check_delta(const bf_profile *p, const char *dataset, bf_error *err) {
    const char *provider = bf_profile_text(p, BF_OPT_provider);
    if (bf_profile_is_set(p, BF_OPT_provider) && strcmp(provider, "delta"))
        return bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s is a Delta table, and provider=%s (%s) would also read files that its log does not name: leave the provider out, or make it delta",
                       dataset, provider, p->values[BF_OPT_provider].source);
    for (int i = 0; p && i < BF_N_OPTIONS; i++)
        if (options[i].group == EXTERNAL && p->values[i].text && i != BF_OPT_catalog_location && i != BF_OPT_catalog_format)
            return bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s (%s) is for external tables, and %s is a Delta table", options[i].name, p->values[i].source, dataset);
    return BF_OK;
}

bf_status bf_profile_check_external(const bf_profile *p, const char *dataset, bf_error *err) {
    if (!strcmp(bf_profile_text(p, BF_OPT_provider), "delta"))
        return bf_fail(err, BF_INVALID_ARGUMENT, -1, "provider delta: %s is no Delta table (it has no _delta_log)", dataset);
    for (int i = 0; p && i < BF_N_OPTIONS; i++)
        if (options[i].group == DELTA && p->values[i].text && i != BF_OPT_delta_constraints)
            return bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s (%s) is for Delta tables, and %s is none", options[i].name, p->values[i].source, dataset);
    return BF_OK;
}

int64_t bf_profile_int(const bf_profile *p, bf_option_id id) {
    const char *text = bf_profile_text(p, id);
    return *text ? strtoll(text, NULL, 10) : -1;
}

int64_t bf_profile_bytes(const bf_profile *p, bf_option_id id) {
    return bf_size_parse(bf_profile_text(p, id));
}

size_t bf_profile_count(void) {
    return BF_N_OPTIONS;
}

bool bf_profile_get(const bf_profile *p, size_t index, bf_profile_option *out) {
    if (index >= BF_N_OPTIONS) return false;
    *out = (bf_profile_option){
        .name = options[index].name,
        .value = bf_profile_text(p, (bf_option_id)index),
        .source = p && p->values[index].source ? p->values[index].source : "default",
        .meaning = options[index].meaning,
    };
    return true;
}

bf_status bf_profile_limits(const bf_profile *p, bf_limits *out, bf_error *err) {
    bf_error_clear(err);
    *out = (bf_limits){0};
    for (int i = 0; i < BF_N_BUDGETS; i++) *bf_limits_at(out, (bf_budget_id)i) = bf_profile_int(p, (bf_option_id)(FIRST_LIMIT + i));
    return bf_limits_check(out, err);
}

/* ---- from a JSON file ---- */

/* A value as the text that the option holds; lists and objects become items with commas between. */
static bool put_value(bf_buf *out, const json_t *value) {
    size_t i;
    const char *key;
    json_t *item;
    switch (json_typeof(value)) {
    case JSON_TRUE: bf_buf_puts(out, "true"); return true;
    case JSON_FALSE: bf_buf_puts(out, "false"); return true;
    case JSON_INTEGER: bf_buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value)); return true;
    case JSON_STRING: bf_buf_puts(out, json_string_value(value)); return true;
    case JSON_ARRAY:
        json_array_foreach(value, i, item) {
            if (i) bf_buf_putc(out, ',');
            if (!json_is_string(item)) return false;
            bf_buf_puts(out, json_string_value(item));
        }
        return true;
    case JSON_OBJECT:
        json_object_foreach((json_t *)(uintptr_t)value, key, item) {
            if (out->n) bf_buf_putc(out, ',');
            if (!json_is_string(item)) return false;
            bf_buf_printf(out, "%s=%s", key, json_string_value(item));
        }
        return true;
    default: return false;
    }
}

static bf_status set_json(bf_profile *p, const char *path, const char *key, const json_t *value, bf_error *err) {
    bf_buf text = {0};
    bf_status st = BF_OK;
    if (!put_value(&text, value)) st = bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s: the value of %s is of no type that an option has", path, key);
    bf_buf_putc(&text, 0);
    if (st == BF_OK && text.failed) st = no_memory(err);
    if (st == BF_OK) st = bf_profile_set(p, key, text.p, path, err);
    bf_buf_free(&text);
    return st;
}

bf_status bf_profile_load(bf_profile *p, const char *path, bf_error *err) {
    bf_error_clear(err);
    json_error_t why;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    if (!root && why.line < 0) return bf_fail(err, BF_IO, -1, "%s", why.text);
    if (!root) return bf_fail(err, BF_INVALID_ARGUMENT, why.position, "%s, line %d: %s", path, why.line, why.text);
    bf_status st = BF_OK;
    const char *key;
    json_t *value;
    if (!json_is_object(root)) st = bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s: a profile is one JSON object", path);
    json_object_foreach(root, key, value) {
        if (st == BF_OK) st = set_json(p, path, key, value, err);
    }
    json_decref(root);
    return st;
}

bf_status bf_profile_load_environment(bf_profile *p, bf_error *err) {
    bf_error_clear(err);
    for (int i = 0; i < BF_N_OPTIONS; i++) {
        char name[80] = "BYTEFUSION_";
        size_t n = strlen(name);
        for (const char *c = options[i].name; *c && n < sizeof name - 1; c++) name[n++] = (char)toupper((unsigned char)*c);
        name[n] = 0;
        const char *value = getenv(name);
        if (value) BF_TRY(bf_profile_set(p, options[i].name, value, name, err));
    }
    return BF_OK;
}

/* ---- together ---- */

static bool is_one_of(const char *value, const char *const *known) {
    for (; *known; known++)
        if (!strcmp(*known, value)) return true;
    return false;
}

bf_status bf_profile_check(const bf_profile *p, bf_error *err) {
    static const char *const providers[] = {"listing", "parquet", "delta", NULL};
    static const char *const modes[] = {"overwrite", "append", "error", NULL};
    const char *provider = bf_profile_text(p, BF_OPT_provider);
    if (!is_one_of(provider, providers)) return bf_fail(err, BF_INVALID_ARGUMENT, -1, "provider %s: there are listing, parquet and delta", provider);
    if (!is_one_of(bf_profile_text(p, BF_OPT_write_mode), modes))
        return bf_fail(err, BF_INVALID_ARGUMENT, -1, "write_mode %s: there are overwrite, append and error", bf_profile_text(p, BF_OPT_write_mode));
    int set[3] = {-1, -1, -1};
    for (int i = 0; p && i < BF_N_OPTIONS; i++)
        if (p->values[i].text) set[options[i].group] = i;
    bool is_delta = !strcmp(provider, "delta"), is_other = !is_delta && bf_profile_is_set(p, BF_OPT_provider);
    if (set[EXTERNAL] >= 0 && (set[DELTA] >= 0 || is_delta))
        return bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s is for external tables and %s for Delta tables: a profile is for one of them",
                       options[set[EXTERNAL]].name, set[DELTA] >= 0 ? options[set[DELTA]].name : "provider=delta");
    if (set[DELTA] >= 0 && is_other) /* where nobody set it, the dataset says what it is */
        return bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s is for Delta tables, and the provider is %s", options[set[DELTA]].name, provider);
    if (*bf_profile_text(p, BF_OPT_delta_version) && *bf_profile_text(p, BF_OPT_delta_timestamp))
        return bf_fail(err, BF_INVALID_ARGUMENT, -1, "delta_version and delta_timestamp both say which version: give one of them");
    static const bf_option_id sizes[] = {BF_OPT_memory_limit, BF_OPT_spill_limit};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (bf_profile_bytes(p, sizes[i]) < BF_SIZE_NONE)
            return bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s is '%s', it takes a size of 1M or more (512M, 2G), a share of the memory (80%%), or none",
                           options[sizes[i]].name, bf_profile_text(p, sizes[i]));
    if (bf_profile_bool(p, BF_OPT_unbounded)) return bf_fail(err, BF_INVALID_ARGUMENT, -1, "unbounded: a dataset of files has an end");
    return BF_OK;
}
