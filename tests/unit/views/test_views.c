/* The SQL itself is tested by tests/views/check_views.py; here it is what is embedded, and how marks are filled in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "views/views.h"

static const char *const names[] = {
    "py_bc_code_units",
    "py_bc_consts",
    "py_bc_line_table",
    "py_bc_instructions",
    "py_bc_instruction_attrs",
    "py_bc_instruction_attr_keys",
    "py_bc_instruction_attr_values",
    "py_bc_instruction_spans",
    "py_bc_instruction_span_fields",
    "py_bc_instruction_span_unnest",
    "py_bc_cache_entries",
    "py_bc_metadata",
    "bytecode_exception_table",
    "py_bc_blocks",
    "py_bc_cfg_edges",
    "py_bc_cfg_edge_attrs",
    "py_bc_dfg_edges",
    "py_bc_flags_detail",
    "bytecode_errors",
    "py_bc_error_attrs",
    "py_bc_files",
};

enum { N_NAMES = sizeof names / sizeof *names };

/* The text of src/views/NN_name.sql; the caller frees it. */
static char *file_text(size_t index) {
    char path[1024];
    snprintf(path, sizeof path, "%s/../../src/views/%02zu_%s.sql", BF_TEST_DATA, index + 1, names[index]);
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("%s cannot be opened", path);
    char *text = test_calloc(1, 1 << 16);
    size_t n = fread(text, 1, (1 << 16) - 1, f);
    assert_true(n > 0 && n < (1 << 16) - 1);
    fclose(f);
    return text;
}

/* All `from` in `text` become `to`, which is not longer. */
static void replace(char *text, const char *from, const char *to) {
    for (char *p = text; (p = strstr(p, from)); p += strlen(to)) {
        memcpy(p, to, strlen(to));
        memmove(p + strlen(to), p + strlen(from), strlen(p + strlen(from)) + 1);
    }
}

static size_t index_of(const char *name) {
    for (size_t i = 0; i < bf_view_count(); i++)
        if (strcmp(bf_view_name(i), name) == 0) return i;
    fail_msg("no view %s", name);
    return 0;
}

/* As a C string; the caller frees it. */
static char *expanded(size_t index, const bf_view_fill *fill) {
    bf_error err = {0};
    bf_buf out = {0};
    assert_int_equal(bf_view_expand(&out, index, fill, &err), BF_OK);
    bf_buf_putc(&out, 0);
    assert_false(out.failed);
    return out.p;
}

static void test_views__names_in_order(void **state) {
    (void)state;
    assert_int_equal(bf_view_count(), N_NAMES);
    for (size_t i = 0; i < N_NAMES; i++) assert_string_equal(bf_view_name(i), names[i]);
}

static void test_views__unknown(void **state) {
    (void)state;
    assert_null(bf_view_name(bf_view_count()));
    assert_null(bf_view_name(SIZE_MAX));
    static const char *const unknown[] = {"", "py_bc", "py_bc_code_unitsX", "PY_BC_CODE_UNITS", "01_py_bc_code_units", NULL};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        assert_null(bf_view_sql(unknown[i]));
        assert_null(bf_view_comment(unknown[i]));
    }
}

static void test_views__sql_is_the_file(void **state) {
    (void)state;
    for (size_t i = 0; i < N_NAMES; i++) {
        char *text = file_text(i);
        replace(text, "{{partition_cols}}", "");
        replace(text, "{{partition_cols_but_repo}}", "");
        replace(text, "{{base.", "\"base.");
        replace(text, "}}", "\"");
        assert_null(strstr(text, "{{"));
        assert_string_equal(bf_view_sql(names[i]), text);
        assert_ptr_equal(bf_view_sql(names[i]), bf_view_sql(names[i]));
        test_free(text);
    }
}

/* Statements that run as they are in other engines too: one SELECT, no semicolon, no non-ASCII byte. */
static void test_views__plain_select(void **state) {
    (void)state;
    for (size_t i = 0; i < N_NAMES; i++) {
        const char *text = bf_view_sql(names[i]);
        assert_null(strchr(text, ';'));
        for (const char *p = text; *p; p++) assert_true(*p == '\n' || (*p >= 0x20 && *p < 0x7f));
        while (strncmp(text, "--", 2) == 0) text = strchr(text, '\n') + 1;
        assert_true(strncmp(text, "SELECT\n", 7) == 0 || strncmp(text, "WITH ", 5) == 0);
        assert_non_null(strstr(text, "FROM bytecode_files_v1"));
    }
}

static void test_views__comment(void **state) {
    (void)state;
    for (size_t i = 0; i < N_NAMES; i++) {
        const char *comment = bf_view_comment(names[i]);
        assert_true(strncmp(comment, "One row", 7) == 0);
        assert_null(strchr(comment, '\n'));
        assert_int_equal(comment[strlen(comment) - 1], '.');
    }
    assert_string_equal(bf_view_comment("py_bc_blocks"), "One row per basic block of a code object.");
    assert_string_equal(bf_view_comment("py_bc_metadata"),
                        "One row, also for an empty dataset: the metadata of the schema and of each field that has some. SQL reaches no "
                        "schema-level metadata: that map is the contract's own, and opening a dataset checks that its files carry it.");
}

static void test_views__expand_default_is_sql(void **state) {
    (void)state;
    for (size_t i = 0; i < N_NAMES; i++) {
        char *text = expanded(i, &(bf_view_fill){0});
        assert_string_equal(text, bf_view_sql(names[i]));
        free(text);
    }
}

