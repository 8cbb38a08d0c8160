#include "cli/cli.h"

enum { SHOW_CACHES = 'C', SHOW_POSITIONS = 'P', JSON = 256, ASSUME_VERSION };

static const cli_option options[] = {
    {SHOW_CACHES, "show-caches", NULL, "inline caches too"},
    {SHOW_POSITIONS, "show-positions", NULL, "where in the source: line:column-line:column"},
    {JSON, "json", NULL, "one JSON document"},
    {ASSUME_VERSION, "assume-version", "X.Y", "read it as that CPython's, whatever its magic number"},
    {0},
};

static int run(const cli_command *self, int argc, char **argv) {
    bf_dis_options dis = {0};
    for (int id; (id = cli_next_option(self, argc, argv)) != -1;) switch (id) {
        case SHOW_CACHES: dis.show_caches = true; break;
        case SHOW_POSITIONS: dis.show_positions = true; break;
        case JSON: dis.json = true; break;
        case ASSUME_VERSION: dis.assume_version = cli_value; break;
        }
    int first = cli_first_argument();
    if (first + 1 != argc) return cli_wrong_usage(self, "%s", first == argc ? "no file" : "more than one file");
    bf_error err = {0};
    return bf_dis_file(argv[first], &dis, stdout, &err) == BF_OK ? EXIT_DONE : cli_fail(&err);
}

const cli_command cli_dis = {"dis", "[OPTIONS] FILE.pyc", "disassemble a file as its own CPython would", NULL, options, run};
