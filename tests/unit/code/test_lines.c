/* code/lines.c against dis.findlinestarts and co_positions (co_lines in 3.10) of every version: lines_cases.inc; and tables that
 * no compiler writes, by hand. */
#include "bytes.h"
#include "code/lines.h"

static const struct {
    unsigned mask;
    uint32_t n_code;
    int32_t firstlineno;
    size_t n;
    const char *table, *starts, *units;
} rows[] = {
#define LINES(mask, n_code, firstlineno, n, table, starts, units) {mask, n_code, firstlineno, n, table, starts, units},
#include "code/lines_cases.inc"
};

enum { N_ROWS = sizeof rows / sizeof *rows };

typedef struct reading {
    bf_arena arena;
    bf_lines lines;
    uint8_t *table;
    bf_status status;
    bf_error err;
} reading;

static void read_table(reading *r, const bf_cpython *version, uint32_t n_code, int32_t firstlineno, const void *table, size_t n) {
    *r = (reading){.table = exact_copy(table, n)};
    bf_code code = {.version = version,
                    .firstlineno = firstlineno,
                    .n_bytecode = n_code,
                    .linetable = r->table,
                    .n_linetable = (uint32_t)n,
                    .linetable_offset = 1000};
    r->status = bf_code_lines(&r->lines, &code, &r->arena, &r->err);
    assert_int_equal(r->err.code, r->status);
}

static void done(reading *r) {
    bf_arena_free(&r->arena);
    free(r->table);
}

static void put_number(bf_buf *out, int32_t number) {
    if (number == BF_NO_LINE)
        bf_buf_putc(out, '-');
    else
        bf_buf_printf(out, "%d", number);
}

static void put_starts(bf_buf *out, const bf_lines *lines) {
    for (uint32_t i = 0; i < lines->n_starts; i++) {
        bf_buf_printf(out, "%s%d:", i ? " " : "", lines->starts[i].offset);
        put_number(out, lines->starts[i].line);
    }
}

/* Line, end line, column, end column of each code unit that a range covers. */
static void put_units(bf_buf *out, const bf_lines *lines, uint32_t n_code) {
    for (uint32_t i = 0; i < lines->n_ranges; i++) {
        const bf_line_range *range = &lines->ranges[i];
        assert_true(range->end > range->start);
        if (i) assert_int_equal(range->start, lines->ranges[i - 1].end);
        for (int32_t at = range->start; at < range->end && at < (int32_t)n_code; at += 2) {
            const int32_t parts[] = {range->line, range->end_line, range->col, range->end_col};
            if (at) bf_buf_putc(out, ' ');
            for (int k = 0; k < 4; k++) {
                if (k) bf_buf_putc(out, ',');
                put_number(out, parts[k]);
            }
        }
    }
}

static void test_lines__as_cpython_reads(void **state) {
    (void)state;
    for (int k = 0; k < N_ROWS; k++)
        for (int bit = 0; bit < N_VERSIONS; bit++) {
            if (!(rows[k].mask >> bit & 1)) continue;
            reading r;
            bf_buf starts = {0}, units = {0};
            char name[32];
            snprintf(name, sizeof name, "line table of row %d", k);
            read_table(&r, version_of_bit(bit), rows[k].n_code, rows[k].firstlineno, rows[k].table, rows[k].n);
            assert_int_equal(r.status, BF_OK);
            put_starts(&starts, &r.lines);
            put_units(&units, &r.lines, rows[k].n_code);
            assert_said(&starts, rows[k].starts, name, version_of_bit(bit)->name);
            assert_said(&units, rows[k].units, name, version_of_bit(bit)->name);
            bf_buf_free(&starts);
            bf_buf_free(&units);
            done(&r);
        }
}

