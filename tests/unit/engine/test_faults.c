/* A disk that fails in the middle of a commit: whether it is in the log is what the log says, and no commit is there twice or in part. */
#include "tables.h"

#include "faults.h"

#include <dirent.h>

static const char *table_of(const char *name) {
    static char table[256];
    snprintf(table, sizeof table, "%s/%s", folder, name);
    memset(&faults, 0, sizeof faults);
    create_table(table, "");
    put_file(table, "a", 0, 3);
    assert_true(faults.links > 0 && faults.syncs >= 3); /* they are called: the entry, its directory, the directory of that */
    return table;
}

/* The log holds no more than whole commits. */
static void assert_versions(const char *table, int n) {
    PATH(log, "%s/_delta_log", table);
    DIR *entries = opendir(log);
    assert_non_null(entries);
    int found = 0;
    for (struct dirent *e; (e = readdir(entries));) {
        if (*e->d_name == '.') continue;
        if (strlen(e->d_name) != 25 || strcmp(e->d_name + 20, ".json")) fail_msg("%s is left in the log", e->d_name);
        found++;
    }
    closedir(entries);
    assert_int_equal(found, n);
}

static void test_sync_of_the_entry_fails(void **state) {
    (void)state;
    bf_engine_error err = {0};
    const char *table = table_of("file");
    faults.file_errno = EIO;
    assert_int_equal(try_change(table, 0, "a", NULL, NULL, &err), BF_ENGINE_IO);
    assert_says(&err, "Input/output error (os error 5); nothing was committed");
    assert_versions(table, 1);
    faults.file_errno = 0;
    change_table(table, 0, "a", NULL, NULL);
    assert_string_equal(file_list(table, NULL), "a:3 ");
}

static void test_link_fails(void **state) {
    (void)state;
    bf_engine_error err = {0};
    const char *table = table_of("link");
    faults.link_errno = EIO;
    assert_int_equal(try_change(table, 0, "a", NULL, NULL, &err), BF_ENGINE_IO);
    assert_says(&err, "nothing was committed");
    assert_versions(table, 1);
    faults.link_errno = ENOSPC;
    assert_int_equal(try_change(table, 0, "a", NULL, NULL, &err), BF_ENGINE_IO);
    assert_says(&err, "00000000000000000001.json: No space left on device");
    assert_versions(table, 1);
}

/* It worked, and the answer was lost: our id is in the log. */
static void test_link_works_and_says_no(void **state) {
    (void)state;
    const char *table = table_of("lost");
    faults.link_errno = EIO;
    faults.link_anyway = true;
    change_table(table, 0, "a", NULL, NULL);
    faults.link_errno = EEXIST; /* as a file system over a network may say, asked twice */
    put_file(table, "b", 0, 4);
    change_table(table, 1, "b", NULL, NULL);
    assert_versions(table, 3);
    assert_string_equal(file_list(table, NULL), "a:3 b:4 ");
}

static void test_sync_of_the_directory_fails(void **state) {
    (void)state;
    const char *table = table_of("directory");
    faults.directory_errno = EIO;
    change_table(table, 0, "a", NULL, NULL); /* it is there, and readers see it */
    assert_versions(table, 2);
    assert_string_equal(file_list(table, NULL), "a:3 ");
}

/* Without hard links it is a rename that replaces nothing. */
static void test_no_links(void **state) {
    (void)state;
    bf_engine_error err = {0};
    const char *table = table_of("rename");
    const int codes[] = {EPERM, EOPNOTSUPP};
    put_file(table, "b", 0, 4);
    for (int i = 0; i < 2; i++) {
        faults.link_errno = codes[i];
        change_table(table, i, i ? "b" : "a", NULL, NULL);
        assert_int_equal(try_change(table, i, "b", NULL, NULL, &err), BF_ENGINE_CONFLICT);
    }
    assert_versions(table, 3);
}

/* Somebody else's commit came between the look at the log and the link. */
static void test_somebody_else(void **state) {
    (void)state;
    bf_engine_error err = {0};
    const char *table = table_of("theirs");
    faults.link_errno = EEXIST;
    PATH(theirs, "%s/_delta_log/00000000000000000001.json", table);
    assert_int_equal(try_change(table, 0, "a", NULL, NULL, &err), BF_ENGINE_IO); /* "exists", and does not: no answer to rely on */
    write_text(theirs, "{\"commitInfo\":{\"txnId\":\"another\"}}\n");
    assert_int_equal(try_change(table, 0, "a", NULL, NULL, &err), BF_ENGINE_CONFLICT);
    faults.link_errno = 0;
    change_table(table, 1, "a", NULL, NULL);
    assert_versions(table, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sync_of_the_entry_fails),     cmocka_unit_test(test_link_fails), cmocka_unit_test(test_link_works_and_says_no),
        cmocka_unit_test(test_sync_of_the_directory_fails), cmocka_unit_test(test_no_links),   cmocka_unit_test(test_somebody_else),
    };
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
