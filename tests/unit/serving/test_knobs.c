#include "opened.h"

static const char *setting(const bf_engine_option *settings, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (!strcmp(settings[i].key, name)) return settings[i].value;
    fail_msg("no setting %s", name);
    return NULL;
}

/** Sets one option (NULL: none) and holds one setting against what is expected. */
static void assert_setting(const char *option, const char *value, const char *name, const char *expected) {
    bf_error err = {0};
    bf_arena arena = {0};
    bf_engine_option *settings;
    size_t n;
    bf_profile *p = bf_profile_new();
    if (option) assert_int_equal(bf_profile_set(p, option, value, "test", &err), BF_OK);
    assert_int_equal(bf_knobs_settings(p, &arena, &settings, &n, &err), BF_OK);
    assert_in_range(n, 14, 16); /* what is unset, or none, is not given */
    assert_string_equal(setting(settings, n, name), expected);
    free(settings);
    bf_arena_free(&arena);
    bf_profile_free(p);
}

static void test_knobs__defaults(void **state) {
    (void)state;
    static const char *const defaults[][2] = {
        {"datafusion.catalog.information_schema", "true"},
        {"datafusion.execution.parquet.schema_force_view_types", "true"},
        {"datafusion.execution.parquet.skip_metadata", "true"},
        {"datafusion.execution.parquet.skip_arrow_metadata", "false"},
        {"datafusion.execution.listing_table_factory_infer_partitions", "true"},
        {"datafusion.execution.listing_table_ignore_subdirectory", "false"},
        {"datafusion.execution.collect_statistics", "false"},
        {"datafusion.execution.split_file_groups_by_statistics", "false"},
        {"bytefusion.narrow_scans", "true"},
        {"datafusion.execution.meta_fetch_concurrency", "64"},
        {"datafusion.runtime.list_files_cache_ttl", "5m"},
        {"datafusion.runtime.list_files_cache_limit", "10000K"},
        {"datafusion.runtime.max_temp_directory_size", "104857600K"},
    };
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) assert_setting(NULL, NULL, defaults[i][0], defaults[i][1]);
}

static void test_knobs__from_the_profile(void **state) {
    (void)state;
    assert_setting("schema_force_view_types", "false", "datafusion.execution.parquet.schema_force_view_types", "false");
    assert_setting("narrow_scans", "false", "bytefusion.narrow_scans", "false");
    assert_setting("meta_fetch_concurrency", "8", "datafusion.execution.meta_fetch_concurrency", "8");
    assert_setting("collect_statistics", "true", "datafusion.execution.collect_statistics", "true");
    assert_setting("collect_statistics", "true", "datafusion.execution.split_file_groups_by_statistics", "true");
    assert_setting("memory_limit", "2G", "bytefusion.memory_limit", "2097152K");
    assert_setting("memory_limit", "2G", "datafusion.runtime.memory_limit", "1572864K"); /* what operators do not count is left */
    assert_setting("memory_limit", "128M", "datafusion.runtime.memory_limit", "65536K");
    assert_setting("spill_directory", "/spill", "datafusion.runtime.temp_directory", "/spill");
}

/* A kilobyte a file; what has a unit is left as it is, and none is the least that the engine takes. */
static void test_knobs__limit(void **state) {
    (void)state;
    static const char *const limits[][2] = {{"7", "7K"}, {"0", "1K"}, {"512K", "512K"}, {"2M", "2M"}, {"1G", "1G"}};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        assert_setting("list_files_cache_limit", limits[i][0], "datafusion.runtime.list_files_cache_limit", limits[i][1]);
}

/* The engine reports times and sizes in units of its own. */
static void test_knobs__ok(void **state) {
    (void)state;
    static const char *const options[][2] = {
        {"write_mode", "append"}, /* no knob: the defaults */
        {"enable_information_schema", "false"},
        {"collect_statistics", "true"},
        {"narrow_scans", "false"},
        {"list_files_cache_ttl", "90s"},
        {"list_files_cache_ttl", "300s"},
        {"list_files_cache_limit", "7"},
        {"list_files_cache_limit", "2M"},
        {"memory_limit", "none"},
        {"memory_limit", "1.5G"},
        {"spill_limit", "300G"},
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        bf_serving *s = new_serving(full);
        set_option(s, options[i][0], options[i][1]);
        open_table(s);
        bf_checks out = checked(s, bf_knobs_check);
        assert_all_ok(&out);
        assert_int_equal(out.n, 15);
        bf_checks_free(&out);
        close_serving(s);
    }
}

/* An engine that was opened otherwise than the profile says. */
static void test_knobs__fails(void **state) {
    (void)state;
    static const struct {
        const char *option, *value, *setting, *expected, *found;
    } cases[] = {
        {"meta_fetch_concurrency", "8", "datafusion.execution.meta_fetch_concurrency", "8", "64"},
        {"skip_metadata", "false", "datafusion.execution.parquet.skip_metadata", "false", "true"},
        {"list_files_cache_limit", "20000", "datafusion.runtime.list_files_cache_limit", "20000K", NULL},
        {"list_files_cache_ttl", "6m", "datafusion.runtime.list_files_cache_ttl", "6m", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bf_serving *s = new_serving(full);
        open_table(s);
        set_option(s, cases[i].option, cases[i].value);
        bf_checks out = checked(s, bf_knobs_check);
        assert_fails(&out, cases[i].setting, cases[i].expected, cases[i].found);
        assert_int_equal(out.n_state[BF_CHECK_FAIL], 1);
        bf_checks_free(&out);
        close_serving(s);
    }
}

/* Changed behind the profile's back. */
static void test_knobs__set_by_sql(void **state) {
    (void)state;
    bf_serving *s = new_serving(full);
    open_table(s);
    run_sql(s, "SET datafusion.execution.collect_statistics = true");
    bf_checks out = checked(s, bf_knobs_check);
    assert_fails(&out, "datafusion.execution.collect_statistics", "false", "true");
    assert_int_equal(out.n_state[BF_CHECK_FAIL], 1);
    bf_checks_free(&out);
    close_serving(s);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_knobs__defaults), cmocka_unit_test(test_knobs__from_the_profile), cmocka_unit_test(test_knobs__limit),
        cmocka_unit_test(test_knobs__ok),       cmocka_unit_test(test_knobs__fails),            cmocka_unit_test(test_knobs__set_by_sql),
    };
    return cmocka_run_group_tests(tests, make_datasets, remove_datasets);
}
