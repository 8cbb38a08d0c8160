/* decode/decode.c: whole files as each version compiled them (decode_cases.inc): identity, attrs, the tree of code objects, error rows. */
#include "decode/facts.h"
#include "failing.h"
#include "opcodes/opcodes.h"

static const struct {
    unsigned mask;
    size_t n;
    const char *bytes, *text;
} rows[] = {
#define FILE_CASE(mask, n, bytes, text) {mask, n, bytes, text},
#include "decode/decode_cases.inc"
};

enum { N_ROWS = sizeof rows / sizeof *rows };

typedef struct decoded {
    bf_arena arena;
    bf_file_facts file;
    uint8_t *data;
} decoded;

static void decode_as(decoded *d, const void *bytes, size_t n, const bf_decode_options *options) {
    bf_error err = {0};
    *d = (decoded){.data = exact_copy(bytes, n)};
    assert_int_equal(bf_decode_pyc(d->data, n, options, &d->arena, &d->file, &err), BF_OK);
    assert_int_equal(err.code, BF_OK);
}

static void decode(decoded *d, const void *bytes, size_t n) {
    bf_decode_options options = {.path = BF_STR("m.pyc")};
    decode_as(d, bytes, n, &options);
}

static void done(decoded *d) {
    bf_arena_free(&d->arena);
    free(d->data);
}

/* .p NULL when there is none. */
static bf_str attr(const bf_attrs *attrs, const char *key) {
    for (uint32_t i = 0; i < attrs->n; i++)
        if (bf_str_eq(attrs->items[i].key, bf_str_of(key))) return attrs->items[i].value;
    return (bf_str){NULL, 0};
}

static void assert_error(const decoded *d, uint32_t index, const char *type, const char *stage, const char *offset) {
    assert_true(index < d->file.n_errors);
    const bf_error_fact *e = &d->file.errors[index];
    assert_text(e->error_type, type);
    assert_text(attr(&e->attrs, "error_stage"), stage);
    if (offset)
        assert_text(attr(&e->attrs, "offset"), offset);
    else
        assert_null(attr(&e->attrs, "offset").p);
    assert_true(e->message.n > 0);
}

/* ---- against CPython ---- */

static void put_joined(bf_buf *out, const bf_str *items, uint32_t n, char after) {
    for (uint32_t i = 0; i < n; i++) {
        if (i) bf_buf_putc(out, ',');
        bf_buf_put_str(out, items[i]);
    }
    bf_buf_putc(out, after);
}

/* As file_cases in gen_cases.py writes it; ids by its own hashlib. */
static void put_file(bf_buf *out, const bf_file_facts *file) {
    bf_buf_put_str(out, attr(&file->attrs, "file_sha256"));
    bf_buf_putc(out, ' ');
    bf_buf_put_str(out, file->file_id);
    for (uint32_t k = 0; k < file->n_codes; k++) {
        const bf_code_facts *c = &file->codes[k];
        bf_str parent = attr(&c->attrs, "parent_code_id");
        const bf_str texts[] = {c->code_id, c->qualname, c->co_qualname.p ? c->co_qualname : BF_STR("-"), parent.p ? parent : BF_STR("-")};
        bf_buf_putc(out, '\n');
        for (int t = 0; t < 4; t++) {
            bf_buf_put_str(out, texts[t]);
            bf_buf_putc(out, ' ');
        }
        bf_buf_printf(out, "%d %d,%d,%d %d 0x%x %d %d ", c->firstlineno, c->argcount, c->posonlyargcount, c->kwonlyargcount, c->nlocals,
                      (unsigned)c->flags, c->stacksize, c->code_len);
        put_joined(out, c->varnames, c->n_varnames, '/');
        put_joined(out, c->freevars, c->n_freevars, '/');
        put_joined(out, c->cellvars, c->n_cellvars, '/');
        put_joined(out, c->names, c->n_names, ' ');
        bf_buf_printf(out, "%u %u %u", c->n_consts, c->n_instrs, c->n_excs);
    }
}

