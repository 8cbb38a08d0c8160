/* source/source.c: files that CPython compiled, with their sources beside them (source_cases.inc), and all that a source can be. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failing.h"
#include "source/hash.h"
#include "source/source.h"

static const struct {
    unsigned mask;
    const char *name;
    size_t n_source;
    const char *source;
    size_t n_pyc;
    const char *pyc, *spans;
} rows[] = {
#define SOURCE(mask, name, n_source, source, n_pyc, pyc, spans) {mask, name, n_source, source, n_pyc, pyc, spans},
#include "source/source_cases.inc"
#undef SOURCE
};

static char folder[] = "bf_test_source_XXXXXX", path[sizeof folder + 64];

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    return rmdir(folder);
}

static const char *named(const char *name) {
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const void *bytes, size_t n) {
    FILE *f = fopen(named(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static int remove_source(void **state) {
    (void)state;
    if (unlink(named("m.py"))) rmdir(named("m.py"));
    return 0;
}

typedef struct placed {
    bf_arena arena;
    bf_file_facts facts;
    uint8_t *data;
} placed;

/* Decodes bytes as if they were folder/m.pyc, and places them. */
static void place(placed *p, const void *pyc, size_t n) {
    bf_decode_options options = {.path = BF_STR("m.pyc")};
    bf_error err = {0};
    *p = (placed){.data = exact_copy(pyc, n)};
    assert_int_equal(bf_decode_pyc(p->data, n, &options, &p->arena, &p->facts, &err), BF_OK);
    assert_int_equal(bf_source_place(&p->facts, named("m.pyc"), p->data, n, NULL, &p->arena, &err), BF_OK);
    assert_int_equal(err.code, BF_OK);
}

static void done(placed *p) {
    bf_arena_free(&p->arena);
    free(p->data);
}

static const char *status_of(const placed *p) {
    static char text[32];
    const bf_attr *last = &p->facts.attrs.items[p->facts.attrs.n - 1];
    assert_text(last->key, "source_status");
    snprintf(text, sizeof text, "%.*s", (int)last->value.n, last->value.p);
    return text;
}

static int64_t n_placed(const placed *p) {
    int64_t n = 0;
    for (uint32_t c = 0; c < p->facts.n_codes; c++)
        for (uint32_t k = 0; k < p->facts.codes[c].n_instrs; k++) n += p->facts.codes[c].instrs[k].byte_start != BF_NONE_INT;
    return n;
}

/* ---- against CPython ---- */

/* As span_text in gen_source_cases.py writes it. */
static void put_spans(bf_buf *out, const bf_file_facts *facts) {
    for (uint32_t c = 0; c < facts->n_codes; c++) {
        if (c) bf_buf_putc(out, '\n');
        for (uint32_t k = 0; k < facts->codes[c].n_instrs; k++) {
            const bf_instr *i = &facts->codes[c].instrs[k];
            const bf_position *p = &i->position;
            if (k) bf_buf_putc(out, ' ');
            if (i->has_span)
                bf_buf_printf(out, "%d:%d-%d:%d@%d+%d", p->line - 1, p->col, p->end_line - 1, p->end_col, i->byte_start, i->byte_len);
            else
                bf_buf_putc(out, '-');
        }
    }
}

static void test_source__spans_as_cpython_has_them(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        placed p;
        bf_buf text = {0};
        write_file("m.py", rows[k].source, rows[k].n_source);
        place(&p, rows[k].pyc, rows[k].n_pyc);
        if (strcmp(status_of(&p), "match")) fail_msg("%s: %s", rows[k].name, status_of(&p));
        if (p.facts.n_errors) fail_msg("%s: %.*s", rows[k].name, (int)p.facts.errors[0].message.n, p.facts.errors[0].message.p);
        put_spans(&text, &p.facts);
        assert_said(&text, rows[k].spans, rows[k].name, rows[k].mask & 8 ? "3.11" : "3.15");
        bf_buf_free(&text);
        done(&p);
    }
}

/* ---- what a source can be ---- */

static size_t row_named(const char *name) {
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        if (!strcmp(rows[k].name, name)) return k;
    fail_msg("no case %s", name);
    return 0;
}

static void expect(const void *pyc, size_t n, const char *status) {
    placed p;
    place(&p, pyc, n);
    assert_string_equal(status_of(&p), status);
    assert_int_equal(n_placed(&p) > 0, !strcmp(status, "match"));
    assert_int_equal(p.facts.n_errors, 0);
    done(&p);
}

static void put_u32(char *at, uint32_t value) {
    for (int i = 0; i < 4; i++) at[i] = (char)(value >> 8 * i);
}

