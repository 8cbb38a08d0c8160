#include "profile/profile.h"

#include <unistd.h>

#include "bytes.h"

static bf_profile_option option(const bf_profile *p, const char *name) {
    bf_profile_option o = {0};
    for (size_t i = 0; i < bf_profile_count(); i++)
        if (bf_profile_get(p, i, &o) && !strcmp(o.name, name)) return o;
    fail_msg("no option %s", name);
    return o;
}

static void set(bf_profile *p, const char *name, const char *value) {
    bf_error err = {0};
    if (bf_profile_set(p, name, value, "test", &err) != BF_OK) fail_msg("%s", err.message);
}

/** Loads a file of that text; its name is "profile" of the working directory, which is a scratch folder. */
static bf_status load(bf_profile *p, const char *text, bf_error *err) {
    FILE *f = fopen("profile", "wb");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    *err = (bf_error){0};
    return bf_profile_load(p, "profile", err);
}

/* ---- values ---- */

static void test_profile__defaults(void **state) {
    (void)state;
    static const char *const defaults[][2] = {
        {"provider", "listing"},       {"enable_information_schema", "true"}, {"schema_force_view_types", "true"},
        {"skip_metadata", "true"},     {"skip_arrow_metadata", "false"},      {"partition_cols", ""},
        {"ordering", "path,file_id"},  {"collect_statistics", "false"},       {"meta_fetch_concurrency", "64"},
        {"list_files_cache_ttl", "5m"}, {"list_files_cache_limit", "10000"},  {"delta_version", ""},
        {"write_mode", "overwrite"},   {"narrow_scans", "true"},              {"use_materialized", "true"},
        {"allow_write", "false"},
        {"memory_limit", "80%"},       {"spill_limit", "100G"},               {"spill_directory", ""},
    };
    bf_profile *p = bf_profile_new();
    assert_non_null(p);
    const bf_profile *const profiles[] = {p, NULL}; /* none is the defaults */
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) {
            bf_profile_option o = option(profiles[k], defaults[i][0]);
            assert_string_equal(o.value, defaults[i][1]);
            assert_string_equal(o.source, "default");
            assert_true(strlen(o.meaning) > 0);
        }
    assert_int_equal(bf_profile_count(), 36); /* nine of them are limits */
    assert_false(bf_profile_get(p, 36, &(bf_profile_option){0}));
    assert_int_equal(bf_profile_check(p, NULL), BF_OK);
    assert_int_equal(bf_profile_check(NULL, NULL), BF_OK);
    bf_profile_free(p);
    bf_profile_free(NULL);
}

static void test_profile__set(void **state) {
    (void)state;
    bf_profile *p = bf_profile_new();
    set(p, "collect_statistics", "true");
    set(p, "meta_fetch_concurrency", "8");
    set(p, "provider", "parquet");
    assert_true(bf_profile_bool(p, BF_OPT_collect_statistics));
    assert_int_equal(bf_profile_int(p, BF_OPT_meta_fetch_concurrency), 8);
    assert_string_equal(bf_profile_text(p, BF_OPT_provider), "parquet");
    assert_string_equal(option(p, "provider").source, "test");
    assert_int_equal(bf_profile_int(p, BF_OPT_delta_version), -1); /* unset */
    set(p, "meta_fetch_concurrency", "9"); /* the last one counts */
    assert_int_equal(bf_profile_int(p, BF_OPT_meta_fetch_concurrency), 9);
    bf_profile_free(p);
}

static void test_profile__set_wrong(void **state) {
    (void)state;
    static const struct {
        const char *name, *value, *said;
    } cases[] = {
        {"no_such", "1", "test: no option no_such; `bytefusion profile` lists them"},
        {"collect_statistics", "yes", "test: collect_statistics is 'yes', it takes true or false"},
        {"collect_statistics", "", "test: collect_statistics is '', it takes true or false"},
        {"meta_fetch_concurrency", "8k", "test: meta_fetch_concurrency is '8k', it takes a number"},
        {"meta_fetch_concurrency", "-1", "test: meta_fetch_concurrency is '-1', it takes a number"},
        {"meta_fetch_concurrency", "", "test: meta_fetch_concurrency is '', it takes a number"},
        {"delta_version", "9223372036854775808", "test: delta_version is '9223372036854775808', it takes a number"},
    };
    bf_profile *p = bf_profile_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bf_error err = {0};
        assert_int_equal(bf_profile_set(p, cases[i].name, cases[i].value, "test", &err), BF_INVALID_ARGUMENT);
        assert_string_equal(err.message, cases[i].said);
    }
    assert_string_equal(option(p, "meta_fetch_concurrency").source, "default"); /* nothing of it stayed */
    bf_profile_free(p);
}