static void test_views__expand_appends(void **state) {
    (void)state;
    bf_error err = {0};
    bf_buf out = {0};
    bf_buf_puts(&out, "CREATE VIEW x AS ");
    assert_int_equal(bf_view_expand(&out, 0, &(bf_view_fill){0}, &err), BF_OK);
    assert_memory_equal(out.p, "CREATE VIEW x AS -- One row per code object", 43);
    bf_buf_free(&out);
}

static void test_views__expand_partition_cols(void **state) {
    (void)state;
    static const char *const cols[] = {"repo", "a \"b\""};
    char *text = expanded(index_of("py_bc_consts"), &(bf_view_fill){.partition_cols = cols, .n_partition_cols = 2});
    assert_non_null(strstr(text, "unnest(code_objects) AS co, \"repo\", \"a \"\"b\"\"\"\n  FROM bytecode_files_v1"));
    assert_non_null(strstr(text, "AS const_id, \"repo\", \"a \"\"b\"\"\"\nFROM base"));
    free(text);

    text = expanded(index_of("py_bc_files"), &(bf_view_fill){.partition_cols = cols, .n_partition_cols = 2});
    assert_non_null(strstr(text, "AS n_errors, \"a \"\"b\"\"\"\nFROM bytecode_files_v1")); /* it has repo */
    free(text);

    text = expanded(index_of("py_bc_metadata"), &(bf_view_fill){.partition_cols = cols, .n_partition_cols = 2});
    assert_string_equal(text, bf_view_sql("py_bc_metadata"));
    free(text);
}

/* Every view but py_bc_metadata ends with the partition columns, and each of its selects carries them. */
static void test_views__expand_partition_cols_everywhere(void **state) {
    (void)state;
    static const char *const cols[] = {"zz"};
    for (size_t i = 0; i < N_NAMES; i++) {
        if (i == index_of("py_bc_metadata")) continue;
        char *text = expanded(i, &(bf_view_fill){.partition_cols = cols, .n_partition_cols = 1});
        size_t n_from = 0, n_cols = 0;
        for (const char *p = text; (p = strstr(p, "FROM ")); p++) n_from++;
        for (const char *p = text; (p = strstr(p, ", \"zz\"\n")); p++) n_cols++;
        assert_int_equal(n_from, n_cols);
        assert_null(strstr(text, "{{"));
        free(text);
    }
}

static void test_views__expand_nameless_partition_col(void **state) {
    (void)state;
    static const char *const empty[] = {"repo", ""}, *const null[] = {NULL};
    bf_error err = {0};
    bf_buf out = {0};
    bf_view_fill fill = {.partition_cols = empty, .n_partition_cols = 2};
    assert_int_equal(bf_view_expand(&out, 0, &fill, &err), BF_INVALID_ARGUMENT);
    assert_string_equal(err.message, "partition column 1 has no name");
    fill = (bf_view_fill){.partition_cols = null, .n_partition_cols = 1};
    assert_int_equal(bf_view_expand(&out, 0, &fill, NULL), BF_INVALID_ARGUMENT);
    assert_int_equal(out.n, 0);
}

static void test_views__expand_no_memory(void **state) {
    (void)state;
    bf_error err = {0};
    bf_buf out = {.failed = true};
    assert_int_equal(bf_view_expand(&out, 0, &(bf_view_fill){0}, &err), BF_NO_MEMORY);
    assert_int_equal(err.code, BF_NO_MEMORY);
}

static void test_views__unnest_forms(void **state) {
    (void)state;
    static const struct {
        const char *column, *start, *flag;
    } known[] = {
        {"base.span.start", "\"base.span.start\"['line0'] AS pos_start_line", "  \"base.flags_detail.is_nested\" AS is_nested"},
        {"__unnest_placeholder(base.span).start", "\"__unnest_placeholder(base.span).start\"['line0'] AS pos_start_line",
         "  \"__unnest_placeholder(base.flags_detail).is_nested\" AS is_nested"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        bf_error err = {0};
        bf_view_fill fill = {0};
        assert_int_equal(bf_unnest_form_find(&fill.unnest, known[i].column, &err), BF_OK);
        char *fields = expanded(index_of("py_bc_instruction_span_fields"), &fill);
        assert_non_null(strstr(fields, known[i].start));
        char *flags = expanded(index_of("py_bc_flags_detail"), &fill);
        assert_non_null(strstr(flags, known[i].flag));
        free(fields);
        free(flags);
    }
}

static void test_views__unnest_form_unknown(void **state) {
    (void)state;
    static const char *const unknown[] = {"", "start", "base.span.star", "base.span.start ",
                                          "__unnest_placeholder(base.span,depth=1).start"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        bf_error err = {0};
        const bf_unnest_form *form;
        assert_int_equal(bf_unnest_form_find(&form, unknown[i], &err), BF_ENGINE);
        assert_null(form);
        assert_non_null(strstr(err.message, unknown[i]));
        assert_non_null(strstr(err.message, "known are base.span.start, __unnest_placeholder(base.span).start"));
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views__names_in_order),
        cmocka_unit_test(test_views__unknown),
        cmocka_unit_test(test_views__sql_is_the_file),
        cmocka_unit_test(test_views__plain_select),
        cmocka_unit_test(test_views__comment),
        cmocka_unit_test(test_views__expand_default_is_sql),
        cmocka_unit_test(test_views__expand_appends),
        cmocka_unit_test(test_views__expand_partition_cols),
        cmocka_unit_test(test_views__expand_partition_cols_everywhere),
        cmocka_unit_test(test_views__expand_nameless_partition_col),
        cmocka_unit_test(test_views__expand_no_memory),
        cmocka_unit_test(test_views__unnest_forms),
        cmocka_unit_test(test_views__unnest_form_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
