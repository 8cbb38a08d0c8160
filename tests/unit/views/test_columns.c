/* columns.def: complete, and the same as tests/views/contract.tsv, which is made of it: BF_WRITE_CONTRACT=1 writes that file anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "nanoarrow/nanoarrow.h"
#include "views/columns.h"

static struct ArrowSchema table;

static int make_table(void **state) {
    (void)state;
    return bf_schema(&table, NULL);
}

static int release_table(void **state) {
    (void)state;
    ArrowSchemaRelease(&table);
    return 0;
}

static struct ArrowSchema schema_of(const char *view, const bf_view_fill *fill) {
    bf_error err = {0};
    struct ArrowSchema schema;
    if (bf_view_schema(&schema, view, &table, fill, &err) != BF_OK) fail_msg("%s", err.message);
    return schema;
}

/* ---- contract.tsv ---- */

/* As check_views.py says it: the inner names of lists and maps, and nullability, do not count. */
static void put_type(bf_buf *out, const struct ArrowSchema *field) {
    static const char *const plain[][2] = {{"u", "utf8"}, {"i", "int32"}, {"l", "int64"}, {"b", "bool"}};
    for (size_t i = 0; i < 4; i++)
        if (!strcmp(field->format, plain[i][0])) bf_buf_puts(out, plain[i][1]);
    if (field->format[0] != '+') return;
    bool is_map = !strcmp(field->format, "+m"), is_struct = !strcmp(field->format, "+s");
    if (is_map) field = field->children[0];
    bf_buf_puts(out, is_map ? "map<" : is_struct ? "struct<" : "list<");
    for (int64_t i = 0; i < field->n_children; i++) {
        if (i) bf_buf_putc(out, ',');
        if (is_struct) bf_buf_printf(out, "%s:", field->children[i]->name);
        put_type(out, field->children[i]);
    }
    bf_buf_putc(out, '>');
}

static void test_columns__contract_tsv(void **state) {
    (void)state;
    static const char path[] = BF_TEST_DATA "/../views/contract.tsv";
    bf_buf text = {0};
    bf_buf_puts(&text, "view\tcolumn\ttype\n");
    for (size_t v = 0; v < bf_view_count(); v++) {
        struct ArrowSchema schema = schema_of(bf_view_name(v), &(bf_view_fill){0});
        for (int64_t i = 0; i < schema.n_children; i++) {
            bf_buf_printf(&text, "%s\t%s\t", bf_view_name(v), schema.children[i]->name);
            put_type(&text, schema.children[i]);
            bf_buf_putc(&text, '\n');
        }
        ArrowSchemaRelease(&schema);
    }
    assert_false(text.failed);
    FILE *f = fopen(path, getenv("BF_WRITE_CONTRACT") ? "w+" : "r");
    assert_non_null(f);
    if (getenv("BF_WRITE_CONTRACT")) {
        assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
        rewind(f);
    }
    char *read = calloc(1, text.n + 2);
    assert_non_null(read);
    size_t n = fread(read, 1, text.n + 1, f);
    fclose(f);
    if (n != text.n || memcmp(read, text.p, n))
        fail_msg("tests/views/contract.tsv is not what columns.def says; BF_WRITE_CONTRACT=1 in the environment writes it");
    free(read);
    bf_buf_free(&text);
}

/* ---- columns.def ---- */

static void test_columns__every_view_in_order(void **state) {
    (void)state;
    size_t at = 0;
    for (size_t v = 0; v < bf_view_count(); v++) {
        size_t first = at;
        while (at < bf_n_view_columns && !strcmp(bf_view_columns[at].view, bf_view_name(v))) at++;
        assert_true(at > first);
    }
    assert_int_equal(at, bf_n_view_columns);
}

static void test_columns__no_name_twice(void **state) {
    (void)state;
    for (size_t i = 0; i < bf_n_view_columns; i++)
        for (size_t j = i + 1; j < bf_n_view_columns; j++)
            assert_false(!strcmp(bf_view_columns[i].view, bf_view_columns[j].view) &&
                         !strcmp(bf_view_columns[i].name, bf_view_columns[j].name));
}

static void test_columns__table_field(void **state) {
    (void)state;
    for (size_t i = 0; i < bf_n_fields; i++) {
        const struct ArrowSchema *field = bf_table_field(&table, bf_fields[i].path);
        const char *dot = strrchr(bf_fields[i].path, '.');
        assert_non_null(field);
        assert_string_equal(field->name, dot ? dot + 1 : bf_fields[i].path);
    }
    static const char *const none[] = {"",         "repos", "code_objects.code_id", "code_objects[].code", "code_objects[].code_id.x",
                                       "repo[].x", "path."};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) assert_null(bf_table_field(&table, none[i]));
}

static const struct ArrowSchema *column(const struct ArrowSchema *schema, const char *name) {
    for (int64_t i = 0; i < schema->n_children; i++)
        if (!strcmp(schema->children[i]->name, name)) return schema->children[i];
    fail_msg("no column %s", name);
    return NULL;
}

