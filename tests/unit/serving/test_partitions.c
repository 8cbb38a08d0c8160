#include "opened.h"

/* ---- directories whose files nobody opens ---- */

/** Makes an empty file below a new dataset, and the directories to it. */
static void touch(const char *dataset, const char *file) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s", dataset, file);
    for (char *slash = path + strlen(scratch); (slash = strchr(slash + 1, '/'));) {
        *slash = 0;
        mkdir(path, 0777);
        *slash = '/';
    }
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fclose(f);
}

static void new_dataset(char dataset[96], const char *const *files, size_t n) {
    static int made;
    snprintf(dataset, 96, "%s/tree%d", scratch, made++);
    for (size_t i = 0; i < n; i++) touch(dataset, files[i]);
}

#define NEW_DATASET(dataset, ...) \
    new_dataset(dataset, (const char *const[]){__VA_ARGS__}, sizeof(const char *const[]){__VA_ARGS__} / sizeof(char *))

/** With a profile of one option (NULL: the defaults). Close the serving. */
static bf_serving *found(const char *dataset, const char *option, const char *value) {
    bf_error err = {0};
    bf_serving *s = new_serving(dataset);
    if (option) set_option(s, option, value);
    if (bf_partitions_find(s, &err) != BF_OK) fail_msg("%s", err.message);
    return s;
}

static void assert_refused(const char *dataset, const char *cols, const char *format) {
    bf_error err = {0};
    char text[300];
    bf_serving *s = new_serving(dataset);
    if (cols) set_option(s, "partition_cols", cols);
    assert_int_equal(bf_partitions_find(s, &err), BF_CONTRACT);
    snprintf(text, sizeof text, format, dataset);
    assert_string_equal(err.message, text);
    close_serving(s);
}

/* ---- found and declared ---- */

static void test_partitions__found(void **state) {
    (void)state;
    char dataset[96];
    NEW_DATASET(dataset, "lib=x/repo=b/1.parquet", "lib=x/repo=a/2.parquet");
    bf_serving *s = found(dataset, NULL, NULL);
    assert_int_equal(s->files.n, 2);
    assert_int_equal(s->files.n_columns, 2);
    assert_string_equal(s->files.columns[0], "lib");
    assert_string_equal(s->files.columns[1], "repo");
    assert_string_equal(s->files.items[0].values[0], "x");
    assert_string_equal(s->files.items[0].values[1], "a");
    assert_string_equal(s->files.items[1].values[1], "b");
    assert_int_equal(s->fill.n_partition_cols, 2); /* the views know them too */
    assert_string_equal(s->fill.partition_cols[1], "repo");
    close_serving(s);
}

static void test_partitions__none(void **state) {
    (void)state;
    char dataset[96];
    NEW_DATASET(dataset, "1.parquet", "plain/2.parquet");
    bf_serving *s = found(dataset, NULL, NULL);
    assert_int_equal(s->files.n, 2);
    assert_int_equal(s->fill.n_partition_cols, 0);
    close_serving(s);
    s = found(NULL, NULL, NULL);
    assert_int_equal(s->files.n, 0);
    close_serving(s);
}

static void test_partitions__not_inferred(void **state) {
    (void)state;
    char dataset[96];
    NEW_DATASET(dataset, "repo=a/1.parquet");
    bf_serving *s = found(dataset, "listing_table_factory_infer_partitions", "false");
    assert_int_equal(s->files.n, 1);
    assert_int_equal(s->files.n_columns, 0);
    close_serving(s);
}

static void test_partitions__declared(void **state) {
    (void)state;
    static const char *const ways[] = {"lib utf8,repo utf8", "lib,repo", "lib:utf8, repo:utf8", " lib  utf8,repo"};
    char dataset[96];
    NEW_DATASET(dataset, "lib=x/repo=a/1.parquet");
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        bf_serving *s = found(dataset, "partition_cols", ways[i]);
        assert_int_equal(s->files.n_columns, 2);
        close_serving(s);
    }
    bf_error err = {0};
    bf_serving *s = new_serving(dataset); /* what is declared counts where nothing is inferred */
    set_option(s, "listing_table_factory_infer_partitions", "false");
    set_option(s, "partition_cols", "lib,repo");
    assert_int_equal(bf_partitions_find(s, &err), BF_OK);
    assert_int_equal(s->files.n_columns, 2);
    close_serving(s);
}

