/* Streams made value by value, and what the rules of the formats say of them. Nothing expected here was printed first. */
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "nanoarrow/nanoarrow.h"
#include "nanoarrow/nanoarrow_ipc.h"

#define OK(call) assert_int_equal(call, NANOARROW_OK)

/* ---- streams ---- */

enum { MAX_BATCHES = 4 };

typedef struct frame {
    struct ArrowSchema schema;
    struct ArrowArray batches[MAX_BATCHES];
    int n;
} frame;

typedef void (*fill)(frame *f);

/* fields := name=spec;name=spec...   spec := format, with (fields) below it or {spec} of a dictionary */
static const char *parse_fields(struct ArrowSchema *parent, const char *p);

static const char *parse_spec(struct ArrowSchema *schema, const char *p) {
    char format[64] = "";
    size_t n = strcspn(p, "(){};");
    assert_true(n < sizeof format);
    memcpy(format, p, n);
    OK(ArrowSchemaSetFormat(schema, format));
    p += n;
    if (*p == '(') {
        p = parse_fields(schema, p + 1);
        assert_int_equal(*p++, ')');
        if (!strcmp(format, "+m")) { /* neither entries nor keys are ever null */
            schema->children[0]->flags = 0;
            schema->children[0]->children[0]->flags = 0;
        }
    }
    if (*p == '{') {
        OK(ArrowSchemaAllocateDictionary(schema));
        ArrowSchemaInit(schema->dictionary);
        p = parse_spec(schema->dictionary, p + 1);
        assert_int_equal(*p++, '}');
    }
    return p;
}

static int64_t count_fields(const char *p) {
    int64_t n = 1;
    for (int depth = 0; *p && depth >= 0; p++) {
        depth += (*p == '(' || *p == '{') - (*p == ')' || *p == '}');
        if (*p == ';' && !depth) n++;
    }
    return n;
}

static const char *parse_fields(struct ArrowSchema *parent, const char *p) {
    int64_t n = *p && *p != ')' ? count_fields(p) : 0;
    OK(ArrowSchemaAllocateChildren(parent, n));
    for (int64_t i = 0; i < n; i++) {
        char name[64] = "";
        size_t size = strcspn(p, "=");
        assert_true(size < sizeof name);
        memcpy(name, p, size);
        ArrowSchemaInit(parent->children[i]);
        OK(ArrowSchemaSetName(parent->children[i], name));
        p = parse_spec(parent->children[i], p + size + 1);
        if (*p == ';') p++;
    }
    return p;
}

/* The schema, and the first batch to append to. */
static struct ArrowArray *begin(frame *f, const char *fields) {
    ArrowSchemaInit(&f->schema);
    OK(ArrowSchemaSetFormat(&f->schema, "+s"));
    assert_int_equal(*parse_fields(&f->schema, fields), 0);
    OK(ArrowArrayInitFromSchema(&f->batches[0], &f->schema, NULL));
    OK(ArrowArrayStartAppending(&f->batches[0]));
    f->n = 1;
    return &f->batches[0];
}

static struct ArrowArray *begin_next(frame *f) {
    struct ArrowArray *batch = &f->batches[f->n++];
    OK(ArrowArrayInitFromSchema(batch, &f->schema, NULL));
    OK(ArrowArrayStartAppending(batch));
    return batch;
}

/* The columns have n rows each. */
static void end(struct ArrowArray *batch, int64_t n) {
    batch->length = n;
    OK(ArrowArrayFinishBuildingDefault(batch, NULL));
}

static void cut(struct ArrowArray *array, int64_t offset, int64_t n) {
    array->offset += offset;
    array->length = n;
    if (array->null_count) array->null_count = -1;
}

static void put_null(struct ArrowArray *column) {
    OK(ArrowArrayAppendNull(column, 1));
}

static void put_i(struct ArrowArray *column, int64_t value) {
    OK(ArrowArrayAppendInt(column, value));
}

static void put_i_or_null(struct ArrowArray *column, int64_t value, bool is_null) {
    OK(is_null ? ArrowArrayAppendNull(column, 1) : ArrowArrayAppendInt(column, value));
}

/* NULL is null. */
static void put_s(struct ArrowArray *column, const char *text) {
    OK(text ? ArrowArrayAppendString(column, ArrowCharView(text)) : ArrowArrayAppendNull(column, 1));
}

static void to_stream(frame *f, struct ArrowArrayStream *out) {
    OK(ArrowBasicArrayStreamInit(out, &f->schema, f->n));
    for (int i = 0; i < f->n; i++) ArrowBasicArrayStreamSetArray(out, i, &f->batches[i]);
}

/* ---- rendering to memory ---- */

typedef struct result {
    bf_status status;
    bf_error err;
    int64_t n_rows;
    char *p;
    size_t n;
} result;

static result render_stream(struct ArrowArrayStream *stream, const bf_render_options *options) {
    result r = {0};
    FILE *out = open_memstream(&r.p, &r.n);
    assert_non_null(out);
    r.n_rows = -1;
    r.status = bf_render(stream, options, out, &r.n_rows, &r.err);
    assert_null(stream->release);
    fclose(out);
    return r;
}

static result render(fill make, bf_format format, int64_t max_rows, int width) {
    frame f = {0};
    struct ArrowArrayStream stream;
    bf_render_options options = {format, max_rows, width};
    make(&f);
    to_stream(&f, &stream);
    return render_stream(&stream, &options);
}

static void expect_limited(fill make, bf_format format, int64_t max_rows, int width, const char *expected) {
    result r = render(make, format, max_rows, width);
    if (r.status != BF_OK) fail_msg("%s: %s", bf_status_name(r.status), r.err.message);
    assert_string_equal(r.p, expected);
    assert_int_equal(strlen(r.p), r.n);
    free(r.p);
}

static void expect(fill make, bf_format format, const char *expected) {
    expect_limited(make, format, 0, 0, expected);
}

/* ---- names of formats ---- */

static void test_render__format_names(void **state) {
    (void)state;
    static const char *const names[] = {"table", "csv", "tsv", "json", "ndjson", "markdown", "arrow", "parquet"};
    for (int i = 0; i < 8; i++) {
        bf_format format = BF_FORMAT_TABLE;
        assert_string_equal(bf_format_name(i), names[i]);
        assert_true(bf_format_find(names[i], &format));
        assert_int_equal(format, i);
    }
    bf_format format;
    assert_null(bf_format_name(8));
    assert_null(bf_format_name(-1));
    assert_false(bf_format_find("xml", &format));
    assert_false(bf_format_find("", &format));
    assert_false(bf_format_find("CSV", &format));
    assert_false(bf_format_find(NULL, &format));
}

/* ---- numbers ---- */

static void make_integers(frame *f) {
    struct ArrowArray *b = begin(f, "a=c;b=C;c=s;d=S;e=i;f=I;g=l;h=L;i=b;j=n");
    static const int64_t low[] = {INT8_MIN, 0, INT16_MIN, 0, INT32_MIN, 0, INT64_MIN, 0, 0};
    static const int64_t high[] = {INT8_MAX, UINT8_MAX, INT16_MAX, UINT16_MAX, INT32_MAX, UINT32_MAX, INT64_MAX, 7, 1};
    for (int i = 0; i < 9; i++) {
        put_i(b->children[i], low[i]);
        put_null(b->children[i]);
        if (i == 7)
            OK(ArrowArrayAppendUInt(b->children[i], UINT64_MAX));
        else
            put_i(b->children[i], high[i]);
    }
    OK(ArrowArrayAppendNull(b->children[9], 3));
    end(b, 3);
}

static void test_render__integers(void **state) {
    (void)state;
    expect(make_integers, BF_FORMAT_CSV,
           "a,b,c,d,e,f,g,h,i,j\n"
           "-128,0,-32768,0,-2147483648,0,-9223372036854775808,0,false,\n"
           ",,,,,,,,,\n"
           "127,255,32767,65535,2147483647,4294967295,9223372036854775807,18446744073709551615,true,\n");
    expect(make_integers, BF_FORMAT_NDJSON,
           "{\"a\":-128,\"b\":0,\"c\":-32768,\"d\":0,\"e\":-2147483648,\"f\":0,\"g\":-9223372036854775808,\"h\":0,\"i\":false,\"j\":null}\n"
           "{\"a\":null,\"b\":null,\"c\":null,\"d\":null,\"e\":null,\"f\":null,\"g\":null,\"h\":null,\"i\":null,\"j\":null}\n"
           "{\"a\":127,\"b\":255,\"c\":32767,\"d\":65535,\"e\":2147483647,\"f\":4294967295,\"g\":9223372036854775807,"
           "\"h\":18446744073709551615,\"i\":true,\"j\":null}\n");
}

static const double doubles[] = {0.1,    -0.0,   1,      100,   1e15,    1e16,   123456789012345680, 0.0001, 0.00001,
                                 1e22,   5e-324, 0x1p-1022, 1.7976931348623157e308, 0.30000000000000004, 2.0 / 3};

