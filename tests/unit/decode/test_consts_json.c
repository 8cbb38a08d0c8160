/* decode/consts_json.c against CPython (consts_json_cases.inc): each type, whole files with their code_ids; and the budgets. */
#include "decode/consts_json.h"
#include "decode/facts.h"
#include "failing.h"

static const struct {
    unsigned mask;
    size_t n;
    const char *bytes, *json; /* marshalled */
} rows[] = {
#define CONST(mask, n, bytes, json) {mask, n, bytes, json},
#define WHOLE(mask, n, bytes, json)
#include "decode/consts_json_cases.inc"
#undef CONST
#undef WHOLE
};

static const struct {
    unsigned mask;
    size_t n;
    const char *bytes, *json; /* of each code object, a line each */
} files[] = {
#define CONST(mask, n, bytes, json)
#define WHOLE(mask, n, bytes, json) {mask, n, bytes, json},
#include "decode/consts_json_cases.inc"
#undef CONST
#undef WHOLE
};

/* What one constant gets of the default. */
static size_t text_share(void) {
    bf_budget budget;
    bf_budget_init(&budget, NULL);
    return (size_t)budget.most[BF_BUDGET_text] / BF_TEXT_SHARES;
}

static void test_consts_json__as_documented(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        for (int bit = 0; bit < N_VERSIONS; bit++) {
            if (!(rows[k].mask >> bit & 1)) continue;
            bf_arena arena = {0};
            bf_buf text = {0};
            bf_object *o;
            bf_error err = {0};
            size_t end;
            char name[32];
            uint8_t *data = exact_copy(rows[k].bytes, rows[k].n);
            snprintf(name, sizeof name, "JSON of row %zu", k);
            assert_int_equal(bf_marshal_read(&o, data, rows[k].n, 0, version_of_bit(bit), NULL, &arena, &end, &err), BF_OK);
            assert_int_equal(bf_const_json(&text, o, (bf_str){NULL, 0}, version_of_bit(bit), NULL, &err), BF_OK);
            assert_said(&text, rows[k].json, name, version_of_bit(bit)->name);
            bf_buf_free(&text);
            bf_arena_free(&arena);
            free(data);
        }
}

static void put_file(bf_buf *out, const bf_file_facts *file) {
    for (uint32_t i = 0; i < file->n_codes; i++) {
        if (i) bf_buf_putc(out, '\n');
        bf_buf_put_str(out, file->codes[i].consts_json);
    }
}

static void test_consts_json__of_files(void **state) {
    (void)state;
    unsigned seen = 0;
    bf_decode_options options = {.path = BF_STR("m.pyc")};
    for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
        bf_arena arena = {0};
        bf_buf text = {0};
        bf_file_facts facts;
        bf_error err = {0};
        uint8_t *data = exact_copy(files[k].bytes, files[k].n);
        assert_int_equal(bf_decode_pyc(data, files[k].n, &options, &arena, &facts, &err), BF_OK);
        assert_int_equal(facts.n_errors, 0);
        put_file(&text, &facts);
        assert_said(&text, files[k].json, "file", "of its mask");
        seen |= files[k].mask;
        bf_buf_free(&text);
        bf_arena_free(&arena);
        free(data);
    }
    assert_int_equal(seen, (1u << N_VERSIONS) - 1);
}

/* ---- budgets ---- */

static bf_object leaf = {.type = BF_OBJ_STR, .is_complete = true, .n = 5, .u.p = "hello"};

/* 2**depth leaves in a few objects. */
static bf_object *doubling(bf_object *levels, bf_object *(*items)[2], int depth, bf_object_type type) {
    for (int k = 0; k < depth; k++) {
        items[k][0] = items[k][1] = k ? &levels[k - 1] : &leaf;
        levels[k] = (bf_object){.type = (uint8_t)type, .is_complete = true, .n = type == BF_OBJ_DICT ? 1 : 2, .u.items = items[k]};
    }
    return &levels[depth - 1];
}

static void test_consts_json__doubling_is_bounded(void **state) {
    (void)state;
    static const bf_object_type types[] = {BF_OBJ_TUPLE, BF_OBJ_LIST, BF_OBJ_FROZENSET, BF_OBJ_DICT};
    static bf_object levels[100], *items[100][2];
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        bf_buf text = {0};
        bf_error err = {0};
        bf_object *small = doubling(levels, items, 10, types[t]);
        assert_int_equal(bf_const_json(&text, small, (bf_str){NULL, 0}, version_of(312), NULL, &err), BF_OK);
        text.n = 0;
        bf_object *large = doubling(levels, items, 100, types[t]);
        assert_int_equal(bf_const_json(&text, large, (bf_str){NULL, 0}, version_of(312), NULL, &err), BF_LIMIT);
        assert_int_equal(err.code, BF_LIMIT);
        assert_true(text.n < 3 * text_share());
        text.n = 0;
        bf_const_json_too_large(&text, large);
        char expected[80];
        static const char *const names[] = {"tuple", "list", "frozenset", "dict"};
        snprintf(expected, sizeof expected, "{\"type\":\"%s\",\"repr\":\"<too large>\",\"too_large\":true}", names[t]);
        assert_said(&text, expected, "what stands for it", "3.12");
        bf_buf_free(&text);
    }
}

