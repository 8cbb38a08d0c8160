/* bytefusion: a client of bytefusion.h. Each command is a row of the table below and a cmd_*.c file. */
#include <malloc.h>
#include <string.h>

#include "cli/interrupt.h"

static const cli_command *const commands[] = {
    &cli_index,     &cli_query, &cli_views,   &cli_dis,      &cli_check,  &cli_materialize,
    &cli_artifacts, &cli_diff,  &cli_history, &cli_optimize, &cli_vacuum, &cli_profile_command,
};

enum { N_COMMANDS = sizeof commands / sizeof *commands };

static void print_help(FILE *out) {
    fprintf(out, "bytefusion: compiled Python (.pyc of CPython 2.7 and 3.6 to 3.15) as tables, queried with SQL; no Python needed\n\n");
    for (int i = 0; i < N_COMMANDS; i++) fprintf(out, "  bytefusion %-11s %-34s %s\n", commands[i]->name, commands[i]->arguments, commands[i]->summary);
    fprintf(out, "\n"
                 "bytefusion COMMAND --help says more, bytefusion --version which version this is.\n"
                 "Exit codes: 0 done, 1 failed (or a check fails), 2 wrong usage, 3 done and the dataset has error rows,\n"
                 "4 checked and no check fails but some could not be made, 5 the datasets differ, 130 interrupted.\n");
}

/* Batches come and go: memory that was used once is kept for the next one, which saves a third of the page faults. */
static void keep_memory(void) {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

int main(int argc, char **argv) {
    keep_memory();
    pipe_begin();
    const char *name = argc > 1 ? argv[1] : "";
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
        print_help(stdout);
        return EXIT_DONE;
    }
    if (!strcmp(name, "--version") || !strcmp(name, "version")) {
        printf("bytefusion %s\n", bf_version());
        return EXIT_DONE;
    }
    for (int i = 0; i < N_COMMANDS; i++) {
        if (strcmp(name, commands[i]->name)) continue;
        int code = commands[i]->run(commands[i], argc - 1, argv + 1);
        fflush(stdout);
        pipe_end();
        return code;
    }
    if (*name) return cli_wrong_usage(NULL, "no command %s", name);
    print_help(stderr);
    return EXIT_USAGE;
}
