#include "render/value.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/number.h"
#include "render/calendar.h"

enum { MAX_DEPTH = 100 };

/* ---- values of one kind each: the row is there, in the field itself ---- */

static void put_nothing(bf_buf *out, const bf_field *f, int64_t row) { /* of types whose values are all null or elsewhere */
    (void)out, (void)f, (void)row;
}

static int64_t as_int(const bf_field *f, int64_t row) {
    return ArrowArrayViewGetIntUnsafe(f->view, row);
}

static void put_bool(bf_buf *out, const bf_field *f, int64_t row) {
    bf_buf_puts(out, as_int(f, row) ? "true" : "false");
}

static void put_int(bf_buf *out, const bf_field *f, int64_t row) {
    bf_put_i64(out, as_int(f, row));
}

static void put_uint(bf_buf *out, const bf_field *f, int64_t row) {
    bf_put_u64(out, ArrowArrayViewGetUIntUnsafe(f->view, row));
}

/* nanoarrow reads half floats too, but not the smallest ones. */
static double half_float(uint16_t bits) {
    int exponent = bits >> 10 & 31, mantissa = bits & 1023;
    double size = exponent == 31 ? (mantissa ? NAN : INFINITY) : exponent ? ldexp(1024 + mantissa, exponent - 25) : ldexp(mantissa, -24);
    return bits >> 15 ? -size : size;
}

static double as_double(const bf_field *f, int64_t row) {
    if (f->type == NANOARROW_TYPE_HALF_FLOAT) return half_float(f->view->buffer_views[1].data.as_uint16[f->view->offset + row]);
    return ArrowArrayViewGetDoubleUnsafe(f->view, row);
}

static void put_float(bf_buf *out, const bf_field *f, int64_t row) {
    double x = as_double(f, row);
    if (isnan(x))
        bf_buf_puts(out, "NaN");
    else
        bf_put_float(out, x, f->type == NANOARROW_TYPE_DOUBLE ? BF_FLOAT64 : f->type == NANOARROW_TYPE_FLOAT ? BF_FLOAT32 : BF_FLOAT16);
}

static void put_decimal(bf_buf *out, const bf_field *f, int64_t row) {
    size_t size = (size_t)f->view->layout.element_size_bits[1] / 8;
    bf_put_decimal(out, f->view->buffer_views[1].data.as_uint8 + (size_t)(f->view->offset + row) * size, size, f->scale);
}

static void put_text(bf_buf *out, const bf_field *f, int64_t row) {
    struct ArrowStringView text = ArrowArrayViewGetStringUnsafe(f->view, row);
    bf_buf_put(out, text.data, (size_t)text.size_bytes);
}

static void put_hex(bf_buf *out, const bf_field *f, int64_t row) {
    struct ArrowBufferView bytes = ArrowArrayViewGetBytesUnsafe(f->view, row);
    size_t n = (size_t)bytes.size_bytes;
    if (!bf_buf_reserve(out, 2 * n)) return;
    bf_hex(out->p + out->n, bytes.data.as_uint8, n);
    out->n += 2 * n;
}

static void put_date32(bf_buf *out, const bf_field *f, int64_t row) {
    bf_put_date(out, as_int(f, row));
}

/* Milliseconds that Arrow wants to be of whole days; what is not is still told as it is. */
static void put_date64(bf_buf *out, const bf_field *f, int64_t row) {
    int64_t milliseconds = as_int(f, row);
    if (milliseconds % 86400000)
        bf_put_timestamp(out, milliseconds, 3, false);
    else
        bf_put_date(out, milliseconds / 86400000);
}

static void put_time(bf_buf *out, const bf_field *f, int64_t row) {
    bf_put_time(out, as_int(f, row), f->digits);
}

static void put_timestamp(bf_buf *out, const bf_field *f, int64_t row) {
    bf_put_timestamp(out, as_int(f, row), f->digits, f->is_utc);
}

static void put_duration(bf_buf *out, const bf_field *f, int64_t row) {
    bf_put_duration(out, as_int(f, row), f->digits);
}