static void test_decode__as_cpython_shows(void **state) {
    (void)state;
    for (int k = 0; k < N_ROWS; k++)
        for (int bit = 0; bit < N_VERSIONS; bit++) {
            if (!(rows[k].mask >> bit & 1)) continue;
            decoded d;
            bf_buf text = {0};
            bf_decode_options options = {.repo = BF_STR("repo"), .path = BF_STR("pkg/m.pyc")};
            decode_as(&d, rows[k].bytes, rows[k].n, &options);
            put_file(&text, &d.file);
            assert_said(&text, rows[k].text, "file", version_of_bit(bit)->name);
            assert_int_equal(d.file.n_errors, 0);
            assert_text(d.file.repo, "repo");
            assert_text(d.file.path, "pkg/m.pyc");
            int64_t n_instrs = 0;
            for (uint32_t i = 0; i < d.file.n_codes; i++) {
                n_instrs += d.file.codes[i].n_instrs;
                assert_text(d.file.codes[i].co_filename, "dir/m.py");
            }
            assert_int_equal(d.file.n_instrs, n_instrs);
            bf_buf_free(&text);
            done(&d);
        }
}

static void test_decode__parent_attrs(void **state) {
    (void)state;
    for (int k = 0; k < N_ROWS; k++) {
        decoded d;
        decode(&d, rows[k].bytes, rows[k].n);
        assert_int_equal(d.file.codes[0].attrs.n, 0);
        const bf_code_facts *f = &d.file.codes[1];
        assert_text(f->name, "f");
        assert_true(bf_str_eq(attr(&f->attrs, "parent_code_id"), d.file.codes[0].code_id));
        assert_text(attr(&f->attrs, "parent_qualpath"), "<module>");
        assert_text(attr(&f->attrs, "parent_co_name"), "<module>");
        assert_text(attr(&f->attrs, "parent_firstlineno"), "1");
        done(&d);
    }
}

/* ---- attrs of the file ---- */

static void test_decode__attrs_of_a_timestamp_file(void **state) {
    (void)state;
    for (int k = 0; k < N_ROWS; k++) {
        int bit = 0;
        char magic[8];
        while (!(rows[k].mask >> bit & 1)) bit++;
        decoded d;
        decode(&d, rows[k].bytes, rows[k].n);
        const bf_attrs *attrs = &d.file.attrs;
        snprintf(magic, sizeof magic, "%u", (unsigned)((uint8_t)rows[k].bytes[0] | (uint8_t)rows[k].bytes[1] << 8));
        assert_text(attr(attrs, "python_version"), version_of_bit(bit)->name);
        assert_text(attr(attrs, "python_magic"), magic);
        assert_text(attr(attrs, "pyc_flags"), "0");
        assert_text(attr(attrs, "source_mtime"), "1700000000");
        assert_text(attr(attrs, "adaptive"), "false");
        assert_non_null(attr(attrs, "source_size").p);
        static const char *const absent[] = {"source_hash", "python_prerelease", "optimize", "trailing_bytes"};
        for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) assert_null(attr(attrs, absent[i]).p);
        for (uint32_t i = 0; i < attrs->n; i++) /* a map has a key once */
            for (uint32_t j = 0; j < i; j++) assert_false(bf_str_eq(attrs->items[i].key, attrs->items[j].key));
        done(&d);
    }
}

/* The 3.8 file with bytes of its header replaced. */
static void decode_patched(decoded *d, size_t at, const void *bytes, size_t n, const char *assume) {
    uint8_t *copy = exact_copy(rows[0].bytes, rows[0].n);
    bf_decode_options options = {.path = BF_STR("m.pyc"), .assume_version = assume};
    memcpy(copy + at, bytes, n);
    decode_as(d, copy, rows[0].n, &options);
    free(copy);
}

static void test_decode__attrs_of_a_hash_file(void **state) {
    decoded d;
    (void)state;
    decode_patched(&d, 4, "\003\000\000\000\001\043\105\147\211\253\315\357", 12, NULL);
    assert_text(attr(&d.file.attrs, "pyc_flags"), "3");
    assert_text(attr(&d.file.attrs, "source_hash"),
                "0123456789abcdef"); /* the bytes in their order, as importlib.util.source_hash gives them */
    assert_null(attr(&d.file.attrs, "source_mtime").p);
    assert_null(attr(&d.file.attrs, "source_size").p);
    done(&d);
}

