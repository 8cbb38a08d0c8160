/* Tables whose files differ, scanned for less than all of their columns: what the narrow scan says is what the wide one says, and what
 * the test wrote. Whole views are compared in tests/cli/test_narrow.py. */
#include <bytefusion/bytefusion.h>

#include "calls.h"

/* What was written first lacked fields; what came later has more. */
static const char *const files[][2] = {
    {"all", "SELECT 'all' AS path, [named_struct('x', 1, 'y', 'one', 'in', [named_struct('p', 7, 'q', 'seven'), named_struct('p', 8, 'q', 'eight')])] AS l, "
            "named_struct('a', 1, 'b', 'one') AS s"},
    {"older", "SELECT 'older' AS path, [named_struct('y', 'two'), named_struct('y', 'three')] AS l, named_struct('b', 'two') AS s"},
    {"no_q", "SELECT 'no_q' AS path, [named_struct('x', 4, 'in', [named_struct('p', 9)])] AS l, named_struct('a', 4) AS s"},
    {"no_p", "SELECT 'no_p' AS path, [named_struct('in', [named_struct('q', 'ten')], 'x', 5)] AS l, named_struct('b', 'five', 'a', 5) AS s"},
    {"bare", "SELECT 'bare' AS path"},
};
enum { N_FILES = sizeof files / sizeof *files };

static bf_engine *narrow, *wide;

static void set_nullable(struct ArrowSchema *field) {
    field->flags |= ARROW_FLAG_NULLABLE;
    for (int64_t i = 0; i < field->n_children; i++) set_nullable(field->children[i]);
}

static int open_engines(void **state) {
    if (open_folder(state)) return -1;
    bf_engine_error err = {0};
    const bf_engine_option off = {"bytefusion.narrow_scans", "false"}, small = {"datafusion.execution.batch_size", "2"};
    ok(api->open(&small, 1, &narrow, &err), &err); /* lists are cut in the middle too */
    ok(api->open(&off, 1, &wide, &err), &err);
    char paths[N_FILES][512];
    const char *list[N_FILES];
    struct ArrowArrayStream rows;
    for (int i = 0; i < N_FILES; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%s.parquet", folder, files[i][0]);
        list[i] = paths[i];
        ok(api->query(wide, files[i][1], true, &rows, &err), &err);
        ok(api->write_parquet(&rows, paths[i], NULL, 0, NULL, &err), &err);
    }
    for (int k = 0; k < 2; k++) {
        struct ArrowSchema schema;
        ok(api->describe(wide, files[0][1], &schema, &err), &err);
        for (int64_t i = 0; i < schema.n_children; i++) set_nullable(schema.children[i]);
        ok(api->register_parquet(k ? narrow : wide, "t", &schema, list, N_FILES, NULL, 0, &err), &err);
    }
    return 0;
}

static int close_engines(void **state) {
    api->close(narrow);
    api->close(wide);
    return close_folder(state);
}

/* Rows as JSON, one a line, or the message. */
static char *ask(bf_engine *engine, const char *sql) {
    char *text = NULL;
    size_t size;
    bf_engine_error why = {0};
    bf_error err = {0};
    struct ArrowArrayStream rows;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    const bf_render_options options = {.format = BF_FORMAT_NDJSON};
    if (api->query(engine, sql, true, &rows, &why) != BF_ENGINE_OK)
        fputs(why.message, out);
    else if (bf_render(&rows, &options, out, NULL, &err) != BF_OK)
        fputs(err.message, out);
    fclose(out);
    return text;
}

static void assert_same(const char *sql, const char *expected) {
    char *a = ask(narrow, sql), *b = ask(wide, sql);
    if (strcmp(a, b)) fail_msg("%s\nnarrow: %s\nwide:   %s", sql, a, b);
    if (expected && strcmp(a, expected)) fail_msg("%s\nfound:    %s\nexpected: %s", sql, a, expected);
    free(a);
    free(b);
}

