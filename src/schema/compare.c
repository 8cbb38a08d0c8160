#include "schema/compare.h"

#include <stdlib.h>

#include "base/digest.h"
#include "nanoarrow/nanoarrow.h"

/* ---- types ---- */

/* Formats of the Arrow C Data Interface that take no parameter. `wider` holds every value of `format`. */
static const struct {
    const char *format, *name, *logical, *wider;
} types[] = {
    {"n", "null", "null", ""},        {"b", "bool", "bool", ""},          {"c", "int8", "int8", "sil"},
    {"C", "uint8", "uint8", "sSiIlL"}, {"s", "int16", "int16", "il"},      {"S", "uint16", "uint16", "iIlL"},
    {"i", "int32", "int32", "l"},     {"I", "uint32", "uint32", "lL"},    {"l", "int64", "int64", ""},
    {"L", "uint64", "uint64", ""},    {"e", "float16", "float16", "fg"},  {"f", "float32", "float32", "g"},
    {"g", "float64", "float64", ""},  {"u", "utf8", "utf8", "U"},         {"U", "large_utf8", "large_utf8", ""},
    {"vu", "utf8view", "utf8", "U"},  {"z", "binary", "binary", "Z"},     {"Z", "large_binary", "large_binary", ""},
    {"vz", "binaryview", "binary", "Z"}, {"+s", "struct", "struct", ""},  {"+l", "list", "list", ""},
    {"+L", "large_list", "large_list", ""}, {"+vl", "listview", "listview", ""}, {"+m", "map", "map", ""},
    {"tdD", "date32", "date32", ""},  {"tdm", "date64", "date64", ""},
};

enum { N_TYPES = sizeof types / sizeof *types };

static int type_of(const struct ArrowSchema *field) {
    for (int i = 0; i < N_TYPES; i++)
        if (!strcmp(types[i].format, field->format)) return i;
    return -1;
}

static bool is_list(const struct ArrowSchema *field) {
    return !strcmp(field->format, "+l") || !strcmp(field->format, "+L") || !strcmp(field->format, "+vl") || !strncmp(field->format, "+w", 2);
}

static bool is_map(const struct ArrowSchema *field) {
    return !strcmp(field->format, "+m");
}

void bf_schema_type_name(bf_buf *out, const struct ArrowSchema *field, bf_compare_mode mode) {
    int type = type_of(field);
    if (field->dictionary) {
        bf_buf_puts(out, "dictionary<");
        bf_schema_type_name(out, field->dictionary, mode);
        bf_buf_putc(out, '>');
        return;
    }
    bf_buf_puts(out, type < 0 ? field->format : mode == BF_COMPARE_LOGICAL ? types[type].logical : types[type].name);
    if (is_list(field) && field->n_children == 1) {
        bf_buf_putc(out, '<');
        bf_schema_type_name(out, field->children[0], mode);
        bf_buf_putc(out, '>');
    } else if (is_map(field) && field->children[0]->n_children == 2) {
        bf_buf_putc(out, '<');
        bf_schema_type_name(out, field->children[0]->children[0], mode);
        bf_buf_putc(out, ',');
        bf_schema_type_name(out, field->children[0]->children[1], mode);
        bf_buf_putc(out, '>');
    }
}

static bool is_wider(const struct ArrowSchema *expected, const struct ArrowSchema *found) {
    int type = type_of(expected);
    return type >= 0 && strlen(found->format) == 1 && strchr(types[type].wider, found->format[0]);
}

static bool is_nullable(const struct ArrowSchema *field) {
    return field->flags & ARROW_FLAG_NULLABLE;
}

/* ---- metadata ---- */

typedef struct pair {
    struct ArrowStringView key, value;
} pair;

static int compare_views(struct ArrowStringView a, struct ArrowStringView b) {
    int64_t n = a.size_bytes < b.size_bytes ? a.size_bytes : b.size_bytes;
    int order = n ? memcmp(a.data, b.data, (size_t)n) : 0;
    return order ? order : (a.size_bytes > b.size_bytes) - (a.size_bytes < b.size_bytes);
}

static int by_key(const void *a, const void *b) {
    return compare_views(((const pair *)a)->key, ((const pair *)b)->key);
}

/* What readers add of their own: Parquet's field ids. */
static bool is_foreign(struct ArrowStringView key) {
    return key.size_bytes >= 8 && !memcmp(key.data, "PARQUET:", 8);
}

