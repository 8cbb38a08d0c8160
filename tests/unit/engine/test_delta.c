/* Delta tables: their log as the protocol has it (github.com/delta-io/delta, PROTOCOL.md), versions, conflicts, what is refused. */
#include "tables.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <time.h>

static void assert_has(const char *text, const char *part) {
    if (!strstr(text, part)) fail_msg("no %s in %s", part, text);
}

/* What the protocol asks of the first commit and of an add; and what is read back of them. */
static void test_create__log_and_about(void **state) {
    (void)state;
    bf_engine_error err = {0};
    PATH(table, "%s/create", folder);
    create_table(table, "repo");
    put_file(table, "repo=a b/part-0.parquet", 5, 7);
    change_table(table, 0, "repo=a b/part-0.parquet", "a b", NULL);
    PATH(first, "%s/_delta_log/00000000000000000000.json", table);
    PATH(second, "%s/_delta_log/00000000000000000001.json", table);
    char *text = read_text(first);
    assert_int_equal(strncmp(text, "{\"commitInfo\":", 14), 0);
    assert_null(strstr(text, "readVersion")); /* delta-rs takes none below 0 */
    assert_has(text, "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}");
    assert_has(text, "\"partitionColumns\":[\"repo\"]");
    assert_has(text, "\\\"name\\\":\\\"path\\\",\\\"type\\\":\\\"string\\\",\\\"nullable\\\":false");
    assert_has(text, "\"schema_name\":\"rows_v1\"");
    free(text);
    text = read_text(second);
    assert_has(text, "\"readVersion\":0");
    assert_has(text, "\"path\":\"repo=a%20b/part-0.parquet\"");
    assert_has(text, "\"partitionValues\":{\"repo\":\"a b\"}");
    assert_has(text, "\\\"numRecords\\\":7");
    assert_has(text, "\\\"path\\\":\\\"part-0.parquet-000005\\\"");
    assert_has(text, "\\\"path\\\":\\\"part-0.parquet-000011\\\"");
    assert_has(text, "\\\"nullCount\\\":{\\\"file_id\\\":0,\\\"path\\\":0}");
    free(text);

    bf_engine_delta *delta = open_table(table, NULL);
    bf_engine_delta_about about;
    ok(api->delta_about(delta, &about, &err), &err);
    assert_int_equal(about.version, 1);
    assert_int_equal(about.files, 1);
    assert_int_equal(about.min_reader_version, 1);
    assert_int_equal(about.min_writer_version, 2);
    assert_true(about.timestamp_ms / 1000 - time(NULL) < 60);
    assert_string_equal(about.reader_features, "");
    assert_string_equal(about.partition_cols, "repo");
    assert_int_equal(strlen(about.table_id), 36);
    struct ArrowSchema schema;
    ok(api->delta_schema(delta, &schema, &err), &err);
    assert_int_equal(schema.n_children, 4);
    assert_string_equal(schema.children[3]->name, "repo");
    assert_false(schema.children[0]->flags & ARROW_FLAG_NULLABLE);
    assert_true(schema.children[2]->flags & ARROW_FLAG_NULLABLE);
    struct ArrowStringView value;
    assert_int_equal(ArrowMetadataGetValue(schema.metadata, ArrowCharView("schema_name"), &value), NANOARROW_OK);
    assert_memory_equal(value.data, "rows_v1", 7);
    ArrowSchemaRelease(&schema);
    api->delta_close(delta);
    assert_string_equal(file_list(table, NULL), "repo=a b/part-0.parquet:7 ");
    assert_string_equal(file_list(table, "0"), "");
}