static void test_decode__prerelease_and_assumed_version(void **state) {
    decoded d;
    (void)state;
    decode_patched(&d, 0, "\124\r", 2, NULL); /* 3412: 3.8b2 */
    assert_text(attr(&d.file.attrs, "python_version"), "3.8");
    assert_text(attr(&d.file.attrs, "python_prerelease"), "3.8b2");
    assert_int_equal(d.file.n_errors, 0);
    done(&d);
    decode_patched(&d, 0, "\017\047", 2, "3.8"); /* 9999: nobody's */
    assert_text(attr(&d.file.attrs, "python_version"), "3.8");
    assert_text(attr(&d.file.attrs, "python_magic"), "9999");
    assert_int_equal(d.file.n_errors, 0);
    assert_int_equal(d.file.n_codes, 4);
    done(&d);
}

static void test_decode__optimize_from_the_name(void **state) {
    static const struct {
        const char *path, *level;
    } cases[] = {{"m.cpython-38.opt-2.pyc", "2"},
                 {"a/__pycache__/m.cpython-38.opt-1.pyc", "1"},
                 {"m.cpython-38.pyc", NULL},
                 {"m.opt-.pyc", NULL},
                 {"m.opt-1", NULL},
                 {"x.opt-1.d/m.pyc", NULL},
                 {"m.opt-x.pyc", "x"},
                 {".opt-1", NULL},
                 {"", NULL},
                 {"opt-1.pyc", NULL}};
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        decoded d;
        bf_decode_options options = {.path = bf_str_of(cases[k].path)};
        decode_as(&d, rows[0].bytes, rows[0].n, &options);
        if (cases[k].level)
            assert_text(attr(&d.file.attrs, "optimize"), cases[k].level);
        else
            assert_null(attr(&d.file.attrs, "optimize").p);
        done(&d);
    }
}

static void test_decode__trailing_bytes(void **state) {
    bf_buf b = {0};
    decoded d;
    (void)state;
    bf_buf_put(&b, rows[0].bytes, rows[0].n);
    bf_buf_puts(&b, "tail");
    decode(&d, b.p, b.n);
    assert_text(attr(&d.file.attrs, "trailing_bytes"), "4");
    assert_int_equal(d.file.n_codes, 4);
    done(&d);
    bf_buf_free(&b);
}

/* ---- identity ---- */

static void test_decode__file_id(void **state) {
    /* hashlib.sha256(repo + b"\n" + path + b"\0" + hexdigest of b"").hexdigest()[:32] of CPython 3.12.1; without a repo b"\0" + path ... */
    static const struct {
        const char *repo, *path, *id;
    } cases[] = {{"r", "p", "5d9eb06e49541ea633d28524b6881743"},
                 {"", "p", "0ccbcc19ec862b2cccdd6e2c1277611d"},
                 {NULL, "p", "6c541f3e6ced567196e94e1c3e68e09e"},
                 {NULL, "", "bac540339265e70e9da74ff4cda2798d"},
                 {"r\np", "", "721fd5c94bc630f7a4f11a2241e7c8f1"}};
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        decoded d;
        bf_decode_options options = {.repo = bf_str_of(cases[k].repo), .path = bf_str_of(cases[k].path)};
        decode_as(&d, "", 0, &options);
        assert_text(d.file.file_id, cases[k].id);
        done(&d);
    }
}

/* ---- error rows ---- */