/* Cut anywhere, a table of locations says so or ends between entries; what came before is the same. */
static void test_lines__every_prefix(void **state) {
    (void)state;
    for (int k = 0; k < N_ROWS; k++) {
        int bit = 0;
        while (!(rows[k].mask >> bit & 1)) bit++;
        reading whole;
        read_table(&whole, version_of_bit(bit), rows[k].n_code, rows[k].firstlineno, rows[k].table, rows[k].n);
        for (size_t n = 0; n < rows[k].n && n < 300; n++) {
            reading r;
            read_table(&r, version_of_bit(bit), rows[k].n_code, rows[k].firstlineno, rows[k].table, n);
            if (r.status != BF_OK) {
                assert_int_equal(r.status, BF_TRUNCATED);
                assert_true(r.err.offset > 1000 && r.err.offset <= 1000 + (int64_t)n);
            }
            assert_true(r.lines.n_ranges <= whole.lines.n_ranges);
            if (r.lines.n_ranges) assert_memory_equal(r.lines.ranges, whole.lines.ranges, r.lines.n_ranges * sizeof *r.lines.ranges);
            done(&r);
        }
        done(&whole);
    }
}

#define READ(r, id, n_code, first, literal) read_table(r, version_of(id), n_code, first, literal, sizeof(literal) - 1)

static void test_lines__entry_without_its_mark(void **state) {
    reading r;
    (void)state;
    READ(&r, 311, 100, 1, "\351\002\151\002"); /* 13: line +1, two units; then an entry whose bit 7 is clear */
    assert_int_equal(r.status, BF_CORRUPT);
    assert_int_equal(r.err.offset, 1002);
    assert_int_equal(r.lines.n_ranges, 1);
    assert_int_equal(r.lines.n_starts, 1); /* findlinestarts of what was read */
    done(&r);
}

static void test_lines__ends_inside_an_entry(void **state) {
    reading r;
    (void)state;
    READ(&r, 312, 100, 1, "\350\002\360\100\100\100"); /* the long form, in the middle of its first number */
    assert_int_equal(r.status, BF_TRUNCATED);
    assert_int_equal(r.err.offset, 1006);
    assert_int_equal(r.lines.n_ranges, 1);
    done(&r);
    READ(&r, 312, 100, 1, "\320\001"); /* one line, first column only */
    assert_int_equal(r.status, BF_TRUNCATED);
    done(&r);
    READ(&r, 312, 100, 1, "\200"); /* short form without its second byte */
    assert_int_equal(r.status, BF_TRUNCATED);
    done(&r);
}

/* Varints of more than 32 bits, lines at the ends of their range: sums wrap, nothing overflows. */
static void test_lines__numbers_that_overflow(void **state) {
    reading r;
    (void)state;
    READ(&r, 313, 100, INT32_MAX, "\350\002\350\002"); /* line +1 twice from the last one */
    assert_int_equal(r.status, BF_OK);
    done(&r);
    READ(&r, 313, 100, INT32_MIN + 1, "\350\003\350\003\350\003"); /* -1 */
    assert_int_equal(r.status, BF_OK);
    done(&r);
    READ(&r, 313, 100, 1, "\350\177\177\177\177\177\177\177\177\177\177\177\177\001");
    assert_int_equal(r.status, BF_OK);
    done(&r);
    READ(&r, 313, 100, 1, "\360\177\177\177\177\177\003\177\177\177\177\177\003\177\177\177\177\177\003\177\177\177\177\177\003");
    assert_int_equal(r.status, BF_OK);
    done(&r);
    READ(&r, 310, 100, INT32_MAX, "\002\177\002\177\002\201");
    assert_int_equal(r.status, BF_OK);
    done(&r);
    READ(&r, 38, 100, INT32_MIN, "\002\201\002\201\002\177");
    assert_int_equal(r.status, BF_OK);
    done(&r);
}

/* A table that says more than there is code: no address beyond what an int32 holds. */
static void test_lines__table_of_many_bytes(void **state) {
    static const int ids[] = {38, 310, 311};
    (void)state;
    size_t n = 20 << 20;
    uint8_t *table = malloc(n);
    assert_non_null(table);
    for (size_t k = 0; k < sizeof ids / sizeof *ids; k++) {
        reading r;
        memset(table, 0xff, n); /* steps of 255 bytes, or entries of 8 units without a place */
        read_table(&r, version_of(ids[k]), 8, 1, table, n);
        for (uint32_t i = 0; i < r.lines.n_ranges; i++) assert_true(r.lines.ranges[i].end > r.lines.ranges[i].start);
        done(&r);
    }
    free(table);
}

