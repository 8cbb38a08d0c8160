/* Which rows stay, which go: over rows that are made here, without any file. */
#include "dataset/known.h"

#include "bytes.h"

static bf_str text(const char *z) {
    return bf_str_of(z);
}

/* In the order of path and file_id, as bf_known_read leaves them. */
static bf_known_row *add(bf_known *k, const char *path, const char *id, size_t part, int64_t row) {
    k->rows = realloc(k->rows, (k->n + 1) * sizeof *k->rows);
    bf_known_row *r = &k->rows[k->n++];
    memset(r, 0, sizeof *r);
    r->path = text(path), r->file_id = text(id), r->part = part, r->row = row;
    r->deciding[0] = text("3.12"), r->deciding[1] = text("true"), r->deciding[2] = text("match"), r->deciding[3] = text("5ea1");
    return r;
}

static bf_attr attrs[] = {
    {BF_STR_INIT("file_sha256"), BF_STR_INIT("abc")},       {BF_STR_INIT("python_version"), BF_STR_INIT("3.12")}, {BF_STR_INIT("include_cfg"), BF_STR_INIT("true")},
    {BF_STR_INIT("source_status"), BF_STR_INIT("match")}, {BF_STR_INIT("source_sha256"), BF_STR_INIT("5ea1")},
};

static bf_file_facts facts(const char *path, const char *id) {
    return (bf_file_facts){.path = text(path), .file_id = text(id), .attrs = {.items = attrs, .n = sizeof attrs / sizeof *attrs}};
}

static void test_known__has(void **state) {
    (void)state;
    bf_known k = {0};
    add(&k, "a.pyc", "1", 0, 0);
    add(&k, "b.pyc", "2", 0, 1);
    add(&k, "b.pyc", "4", 1, 0);
    bf_file_facts f = facts("b.pyc", "4");
    assert_true(bf_known_has(&k, &f));
    assert_true(k.rows[2].is_kept);
    assert_false(k.rows[1].is_kept);
    static const char *const others[][2] = {{"b.pyc", "3"}, {"b.pyc", "5"}, {"c.pyc", "1"}, {"", "1"}, {"a.py", "1"}, {"a.pycc", "1"}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        f = facts(others[i][0], others[i][1]);
        assert_false(bf_known_has(&k, &f));
    }
    f = facts("a.pyc", "1");
    for (uint32_t i = 0; i < f.attrs.n; i++) { /* each attr but the digest of the file, which is in file_id, changed and gone */
        bf_str was = attrs[i].value;
        bool decides = i > 0;
        attrs[i].value = text("other");
        assert_int_equal(bf_known_has(&k, &f), !decides);
        attrs[i].value = was;
        bf_str key = attrs[i].key;
        attrs[i].key = text("another_key");
        assert_int_equal(bf_known_has(&k, &f), !decides);
        attrs[i].key = key;
    }
    assert_true(bf_known_has(&k, &f));
    bf_known_free(&k);
}

/* A row of what could not be read says why; another reason is another row. */
static void test_known__has_with_error(void **state) {
    (void)state;
    bf_known k = {0};
    bf_error_fact why = {.error_type = text("io"), .message = text("no permission")};
    bf_file_facts f = facts("a.pyc", "1");
    bf_known_row *r = add(&k, "a.pyc", "1", 0, 0);
    f.errors = &why, f.n_errors = 1;
    assert_false(bf_known_has(&k, &f));
    r->first_error = text("no permission");
    assert_true(bf_known_has(&k, &f));
    why.message = text("not found");
    assert_false(bf_known_has(&k, &f));
    bf_known_free(&k);
}

static void assert_gone(const bf_known *k, const bf_inputs *inputs, bool sync, const char *expected, int64_t replaced, int64_t removed) {
    bf_known_gone gone;
    char found[200] = "";
    assert_int_equal(bf_known_find_gone(&gone, k, inputs, sync, NULL), BF_OK);
    for (size_t i = 0; i < gone.n; i++) {
        const bf_known_row *r = &k->rows[gone.rows[i]];
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%zu:%lld", i ? " " : "", r->part, (long long)r->row);
    }
    assert_string_equal(found, expected);
    assert_int_equal(gone.replaced, replaced);
    assert_int_equal(gone.removed, removed);
    free(gone.rows);
}

static void test_known__gone(void **state) {
    (void)state;
    bf_known k = {0};
    bf_input items[] = {{.path = text("a")}, {.path = text("c")}, {.path = text("d")}, {.path = text("folder"), .refusal = "it cannot be listed"}};
    bf_inputs inputs = {.items = items, .n = 3};
    add(&k, "a", "1", 1, 5)->is_kept = true;
    add(&k, "b", "2", 1, 0);        /* vanished */
    add(&k, "c", "3", 0, 7);        /* changed */
    add(&k, "d", "4", 1, 2)->is_kept = true;
    add(&k, "d", "5", 0, 3);        /* another row of a path that is there */
    add(&k, "folder/x", "6", 0, 0); /* vanished, or out of sight */
    add(&k, "folders", "7", 0, 1);
    assert_gone(&k, &inputs, false, "0:3 0:7", 2, 0);
    assert_gone(&k, &inputs, true, "0:0 0:1 0:3 0:7 1:0", 2, 3);
    inputs.n = 4;
    assert_gone(&k, &inputs, true, "0:1 0:3 0:7 1:0", 2, 2);
    inputs.n = 0;
    assert_gone(&k, &inputs, false, "", 0, 0);
    assert_gone(&k, &inputs, true, "0:0 0:1 0:3 0:7 1:0 1:2 1:5", 0, 7);
    items[0] = (bf_input){.path = text("."), .refusal = "the root cannot be listed"};
    inputs.n = 1;
    assert_gone(&k, &inputs, true, "", 0, 0);
    bf_known_free(&k);
}

int main(void) {
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_known__has), cmocka_unit_test(test_known__has_with_error), cmocka_unit_test(test_known__gone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
