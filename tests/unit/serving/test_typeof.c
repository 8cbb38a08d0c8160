#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "nanoarrow/nanoarrow.h"
#include "serving/typeof.h"

/* As DataFusion 55.2 prints them. */
static const struct {
    const char *printed, *type;
} known[] = {
    {"Utf8", "utf8"},
    {"Utf8View", "utf8"},
    {"LargeUtf8", "large_utf8"},
    {"Int32", "int32"},
    {"Boolean", "bool"},
    {"List(Int64)", "list<int64>"},
    {"List(non-null Utf8, field: 'element')", "list<utf8 not null>"},
    {"List(Utf8, field: 'it\\'em')", "list<utf8>"},
    {"Struct(\"line0\": Int32, \"col\": Int32)", "struct<line0:int32,col:int32>"},
    {"Struct()", "struct<>"},
    {"Struct(\"a\": non-null Struct(\"b\": List(Utf8View)))", "struct<a:struct<b:list<utf8>> not null>"},
    {"Map(\"entries\": non-null Struct(\"keys\": non-null Utf8, \"values\": Utf8), unsorted)", "map<utf8 not null,utf8>"},
    {"Map(\"key_value\": non-null Struct(\"key\": non-null Utf8, \"value\": Utf8), sorted)", "map<utf8 not null,utf8>"},
    {"List(non-null Struct(\"offset\": non-null Int32, \"line1\": Int32, metadata: {\"line_base\": \"1\"}, \"line0\": Int32), field: "
     "'element')",
     "list<struct<offset:int32 not null,line1:int32,line0:int32> not null>"},
    {"Struct(\"s\": Utf8, metadata: {\"a\": \"}\", \"b\": \", \\\"\"}, \"t\": Int32)", "struct<s:utf8,t:int32>"},
    {"Timestamp(ns)", "Timestamp(ns)"},
    {"Struct(\"t\": Timestamp(ms, \"+01:00\"), \"d\": Decimal128(10, 2))", "struct<t:Timestamp(ms, \"+01:00\"),d:Decimal128(10, 2)>"},
    {"Dictionary(Int32, Utf8)", "Dictionary(Int32, Utf8)"},
    {"FixedSizeList(1 x Int64)", "FixedSizeList(1 x Int64)"},
    {"LargeList(Int64)", "LargeList(Int64)"},
};

enum { N_KNOWN = sizeof known / sizeof *known };

static void test_typeof__text(void **state) {
    (void)state;
    for (size_t i = 0; i < N_KNOWN; i++) {
        bf_error err = {0};
        bf_buf out = {0};
        if (bf_typeof_text(&out, known[i].printed, &err) != BF_OK) fail_msg("%s", err.message);
        bf_buf_putc(&out, 0);
        assert_string_equal(out.p, known[i].type);
        bf_buf_free(&out);
    }
}

static void test_typeof__text_appends(void **state) {
    (void)state;
    bf_buf out = {0};
    bf_buf_puts(&out, "type ");
    assert_int_equal(bf_typeof_text(&out, "List(", NULL), BF_ENGINE); /* and takes back what it began */
    assert_int_equal(bf_typeof_text(&out, "Int32", NULL), BF_OK);
    assert_memory_equal(out.p, "type int32", 10);
    assert_int_equal(out.n, 10);
    bf_buf_free(&out);
}

/* No prefix of a nested type is one, and none is read past its end. */
static void test_typeof__text_prefixes(void **state) {
    (void)state;
    for (size_t i = 0; i < N_KNOWN; i++) {
        if (!strchr(known[i].printed, '(')) continue;
        for (size_t n = 0; n < strlen(known[i].printed); n++) {
            bf_buf out = {0};
            char *prefix = strndup(known[i].printed, n);
            bf_status st = bf_typeof_text(&out, prefix, NULL);
            if (n > 0 && !strchr(prefix, '('))
                assert_int_equal(st, BF_OK); /* the name of some type */
            else
                assert_int_equal(st, BF_ENGINE);
            free(prefix);
            bf_buf_free(&out);
        }
    }
}

static void test_typeof__text_unknown(void **state) {
    (void)state;
    static const char *const wrong[] = {"",
                                        "Utf8)",
                                        "Utf8 ",
                                        "List(Utf8))",
                                        "Struct(a: Int32)",
                                        "Map(Utf8, Utf8)",
                                        "List(Utf8, 'x')",
                                        "Struct(\"a\": Int32; \"b\": Int32)"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        bf_error err = {0};
        bf_buf out = {0};
        assert_int_equal(bf_typeof_text(&out, wrong[i], &err), BF_ENGINE);
        assert_non_null(strstr(err.message, wrong[i]));
        bf_buf_free(&out);
    }
}

static void test_typeof__text_too_deep(void **state) {
    (void)state;
    bf_buf printed = {0}, out = {0};
    for (int i = 0; i < 100000; i++) bf_buf_puts(&printed, "List(");
    bf_buf_putc(&printed, 0);
    assert_int_equal(bf_typeof_text(&out, printed.p, NULL), BF_ENGINE);
    bf_buf_free(&printed);
    bf_buf_free(&out);
}

static void test_typeof__no_memory(void **state) {
    (void)state;
    bf_buf out = {.failed = true};
    assert_int_equal(bf_typeof_text(&out, "Int32", NULL), BF_NO_MEMORY);
}

static void test_typeof__schema(void **state) {
    (void)state;
    static const char *const types[] = {
        "utf8",
        "utf8",
        "utf8",
        NULL, /* code_objects: too long to say again */
        "list<struct<error_type:utf8 not null,message:utf8 not null,attrs:map<utf8 not null,utf8>> not null>",
        "map<utf8 not null,utf8>",
    };
    struct ArrowSchema schema;
    assert_int_equal(bf_schema(&schema, NULL), BF_OK);
    assert_int_equal(ArrowSchemaSetFormat(schema.children[1], "vu"), NANOARROW_OK);
    for (int i = 0; i < 6; i++) {
        bf_buf out = {0};
        bf_typeof_schema(&out, schema.children[i]);
        bf_buf_putc(&out, 0);
        if (types[i])
            assert_string_equal(out.p, types[i]);
        else
            assert_non_null(
                strstr(out.p, ",span:struct<start:struct<line0:int32,col:int32>,end:struct<line0:int32,col:int32>,end_exclusive:bool,"));
        bf_buf_free(&out);
    }
    ArrowSchemaRelease(&schema);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_typeof__text),          cmocka_unit_test(test_typeof__text_appends),
        cmocka_unit_test(test_typeof__text_prefixes), cmocka_unit_test(test_typeof__text_unknown),
        cmocka_unit_test(test_typeof__text_too_deep), cmocka_unit_test(test_typeof__no_memory),
        cmocka_unit_test(test_typeof__schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