static void test_lines__odd_byte_at_the_end(void **state) {
    reading r;
    (void)state;
    READ(&r, 39, 8, 5, "\002\001\002"); /* as zip in findlinestarts: the last one has no partner */
    assert_int_equal(r.status, BF_OK);
    assert_int_equal(r.lines.n_starts, 2);
    assert_int_equal(r.lines.starts[1].line, 6);
    done(&r);
}

static void test_lines__no_table(void **state) {
    (void)state;
    for (int bit = 0; bit < N_VERSIONS; bit++) {
        reading r;
        read_table(&r, version_of_bit(bit), 8, 7, "", 0);
        assert_int_equal(r.status, BF_OK);
        assert_int_equal(r.lines.n_ranges, 0);
        assert_int_equal(r.lines.n_starts, version_of_bit(bit)->line_form == BF_LINES_LNOTAB ? 1 : 0); /* 0:7, as dis says */
        done(&r);
    }
}

/* dis.findlinestarts of CPython 2.7.18, 3.6.15, 3.7.16 and 3.8.18: lines go back from 3.6 on, and stop with the code from 3.8 on. */
static void test_lines__lnotab_of_each_version(void **state) {
    static const struct {
        uint32_t n_code;
        int32_t firstlineno;
        const char *table;
        size_t n;
        const char *starts_27, *starts_36, *starts_38;
    } tables[] = {
        {20, 5, "\0\1\6\1\6\x7f\6\x80\2\xff\0\2\4\0", 14, "0:6 6:7 12:134 18:262 20:519", "0:6 6:7 12:134 18:6 20:7", "0:6 6:7 12:134 18:6"},
        {8, 1, "\4\1\xff\0\xff\1\2\5", 8, "0:1 4:2 514:3 516:8", "0:1 4:2 514:3 516:8", "0:1 4:2"},
        {6, 1, "\6\2\6\3", 4, "0:1 6:3 12:6", "0:1 6:3 12:6", "0:1"},
        {4, 100, "", 0, "0:100", "0:100", "0:100"},
        {4, 1, "\0\3", 2, "0:4", "0:4", "0:4"},
        {10, 1, "\2\xff\2\x81\2\1", 6, "0:1 2:256 4:385 6:386", "0:1 2:0 4:-127 6:-126", "0:1 2:0 4:-127 6:-126"},
        {10, 1, "\2\1\2", 3, "0:1 2:2", "0:1 2:2", "0:1 2:2"},
    };
    static const int versions[] = {27, 36, 37, 38};
    (void)state;
    for (size_t k = 0; k < sizeof tables / sizeof *tables; k++)
        for (size_t v = 0; v < sizeof versions / sizeof *versions; v++) {
            const char *const starts[] = {tables[k].starts_27, tables[k].starts_36, tables[k].starts_36, tables[k].starts_38};
            reading r;
            bf_buf text = {0};
            read_table(&r, version_of(versions[v]), tables[k].n_code, tables[k].firstlineno, tables[k].table, tables[k].n);
            assert_int_equal(r.status, BF_OK);
            put_starts(&text, &r.lines);
            assert_said(&text, starts[v], "findlinestarts", version_of(versions[v])->name);
            bf_buf_free(&text);
            done(&r);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines__as_cpython_reads),      cmocka_unit_test(test_lines__every_prefix),
        cmocka_unit_test(test_lines__entry_without_its_mark), cmocka_unit_test(test_lines__ends_inside_an_entry),
        cmocka_unit_test(test_lines__numbers_that_overflow),  cmocka_unit_test(test_lines__table_of_many_bytes),
        cmocka_unit_test(test_lines__odd_byte_at_the_end),    cmocka_unit_test(test_lines__no_table),
        cmocka_unit_test(test_lines__lnotab_of_each_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
