#include "cli/profile.h"

enum { SHOW_CACHES = 'C', SHOW_POSITIONS = 'P', JSON = 256, ASSUME_VERSION };

static const cli_option options[] = {
    {SHOW_CACHES, "show-caches", NULL, "inline caches too"},
    {SHOW_POSITIONS, "show-positions", NULL, "where in the source: line:column-line:column"},
    {JSON, "json", NULL, "one JSON document"},
    {ASSUME_VERSION, "assume-version", "X.Y", "read it as that CPython's, whatever its magic number"},
    CLI_LIMIT_OPTION,
    {0},
};

static int run(const cli_command *self, int argc, char **argv) {
    bf_dis_options dis = {0};
    cli_profile asked = {0};
    int code = EXIT_DONE;
    for (int id; (id = cli_next_option(self, argc, argv)) != -1;) switch (id) {
        case SHOW_CACHES: dis.show_caches = true; break;
        case SHOW_POSITIONS: dis.show_positions = true; break;
        case JSON: dis.json = true; break;
        case ASSUME_VERSION: dis.assume_version = cli_value; break;
        default: cli_profile_option(&asked, id);
        }
    int first = cli_first_argument();
    if (first + 1 != argc) return cli_wrong_usage(self, "%s", first == argc ? "no file" : "more than one file");
    bf_profile *profile = cli_profile_resolve(self, &asked, &code);
    if (!profile) return code;
    bool limited = cli_profile_limits(self, profile, &dis.limits);
    bf_profile_free(profile);
    if (!limited) return EXIT_USAGE;
    bf_error err = {0};
    return bf_dis_file(argv[first], &dis, stdout, &err) == BF_OK ? EXIT_DONE : cli_fail(&err);
}

const cli_command cli_dis = {"dis", "[OPTIONS] FILE.pyc", "disassemble a file as its own CPython would", NULL, options, run};
