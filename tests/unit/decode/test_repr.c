/* decode/repr.c against repr() of every version: repr_cases.inc. Floats and printable code points, of which there are many, by digest. */
#include "decode/repr.h"
#include "failing.h"

#define REPR(mask, n, bytes, n_text, text)
#define FLOATS(mask, name, sha256)
#define PRINTABLE(mask, unicode, sha256)

static const struct {
    unsigned mask;
    size_t n;
    const char *bytes; /* marshalled */
    size_t n_text;
    const char *text;
} rows[] = {
#undef REPR
#define REPR(mask, n, bytes, n_text, text) {mask, n, bytes, n_text, text},
#include "decode/repr_cases.inc"
#undef REPR
#define REPR(mask, n, bytes, n_text, text)
};

static const struct {
    unsigned mask;
    const char *name, *sha256;
} sweeps[] = {
#undef FLOATS
#define FLOATS(mask, name, sha256) {mask, name, "sha256 " sha256},
#include "decode/repr_cases.inc"
#undef FLOATS
#define FLOATS(mask, name, sha256)
};

static const struct {
    unsigned mask;
    int unicode;
    const char *sha256;
} printables[] = {
#undef PRINTABLE
#define PRINTABLE(mask, unicode, sha256) {mask, unicode, "sha256 " sha256},
#include "decode/repr_cases.inc"
};

static void test_repr__as_cpython_prints(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        for (int bit = 0; bit < N_VERSIONS; bit++) {
            if (!(rows[k].mask >> bit & 1)) continue;
            const bf_cpython *version = version_of_bit(bit);
            bf_arena arena = {0};
            bf_buf text = {0};
            bf_object *o;
            bf_error err = {0};
            size_t end;
            char name[32];
            uint8_t *data = exact_copy(rows[k].bytes, rows[k].n);
            snprintf(name, sizeof name, "repr of row %zu", k);
            assert_int_equal(bf_marshal_read(&o, data, rows[k].n, 0, version, NULL, &arena, &end, &err), BF_OK);
            assert_int_equal(bf_repr(&text, o, version, NULL, &err), BF_OK);
            assert_int_equal(text.n, rows[k].n_text);
            assert_said(&text, rows[k].text, name, version->name);
            bf_buf_free(&text);
            bf_arena_free(&arena);
            free(data);
        }
}

/* ---- floats: the same sweeps as float_sweeps in gen_cases.py ---- */

static void put_double(bf_buf *out, uint64_t bits) {
    bf_object o = {.type = BF_OBJ_FLOAT};
    memcpy(&o.u.f, &bits, sizeof bits);
    if (out->n) bf_buf_putc(out, '\n');
    assert_int_equal(bf_repr(out, &o, version_of(312), NULL, NULL), BF_OK);
}

static void sweep_powers(bf_buf *out) {
    for (uint64_t k = 0; k < 52 + 2046; k++) {
        uint64_t bits = k < 52 ? (uint64_t)1 << k : (k - 51) << 52;
        for (int delta = -1; delta <= 1; delta++) put_double(out, bits + (uint64_t)delta);
    }
}

static void sweep_random(bf_buf *out) { /* splitmix64 */
    uint64_t state = 1;
    for (int i = 0; i < 10000; i++) {
        uint64_t z = state += 0x9e3779b97f4a7c15u;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        put_double(out, z ^ z >> 31);
    }
}

static void sweep_decimals(bf_buf *out) {
    for (int e = -30; e <= 30; e++)
        for (int m = 1; m < 400; m += 7) {
            char text[32];
            snprintf(text, sizeof text, "%de%d", m, e);
            double x = strtod(text, NULL);
            uint64_t bits;
            memcpy(&bits, &x, sizeof bits);
            put_double(out, bits);
        }
}

static void test_repr__floats_by_the_thousand(void **state) {
    static const struct {
        const char *name;
        void (*sweep)(bf_buf *out);
    } makers[] = {{"powers", sweep_powers}, {"random", sweep_random}, {"decimals", sweep_decimals}};
    (void)state;
    assert_int_equal(sizeof sweeps / sizeof *sweeps, 3); /* every version says the same */
    for (size_t k = 0; k < 3; k++)
        for (size_t m = 0; m < 3; m++) {
            if (strcmp(sweeps[k].name, makers[m].name)) continue;
            bf_buf text = {0};
            assert_int_equal(sweeps[k].mask, 0xff);
            makers[m].sweep(&text);
            assert_said(&text, sweeps[k].sha256, sweeps[k].name, "3.x");
            bf_buf_free(&text);
        }
}

/* ---- str.isprintable ---- */

