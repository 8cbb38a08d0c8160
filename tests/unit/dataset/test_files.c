#include "dataset/files.h"

#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "scratch.h"

/** Makes a file of three bytes, and the directories to it. Nobody reads it. */
static void put(const char *file) {
    char path[400];
    snprintf(path, sizeof path, "%s", file);
    for (char *slash = path; (slash = strchr(slash + 1, '/'));) {
        *slash = 0;
        mkdir(path, 0777);
        *slash = '/';
    }
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs("abc", f);
    fclose(f);
}

static void assert_found_with(const char *path, bf_files_options options, const char *files, const char *columns) {
    bf_error err = {0};
    bf_dataset_files f;
    char text[1000] = "", names[200] = "";
    if (bf_dataset_files_find(&f, path, &options, &err) != BF_OK) fail_msg("%s", err.message);
    for (size_t i = 0; i < f.n; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "", f.items[i].path);
    for (size_t i = 0; i < f.n_columns; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? " " : "", f.columns[i]);
    assert_string_equal(text, files);
    assert_string_equal(names, columns);
    bf_dataset_files_free(&f);
    assert_null(f.items);
}

static void assert_found(const char *path, const char *files, const char *columns) {
    assert_found_with(path, (bf_files_options){0}, files, columns);
}

static void assert_refused(const char *path, bf_status status, const char *said) {
    bf_error err = {0};
    bf_dataset_files f;
    assert_int_equal(bf_dataset_files_find(&f, path, &(bf_files_options){0}, &err), status);
    if (!strstr(err.message, said)) fail_msg("\"%s\" says nothing of \"%s\"", err.message, said);
    assert_null(f.items);
    assert_int_equal(f.n, 0);
}

/* Hidden names are no part of it, nor what is no Parquet file. */
static void test_files__directory(void **state) {
    (void)state;
    put("ds/b.parquet");
    put("ds/a.parquet");
    put("ds/sub/c.parquet");
    put("ds/notes.txt");
    put("ds/.parquet");
    put("ds/_d.parquet");
    put("ds/.hidden/e.parquet");
    put("ds/_bytefusion/f.parquet");
    assert_found("ds", "ds/a.parquet ds/b.parquet ds/sub/c.parquet", "");
    assert_found("ds//", "ds/a.parquet ds/b.parquet ds/sub/c.parquet", "");
    assert_found_with("ds", (bf_files_options){.ignore_subdirectories = true}, "ds/a.parquet ds/b.parquet", "");
}

static void test_files__file(void **state) {
    (void)state;
    bf_error err = {0};
    bf_dataset_files f;
    put("ds/repo=a/b.parquet");
    put("ds/no_ending");
    assert_found("ds/no_ending", "ds/no_ending", ""); /* it was named */
    assert_int_equal(bf_dataset_files_find(&f, "ds/repo=a/b.parquet", &(bf_files_options){0}, &err), BF_OK);
    assert_int_equal(f.n, 1);
    assert_int_equal(f.n_columns, 0); /* directories above what is named say nothing */
    assert_int_equal(f.items[0].size_bytes, 3);
    assert_true(f.items[0].mtime_ns > 0);
    bf_dataset_files_free(&f);
}

static void test_files__hive(void **state) {
    (void)state;
    bf_error err = {0};
    bf_dataset_files f;
    put("ds/lib=x/repo=b=c/1.parquet");
    put("ds/lib=/repo=/2.parquet");
    assert_int_equal(bf_dataset_files_find(&f, "ds", &(bf_files_options){0}, &err), BF_OK);
    assert_int_equal(f.n, 2);
    assert_int_equal(f.n_columns, 2);
    assert_string_equal(f.columns[0], "lib");
    assert_string_equal(f.columns[1], "repo");
    assert_string_equal(f.items[0].values[0], "");
    assert_string_equal(f.items[1].values[0], "x");
    assert_string_equal(f.items[1].values[1], "b=c"); /* the first sign counts */
    assert_int_equal(f.n_listed, 5);                  /* ds and two below it, one below each */
    bf_dataset_files_free(&f);
    put("other/=a/1.parquet"); /* of no name: no column */
    assert_found("other", "other/=a/1.parquet", "");
}

static void test_files__not_the_same_columns(void **state) {
    (void)state;
    put("one/repo=a/1.parquet");
    put("one/lib=a/1.parquet");
    assert_refused("one", BF_CONTRACT, "does not lie under the same partition columns as");
    put("two/1.parquet");
    put("two/repo=a/1.parquet");
    assert_refused("two", BF_CONTRACT, "does not lie under the same partition columns as");
    put("three/1=/2=/3=/4=/5=/6=/7=/8=/9=/10=/11=/12=/13=/14=/15=/16=/17=/1.parquet");
    assert_refused("three", BF_CONTRACT, "more than 16 partition columns");
}

static void test_files__glob(void **state) {
    (void)state;
    put("a1/x.parquet");
    put("a2/y.parquet");
    put("b/z.parquet");
    put("b/[1].parquet");
    assert_found("a*", "a1/x.parquet a2/y.parquet", "");
    assert_found("[ab]*/[xz].parquet", "a1/x.parquet b/z.parquet", "");
    assert_found("b/[1].parquet", "b/[1].parquet", ""); /* a name, not a pattern */
    assert_refused("c*", BF_NOT_FOUND, "c*: no such file or directory, and nothing matches it as a pattern");
}

static void test_files__links(void **state) {
    (void)state;
    put("real/x.parquet");
    assert_int_equal(mkdir("ds", 0777), 0);
    assert_int_equal(symlink("../real/x.parquet", "ds/y.parquet"), 0);
    assert_int_equal(symlink("../real", "ds/directory"), 0); /* not entered */
    assert_int_equal(symlink("ds", "link"), 0);
    assert_found("link", "link/y.parquet", "");
    assert_int_equal(symlink("nowhere", "ds/z.parquet"), 0);
    assert_refused("ds", BF_NOT_FOUND, "ds/z.parquet");
}

static void test_files__none(void **state) {
    (void)state;
    assert_int_equal(mkdir("ds", 0777), 0);
    assert_refused("ds", BF_NOT_FOUND, "ds holds no Parquet file; bytefusion index PATH -o ds makes it a dataset");
    assert_refused("missing", BF_NOT_FOUND, "missing");
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_files__##name, enter, leave)

int main(void) {
    static const struct CMUnitTest tests[] = {
        TEST(directory), TEST(file), TEST(hive), TEST(not_the_same_columns), TEST(glob), TEST(links), TEST(none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
