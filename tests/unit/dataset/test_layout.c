#include "dataset/layout.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "scratch.h"

static void put(const char *directory, const char *name) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fclose(f);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/** What a directory holds: names in order, with spaces between. */
static void assert_holds(const char *directory, const char *expected) {
    char text[1000] = "", *names[32];
    size_t n = 0;
    DIR *dir = opendir(directory);
    if (!dir) fail_msg("no directory %s", directory);
    for (struct dirent *e; (e = readdir(dir));)
        if (e->d_name[0] != '.') names[n++] = strdup(e->d_name);
    closedir(dir);
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n; i++) {
        if (i) strcat(text, " ");
        strcat(text, names[i]);
        free(names[i]);
    }
    assert_string_equal(text, expected);
}

/** Writes one part of that name. */
static void write_dataset(const char *dataset, const char *partition, const char *part) {
    bf_error err = {0};
    bf_layout l;
    if (bf_layout_stage(&l, dataset, partition, &err) != BF_OK) fail_msg("%s", err.message);
    put(l.staged, part);
    if (bf_layout_commit(&l, &err) != BF_OK) fail_msg("%s", err.message);
    bf_layout_reset(&l);
}

static void assert_refused(const char *dataset, const char *partition, const char *said) {
    bf_error err = {0};
    bf_layout l;
    assert_int_equal(bf_layout_stage(&l, dataset, partition, &err), BF_INVALID_ARGUMENT);
    assert_string_equal(err.message, said);
    assert_null(l.staged);
    bf_layout_reset(&l);
}

/* ---- a dataset ---- */

static void test_layout__stage_and_reset(void **state) {
    (void)state;
    bf_error err = {0};
    bf_layout l;
    char staged[64];
    snprintf(staged, sizeof staged, "ds.new-%ld", (long)getpid());
    assert_int_equal(bf_layout_stage(&l, "ds/", NULL, &err), BF_OK);
    assert_string_equal(l.dataset, "ds");
    assert_string_equal(l.target, "ds");
    assert_string_equal(l.staged, staged);
    put(l.staged, "part-00000.parquet");
    assert_holds(".", staged); /* nothing in place yet */
    bf_layout_reset(&l);
    assert_null(l.staged);
    assert_holds(".", "");
    bf_layout_reset(&l); /* an empty one */
}

static void test_layout__commit(void **state) {
    (void)state;
    write_dataset("ds", NULL, "part-00000.parquet");
    assert_holds("ds", "part-00000.parquet");
    assert_holds(".", "ds");
}

/* All of the old state goes: parts, and what was written about them. */
static void test_layout__replace(void **state) {
    (void)state;
    write_dataset("ds", NULL, "part-00007.parquet");
    assert_int_equal(mkdir("ds/_bytefusion", 0777), 0);
    put("ds/_bytefusion", "check.json");
    write_dataset("ds", NULL, "part-00000.parquet");
    assert_holds("ds", "part-00000.parquet");
    assert_holds(".", "ds");
    assert_int_equal(mkdir("empty", 0777), 0); /* may be replaced too */
    write_dataset("empty", NULL, "part-00000.parquet");
    assert_holds("empty", "part-00000.parquet");
}

/* Until the commit the old state is there, and after a run that failed it still is. */
static void test_layout__reset_keeps_the_old(void **state) {
    (void)state;
    bf_error err = {0};
    bf_layout l;
    write_dataset("ds", NULL, "part-00007.parquet");
    assert_int_equal(bf_layout_stage(&l, "ds", NULL, &err), BF_OK);
    put(l.staged, "part-00000.parquet");
    assert_holds("ds", "part-00007.parquet");
    bf_layout_reset(&l);
    assert_holds("ds", "part-00007.parquet");
    assert_holds(".", "ds");
}

static void test_layout__staged_by_a_killed_run(void **state) {
    (void)state;
    char staged[64];
    snprintf(staged, sizeof staged, "ds.new-%ld", (long)getpid());
    assert_int_equal(mkdir(staged, 0777), 0);
    put(staged, "part-00009.parquet");
    write_dataset("ds", NULL, "part-00000.parquet");
    assert_holds("ds", "part-00000.parquet");
    assert_holds(".", "ds");
}

/* ---- what is not ours ---- */