static void test_narrow__fields_that_files_lack(void **state) {
    (void)state;
    assert_same("SELECT path, i['x'] AS x FROM (SELECT path, unnest(l) AS i FROM t) ORDER BY path, x",
                "{\"path\":\"all\",\"x\":1}\n{\"path\":\"no_p\",\"x\":5}\n{\"path\":\"no_q\",\"x\":4}\n"
                "{\"path\":\"older\",\"x\":null}\n{\"path\":\"older\",\"x\":null}\n");
    assert_same("SELECT path, i['y'] AS y FROM (SELECT path, unnest(l) AS i FROM t) ORDER BY path, y DESC",
                "{\"path\":\"all\",\"y\":\"one\"}\n{\"path\":\"no_p\",\"y\":null}\n{\"path\":\"no_q\",\"y\":null}\n"
                "{\"path\":\"older\",\"y\":\"two\"}\n{\"path\":\"older\",\"y\":\"three\"}\n");
    assert_same("SELECT path, j['q'] AS q FROM (SELECT path, unnest(i['in']) AS j FROM (SELECT path, unnest(l) AS i FROM t)) ORDER BY path, q",
                "{\"path\":\"all\",\"q\":\"eight\"}\n{\"path\":\"all\",\"q\":\"seven\"}\n{\"path\":\"no_p\",\"q\":\"ten\"}\n{\"path\":\"no_q\",\"q\":null}\n");
    assert_same("SELECT path, s['a'] AS a FROM t ORDER BY path", "{\"path\":\"all\",\"a\":1}\n{\"path\":\"bare\",\"a\":null}\n{\"path\":\"no_p\",\"a\":5}\n"
                                                                "{\"path\":\"no_q\",\"a\":4}\n{\"path\":\"older\",\"a\":null}\n");
}

/* Lengths and nulls are told by a leaf that not all files have. */
static void test_narrow__counts(void **state) {
    (void)state;
    assert_same("SELECT count(*) AS n FROM (SELECT unnest(l) AS i FROM t)", "{\"n\":5}\n");
    assert_same("SELECT count(*) AS n FROM (SELECT unnest(i['in']) FROM (SELECT unnest(l) AS i FROM t))", "{\"n\":4}\n");
    assert_same("SELECT path, array_length(l) AS n, l IS NULL AS e, s IS NULL AS f FROM t ORDER BY path",
                "{\"path\":\"all\",\"n\":1,\"e\":false,\"f\":false}\n{\"path\":\"bare\",\"n\":null,\"e\":true,\"f\":true}\n{\"path\":\"no_p\",\"n\":1,\"e\":false,\"f\":false}\n"
                "{\"path\":\"no_q\",\"n\":1,\"e\":false,\"f\":false}\n{\"path\":\"older\",\"n\":2,\"e\":false,\"f\":false}\n");
}

/* Each of these is false or null in some file. Filters of flat columns are applied while the file is read. */
static void test_narrow__more(void **state) {
    (void)state;
    static const char *const queries[] = {
        "SELECT * FROM t ORDER BY path",
        "SELECT * FROM t WHERE path >= 'no' ORDER BY path",
        "SELECT path, l FROM t WHERE path <> 'all' AND path < 'p' ORDER BY path",
        "SELECT path, s['a'] AS a FROM t WHERE path LIKE '%o%' AND l IS NOT NULL ORDER BY path",
        "SELECT path FROM t WHERE l[1]['x'] > 1 ORDER BY path",
        "SELECT path FROM t WHERE s['a'] IS NULL ORDER BY path",
        "SELECT path FROM t WHERE l[1]['in'][1]['p'] IS NOT NULL ORDER BY path",
        "SELECT path, l[2]['y'] AS y, l[1]['in'] AS i FROM t ORDER BY path",
        "SELECT path, unnest(s) FROM t ORDER BY path",
        "SELECT \"t.s.b\" AS b FROM (SELECT unnest(t.s) FROM t) ORDER BY 1",
        "SELECT a.path, b.path FROM t AS a JOIN t AS b ON a.s['a'] = b.l[1]['x'] ORDER BY 1, 2",
        "SELECT x, count(*) AS n FROM (SELECT l[1]['x'] AS x FROM t UNION ALL SELECT s['a'] FROM t) GROUP BY 1 ORDER BY 1",
        "SELECT i['y'] AS y FROM (SELECT unnest(l) AS i FROM t UNION ALL SELECT NULL) ORDER BY 1",
        "SELECT l[1]['nothing'] AS x FROM t",
    };
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) assert_same(queries[i], NULL);
}