/* Field metadata at every depth is in the log, and comes back. */
static void test_create__field_metadata(void **state) {
    (void)state;
    bf_engine_error err = {0};
    PATH(table, "%s/metadata", folder);
    mkdir(table, 0755);
    struct ArrowSchema schema, read;
    ArrowSchemaInit(&schema);
    assert_int_equal(ArrowSchemaSetTypeStruct(&schema, 1), NANOARROW_OK);
    struct ArrowSchema *list = schema.children[0];
    assert_int_equal(ArrowSchemaSetType(list, NANOARROW_TYPE_LIST), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetName(list, "objects"), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetTypeStruct(list->children[0], 1), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetName(list->children[0], "item"), NANOARROW_OK);
    list->children[0]->flags &= ~ARROW_FLAG_NULLABLE;
    struct ArrowSchema *line = list->children[0]->children[0];
    assert_int_equal(ArrowSchemaSetType(line, NANOARROW_TYPE_INT32), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetName(line, "line"), NANOARROW_OK);
    struct ArrowBuffer pairs;
    assert_int_equal(ArrowMetadataBuilderInit(&pairs, NULL), NANOARROW_OK);
    assert_int_equal(ArrowMetadataBuilderAppend(&pairs, ArrowCharView("line_base"), ArrowCharView("1")), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetMetadata(line, (const char *)pairs.data), NANOARROW_OK);
    ArrowBufferReset(&pairs);
    bf_engine_delta_change change = {.read_version = -1, .operation = "CREATE TABLE", .schema = &schema, .partition_cols = ""};
    ok(api->delta_commit(table, &change, NULL, &err), &err);
    bf_engine_delta *delta = open_table(table, NULL);
    ok(api->delta_schema(delta, &read, &err), &err);
    api->delta_close(delta);
    assert_false(read.children[0]->children[0]->flags & ARROW_FLAG_NULLABLE);
    struct ArrowStringView value = {0};
    assert_int_equal(ArrowMetadataGetValue(read.children[0]->children[0]->children[0]->metadata, ArrowCharView("line_base"), &value), NANOARROW_OK);
    assert_int_equal(value.size_bytes, 1);
    assert_memory_equal(value.data, "1", 1);
    ArrowSchemaRelease(&read);

    assert_int_equal(ArrowSchemaSetType(line, NANOARROW_TYPE_UINT16), NANOARROW_OK);
    PATH(refused, "%s/unsigned", folder);
    mkdir(refused, 0755);
    assert_int_equal(api->delta_commit(refused, &change, NULL, &err), BF_ENGINE_INVALID);
    assert_says(&err, "objects[].line: Delta Lake has no UInt16");
    ArrowSchemaRelease(&schema);
}

/* 31 versions, a checkpoint at each tenth: version v holds the files 1 to v, without those that were removed. */
static void test_versions__each_of_31(void **state) {
    (void)state;
    PATH(table, "%s/versions", folder);
    create_table(table, "");
    for (int v = 1; v <= 30; v++) {
        PATH(name, "f%02d", v);
        PATH(gone, "f%02d", v - 1);
        put_file(table, name, 0, v);
        change_table(table, v - 1, name, NULL, v % 7 == 0 ? gone : NULL);
    }
    for (int v = 0; v <= 30; v++) {
        char expected[1024] = "", number[12];
        for (int f = 1; f <= v; f++)
            if ((f + 1) % 7 || f == v) sprintf(expected + strlen(expected), "f%02d:%d ", f, f);
        snprintf(number, sizeof number, "%d", v);
        assert_string_equal(file_list(table, number), expected);
    }
    for (int v = 0; v <= 30; v++) {
        PATH(checkpoint, "%s/_delta_log/%020d.checkpoint.parquet", table, v);
        assert_int_equal(access(checkpoint, F_OK), v && v % 10 == 0 ? 0 : -1);
    }
    /* the log is cleaned up to the first checkpoint */
    for (int v = 0; v < 10; v++) {
        PATH(commit, "%s/_delta_log/%020d.json", table, v);
        assert_int_equal(unlink(commit), 0);
    }
    bf_engine_error err = {0};
    bf_engine_delta *delta;
    bf_engine_option option = {"version", "3"};
    assert_int_equal(api->delta_open(table, &option, 1, &delta, &err), BF_ENGINE_NOT_FOUND);
    assert_says(&err, "there is no version 3, there are 10 to 30");
    option.value = "31";
    assert_int_equal(api->delta_open(table, &option, 1, &delta, &err), BF_ENGINE_NOT_FOUND);
    assert_says(&err, "there is no version 31, there are 10 to 30");
    assert_non_null(strstr(file_list(table, "10"), "f10:10 "));
    assert_non_null(strstr(file_list(table, "17"), "f17:17 "));
    /* and loses a commit */
    PATH(lost, "%s/_delta_log/%020d.json", table, 25);
    assert_int_equal(unlink(lost), 0);
    option.value = "27";
    assert_int_equal(api->delta_open(table, &option, 1, &delta, &err), BF_ENGINE_IO);
    assert_says(&err, "version 27 needs version 25, which is missing in _delta_log; there are 10 to 24, 30");
    assert_non_null(strstr(file_list(table, NULL), "f30:30 ")); /* by its checkpoint */
}

