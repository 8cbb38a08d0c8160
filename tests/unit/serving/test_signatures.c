#include "opened.h"

/* A session whose gate has not run, with or without the catalog. */
static bf_serving *gateless(const char *enable_information_schema) {
    bf_serving *s = new_serving(NULL);
    set_option(s, "enable_information_schema", enable_information_schema);
    open_table(s);
    bf_checks_free(&s->gates);
    return s;
}

static const bf_signature *signature_of(const bf_serving *s, const char *name) {
    for (size_t i = 0; i < s->signatures.n; i++)
        if (!strcmp(s->signatures.items[i].required->name, name)) return &s->signatures.items[i];
    fail_msg("no signature of %s", name);
    return NULL;
}

static void test_signatures__required(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t least;
        const char *arguments;
    } expected[] = {
        {"arrow_cast", 2, "any, utf8"},   {"arrow_metadata", 1, "any, [utf8]"},
        {"arrow_typeof", 1, "any"},       {"list_extract", 2, "list, int64"},
        {"map_entries", 1, "map"},        {"map_extract", 2, "map, utf8"},
        {"map_keys", 1, "map"},           {"map_values", 1, "map"},
        {"named_struct", 2, "utf8, any"}, {"unnest", 1, "list"},
    };
    bf_error err = {0};
    bf_serving *s = gateless("true");
    if (bf_signatures_gate(s, &err) != BF_OK) fail_msg("%s", err.message);
    assert_int_equal(s->signatures.n, sizeof expected / sizeof *expected);
    assert_int_equal(s->gates.n, s->signatures.n);
    assert_all_ok(&s->gates);
    for (size_t i = 0; i < s->signatures.n; i++) {
        const bf_signature *f = &s->signatures.items[i];
        assert_string_equal(f->required->name, expected[i].name);
        assert_int_equal(f->required->least, expected[i].least);
        assert_string_equal(f->arguments, expected[i].arguments);
        assert_string_equal(f->required->mode, "IN");
        assert_int_equal(f->evidence, BF_EVIDENCE_PROBE); /* this engine's catalog has no parameters of any of them */
        assert_non_null(strstr(f->proof, "SELECT "));
        assert_non_null(strstr(f->proof, "; not SELECT "));
        assert_null(f->found);
    }
    assert_string_equal(
        signature_of(s, "map_extract")->proof,
        "SELECT map_extract(MAP {'Int64': 'v'}, 'Int64'); not SELECT map_extract(MAP {'Int64': 'v'}); not SELECT map_extract(1, 'Int64')");
    close_serving(s);
}

static void test_signatures__snapshot(void **state) {
    (void)state;
    bf_error err = {0};
    bf_serving *s = gateless("true");
    assert_int_equal(bf_signatures_gate(s, &err), BF_OK);
    const bf_signatures *all = &s->signatures;
    assert_true(all->has_catalog);
    assert_true(all->n_routines > 300);
    assert_true(all->n_parameters > 1000);
    size_t n_extract = 0, n_md5 = 0;
    for (size_t i = 0; i < all->n_routines; i++) {
        assert_true(i == 0 || strcmp(all->routines[i - 1].name, all->routines[i].name) <= 0);
        n_extract += !strcmp(all->routines[i].name, "map_extract") && !strcmp(all->routines[i].kind, "SCALAR") && !all->routines[i].returns;
    }
    for (size_t i = 0; i < all->n_parameters; i++)
        n_md5 += !strcmp(all->parameters[i].function, "md5") && !strcmp(all->parameters[i].mode, "IN") &&
                 !strcmp(all->parameters[i].ordinal, "1");
    assert_int_equal(n_extract, 1);
    assert_int_equal(n_md5, 2);
    close_serving(s);
}