static void test_consts_json__large_bytes(void **state) {
    (void)state;
    bf_buf text = {0};
    char *zeros = calloc(1, text_share() / 4);
    assert_non_null(zeros);
    bf_object bytes = {.type = BF_OBJ_BYTES, .is_complete = true, .n = (uint32_t)text_share() / 4, .u.p = zeros};
    assert_int_equal(bf_const_json(&text, &bytes, (bf_str){NULL, 0}, version_of(312), NULL, NULL), BF_LIMIT);
    assert_int_equal(text.n, 0); /* refused before anything was printed */
    free(zeros);
    bf_buf_free(&text);
}

static void test_consts_json__long_int(void **state) {
    (void)state;
    static uint8_t digits[2 * 10000];
    memset(digits, 1, sizeof digits);
    bf_buf text = {0};
    bf_object number = {.type = BF_OBJ_LONG, .is_complete = true, .n = 10000, .u.digits = digits};
    assert_int_equal(bf_const_json(&text, &number, (bf_str){NULL, 0}, version_of(312), NULL, NULL), BF_LIMIT);
    bf_buf_free(&text);
}

/* ---- a file of them: the array stays whole, an error row says what is missing ---- */

static void put_u32(bf_buf *out, uint32_t n) {
    for (int i = 0; i < 4; i++) bf_buf_putc(out, (char)(n >> 8 * i));
}

/* A module of CPython 3.12 with these constants. */
static void make_module(bf_buf *out, const bf_buf *consts) {
    put_u32(out, 3531 | 0x0a0d0000);
    for (int i = 0; i < 3; i++) put_u32(out, 0);
    bf_buf_putc(out, 'c');
    for (int i = 0; i < 5; i++) put_u32(out, 0);
    bf_buf_put(out, "s\0\0\0\0", 5);
    bf_buf_put(out, consts->p, consts->n);
    bf_buf_put(out, ")\0)\0s\0\0\0\0z\1fz\1nz\1q", 18);
    put_u32(out, 1);
    bf_buf_put(out, "s\0\0\0\0s\0\0\0\0", 10);
}

static void test_consts_json__error_rows(void **state) {
    (void)state;
    enum { DEPTH = 60, REFERENCES = 2000 };
    bf_buf consts = {0}, file = {0};
    bf_decode_options options = {.path = BF_STR("m.pyc")};
    bf_arena arena = {0};
    bf_file_facts facts;
    /* (1, level[0], ..., level[DEPTH], the last one again and again) */
    bf_buf_putc(&consts, '(');
    put_u32(&consts, DEPTH + 1 + REFERENCES);
    bf_buf_put(&consts, "\xda\1a", 3);
    for (uint32_t k = 0; k < DEPTH; k++) {
        bf_buf_put(&consts, "\xa9\2r", 3);
        put_u32(&consts, k);
        bf_buf_putc(&consts, 'r');
        put_u32(&consts, k);
    }
    for (int k = 0; k < REFERENCES; k++) {
        bf_buf_putc(&consts, 'r');
        put_u32(&consts, DEPTH);
    }
    make_module(&file, &consts);
    assert_int_equal(bf_decode_pyc((uint8_t *)file.p, file.n, &options, &arena, &facts, NULL), BF_OK);
    assert_int_equal(facts.n_codes, 1);
    for (uint32_t i = 0; i < facts.n_errors; i++) assert_text(facts.errors[i].attrs.items[0].value, "limit");
    assert_in_range(facts.n_errors, 1, 4); /* constants given up, constants not made, JSON, instructions: however many there are */
    bf_arena_free(&arena);
    bf_buf_free(&consts);
    bf_buf_free(&file);
}

static void test_consts_json__too_large_in_an_array(void **state) {
    (void)state;
    bf_buf consts = {0}, file = {0}, text = {0};
    bf_decode_options options = {.path = BF_STR("m.pyc")};
    bf_arena arena = {0};
    bf_file_facts facts;
    bf_buf_put(&consts, ")\3Nl", 4);
    put_u32(&consts, 10000);
    for (int i = 0; i < 10000; i++) bf_buf_put(&consts, "\1\1", 2);
    bf_buf_putc(&consts, 'T');
    make_module(&file, &consts);
    assert_int_equal(bf_decode_pyc((uint8_t *)file.p, file.n, &options, &arena, &facts, NULL), BF_OK);
    put_file(&text, &facts);
    assert_said(&text, "[null,{\"type\":\"int\",\"repr\":\"<too large>\",\"too_large\":true},true]", "module", "3.12");
    bf_arena_free(&arena);
    bf_buf_free(&text);
    bf_buf_free(&consts);
    bf_buf_free(&file);
}

static void test_consts_json__out_of_memory(void **state) {
    (void)state;
    bf_object *items[] = {&leaf, &leaf}, tuple = {.type = BF_OBJ_TUPLE, .is_complete = true, .n = 2, .u.items = items};
    bf_status st = BF_NO_MEMORY;
    for (int64_t n = 0; st == BF_NO_MEMORY; n++) {
        bf_buf text = {0};
        bf_error err = {0};
        allocations_left = n;
        st = bf_const_json(&text, &tuple, (bf_str){NULL, 0}, version_of(312), NULL, &err);
        allocations_left = INT64_MAX;
        assert_int_equal(err.code, st);
        bf_buf_free(&text);
        assert_true(n < 100);
    }
    assert_int_equal(st, BF_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_consts_json__as_documented),
        cmocka_unit_test(test_consts_json__of_files),
        cmocka_unit_test(test_consts_json__doubling_is_bounded),
        cmocka_unit_test(test_consts_json__large_bytes),
        cmocka_unit_test(test_consts_json__long_int),
        cmocka_unit_test(test_consts_json__error_rows),
        cmocka_unit_test(test_consts_json__too_large_in_an_array),
        cmocka_unit_test(test_consts_json__out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