static void make_floats(frame *f) {
    struct ArrowArray *b = begin(f, "d=g");
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) OK(ArrowArrayAppendDouble(b->children[0], doubles[i]));
    end(b, sizeof doubles / sizeof *doubles);
}

static void make_no_numbers(frame *f) {
    struct ArrowArray *b = begin(f, "d=g;f=f;l=+l(item=g)");
    static const double values[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 2; k++) OK(ArrowArrayAppendDouble(b->children[k], values[i]));
        OK(ArrowArrayAppendDouble(b->children[2]->children[0], values[i]));
        OK(ArrowArrayFinishElement(b->children[2]));
    }
    end(b, 3);
}

static void make_short_floats(frame *f) {
    struct ArrowArray *b = begin(f, "f=f;h=e");
    static const float floats[] = {0.1f, 16777216.0f, 3.4028235e38f, 1e-45f, 0.333333343f, -2.5f};
    static const uint16_t halves[] = {0x2e66 /* 0.1 */, 0x3c00 /* 1 */, 0x7bff /* 65504 */, 0x0001 /* 2**-24 */, 0x3555 /* 1/3 */,
                                      0xfe00 /* nan */};
    for (int i = 0; i < 6; i++) {
        OK(ArrowArrayAppendDouble(b->children[0], floats[i]));
        OK(ArrowBufferAppendUInt16(ArrowArrayBuffer(b->children[1], 1), halves[i]));
        b->children[1]->length++;
    }
    end(b, 6);
}

/* The fewest digits that read back; of halves, 65500 lies nearer to 65504 than to its neighbour 65472. */
static void test_render__floats(void **state) {
    (void)state;
    expect(make_floats, BF_FORMAT_TSV,
           "d\n0.1\n-0.0\n1.0\n100.0\n1000000000000000.0\n1e+16\n1.2345678901234568e+17\n0.0001\n1e-05\n1e+22\n5e-324\n"
           "2.2250738585072014e-308\n1.7976931348623157e+308\n0.30000000000000004\n0.6666666666666666\n");
    expect(make_short_floats, BF_FORMAT_CSV,
           "f,h\n0.1,0.1\n16777216.0,1.0\n3.4028235e+38,65500.0\n1e-45,6e-08\n0.33333334,0.3333\n-2.5,NaN\n");
    expect(make_no_numbers, BF_FORMAT_CSV, "d,f,l\nNaN,NaN,[null]\ninf,inf,[null]\n-inf,-inf,[null]\n");
    expect(make_no_numbers, BF_FORMAT_JSON,
           "[\n{\"d\":null,\"f\":null,\"l\":[null]},\n{\"d\":null,\"f\":null,\"l\":[null]},\n{\"d\":null,\"f\":null,\"l\":[null]}\n]\n");
}

static void test_render__floats_read_back(void **state) {
    (void)state;
    result r = render(make_floats, BF_FORMAT_NDJSON, 0, 0);
    char *p = r.p;
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
        double x = strtod(p + strlen("{\"d\":"), &p);
        assert_memory_equal(&x, &doubles[i], sizeof x);
        p += strlen("}\n");
    }
    free(r.p);
}

/* The point is a point wherever the user lives. */
static void test_render__floats_in_another_locale(void **state) {
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8", "de_DE"};
    bool found = false;
    for (size_t i = 0; i < sizeof names / sizeof *names && !found; i++)
        found = setlocale(LC_ALL, names[i]) && !strcmp(localeconv()->decimal_point, ",");
    if (!found) skip();
    expect(make_short_floats, BF_FORMAT_CSV,
           "f,h\n0.1,0.1\n16777216.0,1.0\n3.4028235e+38,65500.0\n1e-45,6e-08\n0.33333334,0.3333\n-2.5,NaN\n");
    expect(make_floats, BF_FORMAT_TSV,
           "d\n0.1\n-0.0\n1.0\n100.0\n1000000000000000.0\n1e+16\n1.2345678901234568e+17\n0.0001\n1e-05\n1e+22\n5e-324\n"
           "2.2250738585072014e-308\n1.7976931348623157e+308\n0.30000000000000004\n0.6666666666666666\n");
    setlocale(LC_ALL, "C");
}

static void put_decimal(struct ArrowArray *column, int bits, const char *digits) {
    struct ArrowDecimal value;
    ArrowDecimalInit(&value, bits, 38, 0);
    OK(ArrowDecimalSetDigits(&value, ArrowCharView(digits)));
    OK(ArrowArrayAppendDecimal(column, &value));
}

static void make_decimals(frame *f) {
    struct ArrowArray *b = begin(f, "a=d:9,2,32;b=d:18,0,64;c=d:38,4;d=d:76,10,256;e=d:5,-3");
    static const char *const digits[][5] = {
        {"5", "0", "-1", "1", "0"},
        {"-123456789", "-999999999999999999", "99999999999999999999999999999999999999",
         "-9999999999999999999999999999999999999999999999999999999999999999999999999999", "-12"},
        {"100", "18", "10000", "12345678901", "7"},
    };
    static const int bits[] = {32, 64, 128, 256, 128};
    for (int row = 0; row < 3; row++)
        for (int i = 0; i < 5; i++) put_decimal(b->children[i], bits[i], digits[row][i]);
    for (int i = 0; i < 5; i++) put_null(b->children[i]);
    end(b, 4);
}

static void test_render__decimals(void **state) {
    (void)state;
    expect(make_decimals, BF_FORMAT_CSV,
           "a,b,c,d,e\n"
           "0.05,0,-0.0001,0.0000000001,0\n"
           "-1234567.89,-999999999999999999,9999999999999999999999999999999999.9999,"
           "-999999999999999999999999999999999999999999999999999999999999999999.9999999999,-12000\n"
           "1.00,18,1.0000,1.2345678901,7000\n"
           ",,,,\n");
    expect_limited(make_decimals, BF_FORMAT_NDJSON, 1, 0, "{\"a\":0.05,\"b\":0,\"c\":-0.0001,\"d\":0.0000000001,\"e\":0}\n");
}

/* ---- texts and bytes ---- */

static void make_texts(frame *f) {
    static const char *const values[] = {
        "plain",     "",        "a,b",     "say \"hi\"",  "two\nlines", "cr\rhere", " before", "after ",
        "tab\there", "back\\slash", "\b\f\x01\x1f\x7f", "caf\xc3\xa9 \xe5\x90\x8d", "longer than the twelve bytes of a view", "\"",
    };
    struct ArrowArray *b = begin(f, "u=u;U=U;v=vu");
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        for (int k = 0; k < 3; k++) put_s(b->children[k], values[i]);
    for (int k = 0; k < 3; k++) put_null(b->children[k]);
    end(b, sizeof values / sizeof *values + 1);
}

#define THREE(x, between) x between x between x

static void test_render__texts_csv(void **state) {
    (void)state;
    expect(make_texts, BF_FORMAT_CSV,
           "u,U,v\n" THREE("plain", ",") "\n" THREE("\"\"", ",") "\n" THREE("\"a,b\"", ",") "\n" THREE("\"say \"\"hi\"\"\"", ",") "\n"
           THREE("\"two\nlines\"", ",") "\n" THREE("\"cr\rhere\"", ",") "\n" THREE("\" before\"", ",") "\n" THREE("\"after \"", ",") "\n"
           THREE("tab\there", ",") "\n" THREE("back\\slash", ",") "\n" THREE("\b\f\x01\x1f\x7f", ",") "\n"
           THREE("caf\xc3\xa9 \xe5\x90\x8d", ",") "\n" THREE("longer than the twelve bytes of a view", ",") "\n"
           THREE("\"\"\"\"", ",") "\n,,\n");
}

static void test_render__texts_tsv(void **state) {
    (void)state;
    expect(make_texts, BF_FORMAT_TSV,
           "u\tU\tv\n" THREE("plain", "\t") "\n" THREE("", "\t") "\n" THREE("a,b", "\t") "\n" THREE("say \"hi\"", "\t") "\n"
           THREE("two\\nlines", "\t") "\n" THREE("cr\\rhere", "\t") "\n" THREE(" before", "\t") "\n" THREE("after ", "\t") "\n"
           THREE("tab\\there", "\t") "\n" THREE("back\\\\slash", "\t") "\n" THREE("\b\f\x01\x1f\x7f", "\t") "\n"
           THREE("caf\xc3\xa9 \xe5\x90\x8d", "\t") "\n" THREE("longer than the twelve bytes of a view", "\t") "\n"
           THREE("\"", "\t") "\n\t\t\n");
}

#define OBJECT(x) "{\"u\":" x ",\"U\":" x ",\"v\":" x "}"

