/* code/code.c: every field of a code object as its own version shows it (code_cases.inc), and code objects that lack some. */
#include "failing.h"
#include "code/code.h"

static const struct {
    unsigned mask;
    size_t n;
    const char *bytes;
    size_t n_text;
    const char *text;
} rows[] = {
#define CODE(mask, n, bytes, n_text, text) {mask, n, bytes, n_text, text},
#include "code/code_cases.inc"
};

enum { N_ROWS = sizeof rows / sizeof *rows };

static void put_names(bf_buf *out, const bf_names *names) {
    bf_buf_puts(out, " (");
    for (uint32_t i = 0; i < names->n; i++) {
        if (i) bf_buf_putc(out, ',');
        bf_buf_put_str(out, names->items[i]);
    }
    bf_buf_putc(out, ')');
}

static void put_code(bf_buf *out, const bf_code *c) {
    bf_buf_put_str(out, c->name);
    bf_buf_putc(out, ' ');
    bf_buf_put_str(out, c->qualname.p ? c->qualname : BF_STR("-"));
    bf_buf_putc(out, ' ');
    bf_buf_put_str(out, c->filename);
    bf_buf_printf(out, " %d %d,%d,%d %d %d 0x%x %u %u", c->firstlineno, c->argcount, c->posonlyargcount, c->kwonlyargcount, c->nlocals,
                  c->stacksize, (unsigned)c->flags, c->n_bytecode, c->n_consts);
    put_names(out, &c->varnames);
    put_names(out, &c->freevars);
    put_names(out, &c->cellvars);
    put_names(out, &c->names);
}

static void test_code__as_cpython_shows(void **state) {
    (void)state;
    for (int k = 0; k < N_ROWS; k++)
        for (int bit = 0; bit < N_VERSIONS; bit++) {
            if (!(rows[k].mask >> bit & 1)) continue;
            const bf_cpython *version = version_of_bit(bit);
            bf_arena arena = {0};
            bf_buf text = {0};
            bf_object *root;
            bf_code code;
            size_t end;
            bf_error err = {0};
            uint8_t *data = exact_copy(rows[k].bytes, rows[k].n);
            assert_int_equal(bf_marshal_read(&root, data, rows[k].n, 0, version, NULL, &arena, &end, &err), BF_OK);
            assert_int_equal(bf_code_from_raw(&code, root->u.code, version, data, rows[k].n, &arena, &err), BF_OK);
            put_code(&text, &code);
            assert_said(&text, rows[k].text, "code object", version->name);
            assert_ptr_equal(code.version, version);
            assert_int_equal(code.offset, 0);
            assert_memory_equal(data + code.bytecode_offset, code.bytecode, code.n_bytecode);
            if (code.n_linetable) assert_memory_equal(data + code.linetable_offset, code.linetable, code.n_linetable);
            assert_int_equal(code.exceptiontable_offset >= 0, version->has_localsplus);
            /* what LOAD_FAST and LOAD_DEREF count in */
            if (version->has_localsplus)
                assert_int_equal(code.frees.n, code.locals.n);
            else
                assert_int_equal(code.frees.n, code.cellvars.n + code.freevars.n);
            bf_buf_free(&text);
            bf_arena_free(&arena);
            free(data);
        }
}

/* ---- by hand ---- */

static bf_object str_a = {.type = BF_OBJ_STR, .is_complete = true, .n = 1, .u.p = "a"};
static bf_object str_b = {.type = BF_OBJ_STR, .is_complete = true, .n = 1, .u.p = "b"};
static bf_object number = {.type = BF_OBJ_INT, .is_complete = true, .u.i = 1};
static bf_object unread = {.type = BF_OBJ_STR};

static bf_object tuple_of(bf_object **items, uint32_t n) {
    return (bf_object){.type = BF_OBJ_TUPLE, .is_complete = true, .n = n, .u.items = items};
}

static bf_status from_raw(bf_code *code, const bf_raw_code *raw, int version, bf_arena *arena, bf_error *err) {
    static const uint8_t data[1];
    return bf_code_from_raw(code, raw, version_of(version), data, 0, arena, err);
}

/* Reading stopped before the first object: all is there, and empty. */
static void test_code__nothing_but_numbers(void **state) {
    static const int ids[] = {38, 310, 311, 315};
    (void)state;
    for (size_t k = 0; k < sizeof ids / sizeof *ids; k++) {
        bf_raw_code raw = {.argcount = 3, .offset = 16};
        bf_arena arena = {0};
        bf_code code;
        assert_int_equal(from_raw(&code, &raw, ids[k], &arena, NULL), BF_OK);
        assert_int_equal(code.argcount, 3);
        assert_null(code.name.p);
        assert_null(code.qualname.p);
        assert_null(code.filename.p);
        assert_int_equal(code.n_bytecode, 0);
        assert_non_null(code.bytecode);
        assert_int_equal(code.bytecode_offset, -1);
        assert_int_equal(code.n_consts, 0);
        assert_int_equal(code.names.n + code.varnames.n + code.freevars.n + code.cellvars.n + code.locals.n + code.frees.n, 0);
        bf_arena_free(&arena);
    }
}

