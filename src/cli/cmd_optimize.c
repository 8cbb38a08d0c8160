#include "cli/interrupt.h"

enum { JOBS = 'j', WAIT = 256 };

static const cli_option options[] = {
    {JOBS, "jobs", "N", "threads (one per processor)"},
    {WAIT, "wait", "SECONDS", "for another process that is writing the dataset (10)"},
    {0},
};

static const char notes[] = "Parts that are small or whose paths overlap, as runs of --mode append leave them, are merged into few that lie one behind the\n"
                            "other. The rows stay as they are. Where there is nothing to do nothing is written. A Delta table gets one version; parts of\n"
                            "other writers whose rows are in no order are left out.\n";

static int run(const cli_command *self, int argc, char **argv) {
    int wait = BF_WAIT_SECONDS, jobs = 0;
    for (int id; (id = cli_next_option(self, argc, argv)) != -1;) switch (id) {
        case JOBS: jobs = (int)cli_number(self, "jobs"); break;
        case WAIT: wait = (int)cli_number(self, "wait"); break;
        }
    int first = cli_first_argument();
    if (first + 1 != argc) return cli_wrong_usage(self, "%s", first == argc ? "no dataset" : "more than one dataset");
    bf_error err = {0};
    bf_optimize_report r;
    cli_text a, b, c, d, e;
    interrupt_begin("every row is there, in the parts as they were or merged");
    if (bf_optimize(argv[first], wait ? wait : -1, jobs, &r, &err) != BF_OK) return cli_fail(&err);
    if (!r.is_written)
        printf("%s: nothing to do, its parts (%s) are large or alone, and do not overlap\n", argv[first], cli_count(a, r.parts_before));
    else
        printf("%s parts were merged (%s -> %s): the dataset had %s and has %s, in %.2f s\n", cli_count(a, r.parts_rewritten), cli_bytes(b, r.input_bytes),
               cli_bytes(c, r.output_bytes), cli_count(d, r.parts_before), cli_count(e, r.parts_after), r.seconds);
    if (r.parts_unordered)
        printf("parts of other writers that are not in order of path and file_id, and stay as they are: %s\n", cli_count(a, r.parts_unordered));
    if (r.is_written && r.version >= 0) printf("version %s of the Delta table\n", cli_count(a, r.version));
    return EXIT_DONE;
}

const cli_command cli_optimize = {"optimize", "[OPTIONS] DATASET", "merge the parts of a dataset", notes, options, run};
