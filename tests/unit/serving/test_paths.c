#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nanoarrow/nanoarrow.h"
#include "serving/paths.h"

static const struct {
    const char *path, *field, *rows;
} paths[] = {
    {"attrs", "attrs", "SELECT attrs AS m FROM t"},
    {"errors[].attrs", "errors[1]['attrs']", "SELECT x['attrs'] AS m FROM (SELECT unnest(errors) AS x FROM t)"},
    {"code_objects[].flags_detail.is_nested", "code_objects[1]['flags_detail']['is_nested']",
     "SELECT x['flags_detail']['is_nested'] AS m FROM (SELECT unnest(code_objects) AS x FROM t)"},
    {"code_objects[].instructions[].span.start.line0", "code_objects[1]['instructions'][1]['span']['start']['line0']",
     "SELECT x['span']['start']['line0'] AS m FROM (SELECT unnest(x['instructions']) AS x FROM (SELECT unnest(code_objects) AS x FROM t))"},
    {"code_objects[].instructions[].cache_info[].size", "code_objects[1]['instructions'][1]['cache_info'][1]['size']",
     "SELECT x['size'] AS m FROM (SELECT unnest(x['cache_info']) AS x FROM (SELECT unnest(x['instructions']) AS x FROM (SELECT "
     "unnest(code_objects) AS x FROM t)))"},
};

static void assert_text(bf_buf *buf, const char *expected) {
    bf_buf_putc(buf, 0);
    assert_false(buf->failed);
    assert_string_equal(buf->p, expected);
    bf_buf_free(buf);
}

static void test_paths__put_field(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        bf_buf sql = {0};
        bf_path_put_field(&sql, paths[i].path);
        assert_text(&sql, paths[i].field);
    }
}

static void test_paths__put_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        bf_buf sql = {0};
        bf_path_put_rows(&sql, "t", paths[i].path);
        assert_text(&sql, paths[i].rows);
    }
}

static void test_paths__pairs(void **state) {
    (void)state;
    static const bf_text_pair some[] = {
        {BF_STR_INIT("b"), BF_STR_INIT("2")}, {BF_STR_INIT("ab"), BF_STR_INIT("")}, {BF_STR_INIT("a"), BF_STR_INIT("1")}};
    bf_buf pairs = {0}, out = {0};
    bf_pairs_put(&out, &pairs);
    assert_int_equal(out.n, 0);
    bf_buf_put(&pairs, some, sizeof some);
    bf_pairs_put(&out, &pairs);
    assert_text(&out, "a=1 ab= b=2");
    pairs.failed = true;
    bf_pairs_put(&out, &pairs);
    assert_true(out.failed);
    bf_buf_free(&pairs);
    bf_buf_free(&out);
}

static void test_paths__metadata(void **state) {
    (void)state;
    struct ArrowSchema schema;
    assert_int_equal(bf_schema(&schema, NULL), BF_OK);
    bf_buf out = {0};
    bf_metadata_put(&out, NULL);
    bf_metadata_put(&out, schema.children[0]->metadata); /* a top-level field has none */
    assert_int_equal(out.n, 0);
    bf_metadata_put(&out, schema.metadata);
    assert_text(&out, "bytecode_abi_version=1 bytecode_span_col_unit=utf32 bytecode_span_end_exclusive=true bytecode_span_line_base=0 "
                      "key_fields=file_id,path ordering_keys=path:ascending,file_id:ascending ordering_level=explicit "
                      "required_non_null=file_id,path schema_name=bytecode_files_v1 schema_version=1");
    ArrowSchemaRelease(&schema);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths__put_field),
        cmocka_unit_test(test_paths__put_rows),
        cmocka_unit_test(test_paths__pairs),
        cmocka_unit_test(test_paths__metadata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
