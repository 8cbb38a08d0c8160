#include "cli/interrupt.h"

enum { DRY_RUN = 'n', RETENTION = 256, FORCE, WAIT, SAFE_HOURS = 168 };

static const cli_option options[] = {
    {RETENTION, "retention", "HOURS", "keep what versions younger than this need (168)"},
    {DRY_RUN, "dry-run", NULL, "only name what would be removed"},
    {FORCE, "force", NULL, "allow a retention of less than 168 hours: nobody else may be reading or writing the dataset"},
    {WAIT, "wait", "SECONDS", "for another process that is writing the dataset (10)"},
    {0},
};

static const char notes[] = "Delta: removes files that no version younger than the retention needs; older versions cannot be read any more after that.\n"
                            "Parquet: removes what killed runs left beside the dataset. Each file that goes is a line.\n";

static bool print_name(void *context, const char *name) {
    (void)context;
    printf("%s\n", name);
    return !interrupted();
}

static int run(const cli_command *self, int argc, char **argv) {
    long retention = SAFE_HOURS;
    int wait = BF_WAIT_SECONDS;
    bool dry_run = false, force = false;
    for (int id; (id = cli_next_option(self, argc, argv)) != -1;) switch (id) {
        case RETENTION: retention = cli_number(self, "retention"); break;
        case DRY_RUN: dry_run = true; break;
        case FORCE: force = true; break;
        case WAIT: wait = (int)cli_number(self, "wait"); break;
        }
    int first = cli_first_argument();
    if (first + 1 != argc) return cli_wrong_usage(self, "%s", first == argc ? "no dataset" : "more than one dataset");
    if (retention < SAFE_HOURS && !force && !dry_run)
        return cli_wrong_usage(self, "--retention %ld is less than %d hours: who reads or writes the dataset now may lose files; --force does it all the same", retention,
                               SAFE_HOURS);
    bf_error err = {0};
    int64_t n;
    cli_text text;
    interrupt_begin("the dataset is whole; files that no reader needs may be left, the next run removes them");
    if (bf_vacuum(argv[first], (double)retention, dry_run, wait ? wait : -1, print_name, NULL, &n, &err) != BF_OK) return cli_fail(&err);
    if (interrupted()) return interrupt_end();
    fprintf(stderr, "bytefusion: %s %s %s\n", cli_count(text, n), n == 1 ? "file" : "files", dry_run ? "would be removed" : "removed");
    return fflush(stdout) ? EXIT_FAILED : EXIT_DONE;
}

const cli_command cli_vacuum = {"vacuum", "[OPTIONS] DATASET", "remove files that no reader needs any more", notes, options, run};
