/* Each allocation fails once, while each fixture is decoded and becomes a batch: BF_NO_MEMORY, nothing half made, nothing leaked. */
#include <glob.h>

#include "arrow/build.h"
#include "base/file.h"
#include "failing.h"

enum { SHARES = 8 }; /* fixtures share the work: each takes one allocation in so many. With 1 it is half a minute. */

static int64_t n_points;

/* The first row begins the batch: nanoarrow itself does not look at all of its allocations when it makes an array. */
static bf_status decode_and_build(const uint8_t *data, size_t size, int64_t allocations, bool *made_batch) {
    bf_arena arena = {0};
    bf_file_facts facts;
    bf_builder builder;
    bf_error err = {0};
    struct ArrowArray batch = {0};
    bf_decode_options options = {.path = BF_STR("a.pyc")};
    assert_int_equal(bf_builder_init(&builder, size % 2, NULL, NULL), BF_OK);
    assert_int_equal(bf_decode_pyc((const uint8_t *)"no magic", 8, &options, &arena, &facts, NULL), BF_OK);
    assert_int_equal(bf_builder_add(&builder, &facts, NULL), BF_OK);
    bf_arena_free(&arena);
    allocations_left = allocations;
    bf_status st = bf_decode_pyc(data, size, &options, &arena, &facts, &err);
    if (st == BF_OK) st = bf_builder_add(&builder, &facts, &err);
    if (st == BF_OK) st = bf_builder_finish(&builder, &batch, &err);
    allocations_left = INT64_MAX;
    assert_int_equal(st, err.code);
    *made_batch = batch.release != NULL;
    if (*made_batch) {
        assert_int_equal(batch.length, 2);
        ArrowArrayRelease(&batch);
    }
    bf_builder_reset(&builder);
    bf_arena_free(&arena);
    return st;
}

static void test_no_memory__each_fixture(void **state) {
    glob_t files;
    (void)state;
    assert_int_equal(glob(BF_TEST_DATA "/*/ok_*.pyc", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        uint8_t *data;
        size_t size;
        assert_int_equal(bf_file_read(files.gl_pathv[i], 1 << 24, &data, &size, NULL), BF_OK);
        bf_status st = BF_NO_MEMORY;
        bool made_batch;
        for (int64_t n = (int64_t)i % SHARES; st != BF_OK; n += SHARES) {
            st = decode_and_build(data, size, n, &made_batch);
            assert_true(st == BF_OK || st == BF_NO_MEMORY);
            assert_int_equal(made_batch, st == BF_OK);
            n_points++;
        }
        free(data);
    }
    printf("%zu fixtures, %lld allocations failed\n", files.gl_pathc, (long long)(n_points - (int64_t)files.gl_pathc));
    globfree(&files);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_memory__each_fixture)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