static void put_interval(bf_buf *out, const bf_field *f, int64_t row) {
    struct ArrowInterval interval;
    ArrowIntervalInit(&interval, f->type);
    ArrowArrayViewGetIntervalUnsafe(f->view, row, &interval);
    bf_put_interval(out, interval.months, interval.days, interval.ns + interval.ms * INT64_C(1000000)); /* one of the two is 0 */
}

/* ---- nested values: JSON ---- */

int64_t bf_field_items(const bf_field *f, int64_t row, int64_t *from) {
    const struct ArrowArrayView *v = f->view;
    const union ArrowBufferViewData at = v->buffer_views[1].data, sizes = v->buffer_views[2].data;
    int64_t i = v->offset + row, n = v->layout.child_size_elements;
    switch (v->storage_type) {
    case NANOARROW_TYPE_FIXED_SIZE_LIST: *from = i * n; return n;
    case NANOARROW_TYPE_LARGE_LIST: *from = at.as_int64[i]; return at.as_int64[i + 1] - *from;
    case NANOARROW_TYPE_LIST_VIEW: *from = at.as_int32[i]; return sizes.as_int32[i];
    case NANOARROW_TYPE_LARGE_LIST_VIEW: *from = at.as_int64[i]; return sizes.as_int64[i];
    default: break; /* a list or map */
    }
    *from = at.as_int32[i];
    return at.as_int32[i + 1] - *from;
}

static void put_list(bf_buf *out, const bf_field *f, int64_t row) {
    int64_t from, n = bf_field_items(f, row, &from);
    bf_buf_putc(out, '[');
    for (int64_t i = 0; i < n; i++) {
        if (i) bf_buf_putc(out, ',');
        bf_put_json(out, f->children, from + i);
    }
    bf_buf_putc(out, ']');
}

static void put_struct(bf_buf *out, const bf_field *f, int64_t row) {
    bf_buf_putc(out, '{');
    for (int64_t i = 0; i < f->n_children; i++) {
        if (i) bf_buf_putc(out, ',');
        bf_buf_put(out, f->children[i].key.p, f->children[i].key.n);
        bf_put_json(out, &f->children[i], row + f->view->offset);
    }
    bf_buf_putc(out, '}');
}

/* A key of an object is a text: what is none becomes one. */
static void put_json_key(bf_buf *out, const bf_field *f, int64_t row) {
    bool found = bf_field_find(&f, &row);
    if (found && f->shape == BF_SHAPE_NESTED) {
        bf_buf text = {0};
        f->put(&text, f, row);
        bf_put_json_text(out, text.p, text.n);
        if (text.failed) out->failed = true;
        bf_buf_free(&text);
    } else if (found && f->shape == BF_SHAPE_TEXT) {
        bf_put_json(out, f, row);
    } else {
        bf_buf_putc(out, '"');
        if (found) f->put(out, f, row);
        bf_buf_putc(out, '"');
    }
}

static void put_map(bf_buf *out, const bf_field *f, int64_t row) {
    const bf_field *entries = f->children;
    int64_t from, n = bf_field_items(f, row, &from);
    from += entries->view->offset;
    bf_buf_putc(out, '{');
    for (int64_t i = 0; i < n; i++) {
        if (i) bf_buf_putc(out, ',');
        put_json_key(out, &entries->children[0], from + i);
        bf_buf_putc(out, ':');
        bf_put_json(out, &entries->children[1], from + i);
    }
    bf_buf_putc(out, '}');
}

/* ---- values that are kept elsewhere ---- */

static bool follow_dictionary(const bf_field **f, int64_t *row) {
    const struct ArrowArrayView *v = (*f)->view;
    if (ArrowArrayViewIsNull(v, *row)) return false;
    *row = ArrowArrayViewGetIntUnsafe(v, *row);
    *f = (*f)->children;
    return *row >= 0 && *row < (*f)->view->length;
}

/* The first run that ends behind the row. */
static bool follow_run(const bf_field **f, int64_t *row) {
    const struct ArrowArrayView *ends = (*f)->view->children[0];
    int64_t at = (*f)->view->offset + *row, low = 0, high = ends->length;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (ArrowArrayViewGetIntUnsafe(ends, middle) <= at)
            low = middle + 1;
        else
            high = middle;
    }
    *row = low;
    *f = &(*f)->children[1];
    return low < (*f)->view->length;
}

