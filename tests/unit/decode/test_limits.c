/* The limits of one file, over all fixtures: one more than a file uses is enough, one less is one error row that names the limit. */
#include <glob.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "bytes.h"
#include "decode/facts.h"

static bf_arena arena;

static bf_file_facts decode(const uint8_t *data, size_t size, const bf_limits *limits) {
    bf_decode_options options = {.path = BF_STR("m.pyc"), .limits = limits};
    bf_file_facts facts;
    bf_arena_reset(&arena);
    assert_int_equal(bf_decode_pyc(data, size, &options, &arena, &facts, NULL), BF_OK);
    return facts;
}

static bool names(bf_str message, bf_budget_id id) {
    char flag[64], text[1024];
    snprintf(flag, sizeof flag, "--limit %s=N raises it", bf_budget_name(id));
    snprintf(text, sizeof text, "%.*s", (int)message.n, message.p);
    return strstr(text, flag) || (id == BF_BUDGET_depth && strstr(text, "levels of objects in objects"));
}

static bf_file_facts within(const uint8_t *data, size_t size, bf_budget_id id, int64_t most) {
    bf_limits limits = {0};
    *bf_limits_at(&limits, id) = most;
    return decode(data, size, &limits);
}

static void check_one_row(const bf_file_facts *f, bf_budget_id id, const char *path) {
    if (f->n_limit_errors != 1) fail_msg("%s: %u rows say that %s is used up", path, f->n_limit_errors, bf_budget_name(id));
    uint32_t n = 0;
    for (uint32_t i = 0; i < f->n_errors; i++) n += names(f->errors[i].message, id);
    if (n != 1) fail_msg("%s: %u rows name %s", path, n, bf_budget_name(id));
}

static void check_fixture(const uint8_t *data, size_t size, const char *path) {
    static const bf_budget_id exact[] = {BF_BUDGET_objects, BF_BUDGET_depth, BF_BUDGET_code_objects, BF_BUDGET_instructions, BF_BUDGET_flow_steps};
    bf_file_facts all = decode(data, size, NULL);
    assert_int_equal(all.n_limit_errors, 0);
    assert_int_equal(all.budget.used[BF_BUDGET_bytes], size);
    assert_int_equal(all.budget.used[BF_BUDGET_code_objects], all.n_codes);
    assert_true(all.budget.used[BF_BUDGET_instructions] >= all.n_instrs); /* caches count: there has to be room before they are told apart */
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++) {
        int64_t used = all.budget.used[exact[i]];
        if (!used) continue;
        assert_int_equal(within(data, size, exact[i], used).n_limit_errors, 0);
        if (used == 1) continue; /* 0 is the default */
        bf_file_facts less = within(data, size, exact[i], used - 1);
        check_one_row(&less, exact[i], path);
        assert_true(less.n_codes <= all.n_codes && less.n_instrs <= all.n_instrs);
    }
    int64_t text = all.budget.used[BF_BUDGET_text];
    assert_int_equal(within(data, size, BF_BUDGET_text, BF_TEXT_SHARES * text + 4).n_limit_errors, 0); /* one constant may be all of it */
    bf_file_facts less = within(data, size, BF_BUDGET_text, text / 2);
    check_one_row(&less, BF_BUDGET_text, path);
    assert_int_equal(within(data, size, BF_BUDGET_memory, all.budget.used[BF_BUDGET_memory] * 2).n_limit_errors, 0);
    less = within(data, size, BF_BUDGET_memory, 1);
    check_one_row(&less, BF_BUDGET_memory, path);
}

static void test_limits__each_fixture(void **state) {
    glob_t files;
    (void)state;
    assert_int_equal(glob(BF_TEST_DATA "/*/ok_*.pyc", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        uint8_t *data;
        size_t size;
        assert_int_equal(bf_file_read(files.gl_pathv[i], 1 << 24, &data, &size, NULL), BF_OK);
        check_fixture(data, size, files.gl_pathv[i]);
        free(data);
    }
    assert_true(files.gl_pathc > 250);
    globfree(&files);
    bf_arena_free(&arena);
}

/* What was decoded before a limit is as without it. */
static void test_limits__keeps_what_came_before(void **state) {
    uint8_t *data;
    size_t size;
    (void)state;
    assert_int_equal(bf_file_read(BF_TEST_DATA "/3.12/ok_classes.pyc", 1 << 24, &data, &size, NULL), BF_OK);
    bf_file_facts three = within(data, size, BF_BUDGET_code_objects, 3);
    assert_int_equal(three.n_codes, 3);
    uint32_t n = three.codes[2].n_instrs;
    assert_true(n > 0);
    bf_str name = three.codes[2].qualname;
    char kept[200];
    snprintf(kept, sizeof kept, "%.*s", (int)name.n, name.p);
    bf_file_facts all = decode(data, size, NULL);
    assert_true(all.n_codes > 3);
    assert_text(all.codes[2].qualname, kept);
    assert_int_equal(all.codes[2].n_instrs, n);
    free(data);
    bf_arena_free(&arena);
}

/* The clock as the test wants it: each look at it is a second later than the one before. */
static int64_t looks;
static bool clock_is_ours;

int clock_gettime(clockid_t id, struct timespec *now) {
    if (!clock_is_ours) return (int)syscall(SYS_clock_gettime, id, now);
    *now = (struct timespec){.tv_sec = looks++};
    return 0;
}

/* The time that is up before the fourth code object: one row, naming budget, value and flag; three are kept, as they are without the limit. */
static void test_limits__seconds(void **state) {
    uint8_t *data;
    size_t size;
    (void)state;
    assert_int_equal(bf_file_read(BF_TEST_DATA "/3.12/ok_classes.pyc", 1 << 24, &data, &size, NULL), BF_OK);
    clock_is_ours = true;
    looks = 0;
    bf_file_facts three = within(data, size, BF_BUDGET_seconds, 4);
    assert_int_equal(three.n_codes, 3);
    check_one_row(&three, BF_BUDGET_seconds, "ok_classes.pyc");
    for (uint32_t i = 0; i < three.n_errors; i++)
        if (names(three.errors[i].message, BF_BUDGET_seconds))
            assert_text(three.errors[i].message, "code objects left out: more than 4 seconds in one file; --limit seconds=N raises it");
    assert_int_equal(within(data, size, BF_BUDGET_seconds, 1000000).n_limit_errors, 0);
    int64_t before = looks;
    assert_int_equal(decode(data, size, NULL).n_limit_errors, 0);
    assert_int_equal(looks, before); /* without the limit the clock is not looked at */
    clock_is_ours = false;
    free(data);
    bf_arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits__each_fixture),
        cmocka_unit_test(test_limits__keeps_what_came_before),
        cmocka_unit_test(test_limits__seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
