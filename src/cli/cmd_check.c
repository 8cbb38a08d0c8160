#include <stdlib.h>
#include <string.h>

#include "cli/interrupt.h"
#include "cli/profile.h"
#include "cli/table.h"

enum { JSON = 256 };

static const cli_option options[] = {
    {JSON, "json", NULL, "the artifact \"validation\" in place of lines"},
    CLI_PROFILE_OPTIONS,
    {0},
};

static const char notes[] =
    "One line a check: scope of serving (1 to 9), name, what is expected, what is found, ok, FAIL or \"not checked\".\n"
    "The artifacts are written to DATASET/_bytefusion where the dataset is a directory.\n"
    "Exit codes: 0 all checks hold, 1 one fails, 4 none fails and something could not be checked.\n";

enum { N_STATES = 3 };

static void print_checks(const bf_check *checks, size_t n, const size_t counts[N_STATES]) {
    cli_table table = {.n_columns = 5};
    char(*scopes)[12] = malloc((n + 1) * sizeof *scopes);
    cli_table_add(&table, (const char *const[]){"scope", "check", "expected", "found", "state"});
    for (size_t i = 0; i < n && scopes; i++) {
        const bf_check *c = &checks[i];
        snprintf(scopes[i], sizeof scopes[i], "%d", c->scope);
        cli_table_add(&table, (const char *const[]){scopes[i], c->name, c->expected, c->found, bf_check_state_name(c->state)});
    }
    cli_table_print(&table);
    free(scopes);
    printf("%zu checks: %zu ok, %zu failed, %zu not checked\n", n, counts[BF_CHECK_OK], counts[BF_CHECK_FAIL],
           counts[BF_CHECK_NOT_CHECKED]);
}

static int print_json(bf_session *session) {
    char *text;
    bf_error err = {0};
    if (bf_session_artifact(session, "validation", &text, &err) != BF_OK) return cli_fail(&err);
    fputs(text, stdout);
    free(text);
    return EXIT_DONE;
}

static int check(bf_session *session, bool json) {
    const bf_check *checks;
    size_t n, counts[N_STATES] = {0};
    bf_error err = {0};
    bf_status st = bf_session_check(session, &checks, &n, &err);
    if (st != BF_OK) return cli_fail(&err);
    for (size_t i = 0; i < n; i++) counts[checks[i].state]++;
    int code = EXIT_DONE;
    if (json)
        code = print_json(session);
    else
        print_checks(checks, n, counts);
    if (bf_session_write_artifacts(session, &err) != BF_OK) fprintf(stderr, "bytefusion: no artifacts: %s\n", err.message);
    if (fflush(stdout) || code != EXIT_DONE || counts[BF_CHECK_FAIL]) return EXIT_FAILED;
    return counts[BF_CHECK_NOT_CHECKED] ? EXIT_NOT_CHECKED : EXIT_DONE;
}

static int run(const cli_command *self, int argc, char **argv) {
    cli_profile asked = {0};
    bool json = false;
    int code;
    for (int id; (id = cli_next_option(self, argc, argv)) != -1;) {
        if (id == JSON) json = true;
        cli_profile_option(&asked, id);
    }
    int first = cli_first_argument();
    if (first + 1 != argc) return cli_wrong_usage(self, "%s", first == argc ? "no dataset" : "more than one dataset");
    bf_profile *profile = cli_profile_resolve(self, &asked, &code);
    if (!profile) return code;
    bf_error err = {0};
    bf_session *session;
    interrupt_begin("no artifacts were written, or whole ones");
    bool is_open = bf_session_open_for_check(profile, argv[first], &session, &err) == BF_OK;
    code = is_open ? check(session, json) : cli_fail(&err);
    bf_session_close(session);
    bf_profile_free(profile);
    return code;
}

const cli_command cli_check = {"check", "[OPTIONS] DATASET", "does a dataset hold what serving it promises?", notes, options, run};
