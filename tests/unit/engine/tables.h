/* Delta tables for tests: made by commits of small files. One file includes it, in place of calls.h. */
#ifndef BF_TEST_TABLES_H
#define BF_TEST_TABLES_H

#include "calls.h"

static const bf_engine_option properties[] = {{"schema_name", "rows_v1"}, {"delta.checkpointInterval", "10"}};

/* TABLE/NAME with the rows NAME-FIRST ... */
static inline void put_file(const char *table, const char *name, int first, int n) {
    PATH(file, "%s/%s", table, name);
    mkdir(table, 0755);
    char *slash = strrchr(file, '/');
    *slash = 0;
    mkdir(file, 0755);
    *slash = '/';
    write_rows(file, strrchr(name, '/') ? strrchr(name, '/') + 1 : name, first, 1, n, 100);
}

/* The change that makes a table of row_schema, with a column repo when `partition_cols` says so. The schema is to be released. */
static inline bf_engine_delta_change new_table(struct ArrowSchema *schema, const char *partition_cols) {
    row_schema(schema);
    if (*partition_cols) {
        struct ArrowSchema wider;
        ArrowSchemaInit(&wider);
        assert_int_equal(ArrowSchemaSetTypeStruct(&wider, 4), NANOARROW_OK);
        for (int i = 0; i < 3; i++) {
            ArrowSchemaRelease(wider.children[i]);
            ArrowSchemaMove(schema->children[i], wider.children[i]);
        }
        assert_int_equal(ArrowSchemaSetType(wider.children[3], NANOARROW_TYPE_STRING), NANOARROW_OK);
        assert_int_equal(ArrowSchemaSetName(wider.children[3], "repo"), NANOARROW_OK);
        wider.children[3]->flags &= ~ARROW_FLAG_NULLABLE;
        ArrowSchemaRelease(schema);
        ArrowSchemaMove(&wider, schema);
    }
    return (bf_engine_delta_change){.read_version = -1, .operation = "CREATE TABLE", .data_change = true, .schema = schema,
                                    .partition_cols = partition_cols, .properties = properties, .n_properties = 2};
}

static inline void create_table(const char *table, const char *partition_cols) {
    bf_engine_error err = {0};
    struct ArrowSchema schema;
    bf_engine_delta_change change = new_table(&schema, partition_cols);
    int64_t version = -1;
    mkdir(table, 0755);
    ok(api->delta_commit(table, &change, &version, &err), &err);
    assert_int_equal(version, 0);
    ArrowSchemaRelease(&schema);
}

/* One file more, one fewer; NULL: none. */
static inline int32_t try_change(const char *table, int64_t read_version, const char *add, const char *repo, const char *remove, bf_engine_error *err) {
    bf_engine_delta_add adds[] = {{add, &repo}};
    const bf_engine_option parameters[] = {{"mode", "Append"}};
    bf_engine_delta_change change = {.read_version = read_version, .operation = "WRITE", .data_change = true, .parameters = parameters,
                                     .n_parameters = 1, .adds = adds, .n_adds = add ? 1 : 0, .removes = &remove, .n_removes = remove ? 1 : 0};
    int64_t version = -1;
    int32_t code = api->delta_commit(table, &change, &version, err);
    if (code == BF_ENGINE_OK) assert_int_equal(version, read_version + 1);
    return code;
}

static inline void change_table(const char *table, int64_t read_version, const char *add, const char *repo, const char *remove) {
    bf_engine_error err = {0};
    ok(try_change(table, read_version, add, repo, remove, &err), &err);
}

/* NULL: the latest version. */
static inline bf_engine_delta *open_table(const char *table, const char *version) {
    bf_engine_error err = {0};
    bf_engine_delta *delta;
    bf_engine_option option = {"version", version};
    ok(api->delta_open(table, &option, version ? 1 : 0, &delta, &err), &err);
    return delta;
}

static inline bool note_file(void *context, const bf_engine_delta_file *file) {
    char *text = context;
    assert_int_equal(access(file->path, R_OK), 0);
    sprintf(text + strlen(text), "%s:%lld ", file->name, (long long)file->rows);
    return true;
}

/* "NAME:ROWS NAME:ROWS " */
static inline const char *file_list(const char *table, const char *version) {
    static char text[8192];
    bf_engine_error err = {0};
    bf_engine_delta *delta = open_table(table, version);
    *text = 0;
    ok(api->delta_files(delta, note_file, text, &err), &err);
    api->delta_close(delta);
    return text;
}

static inline char *read_text(const char *path) {
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("%s", path);
    char *text = calloc(1, 1 << 16);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 16) - 1, f) > 0);
    fclose(f);
    return text;
}

static inline void write_text(const char *path, const char *text) {
    FILE *f = fopen(path, "wb");
    if (!f) fail_msg("%s", path);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

#endif