/* The same file with a timestamp in place of the hash. */
static char *with_time(size_t k, uint32_t mtime, uint32_t size) {
    char *pyc = (char *)exact_copy(rows[k].pyc, rows[k].n_pyc);
    put_u32(pyc + 4, 0);
    put_u32(pyc + 8, mtime);
    put_u32(pyc + 12, size);
    return pyc;
}

static void expect_at_time(size_t k, int64_t seconds, long nanoseconds, uint32_t mtime, uint32_t size, const char *status) {
    struct timespec times[] = {{.tv_sec = seconds}, {.tv_sec = seconds, .tv_nsec = nanoseconds}};
    assert_int_equal(utimensat(AT_FDCWD, named("m.py"), times, 0), 0);
    char *pyc = with_time(k, mtime, size);
    expect(pyc, rows[k].n_pyc, status);
    free(pyc);
}

static void test_source__time_and_size(void **state) {
    (void)state;
    size_t k = row_named("ascii");
    uint32_t size = (uint32_t)rows[k].n_source;
    write_file("m.py", rows[k].source, rows[k].n_source);
    expect_at_time(k, 1700000000, 0, 1700000000, size, "match");
    expect_at_time(k, 1700000000, 500000000, 1700000000, size, "match");
    expect_at_time(k, 1700000000, 999999999, 1700000001, size, "match"); /* the float that CPython has of it is the next second */
    expect_at_time(k, 1700000000, 999999999, 1700000000, size, "mismatch");
    expect_at_time(k, 1700000000, 0, 1700000001, size, "mismatch");
    expect_at_time(k, 1700000000, 0, 1700000000, size + 1, "mismatch");
    expect_at_time(k, (int64_t)1 << 32 | 5, 0, 5, size, "match"); /* modulo 2**32 */
}

static void test_source__hash(void **state) {
    (void)state;
    size_t k = row_named("ascii");
    write_file("m.py", rows[k].source, rows[k].n_source);
    expect(rows[k].pyc, rows[k].n_pyc, "match");
    char *pyc = (char *)exact_copy(rows[k].pyc, rows[k].n_pyc);
    pyc[4] = 1; /* not checked by the import system: here it is */
    expect(pyc, rows[k].n_pyc, "match");
    pyc[15] ^= 1;
    expect(pyc, rows[k].n_pyc, "mismatch");
    free(pyc);
    write_file("m.py", rows[k].source, rows[k].n_source - 1);
    expect(rows[k].pyc, rows[k].n_pyc, "mismatch");
}

static void test_source__absent_and_unreadable(void **state) {
    (void)state;
    size_t k = row_named("ascii");
    expect(rows[k].pyc, rows[k].n_pyc, "absent");
    assert_int_equal(mkdir(named("m.py"), 0700), 0);
    expect(rows[k].pyc, rows[k].n_pyc, "unreadable");
    assert_int_equal(rmdir(named("m.py")), 0);
    assert_int_equal(mkfifo(named("m.py"), 0600), 0);
    expect(rows[k].pyc, rows[k].n_pyc, "unreadable");
    assert_int_equal(unlink(named("m.py")), 0);
    assert_int_equal(symlink("nowhere", named("m.py")), 0);
    expect(rows[k].pyc, rows[k].n_pyc, "absent");
    assert_int_equal(unlink(named("m.py")), 0);
    assert_int_equal(symlink("m.py", named("m.py")), 0);
    expect(rows[k].pyc, rows[k].n_pyc, "unreadable");
    assert_int_equal(unlink(named("m.py")), 0);
    write_file("m.py", rows[k].source, rows[k].n_source);
    if (geteuid()) { /* root reads all */
        assert_int_equal(chmod(named("m.py"), 0), 0);
        expect(rows[k].pyc, rows[k].n_pyc, "unreadable");
    }
}

/* A matching source in an encoding that is not known. */
static void test_source__unknown_encoding(void **state) {
    (void)state;
    static const char source[] = "# coding: utf-7\nx = 1\n";
    size_t k = row_named("ascii");
    char *pyc = (char *)exact_copy(rows[k].pyc, rows[k].n_pyc);
    uint32_t magic = (uint8_t)pyc[0] | (uint32_t)(uint8_t)pyc[1] << 8 | 0x0a0d0000;
    uint64_t hash = bf_source_hash((const uint8_t *)source, sizeof source - 1, magic, version_of(rows[k].mask & 8 ? 311 : 315));
    put_u32(pyc + 8, (uint32_t)hash);
    put_u32(pyc + 12, (uint32_t)(hash >> 32));
    write_file("m.py", source, sizeof source - 1);
    expect(pyc, rows[k].n_pyc, "unreadable");
    free(pyc);
}

