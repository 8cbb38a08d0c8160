#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"

enum { SQL_FILE = 'f', OUTPUT = 'o', FORMAT = 256, MAX_ROWS };

static const cli_option options[] = {
    {SQL_FILE, "file", "FILE", "read the SQL from a file, or - for standard input"},
    {FORMAT, "format", "FORMAT", "table (default), csv, tsv, json, ndjson, markdown, arrow, parquet"},
    {OUTPUT, "output", "FILE", "write to a file, whole or not at all"},
    {MAX_ROWS, "max-rows", "N", "rows to print; 0: all (default: 40 in a table on a terminal, else all)"},
    {0},
};

static const char notes[] = "The table is bytecode_files_v1, one row a file; `bytefusion views` lists the views over it.\n";

/* The whole file as text, from malloc; NULL having said why not. */
static char *read_text(const char *path) {
    FILE *in = strcmp(path, "-") ? fopen(path, "rb") : stdin;
    char *text = NULL;
    size_t n = 0, capacity = 0;
    while (in && !ferror(in) && !feof(in)) {
        char *larger = realloc(text, capacity = capacity * 2 + 4096);
        if (!larger) break;
        text = larger;
        n += fread(text + n, 1, capacity - n - 1, in);
    }
    bool whole = in && feof(in) && !ferror(in);
    if (!whole) fprintf(stderr, "bytefusion: %s: %s\n", path, strerror(errno));
    if (in && in != stdin) fclose(in);
    if (whole) {
        text[n] = 0;
        return text;
    }
    free(text);
    return NULL;
}

static int query(const cli_command *self, const char *dataset, const char *sql, const cli_output *output) {
    bf_error err = {0};
    bf_session *session;
    struct ArrowArrayStream rows;
    if (bf_session_open(dataset, &session, &err) != BF_OK) return cli_fail(&err);
    bf_status st = bf_session_query(session, sql, &rows, &err);
    int code = st == BF_OK ? cli_write_rows(self, output, &rows) : cli_fail(&err);
    bf_session_close(session);
    return code;
}

static int run(const cli_command *self, int argc, char **argv) {
    cli_output output = {.max_rows = -1};
    const char *file = NULL;
    for (int id; (id = cli_next_option(self, argc, argv)) != -1;) switch (id) {
        case SQL_FILE: file = cli_value; break;
        case FORMAT: output.format = cli_value; break;
        case OUTPUT: output.file = cli_value; break;
        case MAX_ROWS: output.max_rows = cli_number(self, "max-rows"); break;
        }
    cli_format(self, output.format);
    int first = cli_first_argument();
    int n_expected = file ? 1 : 2;
    if (argc - first < n_expected) return cli_wrong_usage(self, "%s", first == argc ? "no dataset" : "no SQL: give it as an argument, or -f FILE");
    if (argc - first > n_expected) return cli_wrong_usage(self, "%s is one argument too many; SQL is one argument, in quotes", argv[first + n_expected]);
    if (!file) return query(self, argv[first], argv[first + 1], &output);
    char *sql = read_text(file);
    int code = sql ? query(self, argv[first], sql, &output) : EXIT_FAILED;
    free(sql);
    return code;
}

const cli_command cli_query = {"query", "[OPTIONS] DATASET SQL | -f FILE", "ask a dataset in SQL", notes, options, run};
