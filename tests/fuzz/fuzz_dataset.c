/* What a dataset's directories are called: partition columns and values of hive paths, the columns that a profile declares, and the SQL of
 * the views with those names in it. Input: lines that are paths below the dataset. No file system: files.c is compiled into the target. */
#include "dataset/files.c" /* add, for one path that was found */

#include "fuzz.h"
#include "views/views.h"

/* Text in quotes, for each '"' of a name two: what a name cannot end. */
static void check_quotes(const bf_buf *sql, const bf_buf *plain) {
    size_t quotes = 0, plain_quotes = 0;
    for (size_t i = 0; i < sql->n; i++) quotes += sql->p[i] == '"';
    for (size_t i = 0; i < plain->n; i++) plain_quotes += plain->p[i] == '"';
    CHECK((quotes - plain_quotes) % 2 == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    bf_dataset_files files = {0};
    bf_error err = {0};
    bf_status st = BF_OK;
    struct stat info = {.st_size = 1};
    char *text = malloc(size + 1);
    CHECK(text);
    memcpy(text, data, size);
    text[size] = 0;
    for (char *line = text, *end; st == BF_OK && line < text + size; line = end + 1) {
        end = line + strcspn(line, "\n");
        *end = 0;
        st = add(&files, line, line, &info, &err);
    }
    CHECK(st == err.code && (st == BF_OK || st == BF_CONTRACT));
    CHECK(files.n_columns <= MAX_COLUMNS);
    for (size_t i = 0; i < files.n; i++)
        for (size_t c = 0; c < files.n_columns; c++) {
            CHECK(*files.columns[c] && !strpbrk(files.columns[c], "=/"));
            CHECK(files.items[i].values[c] && !strchr(files.items[i].values[c], '/'));
        }
    if (files.n_columns) {
        bf_view_fill fill = {.partition_cols = files.columns, .n_partition_cols = files.n_columns}, none = {0};
        bf_buf sql = {0}, plain = {0};
        size_t view = size % bf_view_count();
        CHECK(bf_view_expand(&sql, view, &fill, NULL) == BF_OK && bf_view_expand(&plain, view, &none, NULL) == BF_OK);
        check_quotes(&sql, &plain);
        bf_buf_free(&sql);
        bf_buf_free(&plain);
    }
    bf_dataset_files_free(&files);
    free(text);
    return 0;
}