#define LISTS "(VALUES (1, [1, 2, 3, 4, 5]), (2, NULL), (3, [NULL, 7]), (4, arrow_cast([], 'List(Int64)')), (5, [8]), (6, NULL)) AS t(k, v)"

/* Unnesting alone: nulls among items and lists, lists without items, lists longer than a batch. */
static void test_narrow__unnest(void **state) {
    (void)state;
    assert_same("SELECT k, x FROM (SELECT k, unnest(v) AS x FROM " LISTS ") WHERE x IS NOT NULL ORDER BY k, x",
                "{\"k\":1,\"x\":1}\n{\"k\":1,\"x\":2}\n{\"k\":1,\"x\":3}\n{\"k\":1,\"x\":4}\n{\"k\":1,\"x\":5}\n{\"k\":3,\"x\":7}\n{\"k\":5,\"x\":8}\n");
    assert_same("SELECT k, unnest(v) AS x, v FROM " LISTS " ORDER BY k, x", NULL);
    assert_same("SELECT count(*) AS n, count(x) AS m FROM (SELECT unnest(v) AS x FROM " LISTS ")", NULL);
    assert_same("SELECT k, unnest(v) AS x, unnest([k, k]) AS y FROM " LISTS " ORDER BY k, x, y", NULL);
    assert_same("SELECT k, unnest(unnest([v, v])) AS x FROM " LISTS " ORDER BY k, x", NULL);
    char *plan = ask(narrow, "EXPLAIN SELECT i['x'] FROM (SELECT unnest(l) AS i FROM t)");
    assert_non_null(strstr(plan, "FlattenExec"));
    free(plan);
}

#define ROWS "(VALUES ('a', [1, 2, 2]), (NULL, [5]), ('b', NULL), ('a', [2, 3]), (NULL, [5, NULL]), ('c', [4, 4, 4])) AS t(k, v)"

/* Keys of the rows around: the same in several rows, null, of a row without items. */
static void test_narrow__groups(void **state) {
    (void)state;
    static const char sql[] = "SELECT k, count(DISTINCT x) AS d, count(*) AS n FROM (SELECT k, unnest(v) AS x FROM " ROWS ") WHERE x > 0 GROUP BY k ORDER BY k";
    assert_same(sql, "{\"k\":\"a\",\"d\":3,\"n\":5}\n{\"k\":\"c\",\"d\":1,\"n\":3}\n{\"k\":null,\"d\":1,\"n\":2}\n");
    assert_same("SELECT DISTINCT k, x FROM (SELECT k, unnest(v) AS x FROM " ROWS ") ORDER BY k, x", NULL);
    assert_same("SELECT k, x, count(*) AS n FROM (SELECT k, unnest(v) AS x FROM " ROWS ") GROUP BY k, x HAVING count(*) > 1 ORDER BY k, x",
                "{\"k\":\"a\",\"x\":2,\"n\":3}\n{\"k\":\"c\",\"x\":4,\"n\":3}\n{\"k\":null,\"x\":5,\"n\":2}\n");
    assert_same("SELECT path, count(*) AS n, max(i['x']) AS x FROM (SELECT path, unnest(l) AS i FROM t) GROUP BY path ORDER BY path",
                "{\"path\":\"all\",\"n\":1,\"x\":1}\n{\"path\":\"no_p\",\"n\":1,\"x\":5}\n{\"path\":\"no_q\",\"n\":1,\"x\":4}\n"
                "{\"path\":\"older\",\"n\":2,\"x\":null}\n");
    char *plan = ask(narrow, "EXPLAIN SELECT path, count(DISTINCT i['x']) FROM (SELECT path, unnest(l) AS i FROM t) GROUP BY path");
    assert_non_null(strstr(plan, "PutAsideExec: path"));
    free(plan);
}

/* Texts by how often they come: short and long, null and empty, of both types, that differ in their middle alone, more than are held at
 * a time. */
