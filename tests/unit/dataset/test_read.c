#include "dataset/read.h"

#include "bytes.h"
#include "nanoarrow/nanoarrow.h"
#include "scratch.h"

enum { LOADS = 1000 };

static void put_int(bf_buf *b, int32_t n) {
    for (int i = 0; i < 4; i++) bf_buf_putc(b, (char)((uint32_t)n >> 8 * i));
}

static void put_sized(bf_buf *b, char type, int32_t n) {
    bf_buf_putc(b, type);
    put_int(b, n);
}

/* A module of CPython 3.8 that loads a text of n bytes, again and again. */
static void put_file(const char *path, int32_t n) {
    bf_buf b = {0};
    bf_buf_put(&b, "\x55\x0d\x0d\x0a\0\0\0\0\0\0\0\0\0\0\0", 16);
    bf_buf_putc(&b, 'c');
    static const int32_t numbers[] = {0, 0, 0, 0, 1, 64}; /* counts of arguments and locals, stack size, flags */
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) put_int(&b, numbers[i]);
    put_sized(&b, 's', 4 * LOADS);
    for (int i = 0; i < LOADS - 1; i++) bf_buf_put(&b, "\x64\0\x01\0", 4); /* LOAD_CONST 0, POP_TOP */
    bf_buf_put(&b, "\x64\0\x53\0", 4);                                     /* LOAD_CONST 0, RETURN_VALUE */
    put_sized(&b, '(', 1);
    put_sized(&b, 'u', n);
    for (int32_t i = 0; i < n; i++) bf_buf_putc(&b, path[0]);
    for (int i = 0; i < 4; i++) put_sized(&b, '(', 0); /* names */
    put_sized(&b, 'u', 0);                             /* filename, name */
    put_sized(&b, 'u', 0);
    put_int(&b, 1);
    put_sized(&b, 's', 0);
    assert_false(b.failed);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(b.p, 1, b.n, f), b.n);
    fclose(f);
    bf_buf_free(&b);
}

static int count_batches(bool is_encoded) {
    static const char *const here[] = {"."};
    const bf_read_options options = {.paths = here, .n_paths = 1, .jobs = 2};
    bf_reader *reader;
    bf_error err = {0};
    bf_index_report report;
    int n = 0, n_rows = 0;
    assert_int_equal(bf_reader_open(&reader, &options, NULL, is_encoded, &err), BF_OK);
    for (;; n++) {
        struct ArrowArray batch;
        assert_int_equal(bf_reader_next(reader, &batch, &err), BF_OK);
        if (!batch.release) break;
        n_rows += (int)batch.length;
        ArrowArrayRelease(&batch);
    }
    bf_reader_report(reader, &report);
    assert_int_equal(n_rows, 4);
    assert_int_equal(report.instructions, 4 * 2 * LOADS);
    assert_int_equal(report.errors, 0);
    bf_reader_close(reader);
    return n;
}

/* Texts stand once in a dictionary, yet a writer may have to write each as often as it occurs: 34 MB for each of these files. */
static void test_read__batches_end_by_their_texts(void **state) {
    (void)state;
    static const char *const paths[] = {"a.pyc", "b.pyc", "c.pyc", "d.pyc"};
    for (int is_encoded = 0; is_encoded < 2; is_encoded++) {
        for (int i = 0; i < 4; i++) put_file(paths[i], 17000);
        assert_int_equal(count_batches(is_encoded), 2);
        for (int i = 0; i < 4; i++) put_file(paths[i], 40);
        assert_int_equal(count_batches(is_encoded), 1);
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_read__batches_end_by_their_texts, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