static void test_repr__printable_code_points(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof printables / sizeof *printables; k++)
        for (int bit = 0; bit < N_VERSIONS; bit++) {
            if (!(printables[k].mask >> bit & 1)) continue;
            uint8_t digest[BF_SHA256_BYTES];
            char hex[7 + 2 * BF_SHA256_BYTES + 1] = "sha256 ";
            char *said = malloc(0x110000);
            assert_non_null(said);
            for (uint32_t c = 0; c < 0x110000; c++) said[c] = bf_is_printable(c, version_of_bit(bit)) ? '1' : '0';
            bf_sha256(digest, said, 0x110000);
            bf_hex(hex + 7, digest, sizeof digest);
            assert_int_equal(version_of_bit(bit)->unicode, printables[k].unicode);
            assert_string_equal(hex, printables[k].sha256);
            free(said);
        }
}

/* U+1FA77 and U+0897 came with Unicode 15 and 16: 3.11 and 3.13 escape what the next one shows. */
static void test_repr__printable_differs_by_version(void **state) {
    static const struct {
        int version;
        const char *pink_heart, *pepet;
    } rows_of[] = {{38, "'\\U0001fa77'", "'\\u0897'"}, {311, "'\\U0001fa77'", "'\\u0897'"}, {312, "'\360\237\251\267'", "'\\u0897'"},
                {313, "'\360\237\251\267'", "'\\u0897'"}, {314, "'\360\237\251\267'", "'\340\242\227'"}};
    (void)state;
    for (size_t k = 0; k < sizeof rows_of / sizeof *rows_of; k++) {
        bf_buf text = {0};
        bf_object heart = {.type = BF_OBJ_STR, .n = 4, .u.p = "\360\237\251\267"},
                  pepet = {.type = BF_OBJ_STR, .n = 3, .u.p = "\340\242\227"};
        assert_int_equal(bf_repr(&text, &heart, version_of(rows_of[k].version), NULL, NULL), BF_OK);
        assert_text((bf_str){text.p, (uint32_t)text.n}, rows_of[k].pink_heart);
        text.n = 0;
        assert_int_equal(bf_repr(&text, &pepet, version_of(rows_of[k].version), NULL, NULL), BF_OK);
        assert_text((bf_str){text.p, (uint32_t)text.n}, rows_of[k].pepet);
        bf_buf_free(&text);
    }
}

/* ---- code objects, what is left of objects, limits ---- */

static void test_repr__code_object_without_address(void **state) {
    bf_object name = {.type = BF_OBJ_STR, .is_complete = true, .has_surrogates = true, .n = 4, .u.p = "f\355\240\200"};
    bf_object file = {.type = BF_OBJ_STR, .is_complete = true, .n = 4, .u.p = "m.py"};
    bf_raw_code code = {.name = &name, .filename = &file, .firstlineno = 3};
    bf_object o = {.type = BF_OBJ_CODE, .u.code = &code};
    bf_buf text = {0};
    (void)state;
    assert_int_equal(bf_repr(&text, &o, version_of(312), NULL, NULL), BF_OK);
    assert_text((bf_str){text.p, (uint32_t)text.n}, "<code object f\\ud800, file \"m.py\", line 3>");
    text.n = 0;
    file.is_complete = false;
    code.name = NULL;
    assert_int_equal(bf_repr(&text, &o, version_of(312), NULL, NULL), BF_OK);
    assert_text((bf_str){text.p, (uint32_t)text.n}, "<code object ?, file \"?\", line 3>");
    bf_buf_free(&text);
}

static void test_repr__appends(void **state) {
    bf_object o = {.type = BF_OBJ_TRUE};
    bf_buf text = {0};
    (void)state;
    bf_buf_puts(&text, "x = ");
    assert_int_equal(bf_repr(&text, &o, version_of(38), NULL, NULL), BF_OK);
    assert_text((bf_str){text.p, (uint32_t)text.n}, "x = True");
    bf_buf_free(&text);
}

static bf_buf decimal_of(const uint8_t *digits, uint32_t n) {
    bf_buf decimal = {0};
    bf_decimal_put(&decimal, digits, n);
    bf_buf_putc(&decimal, 0);
    assert_false(decimal.failed);
    return decimal;
}

