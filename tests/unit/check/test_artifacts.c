/* The documents: complete, the same each time, whole on disk. */
#include <dirent.h>
#include <jansson.h>

#include "serve.h"

#include "base/digest.h"
#include "check/documents.h"

static json_t *document(bf_session *session, const char *name) {
    bf_error err = {0};
    json_error_t why;
    char *text;
    ok(bf_session_artifact(session, name, &text, &err), &err);
    assert_int_equal(text[strlen(text) - 1], '\n');
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &why);
    if (!root) fail_msg("%s, line %d: %s", name, why.line, why.text);
    free(text);
    return root;
}

static const char *text_at(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    if (!text) fail_msg("no text at %s", key);
    return text;
}

static long long number_at(const json_t *object, const char *key) {
    assert_true(json_is_integer(json_object_get(object, key)));
    return json_integer_value(json_object_get(object, key));
}

/* Names in DATASET/_bytefusion; "" where there is no such folder. */
static void written(char out[1024], const char *dataset) {
    PATH(path, "%s/%s/_bytefusion", folder, dataset);
    struct dirent **found = NULL;
    int n = scandir(path, &found, NULL, alphasort);
    out[0] = 0;
    for (int i = 0; i < n; i++) {
        if (strcmp(found[i]->d_name, ".") && strcmp(found[i]->d_name, "..")) strcat(strcat(out, found[i]->d_name), " ");
        free(found[i]);
    }
    free(found);
}

/* ---- names ---- */

static void test_artifacts__names(void **state) {
    (void)state;
    size_t n = 0;
    for (; bf_artifact_name(n); n++) assert_true(*bf_artifact_name(n) && *bf_artifact_meaning(n));
    assert_int_equal(n, 7);
    assert_null(bf_artifact_meaning(n));
    assert_null(bf_artifact_name((size_t)-1));
}

static void test_artifacts__unknown_name(void **state) {
    (void)state;
    need_engine();
    bf_error err = {0};
    char *text;
    make_dataset("d", "3.12/ok_constants.pyc", NULL);
    bf_session *session = open_for_check("d", NULL);
    assert_int_equal(bf_session_artifact(session, "nothing", &text, &err), BF_NOT_FOUND);
    assert_null(text);
    assert_non_null(strstr(err.message, "nothing"));
    bf_session_close(session);
}

/* ---- what they say ---- */

static void test_artifacts__head(void **state) {
    (void)state;
    need_engine();
    make_dataset("d", "3.12/ok_constants.pyc", NULL);
    bf_session *session = open_for_check("d", NULL);
    for (size_t i = 0; bf_artifact_name(i); i++) {
        json_t *root = document(session, bf_artifact_name(i));
        void *first = json_object_iter(root), *second = json_object_iter_next(root, first);
        assert_string_equal(json_object_iter_key(first), "schema_version");
        assert_int_equal(json_integer_value(json_object_iter_value(first)), 1);
        assert_string_equal(json_object_iter_key(second), "artifact");
        assert_string_equal(json_string_value(json_object_iter_value(second)), bf_artifact_name(i));
        json_decref(root);
    }
    bf_session_close(session);
}

static void test_artifacts__same_bytes(void **state) {
    (void)state;
    need_engine();
    bf_error err = {0};
    char *texts[2];
    make_dataset("same", "3.13", "a");
    make_dataset("same", "3.8", "b");
    for (size_t i = 0; bf_artifact_name(i); i++) {
        if (!strcmp(bf_artifact_name(i), "telemetry")) continue; /* it holds times */
        for (int run = 0; run < 2; run++) {
            bf_session *session = open_for_check("same", NULL);
            ok(bf_session_artifact(session, bf_artifact_name(i), &texts[run], &err), &err);
            bf_session_close(session);
        }
        assert_string_equal(texts[0], texts[1]);
        free(texts[0]);
        free(texts[1]);
    }
}

