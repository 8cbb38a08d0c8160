/* source/find.c: names of compiled files -> where their source would be. */
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "source/find.h"

static const struct {
    const char *pyc, *source; /* NULL: none */
} rows[] = {
    {"a/b/__pycache__/mod.cpython-312.pyc", "a/b/mod.py"},
    {"/a/__pycache__/mod.cpython-312.opt-1.pyc", "/a/mod.py"},
    {"/a/__pycache__/mod.cpython-38.opt-2.pyc", "/a/mod.py"},
    {"__pycache__/mod.cpython-312.pyc", "mod.py"},
    {"./__pycache__/mod.cpython-312.pyc", "./mod.py"},
    {"/__pycache__/mod.cpython-312.pyc", "/mod.py"},
    {"a/__pycache__//mod.cpython-312.pyc", "a/mod.py"},
    {"a/__pycache__/two.parts.cpython-312.opt-1.pyc", "a/two.parts.py"},
    {"a/__pycache__/opt-1.cpython-312.pyc", "a/opt-1.py"},
    {"a/__pycache__/mod.pypy39.pyc", "a/mod.py"},
    {"a/__pycache__/mod.pyc", NULL},
    {"a/__pycache__/.pyc", NULL},
    {"a/__pycache__/.cpython-312.pyc", NULL},
    {"a/my__pycache__/mod.pyc", "a/my__pycache__/mod.py"},
    {"a/__pycache__x/mod.pyc", "a/__pycache__x/mod.py"},
    {"a/mod.pyc", "a/mod.py"},
    {"a/mod.cpython-312.pyc", "a/mod.cpython-312.py"},
    {"/mod.pyc", "//mod.py"},
    {"a/mod.bin", NULL},
    {"a/mod.pyo", NULL},
    {"a/.pyc", NULL},
    {"", NULL},
    {"a/", NULL},
};

static void find(const char *pyc, const char *expected) {
    bf_arena arena = {0};
    bf_error err = {0};
    const char *found;
    assert_int_equal(bf_source_path(&found, pyc, &arena, &err), BF_OK);
    if (expected && !found) fail_msg("%s: no source", pyc);
    if (!expected && found) fail_msg("%s: %s", pyc, found);
    if (expected) assert_string_equal(found, expected);
    bf_arena_free(&arena);
}

static void test_find__by_name(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) find(rows[i].pyc, rows[i].source);
    char *long_path = malloc(100001);
    assert_non_null(long_path);
    memset(long_path, 'x', 99990);
    strcpy(long_path + 99990, "/m.pyc");
    find(long_path, NULL);
    free(long_path);
}

/* "x.pyc", "./x.pyc", "../__pycache__/x.pyc" in a folder that is called __pycache__. */
static void test_find__in_a_folder_without_a_name(void **state) {
    (void)state;
    char folder[] = "bf_test_find_XXXXXX", cache[64], real[PATH_MAX], expected[PATH_MAX + 8], *before = getcwd(NULL, 0);
    assert_non_null(before);
    assert_non_null(mkdtemp(folder));
    assert_non_null(realpath(folder, real));
    snprintf(cache, sizeof cache, "%s/__pycache__", folder);
    snprintf(expected, sizeof expected, "%s/m.py", real);
    assert_int_equal(mkdir(cache, 0700), 0);
    assert_int_equal(chdir(cache), 0);
    find("m.cpython-312.pyc", expected);
    find("./m.cpython-312.pyc", expected);
    find(".//m.cpython-312.pyc", expected);
    find("../__pycache__/./m.cpython-312.pyc", expected);
    find("../m.pyc", expected);
    find("gone/../m.pyc", NULL);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(rmdir(cache), 0);
    assert_int_equal(rmdir(folder), 0);
    free(before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find__by_name),
        cmocka_unit_test(test_find__in_a_folder_without_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
