/* NOT NULL below a list over files that allow nulls there, as Spark writes all of its files: rows without a null are read, a null is an error
 * that names its field. Which is which is said by the Arrow format: a child's null counts where its parents are there. */
#include "tables.h"

/* objects: list<struct<name: utf8, at: struct<line: int32>>>, path: utf8. Lax: all may be null; else nothing but `objects` and `at`. */
static void object_schema(struct ArrowSchema *schema, bool lax) {
    ArrowSchemaInit(schema);
    assert_int_equal(ArrowSchemaSetTypeStruct(schema, 2), NANOARROW_OK);
    struct ArrowSchema *path = schema->children[0], *objects = schema->children[1];
    assert_int_equal(ArrowSchemaSetType(path, NANOARROW_TYPE_STRING), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetName(path, "path"), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetType(objects, NANOARROW_TYPE_LIST), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetName(objects, "objects"), NANOARROW_OK);
    struct ArrowSchema *item = objects->children[0];
    assert_int_equal(ArrowSchemaSetTypeStruct(item, 2), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetName(item, "item"), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetType(item->children[0], NANOARROW_TYPE_STRING), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetName(item->children[0], "name"), NANOARROW_OK);
    struct ArrowSchema *at = item->children[1];
    assert_int_equal(ArrowSchemaSetTypeStruct(at, 1), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetName(at, "at"), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetType(at->children[0], NANOARROW_TYPE_INT32), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetName(at->children[0], "line"), NANOARROW_OK);
    struct ArrowSchema *const required[] = {path, item, item->children[0], at->children[0]};
    for (size_t i = 0; !lax && i < sizeof required / sizeof *required; i++) required[i]->flags &= ~ARROW_FLAG_NULLABLE;
}

typedef enum defect { NONE, NO_OBJECTS, NO_ITEM, NO_NAME, NO_AT, NO_LINE } defect;

/* One row for each defect, of two objects: the first is whole, the second has it. */
static void write_objects(const char *file, const defect *defects, int n) {
    bf_engine_error err = {0};
    struct ArrowSchema schema, copy;
    struct ArrowArray batch;
    struct ArrowArrayStream stream;
    object_schema(&schema, true);
    assert_int_equal(ArrowSchemaDeepCopy(&schema, &copy), NANOARROW_OK);
    assert_int_equal(ArrowArrayInitFromSchema(&batch, &schema, NULL) | ArrowArrayStartAppending(&batch), NANOARROW_OK);
    struct ArrowArray *objects = batch.children[1], *item = objects->children[0], *name = item->children[0], *at = item->children[1];
    for (int row = 0; row < n; row++) {
        assert_int_equal(ArrowArrayAppendString(batch.children[0], ArrowCharView("p")), NANOARROW_OK);
        for (int i = 0; i < 2 && defects[row] != NO_OBJECTS; i++) {
            defect d = i ? defects[row] : NONE;
            if (d == NO_ITEM) {
                assert_int_equal(ArrowArrayAppendNull(item, 1), NANOARROW_OK);
                continue;
            }
            assert_int_equal(d == NO_NAME ? ArrowArrayAppendNull(name, 1) : ArrowArrayAppendString(name, ArrowCharView(i ? "second" : "first")), NANOARROW_OK);
            if (d == NO_AT) {
                assert_int_equal(ArrowArrayAppendNull(at, 1), NANOARROW_OK);
            } else {
                assert_int_equal(d == NO_LINE ? ArrowArrayAppendNull(at->children[0], 1) : ArrowArrayAppendInt(at->children[0], row), NANOARROW_OK);
                assert_int_equal(ArrowArrayFinishElement(at), NANOARROW_OK);
            }
            assert_int_equal(ArrowArrayFinishElement(item), NANOARROW_OK);
        }
        assert_int_equal(defects[row] == NO_OBJECTS ? ArrowArrayAppendNull(objects, 1) : ArrowArrayFinishElement(objects), NANOARROW_OK);
        assert_int_equal(ArrowArrayFinishElement(&batch), NANOARROW_OK);
    }
    assert_int_equal(ArrowArrayFinishBuildingDefault(&batch, NULL), NANOARROW_OK);
    assert_int_equal(ArrowBasicArrayStreamInit(&stream, &copy, 1), NANOARROW_OK);
    ArrowBasicArrayStreamSetArray(&stream, 0, &batch);
    ArrowSchemaRelease(&schema);
    ok(api->write_parquet(&stream, file, NULL, 0, NULL, &err), &err);
}

