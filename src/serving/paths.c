#include "serving/paths.h"

#include <stdlib.h>

#include "nanoarrow/nanoarrow.h"

/* ---- paths ---- */

/* Appends NAME['NAME']...: a path up to its next list, or to its end, as a field of `of` (NULL: of the table). Gives the length of that. */
static size_t put_part(bf_buf *sql, const char *of, const char *path) {
    size_t n = strcspn(path, "[");
    if (of) bf_buf_puts(sql, of);
    for (size_t at = 0; at < n;) {
        size_t n_name = strcspn(path + at, ".[");
        bool is_column = !of && at == 0;
        bf_buf_puts(sql, is_column ? "" : "['");
        bf_buf_put(sql, path + at, n_name);
        bf_buf_puts(sql, is_column ? "" : "']");
        at += n_name + (path[at + n_name] == '.');
    }
    return n;
}

void bf_path_put_field(bf_buf *sql, const char *path) {
    for (const char *of = NULL; *path; of = "") {
        path += put_part(sql, of, path);
        if (!strncmp(path, "[]", 2)) {
            bf_buf_puts(sql, "[1]");
            path += 2;
        }
        path += *path == '.';
    }
}

/* Lists in a path. */
static size_t depth_of(const char *path) {
    size_t n = 0;
    while ((path = strstr(path, "[]."))) n++, path += 3;
    return n;
}

/* Where the part after the first `depth` lists begins. */
static const char *part_at(const char *path, size_t depth) {
    while (depth--) path = strstr(path, "[].") + 3;
    return path;
}

void bf_path_put_items(bf_buf *sql, const char *table, const char *path) {
    size_t depth = depth_of(path);
    for (size_t i = depth; i--;) {
        bf_buf_puts(sql, "(SELECT unnest(");
        put_part(sql, i ? "x" : NULL, part_at(path, i));
        bf_buf_puts(sql, ") AS x FROM ");
    }
    bf_buf_puts(sql, table);
    for (size_t i = 0; i < depth; i++) bf_buf_putc(sql, ')');
}

void bf_path_put_item_field(bf_buf *sql, const char *path) {
    size_t depth = depth_of(path);
    put_part(sql, depth ? "x" : NULL, part_at(path, depth));
}

void bf_path_put_rows(bf_buf *sql, const char *table, const char *path) {
    bf_buf_puts(sql, "SELECT ");
    bf_path_put_item_field(sql, path);
    bf_buf_puts(sql, " AS m FROM ");
    bf_path_put_items(sql, table, path);
}

/* ---- pairs ---- */

static int by_key(const void *a, const void *b) {
    bf_str x = ((const bf_text_pair *)a)->key, y = ((const bf_text_pair *)b)->key;
    uint32_t n = x.n < y.n ? x.n : y.n;
    int order = n ? memcmp(x.p, y.p, n) : 0;
    return order ? order : (x.n > y.n) - (x.n < y.n);
}

void bf_pairs_put(bf_buf *out, bf_buf *pairs) {
    bf_text_pair *p = (bf_text_pair *)(void *)pairs->p;
    size_t n = pairs->n / sizeof *p;
    if (n) qsort(p, n, sizeof *p, by_key);
    for (size_t i = 0; i < n; i++) {
        if (i) bf_buf_putc(out, ' ');
        bf_buf_put_str(out, p[i].key);
        bf_buf_putc(out, '=');
        bf_buf_put_str(out, p[i].value);
    }
    out->failed |= pairs->failed;
}

static bf_str str_of(struct ArrowStringView view) {
    return (bf_str){view.data, (uint32_t)view.size_bytes};
}

void bf_metadata_put(bf_buf *out, const char *metadata) {
    struct ArrowMetadataReader reader;
    struct ArrowStringView key, value;
    bf_buf pairs = {0};
    ArrowMetadataReaderInit(&reader, metadata);
    while (reader.remaining_keys > 0 && ArrowMetadataReaderRead(&reader, &key, &value) == NANOARROW_OK) {
        bf_text_pair pair = {str_of(key), str_of(value)};
        bf_buf_put(&pairs, &pair, sizeof pair);
    }
    bf_pairs_put(out, &pairs);
    bf_buf_free(&pairs);
}