/* A header that confirms a source which its code is not of: what does not fit stays as stored, and is told. */
static void test_source__code_of_another_source(void **state) {
    (void)state;
    size_t k = row_named("ascii");
    struct stat info;
    write_file("m.py", "import os\nx", 11);
    assert_int_equal(stat(named("m.py"), &info), 0);
    char *pyc = with_time(k, (uint32_t)info.st_mtime, 11);
    placed p;
    place(&p, pyc, rows[k].n_pyc);
    assert_string_equal(status_of(&p), "match");
    assert_int_equal(p.facts.n_errors, 1);
    assert_text(p.facts.errors[0].error_type, "anomaly");
    assert_text(p.facts.errors[0].attrs.items[0].value, "line_table");
    const bf_instr *import = &p.facts.codes[0].instrs[1], *load = &p.facts.codes[0].instrs[5];
    assert_int_equal(import->byte_start, 0);
    assert_int_equal(import->byte_len, 9);
    assert_true(load->has_span);
    assert_int_equal(load->byte_start, BF_NONE_INT);
    assert_int_equal(load->position.end_col, 2); /* line 3 */
    done(&p);
    free(pyc);
}

static void test_source__files_without_a_header(void **state) {
    (void)state;
    size_t k = row_named("ascii");
    write_file("m.py", rows[k].source, rows[k].n_source);
    placed p;
    for (size_t n = 0; n < 16; n++) {
        place(&p, rows[k].pyc, n);
        assert_string_equal(status_of(&p), "mismatch");
        done(&p);
    }
    bf_error why = {.code = BF_IO, .message = "cannot be read"};
    bf_decode_options options = {.path = BF_STR("m.pyc")};
    p = (placed){0};
    assert_int_equal(bf_decode_unreadable(&options, &why, &p.arena, &p.facts, NULL), BF_OK);
    assert_int_equal(bf_source_place(&p.facts, named("m.pyc"), NULL, 0, NULL, &p.arena, NULL), BF_OK);
    assert_string_equal(status_of(&p), "mismatch");
    done(&p);
}

/* Every prefix, and every byte changed, of a file that its header keeps matching. */
static void test_source__damaged_files(void **state) {
    (void)state;
    size_t k = row_named("wide");
    write_file("m.py", rows[k].source, rows[k].n_source);
    uint8_t *pyc = exact_copy(rows[k].pyc, rows[k].n_pyc);
    placed p;
    for (size_t n = 16; n < rows[k].n_pyc; n++) {
        place(&p, pyc, n);
        done(&p);
        pyc[n] ^= 0xff;
        place(&p, pyc, rows[k].n_pyc);
        done(&p);
        pyc[n] ^= 0xff;
    }
    free(pyc);
}

static void test_source__out_of_memory(void **state) {
    (void)state;
    size_t k = row_named("wide");
    write_file("m.py", rows[k].source, rows[k].n_source);
    bf_decode_options options = {.path = BF_STR("m.pyc")};
    bf_status st = BF_NO_MEMORY;
    for (int64_t n = 0; st == BF_NO_MEMORY; n++) {
        bf_arena arena = {0};
        bf_file_facts facts;
        bf_error err = {0};
        uint8_t *data = exact_copy(rows[k].pyc, rows[k].n_pyc);
        assert_int_equal(bf_decode_pyc(data, rows[k].n_pyc, &options, &arena, &facts, &err), BF_OK);
        allocations_left = n;
        st = bf_source_place(&facts, named("m.pyc"), data, rows[k].n_pyc, NULL, &arena, &err);
        allocations_left = INT64_MAX;
        assert_int_equal(err.code, st);
        bf_arena_free(&arena);
        free(data);
        assert_true(n < 100);
    }
    assert_int_equal(st, BF_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_source__spans_as_cpython_has_them, remove_source),
        cmocka_unit_test_teardown(test_source__time_and_size, remove_source),
        cmocka_unit_test_teardown(test_source__hash, remove_source),
        cmocka_unit_test_teardown(test_source__absent_and_unreadable, remove_source),
        cmocka_unit_test_teardown(test_source__unknown_encoding, remove_source),
        cmocka_unit_test_teardown(test_source__code_of_another_source, remove_source),
        cmocka_unit_test_teardown(test_source__files_without_a_header, remove_source),
        cmocka_unit_test_teardown(test_source__damaged_files, remove_source),
        cmocka_unit_test_teardown(test_source__out_of_memory, remove_source),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
