#include "opened.h"

/* "N values in M maps": N is not 0. */
static void assert_some(const bf_checks *out, const char *name) {
    const bf_check *c = find_check(out, name);
    assert_int_equal(c->state, BF_CHECK_OK);
    assert_true(strtol(c->found, NULL, 10) > 0);
}

static void test_attrs__full(void **state) {
    (void)state;
    bf_serving *s = open_serving(full);
    bf_checks out = checked(s, bf_attrs_check);
    assert_all_ok(&out);
    static const char *const some[] = {
        "attrs['python_version']",
        "code_objects[].attrs['parent_code_id']",
        "code_objects[].instructions[].attrs['stack_depth_before']",
        "code_objects[].cfg_edges[].attrs['jump_kind']",
        "code_objects[].dfg_edges[].attrs['operand']",
        "errors[].attrs['error_stage']",
    };
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) assert_some(&out, some[i]);
    const char *absent = find_check(&out, "code_objects[].instructions[].attrs: an absent key")->found;
    assert_memory_equal(absent, "null, Utf8; 0 values in ", 24);
    assert_true(strtol(absent + 24, NULL, 10) > 1000);
    bf_checks_free(&out);
    close_serving(s);
}

static void test_attrs__empty(void **state) {
    (void)state;
    const char *const datasets[] = {empty, NULL};
    for (int i = 0; i < 2; i++) {
        bf_serving *s = open_serving(datasets[i]);
        bf_checks out = checked(s, bf_attrs_check);
        assert_all_ok(&out);
        assert_string_equal(find_check(&out, "attrs['python_version']")->found, "0 values in 0 maps");
        assert_string_equal(find_check(&out, "errors[].attrs: an absent key")->found, "null, Utf8; 0 values in 0 maps");
        bf_checks_free(&out);
        close_serving(s);
    }
}

/* Every map of the contract is looked at. */
static void test_attrs__all_maps(void **state) {
    (void)state;
    bf_serving *s = open_serving(NULL);
    bf_checks out = checked(s, bf_attrs_check);
    size_t n = 0;
    for (size_t i = 0; i < out.n; i++) n += strstr(out.items[i].name, ": an absent key") != NULL;
    assert_int_equal(n, 9);
    bf_checks_free(&out);
    close_serving(s);
}

/* The engine that answers is asked: with one that extracts nothing, the counts differ. */
static int32_t query_nothing(bf_engine *engine, const char *sql, bool read_only, struct ArrowArrayStream *out, bf_engine_error *err) {
    bf_error why = {0};
    const bf_engine_api *api;
    char changed[4096];
    if (bf_engine_load(&api, &why) != BF_OK || strlen(sql) >= sizeof changed) return BF_ENGINE_INVALID;
    strcpy(changed, sql);
    for (char *key; (key = strstr(changed, "'python_version'"));) memcpy(key, "'python_Version'", 16);
    return api->query(engine, changed, read_only, out, err);
}

static void test_attrs__value_lost(void **state) {
    (void)state;
    bf_serving *s = open_serving(full);
    bf_engine_api other = *s->api;
    other.query = query_nothing;
    s->api = &other;
    bf_checks out = checked(s, bf_attrs_check);
    const bf_check *c = find_check(&out, "attrs['python_version']");
    assert_int_equal(c->state, BF_CHECK_FAIL);
    assert_memory_equal(c->found, "0 values in ", 12);
    assert_int_equal(out.n_state[BF_CHECK_FAIL], 1);
    bf_checks_free(&out);
    close_serving(s);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attrs__full),
        cmocka_unit_test(test_attrs__empty),
        cmocka_unit_test(test_attrs__all_maps),
        cmocka_unit_test(test_attrs__value_lost),
    };
    return cmocka_run_group_tests(tests, make_datasets, remove_datasets);
}
