/* base/buf.c: growth, printf, and that a failure stays. */
#include "failing.h"

static void test_buf__puts_in_order(void **state) {
    bf_buf b = {0};
    (void)state;
    bf_buf_puts(&b, "a");
    bf_buf_putc(&b, 'b');
    bf_buf_put(&b, "cd", 2);
    bf_buf_put(&b, NULL, 0);
    bf_buf_put_str(&b, (bf_str){"ef", 2});
    bf_buf_put_str(&b, (bf_str){NULL, 0});
    bf_buf_printf(&b, "%d%s", 42, "!");
    bf_buf_printf(&b, "%s", "");
    assert_text((bf_str){b.p, (uint32_t)b.n}, "abcdef42!");
    bf_buf_free(&b);
    assert_null(b.p);
    assert_int_equal(b.capacity, 0);
}

static void test_buf__grows_over_every_edge(void **state) {
    bf_buf b = {0};
    (void)state;
    for (int i = 0; i < 5000; i++) bf_buf_putc(&b, (char)i);
    bf_buf_printf(&b, "%*s", 5000, "x");
    assert_int_equal(b.n, 10000);
    assert_false(b.failed);
    for (int i = 0; i < 5000; i++) assert_int_equal((uint8_t)b.p[i], i & 255);
    assert_int_equal(b.p[9998], ' ');
    assert_int_equal(b.p[9999], 'x');
    bf_buf_free(&b);
}

/* A text that fills the buffer exactly needs room for printf's NUL, which is not counted. */
static void test_buf__printf_at_the_edge(void **state) {
    (void)state;
    for (int before = 250; before < 260; before++) {
        bf_buf b = {0};
        for (int i = 0; i < before; i++) bf_buf_putc(&b, 'a');
        bf_buf_printf(&b, "%s", "end");
        assert_int_equal(b.n, before + 3);
        assert_memory_equal(b.p + before, "end", 3);
        bf_buf_free(&b);
    }
}

static void test_buf__keeps_zero_bytes(void **state) {
    bf_buf b = {0};
    (void)state;
    bf_buf_put(&b, "a\0b", 3);
    assert_int_equal(b.n, 3);
    assert_memory_equal(b.p, "a\0b", 3);
    bf_buf_free(&b);
}

static void test_buf__failure_stays(void **state) {
    bf_buf b = {0};
    (void)state;
    bf_buf_puts(&b, "kept");
    allocations_left = 0;
    bf_buf_printf(&b, "%*s", 1000, "");
    allocations_left = INT64_MAX;
    assert_true(b.failed);
    assert_text((bf_str){b.p, (uint32_t)b.n}, "kept");
    assert_false(bf_buf_reserve(&b, 1000));
    bf_buf_printf(&b, "%*s", 1000, "");
    assert_true(b.failed);
    assert_int_equal(b.n, 4);
    bf_buf_free(&b);
    assert_false(b.failed);
}

static void test_buf__sizes_that_overflow(void **state) {
    bf_buf b = {0};
    (void)state;
    assert_false(bf_buf_reserve(&b, SIZE_MAX));
    assert_true(b.failed);
    bf_buf_free(&b);
    bf_buf_putc(&b, 'a');
    assert_false(bf_buf_reserve(&b, SIZE_MAX / 2));
    assert_true(b.failed);
    bf_buf_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buf__puts_in_order),
        cmocka_unit_test(test_buf__grows_over_every_edge),
        cmocka_unit_test(test_buf__printf_at_the_edge),
        cmocka_unit_test(test_buf__keeps_zero_bytes),
        cmocka_unit_test(test_buf__failure_stays),
        cmocka_unit_test(test_buf__sizes_that_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
