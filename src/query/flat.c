#include "query/flat.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "nanoarrow/nanoarrow.h"
#include "schema/compare.h"
#include "serving/ask.h"

#define FORM "1" /* of flat tables: another one when they are written in another way */

const char *const bf_flat_keys[BF_N_FLAT_KEYS] = {
    [BF_FLAT_VIEW] = "bytefusion.view",
    [BF_FLAT_SOURCE] = "bytefusion.source",
    [BF_FLAT_DEFINITION] = "bytefusion.definition",
    [BF_FLAT_ENGINE] = "bytefusion.engine",
    [BF_FLAT_ABOUT_SOURCE] = "bytefusion.source_is",
    [BF_FLAT_ORDER] = "bytefusion.order",
};

static bf_status no_memory(bf_error *err) {
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

/* ---- fingerprints ---- */

static bf_status digest(char out[65], bf_buf *text, bf_error *err) {
    uint8_t bytes[BF_SHA256_BYTES];
    bool failed = text->failed;
    if (!failed) bf_sha256(bytes, text->p, text->n);
    bf_buf_free(text);
    if (failed) return no_memory(err);
    bf_hex(out, bytes, sizeof bytes);
    out[64] = 0;
    return BF_OK;
}

bf_status bf_flat_source(char out[65], const bf_serving *s, bf_error *err) {
    bf_buf text = {0};
    size_t n_root = s->dataset ? strlen(s->dataset) : 0;
    bool is_delta = s->delta.handle != NULL; /* whose version is what it is, whatever becomes of its files */
    if (is_delta) bf_buf_printf(&text, "%s %lld", s->delta.about.table_id, (long long)s->delta.about.version);
    for (size_t i = 0; i < s->files.n && !is_delta; i++) {
        const bf_dataset_file *f = &s->files.items[i];
        const char *name = f->path;
        if (!strncmp(name, s->dataset, n_root)) name += n_root + strspn(name + n_root, "/");
        bf_buf_printf(&text, "%lld %lld ", (long long)f->size_bytes, (long long)f->mtime_ns);
        bf_buf_puts(&text, name);
        bf_buf_putc(&text, 0);
    }
    return digest(out, &text, err);
}

bf_status bf_flat_definition(char out[65], const bf_serving *s, size_t view, bf_error *err) {
    bf_buf text = {0};
    bf_status st = BF_OK;
    bf_buf_puts(&text, FORM " ");
    bf_buf_puts(&text, s->fingerprint_logical);
    for (size_t i = 0; i <= view && st == BF_OK; i++) {
        if (i < view && !bf_view_uses(view, bf_view_name(i))) continue;
        bf_buf_printf(&text, " %s ", bf_view_name(i));
        st = bf_view_expand(&text, i, &s->fill, err);
    }
    if (st == BF_OK) return digest(out, &text, err);
    bf_buf_free(&text);
    return st;
}

void bf_flat_about_source(char out[64], const bf_serving *s) {
    size_t n = s->delta.handle ? (size_t)snprintf(out, 64, "version %lld, ", (long long)s->delta.about.version) : 0;
    snprintf(out + n, 64 - n, "%zu part%s", s->files.n, s->files.n == 1 ? "" : "s");
}

/* ---- looking ---- */

bf_status bf_flat_folder(char **out, const bf_serving *s, bf_error *err) {
    char real[PATH_MAX];
    struct stat info;
    *out = NULL;
    if (!s->dataset || stat(s->dataset, &info) || !S_ISDIR(info.st_mode)) return BF_OK;
    if (!realpath(s->dataset, real)) return bf_fail_errno(err, "resolve", s->dataset);
    return asprintf(out, "%s" BF_FLAT_SUFFIX, real) < 0 ? no_memory(err) : BF_OK;
}

static bool get(const struct ArrowSchema *schema, int key, char *out, size_t size) {
    struct ArrowStringView value = {NULL, 0};
    if (ArrowMetadataGetValue(schema->metadata, ArrowCharView(bf_flat_keys[key]), &value) != NANOARROW_OK || !value.data) return false;
    snprintf(out, size, "%.*s", (int)value.size_bytes, value.data);
    return true;
}

/* Leaves the metadata that the view has. */
static ArrowErrorCode drop_pairs(struct ArrowSchema *schema) {
    struct ArrowBuffer pairs;
    NANOARROW_RETURN_NOT_OK(ArrowMetadataBuilderInit(&pairs, schema->metadata));
    ArrowErrorCode code = NANOARROW_OK;
    for (int i = 0; i < BF_N_FLAT_KEYS && code == NANOARROW_OK; i++)
        code = ArrowMetadataBuilderRemove(&pairs, ArrowCharView(bf_flat_keys[i]));
    if (code == NANOARROW_OK) code = ArrowSchemaSetMetadata(schema, (const char *)pairs.data);
    ArrowBufferReset(&pairs);
    return code;
}

static void be_stale(bf_flat *f, const char *why) {
    f->state = BF_FLAT_STALE;
    snprintf(f->why, sizeof f->why, "%.255s", why);
}

/* The first thing that is not as it was. */
static bf_status compare(bf_flat *f, const bf_serving *s, size_t view, bf_error *err) {
    char source[65], definition[65], have[160];
    BF_TRY(bf_flat_source(source, s, err));
    BF_TRY(bf_flat_definition(definition, s, view, err));
    const struct {
        int key;
        const char *is, *why;
    } parts[] = {
        {BF_FLAT_VIEW, bf_view_name(view), "it is no flat table of this view"},
        {BF_FLAT_SOURCE, source, "the dataset is another one since it was made"},
        {BF_FLAT_DEFINITION, definition, "the view is another one since it was made"},
        {BF_FLAT_ENGINE, s->api->version, "another version of the engine made it"},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (get(&f->schema, parts[i].key, have, sizeof have) && !strcmp(have, parts[i].is)) continue;
        be_stale(f, parts[i].why);
        return BF_OK;
    }
    f->state = BF_FLAT_CURRENT;
    return BF_OK;
}

static bf_status look(bf_flat *f, const bf_serving *s, size_t view, bf_error *err) {
    bf_engine_error why = {0};
    bf_engine_footer about = {0};
    struct ArrowSchema footer; /* the engine's: only a copy may be changed */
    if (access(f->path, F_OK)) return BF_OK;
    if (s->api->footer(f->path, &footer, &about, &why) != BF_ENGINE_OK) {
        be_stale(f, why.message);
        return BF_OK;
    }
    ArrowErrorCode copied = ArrowSchemaDeepCopy(&footer, &f->schema);
    ArrowSchemaRelease(&footer);
    if (copied != NANOARROW_OK) return no_memory(err);
    f->rows = about.rows, f->row_groups = about.row_groups, f->size_bytes = about.size_bytes;
    get(&f->schema, BF_FLAT_ORDER, f->order, sizeof f->order);
    get(&f->schema, BF_FLAT_ABOUT_SOURCE, f->source, sizeof f->source);
    BF_TRY(compare(f, s, view, err));
    return drop_pairs(&f->schema) == NANOARROW_OK ? BF_OK : no_memory(err);
}

bf_status bf_flat_find(bf_flat *out, const bf_serving *s, size_t view, bf_error *err) {
    char *folder;
    *out = (bf_flat){.state = BF_FLAT_NONE};
    BF_TRY(bf_flat_folder(&folder, s, err));
    if (!folder) return BF_OK;
    bf_status st = asprintf(&out->path, "%s/%s.parquet", folder, bf_view_name(view)) < 0 ? no_memory(err) : BF_OK;
    if (st != BF_OK) out->path = NULL;
    if (st == BF_OK) st = look(out, s, view, err);
    if (st != BF_OK) bf_flat_reset(out);
    free(folder);
    return st;
}

void bf_flat_reset(bf_flat *flat) {
    if (flat->schema.release) ArrowSchemaRelease(&flat->schema);
    free(flat->path);
    *flat = (bf_flat){.state = BF_FLAT_NONE};
}

/* ---- using ---- */

/* Top-level strings as those of the nested table are served. Views are one type with utf8 in the contract, and grouping by them is faster. */
static ArrowErrorCode set_string_types(struct ArrowSchema *schema, bool views) {
    for (int64_t i = 0; i < schema->n_children; i++) {
        const char *format = schema->children[i]->format;
        if (strcmp(format, "u") && strcmp(format, "vu")) continue;
        NANOARROW_RETURN_NOT_OK(ArrowSchemaSetFormat(schema->children[i], views ? "vu" : "u"));
    }
    return NANOARROW_OK;
}

bf_status bf_flat_register(const bf_flat *flat, const bf_serving *s, size_t view, bf_error *err) {
    struct ArrowSchema schema;
    bf_buf name = {0};
    bf_engine_error why = {0};
    const bf_engine_option options[] = {{"file_sort_order", flat->order}};
    const char *path = flat->path;
    bf_ask_put_view(&name, s, bf_view_name(view));
    bf_status st = bf_ask_end(&name, err);
    if (st == BF_OK && ArrowSchemaDeepCopy(&flat->schema, &schema) != NANOARROW_OK) st = no_memory(err);
    bool views = bf_profile_bool(s->profile, BF_OPT_schema_force_view_types);
    if (st == BF_OK && set_string_types(&schema, views) != NANOARROW_OK) {
        ArrowSchemaRelease(&schema);
        st = no_memory(err);
    }
    if (st == BF_OK && s->api->register_parquet(s->engine, name.p, &schema, &path, 1, options, 1, &why) != BF_ENGINE_OK)
        st = bf_engine_fail(err, &why);
    bf_buf_free(&name);
    return st;
}