static void test_artifacts__dataset(void **state) {
    (void)state;
    need_engine();
    make_dataset("parts", "3.12", "one");
    make_dataset("parts", "3.13/ok_constants.pyc", "two");
    bf_session *session = open_for_check("parts", NULL);
    json_t *root = document(session, "datafusion_bytecode_dataset_v1");
    json_t *files = json_object_get(root, "files");
    long long n_rows = 0, n_bytes = 0;
    assert_int_equal(json_array_size(files), 2);
    assert_string_equal(text_at(json_array_get(files, 0), "path"), "repo=one/part-00000.parquet");
    assert_string_equal(text_at(json_object_get(json_array_get(files, 1), "partition"), "repo"), "two");
    assert_string_equal(json_string_value(json_array_get(json_object_get(root, "partition_columns"), 0)), "repo");
    for (size_t i = 0; i < 2; i++) {
        struct stat info;
        PATH(path, "%s/parts/%s", folder, text_at(json_array_get(files, i), "path"));
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(number_at(json_array_get(files, i), "bytes"), info.st_size);
        n_rows += number_at(json_array_get(files, i), "rows");
        n_bytes += info.st_size;
    }
    assert_int_equal(number_at(root, "rows"), n_rows);
    assert_int_equal(number_at(root, "bytes"), n_bytes);
    assert_int_equal(strlen(text_at(json_object_get(root, "fingerprints"), "logical")), 64);
    json_decref(root);
    bf_session_close(session);
}

/* The hash is one over "name=value" lines, in the document's order. */
static void test_artifacts__settings_hash(void **state) {
    (void)state;
    need_engine();
    make_dataset("d", "3.12/ok_constants.pyc", NULL);
    bf_session *session = open_for_check("d", NULL);
    json_t *root = document(session, "settings"), *value;
    char lines[1 << 16] = "", hex[65] = "";
    uint8_t digest[BF_SHA256_BYTES];
    size_t n = 0;
    const char *key;
    json_object_foreach(json_object_get(root, "settings"), key, value) {
        bool is_set = json_is_string(value);
        n += (size_t)snprintf(lines + n, sizeof lines - n, "%s%s%s\n", key, is_set ? "=" : "", is_set ? json_string_value(value) : "");
    }
    bf_sha256(digest, lines, n);
    bf_hex(hex, digest, sizeof digest);
    assert_string_equal(text_at(root, "sha256"), hex);
    assert_string_equal(text_at(json_object_get(root, "settings"), "datafusion.execution.meta_fetch_concurrency"), "64");
    json_decref(root);
    bf_session_close(session);
}

static void test_artifacts__telemetry(void **state) {
    (void)state;
    need_engine();
    bf_error err = {0};
    make_dataset("d", "3.12/ok_constants.pyc", NULL);
    bf_profile *profile = bf_profile_new();
    ok(bf_profile_set(profile, "list_files_cache_limit", "500", "the test", &err), &err);
    bf_session *session = open_for_check("d", profile);
    json_t *root = document(session, "telemetry"), *item, *knob = NULL;
    size_t i;
    json_array_foreach(json_object_get(root, "knobs"), i, item) {
        if (!strcmp(text_at(item, "option"), "list_files_cache_limit")) knob = item;
    }
    assert_string_equal(text_at(knob, "asked"), "500");
    assert_string_equal(text_at(knob, "given"), "500K");
    assert_non_null(strstr(text_at(knob, "conversion"), "500 is a number of files and the engine takes bytes"));
    assert_true(*text_at(knob, "reported"));
    assert_non_null(strstr(text_at(json_object_get(root, "engine"), "version"), "DataFusion"));
    assert_int_equal(number_at(root, "rows"), 1);
    assert_true(json_real_value(json_object_get(json_object_get(root, "seconds"), "open")) > 0);
    assert_true(number_at(json_object_get(root, "counters"), "files_opened") >= 1);
    json_decref(root);
    bf_session_close(session);
    bf_profile_free(profile);
}

