/* Parquet files scanned, rewritten and merged. What is expected follows from the rows that the test itself wrote. */
#include "calls.h"

static const char *const path_column[] = {"path"};
static const char *const order[] = {"path", "file_id"};

static void test_scan__one_column(void **state) {
    (void)state;
    bf_engine_error err = {0};
    PATH(file, "%s/scan.parquet", folder);
    write_rows(file, "a", 0, 1, 5, 2);
    struct ArrowArrayStream rows;
    ok(api->scan_parquet(file, path_column, 1, &rows, &err), &err);
    int64_t sum = 0;
    char *text = read_rows(&rows, "path", &sum);
    assert_string_equal(text, "a-000000\na-000001\na-000002\na-000003\na-000004\n");
    assert_int_equal(sum, 0); /* tags was not asked for */
    free(text);
    const char *const wrong[] = {"path", "nothing"};
    assert_int_equal(api->scan_parquet(file, wrong, 2, &rows, &err), BF_ENGINE_INVALID);
    assert_says(&err, "scan.parquet: no column nothing");
    PATH(missing, "%s/missing.parquet", folder);
    assert_int_equal(api->scan_parquet(missing, path_column, 1, &rows, &err), BF_ENGINE_IO);
    assert_says(&err, "missing.parquet: No such file");
}

/* Leaves below a list, named as Parquet names them. */
static void test_scan__nested_leaf(void **state) {
    (void)state;
    bf_engine_error err = {0};
    PATH(file, "%s/leaf.parquet", folder);
    write_rows(file, "a", 1, 1, 3, 2);
    struct ArrowArrayStream rows;
    ok(api->scan_parquet(file, (const char *const[]){"tags.list"}, 1, &rows, &err), &err);
    int64_t sum = 0;
    free(read_rows(&rows, "path", &sum));
    assert_int_equal(sum, 2 * (1 + 2 + 3));
}

static char *read_file(const char *path, size_t *size) {
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    *size = (size_t)ftell(f);
    rewind(f);
    char *bytes = malloc(*size);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, f), *size);
    fclose(f);
    return bytes;
}

static void test_rewrite__drops_rows(void **state) {
    (void)state;
    bf_engine_error err = {0};
    bf_engine_written written;
    PATH(from, "%s/from.parquet", folder);
    PATH(to, "%s/to.parquet", folder);
    write_rows(from, "a", 0, 1, 12, 4);
    const int64_t drop[] = {4, 6, 8, 9, 10, 11}; /* of row group 1 two, of row group 2 all */
    ok(api->rewrite_parquet(from, to, drop, 6, NULL, 0, &written, &err), &err);
    assert_int_equal(written.rows, 6);
    assert_int_equal(written.row_groups, 2);
    struct ArrowArrayStream rows;
    int64_t sum = 0;
    ok(api->scan_parquet(to, (const char *const[]){"path", "tags"}, 2, &rows, &err), &err);
    char *text = read_rows(&rows, "path", &sum);
    assert_string_equal(text, "a-000000\na-000001\na-000002\na-000003\na-000005\na-000007\n");
    assert_int_equal(sum, 2 * (0 + 1 + 2 + 3 + 5 + 7));
    free(text);
    struct ArrowSchema schema;
    bf_engine_footer about;
    ok(api->footer(to, &schema, &about, &err), &err);
    assert_true(about.has_arrow_schema);
    assert_int_equal(about.size_bytes, written.size_bytes);
    struct ArrowStringView value;
    assert_int_equal(ArrowMetadataGetValue(schema.metadata, ArrowCharView("made_for"), &value), NANOARROW_OK);
    assert_memory_equal(value.data, "a test", 6);
    ArrowSchemaRelease(&schema);
}

/* Nothing dropped: every row group is the same bytes at the same place, so only the footer can differ, and it does not. */
static void test_rewrite__copies_bytes(void **state) {
    (void)state;
    bf_engine_error err = {0};
    PATH(from, "%s/whole.parquet", folder);
    PATH(to, "%s/copy.parquet", folder);
    write_rows(from, "a", 0, 1, 300, 100);
    ok(api->rewrite_parquet(from, to, NULL, 0, NULL, 0, NULL, &err), &err);
    size_t n_from, n_to;
    char *a = read_file(from, &n_from), *b = read_file(to, &n_to);
    assert_int_equal(n_from, n_to);
    assert_memory_equal(a, b, n_from);
    free(a);
    free(b);
}

static void test_rewrite__bad_rows(void **state) {
    (void)state;
    bf_engine_error err = {0};
    PATH(from, "%s/bad.parquet", folder);
    PATH(to, "%s/never.parquet", folder);
    write_rows(from, "a", 0, 1, 3, 3);
    const int64_t lists[][2] = {{1, 1}, {2, 1}, {-1, 0}, {1, 3}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        assert_int_equal(api->rewrite_parquet(from, to, lists[i], 2, NULL, 0, NULL, &err), BF_ENGINE_INVALID);
        assert_says(&err, "from 0 to 2");
        assert_int_equal(access(to, F_OK), -1);
    }
}

