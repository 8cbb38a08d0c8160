/* The types of 2.7 from marshal to repr: bytes that marshal.dumps of CPython 2.7.18 writes, or that were made by hand, and what repr of it
 * says of what marshal.loads makes of them. */
#include "bytes.h"
#include "code/code.h"
#include "decode/repr.h"

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct {
    const char *bytes;
    size_t n;
    const char *repr;
} rows[] = {
    {BYTES("i\1\0\0\0"), "1"},
    {BYTES("i\xff\xff\xff\xff"), "-1"},
    {BYTES("I\0\0\0\x80\0\0\0\0"), "2147483648"},
    {BYTES("l\0\0\0\0"), "0L"},
    {BYTES("l\1\0\0\0\1\0"), "1L"},
    {BYTES("l\xff\xff\xff\xff\1\0"), "-1L"},
    {BYTES("l\5\0\0\0\0\0\0\0\0\0\0\0\0\4"), "1180591620717411303424L"},
    {BYTES("g\0\0\0\0\0\0\xf8\x3f"), "1.5"},
    {BYTES("f\0041.25"), "1.25"},
    {BYTES("y\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xf0\x3f"), "1j"},
    {BYTES("x\0011\0012"), "(1+2j)"},
    {BYTES("t\3\0\0\0abc"), "'abc'"},
    {BYTES("s\3\0\0\0\xc3\xa9\xff"), "'\\xc3\\xa9\\xff'"},
    {BYTES("s\2\0\0\0'\n"), "\"'\\n\""},
    {BYTES("u\2\0\0\0\xc3\xa9"), "u'\\xe9'"},
    {BYTES("u\3\0\0\0\xe4\xb8\xad"), "u'\\u4e2d'"},
    {BYTES("u\4\0\0\0\xf0\x9f\x98\x80"), "u'\\U0001f600'"},
    {BYTES("u\3\0\0\0\xed\xa0\x80"), "u'\\ud800'"},
    {BYTES("u\2\0\0\0'\x7f"), "u\"'\\x7f\""},
    {BYTES("(\4\0\0\0t\4\0\0\0nameR\0\0\0\0t\5\0\0\0otherR\0\0\0\0"), "('name', 'name', 'other', 'name')"},
    {BYTES("(\3\0\0\0s\1\0\0\0xt\1\0\0\0yR\0\0\0\0"), "('x', 'y', 'y')"}, /* an s takes no number */
    {BYTES("(\1\0\0\0l\1\0\0\0\1\0"), "(1L,)"},
    {BYTES("<\1\0\0\0i\1\0\0\0"), "set([1])"},
    {BYTES("<\0\0\0\0"), "set([])"},
    {BYTES(">\1\0\0\0i\2\0\0\0"), "frozenset([2])"},
    {BYTES(">\0\0\0\0"), "frozenset([])"},
    {BYTES("[\1\0\0\0N"), "[None]"},
    {BYTES("{i\1\0\0\0i\2\0\0\0i\3\0\0\0" "00"), "{1: 2}"},
    {BYTES("{N0NT0"), "{None: True}"}, /* a key without a value is passed over */
    {BYTES("S"), "<type 'exceptions.StopIteration'>"},
    {BYTES("."), "Ellipsis"},
};

static void test_types_27__as_cpython_says(void **state) {
    const bf_cpython *version = version_of(27);
    (void)state;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        bf_arena arena = {0};
        bf_buf text = {0};
        bf_error err = {0};
        bf_object *root;
        size_t end;
        uint8_t *data = exact_copy(rows[k].bytes, rows[k].n);
        if (bf_marshal_read(&root, data, rows[k].n, 0, version, NULL, &arena, &end, &err) != BF_OK) fail_msg("%s: %s", rows[k].repr, err.message);
        assert_int_equal(end, rows[k].n);
        assert_int_equal(bf_repr(&text, root, version, NULL, &err), BF_OK);
        assert_said(&text, rows[k].repr, "repr", "2.7");
        for (size_t n = 0; n < rows[k].n; n++) {
            uint8_t *part = exact_copy(rows[k].bytes, n);
            assert_int_equal(bf_marshal_read(&root, part, n, 0, version, NULL, &arena, &end, &err), BF_TRUNCATED);
            bf_error_clear(&err);
            free(part);
        }
        bf_buf_free(&text);
        bf_arena_free(&arena);
        free(data);
    }
}