static bool follow_union(const bf_field **f, int64_t *row) {
    const struct ArrowArrayView *v = (*f)->view;
    int8_t child = ArrowArrayViewUnionChildIndex(v, *row);
    if (child < 0 || child >= (*f)->n_children) return false;
    *row = ArrowArrayViewUnionChildOffset(v, *row);
    *f = &(*f)->children[child];
    return *row >= 0 && *row < (*f)->view->length;
}

/* ---- JSON ---- */

/* The letter after the backslash, u for those that have none of their own. */
static const char json_escapes[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't', [0x00] = 'u', [0x01] = 'u',
    [0x02] = 'u', [0x03] = 'u',  [0x04] = 'u', [0x05] = 'u', [0x06] = 'u', [0x07] = 'u', [0x0b] = 'u', [0x0e] = 'u', [0x0f] = 'u',
    [0x10] = 'u', [0x11] = 'u',  [0x12] = 'u', [0x13] = 'u', [0x14] = 'u', [0x15] = 'u', [0x16] = 'u', [0x17] = 'u', [0x18] = 'u',
    [0x19] = 'u', [0x1a] = 'u',  [0x1b] = 'u', [0x1c] = 'u', [0x1d] = 'u', [0x1e] = 'u', [0x1f] = 'u',
};

void bf_put_json_text(bf_buf *out, const char *p, size_t n) {
    bf_buf_putc(out, '"');
    size_t from = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = (uint8_t)p[i];
        if (!json_escapes[c]) continue;
        bf_buf_put(out, p + from, i - from);
        from = i + 1;
        bf_buf_putc(out, '\\');
        bf_buf_putc(out, json_escapes[c]);
        if (json_escapes[c] != 'u') continue;
        char digits[4] = {'0', '0'};
        bf_hex(digits + 2, &c, 1);
        bf_buf_put(out, digits, 4);
    }
    bf_buf_put(out, p ? p + from : p, n - from);
    bf_buf_putc(out, '"');
}

void bf_put_json(bf_buf *out, const bf_field *f, int64_t row) {
    if (!bf_field_find(&f, &row)) {
        bf_buf_puts(out, "null");
        return;
    }
    switch (f->shape) {
    case BF_SHAPE_BARE:
    case BF_SHAPE_NESTED: f->put(out, f, row); break;
    case BF_SHAPE_FLOAT:
        if (isfinite(as_double(f, row)))
            f->put(out, f, row);
        else
            bf_buf_puts(out, "null");
        break;
    case BF_SHAPE_PLAIN:
        bf_buf_putc(out, '"');
        f->put(out, f, row);
        bf_buf_putc(out, '"');
        break;
    case BF_SHAPE_TEXT: {
        struct ArrowStringView text = ArrowArrayViewGetStringUnsafe(f->view, row);
        bf_put_json_text(out, text.data, (size_t)text.size_bytes);
        break;
    }
    }
}

void bf_put_shown(bf_buf *out, const bf_field *f, int64_t row) {
    if (bf_field_find(&f, &row))
        f->put(out, f, row);
    else
        bf_buf_puts(out, "null");
}

/* ---- fields ---- */