static char *merged(const char *const *files, size_t n, int64_t *sum) {
    bf_engine_error err = {0};
    struct ArrowArrayStream rows;
    ok(api->merge_parquet(files, n, order, 2, &rows, &err), &err);
    return read_rows(&rows, "path", sum);
}

static void test_merge__interleaved_and_apart(void **state) {
    (void)state;
    PATH(even, "%s/even.parquet", folder);
    PATH(odd, "%s/odd.parquet", folder);
    PATH(later, "%s/later.parquet", folder);
    PATH(none, "%s/none.parquet", folder);
    write_rows(even, "a", 0, 2, 5000, 700);
    write_rows(odd, "a", 1, 2, 5000, 333);
    write_rows(later, "b", 0, 1, 500, 100);
    write_rows(none, "a", 0, 1, 0, 1);
    const char *const files[] = {later, none, odd, even};
    int64_t sum = 0;
    char *text = merged(files, 4, &sum), *at = text;
    for (int i = 0; i < 10500; i++, at += 9) {
        char expected[16];
        snprintf(expected, sizeof expected, "%s-%06d\n", i < 10000 ? "a" : "b", i < 10000 ? i : i - 10000);
        assert_memory_equal(at, expected, 9);
    }
    assert_int_equal(*at, 0);
    assert_int_equal(sum, 2 * (9999LL * 10000 / 2 + 499LL * 500 / 2));
    free(text);
}

static void test_merge__equal_rows_stay(void **state) {
    (void)state;
    PATH(one, "%s/one.parquet", folder);
    PATH(two, "%s/two.parquet", folder);
    write_rows(one, "a", 0, 1, 3, 2);
    write_rows(two, "a", 1, 1, 1, 2);
    const char *const files[] = {one, two};
    char *text = merged(files, 2, NULL);
    assert_string_equal(text, "a-000000\na-000001\na-000001\na-000002\n");
    free(text);
}

/* A file of somebody else's, whose lists and nullability are declared otherwise, takes the schema of the first. */
static void test_merge__foreign_file(void **state) {
    (void)state;
    bf_engine_error err = {0};
    struct ArrowArrayStream rows;
    struct ArrowSchema schema;
    PATH(ours, "%s/ours.parquet", folder);
    PATH(theirs, "%s/theirs.parquet", folder);
    write_rows(ours, "a", 0, 2, 3, 2);
    write_foreign_rows(theirs, "a", 3, 1, 0);
    const char *const files[] = {ours, theirs};
    ok(api->merge_parquet(files, 2, order, 2, &rows, &err), &err);
    assert_int_equal(rows.get_schema(&rows, &schema), 0);
    assert_false(schema.children[0]->flags & ARROW_FLAG_NULLABLE);
    assert_string_not_equal(schema.children[2]->children[0]->name, "element");
    ArrowSchemaRelease(&schema);
    int64_t sum = 0;
    char *text = read_rows(&rows, "path", &sum);
    assert_string_equal(text, "a-000000\na-000002\na-000003\na-000004\n");
    assert_int_equal(sum, 2 * (0 + 2 + 3 + 4));
    free(text);
    write_foreign_rows(theirs, "a", 3, 4, 1);
    ok(api->merge_parquet(files, 2, order, 2, &rows, &err), &err);
    struct ArrowArray batch;
    assert_int_not_equal(rows.get_next(&rows, &batch), 0); /* a null where there is to be none */
    if (!strstr(rows.get_last_error(&rows), "theirs.parquet: ")) fail_msg("%s", rows.get_last_error(&rows));
    ArrowArrayStreamRelease(&rows);
}

static void test_merge__says_what_is_wrong(void **state) {
    (void)state;
    bf_engine_error err = {0};
    struct ArrowArrayStream rows;
    struct ArrowArray batch;
    PATH(falling, "%s/falling.parquet", folder);
    write_rows(falling, "a", 9, -1, 4, 2);
    const char *const files[] = {falling};
    ok(api->merge_parquet(files, 1, order, 2, &rows, &err), &err);
    assert_int_not_equal(rows.get_next(&rows, &batch), 0);
    if (!strstr(rows.get_last_error(&rows), "falling.parquet: its rows are not in order: a-000008, id8 comes too late"))
        fail_msg("%s", rows.get_last_error(&rows));
    ArrowArrayStreamRelease(&rows);
    assert_int_equal(api->merge_parquet(files, 1, (const char *const[]){"pth"}, 1, &rows, &err), BF_ENGINE_INVALID);
    assert_says(&err, "falling.parquet: no column pth");
    assert_int_equal(api->merge_parquet(files, 0, order, 2, &rows, &err), BF_ENGINE_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scan__one_column),
        cmocka_unit_test(test_scan__nested_leaf),
        cmocka_unit_test(test_rewrite__drops_rows),
        cmocka_unit_test(test_rewrite__copies_bytes),
        cmocka_unit_test(test_rewrite__bad_rows),
        cmocka_unit_test(test_merge__interleaved_and_apart),
        cmocka_unit_test(test_merge__equal_rows_stay),
        cmocka_unit_test(test_merge__foreign_file),
        cmocka_unit_test(test_merge__says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
