/* Constants on which other tools break or lie: lone surrogates, NaN with a payload, -0.0, ints of 10,000 digits and more. From a whole file,
 * as repr and as JSON. Expected is what repr() of CPython 3.12 prints, which each text here is short enough to show. */
#include "bytes.h"
#include "decode/facts.h"

enum { DIGITS = 10000, DIGIT_BITS = 15, MAX_BITS = 122880 /* docs/LIMITS.md: of an int that is printed */ };

static bf_arena arena;
static bf_buf file;

static void put_u32(uint32_t n) {
    for (int i = 0; i < 4; i++) bf_buf_putc(&file, (char)(n >> 8 * i));
}

/* A module of CPython 3.12 whose only constant these marshalled bytes are. */
static bf_file_facts decode_const(const void *bytes, size_t n) {
    file.n = 0;
    put_u32(3531 | 0x0a0d0000);
    for (int i = 0; i < 3; i++) put_u32(0);
    bf_buf_putc(&file, 'c');
    for (int i = 0; i < 5; i++) put_u32(0);
    bf_buf_put(&file, "s\0\0\0\0)\1", 7);
    bf_buf_put(&file, bytes, n);
    bf_buf_put(&file, ")\0)\0s\0\0\0\0z\1fz\1nz\1q", 18);
    put_u32(1);
    bf_buf_put(&file, "s\0\0\0\0s\0\0\0\0", 10);
    assert_false(file.failed);
    bf_file_facts facts;
    bf_arena_reset(&arena);
    assert_int_equal(bf_decode_pyc((const uint8_t *)file.p, file.n, &(bf_decode_options){.path = BF_STR("m.pyc")}, &arena, &facts, NULL), BF_OK);
    assert_int_equal(facts.n_codes, 1);
    assert_int_equal(facts.codes[0].n_consts, 1);
    return facts;
}

static void check(const void *bytes, size_t n, const char *repr, const char *json) {
    bf_file_facts facts = decode_const(bytes, n);
    assert_int_equal(facts.n_errors, 0);
    assert_text(facts.codes[0].const_reprs[0], repr);
    assert_text(facts.codes[0].consts_json, json);
}

#define CHECK_CONST(bytes, repr, json) check(bytes, sizeof bytes - 1, repr, json)

static void test_hard_values__lone_surrogates(void **state) {
    (void)state;
    CHECK_CONST("u\3\0\0\0\xed\xa0\x80", "'\\ud800'", "[{\"type\":\"str\",\"repr\":\"'\\\\ud800'\"}]");
    CHECK_CONST("u\4\0\0\0x\xed\xbf\xbf", "'x\\udfff'", "[{\"type\":\"str\",\"repr\":\"'x\\\\udfff'\"}]");
    /* two of them that would be one character in UTF-16 */
    CHECK_CONST("u\6\0\0\0\xed\xa0\xbd\xed\xb8\x80", "'\\ud83d\\ude00'", "[{\"type\":\"str\",\"repr\":\"'\\\\ud83d\\\\ude00'\"}]");
}

static void test_hard_values__nan_payloads(void **state) {
    (void)state;
    const uint64_t nans[] = {0x7ff8000000000000, 0xfff8000000000000, 0x7ff8000000000001, 0x7ff0000000000001 /* signalling */, 0xffffffffffffffff,
                             0x7ff4dead0000beef};
    for (size_t i = 0; i < sizeof nans / sizeof *nans; i++) {
        char bytes[9] = "g";
        for (int b = 0; b < 8; b++) bytes[1 + b] = (char)(nans[i] >> 8 * b);
        check(bytes, sizeof bytes, "nan", "[{\"type\":\"float\",\"repr\":\"nan\"}]");
    }
    CHECK_CONST("y\0\0\0\0\0\0\xf8\xff\1\0\0\0\0\0\xf8\x7f", "(nan+nanj)", "[{\"type\":\"complex\",\"repr\":\"(nan+nanj)\"}]");
}

