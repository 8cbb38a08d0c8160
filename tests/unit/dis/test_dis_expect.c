/* bf_dis_file against the text that dis.dis of each file's own interpreter prints. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>

#include <cmocka.h>
#include <glob.h>

#include "base/file.h"
#include "bytefusion/bytefusion.h"

enum { MAX_FIXTURE_BYTES = 1 << 24 };

static const struct variant {
    const char *ending;
    bf_dis_options options;
} variants[] = {
    {".caches.dis", {.show_caches = true}},
    {".positions.dis", {.show_positions = true}},
    {".dis", {0}}, /* last: the others end so too */
};

static const struct variant *variant_of(const char *path) {
    const struct variant *v = variants;
    for (;; v++) {
        size_t n = strlen(v->ending), length = strlen(path);
        if (length > n && !strcmp(path + length - n, v->ending)) return v;
    }
}

static int line_length(const char *text, size_t start, size_t size) {
    const char *stop = memchr(text + start, '\n', size - start);
    return (int)((stop ? (size_t)(stop - text) : size) - start);
}

static void check_text(const char *dis_path) {
    const struct variant *variant = variant_of(dis_path);
    char path[4096], *found = NULL;
    uint8_t *expected = NULL;
    size_t n_expected, n_found;
    bf_error err = {0};
    snprintf(path, sizeof path, "%.*s.pyc", (int)(strlen(dis_path) - strlen(variant->ending)), dis_path);
    if (bf_file_read(dis_path, MAX_FIXTURE_BYTES, &expected, &n_expected, &err) != BF_OK) fail_msg("%s", err.message);
    FILE *out = open_memstream(&found, &n_found);
    assert_non_null(out);
    bf_status st = bf_dis_file(path, &variant->options, out, &err);
    fclose(out);
    if (st != BF_OK) fail_msg("%s: %s", path, err.message);
    const char *wanted = (const char *)expected;
    size_t same = 0, line = 1, start = 0;
    while (same < n_expected && same < n_found && wanted[same] == found[same])
        if (wanted[same++] == '\n') line++, start = same;
    if (same < n_expected || same < n_found)
        fail_msg("%s: line %zu\nexpected: %.*s\n   found: %.*s", dis_path, line, line_length(wanted, start, n_expected), wanted + start,
                 line_length(found, start, n_found), found + start);
    free(found);
    free(expected);
}

static void check_version(void **state) {
    char pattern[4096];
    glob_t files;
    snprintf(pattern, sizeof pattern, BF_TEST_DATA "/%s/ok_*.dis", (const char *)*state);
    if (glob(pattern, 0, NULL, &files)) fail_msg("no fixtures: %s; tools/gen_expect makes them", pattern);
    for (size_t i = 0; i < files.gl_pathc; i++) check_text(files.gl_pathv[i]);
    printf("%s: %zu texts\n", (const char *)*state, files.gl_pathc);
    globfree(&files);
}

int main(void) {
#define VERSION(id, name) {"test_dis_expect__text_of_" #id, check_version, NULL, NULL, (void *)name}
    const struct CMUnitTest tests[] = {
        VERSION(27, "2.7"),   VERSION(36, "3.6"),   VERSION(37, "3.7"),   VERSION(38, "3.8"),   VERSION(39, "3.9"),   VERSION(310, "3.10"),
        VERSION(311, "3.11"), VERSION(312, "3.12"), VERSION(313, "3.13"), VERSION(314, "3.14"), VERSION(315, "3.15"),
    };
#undef VERSION
    return cmocka_run_group_tests(tests, NULL, NULL);
}
