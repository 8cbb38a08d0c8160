/* What the commands share: options from tables, exit codes, messages. */
#ifndef BF_CLI_CLI_H
#define BF_CLI_CLI_H

#include "bytefusion/bytefusion.h"

/** What the program ends with. */
enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,      /* also: a check fails */
    EXIT_USAGE = 2,
    EXIT_ERROR_ROWS = 3,  /* index: the dataset has error rows */
    EXIT_NOT_CHECKED = 4, /* check: nothing fails, and something could not be checked */
    EXIT_DIFFERENT = 5,   /* diff: the datasets differ */
    EXIT_INTERRUPTED = 130
};

typedef struct cli_option {
    int id;            /* its letter, or a number from 256 where it has none */
    const char *name;  /* "output" */
    const char *value; /* "FILE"; NULL: it takes none */
    const char *help;
} cli_option;

typedef struct cli_command {
    const char *name, *arguments, *summary, *notes; /* notes: what --help says below the options */
    const cli_option *options; /* ends with {0} */
    int (*run)(const struct cli_command *self, int argc, char **argv);
} cli_command;

extern const cli_command cli_index, cli_query, cli_views, cli_dis, cli_check, cli_materialize, cli_artifacts, cli_diff, cli_history,
    cli_optimize, cli_vacuum, cli_profile_command;

/** The next option: its id, -1 after the last; ends the program on --help and on wrong usage. cli_value is its value. */
int cli_next_option(const cli_command *command, int argc, char **argv);
extern const char *cli_value;

/** Index in argv of the first argument that is no option, once cli_next_option gave -1. */
int cli_first_argument(void);

/** A number >= 0 as the value of the option that was just read. */
long cli_number(const cli_command *command, const char *name);

/** Prints "bytefusion: MESSAGE" and how to get help to stderr. Gives EXIT_USAGE. */
int cli_wrong_usage(const cli_command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** bf_materialize_options.on_table: a line for each. */
void cli_print_flat_table(void *context, const bf_flat_table *table);

/** Prints the error to stderr. Gives EXIT_FAILED. */
int cli_fail(const bf_error *err);

/** "1,234,567", and "12.3 MB"; in a buffer of the caller. */
typedef char cli_text[32];
const char *cli_count(cli_text out, int64_t n);
const char *cli_bytes(cli_text out, int64_t n);

/** Writes a JSON string to standard output; what is no UTF-8 as \\xNN. */
void cli_json_text(const char *text);

#endif