static void test_profile__copy(void **state) {
    (void)state;
    bf_profile *p = bf_profile_new();
    set(p, "write_mode", "append");
    bf_profile *copy = bf_profile_copy(p), *defaults = bf_profile_copy(NULL);
    bf_profile_free(p);
    assert_string_equal(bf_profile_text(copy, BF_OPT_write_mode), "append");
    assert_string_equal(option(copy, "write_mode").source, "test");
    assert_string_equal(option(copy, "provider").source, "default");
    assert_string_equal(bf_profile_text(defaults, BF_OPT_write_mode), "overwrite");
    bf_profile_free(copy);
    bf_profile_free(defaults);
}

/* ---- files and the environment ---- */

static void test_profile__load(void **state) {
    (void)state;
    bf_error err;
    bf_profile *p = bf_profile_new();
    if (load(p, "{\"collect_statistics\": true,"
                " \"skip_metadata\": false, \"meta_fetch_concurrency\": 8, \"provider\": \"parquet\","
                " \"partition_cols\": [\"lib utf8\", \"repo utf8\"], \"ordering\": [], \"delta_storage_options\": {\"a\": \"1\", \"b\": \"2\"}}",
             &err) != BF_OK)
        fail_msg("%s", err.message);
    static const char *const values[][2] = {
        {"collect_statistics", "true"}, {"skip_metadata", "false"}, {"meta_fetch_concurrency", "8"},
        {"provider", "parquet"},        {"ordering", ""},           {"partition_cols", "lib utf8,repo utf8"},
        {"delta_storage_options", "a=1,b=2"},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        assert_string_equal(option(p, values[i][0]).value, values[i][1]);
        assert_string_equal(option(p, values[i][0]).source, "profile");
    }
    assert_string_equal(option(p, "write_mode").source, "default");
    bf_profile_free(p);
}

static void test_profile__load_wrong(void **state) {
    (void)state;
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"{\"no_such\": 1}", "profile: no option no_such;"},
        {"{\"collect_statistics\": 1}", "profile: collect_statistics is '1', it takes true or false"},
        {"{\"provider\": null}", "profile: the value of provider is of no type that an option has"},
        {"{\"meta_fetch_concurrency\": 1.5}", "profile: the value of meta_fetch_concurrency is of no type that an option has"},
        {"{\"ordering\": [1]}", "profile: the value of ordering is of no type that an option has"},
        {"{\"delta_storage_options\": {\"a\": 1}}", "profile: the value of delta_storage_options is of no type that an option has"},
        {"[]", "profile: a profile is one JSON object"},
        {"{\n\"provider\" \"listing\"}", "profile, line 2: "},
        {"{\"provider\": \"delta\", \"provider\": \"listing\"}", "profile, line 1: "},
        {"", "profile, line 1: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bf_error err;
        bf_profile *p = bf_profile_new();
        assert_int_equal(load(p, cases[i].text, &err), BF_INVALID_ARGUMENT);
        if (strncmp(err.message, cases[i].said, strlen(cases[i].said))) fail_msg("\"%s\" where it says \"%s\"", err.message, cases[i].said);
        bf_profile_free(p);
    }
}

static void test_profile__load_missing(void **state) {
    (void)state;
    bf_error err = {0};
    bf_profile *p = bf_profile_new();
    assert_int_equal(bf_profile_load(p, "no_such_file", &err), BF_IO);
    assert_non_null(strstr(err.message, "no_such_file"));
    bf_profile_free(p);
}

