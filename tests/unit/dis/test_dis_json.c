/* dis/dis.c, its JSON: against what dis.get_instructions and json.dumps of each version make of the same file (json_cases.inc). */
#include <unistd.h>

#include "failing.h"

static const struct {
    unsigned mask;
    int all; /* positions and caches too */
    size_t n;
    const char *bytes, *text;
} rows[] = {
#define JSON(mask, all, n, bytes, text) {mask, all, n, bytes, text},
#include "dis/json_cases.inc"
};

enum { N_ROWS = sizeof rows / sizeof *rows };

static char path[] = "bf_test_json_XXXXXX";

static int make_file(void **state) {
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state) {
    (void)state;
    return unlink(path);
}

static void write_file(const void *bytes, size_t n) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* *text is from malloc. */
static bf_status dis(const bf_dis_options *options, char **text, bf_error *err) {
    size_t n;
    FILE *out = open_memstream(text, &n);
    assert_non_null(out);
    bf_status st = bf_dis_file(path, options, out, err);
    assert_int_equal(fclose(out), 0);
    return st;
}

static void test_dis_json__as_cpython_says(void **state) {
    (void)state;
    for (int k = 0; k < N_ROWS; k++) {
        int bit = 0;
        while (!(rows[k].mask >> bit & 1)) bit++;
        bf_dis_options options = {.json = true, .show_caches = rows[k].all, .show_positions = rows[k].all};
        bf_error err = {0};
        bf_buf expected = {0}, found = {0};
        char *text;
        write_file(rows[k].bytes, rows[k].n);
        assert_int_equal(dis(&options, &text, &err), BF_OK);
        bf_buf_printf(&expected, "{\"path\":\"%s\",%s", path, rows[k].text);
        bf_buf_putc(&expected, 0);
        bf_buf_puts(&found, text);
        assert_said(&found, expected.p, "JSON", version_of_bit(bit)->name);
        bf_buf_free(&expected);
        bf_buf_free(&found);
        free(text);
    }
}

/* What is cut off is missing, and the document is whole. */
static void test_dis_json__cut_file_is_still_a_document(void **state) {
    (void)state;
    for (size_t n = 0; n < rows[0].n; n++) {
        bf_dis_options options = {.json = true, .show_caches = true, .show_positions = true};
        bf_error err = {0};
        char *text;
        int depth = 0;
        write_file(rows[0].bytes, n);
        assert_int_equal(dis(&options, &text, &err), BF_TRUNCATED);
        assert_true(err.offset >= 0 && err.offset <= (int64_t)n);
        bool in_text = false;
        for (const char *p = text; *p; p++) {
            if (in_text) {
                if (*p == '\\' && p[1]) p++;
                else if (*p == '"') in_text = false;
            } else if (*p == '"') {
                in_text = true;
            } else {
                depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
            }
        }
        assert_int_equal(depth, 0);
        assert_false(in_text);
        if (n >= 16) assert_int_equal(strncmp(text, "{\"path\":", 8), 0);
        free(text);
    }
}

/* A name of control characters, a quote and a backslash: as json.dumps escapes them, but always in six characters. */
static void test_dis_json__escapes(void **state) {
    bf_dis_options options = {.json = true};
    bf_buf b = {0};
    char *text;
    (void)state;
    bf_buf_put(&b, rows[0].bytes, 16);
    bf_buf_putc(&b, 'c');
    for (int i = 0; i < 24; i++) bf_buf_putc(&b, 0);
    bf_buf_put(&b, "s\0\0\0\0)\0)\0)\0)\0)\0", 15);
    bf_buf_put(&b, "z\3m\n\177z\6\"\\\t\0/\037\0\0\0\0s\0\0\0\0", 22);
    write_file(b.p, b.n);
    assert_int_equal(dis(&options, &text, NULL), BF_OK);
    assert_non_null(strstr(text, "\"name\":\"\\\"\\\\\\u0009\\u0000/\\u001f\",\"filename\":\"m\\u000a\177\""));
    free(text);
    bf_buf_free(&b);
}

static void test_dis_json__no_pyc_writes_nothing(void **state) {
    bf_dis_options options = {.json = true};
    bf_error err = {0};
    char *text;
    (void)state;
    write_file("#!/bin/sh\n", 10);
    assert_int_equal(dis(&options, &text, &err), BF_CORRUPT);
    assert_string_equal(text, "");
    free(text);
}

static void test_dis_json__assumed_version(void **state) {
    bf_dis_options options = {.json = true, .assume_version = "3.8"};
    bf_error err = {0};
    uint8_t *copy = exact_copy(rows[0].bytes, rows[0].n);
    char *text;
    (void)state;
    memcpy(copy, "\017\047", 2);
    write_file(copy, rows[0].n);
    assert_int_equal(dis(&options, &text, &err), BF_OK);
    assert_non_null(strstr(text, rows[0].text));
    free(text);
    options.assume_version = NULL;
    assert_int_equal(dis(&options, &text, &err), BF_UNSUPPORTED);
    free(text);
    options.assume_version = "4.0";
    bf_error_clear(&err);
    assert_int_equal(dis(&options, &text, &err), BF_INVALID_ARGUMENT);
    free(text);
    free(copy);
}

static void test_dis_json__what_cannot_be_read_or_written(void **state) {
    bf_dis_options options = {.json = true};
    bf_error err = {0};
    (void)state;
    write_file(rows[0].bytes, rows[0].n);
    FILE *out = fopen("/dev/full", "w");
    if (out) {
        assert_int_equal(bf_dis_file(path, &options, out, &err), BF_IO);
        fclose(out);
    }
    assert_int_equal(bf_dis_file("/nonexistent/m.pyc", &options, stdout, &err), BF_NOT_FOUND);
    assert_non_null(strstr(err.message, "/nonexistent/m.pyc"));
    assert_int_equal(bf_dis_file(".", &options, stdout, &err), BF_IO);
}

static void test_dis_json__failed_allocations(void **state) {
    bf_dis_options options = {.json = true, .show_caches = true};
    char *text;
    size_t n_text;
    (void)state;
    write_file(rows[0].bytes, rows[0].n);
    for (int n = 0;; n++) {
        FILE *out = open_memstream(&text, &n_text);
        bf_error err = {0};
        assert_non_null(out);
        allocations_left = n;
        bf_status st = bf_dis_file(path, &options, out, &err);
        allocations_left = INT64_MAX;
        fclose(out);
        bool wrote = n_text > 0;
        free(text);
        if (st == BF_OK) break;
        assert_int_equal(st, BF_NO_MEMORY);
        assert_int_equal(err.code, BF_NO_MEMORY);
        assert_false(wrote);
        assert_true(n < 100);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dis_json__as_cpython_says),
        cmocka_unit_test(test_dis_json__cut_file_is_still_a_document),
        cmocka_unit_test(test_dis_json__escapes),
        cmocka_unit_test(test_dis_json__no_pyc_writes_nothing),
        cmocka_unit_test(test_dis_json__assumed_version),
        cmocka_unit_test(test_dis_json__what_cannot_be_read_or_written),
        cmocka_unit_test(test_dis_json__failed_allocations),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
