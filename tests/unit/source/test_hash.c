/* source/hash.c against _imp.source_hash of every version: hash_cases.inc. */
#include "bytes.h"
#include "source/hash.h"

static const struct {
    unsigned mask;
    uint32_t key;
    size_t n;
    const char *text, *expected;
} rows[] = {
#define HASH(mask, key, n, text, expected) {mask, key, n, text, expected},
#include "source/hash_cases.inc"
#undef HASH
};

static void test_hash__as_cpython_hashes(void **state) {
    (void)state;
    unsigned seen = 0;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        for (int bit = 0; bit < N_VERSIONS; bit++) {
            if (!(rows[k].mask >> bit & 1)) continue;
            uint8_t *text = exact_copy(rows[k].text, rows[k].n);
            char found[17];
            snprintf(found, sizeof found, "%016llx", (unsigned long long)bf_source_hash(text, rows[k].n, rows[k].key, version_of_bit(bit)));
            assert_string_equal(found, rows[k].expected);
            free(text);
            seen |= 1u << bit;
        }
    assert_int_equal(seen, (1u << N_VERSIONS) - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hash__as_cpython_hashes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
