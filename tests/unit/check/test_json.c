/* Texts of any bytes, and schemas made here by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "check/json.h"
#include "nanoarrow/nanoarrow.h"

static void test_json__text(void **state) {
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", ""},         {"plain", "plain"},
        {"\xc3\xa4", "\xc3\xa4"}, {"a\xff", "a\\xff"},
        {"\xc3\xa4\xff", "\\xc3\\xa4\\xff"}, {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *value = bf_json_text(cases[i].text);
        assert_string_equal(json_string_value(value), cases[i].expected);
        json_decref(value);
    }
    assert_true(json_is_null(bf_json_text(NULL)));
}

static void set_metadata(struct ArrowSchema *schema, const char *const *pairs) {
    struct ArrowBuffer buffer;
    assert_int_equal(ArrowMetadataBuilderInit(&buffer, NULL), NANOARROW_OK);
    for (; *pairs; pairs += 2)
        assert_int_equal(ArrowMetadataBuilderAppend(&buffer, ArrowCharView(pairs[0]), ArrowCharView(pairs[1])), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetMetadata(schema, (const char *)buffer.data), NANOARROW_OK);
    ArrowBufferReset(&buffer);
}

/* {list<struct<n: int32 not null>>, map<utf8, utf8>} */
static void make_schema(struct ArrowSchema *out) {
    ArrowSchemaInit(out);
    assert_int_equal(ArrowSchemaSetTypeStruct(out, 2), NANOARROW_OK);
    struct ArrowSchema *list = out->children[0], *map = out->children[1];
    assert_int_equal(ArrowSchemaSetType(list, NANOARROW_TYPE_LIST), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetName(list, "l"), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetTypeStruct(list->children[0], 1), NANOARROW_OK);
    struct ArrowSchema *n = list->children[0]->children[0];
    assert_int_equal(ArrowSchemaSetType(n, NANOARROW_TYPE_INT32), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetName(n, "n"), NANOARROW_OK);
    n->flags &= ~(int64_t)ARROW_FLAG_NULLABLE;
    assert_int_equal(ArrowSchemaSetType(map, NANOARROW_TYPE_MAP), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetName(map, "m"), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetType(map->children[0]->children[0], NANOARROW_TYPE_STRING), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetType(map->children[0]->children[1], NANOARROW_TYPE_STRING), NANOARROW_OK);
    set_metadata(n, (const char *const[]){"z", "1", "a", "2", "PARQUET:field_id", "7", NULL});
    set_metadata(out, (const char *const[]){"k", "v", "ARROW:schema", "base64", NULL});
}

static void test_json__fields(void **state) {
    (void)state;
    static const char *const paths[] = {"l", "l[]", "l[].n", "m", "m{key}", "m{value}"};
    static const char *const types[] = {"list<struct>", "struct", "int32", "map<utf8,utf8>", "utf8", "utf8"};
    struct ArrowSchema schema;
    bf_json json = {0};
    json_t *field;
    size_t i;
    make_schema(&schema);
    json_t *fields = bf_json_fields(&json, &schema);
    assert_int_equal(json_array_size(fields), 6);
    json_array_foreach(fields, i, field) {
        assert_string_equal(json_string_value(json_object_get(field, "path")), paths[i]);
        assert_string_equal(json_string_value(json_object_get(field, "type")), types[i]);
    }
    assert_true(json_is_false(json_object_get(json_array_get(fields, 2), "nullable")));
    assert_true(json_is_true(json_object_get(json_array_get(fields, 0), "nullable")));
    assert_false(json.failed);
    json_decref(fields);
    ArrowSchemaRelease(&schema);
}

/* Sorted by key, and without what a reader of Parquet adds. */
static void test_json__metadata(void **state) {
    (void)state;
    struct ArrowSchema schema;
    bf_json json = {0};
    make_schema(&schema);
    json_t *maps = bf_json_metadata_by_path(&json, &schema);
    char *text = json_dumps(maps, JSON_COMPACT);
    assert_string_equal(text, "{\"\":{\"k\":\"v\"},\"l[].n\":{\"a\":\"2\",\"z\":\"1\"}}");
    free(text);
    json_decref(maps);
    ArrowSchemaRelease(&schema);
}

static void test_json__print(void **state) {
    (void)state;
    json_t *root = json_pack("{s:i, s:n}", "b", 1, "a");
    char *text = bf_json_print(root);
    assert_string_equal(text, "{\n  \"b\": 1,\n  \"a\": null\n}\n");
    free(text);
    json_decref(root);
}

/* What could not be made or added is told once, at the end. */
static void test_json__failed(void **state) {
    (void)state;
    bf_json json = {.root = json_object()};
    assert_null(bf_json_set(&json, json.root, "x", NULL));
    assert_true(json.failed);
    assert_null(bf_json_add(&json, NULL, json_object()));
    assert_null(bf_json_set(&json, NULL, "x", json_array()));
    assert_int_equal(json_object_size(json.root), 0);
    json_decref(json.root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json__text),  cmocka_unit_test(test_json__fields), cmocka_unit_test(test_json__metadata),
        cmocka_unit_test(test_json__print), cmocka_unit_test(test_json__failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
