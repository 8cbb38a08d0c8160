/* Differences between datasets that were made to differ in one thing. */
#include "serve.h"

#include "nanoarrow/nanoarrow.h"

enum { MAX_LINES = 400 };

typedef struct lines {
    char text[MAX_LINES][400];
    size_t n;
} lines;

static void keep(void *context, const bf_drift *d) {
    lines *l = context;
    assert_true(l->n < MAX_LINES);
    snprintf(l->text[l->n++], sizeof l->text[0], "%s %s: %s -> %s", d->what, d->name, d->a, d->b);
}

static void diff(lines *out, const char *a, const char *b) {
    bf_error err = {0};
    size_t n = 0;
    PATH(x, "%s/%s", folder, a);
    PATH(y, "%s/%s", folder, b);
    out->n = 0;
    ok(bf_diff(NULL, x, y, keep, out, &n, &err), &err);
    assert_int_equal(n, out->n);
}

static bool has(const lines *l, const char *line) {
    for (size_t i = 0; i < l->n; i++)
        if (!strcmp(l->text[i], line)) return true;
    return false;
}

static bool has_start(const lines *l, const char *start) {
    for (size_t i = 0; i < l->n; i++)
        if (!strncmp(l->text[i], start, strlen(start))) return true;
    return false;
}

static lines found;

static void test_diff__same(void **state) {
    (void)state;
    need_engine();
    make_dataset("x", "3.12/ok_constants.pyc", NULL);
    make_dataset("y", "3.12/ok_constants.pyc", NULL);
    make_dataset("empty", NULL, NULL);
    diff(&found, "x", "y");
    assert_int_equal(found.n, 0);
    diff(&found, "empty", "empty");
    assert_int_equal(found.n, 0);
}

static void test_diff__rows_by_version(void **state) {
    (void)state;
    need_engine();
    make_dataset("x", "3.12/ok_constants.pyc", NULL);
    make_dataset("y", "3.13/ok_constants.pyc", NULL);
    make_dataset("empty", NULL, NULL);
    diff(&found, "x", "y");
    assert_true(has(&found, "rows 3.12 files: 1 -> none"));
    assert_true(has(&found, "rows 3.13 files: none -> 1"));
    assert_true(has_start(&found, "rows 3.13 instructions: none -> "));
    assert_true(has_start(&found, "file "));
    assert_int_equal(found.n, 8); /* files, code objects, instructions of both, the file of each; nothing else */
    diff(&found, "empty", "x");
    assert_true(has(&found, "rows all files: 0 -> 1"));
    assert_int_equal(found.n, 5);
}

static void test_diff__schema_of_a_refused_dataset(void **state) {
    (void)state;
    need_engine();
    make_dataset("good", "3.12/ok_constants.pyc", NULL);
    make_from_sql("narrow", "good", "SELECT * EXCEPT (repo) FROM bytecode_files_v1");
    diff(&found, "good", "narrow");
    assert_true(has(&found, "schema repo missing: utf8 -> no such field"));
    assert_true(has_start(&found, "contract bytecode_files_v1: met -> "));
    diff(&found, "narrow", "good");
    assert_true(has(&found, "schema repo extra: no such field -> utf8"));
    diff(&found, "narrow", "narrow");
    assert_int_equal(found.n, 0);
}

/* ---- rows as bf_read gives them, with the metadata of one field lost ---- */

static struct ArrowSchema *child(struct ArrowSchema *parent, const char *name) {
    for (int64_t i = 0; i < parent->n_children; i++)
        if (!strcmp(parent->children[i]->name, name)) return parent->children[i];
    fail_msg("no field %s", name);
    return NULL;
}

static int poorer_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    struct ArrowArrayStream *inner = stream->private_data;
    if (inner->get_schema(inner, out)) return -1;
    return ArrowSchemaSetMetadata(child(child(child(out, "code_objects")->children[0], "instructions")->children[0], "span"), NULL);
}

static int same_rows(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    struct ArrowArrayStream *inner = stream->private_data;
    return inner->get_next(inner, out);
}

static const char *no_error(struct ArrowArrayStream *stream) {
    (void)stream;
    return NULL;
}

static void release(struct ArrowArrayStream *stream) {
    struct ArrowArrayStream *inner = stream->private_data;
    inner->release(inner);
    stream->release = NULL;
}

static void test_diff__metadata(void **state) {
    (void)state;
    need_engine();
    bf_error err = {0};
    struct ArrowArrayStream inner, outer = {poorer_schema, same_rows, no_error, release, &inner};
    make_dataset("good", "3.12/ok_constants.pyc", NULL);
    PATH(lost, "%s/lost", folder);
    PATH(part, "%s/lost/part.parquet", folder);
    assert_int_equal(mkdir(lost, 0700), 0);
    const char *const paths[] = {BF_TEST_DATA "/3.12/ok_constants.pyc"};
    const bf_read_options read = {.paths = paths, .n_paths = 1, .jobs = 1};
    ok(bf_read(&read, &inner, &err), &err);
    ok(bf_write_parquet(&outer, part, &err), &err);
    diff(&found, "good", "lost");
    assert_true(has(&found, "metadata code_objects[].instructions[].span: "
                            "col_unit=utf32 end_exclusive=true line_base=0 semantic_type=Span -> none"));
    assert_true(has_start(&found, "contract bytecode_files_v1: met -> "));
}

