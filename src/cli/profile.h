/* The options that a profile is made of: of a file, of the environment, of --set. */
#ifndef BF_CLI_PROFILE_H
#define BF_CLI_PROFILE_H

#include "cli/cli.h"

enum { CLI_PROFILE = 512, CLI_SET, CLI_LIMIT }; /* beyond what a command numbers itself */

#define CLI_PROFILE_OPTIONS                                                                   \
    {CLI_PROFILE, "profile", "FILE", "options of serving, a JSON object (docs/PROFILE.md)"},  \
    {CLI_SET, "set", "NAME=VALUE", "one option of the profile (again for more)"}

#define CLI_LIMIT_OPTION {CLI_LIMIT, "limit", "NAME=N", "what one file may use (again for more): bytes, objects, text, ... (docs/LIMITS.md)"}

typedef struct cli_profile {
    const char *file;
    struct {
        const char *text; /* that of argv */
        int id;           /* CLI_SET, CLI_LIMIT */
    } *set;
    size_t n;
} cli_profile; /* {0} is an empty one */

/** Keeps the option that was just read; no matter which it is. */
void cli_profile_option(cli_profile *profile, int id);

/** Defaults, then the file, the environment, --set and --limit; NULL having said why not, with the exit code in *code. Frees what was kept. */
bf_profile *cli_profile_resolve(const cli_command *command, cli_profile *profile, int *code);

/** The limits of a profile. False having said what is wrong with them. */
bool cli_profile_limits(const cli_command *command, const bf_profile *profile, bf_limits *out);

/** The value of an option by its name, which there is; it lives as long as the profile. */
const char *cli_profile_value(const bf_profile *profile, const char *name);

#endif
