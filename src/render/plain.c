#include "render/plain.h"

#include <errno.h>
#include <stdio.h>

/* ---- schema ---- */

static const struct {
    const char *format, *plain;
} views[] = {{"vu", "u"}, {"vz", "z"}, {"+vl", "+l"}, {"+vL", "+L"}};

enum { UNION_FORMAT_BYTES = 8 + 4 * 128 }; /* at most 128 children, "127," each */

/* nanoarrow appends to unions whose type ids count from 0. */
static void union_format(char format[UNION_FORMAT_BYTES], const struct ArrowSchema *in) {
    int n = snprintf(format, UNION_FORMAT_BYTES, "%.4s", in->format); /* "+ud:" */
    for (int64_t i = 0; i < in->n_children && n < UNION_FORMAT_BYTES; i++)
        n += snprintf(format + n, (size_t)(UNION_FORMAT_BYTES - n), i ? ",%d" : "%d", (int)i);
}

static int set_format(struct ArrowSchema *out, const struct ArrowSchema *in) {
    char format[UNION_FORMAT_BYTES];
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        if (!strcmp(in->format, views[i].format)) return ArrowSchemaSetFormat(out, views[i].plain);
    if (strncmp(in->format, "+u", 2)) return ArrowSchemaSetFormat(out, in->format);
    union_format(format, in);
    return ArrowSchemaSetFormat(out, format);
}

int bf_plain_schema(struct ArrowSchema *out, const struct ArrowSchema *in) {
    const struct ArrowSchema *values = in; /* name, nullability and metadata stay those of the field */
    while (values->dictionary || !strcmp(values->format, "+r")) values = values->dictionary ? values->dictionary : values->children[1];
    ArrowSchemaInit(out);
    NANOARROW_RETURN_NOT_OK(set_format(out, values));
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetName(out, in->name ? in->name : ""));
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetMetadata(out, in->metadata));
    out->flags = (in->flags & ARROW_FLAG_NULLABLE) | (values->flags & ARROW_FLAG_MAP_KEYS_SORTED);
    NANOARROW_RETURN_NOT_OK(ArrowSchemaAllocateChildren(out, values->n_children));
    for (int64_t i = 0; i < values->n_children; i++) NANOARROW_RETURN_NOT_OK(bf_plain_schema(out->children[i], values->children[i]));
    return NANOARROW_OK;
}

/* ---- arrays that are written as they are ---- */

static bool counts_from_0(const struct ArrowArrayView *v) {
    for (int64_t i = 0; i < v->n_children; i++)
        if (v->union_type_id_map[128 + i] != i) return false;
    return true;
}

static bool all_plain(const bf_field *f, int64_t n) {
    for (int64_t i = 0; i < f->n_children; i++)
        if (!bf_plain_is(&f->children[i], n < 0 ? f->children[i].view->length : n)) return false;
    return true;
}

bool bf_plain_is(const bf_field *f, int64_t n) {
    const struct ArrowArrayView *v = f->view;
    if (v->offset || v->length != n || v->null_count < 0 || v->dictionary) return false;
    switch (v->storage_type) {
    case NANOARROW_TYPE_STRING_VIEW:
    case NANOARROW_TYPE_BINARY_VIEW:
    case NANOARROW_TYPE_LIST_VIEW:
    case NANOARROW_TYPE_LARGE_LIST_VIEW:
    case NANOARROW_TYPE_RUN_END_ENCODED: return false;
    case NANOARROW_TYPE_STRING:
    case NANOARROW_TYPE_BINARY: return !n || !v->buffer_views[1].data.as_int32[0];
    case NANOARROW_TYPE_LARGE_STRING:
    case NANOARROW_TYPE_LARGE_BINARY: return !n || !v->buffer_views[1].data.as_int64[0];
    case NANOARROW_TYPE_LIST:
    case NANOARROW_TYPE_MAP:
        return n && !v->buffer_views[1].data.as_int32[0] && bf_plain_is(f->children, v->buffer_views[1].data.as_int32[n]);
    case NANOARROW_TYPE_LARGE_LIST:
        return n && !v->buffer_views[1].data.as_int64[0] && bf_plain_is(f->children, v->buffer_views[1].data.as_int64[n]);
    case NANOARROW_TYPE_FIXED_SIZE_LIST: return bf_plain_is(f->children, n * v->layout.child_size_elements);
    case NANOARROW_TYPE_STRUCT: return all_plain(f, n);
    case NANOARROW_TYPE_SPARSE_UNION: return counts_from_0(v) && all_plain(f, n);
    case NANOARROW_TYPE_DENSE_UNION: return counts_from_0(v) && all_plain(f, -1);
    default: return true;
    }
}