static bool note_commit(void *context, const bf_engine_delta_commit_info *commit) {
    char *text = context;
    sprintf(text + strlen(text), "%lld %s %s;", (long long)commit->version, commit->operation, commit->parameters);
    assert_true(commit->timestamp_ms > 1600000000000);
    assert_int_equal(strncmp(commit->engine, "bytefusion/", 11), 0);
    return true;
}

static void test_history__newest_first(void **state) {
    (void)state;
    bf_engine_error err = {0};
    char text[1024] = "";
    PATH(table, "%s/history", folder);
    create_table(table, "");
    put_file(table, "a", 0, 1);
    put_file(table, "b", 0, 2);
    change_table(table, 0, "a", NULL, NULL);
    change_table(table, 1, "b", NULL, "a");
    ok(api->delta_history(table, 0, note_commit, text, &err), &err);
    assert_string_equal(text, "2 WRITE {\"mode\":\"Append\"};1 WRITE {\"mode\":\"Append\"};0 CREATE TABLE {};");
    *text = 0;
    ok(api->delta_history(table, 1, note_commit, text, &err), &err);
    assert_string_equal(text, "2 WRITE {\"mode\":\"Append\"};");
}

static bool note_time(void *context, const bf_engine_delta_commit_info *commit) {
    ((int64_t *)context)[commit->version] = commit->timestamp_ms;
    return true;
}

static void test_open__by_time(void **state) {
    (void)state;
    bf_engine_error err = {0};
    bf_engine_delta *delta;
    int64_t times[4];
    PATH(table, "%s/times", folder);
    create_table(table, "");
    for (int v = 1; v < 4; v++) {
        PATH(name, "f%d", v);
        put_file(table, name, 0, 1);
        nanosleep(&(struct timespec){0, 3000000}, NULL);
        change_table(table, v - 1, name, NULL, NULL);
    }
    ok(api->delta_history(table, 0, note_time, times, &err), &err);
    for (int v = 0; v < 4; v++)
        for (int later = 0; later < 2; later++) {
            char number[24];
            bf_engine_delta_about about;
            snprintf(number, sizeof number, "%lld", (long long)times[v] + later);
            bf_engine_option option = {"timestamp_ms", number};
            ok(api->delta_open(table, &option, 1, &delta, &err), &err);
            ok(api->delta_about(delta, &about, &err), &err);
            assert_int_equal(about.version, v);
            assert_int_equal(about.timestamp_ms, times[v]);
            api->delta_close(delta);
        }
    assert_int_equal(api->delta_open(table, (const bf_engine_option[]){{"timestamp_ms", "1000"}}, 1, &delta, &err), BF_ENGINE_NOT_FOUND);
    assert_says(&err, "there is no version of 1970-01-01T00:00:01.000Z or before; version 0, the oldest, is of 20");
    const bf_engine_option both[] = {{"timestamp_ms", "9000000000000"}, {"version", "1"}};
    assert_int_equal(api->delta_open(table, both, 2, &delta, &err), BF_ENGINE_INVALID);
    assert_says(&err, "not by both");
    assert_null(delta);
}

