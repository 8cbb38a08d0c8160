/* Ctrl-C that ends a run in order, and a reader of standard output that goes away. */
#ifndef BF_CLI_INTERRUPT_H
#define BF_CLI_INTERRUPT_H

#include "cli/cli.h"

/** From here on a first SIGINT or SIGTERM asks the run to end; a second one, or no end within a second, ends the program at once.
 *  `kept`: printed then, what is true of the output at any moment; static, or outlives the run. */
void interrupt_begin(const char *kept);

/** Whether there was one. */
bool interrupted(void);

/** Another text, once more is known. */
void interrupt_keeps(const char *kept);

/** Prints "interrupted" and what was kept; cli_fail does, after an interrupt. Gives EXIT_INTERRUPTED. */
int interrupt_end(void);

/** Standard output that nobody reads any more is no error to report: the program ends by SIGPIPE, but after it cleaned up. */
void pipe_begin(void);
bool pipe_closed(void);
void pipe_end(void);

#endif
