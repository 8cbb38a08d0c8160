#include <stdlib.h>
#include <string.h>

#include "cli/interrupt.h"
#include "cli/profile.h"
#include "cli/table.h"

enum { STATUS = 256 };

static const cli_option options[] = {
    {STATUS, "status", NULL, "write nothing: say of each view whether its flat table is there, and current"},
    CLI_PROFILE_OPTIONS,
    {0},
};

static const char notes[] =
    "A view (all, where none is named) becomes a Parquet file beside the dataset, DATASET.views/VIEW.parquet, with its rows sorted as the\n"
    "dataset is. A query that names the view reads that file while it is current: as long as the dataset, the view and the engine are those\n"
    "that it was made with. One that is not is not used; run this again to renew it, or remove it.\n";

void cli_print_flat_table(void *context, const bf_flat_table *t) {
    cli_text rows, bytes;
    (void)context;
    printf("%s: %s rows, %s", t->view, cli_count(rows, t->rows), cli_bytes(bytes, t->size_bytes));
    if (t->is_new)
        printf(", written in %.2f s\n", t->seconds);
    else
        printf(", current already\n");
    fflush(stdout);
}

static int materialize(const bf_profile *profile, const char *dataset, char **views, int n_views) {
    bf_error err = {0};
    bf_materialize_options o = {.profile = profile, .dataset = dataset, .views = (const char *const *)views, .n_views = (size_t)n_views,
                                .on_table = cli_print_flat_table};
    interrupt_begin("tables that were listed are there, the others are as they were");
    return bf_materialize(&o, &err) == BF_OK ? EXIT_DONE : cli_fail(&err);
}

/* ---- --status ---- */

static bool is_wanted(const char *view, char **views, int n_views) {
    bool found = !n_views;
    for (int i = 0; i < n_views; i++) found |= !strcmp(views[i], view);
    return found;
}

typedef struct line {
    bf_flat_table table;
    cli_text rows, bytes;
} line;

/* Texts of a table belong to the session; all lines are printed before it is closed. */
static int print_status(bf_session *session, char **views, int n_views) {
    cli_table table = {.n_columns = 6};
    line *lines = calloc(bf_view_count(), sizeof *lines);
    bf_error err = {0};
    cli_table_add(&table, (const char *const[]){"view", "state", "rows", "bytes", "made of", "why"});
    for (size_t i = 0; i < bf_view_count() && lines; i++) {
        bf_flat_table *t = &lines[i].table;
        if (!is_wanted(bf_view_name(i), views, n_views)) continue;
        if (bf_session_flat_table(session, i, t, &err) != BF_OK) break;
        bool is_there = t->state != BF_FLAT_NONE;
        const char *rows = is_there ? cli_count(lines[i].rows, t->rows) : "";
        const char *bytes = is_there ? cli_bytes(lines[i].bytes, t->size_bytes) : "";
        cli_table_add(&table, (const char *const[]){t->view, bf_flat_state_name(t->state), rows, bytes, t->source, t->why});
    }
    cli_table_print(&table);
    free(lines);
    if (err.code != BF_OK) return cli_fail(&err);
    return fflush(stdout) ? EXIT_FAILED : EXIT_DONE;
}

static int status(const cli_command *self, const bf_profile *profile, const char *dataset, char **views, int n_views) {
    bf_error err = {0};
    bf_session *session;
    for (int i = 0; i < n_views; i++)
        if (!bf_view_sql(views[i])) return cli_wrong_usage(self, "no view %s; `bytefusion views` lists them", views[i]);
    if (bf_session_open_with(profile, dataset, &session, &err) != BF_OK) return cli_fail(&err);
    int code = print_status(session, views, n_views);
    bf_session_close(session);
    return code;
}

static int run(const cli_command *self, int argc, char **argv) {
    cli_profile asked = {0};
    bool only_status = false;
    int code;
    for (int id; (id = cli_next_option(self, argc, argv)) != -1;) {
        if (id == STATUS) only_status = true;
        cli_profile_option(&asked, id);
    }
    int first = cli_first_argument();
    if (first == argc) return cli_wrong_usage(self, "no dataset");
    bf_profile *profile = cli_profile_resolve(self, &asked, &code);
    if (!profile) return code;
    char **views = argv + first + 1;
    int n_views = argc - first - 1;
    code = only_status ? status(self, profile, argv[first], views, n_views) : materialize(profile, argv[first], views, n_views);
    bf_profile_free(profile);
    return code;
}

const cli_command cli_materialize = {"materialize", "[OPTIONS] DATASET [VIEW...]", "write views down as flat tables", notes, options, run};
