/* pyc/header.c: PEP 552's header as importlib._bootstrap_external._classify_pyc reads it; magics of version_cases.inc. */
#include "bytes.h"
#include "pyc/header.h"

static bf_status read_header(bf_pyc_header *out, const void *bytes, size_t n, const bf_cpython *assume, bf_error *err) {
    uint8_t *data = exact_copy(bytes, n);
    bf_error_clear(err);
    bf_status st = bf_pyc_header_read(out, data, n, assume, err);
    free(data);
    return st;
}

/* 3.12's magic number, flags, 0x11223344, 0x55667788. */
static void fill(uint8_t out[16], uint32_t flags) {
    memcpy(out, "\313\r\r\n....\104\063\042\021\210\167\146\125", 16);
    for (int i = 0; i < 4; i++) out[4 + i] = (uint8_t)(flags >> 8 * i);
}

static void test_header__timestamp(void **state) {
    uint8_t bytes[16];
    bf_pyc_header h;
    bf_error err;
    (void)state;
    fill(bytes, 0);
    assert_int_equal(read_header(&h, bytes, 16, NULL, &err), BF_OK);
    assert_int_equal(h.magic, 3531);
    assert_string_equal(h.known->name, "3.12");
    assert_int_equal(h.version->id, 312);
    assert_int_equal(h.flags, 0);
    assert_false(h.is_hash);
    assert_int_equal(h.source_mtime, 0x11223344);
    assert_int_equal(h.source_size, 0x55667788);
    assert_int_equal(h.source_hash, 0);
    assert_int_equal(h.size_bytes, 16);
}

/* Flags: hash-based or not, checked or not; every other bit is an error, and the rest is read all the same. */
static void test_header__every_flag(void **state) {
    uint8_t bytes[16];
    bf_pyc_header h;
    bf_error err;
    (void)state;
    for (uint32_t flags = 0; flags < 4; flags++) {
        fill(bytes, flags);
        assert_int_equal(read_header(&h, bytes, 16, NULL, &err), BF_OK);
        assert_int_equal(h.flags, flags);
        assert_int_equal(h.is_hash, flags & 1);
        assert_true(h.source_hash == (flags & 1 ? 0x5566778811223344u : 0));
        assert_int_equal(h.source_mtime, flags & 1 ? 0 : 0x11223344);
        assert_int_equal(h.source_size, flags & 1 ? 0 : 0x55667788);
    }
    for (int bit = 2; bit < 32; bit++) {
        fill(bytes, 1u << bit | 1);
        assert_int_equal(read_header(&h, bytes, 16, NULL, &err), BF_CORRUPT);
        assert_int_equal(err.offset, 4);
        assert_int_equal(h.size_bytes, 16);
        assert_true(h.is_hash);
    }
}

static void test_header__magic_of_each_version(void **state) {
    static const struct {
        unsigned mask;
        const char *name;
        int magic;
    } said[] = {
#define VERSION(mask, name, magic, unicode) {mask, name, magic},
#include "version/version_cases.inc"
    };
    uint8_t bytes[16];
    bf_pyc_header h;
    bf_error err;
    (void)state;
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        fill(bytes, 0);
        bytes[0] = (uint8_t)said[i].magic;
        bytes[1] = (uint8_t)(said[i].magic >> 8);
        assert_int_equal(read_header(&h, bytes, 16, NULL, &err), BF_OK);
        assert_string_equal(h.version->name, said[i].name);
        assert_true(h.known->is_final);
    }
}

static void test_header__prerelease_magic(void **state) {
    uint8_t bytes[16];
    bf_pyc_header h;
    bf_error err;
    (void)state;
    fill(bytes, 0);
    memcpy(bytes, "\110\r", 2); /* 3400: 3.8a1 */
    assert_int_equal(read_header(&h, bytes, 16, NULL, &err), BF_OK);
    assert_int_equal(h.version->id, 38);
    assert_false(h.known->is_final);
    assert_string_equal(h.known->name, "3.8a1");
}

static void test_header__known_magic_that_is_not_read(void **state) {
    uint8_t bytes[16];
    bf_pyc_header h;
    bf_error err;
    (void)state;
    fill(bytes, 0);
    memcpy(bytes, "\026\r", 2); /* 3350: 3.5 */
    assert_int_equal(read_header(&h, bytes, 16, NULL, &err), BF_UNSUPPORTED);
    assert_non_null(strstr(err.message, "3.5"));
    assert_non_null(strstr(err.message, "3350"));
    assert_int_equal(err.offset, 0);
    assert_int_equal(h.size_bytes, 0);
    assert_int_equal(h.magic, 3350);
    assert_null(h.version);
    assert_int_equal(read_header(&h, "\321\362\r\n", 4, NULL, &err), BF_UNSUPPORTED); /* 62161: 2.6, whose header is shorter */
    assert_non_null(strstr(err.message, "2.6"));
}