static void test_open__no_table(void **state) {
    (void)state;
    bf_engine_error err = {0};
    bf_engine_delta *delta;
    assert_int_equal(api->delta_open(folder, NULL, 0, &delta, &err), BF_ENGINE_NOT_FOUND);
    assert_says(&err, "no Delta table");
    assert_int_equal(api->delta_open("/nowhere/at/all", NULL, 0, &delta, &err), BF_ENGINE_NOT_FOUND);
    assert_int_equal(api->delta_history(folder, 0, note_commit, NULL, &err), BF_ENGINE_NOT_FOUND);
}

static void test_files__vacuumed(void **state) {
    (void)state;
    bf_engine_error err = {0};
    char text[256] = "";
    PATH(table, "%s/vacuumed", folder);
    create_table(table, "");
    put_file(table, "a", 0, 1);
    put_file(table, "b", 0, 2);
    change_table(table, 0, "a", NULL, NULL);
    change_table(table, 1, "b", NULL, "a");
    PATH(gone, "%s/a", table);
    assert_int_equal(unlink(gone), 0);
    bf_engine_delta *delta = open_table(table, "1");
    assert_int_equal(api->delta_files(delta, note_file, text, &err), BF_ENGINE_NOT_FOUND);
    assert_says(&err, "version 1 was vacuumed: 1 of its 1 data files are gone (a)");
    api->delta_close(delta);
    assert_string_equal(file_list(table, "2"), "b:2 ");
    PATH(cut, "%s/b", table);
    assert_int_equal(truncate(cut, 100), 0);
    delta = open_table(table, NULL);
    assert_int_equal(api->delta_files(delta, note_file, text, &err), BF_ENGINE_IO);
    assert_says(&err, "/b: 100 bytes, and the log says ");
    assert_int_equal(unlink(cut), 0);
    assert_int_equal(api->delta_files(delta, note_file, text, &err), BF_ENGINE_NOT_FOUND);
    assert_says(&err, "version 2 is broken: 1 of its 1");
    api->delta_close(delta);
}

static bool note_name(void *context, const char *name) {
    sprintf((char *)context + strlen(context), "%s ", name);
    return true;
}

static void test_vacuum(void **state) {
    (void)state;
    bf_engine_error err = {0};
    char text[256] = "";
    PATH(table, "%s/to_vacuum", folder);
    create_table(table, "");
    put_file(table, "a", 0, 1);
    put_file(table, "b", 0, 2);
    put_file(table, "stray", 0, 2);
    put_file(table, "_bytefusion/kept", 0, 2);
    change_table(table, 0, "a", NULL, NULL);
    change_table(table, 1, "b", NULL, "a");
    ok(api->delta_vacuum(table, 1, false, note_name, text, &err), &err); /* all are younger than an hour */
    assert_string_equal(text, "");
    nanosleep(&(struct timespec){0, 5000000}, NULL);
    ok(api->delta_vacuum(table, 0, true, note_name, text, &err), &err);
    assert_string_equal(text, "a stray ");
    PATH(a, "%s/a", table);
    assert_int_equal(access(a, F_OK), 0);
    *text = 0;
    ok(api->delta_vacuum(table, 0, false, note_name, text, &err), &err);
    assert_string_equal(text, "a stray ");
    assert_int_equal(access(a, F_OK), -1);
    assert_string_equal(file_list(table, NULL), "b:2 ");
    PATH(kept, "%s/_bytefusion/kept", table);
    assert_int_equal(access(kept, F_OK), 0);
}

static void make_old(const char *path, long hours) {
    const struct timespec then[2] = {{.tv_sec = time(NULL) - 3600 * hours}, {.tv_sec = time(NULL) - 3600 * hours}};
    assert_int_equal(utimensat(AT_FDCWD, path, then, 0), 0);
}

/* What a killed writer leaves of a commit, one of delta-rs too: the next commit removes what is older than a day, vacuum what is older than
 * its retention; other files of the log stay. */
