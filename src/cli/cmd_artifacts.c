#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/interrupt.h"
#include "cli/profile.h"
#include "cli/table.h"

static const cli_option options[] = {
    CLI_PROFILE_OPTIONS,
    {0},
};

static const char notes[] =
    "An artifact is a JSON document about a dataset and how it is served. NAME prints it as it is now, having checked the\n"
    "dataset where it tells of checks. `bytefusion check` writes all of them to DATASET/_bytefusion/NAME.json.\n";

static int list(const char *dataset) {
    cli_table table = {.n_columns = 3};
    cli_table_add(&table, (const char *const[]){"artifact", "written", "what it says"});
    for (size_t i = 0; bf_artifact_name(i); i++) {
        char path[4096];
        bool fits = snprintf(path, sizeof path, "%s/_bytefusion/%s.json", dataset, bf_artifact_name(i)) < (int)sizeof path;
        const char *written = fits && access(path, R_OK) == 0 ? "yes" : "no";
        cli_table_add(&table, (const char *const[]){bf_artifact_name(i), written, bf_artifact_meaning(i)});
    }
    cli_table_print(&table);
    return EXIT_DONE;
}

static int print(const bf_profile *profile, const char *dataset, const char *name) {
    bf_error err = {0};
    bf_session *session;
    char *text = NULL;
    bf_status st = bf_session_open_for_check(profile, dataset, &session, &err);
    if (st == BF_OK) st = bf_session_artifact(session, name, &text, &err);
    if (st == BF_OK) fputs(text, stdout);
    free(text);
    bf_session_close(session);
    if (st != BF_OK) return cli_fail(&err);
    return fflush(stdout) ? EXIT_FAILED : EXIT_DONE;
}

static bool is_known(const char *name) {
    for (size_t i = 0; bf_artifact_name(i); i++)
        if (!strcmp(bf_artifact_name(i), name)) return true;
    return false;
}

static int run(const cli_command *self, int argc, char **argv) {
    cli_profile asked = {0};
    int code;
    for (int id; (id = cli_next_option(self, argc, argv)) != -1;) cli_profile_option(&asked, id);
    int first = cli_first_argument();
    if (first == argc) return cli_wrong_usage(self, "no dataset");
    if (argc - first > 2) return cli_wrong_usage(self, "%s is one argument too many", argv[first + 2]);
    const char *name = first + 1 < argc ? argv[first + 1] : NULL;
    if (name && !is_known(name)) return cli_wrong_usage(self, "no artifact %s; `bytefusion artifacts %s` lists them", name, argv[first]);
    bf_profile *profile = cli_profile_resolve(self, &asked, &code);
    if (!profile) return code;
    interrupt_begin("nothing was changed");
    code = name ? print(profile, argv[first], name) : list(argv[first]);
    bf_profile_free(profile);
    return code;
}

const cli_command cli_artifacts = {
    "artifacts", "[OPTIONS] DATASET [NAME]", "what is known of a dataset, as JSON documents", notes, options, run,
};