static void test_render__texts_json(void **state) {
    (void)state;
    expect(make_texts, BF_FORMAT_NDJSON,
           OBJECT("\"plain\"") "\n" OBJECT("\"\"") "\n" OBJECT("\"a,b\"") "\n" OBJECT("\"say \\\"hi\\\"\"") "\n"
           OBJECT("\"two\\nlines\"") "\n" OBJECT("\"cr\\rhere\"") "\n" OBJECT("\" before\"") "\n" OBJECT("\"after \"") "\n"
           OBJECT("\"tab\\there\"") "\n" OBJECT("\"back\\\\slash\"") "\n" OBJECT("\"\\b\\f\\u0001\\u001f\x7f\"") "\n"
           OBJECT("\"caf\xc3\xa9 \xe5\x90\x8d\"") "\n" OBJECT("\"longer than the twelve bytes of a view\"") "\n"
           OBJECT("\"\\\"\"") "\n" OBJECT("null") "\n");
}

static void make_bytes(frame *f) {
    struct ArrowArray *b = begin(f, "z=z;Z=Z;v=vz;w=w:3");
    static const uint8_t bytes[] = {0x00, 0x0a, 0xff, 0x10, 0x22, 0x2c, 0xde, 0xad, 0xbe, 0xef, 0x01, 0x02, 0x03, 0x04};
    static const int64_t sizes[] = {3, 14, 0};
    for (int row = 0; row < 3; row++) {
        struct ArrowBufferView value = {{bytes}, sizes[row]}, three = {{bytes + row}, 3};
        for (int k = 0; k < 3; k++) OK(ArrowArrayAppendBytes(b->children[k], value));
        OK(ArrowArrayAppendBytes(b->children[3], three));
    }
    for (int k = 0; k < 4; k++) put_null(b->children[k]);
    end(b, 4);
}

static void test_render__bytes(void **state) {
    (void)state;
    expect(make_bytes, BF_FORMAT_CSV,
           "z,Z,v,w\n000aff,000aff,000aff,000aff\n"
           THREE("000aff10222cdeadbeef01020304", ",") ",0aff10\n\"\",\"\",\"\",ff1022\n,,,\n");
    expect_limited(make_bytes, BF_FORMAT_NDJSON, 1, 0, "{\"z\":\"000aff\",\"Z\":\"000aff\",\"v\":\"000aff\",\"w\":\"000aff\"}\n");
}

/* ---- dates and times ---- */

static void make_dates(frame *f) {
    struct ArrowArray *b = begin(f, "d=tdD;m=tdm");
    static const int64_t days[] = {0, -1, 20781, 19782, 11016, -719528, 2932896, 2932897, -719529, 47541};
    for (int i = 0; i < 10; i++) {
        put_i(b->children[0], days[i]);
        put_i(b->children[1], days[i] * 86400000);
    }
    put_i(b->children[0], INT32_MAX);
    put_i(b->children[1], 86400000 + 3723004); /* no whole days */
    end(b, 11);
}

static void test_render__dates(void **state) {
    (void)state;
    expect(make_dates, BF_FORMAT_CSV,
           "d,m\n1970-01-01,1970-01-01\n1969-12-31,1969-12-31\n2026-11-24,2026-11-24\n2024-02-29,2024-02-29\n2000-02-29,2000-02-29\n"
           "0000-01-01,0000-01-01\n9999-12-31,9999-12-31\n+10000-01-01,+10000-01-01\n-0001-12-31,-0001-12-31\n2100-03-01,2100-03-01\n"
           "+5881580-07-11,1970-01-02T01:02:03.004\n");
}

static void make_times(frame *f) {
    struct ArrowArray *b = begin(f, "s=tts;m=ttm;u=ttu;n=ttn");
    static const int64_t units[] = {1, 1000, 1000000, 1000000000};
    for (int k = 0; k < 4; k++) {
        put_i(b->children[k], 36672 * units[k]);
        put_i(b->children[k], 86399 * units[k] + (units[k] - 1));
        put_i(b->children[k], 0);
        put_null(b->children[k]);
    }
    end(b, 4);
}

static void make_timestamps(frame *f) {
    struct ArrowArray *b = begin(f, "s=tss:;m=tsm:;u=tsu:;n=tsn:;z=tsu:UTC;t=tsn:Europe/Berlin");
    static const int64_t units[] = {1, 1000, 1000000, 1000000000, 1000000, 1000000000};
    for (int k = 0; k < 6; k++) {
        put_i(b->children[k], 1795515072 * units[k]);
        put_i(b->children[k], 1795515072 * units[k] + units[k] / 8);
        put_i(b->children[k], -1); /* one unit before the epoch */
    }
    end(b, 3);
}

static void make_far_timestamps(frame *f) {
    struct ArrowArray *b = begin(f, "s=tss:;n=tsn:");
    for (int k = 0; k < 2; k++) {
        put_i(b->children[k], k ? INT64_MIN : -62167219201);
        put_i(b->children[k], k ? INT64_MAX : 253402300800);
    }
    end(b, 2);
}

static void test_render__times(void **state) {
    (void)state;
    expect(make_times, BF_FORMAT_CSV,
           "s,m,u,n\n10:11:12,10:11:12,10:11:12,10:11:12\n23:59:59,23:59:59.999,23:59:59.999999,23:59:59.999999999\n"
           "00:00:00,00:00:00,00:00:00,00:00:00\n,,,\n");
    expect(make_timestamps, BF_FORMAT_CSV,
           "s,m,u,n,z,t\n"
           "2026-11-24T10:11:12,2026-11-24T10:11:12,2026-11-24T10:11:12,2026-11-24T10:11:12,2026-11-24T10:11:12Z,2026-11-24T10:11:12Z\n"
           "2026-11-24T10:11:12,2026-11-24T10:11:12.125,2026-11-24T10:11:12.125000,2026-11-24T10:11:12.125000000,"
           "2026-11-24T10:11:12.125000Z,2026-11-24T10:11:12.125000000Z\n"
           "1969-12-31T23:59:59,1969-12-31T23:59:59.999,1969-12-31T23:59:59.999999,1969-12-31T23:59:59.999999999,"
           "1969-12-31T23:59:59.999999Z,1969-12-31T23:59:59.999999999Z\n");
    expect_limited(make_timestamps, BF_FORMAT_NDJSON, 1, 0,
                   "{\"s\":\"2026-11-24T10:11:12\",\"m\":\"2026-11-24T10:11:12\",\"u\":\"2026-11-24T10:11:12\","
                   "\"n\":\"2026-11-24T10:11:12\",\"z\":\"2026-11-24T10:11:12Z\",\"t\":\"2026-11-24T10:11:12Z\"}\n");
    expect(make_far_timestamps, BF_FORMAT_CSV,
           "s,n\n-0001-12-31T23:59:59,1677-09-21T00:12:43.145224192\n+10000-01-01T00:00:00,2262-04-11T23:47:16.854775807\n");
}

static void make_durations(frame *f) {
    struct ArrowArray *b = begin(f, "s=tDs;m=tDm;u=tDu;n=tDn");
    static const int64_t values[][4] = {
        {0, 0, 0, 0},
        {1, 1500, 1500000, 1},
        {-3661, -1, 86400000000, INT64_C(93784005000000)},
        {90000, 3600000, -60000000, INT64_MIN},
    };
    for (int row = 0; row < 4; row++)
        for (int k = 0; k < 4; k++) put_i(b->children[k], values[row][k]);
    end(b, 4);
}

static void put_interval(struct ArrowArray *column, enum ArrowType type, int32_t months, int32_t days, int32_t ms, int64_t ns) {
    struct ArrowInterval value = {type, months, days, ms, ns};
    OK(ArrowArrayAppendInterval(column, &value));
}

static void make_intervals(frame *f) {
    struct ArrowArray *b = begin(f, "M=tiM;D=tiD;n=tin");
    static const struct {
        int32_t months, days, ms;
        int64_t ns;
    } values[] = {
        {1, 2, 3000, 3000000000},
        {0, 0, 0, 0},
        {-14, -3, -90500, -1},
        {24, 0, 86400000, 5400000000000},
        {INT32_MIN, INT32_MIN, 0, 0},
    };
    for (int i = 0; i < 5; i++) {
        put_interval(b->children[0], NANOARROW_TYPE_INTERVAL_MONTHS, values[i].months, 0, 0, 0);
        put_interval(b->children[1], NANOARROW_TYPE_INTERVAL_DAY_TIME, 0, values[i].days, values[i].ms, 0);
        put_interval(b->children[2], NANOARROW_TYPE_INTERVAL_MONTH_DAY_NANO, values[i].months, values[i].days, 0, values[i].ns);
    }
    end(b, 5);
}

static void test_render__durations(void **state) {
    (void)state;
    expect(make_durations, BF_FORMAT_CSV,
           "s,m,u,n\nPT0S,PT0S,PT0S,PT0S\nPT1S,PT1.5S,PT1.5S,PT0.000000001S\n-PT1H1M1S,-PT0.001S,P1D,P1DT2H3M4.005S\n"
           "P1DT1H,PT1H,-PT1M,-P106751DT23H47M16.854775808S\n");
    expect(make_intervals, BF_FORMAT_CSV,
           "M,D,n\nP1M,P2DT3S,P1M2DT3S\nPT0S,PT0S,PT0S\nP-1Y-2M,P-3DT-1M-30.5S,P-1Y-2M-3DT-0.000000001S\nP2Y,PT24H,P2YT1H30M\n"
           "P-178956970Y-8M,P-2147483648D,P-178956970Y-8M-2147483648D\n");
}

