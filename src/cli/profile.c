#include "cli/profile.h"

#include <stdlib.h>
#include <string.h>

void cli_profile_option(cli_profile *p, int id) {
    if (id == CLI_PROFILE) p->file = cli_value;
    if (id != CLI_SET && id != CLI_LIMIT) return;
    void *set = realloc(p->set, (p->n + 1) * sizeof *p->set);
    if (!set) {
        fprintf(stderr, "bytefusion: out of memory\n");
        exit(EXIT_FAILED);
    }
    p->set = set;
    p->set[p->n].text = cli_value;
    p->set[p->n++].id = id;
}

/* NAME=VALUE; --limit NAME=N sets limit_NAME. */
static bf_status apply(bf_profile *profile, const char *text, int id, bf_error *err) {
    const char *equals = strchr(text, '='), *flag = id == CLI_LIMIT ? "--limit" : "--set";
    char *name = NULL;
    bf_status st = BF_INVALID_ARGUMENT;
    if (!equals)
        snprintf(err->message, sizeof err->message, "%s %.200s: it takes NAME=VALUE", flag, text);
    else if (asprintf(&name, "%s%.*s", id == CLI_LIMIT ? "limit_" : "", (int)(equals - text), text) >= 0)
        st = bf_profile_set(profile, name, equals + 1, flag, err);
    free(name);
    return st;
}

bf_profile *cli_profile_resolve(const cli_command *command, cli_profile *p, int *code) {
    bf_error err = {.offset = -1};
    bf_profile *profile = bf_profile_new();
    bf_status st = profile ? BF_OK : BF_NO_MEMORY;
    if (st == BF_OK && p->file) st = bf_profile_load(profile, p->file, &err);
    if (st == BF_OK) st = bf_profile_load_environment(profile, &err);
    for (size_t i = 0; i < p->n && st == BF_OK; i++) st = apply(profile, p->set[i].text, p->set[i].id, &err);
    if (st == BF_OK) st = bf_profile_check(profile, &err);
    free(p->set);
    *p = (cli_profile){0};
    if (st == BF_OK) return profile;
    bf_profile_free(profile);
    *code = st == BF_INVALID_ARGUMENT ? cli_wrong_usage(command, "%s", err.message) : cli_fail(&err);
    return NULL;
}

bool cli_profile_limits(const cli_command *command, const bf_profile *profile, bf_limits *out) {
    bf_error err = {0};
    if (bf_profile_limits(profile, out, &err) == BF_OK) return true;
    cli_wrong_usage(command, "%s", err.message);
    return false;
}

const char *cli_profile_value(const bf_profile *profile, const char *name) {
    bf_profile_option option = {.value = ""};
    for (size_t i = 0; bf_profile_get(profile, i, &option) && strcmp(option.name, name);) i++;
    return option.value;
}
