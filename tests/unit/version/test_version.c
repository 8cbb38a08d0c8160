/* version/version.c: magic numbers and Unicode versions as each interpreter says them (version_cases.inc), and the list's own sense. */
#include "bytes.h"

static const struct {
    unsigned mask;
    const char *name;
    int magic, unicode; /* importlib.util.MAGIC_NUMBER, unicodedata.unidata_version */
} said[] = {
#define VERSION(mask, name, magic, unicode) {mask, name, magic, unicode},
#include "version/version_cases.inc"
};

enum { N_SAID = sizeof said / sizeof *said };

static void test_version__as_the_interpreters_say(void **state) {
    (void)state;
    assert_int_equal(N_SAID, N_VERSIONS);
    for (int bit = 0; bit < N_SAID; bit++) {
        const bf_cpython *version = version_of_bit(bit);
        assert_int_equal(said[bit].mask, 1 << bit);
        assert_ptr_equal(bf_cpython_by_name(said[bit].name), version);
        assert_string_equal(version->name, said[bit].name);
        assert_int_equal(version->unicode, said[bit].unicode);
        assert_int_equal(version->minor, atoi(said[bit].name + 2));
        const bf_magic *magic = bf_magic_find((uint16_t)said[bit].magic);
        assert_non_null(magic);
        assert_int_equal(magic->version, version->id);
        assert_true(magic->is_final);
        assert_string_equal(magic->name, said[bit].name);
    }
}

static void test_version__one_final_magic_each(void **state) {
    int n_final[N_VERSIONS] = {0};
    (void)state;
    for (unsigned number = 0; number <= UINT16_MAX; number++) {
        const bf_magic *magic = bf_magic_find((uint16_t)number);
        if (!magic) continue;
        assert_int_equal(magic->number, number);
        assert_non_null(magic->name);
        for (int bit = 0; bit < N_VERSIONS; bit++) n_final[bit] += magic->is_final && magic->version == version_of_bit(bit)->id;
        if (magic->version) assert_non_null(bf_cpython_by_id(magic->version));
        if (magic->version && !magic->is_final) /* "3.8a1" of 3.8 */
            assert_int_equal(strncmp(magic->name, bf_cpython_by_id(magic->version)->name, strlen(bf_cpython_by_id(magic->version)->name)),
                             0);
    }
    for (int bit = 0; bit < N_VERSIONS; bit++) assert_int_equal(n_final[bit], 1);
}

/* Rows of importlib's own comment in Lib/importlib/_bootstrap_external.py, each at an edge of its series. */
static void test_version__magics_around_the_edges(void **state) {
    static const struct {
        uint16_t number;
        int version;
        bool is_final;
        const char *name;
    } rows[] = {{3351, 0, true, "3.5"},       {3360, 0, false, "3.6a0"},   {3370, 36, false, "3.6a2"},   {3379, 36, true, "3.6"},
                {3391, 0, false, "3.7a2"},    {3392, 37, false, "3.7a4"},  {3394, 37, true, "3.7"},      {3400, 38, false, "3.8a1"},
                {3412, 38, false, "3.8b2"},   {3420, 39, false, "3.9a0"},  {3438, 310, false, "3.10b1"}, {3450, 311, false, "3.11a1"},
                {3494, 311, false, "3.11a7"}, {3600, 314, false, "3.14a1"}, {3650, 315, false, "3.15a0"}, {62161, 0, true, "2.6"},
                {62191, 27, false, "2.7a0"},  {62211, 27, true, "2.7"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const bf_magic *magic = bf_magic_find(rows[i].number);
        assert_non_null(magic);
        assert_int_equal(magic->version, rows[i].version);
        assert_int_equal(magic->is_final, rows[i].is_final);
        if (strcmp(magic->name, rows[i].name)) fail_msg("%u is %s, not %s", rows[i].number, magic->name, rows[i].name);
    }
}

static void test_version__unknown_is_null(void **state) {
    (void)state;
    assert_null(bf_magic_find(0));
    assert_null(bf_magic_find(9999));
    assert_null(bf_magic_find(UINT16_MAX));
    assert_null(bf_cpython_by_id(0));
    assert_null(bf_cpython_by_id(35));
    assert_null(bf_cpython_by_name(""));
    assert_null(bf_cpython_by_name("3"));
    assert_null(bf_cpython_by_name("3.1"));
    assert_null(bf_cpython_by_name("3.80"));
    assert_null(bf_cpython_by_name("3.16"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version__as_the_interpreters_say),
        cmocka_unit_test(test_version__one_final_magic_each),
        cmocka_unit_test(test_version__magics_around_the_edges),
        cmocka_unit_test(test_version__unknown_is_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