static void test_artifacts__views(void **state) {
    (void)state;
    need_engine();
    make_dataset("views", "3.12/ok_constants.pyc", "r");
    bf_session *session = open_for_check("views", NULL);
    json_t *root = document(session, "view_registry"), *views = json_object_get(root, "views"), *view;
    size_t i;
    assert_int_equal(json_array_size(views), bf_view_count());
    json_array_foreach(views, i, view) {
        assert_string_equal(text_at(view, "name"), bf_view_name(i));
        assert_int_equal(strncmp(text_at(view, "sql"), "CREATE VIEW ", 12), 0);
        assert_null(strstr(text_at(view, "sql"), "{{"));
        assert_int_equal(strlen(text_at(view, "fingerprint")), 64);
        json_t *columns = json_object_get(view, "columns"), *last = json_array_get(columns, json_array_size(columns) - 1);
        bool has_repo_last = strcmp(bf_view_name(i), "py_bc_metadata") && strcmp(bf_view_name(i), "py_bc_files");
        if (has_repo_last) assert_string_equal(text_at(last, "path"), "repo");
    }
    json_decref(root);
    bf_session_close(session);
}

static void test_artifacts__metadata_skipped(void **state) {
    (void)state;
    need_engine();
    bf_error err = {0};
    make_dataset("d", "3.12/ok_constants.pyc", NULL);
    bf_profile *profile = bf_profile_new();
    ok(bf_profile_set(profile, "enable_information_schema", "false", "the test", &err), &err);
    bf_session *session = open_for_check("d", profile);
    json_t *root = document(session, "datafusion_bytecode_metadata_v1");
    assert_string_equal(text_at(root, "skipped"), "enable_information_schema is off");
    assert_null(json_object_get(root, "maps"));
    json_decref(root);
    root = document(session, "function_signatures");
    assert_int_equal(json_array_size(json_object_get(root, "required")), 10);
    json_decref(root);
    bf_session_close(session);
    bf_profile_free(profile);
}

/* Every map that the contract names is there from all three sources, and they agree. */
static void test_artifacts__metadata(void **state) {
    (void)state;
    need_engine();
    make_dataset("d", "3.12/ok_constants.pyc", NULL);
    bf_session *session = open_for_check("d", NULL);
    json_t *root = document(session, "datafusion_bytecode_metadata_v1"), *map;
    static const char *const paths[] = {"", "code_objects[].line_table", "code_objects[].line_table[].line1", "code_objects[].instructions",
                                        "code_objects[].instructions[].span"};
    size_t i;
    assert_int_equal(json_array_size(json_object_get(root, "maps")), 5);
    json_array_foreach(json_object_get(root, "maps"), i, map) {
        assert_string_equal(text_at(map, "path"), paths[i]);
        assert_true(json_object_size(json_object_get(map, "contract")) > 0);
        assert_true(json_equal(json_object_get(map, "contract"), json_object_get(map, "files")));
        assert_true(json_equal(json_object_get(map, "contract"), json_object_get(map, "engine")));
    }
    assert_int_equal(json_array_size(json_object_get(root, "lost")), 0);
    assert_string_equal(text_at(json_object_get(json_object_get(root, "py_bc_metadata"), "line1_metadata"), "line_base"), "1");
    json_decref(root);
    bf_session_close(session);
}

/* ---- on disk ---- */

static void test_artifacts__written(void **state) {
    (void)state;
    need_engine();
    bf_error err = {0};
    char names[1024];
    make_dataset("disk", "3.12/ok_constants.pyc", NULL);
    bf_session *session = open_for_check("disk", NULL);
    written(names, "disk");
    assert_string_equal(names, "");
    for (int i = 0; i < 2; i++) ok(bf_session_write_artifacts(session, &err), &err); /* twice is once */
    written(names, "disk");
    assert_string_equal(names, "datafusion_bytecode_dataset_v1.json datafusion_bytecode_metadata_v1.json function_signatures.json "
                               "settings.json telemetry.json validation.json view_registry.json ");
    json_t *made = document(session, "validation");
    PATH(path, "%s/disk/_bytefusion/validation.json", folder);
    json_t *kept = json_load_file(path, 0, NULL);
    assert_true(json_equal(made, kept));
    json_decref(made);
    json_decref(kept);
    bf_session_close(session);
    make_dataset("disk", "3.13/ok_constants.pyc", NULL); /* what was said of the old one goes with it */
    written(names, "disk");
    assert_string_equal(names, "");
}

