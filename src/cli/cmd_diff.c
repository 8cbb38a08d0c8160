#include <string.h>

#include "cli/interrupt.h"
#include "cli/profile.h"

enum { JSON = 256 };

static const cli_option options[] = {
    {JSON, "json", NULL, "one JSON object a line: what, name, a, b"},
    CLI_PROFILE_OPTIONS,
    {0},
};

static const char notes[] =
    "One line a difference: schema and metadata in the footers of the files, partition columns, fingerprints, columns of\n"
    "views, functions, settings, rows by version of Python, files by path, repo and content. Views, functions and settings are those of the last\n"
    "`bytefusion check` where it left its artifacts, else as they are now. A dataset that does not meet the contract is\n"
    "compared by its footers. Two versions of a Delta table: DATASET@v3 DATASET@v7. Exit codes: 0 there is no difference, 5 there is one.\n";

static void print_line(void *context, const bf_drift *d) {
    (void)context;
    printf("%s %s: %s -> %s\n", d->what, d->name, d->a, d->b);
}

static void print_json(void *context, const bf_drift *d) {
    const char *const keys[] = {"what", "name", "a", "b"}, *const values[] = {d->what, d->name, d->a, d->b};
    (void)context;
    for (int i = 0; i < 4; i++) {
        printf("%s\"%s\": ", i ? ", " : "{", keys[i]);
        cli_json_text(values[i]);
    }
    printf("}\n");
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
    if (first + 2 != argc) return cli_wrong_usage(self, "it takes two datasets, not %d", argc - first);
    bf_profile *profile = cli_profile_resolve(self, &asked, &code);
    if (!profile) return code;
    bf_error err = {0};
    size_t n = 0;
    interrupt_begin("nothing was changed, and there may be more differences");
    bf_status st = bf_diff(profile, argv[first], argv[first + 1], json ? print_json : print_line, NULL, &n, &err);
    bf_profile_free(profile);
    if (st != BF_OK) return cli_fail(&err);
    if (fflush(stdout)) return EXIT_FAILED;
    return n ? EXIT_DIFFERENT : EXIT_DONE;
}

const cli_command cli_diff = {"diff", "[OPTIONS] DATASET DATASET", "what differs between two datasets", notes, options, run};
