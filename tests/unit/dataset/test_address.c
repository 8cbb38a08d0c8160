#include "dataset/address.h"

#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"

/* Seconds are those that `date -u -d TIME +%s` gives. */
static void test_address__times(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"1970-01-01", 0},
        {"2026-11-24", 1795478400000},
        {"2026-11-24T10:00:00Z", 1795514400000},
        {"2026-11-24T10:00:00", 1795514400000},
        {"2026-11-24 10:00", 1795514400000},
        {"2026-11-24T10:00:00.25Z", 1795514400250},
        {"2026-11-24T10:00:00.2509Z", 1795514400250},
        {"2026-11-24T10:00:00+01:30", 1795509000000},
        {"2026-11-24T10:00:00-0530", 1795534200000},
        {"2024-02-29t00:00:00z", 1709164800000},
    };
    static const char *const bad[] = {"", "now", "2026", "2026-13-01", "2026-02-30", "2026-11-24T", "2026-11-24T25:00", "2026-11-24T10", "2026-11-24X10:00",
                                      "2026-11-24T10:00:00Q", "2026-11-24T10:00:00Z ", "1969-12-31", "v3"};
    bf_time_text text;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t ms;
        if (!bf_time_read(&ms, good[i].text)) fail_msg("%s is no time", good[i].text);
        assert_int_equal(ms, good[i].ms);
        int64_t again;
        assert_true(bf_time_read(&again, bf_time_put(text, ms)));
        assert_int_equal(again, ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t ms;
        if (bf_time_read(&ms, bad[i])) fail_msg("\"%s\" is a time", bad[i]);
    }
    assert_string_equal(bf_time_put(text, 1795514400250), "2026-11-24T10:00:00.250Z");
    assert_string_equal(bf_time_put(text, -1), "1969-12-31T23:59:59.999Z");
}

static void test_address__read(void **state) {
    (void)state;
    static const struct {
        const char *text, *path, *version;
        int64_t ms; /* -1: not by time */
    } cases[] = {
        {"a/ds", "a/ds", "", -1},
        {"a/ds@v3", "a/ds", "3", -1},
        {"a/ds@v0", "a/ds", "0", -1},
        {"a@b/ds@v12", "a@b/ds", "12", -1},
        {"ds@2026-11-24T10:00:00Z", "ds", "", 1795514400000},
        {"ds@v", "ds@v", "", -1},
        {"ds@v3x", "ds@v3x", "", -1},
        {"ds@main", "ds@main", "", -1},
        {"@v3", "@v3", "", -1},
        {"ds@v9999999999999999999", "ds@v9999999999999999999", "", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bf_address a;
        assert_int_equal(bf_address_read(&a, cases[i].text, NULL), BF_OK);
        assert_string_equal(a.path, cases[i].path);
        assert_string_equal(a.version, cases[i].version);
        assert_int_equal(a.by_time, cases[i].ms >= 0);
        if (a.by_time) assert_int_equal(a.timestamp_ms, cases[i].ms);
        free(a.path);
    }
}

/* What has that very name is meant. */
static void test_address__of_something_that_is_there(void **state) {
    (void)state;
    char folder[] = "/tmp/bf_address_XXXXXX", name[64];
    bf_address a;
    assert_non_null(mkdtemp(folder));
    snprintf(name, sizeof name, "%s/ds@v3", folder);
    assert_int_equal(mkdir(name, 0777), 0);
    assert_int_equal(bf_address_read(&a, name, NULL), BF_OK);
    assert_string_equal(a.path, name);
    assert_string_equal(a.version, "");
    free(a.path);
    rmdir(name);
    rmdir(folder);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_address__times), cmocka_unit_test(test_address__read), cmocka_unit_test(test_address__of_something_that_is_there)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
