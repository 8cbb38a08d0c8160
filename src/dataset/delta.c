#include "dataset/delta.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nanoarrow/nanoarrow.h"
#include "schema/schema.h"

enum { MAX_OPTIONS = 32, READER_VERSION = 1, WRITER_VERSION = 2 };

static bf_status no_memory(bf_error *err) {
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

/* ---- opening ---- */

/* "key=value,key=value" in place. */
static size_t split_options(char *text, bf_engine_option *out, size_t n) {
    for (char *item = strtok_r(text, ",", &text); item && n < MAX_OPTIONS; item = strtok_r(NULL, ",", &text)) {
        char *equals = strchr(item, '=');
        if (!equals) continue;
        *equals = 0;
        out[n++] = (bf_engine_option){item, equals + 1};
    }
    return n;
}

static bf_status read_about(bf_delta *t, bf_error *err) {
    bf_engine_error why = {0};
    if (t->engine->delta_about(t->handle, &t->about, &why) != BF_ENGINE_OK) return bf_engine_fail(err, &why);
    if (t->engine->delta_schema(t->handle, &t->schema, &why) != BF_ENGINE_OK) return bf_engine_fail(err, &why);
    t->constraints = bf_delta_property(t, BF_DELTA_CONSTRAINTS);
    if (!t->constraints) t->constraints = strdup("");
    return t->constraints ? BF_OK : no_memory(err);
}

bf_status bf_delta_open(bf_delta *out, const bf_engine_api *engine, const char *path, const bf_delta_at *at, bf_error *err) {
    static const bf_delta_at latest = {0};
    bf_engine_option options[MAX_OPTIONS];
    bf_engine_error why = {0};
    char time[24];
    size_t n = 0;
    *out = (bf_delta){.engine = engine};
    if (!at) at = &latest;
    char *storage = strdup(at->storage_options ? at->storage_options : "");
    if (!storage) return no_memory(err);
    if (at->version && *at->version) options[n++] = (bf_engine_option){"version", at->version};
    snprintf(time, sizeof time, "%lld", (long long)at->timestamp_ms);
    if (at->by_time) options[n++] = (bf_engine_option){"timestamp_ms", time};
    n = split_options(storage, options, n);
    bf_status st = BF_OK;
    if (engine->delta_open(path, options, n, &out->handle, &why) != BF_ENGINE_OK) st = bf_engine_fail(err, &why);
    if (st == BF_OK) st = read_about(out, err);
    free(storage);
    if (st != BF_OK) bf_delta_close(out);
    return st;
}

void bf_delta_close(bf_delta *t) {
    if (t->schema.release) ArrowSchemaRelease(&t->schema);
    if (t->handle) t->engine->delta_close(t->handle);
    free(t->constraints);
    *t = (bf_delta){0};
}

char *bf_delta_property(const bf_delta *t, const char *key) {
    struct ArrowStringView value = {NULL, 0};
    if (!t->schema.metadata || ArrowMetadataGetValue(t->schema.metadata, ArrowCharView(key), &value) != NANOARROW_OK || !value.data) return NULL;
    return strndup(value.data, (size_t)value.size_bytes);
}

/* ---- the schema in the log ---- */

/* Whether `columns`, "repo,day", names it. */
static bool names(const char *columns, const char *name) {
    size_t n = strlen(name);
    for (const char *at = columns; *at; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == n && !memcmp(at, name, n)) return true;
    return false;
}

static void drop_columns(struct ArrowSchema *schema, const char *columns) {
    int64_t n = 0;
    for (int64_t i = 0; i < schema->n_children; i++) {
        struct ArrowSchema *child = schema->children[i];
        if (names(columns, child->name ? child->name : "")) {
            ArrowSchemaRelease(child);
            ArrowFree(child);
        } else {
            schema->children[n++] = child;
        }
    }
    schema->n_children = n;
}

typedef struct comparison {
    bf_on_difference on_difference;
    void *context;
    int64_t n;
} comparison;

/* Delta enforces no NOT NULL below a list or a map, and Spark drops it from each table that it makes or alters. Reading holds every row to it. */
static bool is_forced_in_log(const bf_difference *d) {
    return !strcmp(d->what, "nullability") && !strcmp(d->found, "nullable") && strstr(d->path, "[]");
}

static void count_difference(void *context, const bf_difference *d) {
    comparison *c = context;
    if (is_forced_in_log(d)) return;
    c->n++;
    if (c->on_difference) c->on_difference(c->context, d);
}

static void count_forced(void *context, const bf_difference *d) {
    *(int64_t *)context += is_forced_in_log(d);
}

/* A partition column is a required text, and of the contract's columns only repo may be one. */
static void compare_partition_column(comparison *c, const struct ArrowSchema *contract, const struct ArrowSchema *field) {
    static const struct {
        const char *what, *expected;
    } demands[] = {{"partition", "a column of the files"}, {"type", "utf8"}, {"nullability", "not null"}};
    bf_buf found = {0};
    const char *name = field->name;
    bool is_taken = false;
    for (int64_t i = 0; i < contract->n_children; i++) is_taken |= !strcmp(contract->children[i]->name, name) && strcmp(name, "repo");
    bf_schema_type_name(&found, field, BF_COMPARE_LOGICAL);
    bf_buf_putc(&found, 0);
    const char *texts[] = {is_taken ? "a partition column" : "", !found.failed && strcmp(found.p, "utf8") ? found.p : "",
                           field->flags & ARROW_FLAG_NULLABLE ? "nullable" : ""};
    for (size_t i = 0; i < 3; i++)
        if (*texts[i]) count_difference(c, &(bf_difference){name, demands[i].what, demands[i].expected, texts[i], false});
    bf_buf_free(&found);
}

static int64_t compare(const bf_delta *t, bf_on_difference on_field, comparison *c) {
    struct ArrowSchema contract, log = {.release = NULL};
    if (bf_schema(&contract, NULL) != BF_OK) return -1;
    bool copied = ArrowSchemaDeepCopy(&t->schema, &log) == NANOARROW_OK;
    if (copied) {
        for (int64_t i = 0; i < log.n_children; i++)
            if (names(t->about.partition_cols, log.children[i]->name)) compare_partition_column(c, &contract, log.children[i]);
        drop_columns(&contract, t->about.partition_cols);
        drop_columns(&log, t->about.partition_cols);
        bf_schema_compare(&contract, &log, BF_COMPARE_LOGICAL, on_field, on_field == count_difference ? (void *)c : &c->n);
    }
    if (log.release) ArrowSchemaRelease(&log);
    ArrowSchemaRelease(&contract);
    return copied ? c->n : -1;
}

int64_t bf_delta_compare(const bf_delta *t, bf_on_difference on_difference, void *context) {
    return compare(t, count_difference, &(comparison){on_difference, context, 0});
}

int64_t bf_delta_count_lax(const bf_delta *t) {
    comparison c = {0};
    return compare(t, count_forced, &c);
}

/* What Delta forces: a data file may differ from the contract in these, and is read as the log says. docs/PIPELINE.md has the same table. */
static const struct {
    const char *what, *why;
} forced[] = {
    {"nullability", "the log says what may be null, and writers leave the columns of a file nullable"},
    {"metadata", "the log has the metadata of schema and fields, and a file need not"},
    {"order", "columns of a file go by name"},
    {"extra", "columns that the log does not name are not read: Spark repeats partition columns, and notes changes for a change data feed"},
};

/* Arrow has several types for what is one type in Delta and in Parquet; who wrote a file noted one of them in it. */
static const struct {
    const char *found, *is; /* formats of the Arrow C Data Interface */
} one_type[] = {{"U", "u"}, {"vu", "u"}, {"+L", "+l"}, {"+vl", "+l"}, {"+vL", "+l"}};

bool bf_delta_forces(const bf_difference *d) {
    for (size_t i = 0; i < sizeof forced / sizeof *forced; i++)
        if (!strcmp(forced[i].what, d->what)) return true;
    return false;
}

/* A dictionary is a way to write values. */
static bf_status drop_dictionary(struct ArrowSchema *field, bf_error *err) {
    struct ArrowSchema *values = field->dictionary;
    if (!values) return BF_OK;
    if (ArrowSchemaSetFormat(field, values->format) != NANOARROW_OK) return no_memory(err);
    if (values->release) ArrowSchemaRelease(values);
    ArrowFree(values);
    field->dictionary = NULL;
    return BF_OK;
}

bf_status bf_delta_plain_types(struct ArrowSchema *field, bf_error *err) {
    BF_TRY(drop_dictionary(field, err));
    for (size_t i = 0; i < sizeof one_type / sizeof *one_type; i++)
        if (!strcmp(field->format, one_type[i].found) && ArrowSchemaSetFormat(field, one_type[i].is) != NANOARROW_OK) return no_memory(err);
    for (int64_t i = 0; i < field->n_children; i++) BF_TRY(bf_delta_plain_types(field->children[i], err));
    return BF_OK;
}

/* part-NNNNN-<32 hexadecimal digits>.parquet: storage_delta.c names parts so, and no other writer its files. */
bool bf_delta_is_own_part(const char *path) {
    static const char digits[] = "0123456789", hex[] = "0123456789abcdef";
    const char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    if (strncmp(name, "part-", 5) || strspn(name + 5, digits) < 5) return false;
    name += 5 + strspn(name + 5, digits);
    return *name == '-' && strspn(name + 1, hex) == 32 && !strcmp(name + 33, ".parquet");
}

/* ---- whether it is one for us ---- */

bf_status bf_delta_check_readable(const bf_delta *t, const char *path, bf_error *err) {
    if (t->about.min_reader_version <= READER_VERSION && !*t->about.reader_features) return BF_OK;
    return bf_fail(err, BF_UNSUPPORTED, -1, "%s: the table asks its readers for protocol %d%s%s; this version reads protocol %d (no deletion vectors, no column mapping)", path,
                   t->about.min_reader_version, *t->about.reader_features ? " with " : "", t->about.reader_features, READER_VERSION);
}

typedef struct first_difference {
    char text[700];
} first_difference;

static void keep_first(void *context, const bf_difference *d) {
    first_difference *f = context;
    if (!*f->text) snprintf(f->text, sizeof f->text, "%s: expected %s%.200s, found %.200s", *d->path ? d->path : "the schema", !strcmp(d->what, "metadata") ? "metadata " : "", d->expected, d->found);
}

bf_status bf_delta_check_writable(const bf_delta *t, const char *path, bf_error *err) {
    first_difference first = {""};
    BF_TRY(bf_delta_check_readable(t, path, err));
    if (t->about.min_writer_version > WRITER_VERSION || *t->about.writer_features)
        return bf_fail(err, BF_UNSUPPORTED, -1, "%s: the table asks its writers for protocol %d%s%s; this version writes protocol %d", path, t->about.min_writer_version,
                       *t->about.writer_features ? " with " : "", t->about.writer_features, WRITER_VERSION);
    int64_t n = bf_delta_compare(t, keep_first, &first);
    if (n < 0) return no_memory(err);
    if (n) return bf_fail(err, BF_CONTRACT, -1, "%s is a Delta table that does not hold bytecode_files_v1, and is not written to: log: %s", path, first.text);
    char *append_only = bf_delta_property(t, "delta.appendOnly");
    bool refuses = append_only && !strcmp(append_only, "true");
    free(append_only);
    return refuses ? bf_fail(err, BF_UNSUPPORTED, -1, "%s: delta.appendOnly is set, and a run may have to remove rows", path) : BF_OK;
}

/* ---- a new table ---- */

/* Partition columns last, as they are served, and required. */
static void put_repo_last(struct ArrowSchema *schema) {
    struct ArrowSchema *repo = schema->children[0];
    memmove(&schema->children[0], &schema->children[1], (size_t)(schema->n_children - 1) * sizeof(void *));
    schema->children[schema->n_children - 1] = repo;
    repo->flags &= ~(int64_t)ARROW_FLAG_NULLABLE;
}

bf_status bf_delta_describe(bf_delta_new *out, bf_engine_delta_change *change, bool partitioned, const char *constraints, bf_error *err) {
    *out = (bf_delta_new){.properties = calloc(bf_n_pairs + 1, sizeof *out->properties)};
    if (!out->properties) return no_memory(err);
    BF_TRY(bf_schema(&out->schema, err));
    if (partitioned) put_repo_last(&out->schema);
    size_t n = 0;
    for (size_t i = 0; i < bf_n_pairs; i++)
        if (bf_pairs[i].set == BF_META_SCHEMA) out->properties[n++] = (bf_engine_option){bf_pairs[i].key, bf_pairs[i].value};
    if (constraints && *constraints) out->properties[n++] = (bf_engine_option){BF_DELTA_CONSTRAINTS, constraints};
    change->schema = &out->schema;
    change->partition_cols = partitioned ? "repo" : "";
    change->properties = out->properties;
    change->n_properties = n;
    return BF_OK;
}

void bf_delta_new_free(bf_delta_new *made) {
    if (made->schema.release) ArrowSchemaRelease(&made->schema);
    free(made->properties);
    *made = (bf_delta_new){0};
}
