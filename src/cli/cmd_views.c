#include <stdlib.h>
#include <string.h>

#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/profile.h"

enum { SQL = 's', FORMAT = 256 };

static const cli_option options[] = {
    {SQL, "sql", "NAME", "print the SELECT of a view; it runs unchanged in any DataFusion; with DATASET as it is created there"},
    {FORMAT, "format", "FORMAT", "columns as rows: view, position, column, type, nullable; formats as of `bytefusion query`"},
    CLI_PROFILE_OPTIONS,
    {0},
};

enum { MAX_WIDTH = 100 };

/* The columns of one view, or of all, as the engine has them. */
static const char columns_sql[] =
    "SELECT table_name AS view, ordinal_position + 1 AS position, column_name AS column, data_type AS type, is_nullable AS nullable "
    "FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'bytecode_files_v1'%s%s%s "
    "ORDER BY table_name, ordinal_position";

static int ask(const char *sql, struct ArrowArrayStream *rows) {
    bf_error err = {0};
    bf_session *session;
    if (bf_session_open_with(NULL, NULL, &session, &err) != BF_OK) return cli_fail(&err); /* the profile's defaults: the catalog is asked */
    bf_status st = bf_session_query(session, sql, rows, &err);
    bf_session_close(session);
    return st == BF_OK ? EXIT_DONE : cli_fail(&err);
}

static int print_columns(const cli_command *self, const char *view, const cli_output *output) {
    char sql[1024];
    snprintf(sql, sizeof sql, columns_sql, view ? " AND table_name = '" : "", view ? view : "", view ? "'" : "");
    struct ArrowArrayStream rows;
    int code = ask(sql, &rows);
    return code == EXIT_DONE ? cli_write_rows(self, output, &rows) : code;
}

/* "VIEW\tCOLUMN" lines of all views; from malloc, NULL having said why not. */
static char *all_columns(void) {
    static const char sql[] = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
                              "ORDER BY table_name, ordinal_position";
    static const bf_render_options tsv = {.format = BF_FORMAT_TSV};
    struct ArrowArrayStream rows;
    if (ask(sql, &rows) != EXIT_DONE) return NULL;
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    bf_error err = {0};
    bf_status st = out ? bf_render(&rows, &tsv, out, NULL, &err) : BF_NO_MEMORY;
    if (out && fclose(out) == 0 && st == BF_OK) return text;
    cli_fail(&err);
    free(text);
    return NULL;
}

static void print_view(const char *name, const char *columns) {
    const char *comment = bf_view_comment(name), *stop = strstr(comment, ". "); /* its first sentence */
    printf("%s\n  %.*s\n   ", name, stop ? (int)(stop - comment + 1) : (int)strlen(comment), comment);
    size_t n_name = strlen(name), at = 3;
    for (const char *line = columns; *line; line = strchr(line, '\n') + 1) {
        if (strncmp(line, name, n_name) || line[n_name] != '\t') continue;
        const char *column = line + n_name + 1;
        int n = (int)(strchr(column, '\n') - column);
        if (at + 1 + (size_t)n > MAX_WIDTH) at = (size_t)printf("\n   ") - 1;
        at += (size_t)printf(" %.*s", n, column);
    }
    printf("\n\n");
}

static int print_views(void) {
    char *columns = all_columns();
    if (!columns) return EXIT_FAILED;
    for (size_t i = 0; i < bf_view_count(); i++) print_view(bf_view_name(i), columns);
    printf("bytefusion views NAME gives the types of one, --format table of all, --sql NAME prints its SELECT.\n");
    free(columns);
    return EXIT_DONE;
}

/* As the dataset has it: with its partition columns. */
static int print_sql_of(const bf_profile *profile, const char *dataset, const char *view) {
    bf_error err = {0};
    bf_session *session;
    char *sql = NULL;
    bf_status st = bf_session_open_with(profile, dataset, &session, &err);
    if (st == BF_OK) st = bf_session_view_sql(session, view, &sql, &err);
    if (st == BF_OK) printf("%s", sql);
    free(sql);
    bf_session_close(session);
    return st == BF_OK ? EXIT_DONE : cli_fail(&err);
}

static int run(const cli_command *self, int argc, char **argv) {
    cli_output output = {.max_rows = 0};
    cli_profile asked = {0};
    const char *sql = NULL;
    int code;
    for (int id; (id = cli_next_option(self, argc, argv)) != -1;) switch (id) {
        case SQL: sql = cli_value; break;
        case FORMAT: output.format = cli_value; break;
        default: cli_profile_option(&asked, id);
        }
    cli_format(self, output.format);
    int first = cli_first_argument();
    if (argc - first > 1) return cli_wrong_usage(self, sql ? "more than one dataset" : "more than one view");
    const char *view = sql ? sql : first < argc ? argv[first] : NULL;
    if (view && !bf_view_sql(view)) return cli_wrong_usage(self, "no view %s; `bytefusion views` lists them", view);
    bf_profile *profile = cli_profile_resolve(self, &asked, &code);
    if (!profile) return code;
    interrupt_begin("nothing was changed");
    if (sql && first < argc)
        code = print_sql_of(profile, argv[first], sql);
    else if (sql)
        code = printf("%s", bf_view_sql(sql)) < 0 ? EXIT_FAILED : EXIT_DONE;
    else
        code = view || output.format ? print_columns(self, view, &output) : print_views();
    bf_profile_free(profile);
    return code;
}

const cli_command cli_views = {"views", "[OPTIONS] [NAME]", "list the views, their columns, their SQL", NULL, options, run};