static void test_narrow__histograms(void **state) {
    (void)state;
    static const char *const kinds[] = {"Utf8", "Utf8View"};
    static const char *const texts[] = {
        "nullif('t' || (k % 7), 't3')", "'the same beginning, ' || (k % 5) || ', the same end'", "CASE WHEN k % 2 = 0 THEN '' END", "repeat('x', k % 40)",
        "'text ' || (k % 9000)", "'a long text that comes ' || (k % 9000)", "CAST(NULL AS TEXT)",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (int k = 0; k < 2; k++) {
            static const char *const questions[] = {
                "SELECT x, count(*) AS n FROM %s GROUP BY x ORDER BY n DESC, x LIMIT 50", "SELECT x, count(1) AS n, count(*) AS m FROM %s GROUP BY x ORDER BY x DESC LIMIT 50",
                "SELECT count(*) AS groups, sum(n) AS rows, max(n) AS most FROM (SELECT x, count(*) AS n FROM %s GROUP BY x)",
                "SELECT DISTINCT x FROM %s ORDER BY x LIMIT 50", "SELECT upper(x) AS u, count(*) AS n FROM %s GROUP BY 1 ORDER BY 1 LIMIT 50",
                "SELECT x, count(*) AS n FROM %s WHERE x > 'z' GROUP BY x",
            };
            char from[256], sql[512];
            snprintf(from, sizeof from, "(SELECT arrow_cast(%s, '%s') AS x FROM (SELECT unnest(generate_series(1, 18000)) AS k))", texts[i], kinds[k]);
            for (size_t q = 0; q < sizeof questions / sizeof *questions; q++) {
                snprintf(sql, sizeof sql, questions[q], from);
                assert_same(sql, NULL);
            }
            snprintf(sql, sizeof sql, "EXPLAIN SELECT x, count(*) FROM %s GROUP BY x", from);
            char *a = ask(narrow, sql), *b = ask(wide, sql);
            assert_int_equal(strstr(a, "HistogramExec: x") != NULL, k == 1 && i + 1 < sizeof texts / sizeof *texts);
            assert_null(strstr(b, "HistogramExec"));
            free(a);
            free(b);
        }
    char *plan = ask(narrow, "EXPLAIN SELECT path, count(*), max(s['a']) FROM t GROUP BY path");
    assert_null(strstr(plan, "HistogramExec")); /* more than counts */
    free(plan);
}

/* What a filter looks at, and what it lets pass, are views below it: of files that have the text, lack it, and lack the list. */
static void test_narrow__texts_as_views(void **state) {
    (void)state;
    static const char *const items = "(SELECT path, i['y'] AS y, i['x'] AS x, i['in'] AS deeper, i FROM (SELECT path, unnest(l) AS i FROM t))";
    static const char *const deep = "(SELECT path, y, n, n['q'] AS q FROM (SELECT path, i['y'] AS y, unnest(i['in']) AS n FROM (SELECT path, unnest(l) AS i FROM t)))";
    static const char *const conditions[] = {
        "y = 'two'", "'two' = y", "y <> 'two'", "y < 'two'", "y >= 'three'", "y IN ('one', 'three')", "y NOT IN ('one')", "y IN ('one', NULL)", "y IS NULL", "y IS NOT NULL",
        "y IS DISTINCT FROM 'two'", "y LIKE 't%'", "y NOT LIKE '%o'", "y ILIKE 'T%'", "y ~ '^t'", "upper(y) = 'TWO'", "length(y) > 3", "y || 'x' = 'twox'", "coalesce(y, 'z') > 'tw'",
        "CASE WHEN y = 'one' THEN path ELSE y END > 'p'", "y = path OR y = 'two'", "y BETWEEN 'a' AND 'p'", "y = arrow_cast('two', 'LargeUtf8')", "y = NULL", "CAST(y AS BINARY) = X'74776F'",
        "starts_with(y, 't') AND y <> 'three'", "(y = 'two') IS TRUE", "NOT y = 'two'", "y = y", "y = (SELECT max('two'))", "x = 1 OR path > 'o'",
    };
    static const char *const columns[] = {"path, y", "path, i", "y || '!' AS y, x", "count(*) AS n, max(y) AS y", "path, deeper", "upper(y) AS u, path, y"};
    for (size_t c = 0; c < sizeof conditions / sizeof *conditions; c++)
        for (size_t k = 0; k < sizeof columns / sizeof *columns; k++) {
            char sql[512];
            snprintf(sql, sizeof sql, "SELECT %s FROM %s WHERE %s ORDER BY 1, 2", columns[k], items, conditions[c]);
            assert_same(sql, NULL);
            snprintf(sql, sizeof sql, "SELECT %s FROM (SELECT path, y, q AS x, n AS i, n AS deeper FROM %s WHERE q > 'seven' OR q = 'eight') WHERE %s ORDER BY 1, 2", columns[k], deep,
                     c < 30 ? conditions[c] : "x = 'ten'");
            assert_same(sql, NULL);
        }
    assert_same("SELECT path, y FROM (SELECT path, i['y'] AS y FROM (SELECT path, unnest(l) AS i FROM t)) WHERE y > 'p' ORDER BY y",
                "{\"path\":\"older\",\"y\":\"three\"}\n{\"path\":\"older\",\"y\":\"two\"}\n");
    assert_same("SELECT i['y'] AS y, count(*) AS n FROM (SELECT unnest(l) AS i FROM t) GROUP BY 1 ORDER BY 1",
                "{\"y\":\"one\",\"n\":1}\n{\"y\":\"three\",\"n\":1}\n{\"y\":\"two\",\"n\":1}\n{\"y\":null,\"n\":2}\n");
    char *plan = ask(narrow, "EXPLAIN SELECT path, i['y'] AS y FROM (SELECT path, unnest(l) AS i FROM t) WHERE i['y'] > 'p'");
    assert_non_null(strstr(plan, "AS Utf8)"));
    free(plan);
}

/* Lists of more items than a batch has rows, cut where a dictionary of texts ends and where it does not. */
static void test_narrow__views_of_long_lists(void **state) {
    (void)state;
    static const char *const questions[] = {
        "SELECT y, count(*) AS n FROM many GROUP BY y ORDER BY n DESC, y LIMIT 20", "SELECT z, count(*) AS n FROM many GROUP BY z ORDER BY z DESC LIMIT 20",
        "SELECT k, y, z, x FROM many WHERE y = 'text 17' ORDER BY x, k LIMIT 300", "SELECT z FROM many WHERE x % 977 = 3 ORDER BY z", "SELECT k, count(y) AS n, min(z) AS m FROM many GROUP BY k ORDER BY k",
        "SELECT y, sum(x) AS s FROM many WHERE z LIKE '%7' AND y IS NOT NULL GROUP BY y ORDER BY y LIMIT 50", "SELECT count(DISTINCT z) AS n FROM many WHERE y IN ('text 1', 'text 2')",
        "SELECT k, x, y FROM many WHERE x > 17990 ORDER BY k, x",
    };
    char path[512];
    snprintf(path, sizeof path, "%s/many.parquet", folder);
    const char *list[] = {path};
    bf_engine_error err = {0};
    struct ArrowArrayStream rows;
    static const char lists[] = "SELECT k, array_agg(named_struct('x', x, 'y', nullif('text ' || (x % 100), 'text 99'), 'z', 'another text, ' || (x * 7919 % 18000))) AS l "
                                "FROM (SELECT unnest(generate_series(1, 18000)) AS x) CROSS JOIN (VALUES ('a'), ('b'), ('c')) AS v(k) GROUP BY k";
    ok(api->query(wide, lists, true, &rows, &err), &err);
    ok(api->write_parquet(&rows, path, NULL, 0, NULL, &err), &err);
    bf_engine *engines[] = {narrow, wide};
    for (int k = 0; k < 2; k++) {
        struct ArrowSchema schema;
        struct ArrowArrayStream none;
        ok(api->describe(wide, lists, &schema, &err), &err);
        ok(api->register_parquet(engines[k], "lists", &schema, list, 1, NULL, 0, &err), &err);
        ok(api->query(engines[k], "CREATE VIEW many AS SELECT k, i['x'] AS x, i['y'] AS y, i['z'] AS z FROM (SELECT k, unnest(l) AS i FROM lists)", false, &none, &err), &err);
        ArrowArrayStreamRelease(&none);
    }
    struct ArrowArrayStream set;
    ok(api->query(narrow, "SET datafusion.execution.batch_size = 1000", false, &set, &err), &err);
    ArrowArrayStreamRelease(&set);
    for (size_t q = 0; q < sizeof questions / sizeof *questions; q++) assert_same(questions[q], NULL);
    char *plan = ask(narrow, "EXPLAIN SELECT y, count(*) FROM many GROUP BY y");
    if (!strstr(plan, "HistogramExec")) fail_msg("%s", plan);
    free(plan);
}

/* A text that the scan itself filters stays what its filter was made for. */
static void test_narrow__filtered_in_the_scan(void **state) {
    (void)state;
    static const char lists[] = "SELECT * FROM (VALUES ('p', ['a', 'b']), ('q', ['b', 'c']), ('r', NULL), ('s', ['a', NULL, 'b'])) AS v(k, tags)";
    static const char question[] = "SELECT k, x FROM (SELECT k, unnest(tags) AS x FROM t WHERE array_has(tags, 'a')) WHERE x = 'b' ORDER BY k";
    static const bf_engine_option on = {"datafusion.execution.parquet.pushdown_filters", "true"};
    PATH(path, "%s/tags.parquet", folder);
    const char *list[] = {path};
    bf_engine_error err = {0};
    bf_engine *engine;
    struct ArrowSchema schema;
    struct ArrowArrayStream rows;
    ok(api->open(&on, 1, &engine, &err), &err);
    ok(api->query(engine, lists, true, &rows, &err), &err);
    ok(api->write_parquet(&rows, path, NULL, 0, NULL, &err), &err);
    ok(api->describe(engine, lists, &schema, &err), &err);
    ok(api->register_parquet(engine, "t", &schema, list, 1, NULL, 0, &err), &err);
    char *text = ask(engine, question);
    assert_string_equal(text, "{\"k\":\"p\",\"x\":\"b\"}\n{\"k\":\"s\",\"x\":\"b\"}\n");
    free(text);
    api->close(engine);
}

/* Four row groups of 20, 28, 40 and 12 % of a file, read by two threads: halved by bytes they are three and one. */
static void test_narrow__parts_of_one_file(void **state) {
    (void)state;
    static const char rows_of_groups[] = "SELECT k, [named_struct('y', repeat('x', 1000 * k))] AS l FROM (VALUES (20), (28), (40), (12)) AS v(k)";
    static const bf_engine_option one_row[] = {{"datafusion.execution.batch_size", "1"}, {"datafusion.execution.target_partitions", "1"}};
    static const bf_engine_option parts[] = {{"datafusion.execution.target_partitions", "2"},
                                             {"datafusion.optimizer.repartition_file_min_size", "1"},
                                             {"datafusion.execution.batch_size", "1"}}; /* where fewer rows are expected nobody divides */
    static const bf_engine_option plain[] = {{"compression", "uncompressed"}};
    static const char explain[] = "EXPLAIN SELECT i['y'] AS y FROM (SELECT unnest(l) AS i FROM t)";
    PATH(path, "%s/groups.parquet", folder);
    const char *list[] = {path};
    bf_engine_error err = {0};
    bf_engine *writer;
    struct ArrowArrayStream rows;
    ok(api->open(one_row, 2, &writer, &err), &err);
    ok(api->query(writer, rows_of_groups, true, &rows, &err), &err);
    ok(api->write_parquet(&rows, path, plain, 1, NULL, &err), &err);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    for (int is_narrow = 0; is_narrow < 2; is_narrow++) {
        bf_engine *engine;
        struct ArrowSchema schema;
        bf_engine_option options[] = {parts[0], parts[1], parts[2], {"bytefusion.narrow_scans", is_narrow ? "true" : "false"}};
        ok(api->open(options, 4, &engine, &err), &err);
        ok(api->describe(writer, rows_of_groups, &schema, &err), &err);
        ok(api->register_parquet(engine, "t", &schema, list, 1, NULL, 0, &err), &err);
        char *plan = ask(engine, explain), *text = ask(engine, "SELECT k, length(l[1]['y']) AS n FROM t ORDER BY k");
        const char *at = strstr(plan, "groups.parquet:4..");
        if (!at) at = strstr(plan, "groups.parquet:0..");
        if (!at || !strstr(plan, "2 groups")) fail_msg("%s", plan);
        long cut = strtol(strstr(at, "..") + 2, NULL, 10) * 100 / info.st_size;
        if (is_narrow ? cut < 44 || cut > 49 : cut < 49 || cut > 50) fail_msg("cut at %ld %%\n%s", cut, plan);
        assert_string_equal(text, "{\"k\":12,\"n\":12000}\n{\"k\":20,\"n\":20000}\n{\"k\":28,\"n\":28000}\n{\"k\":40,\"n\":40000}\n");
        free(plan);
        free(text);
        api->close(engine);
    }
    api->close(writer);
}

/* Which leaf is the smallest is looked up in one file of those that are read. */
static void test_narrow__footers_of_what_is_read(void **state) {
    (void)state;
    static const char *const repos[] = {"x", "y", "z"};
    static const struct {
        const char *where;
        int opens;
    } cases[] = {{"repo = 'none'", 0}, {"repo = 'x'", 1}, {"repo > 'x'", 2}};
    bf_engine_error err = {0};
    struct ArrowArrayStream rows;
    char path[256];
    snprintf(path, sizeof path, "%s/parts", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/parts/repo=%s", folder, repos[i]);
        assert_int_equal(mkdir(path, 0700), 0);
        snprintf(path, sizeof path, "%s/parts/repo=%s/a.parquet", folder, repos[i]);
        ok(api->query(wide, files[0][1], true, &rows, &err), &err);
        ok(api->write_parquet(&rows, path, NULL, 0, NULL, &err), &err);
    }
    snprintf(path, sizeof path, "%s/parts", folder);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static const bf_engine_option options[] = {{"partition_cols", "repo:utf8"}}, settings[] = {{"datafusion.execution.collect_statistics", "true"}};
        const char *list[] = {path};
        struct ArrowSchema schema;
        bf_engine_counters counters;
        bf_engine *engine;
        char sql[128], expected[32];
        ok(api->open(settings, 1, &engine, &err), &err);
        ok(api->describe(engine, files[0][1], &schema, &err), &err);
        ok(api->register_parquet(engine, "p", &schema, list, 1, options, 1, &err), &err);
        snprintf(sql, sizeof sql, "SELECT count(*) AS n FROM (SELECT repo, unnest(l) AS i FROM p) WHERE %s", cases[i].where);
        snprintf(expected, sizeof expected, "{\"n\":%d}\n", cases[i].opens);
        char *text = ask(engine, sql);
        assert_string_equal(text, expected);
        free(text);
        ok(api->counters(engine, &counters, &err), &err);
        if (counters.files_opened != cases[i].opens) fail_msg("%s: %d files opened", cases[i].where, (int)counters.files_opened);
        api->close(engine);
    }
}

