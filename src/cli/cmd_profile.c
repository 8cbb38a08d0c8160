#include "cli/profile.h"
#include "cli/table.h"

enum { JSON = 256 };

static const cli_option options[] = {
    {JSON, "json", NULL, "a JSON array of objects: option, value, source, meaning"},
    CLI_PROFILE_OPTIONS,
    {0},
};

static const char notes[] =
    "The options that a dataset is served with, and where each value is from: default, the file, a name in the environment\n"
    "(BYTEFUSION_COLLECT_STATISTICS), or --set; a later one of these wins. docs/PROFILE.md says more of each.\n";

static void print_table(const bf_profile *profile) {
    cli_table table = {.n_columns = 4};
    bf_profile_option o;
    cli_table_add(&table, (const char *const[]){"option", "value", "source", "meaning"});
    for (size_t i = 0; bf_profile_get(profile, i, &o); i++)
        cli_table_add(&table, (const char *const[]){o.name, o.value, o.source, o.meaning});
    cli_table_print(&table);
}

static void print_json(const bf_profile *profile) {
    static const char *const keys[] = {"option", "value", "source", "meaning"};
    bf_profile_option o;
    for (size_t i = 0; bf_profile_get(profile, i, &o); i++) {
        const char *const values[] = {o.name, o.value, o.source, o.meaning};
        printf("%s\n  ", i ? "," : "[");
        for (int k = 0; k < 4; k++) {
            printf("%s\"%s\": ", k ? ", " : "{", keys[k]);
            cli_json_text(values[k]);
        }
        printf("}");
    }
    printf("\n]\n");
}

static int run(const cli_command *self, int argc, char **argv) {
    cli_profile asked = {0};
    bool json = false;
    int code;
    for (int id; (id = cli_next_option(self, argc, argv)) != -1;) {
        if (id == JSON) json = true;
        cli_profile_option(&asked, id);
    }
    if (cli_first_argument() != argc) return cli_wrong_usage(self, "it takes options only");
    bf_profile *profile = cli_profile_resolve(self, &asked, &code);
    if (!profile) return code;
    if (json)
        print_json(profile);
    else
        print_table(profile);
    bf_profile_free(profile);
    return fflush(stdout) ? EXIT_FAILED : EXIT_DONE;
}

const cli_command cli_profile_command = {
    "profile", "[OPTIONS]", "the options of serving, and where each value is from", notes, options, run,
};