static bool has_pair(const char *metadata, const pair *p) {
    struct ArrowStringView value = ArrowCharView(NULL);
    return metadata && ArrowMetadataGetValue(metadata, p->key, &value) == NANOARROW_OK && value.data && !compare_views(value, p->value);
}

/* "key=value key=value", sorted by key. `other`: only what is not there in the same way; `known`: only keys that are there too. */
static void put_metadata(bf_buf *out, const char *metadata, const char *other, const char *known) {
    struct ArrowMetadataReader reader;
    if (!metadata || ArrowMetadataReaderInit(&reader, metadata) != NANOARROW_OK || reader.remaining_keys <= 0) return;
    size_t n = (size_t)reader.remaining_keys;
    pair *pairs = calloc(n, sizeof *pairs);
    if (!pairs) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < n; i++) ArrowMetadataReaderRead(&reader, &pairs[i].key, &pairs[i].value);
    qsort(pairs, n, sizeof *pairs, by_key);
    size_t start = out->n;
    for (size_t i = 0; i < n; i++) {
        if (is_foreign(pairs[i].key) || has_pair(other, &pairs[i]) || (known && !ArrowMetadataHasKey(known, pairs[i].key))) continue;
        if (out->n > start) bf_buf_putc(out, ' ');
        bf_buf_put(out, pairs[i].key.data, (size_t)pairs[i].key.size_bytes);
        bf_buf_putc(out, '=');
        bf_buf_put(out, pairs[i].value.data, (size_t)pairs[i].value.size_bytes);
    }
    free(pairs);
}

/* ---- differences ---- */

typedef struct comparison {
    bf_compare_mode mode;
    bf_on_difference on_difference;
    void *context;
    size_t n;
    bf_buf expected, found; /* texts of the difference being told */
} comparison;

static const char *text(bf_buf *buf) {
    bf_buf_putc(buf, 0);
    return buf->failed ? "out of memory" : buf->p;
}

static void tell(comparison *c, const char *path, const char *what, const char *expected, const char *found, bool is_widening) {
    bf_difference difference = {path, what, expected, found, is_widening};
    c->n++;
    if (c->on_difference) c->on_difference(c->context, &difference);
}

static void compare_field(comparison *c, const char *path, const struct ArrowSchema *expected, const struct ArrowSchema *found);

static const char *name_of(const struct ArrowSchema *field) {
    return field->name ? field->name : "";
}

static const struct ArrowSchema *child_named(const struct ArrowSchema *parent, const char *name) {
    for (int64_t i = 0; i < parent->n_children; i++)
        if (!strcmp(name_of(parent->children[i]), name)) return parent->children[i];
    return NULL;
}

static void join(char *out, size_t size, const char *path, const char *name) {
    snprintf(out, size, "%s%s%s", path, *path ? "." : "", name);
}

static void tell_type(comparison *c, const char *path, const char *what, const struct ArrowSchema *expected, const struct ArrowSchema *found) {
    c->expected.n = c->found.n = 0;
    if (expected) bf_schema_type_name(&c->expected, expected, c->mode);
    if (found) bf_schema_type_name(&c->found, found, c->mode);
    tell(c, path, what, expected ? text(&c->expected) : "no such field", found ? text(&c->found) : "no such field",
         expected && found && is_wider(expected, found));
}

/* Fields go by name; where all are there, their order counts too. */
static void compare_children(comparison *c, const char *path, const struct ArrowSchema *expected, const struct ArrowSchema *found) {
    char child[512];
    size_t before = c->n;
    for (int64_t i = 0; i < expected->n_children; i++) {
        const struct ArrowSchema *field = expected->children[i], *other = child_named(found, name_of(field));
        join(child, sizeof child, path, name_of(field));
        if (other)
            compare_field(c, child, field, other);
        else
            tell_type(c, child, "missing", field, NULL);
    }
    for (int64_t i = 0; i < found->n_children; i++) {
        if (child_named(expected, name_of(found->children[i]))) continue;
        join(child, sizeof child, path, name_of(found->children[i]));
        tell_type(c, child, "extra", NULL, found->children[i]);
    }
    if (c->n != before || expected->n_children != found->n_children) return;
    for (int64_t i = 0; i < expected->n_children; i++) {
        if (!strcmp(name_of(expected->children[i]), name_of(found->children[i]))) continue;
        join(child, sizeof child, path, name_of(expected->children[i]));
        tell(c, child, "order", name_of(expected->children[i]), name_of(found->children[i]), false);
        return; /* those after it are only moved */
    }
}