static void test_narrow__is_a_setting(void **state) {
    (void)state;
    static const char sql[] = "EXPLAIN SELECT i['x'] FROM (SELECT unnest(l) AS i FROM t)";
    char *a = ask(narrow, sql), *b = ask(wide, sql);
    assert_non_null(strstr(a, "reads=[l[].x]"));
    assert_null(strstr(b, "reads="));
    free(a);
    free(b);
    static const bf_engine_option wrong[] = {{"bytefusion.narrow_scans", "perhaps"}, {"bytefusion.nothing", "1"}};
    for (size_t i = 0; i < 2; i++) {
        bf_engine_error err = {0};
        bf_engine *engine;
        assert_int_equal(api->open(&wrong[i], 1, &engine, &err), BF_ENGINE_INVALID);
        assert_says(&err, i ? "nothing" : "bytefusion.narrow_scans is true or false, not 'perhaps'");
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_narrow__fields_that_files_lack),
        cmocka_unit_test(test_narrow__counts),
        cmocka_unit_test(test_narrow__more),
        cmocka_unit_test(test_narrow__unnest),
        cmocka_unit_test(test_narrow__groups),
        cmocka_unit_test(test_narrow__histograms),
        cmocka_unit_test(test_narrow__texts_as_views),
        cmocka_unit_test(test_narrow__views_of_long_lists),
        cmocka_unit_test(test_narrow__filtered_in_the_scan),
        cmocka_unit_test(test_narrow__parts_of_one_file),
        cmocka_unit_test(test_narrow__footers_of_what_is_read),
        cmocka_unit_test(test_narrow__is_a_setting),
    };
    return cmocka_run_group_tests(tests, open_engines, close_engines);
}