static void test_code__name_that_is_no_str(void **state) {
    bf_object *items[] = {&str_a, &number};
    bf_object names = tuple_of(items, 2);
    (void)state;
    for (int which = 0; which < 5; which++) {
        bf_raw_code raw = {.offset = 16};
        bf_object **const fields[] = {&raw.names, &raw.varnames, &raw.freevars, &raw.cellvars, &raw.localsplusnames};
        static const char *const texts[] = {"co_names", "co_varnames", "co_freevars", "co_cellvars", "co_localsplusnames"};
        bf_arena arena = {0};
        bf_error err = {0};
        bf_code code;
        *fields[which] = &names;
        assert_int_equal(from_raw(&code, &raw, which == 4 ? 312 : 39, &arena, &err), BF_CORRUPT);
        assert_int_equal(err.offset, 16);
        assert_non_null(strstr(err.message, texts[which]));
        bf_arena_free(&arena);
    }
}

/* Reading stopped inside of a tuple of names: those before it are there. */
static void test_code__names_that_were_cut(void **state) {
    bf_object *items[] = {&str_a, &str_b, &unread};
    bf_object names = tuple_of(items, 3);
    bf_raw_code raw = {.names = &names};
    bf_arena arena = {0};
    bf_code code;
    (void)state;
    names.is_complete = false;
    assert_int_equal(from_raw(&code, &raw, 39, &arena, NULL), BF_OK);
    assert_int_equal(code.names.n, 2);
    assert_text(code.names.items[1], "b");
    bf_arena_free(&arena);
}

/* Kinds of localsplus, CPython Include/internal/pycore_code.h: 0x20 local, 0x40 cell, 0x80 free; an argument may be a cell too. */
static void test_code__kinds_of_localsplus(void **state) {
    bf_object *items[] = {&str_a, &str_b, &str_a, &str_b};
    bf_object names = tuple_of(items, 4);
    bf_object kinds = {.type = BF_OBJ_BYTES, .is_complete = true, .n = 4, .u.p = "\040\140\100\200"};
    bf_raw_code raw = {.localsplusnames = &names, .localspluskinds = &kinds};
    bf_arena arena = {0};
    bf_error err = {0};
    bf_code code;
    (void)state;
    assert_int_equal(from_raw(&code, &raw, 312, &arena, &err), BF_OK);
    assert_int_equal(code.locals.n, 4);
    assert_int_equal(code.frees.n, 4);
    assert_int_equal(code.varnames.n, 2);
    assert_int_equal(code.nlocals, 2);
    assert_int_equal(code.cellvars.n, 2);
    assert_text(code.cellvars.items[0], "b");
    assert_int_equal(code.freevars.n, 1);
    kinds.n = 3;
    assert_int_equal(from_raw(&code, &raw, 312, &arena, &err), BF_CORRUPT);
    assert_int_equal(from_raw(&code, &raw, 310, &arena, NULL), BF_OK); /* which has no such fields */
    kinds.is_complete = false; /* cut before them */
    assert_int_equal(from_raw(&code, &raw, 312, &arena, NULL), BF_OK);
    bf_arena_free(&arena);
}

/* What "surrogatepass" wrote, as backslashreplace of UTF-8 shows it: CPython 3.12.1. */
static void test_code__text_of_surrogates(void **state) {
    static const struct {
        const char *raw, *text;
    } cases[] = {{"\355\240\200", "\\ud800"},
                 {"\355\277\277", "\\udfff"},
                 {"a\355\262\200b", "a\\udc80b"},
                 {"\355\237\277\355\240\200", "\355\237\277\\ud800"},
                 {"\355\240\275\355\270\200", "\\ud83d\\ude00"}};
    bf_arena arena = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bf_object o = {.type = BF_OBJ_STR, .has_surrogates = true, .n = (uint32_t)strlen(cases[i].raw), .u.p = cases[i].raw};
        assert_text(bf_object_text(&o, &arena), cases[i].text);
    }
    bf_object empty = {.type = BF_OBJ_STR};
    assert_text(bf_object_text(&empty, &arena), "");
    bf_arena_free(&arena);
}

static void test_code__failed_allocations(void **state) {
    bf_object surrogate = {.type = BF_OBJ_STR, .is_complete = true, .has_surrogates = true, .n = 3, .u.p = "\355\240\200"};
    bf_object *items[] = {&str_a, &surrogate};
    bf_object names = tuple_of(items, 2);
    bf_object kinds = {.type = BF_OBJ_BYTES, .is_complete = true, .n = 2, .u.p = "\040\140"};
    bf_raw_code raw = {.names = &names,
                       .varnames = &names,
                       .freevars = &names,
                       .cellvars = &names,
                       .localsplusnames = &names,
                       .localspluskinds = &kinds,
                       .name = &surrogate,
                       .filename = &surrogate};
    char *memory = malloc(4096);
    (void)state;
    assert_non_null(memory);
    for (int version = 38; version < 400; version = version == 38 ? 312 : 400) {
        bf_status st = BF_NO_MEMORY;
        for (size_t n = 0; n < 4096 && st != BF_OK; n += 8) {
            bf_arena arena = small_arena(memory, n);
            bf_code code;
            bf_error err = {0};
            allocations_left = 0;
            st = from_raw(&code, &raw, version, &arena, &err);
            allocations_left = INT64_MAX;
            if (st != BF_OK) assert_int_equal(st, BF_NO_MEMORY);
            if (st == BF_OK) assert_text(code.filename, "\\ud800");
        }
        assert_int_equal(st, BF_OK);
    }
    free(memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_code__as_cpython_shows),     cmocka_unit_test(test_code__nothing_but_numbers),
        cmocka_unit_test(test_code__name_that_is_no_str),  cmocka_unit_test(test_code__names_that_were_cut),
        cmocka_unit_test(test_code__kinds_of_localsplus),  cmocka_unit_test(test_code__text_of_surrogates),
        cmocka_unit_test(test_code__failed_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
