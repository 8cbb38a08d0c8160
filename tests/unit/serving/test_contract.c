#include "opened.h"

/* ---- datasets without rows, whose footers differ from the contract by one change ---- */

static void no_change(struct ArrowSchema *schema) {
    (void)schema;
}

static void drop_child(struct ArrowSchema *schema, int64_t i) {
    ArrowSchemaRelease(schema->children[i]);
    ArrowFree(schema->children[i]);
    schema->n_children--;
    memmove(schema->children + i, schema->children + i + 1, (size_t)(schema->n_children - i) * sizeof *schema->children);
}

static void drop_repo(struct ArrowSchema *schema) {
    drop_child(schema, 0);
}

static void drop_attrs(struct ArrowSchema *schema) {
    drop_child(schema, 5);
}

static void file_id_int32(struct ArrowSchema *schema) {
    assert_int_equal(ArrowSchemaSetFormat(schema->children[2], "i"), NANOARROW_OK);
}

static void path_nullable(struct ArrowSchema *schema) {
    schema->children[1]->flags |= ARROW_FLAG_NULLABLE;
}

static void path_first(struct ArrowSchema *schema) {
    struct ArrowSchema *repo = schema->children[0];
    schema->children[0] = schema->children[1];
    schema->children[1] = repo;
}

static void rename_errors(struct ArrowSchema *schema) {
    assert_int_equal(ArrowSchemaSetName(schema->children[4], "mistakes"), NANOARROW_OK);
}

/* code_objects[].firstlineno1: the sixth of a code object. */
static void wide_line(struct ArrowSchema *schema) {
    assert_int_equal(ArrowSchemaSetFormat(schema->children[3]->children[0]->children[5], "l"), NANOARROW_OK);
}

static void write_changed(const char *path, void (*change)(struct ArrowSchema *schema)) {
    bf_error err = {0};
    struct ArrowSchema schema;
    struct ArrowArrayStream stream;
    assert_int_equal(bf_schema(&schema, &err), BF_OK);
    change(&schema);
    assert_int_equal(ArrowBasicArrayStreamInit(&stream, &schema, 0), NANOARROW_OK);
    if (bf_write_parquet(&stream, path, &err) != BF_OK) fail_msg("%s", err.message);
}

/** A dataset of one such file, below `partition` ("repo=a") where there is one. */
static void make_changed(char dataset[96], const char *partition, void (*change)(struct ArrowSchema *schema)) {
    static int n;
    char path[200];
    snprintf(dataset, 96, "%s/changed%d", scratch, n++);
    assert_int_equal(mkdir(dataset, 0777), 0);
    snprintf(path, sizeof path, "%s/%s", dataset, partition ? partition : "");
    if (partition) assert_int_equal(mkdir(path, 0777), 0);
    snprintf(path, sizeof path, "%s/%s/x.parquet", dataset, partition ? partition : ".");
    write_changed(path, change);
}

/** The gate's answer; a serving without an engine is enough for it. */
static bf_status gate(bf_serving *s, bf_error *err) {
    *err = (bf_error){0};
    if (bf_partitions_find(s, err) != BF_OK) fail_msg("%s", err->message);
    return bf_contract_gate(s, err);
}

/* ---- tests ---- */

