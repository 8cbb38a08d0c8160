/* Lines of texts in columns, for people: cut to the terminal, whole where the output goes elsewhere. */
#ifndef BF_CLI_TABLE_H
#define BF_CLI_TABLE_H

#include "cli/cli.h"

enum { CLI_MAX_COLUMNS = 8 };

typedef struct cli_table {
    int n_columns;
    const char **cells; /* row after row */
    size_t n_rows, capacity;
} cli_table; /* set n_columns */

/** Adds a line; `cells` are borrowed until it is printed. Ends the program when memory runs out. */
void cli_table_add(cli_table *table, const char *const *cells);

/** Prints all lines, the first of them the names of the columns, and forgets them. */
void cli_table_print(cli_table *table);

#endif