/* ---- arrays that are copied, row by row ---- */

static bool is_union(const bf_field *f) {
    return f->type == NANOARROW_TYPE_SPARSE_UNION || f->type == NANOARROW_TYPE_DENSE_UNION;
}

static int append_union(struct ArrowArray *out, const bf_field *f, int64_t row) {
    int8_t child = ArrowArrayViewUnionChildIndex(f->view, row);
    if (child < 0 || child >= f->n_children) return EINVAL;
    NANOARROW_RETURN_NOT_OK(bf_plain_append(out->children[child], &f->children[child], ArrowArrayViewUnionChildOffset(f->view, row)));
    return ArrowArrayFinishUnionElement(out, child);
}

static int append_list(struct ArrowArray *out, const bf_field *f, int64_t row) {
    int64_t from, n = bf_field_items(f, row, &from);
    for (int64_t i = 0; i < n; i++) NANOARROW_RETURN_NOT_OK(bf_plain_append(out->children[0], f->children, from + i));
    return ArrowArrayFinishElement(out);
}

static int append_struct(struct ArrowArray *out, const bf_field *f, int64_t row) {
    for (int64_t i = 0; i < f->n_children; i++)
        NANOARROW_RETURN_NOT_OK(bf_plain_append(out->children[i], &f->children[i], row + f->view->offset));
    return ArrowArrayFinishElement(out);
}

/* Whatever has whole bytes of one size. */
static int append_fixed(struct ArrowArray *out, const bf_field *f, int64_t row) {
    int64_t size = f->view->layout.element_size_bits[1] / 8;
    const uint8_t *bytes = f->view->buffer_views[1].data.as_uint8 + (f->view->offset + row) * size;
    NANOARROW_RETURN_NOT_OK(ArrowBufferAppend(ArrowArrayBuffer(out, 1), bytes, size));
    struct ArrowBitmap *valid = ArrowArrayValidityBitmap(out);
    if (valid->buffer.data) NANOARROW_RETURN_NOT_OK(ArrowBitmapAppend(valid, 1, 1)); /* else all were, so far */
    out->length++;
    return NANOARROW_OK;
}

int bf_plain_append(struct ArrowArray *out, const bf_field *f, int64_t row) {
    while (f->follow && !is_union(f))
        if (!f->follow(&f, &row)) return ArrowArrayAppendNull(out, 1);
    if (is_union(f)) return append_union(out, f, row);
    if (ArrowArrayViewIsNull(f->view, row)) return ArrowArrayAppendNull(out, 1);
    switch (f->view->storage_type) {
    case NANOARROW_TYPE_BOOL: return ArrowArrayAppendInt(out, ArrowArrayViewGetIntUnsafe(f->view, row));
    case NANOARROW_TYPE_STRING:
    case NANOARROW_TYPE_BINARY:
    case NANOARROW_TYPE_LARGE_STRING:
    case NANOARROW_TYPE_LARGE_BINARY:
    case NANOARROW_TYPE_STRING_VIEW:
    case NANOARROW_TYPE_BINARY_VIEW: return ArrowArrayAppendBytes(out, ArrowArrayViewGetBytesUnsafe(f->view, row));
    case NANOARROW_TYPE_STRUCT: return append_struct(out, f, row);
    case NANOARROW_TYPE_LIST:
    case NANOARROW_TYPE_MAP:
    case NANOARROW_TYPE_LARGE_LIST:
    case NANOARROW_TYPE_LIST_VIEW:
    case NANOARROW_TYPE_LARGE_LIST_VIEW:
    case NANOARROW_TYPE_FIXED_SIZE_LIST: return append_list(out, f, row);
    default: return append_fixed(out, f, row);
    }
}
