/* source/text.c and source/encoding.c by hand: what is no line, column, encoding. What is one, test_source.c takes from CPython. */
#include "failing.h"
#include "source/encoding.h"
#include "source/text.h"

static bf_text text;
static uint8_t *file;

static bf_status read_bytes(const char *bytes, size_t n) {
    bf_error err = {0};
    bf_text_free(&text);
    free(file);
    file = exact_copy(bytes, n);
    bf_status st = bf_text_read(&text, file, n, &err);
    assert_int_equal(err.code, st);
    return st;
}

#define READ(literal) read_bytes(literal, sizeof(literal) - 1)

static int forget(void **state) {
    (void)state;
    bf_text_free(&text);
    free(file);
    file = NULL;
    return 0;
}

/* col < 0: no such place. */
static void find(int32_t line, int32_t bytes, int32_t col, int32_t offset) {
    bf_text_place place = {-1, -1};
    bool found = bf_text_find(&text, line, bytes, &place);
    if (found != (col >= 0) || (found && (place.col != col || place.offset != offset)))
        fail_msg("%d:%d is %s, column %d, byte %d", line, bytes, found ? "there" : "not there", place.col, place.offset);
}

static void test_text__lines(void **state) {
    (void)state;
    assert_int_equal(READ("ab\r\nc\rd\n\ne"), BF_OK);
    assert_int_equal(text.n_lines, 5);
    find(1, 2, 2, 2);
    find(1, 3, -1, 0); /* inside of the line end */
    find(2, 0, 0, 4);
    find(2, 1, 1, 5);
    find(2, 2, -1, 0);
    find(4, 0, 0, 8);
    find(4, 1, -1, 0);
    find(5, 1, 1, 10);
    find(5, 2, -1, 0);
    find(6, 0, -1, 0);
    find(0, 0, -1, 0);
    find(-1, 0, -1, 0);
    find(INT32_MIN, 0, -1, 0);
    find(INT32_MAX, 0, -1, 0);
    find(1, -1, -1, 0);
    find(1, INT32_MAX, -1, 0);
    find(1, INT32_MIN, -1, 0);
}

static void test_text__ends(void **state) {
    (void)state;
    assert_int_equal(READ(""), BF_OK);
    find(1, 0, 0, 0);
    find(2, 0, -1, 0);
    assert_int_equal(READ("\r\n"), BF_OK);
    find(1, 0, 0, 0);
    find(1, 1, -1, 0);
    find(2, 0, 0, 2);
    assert_int_equal(READ("x\n\r"), BF_OK);
    find(2, 0, 0, 2);
    find(3, 0, 0, 3);
    assert_int_equal(READ("\xef\xbb\xbf"), BF_OK);
    find(1, 0, 0, 3);
    find(1, 1, -1, 0);
    assert_int_equal(READ("\xef\xbb\xbf" "a\n\xc3\xa9"), BF_OK);
    find(1, 1, 1, 4);
    find(2, 2, 1, 7);
}

static void test_text__inside_of_characters(void **state) {
    (void)state;
    assert_int_equal(READ("\xc3\xa9\xe2\x82\xac\xf0\x90\x80\x80z\n"), BF_OK);
    static const int32_t cols[] = {0, -1, 1, -1, -1, 2, -1, -1, -1, 3, 4, -1};
    for (int32_t at = 0; at < (int32_t)(sizeof cols / sizeof *cols); at++) find(1, at, cols[at], at);
    assert_int_equal(READ("# coding: cp1252\n\xe9\x80" "a\n"), BF_OK);
    static const int32_t cp1252[] = {0, -1, 1, -1, -1, 2, 3, -1};
    for (int32_t at = 0; at < (int32_t)(sizeof cp1252 / sizeof *cp1252); at++) find(2, at, cp1252[at], 17 + cp1252[at]);
}

/* Positions before bytes that are not UTF-8 hold, those after them do not. */
static void test_text__broken_utf8(void **state) {
    (void)state;
    static const char *const broken[] = {"\xff", "\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                         "\xf8", "\xe2\x82"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        char line[64];
        int n = snprintf(line, sizeof line, "\xc3\xa9 # %s\n\xc3\xa9", broken[i]);
        assert_int_equal(read_bytes(line, (size_t)n), BF_OK);
        assert_true(text.is_broken);
        find(1, 3, 2, 3);
        find(1, 4, 3, 4);
        find(1, 5 + (int32_t)strlen(broken[i]), -1, 0);
        find(2, 2, 1, n);
    }
}

/* Lines of many blocks, every column. */
static void test_text__long_lines(void **state) {
    (void)state;
    bf_buf line = {0};
    size_t n = 0;
    for (int l = 0; l < 2; l++) {
        for (int i = 0; i < 3000; i++) bf_buf_puts(&line, i % 3 ? "\xe2\x82\xac" : "a");
        bf_buf_putc(&line, '\n');
        if (l == 0) n = line.n;
    }
    assert_false(line.failed);
    assert_int_equal(read_bytes(line.p, line.n), BF_OK);
    for (int l = 1; l <= 2; l++)
        for (int32_t i = 0, at = 0; i <= 3000; at += i % 3 ? 3 : 1, i++) find(l, at, i, at + (l - 1) * (int32_t)n);
    bf_buf_free(&line);
}