/* `extra`: what is found may hold more than what is expected, as a file's key-value pairs do. */
static void compare_metadata(comparison *c, const char *path, const char *expected, const char *found, bool extra) {
    if (extra && !expected) return;
    c->expected.n = c->found.n = 0;
    put_metadata(&c->expected, expected, found, NULL);
    put_metadata(&c->found, found, expected, extra ? expected : NULL);
    if (c->expected.n == 0 && c->found.n == 0) return;
    bool none[] = {c->expected.n == 0, c->found.n == 0};
    const char *texts[] = {text(&c->expected), text(&c->found)};
    tell(c, path, "metadata", none[0] ? "none" : texts[0], none[1] ? "none" : texts[1], false);
}

static void compare_nullability(comparison *c, const char *path, const struct ArrowSchema *expected, const struct ArrowSchema *found) {
    static const char *const texts[] = {"not null", "nullable"};
    if (is_nullable(expected) != is_nullable(found))
        tell(c, path, "nullability", texts[is_nullable(expected)], texts[is_nullable(found)], false);
}

static bool same_type(comparison *c, const struct ArrowSchema *expected, const struct ArrowSchema *found) {
    if (!expected->dictionary != !found->dictionary) return false;
    if (!strcmp(expected->format, found->format)) return true;
    int a = type_of(expected), b = type_of(found);
    return c->mode == BF_COMPARE_LOGICAL && a >= 0 && b >= 0 && !strcmp(types[a].logical, types[b].logical);
}

static void compare_field(comparison *c, const char *path, const struct ArrowSchema *expected, const struct ArrowSchema *found) {
    if (!same_type(c, expected, found)) {
        tell_type(c, path, "type", expected, found);
    } else if (is_list(expected)) {
        char item[512];
        snprintf(item, sizeof item, "%s[]", path);
        compare_field(c, item, expected->children[0], found->children[0]);
    } else if (is_map(expected)) {
        for (int i = 0; i < 2; i++) {
            char part[512];
            snprintf(part, sizeof part, i ? "%s{value}" : "%s{key}", path);
            compare_field(c, part, expected->children[0]->children[i], found->children[0]->children[i]);
        }
    } else {
        compare_children(c, path, expected, found);
    }
    compare_nullability(c, path, expected, found);
    compare_metadata(c, path, expected->metadata, found->metadata, false);
}

size_t bf_schema_compare(const struct ArrowSchema *expected, const struct ArrowSchema *found, bf_compare_mode mode,
                         bf_on_difference on_difference, void *context) {
    comparison c = {.mode = mode, .on_difference = on_difference, .context = context};
    compare_children(&c, "", expected, found);
    compare_metadata(&c, "", expected->metadata, found->metadata, true);
    bf_buf_free(&c.expected);
    bf_buf_free(&c.found);
    return c.n;
}

/* ---- fingerprints ---- */

static void put_field(bf_buf *out, const char *path, const struct ArrowSchema *field, bf_compare_mode mode) {
    char child[512];
    bf_buf_printf(out, "%s ", path);
    bf_schema_type_name(out, field, mode);
    bf_buf_puts(out, is_nullable(field) ? " null " : " not-null ");
    put_metadata(out, field->metadata, NULL, NULL);
    bf_buf_putc(out, '\n');
    if (is_map(field)) return;
    bool items = is_list(field);
    for (int64_t i = 0; i < field->n_children; i++) {
        const struct ArrowSchema *inner = field->children[i];
        if (items)
            snprintf(child, sizeof child, "%s[]", path);
        else
            join(child, sizeof child, path, name_of(inner));
        put_field(out, child, inner, mode);
    }
}

void bf_schema_text(bf_buf *out, const struct ArrowSchema *schema, bf_compare_mode mode) {
    put_metadata(out, schema->metadata, NULL, NULL);
    bf_buf_putc(out, '\n');
    for (int64_t i = 0; i < schema->n_children; i++) put_field(out, name_of(schema->children[i]), schema->children[i], mode);
}

bf_status bf_schema_fingerprint(char out[65], const struct ArrowSchema *schema, bf_compare_mode mode, bf_error *err) {
    bf_buf canonical = {0};
    uint8_t digest[BF_SHA256_BYTES];
    bf_schema_text(&canonical, schema, mode);
    if (!canonical.failed) {
        bf_sha256(digest, canonical.p, canonical.n);
        bf_hex(out, digest, sizeof digest);
        out[64] = 0;
    }
    bool failed = canonical.failed;
    bf_buf_free(&canonical);
    return failed ? bf_fail(err, BF_NO_MEMORY, -1, "out of memory") : BF_OK;
}
