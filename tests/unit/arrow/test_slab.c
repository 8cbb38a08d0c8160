/* arrow/slab.c: buffers that grow, in a slab and beyond it, and a slab's way back. */
#include "arrow/slab.h"

#include "failing.h"

static struct ArrowArray begin_texts(bf_slabs *slabs, bf_slab **slab) {
    struct ArrowArray array;
    assert_int_equal(ArrowArrayInitFromType(&array, NANOARROW_TYPE_STRING), NANOARROW_OK);
    *slab = bf_slab_take(slabs);
    assert_non_null(*slab);
    bf_slab_serve(*slab, &array);
    assert_int_equal(ArrowArrayStartAppending(&array), NANOARROW_OK);
    return array;
}

/* Two columns grow in turns, from a few bytes to more than a slab gives. */
static void test_slab__buffers_grow(void **state) {
    bf_slabs *slabs = bf_slabs_new();
    struct ArrowArray columns[2];
    bf_slab *of[2];
    (void)state;
    for (int c = 0; c < 2; c++) columns[c] = begin_texts(slabs, &of[c]);
    for (int64_t i = 0; i < 300000; i++)
        for (int c = 0; c < 2; c++) {
            char text[24];
            snprintf(text, sizeof text, "%d of %lld", c, (long long)i);
            assert_int_equal(ArrowArrayAppendString(&columns[c], ArrowCharView(text)), NANOARROW_OK);
        }
    bf_slabs_free(slabs);
    for (int c = 0; c < 2; c++) {
        struct ArrowArrayView view;
        assert_int_equal(ArrowArrayFinishBuildingDefault(&columns[c], NULL), NANOARROW_OK);
        bf_slab_end(of[c], 0);
        ArrowArrayViewInitFromType(&view, NANOARROW_TYPE_STRING);
        assert_int_equal(ArrowArrayViewSetArray(&view, &columns[c], NULL), NANOARROW_OK);
        for (int64_t i = 0; i < 300000; i += 7) {
            char text[24];
            snprintf(text, sizeof text, "%d of %lld", c, (long long)i);
            struct ArrowStringView is = ArrowArrayViewGetStringUnsafe(&view, i);
            assert_text(((bf_str){is.data, (uint32_t)is.size_bytes}), text);
        }
        ArrowArrayViewReset(&view);
        ArrowArrayRelease(&columns[c]);
    }
}

static void test_slab__shrinks(void **state) {
    bf_slabs *slabs = bf_slabs_new();
    struct ArrowBuffer *buffer;
    bf_slab *slab;
    struct ArrowArray array = begin_texts(slabs, &slab);
    (void)state;
    buffer = ArrowArrayBuffer(&array, 2);
    assert_int_equal(ArrowBufferResize(buffer, 5 << 20, 0), NANOARROW_OK);
    memset(buffer->data, 'x', 5 << 20);
    assert_int_equal(ArrowBufferResize(buffer, 100, 1), NANOARROW_OK);
    for (int i = 0; i < 100; i++) assert_int_equal(buffer->data[i], 'x');
    ArrowArrayRelease(&array);
    bf_slab_end(slab, 0);
    assert_ptr_equal(bf_slab_take(slabs), slab); /* it came back */
    bf_slab_end(slab, 0);
    bf_slabs_free(slabs);
}

/* What grows and cannot is given back, small or large, and its slab is of use again. */
static void test_slab__no_memory(void **state) {
    (void)state;
    for (int64_t size = 100; size <= 100 << 20; size *= 1024) {
        bf_slabs *slabs = bf_slabs_new();
        bf_slab *slab;
        struct ArrowArray array = begin_texts(slabs, &slab);
        struct ArrowBuffer *buffer = ArrowArrayBuffer(&array, 2);
        assert_int_equal(ArrowBufferResize(buffer, size, 0), NANOARROW_OK);
        allocations_left = 0;
        assert_int_equal(ArrowBufferResize(buffer, (int64_t)1 << 30, 0), ENOMEM);
        allocations_left = INT64_MAX;
        ArrowArrayRelease(&array);
        bf_slab_end(slab, 0);
        assert_ptr_equal(bf_slab_take(slabs), slab);
        bf_slab_end(slab, 0);
        bf_slabs_free(slabs);
    }
    allocations_left = 0;
    assert_null(bf_slabs_new());
    allocations_left = INT64_MAX;
    bf_slabs *slabs = bf_slabs_new();
    allocations_left = 0;
    assert_null(bf_slab_take(slabs));
    allocations_left = INT64_MAX;
    bf_slabs_free(slabs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slab__buffers_grow),
        cmocka_unit_test(test_slab__shrinks),
        cmocka_unit_test(test_slab__no_memory),
    };
    return cmocka_run_group_tests_name("slab", tests, NULL, NULL);
}