static void test_left_in_the_log(void **state) {
    (void)state;
    bf_engine_error err = {0};
    char text[512] = "";
    PATH(table, "%s/left", folder);
    create_table(table, "");
    PATH(old, "%s/_delta_log/_commit_5f1c2bb0-6b3e-4a53-9a0c-0d3f3c1f0001.json.tmp", table);
    PATH(young, "%s/_delta_log/_commit_5f1c2bb0-6b3e-4a53-9a0c-0d3f3c1f0002.json.tmp", table);
    PATH(other, "%s/_delta_log/00000000000000000000.crc", table);
    write_text(old, "{");
    write_text(young, "{");
    write_text(other, "{}");
    make_old(old, 25);
    make_old(young, 23);
    make_old(other, 1000);
    ok(api->delta_vacuum(table, 24, true, note_name, text, &err), &err);
    assert_string_equal(text, "_delta_log/_commit_5f1c2bb0-6b3e-4a53-9a0c-0d3f3c1f0001.json.tmp ");
    assert_int_equal(access(old, F_OK), 0);
    put_file(table, "a", 0, 1);
    change_table(table, 0, "a", NULL, NULL);
    assert_int_equal(access(old, F_OK), -1);
    assert_int_equal(access(young, F_OK), 0);
    *text = 0;
    ok(api->delta_vacuum(table, 22, false, note_name, text, &err), &err);
    assert_string_equal(text, "_delta_log/_commit_5f1c2bb0-6b3e-4a53-9a0c-0d3f3c1f0002.json.tmp ");
    assert_int_equal(access(young, F_OK), -1);
    assert_int_equal(access(other, F_OK), 0);
    assert_string_equal(file_list(table, NULL), "a:1 ");
}

static bool note_lie(void *context, const char *name, const char *lie) {
    sprintf((char *)context + strlen(context), "%s: %s\n", name, lie);
    return true;
}

/* The statistics of `name` in the entry of a version, changed in place. */
static void change_text(const char *table, int version, const char *from, const char *to) {
    PATH(entry, "%s/_delta_log/%020d.json", table, version);
    char *text = read_text(entry), *at = strstr(text, from);
    if (!at || strlen(from) != strlen(to)) fail_msg("no %s in %s, or another length", from, text);
    memcpy(at, to, strlen(to));
    write_text(entry, text);
    free(text);
}

/* Every file is looked at, the last of many too; bounds that are wider than the values are none the less bounds. */
static void test_statistics__lies(void **state) {
    (void)state;
    enum { N = 70 };
    bf_engine_error err = {0};
    char text[2048] = "";
    PATH(table, "%s/lies", folder);
    create_table(table, "repo");
    for (int i = 0; i < N; i++) {
        PATH(name, "repo=r/f%02d", i);
        put_file(table, name, 0, 5);
        change_table(table, i, name, "r", NULL);
    }
    bf_engine_delta *delta = open_table(table, NULL);
    ok(api->delta_statistics(delta, note_lie, text, &err), &err);
    api->delta_close(delta);
    assert_string_equal(text, "");
    change_text(table, 3, "f02-000000", "f01-999999");
    change_text(table, N, "f69-000000", "f69-000002");
    change_text(table, 6, "\\\"maxValues\\\":{\\\"file_id\\\":\\\"id4", "\\\"maxValues\\\":{\\\"file_id\\\":\\\"id3");
    change_text(table, 8, "\\\"nullCount\\\":{\\\"file_id\\\":0", "\\\"nullCount\\\":{\\\"file_id\\\":5");
    PATH(last, "%s/_delta_log/_last_checkpoint", table);
    assert_int_equal(unlink(last), 0);
    for (int v = 10; v <= N; v += 10) {
        PATH(checkpoint, "%s/_delta_log/%020d.checkpoint.parquet", table, v);
        assert_int_equal(unlink(checkpoint), 0);
    }
    delta = open_table(table, NULL);
    ok(api->delta_statistics(delta, note_lie, text, &err), &err);
    api->delta_close(delta);
    assert_string_equal(text, "repo=r/f05: file_id: rows greater than the greatest, id3: 1\n"
                              "repo=r/f07: file_id: nulls, and the log counts 5: 0\n"
                              "repo=r/f69: path: rows less than the least, f69-000002: 2\n");
}