static bf_engine *open_objects(const char *name, const defect *defects, int n) {
    static const bf_engine_option settings[] = {{"datafusion.execution.target_partitions", "2"}};
    bf_engine_error err = {0};
    struct ArrowSchema schema;
    bf_engine *engine;
    PATH(table, "%s/%s", folder, name);
    PATH(file, "%s/theirs.parquet", table);
    mkdir(table, 0755);
    object_schema(&schema, false);
    bf_engine_delta_change change = {.read_version = -1, .operation = "CREATE TABLE", .data_change = true, .schema = &schema, .partition_cols = ""};
    ok(api->delta_commit(table, &change, NULL, &err), &err);
    ArrowSchemaRelease(&schema);
    write_objects(file, defects, n);
    change_table(table, 0, "theirs.parquet", NULL, NULL);
    ok(api->open(settings, 1, &engine, &err), &err);
    bf_engine_delta *delta = open_table(table, NULL);
    ok(api->delta_schema(delta, &schema, &err), &err);
    ok(api->register_delta(engine, "t", delta, &schema, NULL, 0, &err), &err);
    api->delta_close(delta);
    return engine;
}

static void assert_rows(bf_engine *engine, const char *sql, const char *expected) {
    bf_engine_error err = {0};
    struct ArrowArrayStream rows;
    ok(api->query(engine, sql, true, &rows, &err), &err);
    char *text = read_rows(&rows, "v", NULL);
    if (strcmp(text, expected)) fail_msg("%s: %snot %s", sql, text, expected);
    free(text);
}

static void assert_fails(bf_engine *engine, const char *sql, const char *says) {
    bf_engine_error err = {0};
    struct ArrowArrayStream rows;
    struct ArrowArray batch = {.release = NULL};
    int code = 0;
    ok(api->query(engine, sql, true, &rows, &err), &err);
    while (!(code = rows.get_next(&rows, &batch)) && batch.release) ArrowArrayRelease(&batch);
    if (!code) fail_msg("%s: gives rows", sql);
    const char *text = rows.get_last_error(&rows);
    if (!text || !strstr(text, says)) fail_msg("%s: \"%s\" does not say \"%s\"", sql, text ? text : "", says);
    ArrowArrayStreamRelease(&rows);
}

#define OBJECTS "(SELECT unnest(objects) AS x FROM t)"

/* Nulls where the table allows them, a line below an `at` that is null among them. The type of what is read is the table's. */
static void test_require__rows_without_a_null(void **state) {
    (void)state;
    bf_engine_error err = {0};
    static const defect fine[] = {NONE, NO_AT, NO_OBJECTS, NONE};
    bf_engine *engine = open_objects("fine", fine, 4);
    assert_rows(engine, "SELECT x['name'] AS v FROM " OBJECTS " WHERE x['at'] IS NULL", "second\n");
    assert_rows(engine, "SELECT arrow_cast(sum(x['at']['line']), 'Utf8') AS v FROM " OBJECTS, "7\n"); /* 0 + 0 + 1 + 3 + 3 */
    assert_rows(engine, "SELECT arrow_cast(count(*), 'Utf8') AS v FROM t WHERE objects IS NULL", "1\n");
    struct ArrowArrayStream rows;
    struct ArrowSchema schema;
    ok(api->query(engine, "SELECT objects FROM t", true, &rows, &err), &err);
    assert_int_equal(rows.get_schema(&rows, &schema), 0);
    struct ArrowSchema *item = schema.children[0]->children[0];
    assert_false(item->flags & ARROW_FLAG_NULLABLE);
    assert_false(item->children[0]->flags & ARROW_FLAG_NULLABLE);
    assert_true(item->children[1]->flags & ARROW_FLAG_NULLABLE);
    assert_false(item->children[1]->children[0]->flags & ARROW_FLAG_NULLABLE);
    ArrowSchemaRelease(&schema);
    char *text = read_rows(&rows, "none", NULL); /* all batches */
    free(text);
    api->close(engine);
}

static void test_require__a_null_is_an_error(void **state) {
    (void)state;
    static const struct {
        const char *name, *sql, *says;
        defect rows[3];
    } cases[] = {
        {"item", "SELECT objects FROM t", "objects", {NONE, NO_ITEM, NONE}},
        {"name", "SELECT objects FROM t", "objects[].name is null in a row, and the column is not null", {NONE, NONE, NO_NAME}},
        {"line", "SELECT objects FROM t", "objects[].at.line is null in a row, and the column is not null", {NO_AT, NO_LINE, NONE}},
        {"filter", "SELECT path FROM t WHERE objects[2]['name'] = 'second'", "objects[].name is null", {NO_NAME, NONE, NONE}},
        {"unnested", "SELECT x['at']['line'] FROM " OBJECTS, "objects[].at.line is null", {NONE, NONE, NO_LINE}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bf_engine *engine = open_objects(cases[i].name, cases[i].rows, 3);
        assert_fails(engine, cases[i].sql, cases[i].says);
        assert_rows(engine, "SELECT path AS v FROM t LIMIT 2", "p\np\n"); /* what is not read is not looked at */
        api->close(engine);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_require__rows_without_a_null), cmocka_unit_test(test_require__a_null_is_an_error)};
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