static bool is_nullable(const struct ArrowSchema *field) {
    return field->flags & ARROW_FLAG_NULLABLE;
}

static void test_columns__schema(void **state) {
    (void)state;
    struct ArrowSchema schema = schema_of("py_bc_instruction_spans", &(bf_view_fill){0});
    assert_int_equal(schema.n_children, 7);
    assert_null(schema.metadata);
    assert_false(is_nullable(column(&schema, "file_id")));
    assert_true(is_nullable(column(&schema, "instr_index"))); /* required in its struct, which an unnest may leave null */
    struct ArrowStringView value = {NULL, 0};
    ArrowMetadataGetValue(column(&schema, "span")->metadata, ArrowCharView("semantic_type"), &value);
    assert_int_equal(value.size_bytes, 4);
    assert_memory_equal(value.data, "Span", 4);
    ArrowSchemaRelease(&schema);

    schema = schema_of("py_bc_metadata", &(bf_view_fill){0});
    assert_false(is_nullable(column(&schema, "schema_metadata")));
    assert_string_equal(column(&schema, "span_metadata")->format, "+m");
    assert_false(is_nullable(column(&schema, "span_metadata")->children[0]->children[0]));
    assert_true(is_nullable(column(&schema, "span_metadata")->children[0]->children[1]));
    ArrowSchemaRelease(&schema);
}

/* `repo` is the table's last column then, and required. */
static void test_columns__partitions(void **state) {
    (void)state;
    static const char *const cols[] = {"repo"};
    const bf_view_fill fill = {.partition_cols = cols, .n_partition_cols = 1};
    table.children[0]->flags &= ~(int64_t)ARROW_FLAG_NULLABLE;
    for (size_t v = 0; v < bf_view_count(); v++) {
        struct ArrowSchema plain = schema_of(bf_view_name(v), &(bf_view_fill){0}), with = schema_of(bf_view_name(v), &fill);
        bool adds = strcmp(bf_view_name(v), "py_bc_metadata") && strcmp(bf_view_name(v), "py_bc_files");
        assert_int_equal(with.n_children, plain.n_children + adds);
        if (adds) {
            assert_string_equal(with.children[plain.n_children]->name, "repo");
            assert_false(is_nullable(with.children[plain.n_children]));
        }
        ArrowSchemaRelease(&plain);
        ArrowSchemaRelease(&with);
    }
    struct ArrowSchema files = schema_of("py_bc_files", &fill);
    assert_string_equal(files.children[2]->name, "repo");
    assert_false(is_nullable(files.children[2]));
    ArrowSchemaRelease(&files);
    table.children[0]->flags |= ARROW_FLAG_NULLABLE;
}

static void test_columns__unnest_names(void **state) {
    (void)state;
    bf_view_fill fill = {0};
    assert_int_equal(bf_unnest_form_find(&fill.unnest, "__unnest_placeholder(base.span).start", NULL), BF_OK);
    struct ArrowSchema schema = schema_of("py_bc_instruction_span_unnest", &fill);
    assert_string_equal(schema.children[6]->name, "__unnest_placeholder(base.span).start");
    assert_string_equal(schema.children[10]->name, "__unnest_placeholder(base.span).byte_span");
    ArrowSchemaRelease(&schema);
}

static void test_columns__no_such_view_or_field(void **state) {
    (void)state;
    bf_error err = {0};
    struct ArrowSchema schema;
    assert_int_equal(bf_view_schema(&schema, "py_bc_nothing", &table, &(bf_view_fill){0}, &err), BF_CONTRACT);
    assert_string_equal(err.message, "columns.def has no view py_bc_nothing");
    bf_error_clear(&err);
    int64_t n = table.n_children;
    table.n_children = 1;
    assert_int_equal(bf_view_schema(&schema, "py_bc_files", &table, &(bf_view_fill){0}, &err), BF_CONTRACT);
    table.n_children = n;
    assert_string_equal(err.message, "view py_bc_files: the table has no field file_id");
    bf_error_clear(&err);
    static const char *const cols[] = {"day"};
    assert_int_equal(bf_view_schema(&schema, "py_bc_files", &table, &(bf_view_fill){.partition_cols = cols, .n_partition_cols = 1}, &err),
                     BF_CONTRACT);
    assert_string_equal(err.message, "view py_bc_files: the table has no field day");
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns__contract_tsv),  cmocka_unit_test(test_columns__every_view_in_order),
        cmocka_unit_test(test_columns__no_name_twice), cmocka_unit_test(test_columns__table_field),
        cmocka_unit_test(test_columns__schema),        cmocka_unit_test(test_columns__partitions),
        cmocka_unit_test(test_columns__unnest_names),  cmocka_unit_test(test_columns__no_such_view_or_field),
    };
    return cmocka_run_group_tests(tests, make_table, release_table);
}