/* ---- nested values ---- */

static const int lists[][3] = {{2, 1, 2}, {0, 0, 0}, {-1, 0, 0}, {1, 3, 0}}; /* length or -1 for null, items */

static void make_lists(frame *f) {
    struct ArrowArray *b = begin(f, "l=+l(item=i);L=+L(item=i);v=+vl(item=i);V=+vL(item=i)");
    for (int k = 0; k < 4; k++)
        for (int row = 0; row < 4; row++) {
            if (lists[row][0] < 0) {
                put_null(b->children[k]);
                continue;
            }
            for (int i = 0; i < lists[row][0]; i++) put_i(b->children[k]->children[0], lists[row][1 + i]);
            OK(ArrowArrayFinishElement(b->children[k]));
        }
    end(b, 4);
}

#define FOUR(x, between) THREE(x, between) between x

static void test_render__lists(void **state) {
    (void)state;
    expect(make_lists, BF_FORMAT_CSV, "l,L,v,V\n" FOUR("\"[1,2]\"", ",") "\n" FOUR("[]", ",") "\n,,,\n" FOUR("[3]", ",") "\n");
    expect(make_lists, BF_FORMAT_TSV, "l\tL\tv\tV\n" FOUR("[1,2]", "\t") "\n" FOUR("[]", "\t") "\n\t\t\t\n" FOUR("[3]", "\t") "\n");
    expect(make_lists, BF_FORMAT_NDJSON,
           "{\"l\":[1,2],\"L\":[1,2],\"v\":[1,2],\"V\":[1,2]}\n{\"l\":[],\"L\":[],\"v\":[],\"V\":[]}\n"
           "{\"l\":null,\"L\":null,\"v\":null,\"V\":null}\n{\"l\":[3],\"L\":[3],\"v\":[3],\"V\":[3]}\n");
}

static void make_nested(frame *f) {
    struct ArrowArray *b = begin(f, "s=+s(a=i;b=+l(item=u);a=tdD);p=+w:2(item=b);m=+m(entries=+s(key=u;value=+s(x=z)));"
                                    "k=+m(entries=+s(key=i;value=u))");
    struct ArrowArray *s = b->children[0], *p = b->children[1], *m = b->children[2], *k = b->children[3];
    put_i(s->children[0], 1);
    put_s(s->children[1]->children[0], "x\ty");
    put_null(s->children[1]->children[0]);
    OK(ArrowArrayFinishElement(s->children[1]));
    put_i(s->children[2], 0);
    OK(ArrowArrayFinishElement(s));
    put_i(p->children[0], 1);
    put_null(p->children[0]);
    OK(ArrowArrayFinishElement(p));
    static const char *const keys[] = {"one", "a \"b\"\n"};
    for (int i = 0; i < 2; i++) {
        struct ArrowArray *entries = m->children[0];
        struct ArrowBufferView bytes = {{"\xab"}, 1};
        put_s(entries->children[0], keys[i]);
        OK(ArrowArrayAppendBytes(entries->children[1]->children[0], bytes));
        OK(ArrowArrayFinishElement(entries->children[1]));
        OK(ArrowArrayFinishElement(entries));
        put_i(k->children[0]->children[0], i - 1);
        put_null(k->children[0]->children[1]);
        OK(ArrowArrayFinishElement(k->children[0]));
    }
    OK(ArrowArrayFinishElement(m));
    OK(ArrowArrayFinishElement(k));
    for (int i = 0; i < 4; i++) put_null(b->children[i]);
    end(b, 2);
}

static void test_render__nested(void **state) {
    (void)state;
    expect(make_nested, BF_FORMAT_NDJSON,
           "{\"s\":{\"a\":1,\"b\":[\"x\\ty\",null],\"a\":\"1970-01-01\"},\"p\":[true,null],"
           "\"m\":{\"one\":{\"x\":\"ab\"},\"a \\\"b\\\"\\n\":{\"x\":\"ab\"}},\"k\":{\"-1\":null,\"0\":null}}\n"
           "{\"s\":null,\"p\":null,\"m\":null,\"k\":null}\n");
    expect(make_nested, BF_FORMAT_TSV,
           "s\tp\tm\tk\n{\"a\":1,\"b\":[\"x\\\\ty\",null],\"a\":\"1970-01-01\"}\t[true,null]\t"
           "{\"one\":{\"x\":\"ab\"},\"a \\\\\"b\\\\\"\\\\n\":{\"x\":\"ab\"}}\t{\"-1\":null,\"0\":null}\n\t\t\t\n");
    expect(make_nested, BF_FORMAT_CSV,
           "s,p,m,k\n\"{\"\"a\"\":1,\"\"b\"\":[\"\"x\\ty\"\",null],\"\"a\"\":\"\"1970-01-01\"\"}\",\"[true,null]\","
           "\"{\"\"one\"\":{\"\"x\"\":\"\"ab\"\"},\"\"a \\\"\"b\\\"\"\\n\"\":{\"\"x\"\":\"\"ab\"\"}}\","
           "\"{\"\"-1\"\":null,\"\"0\"\":null}\"\n,,,\n");
}

/* ---- values that are kept elsewhere ---- */

static void make_dictionary(frame *f) {
    struct ArrowArray *b = begin(f, "d=c{u};e=S{+l(item=i)};n=i{i}");
    static const int indices[] = {1, 0, -1, 2, 1};
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 3; k++) {
            if (indices[i] < 0)
                put_null(b->children[k]);
            else
                put_i(b->children[k], indices[i]);
        }
    struct ArrowArray *texts = b->children[0]->dictionary, *items = b->children[1]->dictionary, *numbers = b->children[2]->dictionary;
    put_s(texts, "zero");
    put_s(texts, "o,ne");
    put_null(texts);
    for (int i = 0; i < 3; i++) {
        put_i(items->children[0], i);
        OK(ArrowArrayFinishElement(items));
        put_i(numbers, 10 * i);
    }
    end(b, 5);
}

static void test_render__dictionary(void **state) {
    (void)state;
    expect(make_dictionary, BF_FORMAT_CSV, "d,e,n\n\"o,ne\",[1],10\nzero,[0],0\n,,\n,[2],20\n\"o,ne\",[1],10\n");
    expect_limited(make_dictionary, BF_FORMAT_NDJSON, 2, 0,
                   "{\"d\":\"o,ne\",\"e\":[1],\"n\":10}\n{\"d\":\"zero\",\"e\":[0],\"n\":0}\n");
    expect_limited(make_dictionary, BF_FORMAT_TABLE, 2, 0,
                   "d     e     n\n────  ───  ──\no,ne  [1]  10\nzero  [0]   0\n"
                   "(first 2 of more rows; --max-rows 0 shows all)\n");
}

static void make_runs(frame *f) {
    struct ArrowArray *b = begin(f, "r=+r(run_ends=i;values=u)"), *r = b->children[0];
    static const int ends[] = {2, 3, 6};
    for (int i = 0; i < 3; i++) put_i(r->children[0], ends[i]);
    put_s(r->children[1], "a");
    put_null(r->children[1]);
    put_s(r->children[1], "c");
    r->length = 6;
    end(b, 6);
}

static void make_sliced_runs(frame *f) {
    make_runs(f);
    cut(f->batches[0].children[0], 1, 4);
    f->batches[0].length = 4;
}

static void test_render__runs(void **state) {
    (void)state;
    expect(make_runs, BF_FORMAT_TSV, "r\na\na\n\nc\nc\nc\n");
    expect(make_sliced_runs, BF_FORMAT_TSV, "r\na\n\nc\nc\n");
}

static void put_type_id(struct ArrowArray *u, int id, int64_t offset) {
    OK(ArrowBufferAppendInt8(ArrowArrayBuffer(u, 0), (int8_t)id));
    if (offset >= 0) OK(ArrowBufferAppendInt32(ArrowArrayBuffer(u, 1), (int32_t)offset));
    u->length++;
}

static void make_unions(frame *f) {
    struct ArrowArray *b = begin(f, "d=+ud:5,7(i=i;t=u);s=+us:0,1(i=i;t=u)"), *d = b->children[0], *s = b->children[1];
    put_i(d->children[0], 4);
    put_i(d->children[0], 6);
    put_s(d->children[1], "x");
    put_null(d->children[1]);
    static const int ids[] = {5, 7, 7, 5}, offsets[] = {0, 0, 1, 1}, numbers[] = {4, 0, 0, 6};
    static const char *const texts[] = {"", "x", NULL, ""};
    for (int i = 0; i < 4; i++) {
        put_type_id(d, ids[i], offsets[i]);
        put_type_id(s, ids[i] == 7, -1);
        put_i(s->children[0], numbers[i]);
        put_s(s->children[1], texts[i]);
    }
    end(b, 4);
}

