#include "arrow/build.h"

#include "base/file.h"
#include "failing.h"

/* ---- fixtures in batches ---- */

/** One row; what it was decoded from is gone when this returns. */
static bf_status add(bf_builder *b, const void *bytes, size_t n, const char *repo, bf_error *err) {
    bf_arena arena = {0};
    bf_file_facts facts;
    bf_decode_options options = {.repo = bf_str_of(repo), .path = BF_STR("a.pyc")};
    int64_t limit = allocations_left;
    allocations_left = INT64_MAX; /* only those of the builder fail */
    uint8_t *data = exact_copy(bytes, n);
    assert_int_equal(bf_decode_pyc(data, n, &options, &arena, &facts, err), BF_OK);
    allocations_left = limit;
    bf_status st = bf_builder_add(b, &facts, err);
    bf_arena_free(&arena);
    free(data);
    return st;
}

static uint8_t *caches; /* 3.12/ok_caches.pyc */
static size_t n_caches;

static int read_caches(void **state) {
    (void)state;
    return bf_file_read(BF_TEST_DATA "/3.12/ok_caches.pyc", 1 << 20, &caches, &n_caches, NULL) != BF_OK;
}

static int free_caches(void **state) {
    (void)state;
    free(caches);
    return 0;
}

static void add_good(bf_builder *b, const char *repo) {
    bf_error err = {0};
    if (add(b, caches, n_caches, repo, &err) != BF_OK) fail_msg("%s", err.message);
}

static void add_bad(bf_builder *b) {
    bf_error err = {0};
    if (add(b, "no magic at all", 15, NULL, &err) != BF_OK) fail_msg("%s", err.message);
}

typedef struct batch {
    struct ArrowSchema schema;
    struct ArrowArray array;
    struct ArrowArrayView view;
} batch;

/* A column that is required has no null. */
static void assert_required(const struct ArrowSchema *field, const struct ArrowArrayView *view) {
    if (!(field->flags & ARROW_FLAG_NULLABLE) && ArrowArrayViewComputeNullCount(view)) fail_msg("%s is null", field->name);
    for (int64_t i = 0; i < field->n_children; i++) assert_required(field->children[i], view->children[i]);
}

/** Moves the batch out, and holds all of its buffers against the contract. */
static batch finish(bf_builder *b) {
    batch out = {0};
    bf_error err = {0};
    struct ArrowError why = {0};
    assert_int_equal(bf_builder_schema(b->is_encoded, &out.schema, &err), BF_OK);
    if (bf_builder_finish(b, &out.array, &err) != BF_OK) fail_msg("%s", err.message);
    assert_int_equal(ArrowArrayViewInitFromSchema(&out.view, &out.schema, &why), NANOARROW_OK);
    if (ArrowArrayViewSetArray(&out.view, &out.array, &why)) fail_msg("%s", why.message);
    if (ArrowArrayViewValidate(&out.view, NANOARROW_VALIDATION_LEVEL_FULL, &why)) fail_msg("%s", why.message);
    for (int64_t i = 0; i < out.schema.n_children; i++) assert_required(out.schema.children[i], out.view.children[i]);
    return out;
}

static void release(batch *b) {
    ArrowArrayViewReset(&b->view);
    ArrowArrayRelease(&b->array);
    ArrowSchemaRelease(&b->schema);
}

/** "code_objects[].instructions": the column of all rows together. */
static const struct ArrowArrayView *column(const batch *b, const char *path) {
    const struct ArrowSchema *schema = &b->schema;
    const struct ArrowArrayView *view = &b->view;
    while (*path) {
        size_t n = strcspn(path, ".[");
        int64_t i = 0;
        while (i < schema->n_children && (strlen(schema->children[i]->name) != n || memcmp(schema->children[i]->name, path, n))) i++;
        assert_true(i < schema->n_children);
        schema = schema->children[i], view = view->children[i];
        path += n;
        if (*path == '[') schema = schema->children[0], view = view->children[0], path += 2;
        path += *path == '.';
    }
    return view;
}