static void test_profile__environment(void **state) {
    (void)state;
    bf_error err = {0};
    bf_profile *p = bf_profile_new();
    setenv("BYTEFUSION_META_FETCH_CONCURRENCY", "8", 1);
    assert_int_equal(bf_profile_load_environment(p, &err), BF_OK);
    assert_string_equal(option(p, "meta_fetch_concurrency").value, "8");
    assert_string_equal(option(p, "meta_fetch_concurrency").source, "BYTEFUSION_META_FETCH_CONCURRENCY");
    assert_string_equal(option(p, "write_mode").source, "default");
    setenv("BYTEFUSION_META_FETCH_CONCURRENCY", "many", 1);
    assert_int_equal(bf_profile_load_environment(p, &err), BF_INVALID_ARGUMENT);
    assert_string_equal(err.message, "BYTEFUSION_META_FETCH_CONCURRENCY: meta_fetch_concurrency is 'many', it takes a number");
    unsetenv("BYTEFUSION_META_FETCH_CONCURRENCY");
    bf_profile_free(p);
}

/* ---- together ---- */

static void test_profile__check(void **state) {
    (void)state;
    static const struct {
        const char *sets[3][2];
        const char *said; /* NULL: it is fine */
    } cases[] = {
        {{{"provider", "delta"}, {"delta_version", "3"}}, NULL},
        {{{"provider", "delta"}, {"write_mode", "append"}}, NULL}, /* of no group */
        {{{"provider", "parquet"}, {"partition_cols", "repo utf8"}}, NULL},
        {{{"provider", "csv"}}, "provider csv: there are listing, parquet and delta"},
        {{{"memory_limit", "none"}}, NULL},
        {{{"memory_limit", "99.5%"}}, NULL},
        {{{"memory_limit", "1.5g"}}, NULL},
        {{{"memory_limit", "12"}}, "memory_limit is '12', it takes a size of 1M or more (512M, 2G), a share of the memory (80%), or none"},
        {{{"memory_limit", "-1G"}}, "memory_limit is '-1G', it takes a size of 1M or more (512M, 2G), a share of the memory (80%), or none"},
        {{{"spill_limit", "1GB"}}, "spill_limit is '1GB', it takes a size of 1M or more (512M, 2G), a share of the memory (80%), or none"},
        {{{"write_mode", "replace"}}, "write_mode replace: there are overwrite, append and error"},
        {{{"delta_version", "3"}}, NULL}, /* the dataset will say what it is */
        {{{"provider", "listing"}, {"delta_version", "3"}}, "delta_version is for Delta tables, and the provider is listing"},
        {{{"provider", "delta"}, {"ordering", "path"}},
         "ordering is for external tables and provider=delta for Delta tables: a profile is for one of them"},
        {{{"ordering", "path"}, {"delta_version", "3"}},
         "ordering is for external tables and delta_version for Delta tables: a profile is for one of them"},
        {{{"provider", "delta"}, {"delta_version", "3"}, {"delta_timestamp", "2024-01-01"}},
         "delta_version and delta_timestamp both say which version: give one of them"},
        {{{"unbounded", "true"}}, "unbounded: a dataset of files has an end"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bf_error err = {0};
        bf_profile *p = bf_profile_new();
        for (int k = 0; k < 3 && cases[i].sets[k][0]; k++) set(p, cases[i].sets[k][0], cases[i].sets[k][1]);
        assert_int_equal(bf_profile_check(p, &err), cases[i].said ? BF_INVALID_ARGUMENT : BF_OK);
        assert_string_equal(err.message, cases[i].said ? cases[i].said : "");
        bf_profile_free(p);
    }
}

/* ---- a scratch folder ---- */

static char scratch[] = "/tmp/bf_profile_XXXXXX";

static int enter(void **state) {
    (void)state;
    return !mkdtemp(scratch) || chdir(scratch);
}

static int leave(void **state) {
    (void)state;
    return unlink("profile") || chdir("/") || rmdir(scratch);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profile__defaults),   cmocka_unit_test(test_profile__set),
        cmocka_unit_test(test_profile__set_wrong),
        cmocka_unit_test(test_profile__copy),       cmocka_unit_test(test_profile__load),         cmocka_unit_test(test_profile__load_wrong),
        cmocka_unit_test(test_profile__load_missing), cmocka_unit_test(test_profile__environment), cmocka_unit_test(test_profile__check),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
