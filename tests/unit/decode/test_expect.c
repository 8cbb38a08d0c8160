/* Every fixture, row by row, against what its own interpreter's dis says of it; and that the fixtures reach every opcode. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>

#include <cmocka.h>
#include <glob.h>

#include "base/file.h"
#include "decode/rows.h"
#include "opcodes/opcodes.h"

enum { MAX_FIXTURE_BYTES = 1 << 24 };

/* Opcodes that the tables hold and no compiler of that version writes into a file. */
static const struct {
    const char *name;
    int first, last; /* ids of versions */
} never_written[] = {
    {"STOP_CODE", 27, 27},          /* a 0, so that code which runs out stops */
    {"NOP", 27, 39},                /* the peephole optimizer takes all of them out */
    {"EXIT_INIT_CHECK", 313, 315},  /* in the code that the interpreter itself runs __init__ under */
    {"TRACE_RECORD", 315, 315},     /* put in by the tracing JIT */
};

static bool is_written(const bf_cpython *version, const bf_op_info *op) {
    if (op->kind != BF_OP_PLAIN) return false;
    for (size_t i = 0; i < sizeof never_written / sizeof *never_written; i++)
        if (version->id >= never_written[i].first && version->id <= never_written[i].last &&
            bf_str_eq(op->name, bf_str_of(never_written[i].name)))
            return false;
    return true;
}

static void read_text(const char *path, char **text, size_t *size) {
    bf_error err = {0};
    uint8_t *data = NULL;
    if (bf_file_read(path, MAX_FIXTURE_BYTES, &data, size, &err) != BF_OK) fail_msg("%s", err.message);
    *text = (char *)data;
}

/* Fails with the first line that differs. */
static void compare(const char *path, const char *expected, size_t n_expected, const char *found, size_t n_found) {
    const char *end = expected + n_expected, *found_end = found + n_found;
    for (int line = 1; expected < end || found < found_end; line++) {
        const char *stop = memchr(expected, '\n', (size_t)(end - expected)), *found_stop = memchr(found, '\n', (size_t)(found_end - found));
        if (!stop) stop = end;
        if (!found_stop) found_stop = found_end;
        if (stop - expected != found_stop - found || memcmp(expected, found, (size_t)(stop - expected)))
            fail_msg("%s: line %d (the interpreter's name not counted)\nexpected: %.*s\n   found: %.*s", path, line, (int)(stop - expected),
                     expected, (int)(found_stop - found), found);
        expected = stop < end ? stop + 1 : end;
        found = found_stop < found_end ? found_stop + 1 : found_end;
    }
}

static void check_fixture(const char *path, bool reached[256]) {
    char expect_path[4096], *data, *expected;
    size_t size, n_expected;
    bf_arena arena = {0};
    bf_buf found = {0};
    bf_file_facts facts;
    bf_error err = {0};
    snprintf(expect_path, sizeof expect_path, "%.*s.expect", (int)(strlen(path) - strlen(".pyc")), path);
    read_text(path, &data, &size);
    read_text(expect_path, &expected, &n_expected);
    assert_int_equal(strncmp(expected, "# CPython ", 10), 0);
    bf_decode_options options = {.path = bf_str_of(path)};
    if (bf_decode_pyc((uint8_t *)data, size, &options, &arena, &facts, &err) != BF_OK) fail_msg("%s: %s", path, err.message);
    rows_put(&found, &facts);
    assert_false(found.failed);
    const char *rows = memchr(expected, '\n', n_expected);
    assert_non_null(rows);
    rows++;
    compare(expect_path, rows, n_expected - (size_t)(rows - expected), found.p, found.n);
    for (uint32_t i = 0; i < facts.n_codes; i++)
        for (uint32_t k = 0; k < facts.codes[i].n_instrs; k++) reached[facts.codes[i].instrs[k].opcode] = true;
    bf_buf_free(&found);
    bf_arena_free(&arena);
    free(data);
    free(expected);
}

static void check_version(void **state) {
    const bf_cpython *version = bf_cpython_by_name(*state);
    assert_non_null(version);
    char pattern[4096];
    glob_t files;
    bool reached[256] = {0};
    snprintf(pattern, sizeof pattern, BF_TEST_DATA "/%s/ok_*.pyc", version->name);
    if (glob(pattern, 0, NULL, &files)) fail_msg("no fixtures: %s; tools/gen_expect makes them", pattern);
    for (size_t i = 0; i < files.gl_pathc; i++) check_fixture(files.gl_pathv[i], reached);

    const bf_op_info *ops = bf_opcodes(version);
    int n_written = 0, n_reached = 0;
    bf_buf missing = {0};
    for (int number = 0; number < 256; number++) {
        if (!is_written(version, &ops[number])) continue;
        n_written++;
        n_reached += reached[number];
        if (!reached[number]) bf_buf_printf(&missing, "%s%.*s", missing.n ? ", " : "", (int)ops[number].name.n, ops[number].name.p);
    }
    bf_buf_putc(&missing, 0);
    printf("%s: %zu fixtures, %d of %d opcodes a compiler emits; not reached: %s\n", version->name, files.gl_pathc, n_reached, n_written,
           missing.p[0] ? missing.p : "none");
    bf_buf_free(&missing);
    globfree(&files);
    assert_int_equal(n_reached, n_written);
}

int main(void) {
#define VERSION(id, name) {"test_expect__rows_of_" #id, check_version, NULL, NULL, (void *)name}
    const struct CMUnitTest tests[] = {
        VERSION(27, "2.7"),   VERSION(36, "3.6"),   VERSION(37, "3.7"),   VERSION(38, "3.8"),   VERSION(39, "3.9"),   VERSION(310, "3.10"),
        VERSION(311, "3.11"), VERSION(312, "3.12"), VERSION(313, "3.13"), VERSION(314, "3.14"), VERSION(315, "3.15"),
    };
#undef VERSION
    return cmocka_run_group_tests(tests, NULL, NULL);
}