static void test_hard_values__negative_zero(void **state) {
    (void)state;
    CHECK_CONST("g\0\0\0\0\0\0\0\0", "0.0", "[0.0]");
    CHECK_CONST("g\0\0\0\0\0\0\0\x80", "-0.0", "[-0.0]");
    CHECK_CONST("f\4-0.0", "-0.0", "[-0.0]");
    CHECK_CONST("y\0\0\0\0\0\0\0\x80\0\0\0\0\0\0\0\x80", "(-0-0j)", "[{\"type\":\"complex\",\"repr\":\"(-0-0j)\"}]");
}

/* 10**(n - 1), which has n digits: little-endian digits of 15 bits, made by multiplying, and marshalled. */
static bf_buf power_of_ten(int n_digits, int sign) {
    size_t capacity = (size_t)n_digits, n = 1;
    uint32_t *digits = calloc(capacity, sizeof *digits);
    assert_non_null(digits);
    digits[0] = 1;
    for (int i = 1; i < n_digits; i++) {
        uint32_t carry = 0;
        for (size_t k = 0; k < n || carry; k++) {
            carry += 10 * digits[k];
            digits[k] = carry & ((1 << DIGIT_BITS) - 1);
            carry >>= DIGIT_BITS;
            if (k >= n) n = k + 1;
        }
    }
    bf_buf out = {0};
    bf_buf_putc(&out, 'l');
    uint32_t count = (uint32_t)(sign * (int64_t)n);
    for (int i = 0; i < 4; i++) bf_buf_putc(&out, (char)(count >> 8 * i));
    for (size_t k = 0; k < n; k++) bf_buf_putc(&out, (char)digits[k]), bf_buf_putc(&out, (char)(digits[k] >> 8));
    free(digits);
    assert_false(out.failed);
    return out;
}

/* CPython itself refuses to print more than 4,300 digits (sys.set_int_max_str_digits); a file that holds them is no error. */
static void test_hard_values__int_of_10000_digits(void **state) {
    (void)state;
    static char expected[DIGITS + 2];
    for (int sign = -1; sign <= 1; sign += 2) {
        bf_buf bytes = power_of_ten(DIGITS, sign);
        bf_file_facts facts = decode_const(bytes.p, bytes.n);
        assert_int_equal(facts.n_errors, 0);
        memset(expected, '0', sizeof expected - 1);
        memcpy(expected, sign < 0 ? "-1" : "1", sign < 0 ? 2 : 1);
        expected[DIGITS + (sign < 0)] = 0;
        assert_text(facts.codes[0].const_reprs[0], expected);
        bf_buf_free(&bytes);
    }
}

/* The limit of our own, which is stated: 2**122880 - 1 is printed, 2**122880 is one error row. */
static void test_hard_values__int_beyond_the_limit(void **state) {
    (void)state;
    for (int over = 0; over < 2; over++) {
        bf_buf bytes = {0};
        uint32_t n = MAX_BITS / DIGIT_BITS + (uint32_t)over;
        bf_buf_putc(&bytes, 'l');
        for (int i = 0; i < 4; i++) bf_buf_putc(&bytes, (char)(n >> 8 * i));
        for (uint32_t k = 0; k < n; k++) bf_buf_put(&bytes, over ? k + 1 == n ? "\1\0" : "\0\0" : "\xff\x7f", 2);
        bf_file_facts facts = decode_const(bytes.p, bytes.n);
        assert_int_equal(facts.n_errors, over);
        if (over) {
            assert_non_null(memmem(facts.errors[0].message.p, facts.errors[0].message.n, "122880 bits", 11));
            assert_text(facts.codes[0].const_reprs[0], "<too large>");
        } else {
            assert_int_equal(facts.codes[0].const_reprs[0].n, 36991); /* digits of 2**122880 - 1: floor(122880 * log10(2)) + 1 */
        }
        bf_buf_free(&bytes);
    }
}

static int free_all(void **state) {
    (void)state;
    bf_arena_free(&arena);
    bf_buf_free(&file);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hard_values__lone_surrogates),      cmocka_unit_test(test_hard_values__nan_payloads),
        cmocka_unit_test(test_hard_values__negative_zero),        cmocka_unit_test(test_hard_values__int_of_10000_digits),
        cmocka_unit_test(test_hard_values__int_beyond_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, free_all);
}