static void make_sliced_unions(frame *f) {
    make_unions(f);
    for (int k = 0; k < 2; k++) cut(f->batches[0].children[k], 1, 3);
    f->batches[0].length = 3;
}

static void test_render__unions(void **state) {
    (void)state;
    expect(make_unions, BF_FORMAT_NDJSON, "{\"d\":4,\"s\":4}\n{\"d\":\"x\",\"s\":\"x\"}\n{\"d\":null,\"s\":null}\n{\"d\":6,\"s\":6}\n");
    expect(make_sliced_unions, BF_FORMAT_CSV, "d,s\nx,x\n,\n6,6\n");
}

/* ---- slices ---- */

/* Rows 0 ... 4 of everything, of which 1 ... 3 stay. */
static void make_whole(frame *f) {
    struct ArrowArray *b = begin(f, "i=i;b=b;u=u;v=vu;w=w:1;d=d:5,1;s=+s(x=i;y=b);l=+l(item=i);p=+w:2(item=i);e=+vl(item=i);q=c{u};"
                                    "m=+m(entries=+s(key=u;value=i))");
    struct ArrowArray **c = b->children;
    for (int row = 0; row < 5; row++) {
        char text[40], number[8];
        snprintf(text, sizeof text, "row %d is longer than a view", row);
        snprintf(number, sizeof number, "%d", 10 * row + 1);
        struct ArrowBufferView byte = {{text + 4}, 1};
        put_i_or_null(c[0], row, row == 2);
        put_i(c[1], row % 2);
        put_s(c[2], text);
        put_s(c[3], text);
        OK(ArrowArrayAppendBytes(c[4], byte));
        put_decimal(c[5], 128, number);
        put_i(c[6]->children[0], row);
        put_i_or_null(c[6]->children[1], row % 2, row == 2);
        OK(ArrowArrayFinishElement(c[6]));
        for (int i = 0; i < row; i++) put_i(c[7]->children[0], 10 * row + i);
        OK(ArrowArrayFinishElement(c[7]));
        for (int i = 0; i < 2; i++) put_i(c[8]->children[0], 10 * row + i);
        OK(ArrowArrayFinishElement(c[8]));
        for (int i = 0; i < 4 - row; i++) put_i(c[9]->children[0], row);
        OK(ArrowArrayFinishElement(c[9]));
        put_i(c[10], row % 2);
        put_s(c[11]->children[0]->children[0], number);
        put_i(c[11]->children[0]->children[1], row);
        OK(ArrowArrayFinishElement(c[11]->children[0]));
        OK(ArrowArrayFinishElement(c[11]));
    }
    put_s(c[10]->dictionary, "even");
    put_s(c[10]->dictionary, "odd");
    end(b, 5);
}

static void make_top_slice(frame *f) {
    make_whole(f);
    cut(&f->batches[0], 1, 3);
}

static void make_column_slices(frame *f) {
    make_whole(f);
    for (int64_t i = 0; i < f->batches[0].n_children; i++) cut(f->batches[0].children[i], 1, 3);
    f->batches[0].length = 3;
}

/* Half of it above, half of it below. */
static void make_slice_of_slices(frame *f) {
    make_whole(f);
    for (int64_t i = 0; i < f->batches[0].n_children; i++) cut(f->batches[0].children[i], 1, 4);
    f->batches[0].length = 4;
    struct ArrowArray *s = f->batches[0].children[6];
    s->offset = 0;
    for (int k = 0; k < 2; k++) cut(s->children[k], 1, 4);
    cut(&f->batches[0], 0, 3);
}

static const char slice_rows[] =
    "{\"i\":1,\"b\":true,\"u\":\"row 1 is longer than a view\",\"v\":\"row 1 is longer than a view\",\"w\":\"31\",\"d\":1.1,"
    "\"s\":{\"x\":1,\"y\":true},\"l\":[10],\"p\":[10,11],\"e\":[1,1,1],\"q\":\"odd\",\"m\":{\"11\":1}}\n"
    "{\"i\":null,\"b\":false,\"u\":\"row 2 is longer than a view\",\"v\":\"row 2 is longer than a view\",\"w\":\"32\",\"d\":2.1,"
    "\"s\":{\"x\":2,\"y\":null},\"l\":[20,21],\"p\":[20,21],\"e\":[2,2],\"q\":\"even\",\"m\":{\"21\":2}}\n"
    "{\"i\":3,\"b\":true,\"u\":\"row 3 is longer than a view\",\"v\":\"row 3 is longer than a view\",\"w\":\"33\",\"d\":3.1,"
    "\"s\":{\"x\":3,\"y\":true},\"l\":[30,31,32],\"p\":[30,31],\"e\":[3],\"q\":\"odd\",\"m\":{\"31\":3}}\n";

/* Lists that begin at the third item of what is below them. */
static void make_sliced_items(frame *f) {
    struct ArrowArray *b = begin(f, "l=+l(item=i);m=+m(entries=+s(key=u;value=i));p=+w:2(item=i)");
    struct ArrowArray *l = b->children[0], *m = b->children[1], *p = b->children[2], *entries = m->children[0];
    for (int i = 0; i < 6; i++) {
        char key[] = {'k', (char)('0' + i), 0};
        put_i(l->children[0], i);
        put_s(entries->children[0], key);
        put_i(entries->children[1], i);
        OK(ArrowArrayFinishElement(entries));
        put_i(p->children[0], i);
    }
    for (int k = 0; k < 2; k++) {
        OK(ArrowBufferAppendInt32(ArrowArrayBuffer(b->children[k], 1), 1));
        OK(ArrowBufferAppendInt32(ArrowArrayBuffer(b->children[k], 1), 3));
    }
    for (int k = 0; k < 3; k++) b->children[k]->length = 2;
    end(b, 2);
    for (int k = 0; k < 3; k++) cut(b->children[k]->children[0], 2, 4);
}

static void test_render__slices(void **state) {
    (void)state;
    expect(make_sliced_items, BF_FORMAT_NDJSON,
           "{\"l\":[2],\"m\":{\"k2\":2},\"p\":[2,3]}\n{\"l\":[3,4],\"m\":{\"k3\":3,\"k4\":4},\"p\":[4,5]}\n");
    expect(make_top_slice, BF_FORMAT_NDJSON, slice_rows);
    expect(make_column_slices, BF_FORMAT_NDJSON, slice_rows);
    expect(make_slice_of_slices, BF_FORMAT_NDJSON, slice_rows);
}

/* ---- the frame around rows ---- */

static void make_two_batches(frame *f) {
    struct ArrowArray *b = begin(f, "n=i;t=u");
    put_i(b->children[0], 1);
    put_s(b->children[1], "one");
    end(b, 1);
    end(begin_next(f), 0);
    b = begin_next(f);
    for (int i = 2; i < 4; i++) {
        put_i(b->children[0], i);
        put_s(b->children[1], i == 2 ? "two" : "three");
    }
    end(b, 2);
}

static void test_render__limits(void **state) {
    (void)state;
    expect_limited(make_two_batches, BF_FORMAT_CSV, 0, 0, "n,t\n1,one\n2,two\n3,three\n");
    expect_limited(make_two_batches, BF_FORMAT_CSV, 1, 0, "n,t\n1,one\n");
    expect_limited(make_two_batches, BF_FORMAT_TSV, 2, 0, "n\tt\n1\tone\n2\ttwo\n");
    expect_limited(make_two_batches, BF_FORMAT_JSON, 2, 0, "[\n{\"n\":1,\"t\":\"one\"},\n{\"n\":2,\"t\":\"two\"}\n]\n");
    expect_limited(make_two_batches, BF_FORMAT_NDJSON, 3, 0,
                   "{\"n\":1,\"t\":\"one\"}\n{\"n\":2,\"t\":\"two\"}\n{\"n\":3,\"t\":\"three\"}\n");
    expect_limited(make_two_batches, BF_FORMAT_MARKDOWN, 1, 0, "| n | t |\n| ---: | --- |\n| 1 | one |\n");
    for (int64_t limit = 0; limit < 5; limit++) {
        result r = render(make_two_batches, BF_FORMAT_NDJSON, limit, 0);
        assert_int_equal(r.n_rows, !limit || limit > 3 ? 3 : limit);
        free(r.p);
    }
}

static void test_render__table_says_how_many(void **state) {
    (void)state;
    expect_limited(make_two_batches, BF_FORMAT_TABLE, 1, 0, "n  t\n─  ───\n1  one\n(first 1 of more rows; --max-rows 0 shows all)\n");
    expect_limited(make_two_batches, BF_FORMAT_TABLE, 2, 0,
                   "n  t\n─  ───\n1  one\n2  two\n(first 2 of more rows; --max-rows 0 shows all)\n");
    expect_limited(make_two_batches, BF_FORMAT_TABLE, 3, 0, "n  t\n─  ─────\n1  one\n2  two\n3  three\n(3 rows)\n");
    expect_limited(make_two_batches, BF_FORMAT_TABLE, 0, 0, "n  t\n─  ─────\n1  one\n2  two\n3  three\n(3 rows)\n");
}

