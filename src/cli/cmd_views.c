#include <stdlib.h>
#include <string.h>

#include "cli/output.h"

enum { SQL = 's', FORMAT = 256 };

static const cli_option options[] = {
    {SQL, "sql", "NAME", "print the SELECT of a view; it runs unchanged in any DataFusion"},
    {FORMAT, "format", "FORMAT", "columns as rows: view, position, column, type, nullable; formats as of `bytefusion query`"},
    {0},
};

/* The columns of one view, or of all, as the engine has them. */
static const char columns_sql[] =
    "SELECT table_name AS view, ordinal_position + 1 AS position, column_name AS column, data_type AS type, is_nullable AS nullable "
    "FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'bytecode_files_v1'%s%s%s "
    "ORDER BY table_name, ordinal_position";

static int print_columns(const cli_command *self, const char *view, const cli_output *output) {
    char sql[1024];
    snprintf(sql, sizeof sql, columns_sql, view ? " AND table_name = '" : "", view ? view : "", view ? "'" : "");
    bf_error err = {0};
    bf_session *session;
    struct ArrowArrayStream rows;
    if (bf_session_open(NULL, &session, &err) != BF_OK) return cli_fail(&err);
    bf_status st = bf_session_query(session, sql, &rows, &err);
    int code = st == BF_OK ? cli_write_rows(self, output, &rows) : cli_fail(&err);
    bf_session_close(session);
    return code;
}

static void print_names(void) {
    for (size_t i = 0; i < bf_view_count(); i++) printf("%-32s  %s\n", bf_view_name(i), bf_view_comment(bf_view_name(i)));
    printf("\nbytefusion views NAME lists the columns of one, --format table those of all, --sql NAME prints its SELECT.\n");
}

static int run(const cli_command *self, int argc, char **argv) {
    cli_output output = {.max_rows = 0};
    const char *sql = NULL;
    for (int id; (id = cli_next_option(self, argc, argv)) != -1;) switch (id) {
        case SQL: sql = cli_value; break;
        case FORMAT: output.format = cli_value; break;
        }
    cli_format(self, output.format);
    int first = cli_first_argument();
    if (argc - first > 1) return cli_wrong_usage(self, "more than one view");
    const char *view = sql ? sql : first < argc ? argv[first] : NULL;
    if (view && !bf_view_sql(view)) return cli_wrong_usage(self, "no view %s; `bytefusion views` lists them", view);
    if (sql) return printf("%s", bf_view_sql(sql)) < 0 ? EXIT_FAILED : EXIT_DONE;
    if (view || output.format) return print_columns(self, view, &output);
    print_names();
    return EXIT_DONE;
}

const cli_command cli_views = {"views", "[OPTIONS] [NAME]", "list the views, their columns, their SQL", NULL, options, run};