static void test_contract__good(void **state) {
    (void)state;
    const struct {
        const char *dataset, *files;
    } cases[] = {{full, "1 of 1"}, {empty, "1 of 1"}, {NULL, "0 of 0"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bf_error err;
        bf_serving *s = new_serving(cases[i].dataset);
        if (gate(s, &err) != BF_OK) fail_msg("%s", err.message);
        assert_all_ok(&s->gates);
        assert_int_equal(s->gates.n, 1);
        const bf_check *c = find_check(&s->gates, "files whose footer meets the contract");
        assert_int_equal(c->scope, 5);
        assert_string_equal(c->found, cases[i].files);
        close_serving(s);
    }
}

static void test_contract__refused(void **state) {
    (void)state;
    static const struct {
        void (*change)(struct ArrowSchema *schema);
        const char *said;                    /* after the file */
        const char *field, *expected, *found; /* as listed */
    } cases[] = {
        {file_id_int32, "file_id: expected utf8, found int32", "file_id", "utf8", "int32"},
        {path_nullable, "path: expected not null, found nullable", "path", "not null", "nullable"},
        {path_first, "repo: expected at this place repo, found path", "repo", "repo", "path"},
        {drop_attrs, "attrs: expected map<utf8,utf8>, found no such field", "attrs", "map<utf8,utf8>", "no such field"},
        {rename_errors, "errors: expected list<struct>, found no such field; 1 more difference, in 1 of 1 files",
         "mistakes", "no such field",
         "list<struct>"},
        {wide_line, "code_objects[].firstlineno1: expected int32, found int64 (wider)",
         "code_objects[].firstlineno1", "int32", "int64 (wider)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bf_error err;
        char dataset[96], text[300];
        make_changed(dataset, NULL, cases[i].change);
        bf_serving *s = new_serving(dataset);
        assert_int_equal(gate(s, &err), BF_CONTRACT);
        snprintf(text, sizeof text, "%s/x.parquet: %s", dataset, cases[i].said);
        assert_string_equal(err.message, text);
        snprintf(text, sizeof text, "%s/x.parquet: %s", dataset, cases[i].field);
        assert_fails(&s->gates, text, cases[i].expected, cases[i].found);
        assert_fails(&s->gates, "files whose footer meets the contract", "1 of 1", "0 of 1");
        close_serving(s);
    }
}

/* One of two files is wrong: it is the one that is named. */
static void test_contract__one_of_two(void **state) {
    (void)state;
    bf_error err;
    char dataset[96], path[200];
    make_changed(dataset, NULL, no_change);
    snprintf(path, sizeof path, "%s/y.parquet", dataset);
    write_changed(path, path_nullable);
    bf_serving *s = new_serving(dataset);
    assert_int_equal(gate(s, &err), BF_CONTRACT);
    assert_memory_equal(err.message, path, strlen(path));
    assert_fails(&s->gates, "files whose footer meets the contract", "2 of 2", "1 of 2");
    close_serving(s);
}

static void test_contract__no_parquet(void **state) {
    (void)state;
    bf_error err;
    char dataset[96], path[200];
    make_changed(dataset, NULL, no_change);
    snprintf(path, sizeof path, "%s/y.parquet", dataset);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs("no magic at all", f);
    fclose(f);
    bf_serving *s = new_serving(dataset);
    assert_int_equal(gate(s, &err), BF_CONTRACT);
    assert_non_null(strstr(err.message, "y.parquet"));
    assert_fails(&s->gates, path, "a Parquet file", NULL);
    close_serving(s);
}

/* The top level's strings become views, those below stay: physically another schema, logically the same. */
static void test_contract__view_types(void **state) {
    (void)state;
    char logical[65], physical[65];
    static const char *const formats[] = {"vu", "u"};
    for (int i = 0; i < 2; i++) {
        bf_error err;
        bf_serving *s = new_serving(full);
        if (i) set_option(s, "schema_force_view_types", "false");
        if (gate(s, &err) != BF_OK) fail_msg("%s", err.message);
        for (int c = 0; c < 3; c++) assert_string_equal(s->schema.children[c]->format, formats[i]);
        assert_string_equal(s->schema.children[3]->children[0]->children[0]->format, "u"); /* code_id */
        if (i) {
            assert_string_equal(s->fingerprint_logical, logical);
            assert_string_not_equal(s->fingerprint_physical, physical);
        }
        strcpy(logical, s->fingerprint_logical);
        strcpy(physical, s->fingerprint_physical);
        close_serving(s);
    }
}

/* A column of the directories is none of the files: utf8, required, after all others. */
static void test_contract__partition_column_last(void **state) {
    (void)state;
    static const char *const names[] = {"path", "file_id", "code_objects", "errors", "attrs", "repo"};
    bf_error err;
    char dataset[96];
    make_changed(dataset, "repo=a", drop_repo);
    bf_serving *s = new_serving(dataset);
    if (gate(s, &err) != BF_OK) fail_msg("%s", err.message);
    assert_int_equal(s->schema.n_children, 6);
    for (int i = 0; i < 6; i++) assert_string_equal(s->schema.children[i]->name, names[i]);
    assert_string_equal(s->schema.children[5]->format, "u");
    assert_int_equal(s->schema.children[5]->flags & ARROW_FLAG_NULLABLE, 0);
    close_serving(s);
}

static void test_contract__partition_column_in_file(void **state) {
    (void)state;
    bf_error err;
    char dataset[96], text[300];
    make_changed(dataset, "repo=a", no_change);
    bf_serving *s = new_serving(dataset);
    assert_int_equal(gate(s, &err), BF_CONTRACT);
    snprintf(text, sizeof text, "%s/repo=a/x.parquet: repo: expected no such field, found utf8", dataset);
    assert_string_equal(err.message, text);
    close_serving(s);
}

static void test_contract__registered(void **state) {
    (void)state;
    static const char sql[] = "SELECT string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position) "
                              "FROM information_schema.columns WHERE table_name = 'bytecode_files_v1' AND column_name IN ('path', 'repo')";
    bf_error err = {0};
    bf_arena arena = {0};
    const char *cell;
    char dataset[96];
    make_changed(dataset, "repo=a", drop_repo);
    bf_serving *s = new_serving(dataset);
    open_table(s);
    if (bf_ask_row(s, sql, &arena, &cell, 1, &err) != BF_OK) fail_msg("%s", err.message);
    assert_string_equal(cell, "path Utf8View, repo Utf8");
    bf_serving other;
    if (bf_serving_reopen(&other, s, &err) != BF_OK) fail_msg("%s", err.message);
    assert_ptr_not_equal(other.engine, s->engine);
    if (bf_ask_row(&other, sql, &arena, &cell, 1, &err) != BF_OK) fail_msg("%s", err.message);
    assert_string_equal(cell, "path Utf8View, repo Utf8");
    other.api->close(other.engine);
    bf_arena_free(&arena);
    close_serving(s);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contract__good),
        cmocka_unit_test(test_contract__refused),
        cmocka_unit_test(test_contract__one_of_two),
        cmocka_unit_test(test_contract__no_parquet),
        cmocka_unit_test(test_contract__view_types),
        cmocka_unit_test(test_contract__partition_column_last),
        cmocka_unit_test(test_contract__partition_column_in_file),
        cmocka_unit_test(test_contract__registered),
    };
    return cmocka_run_group_tests(tests, make_datasets, remove_datasets);
}