static void test_layout__foreign(void **state) {
    (void)state;
    static const char *const names[] = {"notes.txt", "part-0.parquet", "part-00000.parquet.bak", ".hidden", "x.parquet", "=a"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char dataset[16], said[200], path[100];
        snprintf(dataset, sizeof dataset, "ds%zu", i);
        assert_int_equal(mkdir(dataset, 0777), 0);
        put(dataset, names[i]);
        snprintf(said, sizeof said, "%s holds %s, which is no part of a dataset; name a new or an empty directory", dataset, names[i]);
        assert_refused(dataset, NULL, said);
        assert_refused(dataset, "repo=a", said);
        snprintf(path, sizeof path, "%s/%s", dataset, names[i]);
        assert_int_equal(access(path, F_OK), 0);
    }
    assert_refused("", NULL, "an empty dataset path");
}

/* It came while the run was on: the commit refuses, and leaves all as it was. */
static void test_layout__foreign_later(void **state) {
    (void)state;
    bf_error err = {0};
    bf_layout l;
    write_dataset("ds", NULL, "part-00007.parquet");
    assert_int_equal(bf_layout_stage(&l, "ds", NULL, &err), BF_OK);
    put(l.staged, "part-00000.parquet");
    put("ds", "notes.txt");
    assert_int_equal(bf_layout_commit(&l, &err), BF_INVALID_ARGUMENT);
    bf_layout_reset(&l);
    assert_holds("ds", "notes.txt part-00007.parquet");
    assert_holds(".", "ds");
}

static void test_layout__a_file(void **state) {
    (void)state;
    bf_error err = {0};
    bf_layout l;
    put(".", "file");
    assert_int_equal(bf_layout_stage(&l, "file", NULL, &err), BF_IO);
    bf_layout_reset(&l);
    assert_holds(".", "file");
}

/* ---- partitions ---- */

static void test_layout__partition(void **state) {
    (void)state;
    write_dataset("ds", "repo=a", "part-00007.parquet");
    write_dataset("ds", "repo=b", "part-00001.parquet");
    assert_holds("ds", "repo=a repo=b");
    write_dataset("ds", "repo=a", "part-00000.parquet");
    assert_holds("ds/repo=a", "part-00000.parquet");
    assert_holds("ds/repo=b", "part-00001.parquet");
    assert_holds("ds", "repo=a repo=b");
    assert_holds(".", "ds");
}

static void test_layout__partitioned_otherwise(void **state) {
    (void)state;
    write_dataset("plain", NULL, "part-00000.parquet");
    write_dataset("hive", "repo=a", "part-00000.parquet");
    assert_refused("plain", "repo=a", "plain is a dataset without partitions (it holds part-00000.parquet), repo=a cannot go into it");
    assert_refused("hive", NULL, "hive is partitioned (it holds repo=a); --partition-by repo replaces one partition of it");
    assert_holds("plain", "part-00000.parquet");
    assert_holds("hive", "repo=a");
}

/* ---- links ---- */

/* The directory that a link names is replaced, and the link stays one. */
static void test_layout__link(void **state) {
    (void)state;
    struct stat info;
    char *real;
    bf_error err = {0};
    bf_layout l;
    write_dataset("ds", NULL, "part-00007.parquet");
    assert_int_equal(symlink("ds", "link"), 0);
    assert_int_equal(bf_layout_stage(&l, "link", NULL, &err), BF_OK);
    assert_non_null(real = realpath("ds", NULL));
    assert_string_equal(l.dataset, real);
    free(real);
    put(l.staged, "part-00000.parquet");
    assert_int_equal(bf_layout_commit(&l, &err), BF_OK);
    bf_layout_reset(&l);
    assert_holds("ds", "part-00000.parquet");
    assert_int_equal(lstat("link", &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_holds(".", "ds link");
}

static void test_layout__sync(void **state) {
    (void)state;
    bf_error err = {0};
    put(".", "file");
    assert_int_equal(bf_layout_sync("file", &err), BF_OK);
    assert_int_equal(bf_layout_sync(".", &err), BF_OK);
    assert_int_equal(bf_layout_sync("missing", &err), BF_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_layout__##name, enter, leave)

int main(void) {
    static const struct CMUnitTest tests[] = {
        TEST(stage_and_reset), TEST(commit), TEST(replace), TEST(reset_keeps_the_old), TEST(staged_by_a_killed_run), TEST(foreign),
        TEST(foreign_later), TEST(a_file), TEST(partition), TEST(partitioned_otherwise), TEST(link), TEST(sync),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
