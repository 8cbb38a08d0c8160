/* base/arena.c: alignment, growth, what reset keeps, sizes that no memory has. */
#include "failing.h"

enum { FIRST_BLOCK = 256 * 1024, LARGEST_BLOCK = 8 * 1024 * 1024 };

static void test_arena__aligned_to_8_and_apart(void **state) {
    bf_arena arena = {0};
    char *last = NULL;
    size_t sum = 0;
    (void)state;
    for (size_t size = 1; size < 100; size++) {
        char *p = bf_arena_alloc(&arena, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 8, 0);
        if (last) assert_true(p >= last + size - 1);
        memset(p, 0xa5, size);
        sum += (size + 7) / 8 * 8;
        last = p;
    }
    assert_int_equal(arena.size_bytes, sum);
    bf_arena_free(&arena);
    assert_null(arena.blocks);
    assert_int_equal(arena.size_bytes, 0);
}

static void test_arena__grows_by_blocks(void **state) {
    bf_arena arena = {0};
    (void)state;
    for (int i = 0; i < 5000; i++) {
        uint64_t *p = bf_arena_alloc(&arena, 1000 * sizeof *p);
        assert_non_null(p);
        p[0] = p[999] = (uint64_t)i;
    }
    assert_int_equal(arena.size_bytes, 5000 * 8000);
    bf_arena_free(&arena);
}

static void test_arena__one_item_larger_than_a_block(void **state) {
    bf_arena arena = {0};
    (void)state;
    char *p = bf_arena_alloc(&arena, LARGEST_BLOCK + 1);
    assert_non_null(p);
    p[LARGEST_BLOCK] = 1;
    char *q = bf_arena_alloc(&arena, 1);
    assert_non_null(q);
    assert_true(q < p || q > p + LARGEST_BLOCK);
    bf_arena_free(&arena);
}

static void test_arena__reset_keeps_the_largest_block(void **state) {
    bf_arena arena = {0};
    (void)state;
    assert_non_null(bf_arena_alloc(&arena, 1));
    char *large = bf_arena_alloc(&arena, FIRST_BLOCK * 4);
    assert_non_null(large);
    assert_non_null(bf_arena_alloc(&arena, FIRST_BLOCK * 2)); /* a third block */
    bf_arena_reset(&arena);
    assert_int_equal(arena.size_bytes, 0);
    assert_non_null(arena.blocks);
    allocations_left = 0;
    char *again = bf_arena_alloc(&arena, FIRST_BLOCK * 4);
    allocations_left = INT64_MAX;
    assert_non_null(again);
    memset(again, 1, FIRST_BLOCK * 4);
    bf_arena_free(&arena);
}

static void test_arena__reset_gives_huge_blocks_back(void **state) {
    bf_arena arena = {0};
    (void)state;
    assert_non_null(bf_arena_alloc(&arena, LARGEST_BLOCK + 8));
    bf_arena_reset(&arena);
    assert_null(arena.blocks);
    assert_non_null(bf_arena_alloc(&arena, 8));
    bf_arena_reset(&arena);
    bf_arena_reset(&arena);
    bf_arena_free(&arena);
    bf_arena_reset(&arena); /* of an empty one */
    bf_arena_free(&arena);
}

static void test_arena__zalloc_is_zero_also_after_reset(void **state) {
    bf_arena arena = {0};
    (void)state;
    memset(bf_arena_alloc(&arena, 4096), 0xff, 4096);
    bf_arena_reset(&arena);
    uint32_t *p = bf_arena_zalloc(&arena, 1000, sizeof *p);
    assert_non_null(p);
    for (int i = 0; i < 1000; i++) assert_int_equal(p[i], 0);
    bf_arena_free(&arena);
}

static void test_arena__sizes_that_overflow(void **state) {
    bf_arena arena = {0};
    (void)state;
    assert_null(bf_arena_zalloc(&arena, SIZE_MAX, 2));
    assert_null(bf_arena_zalloc(&arena, SIZE_MAX / 8, 8));
    assert_null(bf_arena_zalloc(&arena, SIZE_MAX / 8 - 1, 8)); /* the block's own head overflows it */
    assert_null(bf_arena_zalloc(&arena, SIZE_MAX / 64, 64));
    assert_null(bf_arena_alloc(&arena, SIZE_MAX - 15));
    bf_arena_free(&arena);
}

static void test_arena__failed_allocation_leaves_it_usable(void **state) {
    bf_arena arena = {0};
    (void)state;
    assert_non_null(bf_arena_alloc(&arena, 8));
    allocations_left = 0;
    assert_null(bf_arena_alloc(&arena, FIRST_BLOCK));
    assert_null(bf_arena_zalloc(&arena, FIRST_BLOCK, 1));
    bf_str none = bf_arena_str(&arena, "x", FIRST_BLOCK * 2);
    allocations_left = INT64_MAX;
    assert_null(none.p);
    assert_int_equal(none.n, 0);
    assert_non_null(bf_arena_alloc(&arena, 8));
    assert_int_equal(arena.size_bytes, 16);
    bf_arena_free(&arena);
}

static void test_arena__str_copies(void **state) {
    bf_arena arena = {0};
    char text[] = "caf\303\251";
    (void)state;
    bf_str copy = bf_arena_str(&arena, text, 5);
    text[0] = 'x';
    assert_text(copy, "caf\303\251");
    bf_str empty = bf_arena_str(&arena, NULL, 0);
    assert_non_null(empty.p); /* empty, not null */
    assert_int_equal(empty.n, 0);
    bf_arena_free(&arena);
}

static void count(void *context) {
    ++*(int *)context;
}

static void test_arena__alarm(void **state) {
    bf_arena arena = {0};
    int n = 0;
    (void)state;
    arena.alarm = (bf_arena_alarm){FIRST_BLOCK, count, &n};
    for (int round = 1; round <= 3; round++) {
        assert_non_null(bf_arena_alloc(&arena, FIRST_BLOCK / 2));
        assert_int_equal(n, round - 1);
        for (int i = 0; i < 100; i++) assert_non_null(bf_arena_alloc(&arena, FIRST_BLOCK));
        assert_int_equal(n, round); /* once, until the next reset */
        bf_arena_reset(&arena);
    }
    bf_arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena__aligned_to_8_and_apart),
        cmocka_unit_test(test_arena__grows_by_blocks),
        cmocka_unit_test(test_arena__one_item_larger_than_a_block),
        cmocka_unit_test(test_arena__reset_keeps_the_largest_block),
        cmocka_unit_test(test_arena__reset_gives_huge_blocks_back),
        cmocka_unit_test(test_arena__zalloc_is_zero_also_after_reset),
        cmocka_unit_test(test_arena__sizes_that_overflow),
        cmocka_unit_test(test_arena__failed_allocation_leaves_it_usable),
        cmocka_unit_test(test_arena__str_copies),
        cmocka_unit_test(test_arena__alarm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