/* What marshal.loads refuses as well: ValueError, EOFError, UnicodeDecodeError. */
static void test_types_27__refused(void **state) {
    static const struct {
        const char *bytes;
        size_t n;
        bf_status status;
    } wrong[] = {
        {BYTES("R\0\0\0\0"), BF_CORRUPT},
        {BYTES("(\2\0\0\0t\1\0\0\0xR\1\0\0\0"), BF_CORRUPT},
        {BYTES("(\2\0\0\0s\1\0\0\0xR\0\0\0\0"), BF_CORRUPT},
        {BYTES("l\1\0\0\0\0\0"), BF_CORRUPT},
        {BYTES("u\1\0\0\0\xff"), BF_CORRUPT},
        {BYTES("r\0\0\0\0"), BF_UNSUPPORTED},
        {BYTES(")\0"), BF_UNSUPPORTED},
        {BYTES("z\1x"), BF_UNSUPPORTED},
        {BYTES("Z\1x"), BF_UNSUPPORTED},
        {BYTES("a\1\0\0\0x"), BF_UNSUPPORTED},
        {BYTES("A\1\0\0\0x"), BF_UNSUPPORTED},
        {BYTES("\xce"), BF_UNSUPPORTED}, /* N with the bit that 3.4 gave a meaning */
        {BYTES(":NNN"), BF_UNSUPPORTED},
        {BYTES("}0"), BF_UNSUPPORTED},
    };
    (void)state;
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        bf_arena arena = {0};
        bf_error err = {0};
        bf_object *root;
        size_t end;
        const uint8_t *data = (const uint8_t *)wrong[k].bytes;
        assert_int_equal(bf_marshal_read(&root, data, wrong[k].n, 0, version_of(27), NULL, &arena, &end, &err), wrong[k].status);
        if (wrong[k].status == BF_UNSUPPORTED) assert_non_null(strstr(err.message, "2.7"));
        bf_arena_free(&arena);
    }
}

/* Text of bytes, as b.decode("utf-8", "backslashreplace") of CPython 3.11 gives it. */
static void test_types_27__names_are_utf8_or_escaped(void **state) {
    static const struct {
        const char *bytes;
        size_t n;
        const char *text;
    } names[] = {
        {BYTES("name"), "name"},
        {BYTES(""), ""},
        {BYTES("\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80"), "\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80"},
        {BYTES("\xe9t\xe9"), "\\xe9t\\xe9"},
        {BYTES("\xc3"), "\\xc3"},
        {BYTES("\xe4\xb8x"), "\\xe4\\xb8x"},
        {BYTES("\xed\xa0\x80"), "\\xed\\xa0\\x80"}, /* a surrogate */
        {BYTES("\xc0\x80\xf4\x90\x80\x80\xff"), "\\xc0\\x80\\xf4\\x90\\x80\\x80\\xff"},
        {BYTES("a\\x\xff"), "a\\x\\xff"},
    };
    (void)state;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        bf_arena arena = {0};
        uint8_t *data = exact_copy(names[k].bytes, names[k].n);
        bf_object object = {.type = BF_OBJ_BYTES, .is_complete = true, .n = (uint32_t)names[k].n, .u.p = (const char *)data};
        assert_text(bf_object_text(&object, &arena), names[k].text);
        bf_arena_free(&arena);
        free(data);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types_27__as_cpython_says),
        cmocka_unit_test(test_types_27__refused),
        cmocka_unit_test(test_types_27__names_are_utf8_or_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