static const struct {
    void (*put)(bf_buf *out, const bf_field *f, int64_t row);
    bf_shape shape;
    bool is_number;
    bool (*follow)(const bf_field **f, int64_t *row);
} types[] = {
    [NANOARROW_TYPE_NA] = {put_nothing, BF_SHAPE_PLAIN, false, NULL},
    [NANOARROW_TYPE_BOOL] = {put_bool, BF_SHAPE_BARE, false, NULL},
    [NANOARROW_TYPE_INT8] = {put_int, BF_SHAPE_BARE, true, NULL},
    [NANOARROW_TYPE_INT16] = {put_int, BF_SHAPE_BARE, true, NULL},
    [NANOARROW_TYPE_INT32] = {put_int, BF_SHAPE_BARE, true, NULL},
    [NANOARROW_TYPE_INT64] = {put_int, BF_SHAPE_BARE, true, NULL},
    [NANOARROW_TYPE_UINT8] = {put_uint, BF_SHAPE_BARE, true, NULL},
    [NANOARROW_TYPE_UINT16] = {put_uint, BF_SHAPE_BARE, true, NULL},
    [NANOARROW_TYPE_UINT32] = {put_uint, BF_SHAPE_BARE, true, NULL},
    [NANOARROW_TYPE_UINT64] = {put_uint, BF_SHAPE_BARE, true, NULL},
    [NANOARROW_TYPE_HALF_FLOAT] = {put_float, BF_SHAPE_FLOAT, true, NULL},
    [NANOARROW_TYPE_FLOAT] = {put_float, BF_SHAPE_FLOAT, true, NULL},
    [NANOARROW_TYPE_DOUBLE] = {put_float, BF_SHAPE_FLOAT, true, NULL},
    [NANOARROW_TYPE_DECIMAL32] = {put_decimal, BF_SHAPE_BARE, true, NULL},
    [NANOARROW_TYPE_DECIMAL64] = {put_decimal, BF_SHAPE_BARE, true, NULL},
    [NANOARROW_TYPE_DECIMAL128] = {put_decimal, BF_SHAPE_BARE, true, NULL},
    [NANOARROW_TYPE_DECIMAL256] = {put_decimal, BF_SHAPE_BARE, true, NULL},
    [NANOARROW_TYPE_STRING] = {put_text, BF_SHAPE_TEXT, false, NULL},
    [NANOARROW_TYPE_LARGE_STRING] = {put_text, BF_SHAPE_TEXT, false, NULL},
    [NANOARROW_TYPE_STRING_VIEW] = {put_text, BF_SHAPE_TEXT, false, NULL},
    [NANOARROW_TYPE_BINARY] = {put_hex, BF_SHAPE_PLAIN, false, NULL},
    [NANOARROW_TYPE_LARGE_BINARY] = {put_hex, BF_SHAPE_PLAIN, false, NULL},
    [NANOARROW_TYPE_BINARY_VIEW] = {put_hex, BF_SHAPE_PLAIN, false, NULL},
    [NANOARROW_TYPE_FIXED_SIZE_BINARY] = {put_hex, BF_SHAPE_PLAIN, false, NULL},
    [NANOARROW_TYPE_DATE32] = {put_date32, BF_SHAPE_PLAIN, false, NULL},
    [NANOARROW_TYPE_DATE64] = {put_date64, BF_SHAPE_PLAIN, false, NULL},
    [NANOARROW_TYPE_TIME32] = {put_time, BF_SHAPE_PLAIN, false, NULL},
    [NANOARROW_TYPE_TIME64] = {put_time, BF_SHAPE_PLAIN, false, NULL},
    [NANOARROW_TYPE_TIMESTAMP] = {put_timestamp, BF_SHAPE_PLAIN, false, NULL},
    [NANOARROW_TYPE_DURATION] = {put_duration, BF_SHAPE_PLAIN, false, NULL},
    [NANOARROW_TYPE_INTERVAL_MONTHS] = {put_interval, BF_SHAPE_PLAIN, false, NULL},
    [NANOARROW_TYPE_INTERVAL_DAY_TIME] = {put_interval, BF_SHAPE_PLAIN, false, NULL},
    [NANOARROW_TYPE_INTERVAL_MONTH_DAY_NANO] = {put_interval, BF_SHAPE_PLAIN, false, NULL},
    [NANOARROW_TYPE_LIST] = {put_list, BF_SHAPE_NESTED, false, NULL},
    [NANOARROW_TYPE_LARGE_LIST] = {put_list, BF_SHAPE_NESTED, false, NULL},
    [NANOARROW_TYPE_LIST_VIEW] = {put_list, BF_SHAPE_NESTED, false, NULL},
    [NANOARROW_TYPE_LARGE_LIST_VIEW] = {put_list, BF_SHAPE_NESTED, false, NULL},
    [NANOARROW_TYPE_FIXED_SIZE_LIST] = {put_list, BF_SHAPE_NESTED, false, NULL},
    [NANOARROW_TYPE_STRUCT] = {put_struct, BF_SHAPE_NESTED, false, NULL},
    [NANOARROW_TYPE_MAP] = {put_map, BF_SHAPE_NESTED, false, NULL},
    [NANOARROW_TYPE_DICTIONARY] = {put_nothing, BF_SHAPE_PLAIN, false, follow_dictionary},
    [NANOARROW_TYPE_RUN_END_ENCODED] = {put_nothing, BF_SHAPE_PLAIN, false, follow_run},
    [NANOARROW_TYPE_SPARSE_UNION] = {put_nothing, BF_SHAPE_PLAIN, false, follow_union},
    [NANOARROW_TYPE_DENSE_UNION] = {put_nothing, BF_SHAPE_PLAIN, false, follow_union},
};