static void test_commit__conflict(void **state) {
    (void)state;
    bf_engine_error err = {0};
    struct ArrowSchema schema;
    PATH(table, "%s/conflict", folder);
    create_table(table, "");
    put_file(table, "a", 0, 1);
    put_file(table, "b", 0, 2);
    change_table(table, 0, "a", NULL, NULL);
    assert_int_equal(try_change(table, 0, "b", NULL, NULL, &err), BF_ENGINE_CONFLICT);
    assert_says(&err, "somebody else committed version 1");
    bf_engine_delta_change again = new_table(&schema, "");
    assert_int_equal(api->delta_commit(table, &again, NULL, &err), BF_ENGINE_CONFLICT);
    ArrowSchemaRelease(&schema);
    assert_int_equal(try_change(table, 5, "b", NULL, NULL, &err), BF_ENGINE_NOT_FOUND);
    assert_int_equal(try_change(table, 1, "a", NULL, NULL, &err), BF_ENGINE_INVALID);
    assert_says(&err, "a is in version 1 already");
    assert_int_equal(try_change(table, 1, NULL, NULL, "b", &err), BF_ENGINE_INVALID);
    assert_says(&err, "no file b in version 1");
    assert_int_equal(try_change(table, 1, "c", NULL, NULL, &err), BF_ENGINE_IO);
    assert_string_equal(file_list(table, NULL), "a:1 ");
    PATH(nulls, "%s/nulls", table);
    write_foreign_rows(nulls, "n", 0, 9, 2);
    assert_int_equal(try_change(table, 1, "nulls", NULL, NULL, &err), BF_ENGINE_INVALID);
    assert_says(&err, "nulls: 2 nulls in path, which is not null");
    bf_engine_delta_change bare = {.read_version = -1, .operation = "WRITE"};
    PATH(other, "%s/bare", folder);
    mkdir(other, 0755);
    assert_int_equal(api->delta_commit(other, &bare, NULL, &err), BF_ENGINE_INVALID);
    assert_says(&err, "a new table needs a schema");
}

typedef struct {
    char table[512], name[16];
    int64_t read_version;
    int32_t code;
} writer;

static void *write_once(void *argument) {
    writer *w = argument;
    bf_engine_error err = {0};
    w->code = try_change(w->table, w->read_version, w->name, NULL, NULL, &err);
    return NULL;
}

/* Both computed from the same version: one lands, one is told; no version is lost, and none is there twice. */
static void test_commit__two_at_once(void **state) {
    (void)state;
    PATH(table, "%s/race", folder);
    create_table(table, "");
    for (int round = 0; round < 20; round++) {
        writer writers[3] = {0};
        pthread_t threads[3];
        for (int i = 0; i < 3; i++) {
            writer *w = &writers[i];
            snprintf(w->table, sizeof w->table, "%s", table);
            snprintf(w->name, sizeof w->name, "r%02d-%d", round, i);
            w->read_version = round;
            put_file(table, w->name, 0, 1);
        }
        for (int i = 0; i < 3; i++) assert_int_equal(pthread_create(&threads[i], NULL, write_once, &writers[i]), 0);
        int landed = 0;
        for (int i = 0; i < 3; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
            landed += writers[i].code == BF_ENGINE_OK;
            if (writers[i].code) assert_int_equal(writers[i].code, BF_ENGINE_CONFLICT);
        }
        assert_int_equal(landed, 1);
    }
    bf_engine_error err = {0};
    bf_engine_delta_about about;
    bf_engine_delta *delta = open_table(table, NULL);
    ok(api->delta_about(delta, &about, &err), &err);
    assert_int_equal(about.version, 20);
    assert_int_equal(about.files, 20);
    api->delta_close(delta);
}