static void test_signatures__catalog_off(void **state) {
    (void)state;
    bf_error err = {0};
    bf_serving *s = gateless("false");
    if (bf_signatures_gate(s, &err) != BF_OK) fail_msg("%s", err.message);
    assert_false(s->signatures.has_catalog);
    assert_int_equal(s->signatures.n_routines, 0);
    assert_all_ok(&s->gates);
    assert_non_null(strstr(find_check(&s->gates, "map_keys")->found, "probe (enable_information_schema is off): SELECT map_keys("));
    close_serving(s);
}

/* What a required table that the engine does not meet makes of the gate: the error, and the finding of the function. */
static const struct {
    bf_required_function function;
    const char *expected, *found; /* how they begin */
    bf_evidence evidence;
} deviations[] = {
    {{"map_extracts", true, 2, "IN", {BF_TAKES_MAP, BF_TAKES_KEY}},
     "a routine of the catalog",
     "information_schema.routines has none of that name",
     BF_EVIDENCE_NONE},
    {{"no_syntax", false, 1, "IN", {BF_TAKES_ANY}},
     "at least 1 argument (any)",
     "the engine refuses SELECT no_syntax(1): Error during planning: Invalid function",
     BF_EVIDENCE_PROBE},
    {{"unnest", true, 1, "IN", {BF_TAKES_LIST}}, "a routine of the catalog", "information_schema.routines has none", BF_EVIDENCE_NONE},
    {{"map_extract", true, 3, "IN", {BF_TAKES_MAP, BF_TAKES_KEY, BF_TAKES_ANY}},
     "at least 3 arguments (map, utf8, any)",
     "the engine refuses SELECT map_extract(MAP {'Int64': 'v'}, 'Int64', 1): ",
     BF_EVIDENCE_PROBE},
    {{"map_extract", true, 1, "IN", {BF_TAKES_MAP, BF_TAKES_KEY}},
     "at least 1 argument (map, [utf8])",
     "the engine refuses SELECT map_extract(MAP {'Int64': 'v'}): ",
     BF_EVIDENCE_PROBE},
    {{"arrow_metadata", true, 2, "IN", {BF_TAKES_ANY, BF_TAKES_UTF8}},
     "at least 2 arguments (any, utf8)",
     "the engine takes SELECT arrow_metadata(1)",
     BF_EVIDENCE_PROBE},
    {{"map_keys", true, 1, "IN", {BF_TAKES_LIST}},
     "at least 1 argument (list)",
     "the engine refuses SELECT map_keys([1, 2]): ",
     BF_EVIDENCE_PROBE},
    {{"arrow_typeof", true, 1, "IN", {BF_TAKES_UTF8}},
     "argument 1 is utf8, and nothing else",
     "the engine takes SELECT arrow_typeof(1)",
     BF_EVIDENCE_PROBE},
    {{"list_extract", true, 2, "IN", {BF_TAKES_LIST, BF_TAKES_UTF8}},
     "at least 2 arguments (list, utf8)",
     "the engine refuses SELECT list_extract([1, 2], 'Int64'): ",
     BF_EVIDENCE_PROBE},
    {{"md5", true, 2, "IN", {BF_TAKES_UTF8, BF_TAKES_UTF8}},
     "IN at least 2 of (utf8, utf8)",
     "md5(IN Binary); md5(IN String)",
     BF_EVIDENCE_PARAMETERS},
    {{"md5", true, 1, "IN", {BF_TAKES_MAP}}, "IN at least 1 of (map)", "md5(IN Binary); md5(IN String)", BF_EVIDENCE_PARAMETERS},
    {{"md5", true, 1, "INOUT", {BF_TAKES_UTF8}}, "INOUT at least 1 of (utf8)", "md5(IN Binary); md5(IN String)", BF_EVIDENCE_PARAMETERS},
};