/* Before PEP 552. What py_compile of CPython 2.7.18 and 3.6.15 writes before the code of a source of 0x55667788 bytes, time 0x11223344. */
static void test_header__shorter_ones(void **state) {
    static const struct {
        const char *bytes;
        int size, version;
        uint32_t source_size;
    } headers[] = {
        {"\003\363\r\n\104\063\042\021c...c...", 8, 27, 0},
        {"\063\r\r\n\104\063\042\021\210\167\146\125\343...", 12, 36, 0x55667788},
    };
    bf_pyc_header h;
    bf_error err;
    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        for (int n = 4; n < headers[i].size; n++) {
            assert_int_equal(read_header(&h, headers[i].bytes, (size_t)n, NULL, &err), BF_TRUNCATED);
            assert_int_equal(err.offset, n);
            assert_int_equal(h.size_bytes, 0);
        }
        assert_int_equal(read_header(&h, headers[i].bytes, 16, NULL, &err), BF_OK);
        assert_int_equal(h.version->id, headers[i].version);
        assert_int_equal(h.size_bytes, headers[i].size);
        assert_int_equal(h.source_mtime, 0x11223344);
        assert_int_equal(h.source_size, headers[i].source_size);
        assert_int_equal(h.has_source_size, headers[i].source_size != 0);
        assert_false(h.has_flags);
        assert_false(h.is_hash);
        assert_int_equal(h.flags, 0);
    }
}

/* Their files have another form than those of the final release. */
static void test_header__prereleases_that_are_not_read(void **state) {
    static const uint16_t magics[] = {3361, 3391, 62181}; /* 3.6a1: no code units; 3.7a2: no flags; 2.7a0: no SETUP_WITH */
    uint8_t bytes[16];
    bf_pyc_header h;
    bf_error err;
    (void)state;
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        fill(bytes, 0);
        bytes[0] = (uint8_t)magics[i];
        bytes[1] = (uint8_t)(magics[i] >> 8);
        assert_int_equal(read_header(&h, bytes, 16, NULL, &err), BF_UNSUPPORTED);
    }
}

static void test_header__unknown_magic(void **state) {
    uint8_t bytes[16];
    bf_pyc_header h;
    bf_error err;
    (void)state;
    fill(bytes, 0);
    memcpy(bytes, "\017\047", 2); /* 9999 */
    assert_int_equal(read_header(&h, bytes, 16, NULL, &err), BF_UNSUPPORTED);
    assert_non_null(strstr(err.message, "9999"));
    assert_null(h.known);
    assert_null(h.version);
    assert_int_equal(read_header(&h, bytes, 16, version_of(313), &err), BF_OK);
    assert_int_equal(h.version->id, 313);
    assert_null(h.known);
}

static void test_header__assume_overrides_the_magic(void **state) {
    uint8_t bytes[16];
    bf_pyc_header h;
    bf_error err;
    (void)state;
    fill(bytes, 0);
    assert_int_equal(read_header(&h, bytes, 16, version_of(39), &err), BF_OK);
    assert_int_equal(h.version->id, 39);
    assert_int_equal(h.known->version, 312);
}

/* Bytes 2 and 3 of every magic number are \r\n, whatever is assumed. */
static void test_header__every_flipped_byte(void **state) {
    uint8_t bytes[16];
    bf_pyc_header h;
    bf_error err;
    (void)state;
    for (int at = 0; at < 16; at++)
        for (int bit = 0; bit < 8; bit++) {
            fill(bytes, 0);
            bytes[at] ^= (uint8_t)(1 << bit);
            bf_status st = read_header(&h, bytes, 16, NULL, &err);
            assert_int_equal(err.code, st);
            if (at == 2 || at == 3) assert_int_equal(st, BF_CORRUPT);
            if (at == 2 || at == 3) assert_int_equal(err.offset, 2);
            if (at >= 4 && at < 8) assert_int_equal(st, at == 4 && bit < 2 ? BF_OK : BF_CORRUPT);
            if (at >= 8) assert_int_equal(st, BF_OK);
            if (at < 2) assert_true(st == BF_UNSUPPORTED || (st == BF_OK && h.magic != 3531));
        }
}

static void test_header__every_prefix(void **state) {
    uint8_t bytes[16];
    bf_pyc_header h;
    bf_error err;
    (void)state;
    fill(bytes, 0);
    for (size_t n = 0; n < 16; n++) {
        assert_int_equal(read_header(&h, bytes, n, NULL, &err), BF_TRUNCATED);
        assert_int_equal(err.offset, n);
        assert_int_equal(h.size_bytes, 0);
        assert_int_equal(h.magic, n < 4 ? 0 : 3531);
        assert_int_equal(read_header(&h, bytes, n, NULL, NULL), BF_TRUNCATED);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header__timestamp),
        cmocka_unit_test(test_header__every_flag),
        cmocka_unit_test(test_header__magic_of_each_version),
        cmocka_unit_test(test_header__prerelease_magic),
        cmocka_unit_test(test_header__known_magic_that_is_not_read),
        cmocka_unit_test(test_header__shorter_ones),
        cmocka_unit_test(test_header__prereleases_that_are_not_read),
        cmocka_unit_test(test_header__unknown_magic),
        cmocka_unit_test(test_header__assume_overrides_the_magic),
        cmocka_unit_test(test_header__every_flipped_byte),
        cmocka_unit_test(test_header__every_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
