/* base/digest.c against hashlib of CPython 3.12.1. */
#include "bytes.h"

static void assert_sha256(const void *data, size_t n, const char *expected) {
    uint8_t digest[BF_SHA256_BYTES];
    char hex[2 * BF_SHA256_BYTES + 1] = "";
    bf_sha256(digest, data, n);
    bf_hex(hex, digest, sizeof digest);
    assert_string_equal(hex, expected);
}

static void test_digest__sha256(void **state) {
    (void)state;
    char thousand[1000];
    memset(thousand, 'a', sizeof thousand);
    assert_sha256("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_sha256("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_sha256("a\0b", 3, "59b271ae1bbcb1d31d41929817f4b16fb439eb4f31520b5ad1d5ce98920a7138");
    assert_sha256(thousand, sizeof thousand, "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"); /* b"a" * 1000 */
}

static void test_digest__hex_has_no_nul(void **state) {
    (void)state;
    char text[5] = "####";
    bf_hex(text, (const uint8_t *)"\x0f", 1);
    assert_string_equal(text, "0f##");
    bf_hex(text, (const uint8_t *)"\xff\x00", 2);
    assert_string_equal(text, "ff00");
    bf_hex(text, NULL, 0);
    assert_string_equal(text, "ff00");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest__sha256),
        cmocka_unit_test(test_digest__hex_has_no_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
