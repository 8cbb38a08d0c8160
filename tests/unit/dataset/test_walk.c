#include "dataset/walk.h"

#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "scratch.h"

/** Makes a file of `n` bytes, and the directories to it. */
static void put(const char *file, size_t n) {
    char path[300];
    snprintf(path, sizeof path, "%s", file);
    for (char *slash = path; (slash = strchr(slash + 1, '/'));) {
        *slash = 0;
        mkdir(path, 0777);
        *slash = '/';
    }
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    while (n--) fputc('x', f);
    fclose(f);
}

/** Paths of the rows, with spaces between. */
static void assert_paths(const bf_inputs *in, const char *expected) {
    char text[1000] = "";
    for (size_t i = 0; i < in->n; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%.*s", i ? " " : "", (int)in->items[i].path.n, in->items[i].path.p);
    assert_string_equal(text, expected);
}

static void assert_found(const bf_read_options *options, const char *expected) {
    bf_error err = {0};
    bf_inputs in;
    if (bf_inputs_find(&in, options, &err) != BF_OK) fail_msg("%s", err.message);
    assert_paths(&in, expected);
    bf_inputs_free(&in);
    assert_int_equal(in.n, 0);
}

#define PATHS(...) .paths = (const char *const[]){__VA_ARGS__}, .n_paths = sizeof(const char *const[]){__VA_ARGS__} / sizeof(char *)
#define EXCLUDE(...) .exclude = (const char *const[]){__VA_ARGS__}, .n_exclude = sizeof(const char *const[]){__VA_ARGS__} / sizeof(char *)

/* By the bytes of the path below the root: "a-b" before "a/b", capitals before the others. */
static void test_walk__order(void **state) {
    (void)state;
    put("root/b.pyc", 3);
    put("root/a/b.pyc", 4);
    put("root/a-b.pyc", 5);
    put("root/B.pyc", 0);
    put("root/a/notes.txt", 100);
    put("root/.pyc", 1); /* a name of nothing but the ending is none */
    assert_found(&(bf_read_options){PATHS("root")}, "B.pyc a-b.pyc a/b.pyc b.pyc");
    assert_found(&(bf_read_options){PATHS("root/")}, "B.pyc a-b.pyc a/b.pyc b.pyc");
    assert_found(&(bf_read_options){PATHS("root/b.pyc", "root/a")}, "b.pyc root/b.pyc");
}

static void test_walk__rows(void **state) {
    (void)state;
    bf_error err = {0};
    bf_inputs in;
    put("root/b.pyc", 3);
    put("root/a/b.pyc", 4);
    assert_int_equal(bf_inputs_find(&in, &(bf_read_options){PATHS("root")}, &err), BF_OK);
    assert_int_equal(in.n, 2);
    assert_int_equal(in.size_bytes, 7);
    assert_string_equal(in.items[0].file, "root/a/b.pyc"); /* as it can be opened */
    assert_int_equal(in.items[0].size_bytes, 4);
    assert_null(in.items[0].refusal);
    bf_inputs_free(&in);
}

/* A file that is named is read whatever its name ends with; its path is as given, without what only says where from. */
static void test_walk__named(void **state) {
    (void)state;
    put("root/x.bin", 1);
    assert_found(&(bf_read_options){PATHS("root/x.bin")}, "root/x.bin");
    assert_found(&(bf_read_options){PATHS("././root/x.bin")}, "root/x.bin");
}

static void test_walk__exclude(void **state) {
    (void)state;
    put("root/a.pyc", 1);
    put("root/test_a.pyc", 1);
    put("root/tests/b.pyc", 1);
    put("root/lib/test_c.pyc", 1);
    put("root/lib/d.pyc", 1);
    assert_found(&(bf_read_options){PATHS("root"), EXCLUDE("test*")}, "a.pyc lib/d.pyc"); /* names, of directories too */
    assert_found(&(bf_read_options){PATHS("root"), EXCLUDE("lib/*")}, "a.pyc test_a.pyc tests/b.pyc"); /* with a slash: the path */
    assert_found(&(bf_read_options){PATHS("root"), EXCLUDE("tests", "lib")}, "a.pyc test_a.pyc");
    assert_found(&(bf_read_options){PATHS("root"), EXCLUDE("root")},
                 "a.pyc lib/d.pyc lib/test_c.pyc test_a.pyc tests/b.pyc"); /* not itself */
    assert_found(&(bf_read_options){PATHS("root/a.pyc"), EXCLUDE("a.*")}, "");
}

/* Links to files are followed, links to directories only where they are named. */
static void test_walk__links(void **state) {
    (void)state;
    bf_error err = {0};
    bf_inputs in;
    put("real/a.pyc", 3);
    put("root/b.pyc", 1);
    assert_int_equal(symlink("../real/a.pyc", "root/file.pyc"), 0);
    assert_int_equal(symlink("../real", "root/directory"), 0);
    assert_int_equal(symlink("../real", "root/directory.pyc"), 0);
    assert_int_equal(symlink("nowhere", "root/broken.txt"), 0);
    assert_int_equal(symlink("..", "root/loop"), 0);
    assert_int_equal(bf_inputs_find(&in, &(bf_read_options){PATHS("root")}, &err), BF_OK);
    assert_paths(&in, "b.pyc file.pyc");
    assert_int_equal(in.items[1].size_bytes, 3); /* of what it leads to */
    bf_inputs_free(&in);
    assert_found(&(bf_read_options){PATHS("root/directory")}, "a.pyc");
}

static void test_walk__missing(void **state) {
    (void)state;
    bf_error err = {0};
    bf_inputs in;
    put("root/a.pyc", 1);
    assert_int_equal(bf_inputs_find(&in, &(bf_read_options){PATHS("root", "nowhere.pyc")}, &err), BF_NOT_FOUND);
    assert_non_null(strstr(err.message, "nowhere.pyc"));
    assert_int_equal(in.n, 0);
    assert_null(in.items);
    assert_found(&(bf_read_options){PATHS("root", "nowhere.pyc"), .keep_missing = true}, "a.pyc nowhere.pyc");
    bf_error_clear(&err);
    assert_int_equal(bf_inputs_find(&in, &(bf_read_options){PATHS("")}, &err), BF_INVALID_ARGUMENT);
    assert_string_equal(err.message, "an empty path");
}

static void test_walk__nothing(void **state) {
    (void)state;
    assert_int_equal(mkdir("root", 0777), 0);
    assert_found(&(bf_read_options){PATHS("root")}, "");
    assert_found(&(bf_read_options){.n_paths = 0}, "");
}

/* A row's path is UTF-8 whatever the file is called. */
static void test_walk__not_utf8(void **state) {
    (void)state;
    put("root/\xc3\xa9.pyc", 1);
    put("root/\xe9.pyc", 1);
    bf_error err = {0};
    bf_inputs in;
    assert_int_equal(bf_inputs_find(&in, &(bf_read_options){PATHS("root")}, &err), BF_OK);
    assert_paths(&in, "\\xe9.pyc \xc3\xa9.pyc");
    assert_string_equal(in.items[0].file, "root/\xe9.pyc");
    assert_true(in.items[0].path_bytes.n == 5 && !memcmp(in.items[0].path_bytes.p, "\xe9.pyc", 5));
    assert_null(in.items[1].path_bytes.p);
    bf_inputs_free(&in);
}

/* What is no file has a row all the same, and is not opened. */
static void test_walk__no_files(void **state) {
    (void)state;
    bf_error err = {0};
    bf_inputs in;
    put("root/a.pyc", 1);
    assert_int_equal(mkfifo("root/b.pyc", 0600), 0);
    assert_int_equal(mkfifo("root/text", 0600), 0);
    assert_int_equal(symlink("/dev/zero", "root/c.pyc"), 0);
    assert_int_equal(symlink("d.pyc", "root/d.pyc"), 0);
    assert_int_equal(bf_inputs_find(&in, &(bf_read_options){PATHS("root")}, &err), BF_OK);
    assert_paths(&in, "a.pyc b.pyc c.pyc d.pyc");
    assert_null(in.items[0].refusal);
    assert_string_equal(in.items[1].refusal, "root/b.pyc: not a regular file, but a FIFO");
    assert_string_equal(in.items[2].refusal, "root/c.pyc: not a regular file, but a device");
    bf_inputs_free(&in);
}

static bool count_calls(void *context, const bf_progress *progress) {
    assert_int_equal(progress->n_files, 0);
    return ++*(int *)context < 1;
}

static void test_walk__cancelled(void **state) {
    (void)state;
    bf_error err = {0};
    bf_inputs in;
    int calls = 0;
    put("root/a.pyc", 1);
    assert_int_equal(bf_inputs_find(&in, &(bf_read_options){PATHS("root"), .progress = count_calls, .context = &calls}, &err), BF_CANCELLED);
    assert_int_equal(calls, 1);
    assert_null(in.items);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_walk__##name, enter, leave)

int main(void) {
    static const struct CMUnitTest tests[] = {
        TEST(order), TEST(rows), TEST(named), TEST(exclude), TEST(links), TEST(missing), TEST(nothing), TEST(not_utf8), TEST(no_files), TEST(cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