static void test_artifacts__not_of_a_file(void **state) {
    (void)state;
    need_engine();
    bf_error err = {0};
    char names[1024];
    make_dataset("file", "3.12/ok_constants.pyc", NULL);
    bf_session *session = open_for_check("file/part-00000.parquet", NULL);
    ok(bf_session_write_artifacts(session, &err), &err);
    bf_session_close(session);
    written(names, "file");
    assert_string_equal(names, "");
}

static void test_artifacts__of_the_gate_that_failed(void **state) {
    (void)state;
    need_engine();
    bf_error err = {0};
    bf_session *session;
    char names[1024];
    static const bf_required_function functions[] = {{"no_such_function", true, 1, "IN", {BF_TAKES_ANY}}};
    make_dataset("good", "3.12/ok_constants.pyc", NULL);
    make_from_sql("narrow", "good", "SELECT * EXCEPT (errors) FROM bytecode_files_v1");
    PATH(narrow, "%s/narrow", folder);
    PATH(good, "%s/good", folder);
    assert_int_equal(bf_session_open(narrow, &session, &err), BF_CONTRACT);
    assert_null(session);
    written(names, "narrow");
    assert_string_equal(names, "validation.json ");
    bf_signatures_require(functions, 1);
    assert_int_equal(bf_session_open(good, &session, &err), BF_CONTRACT);
    assert_non_null(strstr(err.message, "no_such_function"));
    written(names, "good");
    assert_string_equal(names, "function_signatures.json ");
    PATH(path, "%s/good/_bytefusion/function_signatures.json", folder);
    json_t *root = json_load_file(path, 0, NULL);
    json_t *first = json_array_get(json_object_get(root, "required"), 0);
    assert_string_equal(text_at(first, "name"), "no_such_function");
    assert_true(*text_at(json_object_get(first, "deviation"), "found"));
    assert_int_equal(number_at(root, "deviations"), 1);
    json_decref(root);
    bf_signatures_require(NULL, 0);
}

/* ---- memory ---- */

static long long left; /* allocations of jansson until one fails, and all after it */

static void *limited_malloc(size_t size) {
    return left-- > 0 ? malloc(size) : NULL;
}

static void test_artifacts__no_memory(void **state) {
    (void)state;
    need_engine();
    static const char *const names[] = {
        "datafusion_bytecode_dataset_v1", "datafusion_bytecode_metadata_v1", "function_signatures", "validation", "settings", "telemetry",
    };
    make_dataset("d", "3.12/ok_constants.pyc", NULL);
    bf_session *session = open_for_check("d", NULL);
    const bf_check *checks;
    size_t n;
    ok(bf_session_check(session, &checks, &n, NULL), &(bf_error){0});
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bf_status st = BF_NO_MEMORY;
        for (long long limit = 0; st != BF_OK; limit += 1 + limit / 8) {
            bf_error err = {0};
            json_t *root;
            left = limit;
            json_set_alloc_funcs(limited_malloc, free);
            st = bf_artifact_make(session, names[i], &root, &err);
            if (st == BF_OK)
                json_decref(root);
            else
                assert_int_equal(st, BF_NO_MEMORY);
            json_set_alloc_funcs(malloc, free);
        }
    }
    bf_session_close(session);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_artifacts__names),          cmocka_unit_test(test_artifacts__unknown_name),
        cmocka_unit_test(test_artifacts__head),           cmocka_unit_test(test_artifacts__same_bytes),
        cmocka_unit_test(test_artifacts__dataset),        cmocka_unit_test(test_artifacts__settings_hash),
        cmocka_unit_test(test_artifacts__telemetry),      cmocka_unit_test(test_artifacts__views),
        cmocka_unit_test(test_artifacts__metadata_skipped), cmocka_unit_test(test_artifacts__metadata),
        cmocka_unit_test(test_artifacts__written),        cmocka_unit_test(test_artifacts__not_of_a_file),
        cmocka_unit_test(test_artifacts__of_the_gate_that_failed), cmocka_unit_test(test_artifacts__no_memory),
    };
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