static void make_no_rows(frame *f) {
    begin(f, "n=i;t=u");
    end(&f->batches[0], 0);
}

static void make_no_batches(frame *f) {
    make_no_rows(f);
    ArrowArrayRelease(&f->batches[0]);
    f->n = 0;
}

static void make_no_columns(frame *f) {
    begin(f, "");
    end(&f->batches[0], 2);
}

static void test_render__empty(void **state) {
    (void)state;
    static const fill makers[] = {make_no_rows, make_no_batches};
    for (int i = 0; i < 2; i++) {
        expect(makers[i], BF_FORMAT_TABLE, "n  t\n─  ─\n(0 rows)\n");
        expect(makers[i], BF_FORMAT_CSV, "n,t\n");
        expect(makers[i], BF_FORMAT_TSV, "n\tt\n");
        expect(makers[i], BF_FORMAT_JSON, "[]\n");
        expect(makers[i], BF_FORMAT_NDJSON, "");
        expect(makers[i], BF_FORMAT_MARKDOWN, "| n | t |\n| ---: | --- |\n");
    }
    expect(make_no_columns, BF_FORMAT_TABLE, "(2 rows)\n");
    expect(make_no_columns, BF_FORMAT_CSV, "\n\n\n");
    expect(make_no_columns, BF_FORMAT_TSV, "\n\n\n");
    expect(make_no_columns, BF_FORMAT_JSON, "[\n{},\n{}\n]\n");
    expect(make_no_columns, BF_FORMAT_NDJSON, "{}\n{}\n");
    expect(make_no_columns, BF_FORMAT_MARKDOWN, "");
}

static void make_odd_names(frame *f) {
    struct ArrowArray *b = begin(f, "a=i;a=i;=i;x,\"y\"\n=u;t\tb=i");
    for (int i = 0; i < 5; i++)
        if (i != 3) put_i(b->children[i], i);
    put_s(b->children[3], "v");
    end(b, 1);
}

static void test_render__names(void **state) {
    (void)state;
    expect(make_odd_names, BF_FORMAT_CSV, "a,a,\"\",\"x,\"\"y\"\"\n\",t\tb\n0,1,2,v,4\n");
    expect(make_odd_names, BF_FORMAT_TSV, "a\ta\t\tx,\"y\"\\n\tt\\tb\n0\t1\t2\tv\t4\n");
    expect(make_odd_names, BF_FORMAT_JSON, "[\n{\"a\":0,\"a\":1,\"\":2,\"x,\\\"y\\\"\\n\":\"v\",\"t\\tb\":4}\n]\n");
    expect(make_odd_names, BF_FORMAT_TABLE, "a  a     x,\"y\"\\n  t\\tb\n─  ─  ─  ───────  ────\n0  1  2  v           4\n(1 row)\n");
    expect(make_odd_names, BF_FORMAT_MARKDOWN,
           "| a | a |  | x,\"y\"<br> | t\tb |\n| ---: | ---: | ---: | --- | ---: |\n| 0 | 1 | 2 | v | 4 |\n");
}

/* ---- tables ---- */

static void make_table(frame *f) {
    struct ArrowArray *b = begin(f, "name=u;n=l;share=g;ok=b");
    static const char *const names[] = {"a", "x\ny\t\x1b[31m\x7f", "\xe5\x90\x8d\xe5\x89\x8d", "e\xcc\x81", NULL, ""};
    static const int64_t numbers[] = {1, -20, 300, 4, 5, 6};
    for (int i = 0; i < 6; i++) {
        put_s(b->children[0], names[i]);
        put_i(b->children[1], numbers[i]);
        OK(i == 4 ? ArrowArrayAppendNull(b->children[2], 1) : ArrowArrayAppendDouble(b->children[2], i / 4.0));
        put_i(b->children[3], i % 2);
    }
    end(b, 6);
}

static void test_render__table(void **state) {
    (void)state;
    expect(make_table, BF_FORMAT_TABLE,
           "name                  n  share  ok\n"
           "──────────────────  ───  ─────  ─────\n"
           "a                     1    0.0  false\n"
           "x\\ny\\t\\x1b[31m\\x7f  -20   0.25  true\n"
           "名前                300    0.5  false\n"
           "e\xcc\x81                     4   0.75  true\n"
           "null                  5   null  false\n"
           "                      6   1.25  true\n"
           "(6 rows)\n");
}

static void make_hidden(frame *f) {
    struct ArrowArray *b = begin(f, "t=u;n=i");
    put_s(b->children[0], "\xe2\x80\xae" "a\xc2\x85" "b\xe2\x80\xa8"); /* right to left, next line, line separator */
    put_s(b->children[0], "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7" "|"); /* woman, joiner, girl: one picture */
    put_s(b->children[0], "bad \xff");
    for (int i = 0; i < 3; i++) put_i(b->children[1], i);
    end(b, 3);
}

static void test_render__table_hides_nothing(void **state) {
    (void)state;
    expect(make_hidden, BF_FORMAT_TABLE,
           "t                   n\n──────────────────  ─\n\\u202ea\\x85b\\u2028  0\n"
           "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7|                 1\nbad \\xff            2\n(3 rows)\n");
}

static void make_wide(frame *f) {
    struct ArrowArray *b = begin(f, "path=u;op=u;n=l");
    put_s(b->children[0], "lib/python3.12/asyncio/base_events.pyc");
    put_s(b->children[1], "LOAD_FAST_BORROW");
    put_i(b->children[2], 1234567);
    end(b, 1);
}

static void test_render__table_fits(void **state) {
    (void)state;
    static const char whole[] = "path                                    op                      n\n"
                                "──────────────────────────────────────  ────────────────  ───────\n"
                                "lib/python3.12/asyncio/base_events.pyc  LOAD_FAST_BORROW  1234567\n(1 row)\n";
    expect_limited(make_wide, BF_FORMAT_TABLE, 0, 0, whole);
    expect_limited(make_wide, BF_FORMAT_TABLE, 0, 65, whole);
    expect_limited(make_wide, BF_FORMAT_TABLE, 0, 64, /* only the widest */
                   "path                                   op                      n\n"
                   "─────────────────────────────────────  ────────────────  ───────\n"
                   "lib/python3.12/asyncio/base_events.p…  LOAD_FAST_BORROW  1234567\n(1 row)\n");
    expect_limited(make_wide, BF_FORMAT_TABLE, 0, 40,
                   "path             op                    n\n"
                   "───────────────  ──────────────  ───────\n"
                   "lib/python3.12…  LOAD_FAST_BOR…  1234567\n(1 row)\n");
    expect_limited(make_wide, BF_FORMAT_TABLE, 0, 20, /* 8 columns each and the number would be 27 */
                   "path       op\n"
                   "─────────  ─────────\n"
                   "lib/pyth…  LOAD_FAS…\n(1 row; first 2 of 3 columns)\n");
    expect_limited(make_wide, BF_FORMAT_TABLE, 0, 3, "path\n────────\nlib/pyt…\n(1 row; first 1 of 3 columns)\n");
}

static void make_wide_characters(frame *f) {
    struct ArrowArray *b = begin(f, "t=u;marks=u");
    put_s(b->children[0], "名前名前名前");
    put_s(b->children[1], "e\xcc\x81" "e\xcc\x81" "e\xcc\x81" "e\xcc\x81" "e\xcc\x81" "e\xcc\x81" "e\xcc\x81" "e\xcc\x81" "e\xcc\x81");
    end(b, 1);
}

static void test_render__table_cuts_between_characters(void **state) {
    (void)state;
    expect_limited(make_wide_characters, BF_FORMAT_TABLE, 0, 18, /* 8 columns have room for three and the ellipsis */
                   "t         marks\n────────  ────────\n"
                   "名前名…   e\xcc\x81" "e\xcc\x81" "e\xcc\x81" "e\xcc\x81" "e\xcc\x81" "e\xcc\x81" "e\xcc\x81" "…\n(1 row)\n");
    expect_limited(make_wide_characters, BF_FORMAT_TABLE, 0, 19,
                   "t          marks\n─────────  ────────\n"
                   "名前名前…  e\xcc\x81" "e\xcc\x81" "e\xcc\x81" "e\xcc\x81" "e\xcc\x81" "e\xcc\x81" "e\xcc\x81" "…\n(1 row)\n");
}

static void make_long_number(frame *f) {
    struct ArrowArray *b = begin(f, "a_very_long_header_name_for_n=l");
    put_i(b->children[0], INT64_MIN);
    put_i(b->children[0], 1);
    end(b, 2);
}

static void test_render__table_never_cuts_numbers(void **state) {
    (void)state;
    expect_limited(make_long_number, BF_FORMAT_TABLE, 0, 10,
                   "a_very_long_header_…\n────────────────────\n-9223372036854775808\n                   1\n(2 rows)\n");
}

enum { CHUNK_ROWS = 10000 }; /* that a table measures */

