/* What is read of a footer without the engine, against what the engine (arrow-rs) reads of the same file. */
#include "check/serve.h"
#include "dataset/footer_key.h"
#include "engine/engine.h"
#include "nanoarrow/nanoarrow.h"

static void write_sql(const char *path, const char *sql) {
    bf_error err = {0};
    bf_session *session;
    struct ArrowArrayStream rows;
    ok(bf_session_open(NULL, &session, &err), &err);
    ok(bf_session_query(session, sql, &rows, &err), &err);
    ok(bf_write_parquet(&rows, path, &err), &err);
    bf_session_close(session);
}

/* The key of folder/NAME.parquet, which the engine agrees with. */
static bf_footer_key key_of(const char *name) {
    bf_footer_key key = {.rows = -1};
    const bf_engine_api *api;
    struct ArrowSchema schema;
    bf_engine_footer about;
    PATH(path, "%s/%s.parquet", folder, name);
    assert_int_equal(bf_engine_load(&api, NULL), BF_OK);
    assert_int_equal(api->footer(path, &schema, &about, NULL), BF_ENGINE_OK);
    assert_true(bf_footer_key_read(&key, path));
    assert_int_equal(key.rows, about.rows);
    assert_int_equal(key.row_groups, about.row_groups);
    ArrowSchemaRelease(&schema);
    return key;
}

static bf_footer_key key_of_sql(const char *name, const char *sql) {
    PATH(path, "%s/%s.parquet", folder, name);
    write_sql(path, sql);
    return key_of(name);
}

static bool same(bf_footer_key a, bf_footer_key b) {
    return !memcmp(a.digest, b.digest, sizeof a.digest);
}

static void test_footer_key__rows_do_not_count(void **state) {
    (void)state;
    need_engine();
    bf_footer_key one = key_of_sql("one", "SELECT 1 AS a, 'x' AS b");
    bf_footer_key more = key_of_sql("more", "SELECT * FROM (VALUES (5, 'long text'), (-7, ''), (9, NULL)) AS t(a, b) WHERE b IS NOT NULL");
    bf_footer_key none = key_of_sql("none", "SELECT 1 AS a, 'x' AS b WHERE false");
    assert_int_equal(one.rows, 1);
    assert_int_equal(none.rows, 0);
    assert_true(same(one, none));
    assert_int_equal(more.rows, 2);
}

static void test_footer_key__schema_counts(void **state) {
    (void)state;
    need_engine();
    static const char *const others[] = {
        "SELECT 1 AS a, 'x' AS c", "SELECT 1 AS a", "SELECT 'x' AS b, 1 AS a", "SELECT CAST(1 AS INT) AS a, 'x' AS b", "SELECT [1] AS a, 'x' AS b",
        "SELECT nullif(1, CAST(random() AS BIGINT)) AS a, 'x' AS b", "SELECT 1 AS a, arrow_cast('x', 'Utf8View') AS b",
    };
    bf_footer_key one = key_of_sql("one", "SELECT 1 AS a, 'x' AS b");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) assert_false(same(one, key_of_sql("other", others[i])));
}

/* More than is read at first. */
static void test_footer_key__large(void **state) {
    (void)state;
    need_engine();
    static char sql[64 * 1024] = "SELECT 0 AS c0";
    for (int i = 1, n = (int)strlen(sql); i < 2000; i++) n += snprintf(sql + n, sizeof sql - (size_t)n, ", %d AS c%d", i, i);
    key_of_sql("large", sql);
}

static uint8_t *read_footer(const char *name, size_t *n) {
    PATH(path, "%s/%s.parquet", folder, name);
    FILE *f = fopen(path, "rb");
    uint8_t *data = test_malloc(1 << 20);
    size_t size = fread(data, 1, 1 << 20, f);
    fclose(f);
    *n = (size_t)data[size - 8] | (size_t)data[size - 7] << 8;
    memmove(data, data + size - 8 - *n, *n);
    return data;
}

/* No prefix is whole; nothing that is not is read beyond its end (the sanitizer looks). */
static void test_footer_key__damaged(void **state) {
    (void)state;
    need_engine();
    size_t n;
    bf_footer_key key;
    key_of_sql("one", "SELECT 1 AS a, 'x' AS b, [1, 2] AS c");
    uint8_t *data = read_footer("one", &n);
    assert_true(bf_footer_key_parse(&key, data, n));
    for (size_t i = 0; i < n; i++) {
        uint8_t *prefix = test_malloc(i ? i : 1);
        memcpy(prefix, data, i);
        assert_false(bf_footer_key_parse(&key, prefix, i));
        test_free(prefix);
        for (int bit = 0; bit < 8; bit++) {
            data[i] ^= (uint8_t)(1 << bit);
            bf_footer_key_parse(&key, data, n);
            data[i] ^= (uint8_t)(1 << bit);
        }
    }
    test_free(data);
}

static void test_footer_key__no_footer(void **state) {
    (void)state;
    bf_footer_key key;
    static const char *const contents[] = {"", "PAR1", "PAR1PAR1", "PAR1\xff\xff\xff\xffPAR1", "PAR1\x01\0\0\0PARE", "some text that is none"};
    PATH(path, "%s/none.parquet", folder);
    assert_false(bf_footer_key_read(&key, folder));
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        FILE *f = fopen(path, "wb");
        fwrite(contents[i], 1, strlen(contents[i]), f);
        fclose(f);
        assert_false(bf_footer_key_read(&key, path));
    }
    unlink(path);
    assert_false(bf_footer_key_read(&key, path));
}

/* A struct in a struct, as deep as it likes. */
static void test_footer_key__deep(void **state) {
    (void)state;
    bf_footer_key key;
    static uint8_t deep[100000];
    memset(deep, 0x1c, sizeof deep);
    assert_false(bf_footer_key_parse(&key, deep, sizeof deep));
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_footer_key__rows_do_not_count), cmocka_unit_test(test_footer_key__schema_counts),
        cmocka_unit_test(test_footer_key__large),             cmocka_unit_test(test_footer_key__damaged),
        cmocka_unit_test(test_footer_key__no_footer),         cmocka_unit_test(test_footer_key__deep),
    };
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
