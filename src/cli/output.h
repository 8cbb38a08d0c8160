/* Where rows go: a format, a file or standard output, as many as are wanted. */
#ifndef BF_CLI_OUTPUT_H
#define BF_CLI_OUTPUT_H

#include "cli/cli.h"

typedef struct cli_output {
    const char *format; /* NULL: table */
    const char *file;   /* NULL: standard output */
    long max_rows;      /* -1: 40 in a table on a terminal, else all */
} cli_output;

/** Writes the rows; takes `stream`. A file is written whole or not at all. Gives an exit code, having said why. */
int cli_write_rows(const cli_command *command, const cli_output *output, struct ArrowArrayStream *stream);

/** Ends the program with its message when there is no such format. */
bf_format cli_format(const cli_command *command, const char *name);

#endif