static void assert_cell(const batch *b, const char *path, int64_t row, const char *expected) {
    const struct ArrowArrayView *view = column(b, path);
    assert_true(row < view->length);
    assert_false(ArrowArrayViewIsNull(view, row));
    struct ArrowStringView cell = view->dictionary ? ArrowArrayViewGetStringUnsafe(view->dictionary, ArrowArrayViewGetIntUnsafe(view, row))
                                                   : ArrowArrayViewGetStringUnsafe(view, row);
    assert_text((bf_str){cell.data, (uint32_t)cell.size_bytes}, expected);
}

static void assert_number(const batch *b, const char *path, int64_t row, int64_t expected) {
    const struct ArrowArrayView *view = column(b, path);
    assert_true(row < view->length);
    assert_false(ArrowArrayViewIsNull(view, row));
    assert_int_equal(ArrowArrayViewGetIntUnsafe(view, row), expected);
}

/** How many items the list (or map) of one row has. */
static void assert_items(const batch *b, const char *path, int64_t row, int64_t expected) {
    const struct ArrowArrayView *view = column(b, path);
    assert_true(row < view->length);
    assert_false(ArrowArrayViewIsNull(view, row));
    assert_int_equal(ArrowArrayViewListChildOffset(view, row + 1) - ArrowArrayViewListChildOffset(view, row), expected);
}

/* The module of caches.py as tests/data/3.12/ok_caches.expect has it. */
static void assert_caches_module(const batch *b) {
    assert_cell(b, "path", 0, "a.pyc");
    assert_items(b, "errors", 0, 0);
    assert_cell(b, "code_objects[].qualname", 0, "<module>");
    assert_cell(b, "code_objects[].co_filename", 0, "caches.py");
    assert_cell(b, "code_objects[].qualname", 1, "<module>.Cached@4");
    assert_number(b, "code_objects[].firstlineno1", 0, 1);
    assert_number(b, "code_objects[].stacksize", 0, 5);
    assert_number(b, "code_objects[].code_len", 0, 30);
    assert_items(b, "code_objects[].names", 0, 3);
    assert_items(b, "code_objects[].varnames", 0, 0);
    assert_items(b, "code_objects[].consts", 0, 4);
    assert_cell(b, "code_objects[].names[]", 1, "object");
    assert_cell(b, "code_objects[].consts[].const_repr", 3, "None");
    assert_items(b, "code_objects[].line_table", 0, 3);
    assert_number(b, "code_objects[].line_table[].line1", 2, 4);
    assert_number(b, "code_objects[].line_table[].line0", 2, 3);
    assert_true(ArrowArrayViewIsNull(column(b, "code_objects[].line_table[].line0"), 0)); /* of line 0, there is none before */
    assert_items(b, "code_objects[].instructions", 0, 12);
    assert_cell(b, "code_objects[].instructions[].opname", 9, "CALL");
    assert_number(b, "code_objects[].instructions[].offset", 10, 26);
    assert_number(b, "code_objects[].instructions[].instr_index", 11, 11);
    assert_items(b, "code_objects[].instructions[].cache_info", 8, 0);
    assert_items(b, "code_objects[].instructions[].cache_info", 9, 2);
    assert_cell(b, "code_objects[].instructions[].cache_info[].name", 1, "func_version");
    assert_number(b, "code_objects[].instructions[].cache_info[].size", 1, 2);
    assert_cell(b, "code_objects[].instructions[].cache_info[].data_hex", 0, "0000");
    assert_cell(b, "code_objects[].instructions[].cache_info[].data_hex", 1, "00000000");
    assert_number(b, "code_objects[].instructions[].span.start.line0", 4, 3); /* 4:0-11:34 */
    assert_number(b, "code_objects[].instructions[].span.end.line0", 4, 10);
    assert_number(b, "code_objects[].instructions[].span.end.col", 4, 34);
    assert_items(b, "code_objects[].exception_table", 0, 0);
}

/* ---- the builder, without and with dictionaries: `state` says which ---- */

static bool with_dictionaries = true;
#define PLAIN(test) cmocka_unit_test_prestate(test, NULL)
#define ENCODED(test) cmocka_unit_test_prestate(test, &with_dictionaries)