static void test_signatures__deviations(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof deviations / sizeof *deviations; i++) {
        bf_error err = {0};
        char message[300];
        bf_serving *s = gateless("true");
        bf_signatures_require(&deviations[i].function, 1);
        assert_int_equal(bf_signatures_gate(s, &err), BF_CONTRACT);
        snprintf(message, sizeof message, "function %s: expected %s, found: %s", deviations[i].function.name, deviations[i].expected,
                 deviations[i].found);
        if (strncmp(err.message, message, strlen(message))) fail_msg("%s\nis not\n%s", err.message, message);
        assert_int_equal(s->signatures.n, 1);
        assert_int_equal(s->signatures.items[0].evidence, deviations[i].evidence);
        assert_string_equal(s->signatures.items[0].expected, deviations[i].expected);
        assert_memory_equal(s->signatures.items[0].found, deviations[i].found, strlen(deviations[i].found));
        assert_fails(&s->gates, deviations[i].function.name, deviations[i].expected, NULL);
        close_serving(s);
    }
    bf_signatures_require(NULL, 0);
}

/* With the catalog off a function that is missing is found by its probe. */
static void test_signatures__missing_without_catalog(void **state) {
    (void)state;
    bf_error err = {0};
    bf_serving *s = gateless("false");
    bf_signatures_require(&deviations[0].function, 1);
    assert_int_equal(bf_signatures_gate(s, &err), BF_CONTRACT);
    bf_signatures_require(NULL, 0);
    assert_non_null(strstr(
        err.message, "function map_extracts: expected at least 2 arguments (map, utf8), found: the engine refuses SELECT map_extracts("));
    close_serving(s);
}

/* Where the catalog describes a function, that is the evidence, and nothing is probed. */
static void test_signatures__parameters(void **state) {
    (void)state;
    static const bf_required_function described[] = {
        {"md5", true, 1, "IN", {BF_TAKES_UTF8}},
        {"md5", true, 1, "IN", {BF_TAKES_ANY}},
        {"log", true, 1, "IN", {BF_TAKES_ANY}},
    };
    bf_error err = {0};
    bf_serving *s = gateless("true");
    bf_signatures_require(described, 3);
    bf_status st = bf_signatures_gate(s, &err);
    bf_signatures_require(NULL, 0);
    if (st != BF_OK) fail_msg("%s", err.message);
    for (size_t i = 0; i < 3; i++) assert_int_equal(s->signatures.items[i].evidence, BF_EVIDENCE_PARAMETERS);
    assert_string_equal(s->signatures.items[0].proof, "md5(IN Binary); md5(IN String)");
    assert_string_equal(find_check(&s->gates, "md5")->found, "parameters: md5(IN Binary); md5(IN String)");
    close_serving(s);
}

/* Every function is looked at, whatever came before it; the error names the first. */
static void test_signatures__all_are_told(void **state) {
    (void)state;
    static const bf_required_function some[] = {
        {"map_keys", true, 1, "IN", {BF_TAKES_MAP}},    {"first_gone", true, 1, "IN", {BF_TAKES_MAP}},
        {"second_gone", true, 1, "IN", {BF_TAKES_MAP}}, {"third_gone", true, 1, "IN", {BF_TAKES_MAP}},
        {"map_values", true, 1, "IN", {BF_TAKES_MAP}},
    };
    bf_error err = {0};
    bf_serving *s = gateless("true");
    bf_signatures_require(some, 5);
    assert_int_equal(bf_signatures_gate(s, &err), BF_CONTRACT);
    bf_signatures_require(NULL, 0);
    assert_string_equal(err.message,
                        "function first_gone: expected a routine of the catalog, found: information_schema.routines has none of that name; "
                        "2 more functions deviate");
    assert_int_equal(s->gates.n_state[BF_CHECK_OK], 2);
    assert_int_equal(s->gates.n_state[BF_CHECK_FAIL], 3);
    close_serving(s);
}

static int set_up(void **state) {
    (void)state;
    find_engine();
    return 0;
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signatures__required),
        cmocka_unit_test(test_signatures__snapshot),
        cmocka_unit_test(test_signatures__catalog_off),
        cmocka_unit_test(test_signatures__deviations),
        cmocka_unit_test(test_signatures__missing_without_catalog),
        cmocka_unit_test(test_signatures__parameters),
        cmocka_unit_test(test_signatures__all_are_told),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