static const struct {
    const char *text, *charset; /* NULL: not known */
} cookies[] = {
    {"", "UTF-8"},
    {"# coding: latin-1", "ISO8859-1"},
    {"#coding=LATIN_1\n", "ISO8859-1"},
    {"# coding: iso-latin-1-unix\r", "ISO8859-1"},
    {"# coding: iso8859-15", "ISO8859-15"},
    {"# coding: utf8\n", "UTF-8"},
    {"# coding: utf-8-sig", "UTF-8"},
    {"# coding: utf_8-mac", "UTF-8"},
    {"# coding:\t cp1252 x", "CP1252"},
    {"# coding : cp1252", "UTF-8"},
    {"# coding:", "UTF-8"},
    {"# coding: \n", "UTF-8"},
    {"# coding\n", "UTF-8"},
    {"# codin", "UTF-8"},
    {"# coding: utf-7", NULL},
    {"# coding: utf-16", NULL},
    {"# coding: unicode_escape", NULL},
    {"# coding: iso2022_jp", NULL},
    {"# coding: rot13", NULL},
    {"# coding: nothing", NULL},
    {"# coding: ........", NULL},
    {"# coding: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", NULL},
    {"\n# coding: cp1252", "CP1252"},
    {"\r\n# coding: cp1252", "CP1252"},
    {"\r# coding: cp1252", "CP1252"},
    {" \t\f#\n\f# coding: cp1252", "CP1252"},
    {"\n\n# coding: cp1252", "UTF-8"},
    {"x\n# coding: cp1252", "UTF-8"},
    {"x # coding: cp1252", "UTF-8"},
    {"# coding: cp1252\n# coding: latin-1", "CP1252"},
    {"\xef\xbb\xbf# coding: utf-8", "UTF-8"},
};

static void test_encoding__cookies(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cookies / sizeof *cookies; i++) {
        size_t n = strlen(cookies[i].text);
        uint8_t *copy = exact_copy(cookies[i].text, n);
        const char *found = bf_encoding_find(copy, n).charset;
        if (!found != !cookies[i].charset || (found && strcmp(found, cookies[i].charset)))
            fail_msg("%s: %s", cookies[i].text, found ? found : "not known");
        free(copy);
    }
}

static void test_encoding__what_is_not_read(void **state) {
    (void)state;
    assert_int_equal(READ("# coding: utf-7\nx = 1\n"), BF_UNSUPPORTED);
    assert_int_equal(READ("# coding: cp1252\n\x81"), BF_CORRUPT);
    assert_int_equal(READ("# coding: ascii\n\xe9"), BF_CORRUPT);
    assert_int_equal(READ("# coding: shift_jis\n\x82"), BF_CORRUPT);         /* ends inside of a character */
    assert_int_equal(READ("# coding: euc-jp\n\x8f\xab"), BF_CORRUPT);
    assert_int_equal(READ("# coding: euc-kr\n\xa4\xd4\xa4\xa1\xa4\xbf\xa4\xa2"), BF_CORRUPT); /* for CPython one character */
    assert_int_equal(READ("# coding: big5\n\xa1\xc2"), BF_CORRUPT);
    assert_int_equal(READ("# coding: big5\n\xa1\xc3"), BF_OK);
}

/* Any bytes in any encoding: what is found lies inside of the file, and goes forward. */
static void test_text__random_bytes(void **state) {
    (void)state;
    static const char *const names[] = {
#define BF_ENCODING(name, charset) name,
#define BF_UNLIKE(charset, first, last)
#include "source/encodings.def"
#undef BF_ENCODING
#undef BF_UNLIKE
    };
    uint32_t random = 1;
    long n_read = 0;
    for (size_t i = 0; i < 8 * sizeof names / sizeof *names; i++) {
        char bytes[120];
        int n = snprintf(bytes, sizeof bytes, "# coding: %s\n", names[i / 8]), n_end = n + (int)(i % 8) * 4;
        for (; n < n_end; n++) {
            random = random * 1664525 + 1013904223;
            bytes[n] = (char)(random >> 30 ? random >> 16 : random >> 28 & 1 ? '\r' : '\n');
        }
        bf_error err = {0};
        bf_text_free(&text);
        free(file);
        file = exact_copy(bytes, (size_t)n);
        if (bf_text_read(&text, file, (size_t)n, &err) != BF_OK) continue;
        n_read++;
        for (int32_t line = 0, before = -1; line <= (int32_t)text.n_lines + 1; line++)
            for (int32_t col = -1, last = -1; col <= 3 * n; col++) {
                bf_text_place place;
                if (!bf_text_find(&text, line, col, &place)) continue;
                assert_true(place.offset > before && place.offset <= n && place.col == last + 1);
                before = place.offset;
                last = place.col;
            }
    }
    assert_true(n_read > 1000);
}

static void test_text__out_of_memory(void **state) {
    (void)state;
    static const char *const files[] = {"a\nb\n", "\xc3\xa9\n", "# coding: cp1252\n\xe9"};
    for (size_t i = 0; i < 3; i++) {
        bf_status st = BF_NO_MEMORY;
        for (int64_t n = 0; st == BF_NO_MEMORY; n++) {
            bf_text t;
            bf_error err = {0};
            allocations_left = n;
            st = bf_text_read(&t, (const uint8_t *)files[i], strlen(files[i]), &err);
            allocations_left = INT64_MAX;
            bf_text_free(&t);
            assert_true(n < 100);
        }
        assert_int_equal(st, BF_OK);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_text__lines, forget),
        cmocka_unit_test_teardown(test_text__ends, forget),
        cmocka_unit_test_teardown(test_text__inside_of_characters, forget),
        cmocka_unit_test_teardown(test_text__broken_utf8, forget),
        cmocka_unit_test_teardown(test_text__long_lines, forget),
        cmocka_unit_test(test_encoding__cookies),
        cmocka_unit_test_teardown(test_encoding__what_is_not_read, forget),
        cmocka_unit_test_teardown(test_text__random_bytes, forget),
        cmocka_unit_test(test_text__out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