/* Logs of others: absolute URLs, other escapes, other machines. A remove repeats the path as the log has it. */
static void test_foreign__paths(void **state) {
    (void)state;
    bf_engine_error err = {0};
    PATH(table, "%s/foreign", folder);
    PATH(elsewhere, "%s/else where", folder);
    create_table(table, "");
    put_file(table, "caf\xc3\xa9+1", 0, 3);
    put_file(elsewhere, "far", 0, 4);
    PATH(commit, "%s/_delta_log/00000000000000000001.json", table);
    struct stat near_about, far_about;
    PATH(near, "%s/caf\xc3\xa9+1", table);
    PATH(far, "%s/else where/far", folder);
    assert_int_equal(stat(near, &near_about) | stat(far, &far_about), 0);
    char actions[2048];
    snprintf(actions, sizeof actions,
             "{\"add\":{\"path\":\"caf\xc3\xa9+1\",\"partitionValues\":{},\"size\":%lld,\"modificationTime\":1,\"dataChange\":true}}\n"
             "{\"add\":{\"path\":\"file://%s/else%%20where/far\",\"partitionValues\":{},\"size\":%lld,\"modificationTime\":1,\"dataChange\":true}}\n",
             (long long)near_about.st_size, folder, (long long)far_about.st_size);
    write_text(commit, actions);
    char expected[1024];
    snprintf(expected, sizeof expected, "caf\xc3\xa9+1:-1 file://%s/else where/far:-1 ", folder);
    assert_string_equal(file_list(table, NULL), expected);
    change_table(table, 1, NULL, NULL, "caf\xc3\xa9+1");
    snprintf(expected, sizeof expected, "file://%s/else where/far:-1 ", folder);
    assert_string_equal(file_list(table, NULL), expected);
    PATH(third, "%s/_delta_log/00000000000000000003.json", table);
    write_text(third, "{\"add\":{\"path\":\"s3://bucket/x\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1,\"dataChange\":true}}\n");
    bf_engine_delta *delta;
    assert_int_equal(api->delta_open(table, NULL, 0, &delta, &err), BF_ENGINE_INVALID);
    assert_says(&err, "s3://bucket/x is not on this machine");
    write_text(third, "{\"add\": this is no JSON\n");
    assert_int_not_equal(api->delta_open(table, NULL, 0, &delta, &err), BF_ENGINE_OK);
    assert_says(&err, "00000000000000000003.json, line 1: ");
    assert_null(strchr(err.message, '\n'));
}

/* More than reader 1 and writer 2. */
static void test_foreign__protocol(void **state) {
    (void)state;
    bf_engine_error err = {0};
    PATH(table, "%s/protocol", folder);
    create_table(table, "");
    put_file(table, "a", 0, 1);
    PATH(commit, "%s/_delta_log/00000000000000000001.json", table);
    write_text(commit, "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":4}}\n");
    assert_int_equal(try_change(table, 1, "a", NULL, NULL, &err), BF_ENGINE_INVALID);
    assert_says(&err, "asks for writer version 4");
    write_text(commit, "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[\"deletionVectors\"],\"writerFeatures\":[\"deletionVectors\"]}}\n");
    assert_int_equal(try_change(table, 1, "a", NULL, NULL, &err), BF_ENGINE_INVALID);
    assert_says(&err, "reader version 3 (features: deletionVectors)");
    assert_int_equal(api->delta_vacuum(table, 0, false, note_name, NULL, &err), BF_ENGINE_INVALID);
    assert_says(&err, "reader version 3 (features: deletionVectors)");
    bf_engine_delta *delta = open_table(table, NULL);
    bf_engine_delta_about about;
    ok(api->delta_about(delta, &about, &err), &err);
    assert_string_equal(about.reader_features, "deletionVectors");
    api->delta_close(delta);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create__log_and_about), cmocka_unit_test(test_create__field_metadata), cmocka_unit_test(test_versions__each_of_31),
        cmocka_unit_test(test_history__newest_first), cmocka_unit_test(test_open__by_time),          cmocka_unit_test(test_open__no_table),
        cmocka_unit_test(test_files__vacuumed),       cmocka_unit_test(test_vacuum),                 cmocka_unit_test(test_commit__conflict),
        cmocka_unit_test(test_commit__two_at_once),   cmocka_unit_test(test_foreign__paths),         cmocka_unit_test(test_foreign__protocol),
        cmocka_unit_test(test_left_in_the_log),       cmocka_unit_test(test_statistics__lies),
    };
    setenv("RUST_BACKTRACE", "1", 1); /* adds nothing to a message */
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