static void test_decode__no_pyc_at_all(void **state) {
    decoded d;
    (void)state;
    decode(&d, "", 0);
    assert_int_equal(d.file.n_errors, 1);
    assert_error(&d, 0, "truncated", "header", "0");
    assert_int_equal(d.file.n_codes, 0);
    assert_text(attr(&d.file.attrs, "file_sha256"), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_null(attr(&d.file.attrs, "python_magic").p);
    done(&d);
    decode(&d, "#!/usr/bin/env python", 21);
    assert_error(&d, 0, "corrupt", "header", "2");
    done(&d);
    decode(&d, "\026\r\r\n............", 16); /* 3.5 */
    assert_error(&d, 0, "unsupported", "header", "0");
    assert_text(attr(&d.file.attrs, "python_magic"), "3350");
    assert_null(attr(&d.file.attrs, "python_version").p);
    done(&d);
}

static void test_decode__unknown_flags_are_an_error_and_no_end(void **state) {
    decoded d;
    (void)state;
    decode_patched(&d, 4, "\004", 1, NULL);
    assert_int_equal(d.file.n_errors, 1);
    assert_error(&d, 0, "corrupt", "header", "4");
    assert_int_equal(d.file.n_codes, 4);
    done(&d);
}

static void test_decode__object_that_is_no_code(void **state) {
    decoded d;
    (void)state;
    uint8_t data[17];
    memcpy(data, rows[0].bytes, 16);
    data[16] = 'N';
    decode(&d, data, sizeof data);
    assert_error(&d, 0, "corrupt", "marshal", "16");
    assert_int_equal(d.file.n_codes, 0);
    done(&d);
}

/* Cut anywhere, a file is a row with its error, and with what came before the cut. */
static void test_decode__every_prefix(void **state) {
    (void)state;
    for (int k = 0; k < N_ROWS; k++)
        for (size_t n = 0; n < rows[k].n; n++) {
            decoded d;
            decode(&d, rows[k].bytes, n);
            assert_true(d.file.n_errors >= 1);
            assert_text(d.file.errors[0].error_type, "truncated");
            assert_text(attr(&d.file.errors[0].attrs, "error_stage"), n < 16 ? "header" : "marshal");
            bf_str offset = attr(&d.file.errors[0].attrs, "offset");
            char number[24];
            snprintf(number, sizeof number, "%.*s", (int)offset.n, offset.p);
            assert_true((size_t)strtoll(number, NULL, 10) <= n);
            done(&d);
        }
}

static void test_decode__cut_code_object_is_incomplete(void **state) {
    decoded d;
    (void)state;
    for (int k = 0; k < N_ROWS; k++) {
        decode(&d, rows[k].bytes, rows[k].n - 1);
        assert_true(d.file.n_codes >= 3);
        assert_text(attr(&d.file.codes[0].attrs, "incomplete"), "true");
        assert_null(attr(&d.file.codes[1].attrs, "incomplete").p); /* nested ones were read whole */
        assert_true(d.file.codes[1].n_instrs > 0);
        done(&d);
    }
}

/* A file of 3.8: one code object of this bytecode and nothing else. */
static void file_of(bf_buf *out, const uint8_t *bytecode, uint32_t n) {
    out->n = 0;
    bf_buf_put(out, rows[0].bytes, 16);
    bf_buf_putc(out, 'c');
    for (int i = 0; i < 24; i++) bf_buf_putc(out, 0);
    bf_buf_putc(out, 's');
    for (int i = 0; i < 4; i++) bf_buf_putc(out, (char)(n >> 8 * i));
    bf_buf_put(out, bytecode, n);
    for (int i = 0; i < 5; i++) bf_buf_put(out, ")\0", 2);
    bf_buf_put(out, "z\1mz\1f\0\0\0\0s\0\0\0\0", 15);
}

static void test_decode__errors_have_a_limit(void **state) {
    static uint8_t unknown[2 * 1500];
    bf_buf b = {0};
    decoded d;
    (void)state;
    file_of(&b, unknown, sizeof unknown); /* opcode 0 is none in 3.8 */
    decode(&d, b.p, b.n);
    assert_int_equal(d.file.n_errors, 1000);
    assert_error(&d, 998, "anomaly", "code", "2042"); /* 46 + 2 * 998 */
    assert_true(bf_str_eq(attr(&d.file.errors[998].attrs, "code_id"), d.file.codes[0].code_id));
    assert_error(&d, 999, "limit", "limit", NULL);
    done(&d);
    bf_buf_free(&b);
}

static uint8_t op(int version, const char *name) {
    const bf_op_info *ops = bf_opcodes(version_of(version));
    int number = 0;
    while (number < 255 && !bf_str_eq(ops[number].name, bf_str_of(name))) number++;
    assert_text(ops[number].name, name);
    return (uint8_t)number;
}

static void test_decode__adaptive(void **state) {
    (void)state;
    int k = 0;
    while (!(rows[k].mask & 0x10)) k++;
    decoded d;
    uint8_t *copy = exact_copy(rows[k].bytes, rows[k].n);
    uint8_t *resume = memchr(copy + 16, op(312, "RESUME"), rows[k].n - 16); /* the module's first instruction */
    assert_non_null(resume);
    *resume = op(312, "INSTRUMENTED_RESUME");
    decode(&d, copy, rows[k].n);
    assert_text(attr(&d.file.attrs, "adaptive"), "true");
    assert_int_equal(d.file.n_errors, 1);
    assert_text(d.file.errors[0].error_type, "anomaly");
    assert_text(d.file.codes[0].instrs[0].base->name, "RESUME");
    done(&d);
    free(copy);
}

static void test_decode__unreadable(void **state) {
    bf_arena arena = {0};
    bf_file_facts file;
    bf_error why = {0}, err = {0};
    bf_decode_options options = {.repo = BF_STR("r"), .path = BF_STR("p")};
    (void)state;
    bf_fail(&why, BF_IO, -1, "p: open: Permission denied");
    assert_int_equal(bf_decode_unreadable(&options, &why, &arena, &file, &err), BF_OK);
    assert_int_equal(file.n_errors, 1);
    assert_text(file.errors[0].error_type, "io");
    assert_text(file.errors[0].message, "p: open: Permission denied");
    assert_text(attr(&file.errors[0].attrs, "error_stage"), "open");
    assert_int_equal(file.file_id.n, 32);
    assert_int_equal(file.n_codes, 0);
    bf_error_clear(&why);
    bf_fail(&why, BF_LIMIT, -1, "too large");
    assert_int_equal(bf_decode_unreadable(&options, &why, &arena, &file, &err), BF_OK);
    assert_text(file.errors[0].error_type, "limit");
    assert_text(attr(&file.errors[0].attrs, "error_stage"), "limit");
    bf_arena_free(&arena);
}

/* ---- memory ---- */

static void test_decode__failed_allocations(void **state) {
    (void)state;
    enum { MEMORY = 1 << 18 };
    char *memory = malloc(MEMORY);
    assert_non_null(memory);
    bf_decode_options options = {.path = BF_STR("m.opt-1.pyc")};
    for (int k = 0; k < N_ROWS; k += N_ROWS - 1) {
        bf_file_facts file;
        bf_status st;
        for (int more = 0; more < 6; more++) { /* where the arena is full, and where the next blocks and buffers fail */
            st = BF_NO_MEMORY;
            for (size_t n = 0; n < MEMORY && st != BF_OK; n += 8 + n / 800 * 8) {
                bf_arena arena = small_arena(memory, n);
                bf_error err = {0};
                allocations_left = more;
                st = bf_decode_pyc((const uint8_t *)rows[k].bytes, rows[k].n, &options, &arena, &file, &err);
                allocations_left = INT64_MAX;
                bf_arena_free(&arena);
                assert_int_equal(err.code, st);
                if (st != BF_OK) assert_int_equal(st, BF_NO_MEMORY);
            }
        }
        st = BF_NO_MEMORY;
        for (int n = 0; st != BF_OK; n++) { /* each growth of a buffer or a table */
            bf_arena arena = small_arena(memory, MEMORY);
            bf_error err = {0};
            allocations_left = n;
            st = bf_decode_pyc((const uint8_t *)rows[k].bytes, rows[k].n, &options, &arena, &file, &err);
            allocations_left = INT64_MAX;
            bf_arena_free(&arena);
            assert_int_equal(err.code, st);
            if (st != BF_OK) assert_int_equal(st, BF_NO_MEMORY);
            assert_true(n < 100);
        }
        assert_int_equal(st, BF_OK);
    }
    free(memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode__as_cpython_shows),
        cmocka_unit_test(test_decode__parent_attrs),
        cmocka_unit_test(test_decode__attrs_of_a_timestamp_file),
        cmocka_unit_test(test_decode__attrs_of_a_hash_file),
        cmocka_unit_test(test_decode__prerelease_and_assumed_version),
        cmocka_unit_test(test_decode__optimize_from_the_name),
        cmocka_unit_test(test_decode__trailing_bytes),
        cmocka_unit_test(test_decode__file_id),
        cmocka_unit_test(test_decode__no_pyc_at_all),
        cmocka_unit_test(test_decode__unknown_flags_are_an_error_and_no_end),
        cmocka_unit_test(test_decode__object_that_is_no_code),
        cmocka_unit_test(test_decode__every_prefix),
        cmocka_unit_test(test_decode__cut_code_object_is_incomplete),
        cmocka_unit_test(test_decode__errors_have_a_limit),
        cmocka_unit_test(test_decode__adaptive),
        cmocka_unit_test(test_decode__unreadable),
        cmocka_unit_test(test_decode__failed_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