static void make_many(frame *f) {
    struct ArrowArray *b = begin(f, "t=u;n=i");
    for (int i = 0; i <= CHUNK_ROWS; i++) {
        put_s(b->children[0], i < CHUNK_ROWS ? "x" : "a longer text");
        put_i(b->children[1], i < CHUNK_ROWS ? 1 : 22);
    }
    end(b, CHUNK_ROWS + 1);
}

static void expect_end(const char *text, const char *end) {
    assert_true(strlen(text) >= strlen(end));
    assert_string_equal(text + strlen(text) - strlen(end), end);
}

static void test_render__table_measures_the_first_rows(void **state) {
    (void)state;
    result r = render(make_many, BF_FORMAT_TABLE, 0, 0);
    assert_memory_equal(r.p, "t  n\n─  ─\nx  1\nx  1\n", strlen("t  n\n─  ─\nx  1\nx  1\n"));
    expect_end(r.p, "\nx  1\na longer text  22\n(10001 rows)\n");
    free(r.p);
    r = render(make_many, BF_FORMAT_TABLE, 0, 80);
    expect_end(r.p, "\nx  1\n…  22\n(10001 rows)\n");
    free(r.p);
    r = render(make_many, BF_FORMAT_TABLE, CHUNK_ROWS, 80);
    expect_end(r.p, "\nx  1\n(first 10000 of more rows; --max-rows 0 shows all)\n");
    free(r.p);
}

/* ---- Markdown ---- */

static void make_markdown(frame *f) {
    static const char *const values[] = {"a|b",       "x\ny",     "x\r\ny\r", "<module>", "__init__",
                                         "LOAD_FAST", "C:\\dir", "a\\|", "*&~`", "1_000 _"};
    struct ArrowArray *b = begin(f, "t|=u;n=l;l=+l(item=u)");
    for (int i = 0; i < 10; i++) {
        put_s(b->children[0], values[i]);
        put_i(b->children[1], i);
        put_s(b->children[2]->children[0], "|");
        OK(ArrowArrayFinishElement(b->children[2]));
    }
    for (int k = 0; k < 3; k++) put_null(b->children[k]);
    end(b, 11);
}

static void test_render__markdown(void **state) {
    (void)state;
    expect(make_markdown, BF_FORMAT_MARKDOWN,
           "| t\\| | n | l |\n| --- | ---: | --- |\n"
           "| a\\|b | 0 | [\"\\|\"] |\n"
           "| x<br>y | 1 | [\"\\|\"] |\n"
           "| x<br>y<br> | 2 | [\"\\|\"] |\n"
           "| \\<module> | 3 | [\"\\|\"] |\n"
           "| \\_\\_init\\_\\_ | 4 | [\"\\|\"] |\n"
           "| LOAD_FAST | 5 | [\"\\|\"] |\n"
           "| C:\\dir | 6 | [\"\\|\"] |\n"
           "| a\\\\\\| | 7 | [\"\\|\"] |\n"
           "| \\*\\&\\~\\` | 8 | [\"\\|\"] |\n"
           "| 1_000 \\_ | 9 | [\"\\|\"] |\n"
           "| null | null | null |\n");
}

/* ---- Arrow ---- */

/* What a reader of the bytes finds, as text; the format of the first column too. */
static char *read_back(const result *r, char *format, size_t size) {
    struct ArrowBuffer bytes;
    struct ArrowIpcInputStream input;
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    ArrowBufferInit(&bytes);
    OK(ArrowBufferAppend(&bytes, r->p, (int64_t)r->n));
    OK(ArrowIpcInputStreamInitBuffer(&input, &bytes));
    OK(ArrowIpcArrayStreamReaderInit(&stream, &input, NULL));
    OK(stream.get_schema(&stream, &schema));
    snprintf(format, size, "%s", schema.n_children ? schema.children[0]->format : "");
    ArrowSchemaRelease(&schema);
    bf_render_options options = {BF_FORMAT_NDJSON, 0, 0};
    result text = render_stream(&stream, &options);
    if (text.status != BF_OK) fail_msg("%s", text.err.message);
    return text.p;
}

static void test_render__arrow_reads_back(void **state) {
    (void)state;
    static const struct {
        fill make;
        const char *format; /* of the first column */
    } cases[] = {
        {make_integers, "c"}, {make_floats, "g"}, {make_short_floats, "f"}, {make_no_numbers, "g"},
        {make_decimals, "d:9,2,32"}, {make_texts, "u"}, {make_bytes, "z"}, {make_dates, "tdD"}, {make_times, "tts"},
        {make_timestamps, "tss:"}, {make_durations, "tDs"}, {make_intervals, "tiM"}, {make_lists, "+l"},
        {make_nested, "+s"}, {make_dictionary, "u"}, {make_runs, "u"}, {make_sliced_runs, "u"},
        {make_unions, "+ud:0,1"}, {make_sliced_unions, "+ud:0,1"}, {make_whole, "i"}, {make_top_slice, "i"},
        {make_column_slices, "i"}, {make_slice_of_slices, "i"}, {make_sliced_items, "+l"}, {make_two_batches, "i"},
        {make_no_rows, "i"}, {make_no_batches, "i"}, {make_hidden, "u"}, {make_many, "u"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int64_t limit = 0; limit < 3; limit++) {
            char format[64];
            result arrow = render(cases[i].make, BF_FORMAT_ARROW, limit, 0);
            if (arrow.status != BF_OK) fail_msg("case %zu: %s", i, arrow.err.message);
            result text = render(cases[i].make, BF_FORMAT_NDJSON, limit, 0);
            char *found = read_back(&arrow, format, sizeof format);
            assert_string_equal(found, text.p);
            assert_string_equal(format, cases[i].format);
            assert_int_equal(arrow.n_rows, text.n_rows);
            free(found);
            free(text.p);
            free(arrow.p);
        }
    }
}

/* ---- Parquet: the engine is not part of this test, a stand-in takes its place ---- */

static struct {
    bf_status status; /* to end with */
    char path[4096];
} stand_in;

bf_status bf_write_parquet(struct ArrowArrayStream *stream, const char *path, bf_error *err) {
    struct ArrowArray batch;
    int64_t n = 0;
    snprintf(stand_in.path, sizeof stand_in.path, "%s", path);
    for (;;) {
        if (stream->get_next(stream, &batch)) {
            bf_fail(err, BF_ENGINE, -1, "%s", stream->get_last_error(stream));
            stream->release(stream);
            return BF_ENGINE;
        }
        if (!batch.release) break;
        n += batch.length;
        ArrowArrayRelease(&batch);
    }
    stream->release(stream);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    for (int i = 0; i < 100000; i++) fprintf(out, "%lld\n", (long long)n);
    fclose(out);
    return stand_in.status == BF_OK ? BF_OK : bf_fail(err, stand_in.status, -1, "no parquet today");
}

static void expect_removed(void) {
    struct stat info;
    assert_int_equal(stat(stand_in.path, &info), -1);
    *strrchr(stand_in.path, '/') = 0;
    assert_int_equal(stat(stand_in.path, &info), -1);
}

static void test_render__parquet(void **state) {
    (void)state;
    for (int64_t limit = 0; limit < 5; limit++) {
        int64_t n = !limit || limit > 3 ? 3 : limit;
        result r = render(make_two_batches, BF_FORMAT_PARQUET, limit, 0);
        assert_int_equal(r.status, BF_OK);
        assert_int_equal(r.n_rows, n);
        assert_int_equal(r.n, 200000);
        assert_int_equal(r.p[199998], '0' + n);
        expect_removed();
        free(r.p);
    }
    stand_in.status = BF_NO_MEMORY;
    result r = render(make_two_batches, BF_FORMAT_PARQUET, 0, 0);
    assert_int_equal(r.status, BF_NO_MEMORY);
    assert_string_equal(r.err.message, "no parquet today");
    assert_int_equal(r.n, 0);
    expect_removed();
    free(r.p);
    stand_in.status = BF_OK;
}

static void test_render__parquet_without_a_place(void **state) {
    (void)state;
    setenv("TMPDIR", "/nonexistent/place", 1);
    result r = render(make_two_batches, BF_FORMAT_PARQUET, 0, 0);
    unsetenv("TMPDIR");
    assert_int_equal(r.status, BF_IO);
    assert_non_null(strstr(r.err.message, "/nonexistent/place"));
    free(r.p);
}

/* ---- streams that are watched, or fail ---- */

typedef struct watched {
    struct ArrowArrayStream inner;
    int n_next, n_released;
    int fail_schema, fail_at; /* errno of get_schema; get_next that fails, from 1 */
    const char *message;
} watched;

static int watched_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    watched *w = stream->private_data;
    return w->fail_schema ? w->fail_schema : w->inner.get_schema(&w->inner, out);
}

static int watched_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    watched *w = stream->private_data;
    return ++w->n_next == w->fail_at ? EIO : w->inner.get_next(&w->inner, out);
}

static const char *watched_error(struct ArrowArrayStream *stream) {
    return ((watched *)stream->private_data)->message;
}