/* One file of two has a schema of its own; the other way round it is A's. */
static void test_diff__one_file_of_two(void **state) {
    (void)state;
    need_engine();
    make_dataset("good", "3.12/ok_constants.pyc", NULL);
    make_dataset("mixed", "3.12/ok_constants.pyc", NULL);
    make_from_sql("narrow", "good", "SELECT * EXCEPT (repo) FROM bytecode_files_v1");
    PATH(from, "%s/narrow/part.parquet", folder);
    PATH(to, "%s/mixed/part-00001.parquet", folder);
    assert_int_equal(rename(from, to), 0);
    diff(&found, "good", "mixed");
    char line[700];
    snprintf(line, sizeof line, "schema repo missing in %s: utf8 -> no such field", to);
    assert_true(has(&found, line));
    diff(&found, "mixed", "good");
    snprintf(line, sizeof line, "schema repo missing in %s: no such field -> utf8", to);
    assert_true(has(&found, line));
}

static void test_diff__unreadable_file(void **state) {
    (void)state;
    need_engine();
    make_dataset("good", "3.12/ok_constants.pyc", NULL);
    make_dataset("torn", "3.12/ok_constants.pyc", NULL);
    PATH(path, "%s/torn/part-00001.parquet", folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fclose(file);
    diff(&found, "good", "torn");
    char line[700];
    snprintf(line, sizeof line, "schema files that cannot be read: 0 -> 1, first %s", path);
    assert_true(has(&found, line));
}

static void test_diff__partitions(void **state) {
    (void)state;
    need_engine();
    make_dataset("good", "3.12/ok_constants.pyc", NULL);
    make_dataset("parts", "3.12/ok_constants.pyc", "r");
    diff(&found, "good", "parts");
    assert_true(has(&found, "partitions columns: none -> repo"));
    assert_true(has(&found, "view py_bc_consts.repo: none -> utf8 not null"));
    assert_true(has_start(&found, "fingerprint logical: "));
}

/* Settings are those of the last check. */
static void test_diff__settings_of_the_last_check(void **state) {
    (void)state;
    need_engine();
    bf_error err = {0};
    make_dataset("x", "3.12/ok_constants.pyc", NULL);
    make_dataset("y", "3.12/ok_constants.pyc", NULL);
    bf_profile *profile = bf_profile_new();
    ok(bf_profile_set(profile, "meta_fetch_concurrency", "8", "the test", &err), &err);
    bf_session *session = open_for_check("x", profile);
    ok(bf_session_write_artifacts(session, &err), &err);
    bf_session_close(session);
    bf_profile_free(profile);
    diff(&found, "x", "y");
    assert_int_equal(found.n, 1);
    assert_string_equal(found.text[0], "setting datafusion.execution.meta_fetch_concurrency: 8 -> 64");
}

/* A document beside the dataset that is none of ours does no harm. */
static void test_diff__foreign_documents(void **state) {
    (void)state;
    need_engine();
    static const char *const texts[] = {"", "[]", "{\"artifact\": 7}",
                                        "{\"schema_version\": 1, \"artifact\": \"settings\", \"settings\": [1]}",
                                        "{\"schema_version\": 1, \"artifact\": \"settings\", \"settings\": {\"a\": [1]}}"};
    make_dataset("x", "3.12/ok_constants.pyc", NULL);
    make_dataset("y", "3.12/ok_constants.pyc", NULL);
    PATH(documents, "%s/x/_bytefusion", folder);
    PATH(path, "%s/x/_bytefusion/settings.json", folder);
    assert_int_equal(mkdir(documents, 0700), 0);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        fputs(texts[i], file);
        fclose(file);
        diff(&found, "x", "y");
        assert_int_equal(found.n == 0, i < 3);
    }
}

static void test_diff__no_dataset(void **state) {
    (void)state;
    need_engine();
    bf_error err = {0};
    make_dataset("x", "3.12/ok_constants.pyc", NULL);
    PATH(x, "%s/x", folder);
    PATH(nowhere, "%s/nowhere", folder);
    assert_int_equal(bf_diff(NULL, x, nowhere, NULL, NULL, NULL, &err), BF_NOT_FOUND);
    assert_int_equal(bf_diff(NULL, nowhere, x, NULL, NULL, NULL, &err), BF_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_diff__same),
        cmocka_unit_test(test_diff__rows_by_version),
        cmocka_unit_test(test_diff__schema_of_a_refused_dataset),
        cmocka_unit_test(test_diff__metadata),
        cmocka_unit_test(test_diff__one_file_of_two),
        cmocka_unit_test(test_diff__unreadable_file),
        cmocka_unit_test(test_diff__partitions),
        cmocka_unit_test(test_diff__settings_of_the_last_check),
        cmocka_unit_test(test_diff__foreign_documents),
        cmocka_unit_test(test_diff__no_dataset),
    };
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