static void test_build__rows(void **state) {
    bf_error err = {0};
    bf_builder b;
    assert_int_equal(bf_builder_init(&b, *state != NULL, NULL, &err), BF_OK);
    assert_int_equal(bf_builder_rows(&b), 0);
    assert_int_equal(bf_builder_size_bytes(&b), 0);
    add_good(&b, "r");
    add_bad(&b);
    add_good(&b, "");
    assert_int_equal(bf_builder_rows(&b), 3);
    assert_true(bf_builder_size_bytes(&b) > 2 * (int64_t)n_caches);
    batch out = finish(&b);
    assert_int_equal(out.array.length, 3);
    assert_int_equal(out.array.n_children, 6);
    assert_cell(&out, "repo", 0, "r");
    assert_true(ArrowArrayViewIsNull(column(&out, "repo"), 1));
    assert_cell(&out, "repo", 2, ""); /* empty is not null */
    assert_items(&out, "code_objects", 1, 0);
    assert_items(&out, "errors", 1, 1);
    assert_items(&out, "errors", 2, 0);
    assert_caches_module(&out);
    release(&out);
    bf_builder_reset(&b);
}

/* Nothing of a batch is left in the next one: where the first had nulls (repo) and the next has none, there is no bitmap. */
static void test_build__second_batch(void **state) {
    bf_error err = {0};
    bf_builder b;
    assert_int_equal(bf_builder_init(&b, *state != NULL, NULL, &err), BF_OK);
    add_bad(&b);
    add_good(&b, "r");
    batch first = finish(&b);
    assert_int_equal(bf_builder_rows(&b), 0);
    for (int i = 0; i < 2; i++) {
        add_good(&b, "s");
        batch next = finish(&b);
        assert_int_equal(next.array.length, 1);
        assert_null(next.array.children[0]->buffers[0]);
        assert_cell(&next, "repo", 0, "s");
        assert_caches_module(&next);
        assert_int_equal(column(&next, "code_objects[].instructions[]")->length, column(&first, "code_objects[].instructions[]")->length);
        release(&next);
    }
    assert_cell(&first, "repo", 1, "r"); /* moved out: it is its own */
    release(&first);
    bf_builder_reset(&b);
}

/* A batch lies where one lay that was released, once there is a block as large as a batch, and only there. */
static void test_build__memory_comes_back(void **state) {
    bf_error err = {0};
    bf_builder b;
    const void *seen[6][2];
    batch held[2];
    assert_int_equal(bf_builder_init(&b, *state != NULL, NULL, &err), BF_OK);
    for (int round = 0; round < 6; round++)
        for (int i = 0; i < 2; i++) {
            add_good(&b, "r");
            held[i] = finish(&b);
            seen[round][i] = held[i].array.children[0]->buffers[1];
            if (i == 1) assert_ptr_not_equal(seen[round][0], seen[round][1]);
            if (round > 4) assert_true(seen[round][i] == seen[4][0] || seen[round][i] == seen[4][1]);
            if (i == 1 && round < 5) release(&held[0]), release(&held[1]);
        }
    bf_builder_reset(&b);
    for (int i = 0; i < 2; i++) { /* they outlive their builder */
        assert_caches_module(&held[i]);
        release(&held[i]);
    }
}

static void test_build__no_rows(void **state) {
    bf_error err = {0};
    bf_builder b;
    assert_int_equal(bf_builder_init(&b, *state != NULL, NULL, &err), BF_OK);
    batch out = finish(&b);
    assert_int_equal(out.array.length, 0);
    release(&out);
    bf_builder_reset(&b);
    assert_int_equal(bf_builder_init(&b, *state != NULL, NULL, &err), BF_OK); /* and one that was never used */
    bf_builder_reset(&b);
}

/* Each allocation fails once, of a row and of the end of its batch. The row before begins the batch: nanoarrow itself does not
 * look at all of its allocations when it makes an array. */
static void test_build__no_memory(void **state) {
    int64_t n = 0;
    bf_status st;
    do {
        bf_error err = {0};
        bf_builder b;
        struct ArrowArray out = {0};
        assert_int_equal(bf_builder_init(&b, *state != NULL, NULL, &err), BF_OK);
        add_bad(&b);
        allocations_left = n++;
        st = add(&b, caches, n_caches, NULL, &err);
        if (st == BF_OK) st = bf_builder_finish(&b, &out, &err);
        allocations_left = INT64_MAX;
        assert_int_equal(err.code, st);
        if (st != BF_OK) {
            assert_int_equal(st, BF_NO_MEMORY);
            assert_int_equal(bf_builder_rows(&b), 0); /* dropped, and the builder is of use again */
            add_good(&b, "r");
            batch next = finish(&b);
            assert_int_equal(next.array.length, 1);
            release(&next);
        } else {
            ArrowArrayRelease(&out);
        }
        bf_builder_reset(&b);
    } while (st != BF_OK);
    assert_true(n > 50); /* columns of a code object, and what is below it */
}

