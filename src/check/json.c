#include "check/json.h"

#include <stdlib.h>

#include "nanoarrow/nanoarrow.h"

json_t *bf_json_set(bf_json *json, json_t *object, const char *key, json_t *value) {
    if (json_object_set_new(object, key, value) == 0) return value;
    json->failed = true;
    return NULL;
}

json_t *bf_json_add(bf_json *json, json_t *array, json_t *value) {
    if (json_array_append_new(array, value) == 0) return value;
    json->failed = true;
    return NULL;
}

json_t *bf_json_text(const char *text) {
    if (!text) return json_null();
    json_t *value = json_string(text); /* NULL where it is no UTF-8 */
    if (value) return value;
    bf_buf ascii = {0};
    for (const char *c = text; *c; c++) {
        if ((uint8_t)*c < 0x80)
            bf_buf_putc(&ascii, *c);
        else
            bf_buf_printf(&ascii, "\\x%02x", (uint8_t)*c);
    }
    value = ascii.failed ? NULL : json_stringn(ascii.p, ascii.n);
    bf_buf_free(&ascii);
    return value;
}

/* ---- metadata ---- */

typedef struct pair {
    struct ArrowStringView key, value;
} pair;

static int by_key(const void *a, const void *b) {
    const struct ArrowStringView *x = &((const pair *)a)->key, *y = &((const pair *)b)->key;
    size_t n = (size_t)(x->size_bytes < y->size_bytes ? x->size_bytes : y->size_bytes);
    int order = n ? memcmp(x->data, y->data, n) : 0;
    return order ? order : (x->size_bytes > y->size_bytes) - (x->size_bytes < y->size_bytes);
}

/* Field ids, and the schema in its own encoding. */
static bool is_of_the_reader(struct ArrowStringView key) {
    return (key.size_bytes >= 8 && !memcmp(key.data, "PARQUET:", 8)) || (key.size_bytes == 12 && !memcmp(key.data, "ARROW:schema", 12));
}

static json_t *text_of(struct ArrowStringView text) {
    char *z = strndup(text.data, (size_t)text.size_bytes);
    json_t *value = z ? bf_json_text(z) : NULL;
    free(z);
    return value;
}

static void set_pair(bf_json *json, json_t *object, const pair *p) {
    char *key = strndup(p->key.data, (size_t)p->key.size_bytes);
    if (key)
        bf_json_set(json, object, key, text_of(p->value));
    else
        json->failed = true;
    free(key);
}

json_t *bf_json_metadata(bf_json *json, const char *metadata) {
    json_t *object = json_object();
    struct ArrowMetadataReader reader;
    if (!metadata || ArrowMetadataReaderInit(&reader, metadata) != NANOARROW_OK || reader.remaining_keys <= 0) return object;
    size_t n = (size_t)reader.remaining_keys;
    pair *pairs = calloc(n, sizeof *pairs);
    if (!pairs) {
        json->failed = true;
        return object;
    }
    for (size_t i = 0; i < n; i++) ArrowMetadataReaderRead(&reader, &pairs[i].key, &pairs[i].value);
    qsort(pairs, n, sizeof *pairs, by_key);
    for (size_t i = 0; i < n; i++)
        if (!is_of_the_reader(pairs[i].key)) set_pair(json, object, &pairs[i]);
    free(pairs);
    return object;
}

/* ---- schemas ---- */

typedef struct walk {
    bf_json *json;
    json_t *out;
    void (*visit)(struct walk *w, const char *path, const struct ArrowSchema *field);
} walk;

/* Paths as those of schema/compare.c. */
static void child_path(char *out, size_t size, const char *path, const struct ArrowSchema *field, int64_t i) {
    static const char *const of_map[] = {"{key}", "{value}"};
    bool is_list = field->format[0] == '+' && strchr("lLvw", field->format[1]), is_map = !strcmp(field->format, "+m");
    const char *name = is_list ? "[]" : is_map ? of_map[i & 1] : field->children[i]->name;
    snprintf(out, size, "%s%s%s", path, *path && !is_list && !is_map ? "." : "", name ? name : "");
}

static void walk_field(walk *w, const char *path, const struct ArrowSchema *field) {
    w->visit(w, path, field);
    bool is_map = !strcmp(field->format, "+m") && field->n_children == 1;
    const struct ArrowSchema *inner = is_map ? field->children[0] : field; /* a map's struct of key and value is no field of its own */
    for (int64_t i = 0; i < inner->n_children; i++) {
        char child[512];
        child_path(child, sizeof child, path, is_map ? field : inner, i);
        walk_field(w, child, inner->children[i]);
    }
}

static void visit_field(walk *w, const char *path, const struct ArrowSchema *field) {
    bf_buf type = {0};
    if (!*path) return; /* the schema itself */
    json_t *item = bf_json_add(w->json, w->out, json_object());
    bf_schema_type_name(&type, field, BF_COMPARE_PHYSICAL);
    bf_buf_putc(&type, 0);
    if (type.failed) w->json->failed = true;
    bf_json_set(w->json, item, "path", bf_json_text(path));
    bf_json_set(w->json, item, "type", type.failed ? NULL : bf_json_text(type.p));
    bf_json_set(w->json, item, "nullable", json_boolean(field->flags & ARROW_FLAG_NULLABLE));
    bf_json_set(w->json, item, "metadata", bf_json_metadata(w->json, field->metadata));
    bf_buf_free(&type);
}

static void visit_metadata(walk *w, const char *path, const struct ArrowSchema *field) {
    json_t *metadata = bf_json_metadata(w->json, field->metadata);
    if (json_object_size(metadata))
        bf_json_set(w->json, w->out, path, metadata);
    else
        json_decref(metadata);
}

json_t *bf_json_fields(bf_json *json, const struct ArrowSchema *schema) {
    walk w = {json, json_array(), visit_field};
    walk_field(&w, "", schema);
    return w.out;
}

json_t *bf_json_metadata_by_path(bf_json *json, const struct ArrowSchema *schema) {
    walk w = {json, json_object(), visit_metadata};
    walk_field(&w, "", schema);
    return w.out;
}

char *bf_json_print(const json_t *root) {
    char *text = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    if (!text) return NULL;
    size_t n = strlen(text);
    char *line = realloc(text, n + 2);
    if (!line) {
        free(text);
        return NULL;
    }
    line[n] = '\n';
    line[n + 1] = 0;
    return line;
}
