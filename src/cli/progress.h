/* A line on the terminal that says how far a run is, and Ctrl-C that ends it in order. */
#ifndef BF_CLI_PROGRESS_H
#define BF_CLI_PROGRESS_H

#include "cli/cli.h"

/** From here on Ctrl-C (SIGINT, SIGTERM) makes the callback cancel the run. */
void progress_begin(void);

/** bf_read_options.progress. */
bool progress_show(void *context, const bf_progress *state);

/** Wipes the line. */
void progress_end(void);

#endif