/* ---- columns ---- */

static struct ArrowArray new_array(enum ArrowType type) {
    struct ArrowArray array;
    assert_int_equal(ArrowArrayInitFromType(&array, type), NANOARROW_OK);
    assert_int_equal(ArrowArrayStartAppending(&array), NANOARROW_OK);
    return array;
}

static struct ArrowArrayView view_of(struct ArrowArray *array, enum ArrowType type) {
    struct ArrowArrayView view;
    assert_int_equal(ArrowArrayFinishBuildingDefault(array, NULL), NANOARROW_OK);
    ArrowArrayViewInitFromType(&view, type);
    assert_int_equal(ArrowArrayViewSetArray(&view, array, NULL), NANOARROW_OK);
    assert_int_equal(ArrowArrayViewValidate(&view, NANOARROW_VALIDATION_LEVEL_FULL, NULL), NANOARROW_OK);
    return view;
}

static void test_build__numbers_as_texts(void **state) {
    (void)state;
    static const int32_t numbers[] = {0, 7, 10, 65535, INT32_MAX};
    static const char *const texts[] = {"0", "7", "10", "65535", "2147483647"};
    bf_scratch s = {0};
    struct ArrowArray array = new_array(NANOARROW_TYPE_STRING);
    bf_col_numbers(&s, &array, numbers, 2);
    bf_col_numbers(&s, &array, numbers + 2, 3);
    assert_false(s.failed);
    struct ArrowArrayView view = view_of(&array, NANOARROW_TYPE_STRING);
    for (int i = 0; i < 5; i++) {
        struct ArrowStringView cell = ArrowArrayViewGetStringUnsafe(&view, i);
        assert_text((bf_str){cell.data, (uint32_t)cell.size_bytes}, texts[i]);
    }
    ArrowArrayViewReset(&view);
    ArrowArrayRelease(&array);
}

/* The first null comes after values that were told to be none, and runs end within a byte. */
static void test_build__late_nulls(void **state) {
    (void)state;
    bf_scratch s = {0};
    struct ArrowArray array = new_array(NANOARROW_TYPE_INT32);
    for (int32_t run = 0; run < 3; run++) {
        int32_t *to = bf_col_int32(&s, &array, 5);
        assert_non_null(to);
        for (int32_t k = 0; k < 5; k++) to[k] = run == 1 && k == 3 ? -9 : run * 5 + k;
        bf_col_int32_nulls(&s, &array, to, 5, -9);
    }
    struct ArrowArrayView view = view_of(&array, NANOARROW_TYPE_INT32);
    assert_int_equal(array.null_count, 1);
    for (int64_t i = 0; i < 15; i++) {
        assert_int_equal(ArrowArrayViewIsNull(&view, i), i == 8);
        if (i != 8) assert_int_equal(ArrowArrayViewGetIntUnsafe(&view, i), i);
    }
    ArrowArrayViewReset(&view);
    ArrowArrayRelease(&array);
    bf_scratch_free(&s);
}

static void test_build__bools(void **state) {
    (void)state;
    static const int8_t values[] = {1, 0, 1, 1, 0};
    bf_scratch s = {0};
    struct ArrowArray array = new_array(NANOARROW_TYPE_BOOL);
    for (int run = 0; run < 4; run++) bf_col_bool(&s, &array, values, 5);
    struct ArrowArrayView view = view_of(&array, NANOARROW_TYPE_BOOL);
    assert_int_equal(array.length, 20);
    for (int64_t i = 0; i < 20; i++) assert_int_equal(ArrowArrayViewGetIntUnsafe(&view, i), values[i % 5]);
    ArrowArrayViewReset(&view);
    ArrowArrayRelease(&array);
}

