/* code/exceptions.c against dis._parse_exception_table of 3.11 to 3.15: exceptions_cases.inc; and tables that end or overflow. */
#include "bytes.h"
#include "code/exceptions.h"

static const struct {
    unsigned mask;
    size_t n;
    const char *table, *entries;
} rows[] = {
#define EXCEPTIONS(mask, n, table, entries) {mask, n, table, entries},
#include "code/exceptions_cases.inc"
};

enum { N_ROWS = sizeof rows / sizeof *rows };

typedef struct reading {
    bf_arena arena;
    bf_exception *items;
    uint32_t n;
    uint8_t *table;
    bf_status status;
    bf_error err;
} reading;

static void read_table(reading *r, const bf_cpython *version, const void *table, size_t n) {
    *r = (reading){.table = exact_copy(table, n)};
    bf_code code = {.version = version, .exceptiontable = r->table, .n_exceptiontable = (uint32_t)n, .exceptiontable_offset = 1000};
    r->status = bf_code_exceptions(&r->items, &r->n, &code, &r->arena, &r->err);
    assert_int_equal(r->err.code, r->status);
}

static void done(reading *r) {
    bf_arena_free(&r->arena);
    free(r->table);
}

static void put_entries(bf_buf *out, const reading *r) {
    for (uint32_t i = 0; i < r->n; i++)
        bf_buf_printf(out, "%s%d,%d,%d,%d,%d", i ? " " : "", r->items[i].start, r->items[i].end, r->items[i].target, r->items[i].depth,
                      r->items[i].lasti);
}

static void test_exceptions__as_cpython_reads(void **state) {
    (void)state;
    for (int k = 0; k < N_ROWS; k++)
        for (int bit = 0; bit < N_VERSIONS; bit++) {
            if (!(rows[k].mask >> bit & 1)) continue;
            reading r;
            bf_buf text = {0};
            read_table(&r, version_of_bit(bit), rows[k].table, rows[k].n);
            assert_int_equal(r.status, BF_OK);
            put_entries(&text, &r);
            assert_said(&text, rows[k].entries, "exception table", version_of_bit(bit)->name);
            bf_buf_free(&text);
            done(&r);
        }
}

/* CPython gives the entries before the cut and says nothing; here the cut is an error, and they are there as well. */
static void test_exceptions__every_prefix(void **state) {
    (void)state;
    for (int k = 0; k < N_ROWS; k++) {
        reading whole;
        read_table(&whole, version_of(312), rows[k].table, rows[k].n);
        for (size_t n = 0; n < rows[k].n; n++) {
            reading r;
            bool between = (uint8_t)rows[k].table[n] & 0x80; /* where an entry begins */
            read_table(&r, version_of(312), rows[k].table, n);
            assert_int_equal(r.status, between ? BF_OK : BF_TRUNCATED);
            if (!between) assert_int_equal(r.err.offset, 1000 + n);
            assert_true(r.n < whole.n);
            for (uint32_t i = 0; i < r.n; i++) assert_int_equal(r.items[i].target, whole.items[i].target);
            done(&r);
        }
        done(&whole);
    }
}

#define READ(r, literal) read_table(r, version_of(311), literal, sizeof(literal) - 1)

static void test_exceptions__numbers_that_overflow(void **state) {
    reading r;
    (void)state;
    READ(&r, "\377\177\177\177\177\077\001\001\001"); /* 2**36 - 1 */
    assert_int_equal(r.status, BF_CORRUPT);
    assert_int_equal(r.n, 0);
    done(&r);
    READ(&r, "\300\100\100\100\100\100\100\100\100\001\002\003\004"); /* zeros in front of a 1 are only long */
    assert_int_equal(r.status, BF_OK);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.items[0].start, 2);
    assert_int_equal(r.items[0].end, 6);
    done(&r);
    READ(&r, "\201\001\001\003\300\177\177\177\177\177\177\177"); /* what came before the second entry stays */
    assert_int_equal(r.n, 1);
    assert_int_equal(r.items[0].depth, 1);
    assert_true(r.items[0].lasti);
    done(&r);
    READ(&r, "\377\177\177\177\077\177\177\177\177\077\001\001"); /* start and length of 2**30 - 1 units each: the end is beyond 31 bits */
    assert_int_equal(r.status, BF_OK);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.items[0].end, INT32_MAX);
    assert_true(r.items[0].start > 0 && r.items[0].start < r.items[0].end);
    done(&r);
}

static void test_exceptions__one_byte_repeated(void **state) {
    (void)state;
    for (int byte = 0; byte < 256; byte++)
        for (size_t n = 0; n < 40; n++) {
            uint8_t table[40];
            reading r;
            memset(table, byte, sizeof table);
            read_table(&r, version_of(315), table, n);
            if (!(byte & 64)) assert_int_equal(r.status, n % 4 ? BF_TRUNCATED : BF_OK);
            if (!(byte & 64)) assert_int_equal(r.n, n / 4);
            if (byte & 64 && n) assert_int_not_equal(r.status, BF_OK);
            done(&r);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exceptions__as_cpython_reads),
        cmocka_unit_test(test_exceptions__every_prefix),
        cmocka_unit_test(test_exceptions__numbers_that_overflow),
        cmocka_unit_test(test_exceptions__one_byte_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