/* (1 << 15 * 8192) - 1, repr of CPython 3.12.1 after sys.set_int_max_str_digits(0), by its sha256. */
static void test_repr__largest_int(void **state) {
    size_t n = BF_REPR_MAX_INT_DIGITS;
    uint8_t *digits = malloc(2 * n + 2);
    bf_buf text = {0};
    (void)state;
    assert_non_null(digits);
    for (size_t i = 0; i <= n; i++) memcpy(digits + 2 * i, "\377\177", 2);
    bf_object o = {.type = BF_OBJ_LONG, .n = (uint32_t)n};
    bf_buf decimal = decimal_of(digits, o.n);
    o.u.decimal = decimal.p;
    assert_int_equal(bf_repr(&text, &o, version_of(312), NULL, NULL), BF_OK);
    assert_said(&text, "sha256 9cdad2e418bca7f7bb2e8916eb86127e0eaf0d242ccd290ded1a102b88d37272", "2**122880 - 1", "3.12");
    bf_error err = {0};
    o.u.decimal = NULL; /* what marshal.c leaves of a longer one */
    assert_int_equal(bf_repr(&text, &o, version_of(312), NULL, &err), BF_LIMIT);
    assert_int_equal(err.code, BF_LIMIT);
    bf_buf_free(&decimal);
    bf_buf_free(&text);
    free(digits);
}

/* One text that is larger than its share is given up on before it is written out, though no other follows it. */
static void test_repr__text_limit_of_one_text(void **state) {
    static char many[100000];
    static const struct {
        char fill;
        uint32_t n; /* that has the repr 'fill...', or is too much */
    } cases[] = {{'x', 10000}, {'\n', 5000}, {1, 2500}};
    bf_limits limits = {.text = 4 * 10002};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int type = 0; type < 2; type++)
            for (uint32_t more = 0; more < 2; more++) {
                bf_buf text = {0};
                bf_budget budget;
                bf_error err = {0};
                memset(many, cases[i].fill, sizeof many);
                bf_object o = {.type = type ? BF_OBJ_BYTES : BF_OBJ_STR, .n = more ? sizeof many : cases[i].n - (uint32_t)type, .u.p = many};
                bf_budget_init(&budget, &limits);
                assert_int_equal(bf_repr(&text, &o, version_of(312), &budget, &err), more ? BF_LIMIT : BF_OK);
                assert_true(text.n <= 10002 + 4);
                if (more) assert_int_equal(budget.exceeded, BF_BUDGET_text);
                bf_buf_free(&text);
            }
}

/* Shared objects make a small file large when printed: thirty tuples, each of the one before twice. */
static void test_repr__text_limit(void **state) {
    bf_object tuples[31] = {{.type = BF_OBJ_NONE}};
    bf_object *items[31][2];
    bf_buf text = {0};
    bf_error err = {0};
    (void)state;
    for (int i = 1; i < 31; i++) {
        items[i][0] = items[i][1] = &tuples[i - 1];
        tuples[i] = (bf_object){.type = BF_OBJ_TUPLE, .n = 2, .u.items = items[i]};
    }
    assert_int_equal(bf_repr(&text, &tuples[30], version_of(38), NULL, &err), BF_LIMIT);
    bf_budget budget;
    bf_budget_init(&budget, NULL);
    assert_true(text.n < (size_t)budget.most[BF_BUDGET_text] / BF_TEXT_SHARES + 1000);
    text.n = 0;
    budget.most[BF_BUDGET_text] = 4000;
    assert_int_equal(bf_repr(&text, &tuples[30], version_of(38), &budget, &err), BF_LIMIT);
    assert_in_range(text.n, 1000, 1200);
    bf_buf_free(&text);
}

static void test_repr__failed_allocations(void **state) {
    char words[600];
    bf_object number = {.type = BF_OBJ_LONG, .n = 6, .u.decimal = "37780014920632975687681"}, word = {.type = BF_OBJ_STR, .n = sizeof words, .u.p = words};
    bf_object *items[] = {&word, &number, &word};
    bf_object tuple = {.type = BF_OBJ_TUPLE, .n = 3, .u.items = items};
    (void)state;
    memset(words, 'a', sizeof words);
    for (int n = 0;; n++) {
        bf_buf text = {0};
        bf_error err = {0};
        allocations_left = n;
        bf_status st = bf_repr(&text, &tuple, version_of(38), NULL, &err);
        allocations_left = INT64_MAX;
        bf_buf_free(&text);
        if (st == BF_OK) break;
        assert_int_equal(st, BF_NO_MEMORY);
        assert_int_equal(err.code, BF_NO_MEMORY);
        assert_true(n < 20);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repr__as_cpython_prints),          cmocka_unit_test(test_repr__floats_by_the_thousand),
        cmocka_unit_test(test_repr__printable_code_points),      cmocka_unit_test(test_repr__printable_differs_by_version),
        cmocka_unit_test(test_repr__code_object_without_address), cmocka_unit_test(test_repr__appends),
        cmocka_unit_test(test_repr__largest_int),                cmocka_unit_test(test_repr__text_limit), cmocka_unit_test(test_repr__text_limit_of_one_text),
        cmocka_unit_test(test_repr__failed_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
