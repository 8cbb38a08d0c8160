#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "profile/size.h"

static void test_size__texts(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t bytes;
    } cases[] = {
        {"1M", 1 << 20},          {"1048576", 1 << 20},      {"1024K", 1 << 20},      {"1.5g", 3LL << 29},      {"2T", 2LL << 40},
        {"none", BF_SIZE_NONE},   {"", BF_SIZE_WRONG},       {"1", BF_SIZE_WRONG},    {"1023K", BF_SIZE_WRONG}, {"-1G", BF_SIZE_WRONG},
        {"1MB", BF_SIZE_WRONG},   {"G", BF_SIZE_WRONG},      {"1P", BF_SIZE_WRONG},   {" 1M", BF_SIZE_WRONG},   {"1M ", BF_SIZE_WRONG},
        {"inf", BF_SIZE_WRONG},   {"nan", BF_SIZE_WRONG},    {"0%", BF_SIZE_WRONG},   {"50%%", BF_SIZE_WRONG},  {"1e30G", BF_SIZE_WRONG},
        {"None", BF_SIZE_WRONG},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) assert_int_equal(bf_size_parse(cases[i].text), cases[i].bytes);
}

static void test_size__shares(void **state) {
    (void)state;
    int64_t whole = bf_size_parse("100%"), half = bf_size_parse("50%");
    int64_t physical = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    assert_true(whole > 0 && whole <= physical); /* a container may have less than its machine */
    assert_true(half == whole / 2);
}

int main(void) {
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_size__texts), cmocka_unit_test(test_size__shares)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
