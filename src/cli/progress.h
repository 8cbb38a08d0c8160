/* A line on the terminal that says how far a run is. */
#ifndef BF_CLI_PROGRESS_H
#define BF_CLI_PROGRESS_H

#include "cli/cli.h"

void progress_begin(void);

/** bf_read_options.progress; an interrupt cancels the run. */
bool progress_show(void *context, const bf_progress *state);

/** Wipes the line. */
void progress_end(void);

#endif