static const int unit_digits[] = {
    [NANOARROW_TIME_UNIT_SECOND] = 0,
    [NANOARROW_TIME_UNIT_MILLI] = 3,
    [NANOARROW_TIME_UNIT_MICRO] = 6,
    [NANOARROW_TIME_UNIT_NANO] = 9,
};

static bf_status field_init(bf_field *f, const struct ArrowSchema *schema, const char *column, int depth, bf_error *err);

static bf_status init_children(bf_field *f, const struct ArrowSchema *schema, const char *column, int depth, bf_error *err) {
    int64_t n = schema->dictionary ? 1 : schema->n_children;
    if (!n) return BF_OK;
    if (!(f->children = calloc((size_t)n, sizeof *f->children))) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    f->n_children = n;
    for (int64_t i = 0; i < n; i++)
        BF_TRY(field_init(&f->children[i], schema->dictionary ? schema->dictionary : schema->children[i], column, depth + 1, err));
    return BF_OK;
}

static bf_status field_init(bf_field *f, const struct ArrowSchema *schema, const char *column, int depth, bf_error *err) {
    struct ArrowSchemaView view;
    if (depth > MAX_DEPTH) return bf_fail(err, BF_UNSUPPORTED, -1, "column %s: nested more than %d deep", column, MAX_DEPTH);
    if (ArrowSchemaViewInit(&view, schema, NULL) != NANOARROW_OK || (size_t)view.type >= sizeof types / sizeof *types ||
        !types[view.type].put)
        return bf_fail(err, BF_UNSUPPORTED, -1, "column %s: values of the Arrow type \"%s\" cannot be written", column,
                       schema->format ? schema->format : "");
    f->type = view.type;
    f->put = types[view.type].put;
    f->shape = types[view.type].shape;
    f->is_number = types[view.type].is_number;
    f->follow = types[view.type].follow;
    switch (view.type) {
    case NANOARROW_TYPE_TIME32:
    case NANOARROW_TYPE_TIME64:
    case NANOARROW_TYPE_TIMESTAMP:
    case NANOARROW_TYPE_DURATION: f->digits = unit_digits[view.time_unit]; break;
    case NANOARROW_TYPE_DECIMAL32:
    case NANOARROW_TYPE_DECIMAL64:
    case NANOARROW_TYPE_DECIMAL128:
    case NANOARROW_TYPE_DECIMAL256: f->scale = view.decimal_scale; break;
    default: break;
    }
    f->is_utc = view.type == NANOARROW_TYPE_TIMESTAMP && view.timezone[0];
    const char *name = schema->name ? schema->name : "";
    bf_put_json_text(&f->key, name, strlen(name));
    bf_buf_putc(&f->key, ':');
    if (f->key.failed) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    BF_TRY(init_children(f, schema, column, depth, err));
    if (f->type == NANOARROW_TYPE_DICTIONARY || f->type == NANOARROW_TYPE_RUN_END_ENCODED)
        f->is_number = f->children[f->n_children - 1].is_number;
    return BF_OK;
}

bf_status bf_field_init(bf_field *f, const struct ArrowSchema *schema, const char *column, bf_error *err) {
    *f = (bf_field){0};
    bf_status st = field_init(f, schema, column, 0, err);
    if (st != BF_OK) bf_field_reset(f);
    return st;
}

void bf_field_bind(bf_field *f, const struct ArrowArrayView *view) {
    f->view = view;
    for (int64_t i = 0; i < f->n_children; i++)
        bf_field_bind(&f->children[i], f->type == NANOARROW_TYPE_DICTIONARY ? view->dictionary : view->children[i]);
}

void bf_field_reset(bf_field *f) {
    for (int64_t i = 0; i < f->n_children; i++) bf_field_reset(&f->children[i]);
    free(f->children);
    bf_buf_free(&f->key);
    *f = (bf_field){0};
}