static void test_partitions__declared_wrong(void **state) {
    (void)state;
    char dataset[96];
    NEW_DATASET(dataset, "lib=x/repo=a/1.parquet");
    assert_refused(dataset, "lib utf8,repo int32", "partition column repo is declared as int32; the names of directories are utf8%.0s");
    assert_refused(dataset, "repo,lib", "%s: partition column repo is declared, the files lie under lib");
    assert_refused(dataset, "lib,repo,year", "%s: partition column year is declared, the files lie under no such directories");
    assert_refused(dataset, "lib", "%s: the files lie under repo=..., which is not among the declared partition columns");
    char plain[96];
    NEW_DATASET(plain, "1.parquet");
    assert_refused(plain, "repo", "%s: partition column repo is declared, the files lie under no such directories");
}

static void test_partitions__null(void **state) {
    (void)state;
    char dataset[96];
    NEW_DATASET(dataset, "repo=__HIVE_DEFAULT_PARTITION__/1.parquet", "repo=a/1.parquet");
    assert_refused(dataset, NULL, "%s/repo=__HIVE_DEFAULT_PARTITION__/1.parquet: partition column repo is null, and it is required");
}

static void test_partitions__not_the_same(void **state) {
    (void)state;
    bf_error err = {0};
    char dataset[96];
    NEW_DATASET(dataset, "1.parquet", "repo=a/2.parquet");
    bf_serving *s = new_serving(dataset);
    assert_int_equal(bf_partitions_find(s, &err), BF_CONTRACT);
    assert_non_null(strstr(err.message, "does not lie under the same partition columns as"));
    close_serving(s);
}

static void test_partitions__ignore_subdirectory(void **state) {
    (void)state;
    char dataset[96], hive[96];
    NEW_DATASET(dataset, "1.parquet", "sub/2.parquet");
    NEW_DATASET(hive, "repo=a/1.parquet", "repo=a/sub/2.parquet");
    const char *const datasets[] = {dataset, hive};
    for (int i = 0; i < 2; i++) {
        bf_serving *s = found(datasets[i], NULL, NULL);
        assert_int_equal(s->files.n, 2);
        close_serving(s);
        s = found(datasets[i], "listing_table_ignore_subdirectory", "true");
        assert_int_equal(s->files.n, 1);
        assert_non_null(strstr(s->files.items[0].path, "/1.parquet"));
        close_serving(s);
    }
}

/* ---- what plans make of them ---- */

static void test_partitions__check_plain(void **state) {
    (void)state;
    bf_serving *s = new_serving(full);
    open_table(s);
    bf_checks out = checked(s, bf_partitions_check);
    assert_all_ok(&out);
    assert_int_equal(out.n, 3); /* order, row groups, listing */
    find_check(&out, "ORDER BY path, file_id");
    find_check(&out, "row groups pruned by path");
    assert_string_equal(find_check(&out, "directories listed by a second query")->found, "0");
    bf_checks_free(&out);
    close_serving(s);
}

static void test_partitions__check_pruning(void **state) {
    (void)state;
    char dataset[128];
    make_partitions(dataset, sizeof dataset);
    bf_serving *s = new_serving(dataset);
    open_table(s);
    bf_checks out = checked(s, bf_partitions_check);
    const bf_check *c = find_check(&out, "files opened for repo = 'a'");
    assert_int_equal(c->state, BF_CHECK_OK);
    assert_string_equal(c->expected, "1 of 2");
    assert_int_equal(out.n_state[BF_CHECK_FAIL], 0);
    bf_checks_free(&out);
    close_serving(s);
}

static void test_partitions__check_no_files(void **state) {
    (void)state;
    bf_serving *s = new_serving(NULL);
    open_table(s);
    bf_checks out = checked(s, bf_partitions_check);
    assert_int_equal(out.n, 1);
    assert_int_equal(find_check(&out, "partitions and listing")->state, BF_CHECK_NOT_CHECKED);
    bf_checks_free(&out);
    close_serving(s);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partitions__found),
        cmocka_unit_test(test_partitions__none),
        cmocka_unit_test(test_partitions__not_inferred),
        cmocka_unit_test(test_partitions__declared),
        cmocka_unit_test(test_partitions__declared_wrong),
        cmocka_unit_test(test_partitions__null),
        cmocka_unit_test(test_partitions__not_the_same),
        cmocka_unit_test(test_partitions__ignore_subdirectory),
        cmocka_unit_test(test_partitions__check_plain),
        cmocka_unit_test(test_partitions__check_pruning),
        cmocka_unit_test(test_partitions__check_no_files),
    };
    return cmocka_run_group_tests(tests, make_datasets, remove_datasets);
}