static struct ArrowArray new_places(void) {
    struct ArrowArray array = new_array(NANOARROW_TYPE_INT32);
    assert_int_equal(ArrowArrayAllocateDictionary(&array), NANOARROW_OK);
    *array.dictionary = new_array(NANOARROW_TYPE_STRING);
    return array;
}

/* The texts that the places stand for; NULL is null. */
static void assert_places(struct ArrowArray *array, const char *const *expected, int64_t n) {
    assert_int_equal(ArrowArrayFinishBuildingDefault(array, NULL), NANOARROW_OK);
    assert_int_equal(array->length, n);
    const int32_t *places = array->buffers[1], *ends = array->dictionary->buffers[1];
    const char *texts = array->dictionary->buffers[2];
    const uint8_t *valid = array->buffers[0];
    for (int64_t i = 0; i < n; i++) {
        assert_int_equal(!valid || ArrowBitGet(valid, i), expected[i] != NULL);
        if (!expected[i]) continue;
        assert_in_range(places[i], 0, array->dictionary->length - 1);
        assert_text((bf_str){texts + ends[places[i]], (uint32_t)(ends[places[i] + 1] - ends[places[i]])}, expected[i]);
    }
    ArrowArrayRelease(array);
}

static void test_build__words_as_places(void **state) {
    (void)state;
    bf_scratch s = {0};
    static const char one[] = "LOAD_FAST", other[] = "LOAD_FAST";
    const bf_str words[] = {{one, 9}, {NULL, 0}, {one, 4}, {other, 9}, {one, 9}, {"", 0}};
    const char *const expected[] = {"LOAD_FAST", NULL, "LOAD", "LOAD_FAST", "LOAD_FAST", ""};
    for (int batch = 0; batch < 2; batch++) {
        struct ArrowArray array = new_places();
        bf_col_words(&s, &array, words, 6);
        bf_col_end_words(&s, &array);
        bf_scratch_end_batch(&s);
        assert_false(s.failed);
        assert_int_equal(array.dictionary->length, 4); /* where it is and how long makes it one */
        assert_places(&array, expected, 6);
    }
    bf_scratch_free(&s);
}

/* More words than there are slots to find them again: all are right, some are there twice. */
static void test_build__many_words(void **state) {
    (void)state;
    enum { N = 3 * BF_WORD_SLOTS };
    static char texts[N][8];
    static bf_str words[N];
    static const char *expected[N];
    bf_scratch s = {0};
    struct ArrowArray array = new_places();
    for (int i = 0; i < N; i++) {
        words[i] = (bf_str){texts[i], (uint32_t)snprintf(texts[i], sizeof texts[i], "w%d", i)};
        expected[i] = texts[i];
    }
    bf_col_words(&s, &array, words, N);
    bf_col_end_words(&s, &array);
    assert_false(s.failed);
    assert_places(&array, expected, N);
    bf_scratch_free(&s);
}

static void test_build__numbers_as_places(void **state) {
    (void)state;
    bf_scratch s = {0};
    const int32_t numbers[] = {0, 1023, 1024, 1024, 7, INT32_MAX};
    const char *const expected[] = {"0", "1023", "1024", "1024", "7", "2147483647"};
    struct ArrowArray array = new_places();
    bf_col_numbers(&s, &array, numbers, 6);
    bf_col_end_numbers(&s, &array);
    assert_false(s.failed);
    assert_places(&array, expected, 6);
    bf_scratch_free(&s);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        PLAIN(test_build__rows),      PLAIN(test_build__second_batch),   PLAIN(test_build__no_rows),   PLAIN(test_build__no_memory),
        ENCODED(test_build__rows),    ENCODED(test_build__second_batch), ENCODED(test_build__no_rows), ENCODED(test_build__no_memory),
        cmocka_unit_test(test_build__numbers_as_texts), cmocka_unit_test(test_build__late_nulls), cmocka_unit_test(test_build__bools),
        cmocka_unit_test(test_build__words_as_places),  cmocka_unit_test(test_build__numbers_as_places),
        cmocka_unit_test(test_build__many_words),       PLAIN(test_build__memory_comes_back),           ENCODED(test_build__memory_comes_back),
    };
    return cmocka_run_group_tests(tests, read_caches, free_caches);
}
