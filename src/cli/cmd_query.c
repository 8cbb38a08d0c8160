#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/profile.h"

enum { SQL_FILE = 'f', OUTPUT = 'o', FORMAT = 256, MAX_ROWS, CATALOG, MEMORY, ALLOW_WRITE };

static const cli_option options[] = {
    {SQL_FILE, "file", "FILE", "read the SQL from a file, or - for standard input"},
    {FORMAT, "format", "FORMAT", "table (default), csv, tsv, json, ndjson, markdown, arrow, parquet"},
    {OUTPUT, "output", "FILE", "write to a file, whole or not at all"},
    {MAX_ROWS, "max-rows", "N", "rows to print; 0: all (default: 40 in a table on a terminal, else all)"},
    {CATALOG, "catalog", "DIR", "find datasets below DIR by name: NAME.py_bc_files; DATASET may be left out then"},
    {MEMORY, "memory", "SIZE", "what the query may use: 512M, 2G, 50%, none (80% of the machine's); it spills to disk where it can"},
    {ALLOW_WRITE, "allow-write", NULL, "run statements that write or change settings too: COPY, CREATE, SET, ..."},
    CLI_PROFILE_OPTIONS,
    {0},
};

static const char notes[] =
    "The table is bytecode_files_v1, one row a file; `bytefusion views` lists the views over it.\n"
    "With --catalog DIR each directory below DIR that holds a dataset is a schema of that name, opened when the SQL names it.\n";

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

/* `dataset` NULL: there is the catalog that the profile names. */
static int query(const cli_command *self, const bf_profile *profile, const char *dataset, const char *sql, const cli_output *output) {
    bf_error err = {0};
    bf_session *session;
    struct ArrowArrayStream rows;
    interrupt_begin(output->file ? "the file is as it was" : "rows that were written are whole, more may be missing");
    if (bf_session_open_with(profile, dataset, &session, &err) != BF_OK) return cli_fail(&err);
    bf_status st = bf_session_query(session, sql, &rows, &err);
    if (bf_session_note(session)) fprintf(stderr, "bytefusion: %s\n", bf_session_note(session));
    int code = st == BF_OK ? cli_write_rows(self, output, &rows) : cli_fail(&err);
    bf_session_close(session);
    return code;
}

static bool has_catalog(const bf_profile *profile) {
    bf_profile_option option;
    for (size_t i = 0; bf_profile_get(profile, i, &option); i++)
        if (!strcmp(option.name, "catalog_location")) return *option.value;
    return false;
}

/* The arguments are a dataset and SQL; a catalog may stand for the one, a file for the other. */
static int query_arguments(const cli_command *self, const bf_profile *profile, int n, char **argv, const char *file,
                           const cli_output *output) {
    int n_most = file ? 1 : 2, n_least = n_most - has_catalog(profile);
    bool no_sql = n || (n_least == 1 && !file);
    if (n < n_least) return cli_wrong_usage(self, "%s", no_sql ? "no SQL: give it as an argument, or -f FILE" : "no dataset");
    if (n > n_most) return cli_wrong_usage(self, "%s is one argument too many; SQL is one argument, in quotes", argv[n_most]);
    const char *dataset = n == n_most ? argv[0] : NULL;
    if (!file) return query(self, profile, dataset, argv[n - 1], output);
    char *sql = read_text(file);
    int code = sql ? query(self, profile, dataset, sql, output) : EXIT_FAILED;
    free(sql);
    return code;
}

static int run(const cli_command *self, int argc, char **argv) {
    cli_output output = {.max_rows = -1};
    cli_profile asked = {0};
    const char *file = NULL;
    struct {
        const char *option, *value, *flag;
    } given[] = {{"catalog_location", NULL, "--catalog"}, {"memory_limit", NULL, "--memory"}, {"allow_write", NULL, "--allow-write"}};
    int code;
    for (int id; (id = cli_next_option(self, argc, argv)) != -1;) switch (id) {
        case SQL_FILE: file = cli_value; break;
        case FORMAT: output.format = cli_value; break;
        case OUTPUT: output.file = cli_value; break;
        case MAX_ROWS: output.max_rows = cli_number(self, "max-rows"); break;
        case CATALOG: given[0].value = cli_value; break;
        case MEMORY: given[1].value = cli_value; break;
        case ALLOW_WRITE: given[2].value = "true"; break;
        default: cli_profile_option(&asked, id);
        }
    cli_format(self, output.format);
    int first = cli_first_argument();
    bf_profile *profile = cli_profile_resolve(self, &asked, &code);
    if (!profile) return code;
    bf_error err = {0};
    bf_status st = BF_OK;
    for (size_t i = 0; i < sizeof given / sizeof *given && st == BF_OK; i++)
        if (given[i].value) st = bf_profile_set(profile, given[i].option, given[i].value, given[i].flag, &err);
    if (st == BF_OK) st = bf_profile_check(profile, &err);
    if (st != BF_OK)
        code = cli_wrong_usage(self, "%s", err.message);
    else
        code = query_arguments(self, profile, argc - first, argv + first, file, &output);
    bf_profile_free(profile);
    return code;
}

const cli_command cli_query = {"query", "[OPTIONS] DATASET SQL | -f FILE", "ask a dataset in SQL", notes, options, run};
