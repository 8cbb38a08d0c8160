/* base/error.c: the first error stays, NULL is fine, messages fit and are UTF-8. */
#include <errno.h>

#include "bytes.h"

static void test_error__fail_fills(void **state) {
    bf_error err = {0};
    (void)state;
    assert_int_equal(bf_fail(&err, BF_CORRUPT, 41, "tuple of %d items, %d bytes left", 70000, 41), BF_CORRUPT);
    assert_int_equal(err.code, BF_CORRUPT);
    assert_int_equal(err.offset, 41);
    assert_string_equal(err.message, "tuple of 70000 items, 41 bytes left");
}

static void test_error__first_one_stays(void **state) {
    bf_error err = {0};
    (void)state;
    bf_fail(&err, BF_TRUNCATED, 1, "first");
    assert_int_equal(bf_fail(&err, BF_IO, 2, "second"), BF_IO); /* it still says what failed now */
    assert_int_equal(err.code, BF_TRUNCATED);
    assert_int_equal(err.offset, 1);
    assert_string_equal(err.message, "first");
    bf_error_clear(&err);
    assert_int_equal(err.code, BF_OK);
    assert_int_equal(err.offset, -1);
    assert_string_equal(err.message, "");
    bf_fail(&err, BF_IO, 2, "second");
    assert_string_equal(err.message, "second");
}

static void test_error__null_is_fine(void **state) {
    (void)state;
    assert_int_equal(bf_fail(NULL, BF_LIMIT, 0, "%s", "x"), BF_LIMIT);
    errno = ENOENT;
    assert_int_equal(bf_fail_errno(NULL, "open", "x"), BF_NOT_FOUND);
    bf_error_clear(NULL);
}

static void test_error__errno(void **state) {
    static const struct {
        int number;
        bf_status status;
    } cases[] = {{ENOENT, BF_NOT_FOUND}, {ENOMEM, BF_NO_MEMORY}, {EACCES, BF_IO}, {EISDIR, BF_IO}, {ENOTDIR, BF_IO}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bf_error err = {0};
        errno = cases[i].number;
        assert_int_equal(bf_fail_errno(&err, "open", "dir/m.pyc"), cases[i].status);
        assert_int_equal(err.code, cases[i].status);
        assert_int_equal(err.offset, -1);
        assert_int_equal(strncmp(err.message, "dir/m.pyc: open: ", 17), 0);
        assert_string_equal(err.message + 17, strerror(cases[i].number));
    }
}

/* A message that is cut is still UTF-8: the row of an error takes it as it is. */
static void test_error__long_message_is_cut_between_characters(void **state) {
    char path[2001];
    (void)state;
    for (int shift = 0; shift < 4; shift++)
        for (int length = 2; length <= 4; length++) {
            static const char *const characters[] = {"\303\251", "\342\202\254", "\360\237\220\215"};
            bf_error err = {0};
            size_t n = (size_t)shift;
            memset(path, 'a', n);
            while (n + 4 < sizeof path) {
                memcpy(path + n, characters[length - 2], (size_t)length);
                n += (size_t)length;
            }
            path[n] = 0;
            bf_fail(&err, BF_IO, -1, "%s", path);
            size_t cut = strlen(err.message);
            assert_true(cut < sizeof err.message && cut > sizeof err.message - 8);
            assert_int_equal(((int)cut - shift) % length, 0);
        }
}

static void test_error__status_names(void **state) {
    static const struct {
        int number; /* fixed: part of the ABI */
        const char *name;
    } names[] = {{0, "BF_OK"},         {1, "BF_INVALID_ARGUMENT"}, {2, "BF_NO_MEMORY"},    {3, "BF_IO"},          {4, "BF_NOT_FOUND"},
                 {10, "BF_TRUNCATED"}, {11, "BF_CORRUPT"},         {12, "BF_UNSUPPORTED"}, {13, "BF_LIMIT"},      {20, "BF_ENGINE"},
                 {21, "BF_CONTRACT"},  {22, "BF_CANCELLED"},       {5, "unknown status"},  {-1, "unknown status"}};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_string_equal(bf_status_name((bf_status)names[i].number), names[i].name);
}

static bf_status third(int fails, bf_error *err) {
    return fails ? bf_fail(err, BF_LIMIT, 3, "third") : BF_OK;
}

static bf_status outer(int fails, bf_error *err, int *reached) {
    BF_TRY(third(fails, err));
    *reached = 1;
    return BF_OK;
}

static void test_error__try_passes_it_on(void **state) {
    bf_error err = {0};
    int reached = 0;
    (void)state;
    assert_int_equal(outer(1, &err, &reached), BF_LIMIT);
    assert_int_equal(reached, 0);
    assert_int_equal(outer(0, &err, &reached), BF_OK);
    assert_int_equal(reached, 1);
}

static void test_error__version(void **state) {
    int numbers[3];
    (void)state;
    assert_int_equal(sscanf(bf_version(), "%d.%d.%d", &numbers[0], &numbers[1], &numbers[2]), 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error__fail_fills),
        cmocka_unit_test(test_error__first_one_stays),
        cmocka_unit_test(test_error__null_is_fine),
        cmocka_unit_test(test_error__errno),
        cmocka_unit_test(test_error__long_message_is_cut_between_characters),
        cmocka_unit_test(test_error__status_names),
        cmocka_unit_test(test_error__try_passes_it_on),
        cmocka_unit_test(test_error__version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