static void watched_release(struct ArrowArrayStream *stream) {
    watched *w = stream->private_data;
    w->n_released++;
    w->inner.release(&w->inner);
    stream->release = NULL;
}

static struct ArrowArrayStream watch(watched *w, fill make) {
    frame f = {0};
    make(&f);
    to_stream(&f, &w->inner);
    return (struct ArrowArrayStream){watched_schema, watched_next, watched_error, watched_release, w};
}

static void test_render__reads_no_more_than_asked(void **state) {
    (void)state;
    for (int format = BF_FORMAT_TABLE; format <= BF_FORMAT_PARQUET; format++) {
        watched w = {0};
        struct ArrowArrayStream stream = watch(&w, make_two_batches);
        bf_render_options options = {(bf_format)format, 1, 0};
        result r = render_stream(&stream, &options);
        assert_int_equal(r.status, BF_OK);
        assert_int_equal(r.n_rows, 1);
        assert_int_equal(w.n_released, 1);
        assert_int_equal(w.n_next, format == BF_FORMAT_TABLE ? 3 : 1); /* a table asks for one more row, past the empty batch */
        free(r.p);
    }
}

static void test_render__stream_fails(void **state) {
    (void)state;
    for (int format = BF_FORMAT_TABLE; format <= BF_FORMAT_PARQUET; format++)
        for (int at = 1; at <= 4; at++) {
            watched w = {.fail_at = at, .message = "the disk is gone"};
            struct ArrowArrayStream stream = watch(&w, make_two_batches);
            bf_render_options options = {(bf_format)format, 0, 0};
            result r = render_stream(&stream, &options);
            assert_int_equal(r.status, BF_ENGINE);
            assert_int_equal(r.err.code, BF_ENGINE);
            assert_string_equal(r.err.message, "the disk is gone");
            assert_int_equal(r.n_rows, 0);
            assert_int_equal(w.n_released, 1);
            free(r.p);
        }
    watched w = {.fail_schema = ENOTSUP};
    struct ArrowArrayStream stream = watch(&w, make_two_batches);
    bf_render_options options = {BF_FORMAT_CSV, 0, 0};
    result r = render_stream(&stream, &options);
    assert_int_equal(r.status, BF_ENGINE);
    assert_string_equal(r.err.message, strerror(ENOTSUP));
    assert_int_equal(w.n_released, 1);
    free(r.p);
}

/* ---- what cannot be rendered ---- */

static int strange_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    ArrowSchemaInit(out);
    OK(ArrowSchemaSetFormat(out, "+s"));
    parse_fields(out, stream->private_data);
    return 0;
}

static int bare_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    (void)stream;
    OK(ArrowSchemaInitFromType(out, NANOARROW_TYPE_INT32));
    return 0;
}

static int strange_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    (void)stream, (void)out;
    fail_msg("rows of a stream that cannot be rendered");
    return EIO;
}

static void strange_release(struct ArrowArrayStream *stream) {
    stream->release = NULL;
}

static bf_error expect_unsupported(int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *), char *fields) {
    bf_error first = {0};
    for (int format = BF_FORMAT_TABLE; format <= BF_FORMAT_ARROW; format++) {
        struct ArrowArrayStream stream = {get_schema, strange_next, watched_error, strange_release, fields};
        bf_render_options options = {(bf_format)format, 0, 0};
        result r = render_stream(&stream, &options);
        assert_int_equal(r.status, BF_UNSUPPORTED);
        assert_int_equal(r.n, 0); /* not even a line of names */
        free(r.p);
        first = r.err;
    }
    return first;
}

static void test_render__unsupported_types(void **state) {
    (void)state;
    char one[] = "good=i;odd=+l(item=quaternion)", deep[101 * 9 + 16] = "deep=";
    bf_error err = expect_unsupported(strange_schema, one);
    assert_non_null(strstr(err.message, "odd"));
    assert_non_null(strstr(err.message, "\"quaternion\""));
    for (int i = 0; i < 101; i++) strcat(deep, "+l(item=");
    strcat(deep, "i");
    for (int i = 0; i < 101; i++) strcat(deep, ")");
    err = expect_unsupported(strange_schema, deep);
    assert_non_null(strstr(err.message, "deep"));
    err = expect_unsupported(bare_schema, NULL);
    assert_non_null(strstr(err.message, "\"i\""));
}

static void make_short_column(frame *f) {
    make_two_batches(f);
    f->batches[0].length = 5; /* the columns have one row */
}

static void test_render__batch_that_does_not_fit(void **state) {
    (void)state;
    for (int format = BF_FORMAT_TABLE; format <= BF_FORMAT_ARROW; format++) {
        result r = render(make_short_column, (bf_format)format, 0, 0);
        assert_int_equal(r.status, BF_ENGINE);
        assert_non_null(strstr(r.err.message, "does not fit"));
        free(r.p);
    }
}

static void test_render__wrong_options(void **state) {
    (void)state;
    static const bf_render_options wrong[] = {
        {(bf_format)8, 0, 0},
        {(bf_format)-1, 0, 0},
        {BF_FORMAT_CSV, -1, 0},
        {BF_FORMAT_TABLE, 0, -1},
    };
    for (int i = 0; i < 4; i++) {
        watched w = {0};
        struct ArrowArrayStream stream = watch(&w, make_two_batches);
        result r = render_stream(&stream, &wrong[i]);
        assert_int_equal(r.status, BF_INVALID_ARGUMENT);
        assert_int_equal(w.n_released, 1);
        assert_int_equal(r.n, 0);
        free(r.p);
    }
}

static void test_render__defaults(void **state) {
    (void)state;
    frame f = {0};
    struct ArrowArrayStream stream;
    char *p = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&p, &n);
    make_two_batches(&f);
    to_stream(&f, &stream);
    assert_int_equal(bf_render(&stream, NULL, out, NULL, NULL), BF_OK);
    fclose(out);
    assert_string_equal(p, "n  t\n─  ─────\n1  one\n2  two\n3  three\n(3 rows)\n");
    free(p);
}

static void test_render__write_fails(void **state) {
    (void)state;
    FILE *full = fopen("/dev/full", "wb");
    if (!full) skip();
    static const fill makers[] = {make_two_batches, make_many}; /* less and more than a buffer */
    for (int format = BF_FORMAT_TABLE; format <= BF_FORMAT_PARQUET; format++)
        for (int i = 0; i < 2; i++) {
            frame f = {0};
            struct ArrowArrayStream stream;
            bf_render_options options = {(bf_format)format, 0, 0};
            bf_error err = {0};
            int64_t n = -1;
            makers[i](&f);
            to_stream(&f, &stream);
            assert_int_equal(bf_render(&stream, &options, full, &n, &err), BF_IO);
            assert_non_null(strstr(err.message, strerror(ENOSPC)));
            assert_null(stream.release);
            assert_int_equal(n, 0);
            clearerr(full);
        }
    fclose(full);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_render__format_names),
        cmocka_unit_test(test_render__integers),
        cmocka_unit_test(test_render__floats),
        cmocka_unit_test(test_render__floats_read_back),
        cmocka_unit_test(test_render__floats_in_another_locale),
        cmocka_unit_test(test_render__decimals),
        cmocka_unit_test(test_render__texts_csv),
        cmocka_unit_test(test_render__texts_tsv),
        cmocka_unit_test(test_render__texts_json),
        cmocka_unit_test(test_render__bytes),
        cmocka_unit_test(test_render__dates),
        cmocka_unit_test(test_render__times),
        cmocka_unit_test(test_render__durations),
        cmocka_unit_test(test_render__lists),
        cmocka_unit_test(test_render__nested),
        cmocka_unit_test(test_render__dictionary),
        cmocka_unit_test(test_render__runs),
        cmocka_unit_test(test_render__unions),
        cmocka_unit_test(test_render__slices),
        cmocka_unit_test(test_render__limits),
        cmocka_unit_test(test_render__table_says_how_many),
        cmocka_unit_test(test_render__empty),
        cmocka_unit_test(test_render__names),
        cmocka_unit_test(test_render__table),
        cmocka_unit_test(test_render__table_hides_nothing),
        cmocka_unit_test(test_render__table_fits),
        cmocka_unit_test(test_render__table_cuts_between_characters),
        cmocka_unit_test(test_render__table_never_cuts_numbers),
        cmocka_unit_test(test_render__table_measures_the_first_rows),
        cmocka_unit_test(test_render__markdown),
        cmocka_unit_test(test_render__arrow_reads_back),
        cmocka_unit_test(test_render__parquet),
        cmocka_unit_test(test_render__parquet_without_a_place),
        cmocka_unit_test(test_render__reads_no_more_than_asked),
        cmocka_unit_test(test_render__stream_fails),
        cmocka_unit_test(test_render__unsupported_types),
        cmocka_unit_test(test_render__batch_that_does_not_fit),
        cmocka_unit_test(test_render__wrong_options),
        cmocka_unit_test(test_render__defaults),
        cmocka_unit_test(test_render__write_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
