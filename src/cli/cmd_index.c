#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/interrupt.h"
#include "cli/profile.h"
#include "cli/progress.h"

enum { OUTPUT = 'o', JOBS = 'j', REPO = 'r', EXCLUDE = 'x', DRY_RUN = 'n', ASSUME_VERSION = 256, PARTITION_BY, NO_SOURCE, NO_FLOW, FORMAT, MODE, SYNC, WAIT, MATERIALIZE };

static const cli_option options[] = {
    {OUTPUT, "output", "DATASET", "directory of the dataset"},
    {MODE, "mode", "MODE", "overwrite (replace all of it when all is written), append (only what is new or changed), or error"},
    {SYNC, "sync", NULL, "append, and rows of this repo whose files are not among PATH any more go too"},
    {FORMAT, "format", "FORMAT", "parquet or delta (that of what is there, else parquet)"},
    {WAIT, "wait", "SECONDS", "for another process that is writing the dataset (10)"},
    {REPO, "repo", "NAME", "name of the repository, for the column repo"},
    {PARTITION_BY, "partition-by", "repo", "write to DATASET/repo=NAME, and replace that partition only"},
    {EXCLUDE, "exclude", "GLOB", "leave out files and directories (again for more); a GLOB without / is for last names"},
    {JOBS, "jobs", "N", "threads (one per processor)"},
    {MATERIALIZE, "materialize", NULL, "then write every view down as a flat table, as `bytefusion materialize DATASET` does"},
    {DRY_RUN, "dry-run", NULL, "only say what would be read"},
    {NO_SOURCE, "no-source", NULL, "do not read the sources beside the files: columns stay bytes of UTF-8, no byte spans"},
    {NO_FLOW, "no-flow", NULL, "leave out blocks, control flow, data flow and stack depths"},
    {ASSUME_VERSION, "assume-version", "X.Y", "read all files as that CPython's, whatever their magic number"},
    CLI_LIMIT_OPTION,
    CLI_PROFILE_OPTIONS,
    {0},
};

static const char notes[] = "PATH: a directory (its *.pyc and *.pyo files, recursively, paths relative to it), a file, or - for a list of paths on\n"
                            "standard input, one a line. A file that cannot be decoded is a row with its errors, and the exit code is 3.\n"
                            "A run that finds nothing new, changed or gone (--mode append, --sync) writes nothing.\n"
                            "Of the profile: write_mode is the default of --mode, delta_constraints are conditions on the rows of a Delta table,\n"
                            "limit_NAME is --limit NAME. A file that uses up a limit is a row with what was decoded before, and an error that says so.\n";

typedef struct texts {
    const char **items;
    size_t n;
} texts;

static void add(texts *t, const char *text) {
    const char **items = realloc(t->items, (t->n + 1) * sizeof *items);
    if (!items || !text) {
        fprintf(stderr, "bytefusion: out of memory\n");
        exit(EXIT_FAILED);
    }
    t->items = items;
    t->items[t->n++] = text;
}

/* Lines of standard input; they live as long as the program. */
static void add_stdin(texts *t) {
    char *line = NULL;
    size_t capacity = 0;
    for (ssize_t n; (n = getline(&line, &capacity, stdin)) > 0;) {
        if (line[n - 1] == '\n') line[--n] = 0;
        if (n) add(t, strdup(line));
    }
    free(line);
}

static void print_report(const bf_index_options *index, const bf_index_report *r) {
    cli_text a, b, c, d, e, f;
    if (index->dry_run) {
        printf("%s files, %s would be read\n", cli_count(a, r->files), cli_bytes(b, r->input_bytes));
        return;
    }
    bool is_append = !strcmp(index->mode, "append");
    if (is_append && !r->is_written)
        printf("%s files unchanged: nothing is written to %s; %s read in %.2f s\n", cli_count(a, r->files), index->dataset, cli_bytes(b, r->input_bytes), r->seconds);
    else
        printf("%s files, %s code objects, %s instructions, %s errors; %s read, %s written to %s in %.2f s\n", cli_count(a, r->files),
               cli_count(b, r->code_objects), cli_count(c, r->instructions), cli_count(d, r->errors), cli_bytes(e, r->input_bytes),
               cli_bytes(f, r->output_bytes), index->dataset, r->seconds);
    if (is_append && r->is_written)
        printf("%s files added, %s replaced, %s removed, %s unchanged; %s parts written, %s kept\n", cli_count(a, r->added), cli_count(b, r->replaced),
               cli_count(c, r->removed), cli_count(d, r->unchanged), cli_count(e, r->parts_written), cli_count(f, r->parts_kept));
    if (r->version >= 0 && r->is_written) printf("version %s of the Delta table\n", cli_count(a, r->version));
    if (r->errors)
        fprintf(stderr, "bytefusion: %s files have errors: bytefusion query %s 'SELECT path, error_stage, message FROM bytecode_errors'\n",
                cli_count(a, r->files_with_errors), index->dataset);
}

static const char *const modes[] = {"overwrite", "append", "error", NULL}, *const formats[] = {"parquet", "delta", NULL};

static bool is_one_of(const char *text, const char *const *known) {
    for (; *known; known++)
        if (!strcmp(text, *known)) return true;
    return false;
}

/* Memory comes and goes in large blocks, between threads: what is free goes back at once, in place of waiting in the heap of the
 * thread that asked for it. So a long run needs hardly more than a short one (bench/README.md). */
static void keep_no_free_memory(int jobs) {
    enum { BLOCK_BYTES = 1 << 20, FREE_BYTES = 2 << 20 };
    long n = jobs > 0 ? jobs : sysconf(_SC_NPROCESSORS_ONLN);
    mallopt(M_MMAP_THRESHOLD, BLOCK_BYTES);
    mallopt(M_TRIM_THRESHOLD, FREE_BYTES);
    mallopt(M_ARENA_MAX, n < 1 ? 1 : (int)n);
}

static int run(const cli_command *self, int argc, char **argv) {
    bf_index_options index = {0};
    texts paths = {0}, exclude = {0};
    cli_profile asked = {0};
    const char *mode = NULL;
    int code, wait = BF_WAIT_SECONDS;
    bool materialize = false;
    for (int id; (id = cli_next_option(self, argc, argv)) != -1;) switch (id) {
        case OUTPUT: index.dataset = cli_value; break;
        case REPO: index.read.repo = cli_value; break;
        case EXCLUDE: add(&exclude, cli_value); break;
        case JOBS: index.read.jobs = (int)cli_number(self, "jobs"); break;
        case PARTITION_BY: index.partition_by = cli_value; break;
        case DRY_RUN: index.dry_run = true; break;
        case MATERIALIZE: materialize = true; break;
        case NO_SOURCE: index.read.no_source = true; break;
        case NO_FLOW: index.read.no_flow = true; break;
        case FORMAT: index.format = cli_value; break;
        case MODE: mode = cli_value; break;
        case SYNC: index.sync = true; break;
        case WAIT: wait = (int)cli_number(self, "wait"); break;
        case ASSUME_VERSION: index.read.assume_version = cli_value; break;
        default: cli_profile_option(&asked, id);
        }
    int first = cli_first_argument();
    if (first == argc) return cli_wrong_usage(self, "no path to read");
    if (!index.dataset && !index.dry_run) return cli_wrong_usage(self, "no dataset to write: -o DATASET");
    bf_profile *profile = cli_profile_resolve(self, &asked, &code);
    if (!profile) return code;
    if (!cli_profile_limits(self, profile, &index.read.limits)) {
        bf_profile_free(profile);
        return EXIT_USAGE;
    }
    const char *constraints = cli_profile_value(profile, "delta_constraints");
    index.mode = mode ? mode : index.sync ? "append" : cli_profile_value(profile, "write_mode");
    index.wait_seconds = wait ? wait : -1;
    index.constraints = &constraints, index.n_constraints = 1;
    if (!is_one_of(index.mode, modes)) return cli_wrong_usage(self, "--mode %s: there are overwrite, append and error", index.mode);
    if (index.sync && strcmp(index.mode, "append")) return cli_wrong_usage(self, "--sync goes with --mode append, not with %s", index.mode);
    if (index.format && !is_one_of(index.format, formats)) return cli_wrong_usage(self, "--format %s: there are parquet and delta", index.format);
    for (int i = first; i < argc; i++) {
        if (strcmp(argv[i], "-")) {
            add(&paths, argv[i]);
        } else {
            add_stdin(&paths);
            index.read.keep_missing = true; /* a list may be older than the tree */
        }
    }
    index.read.paths = paths.items, index.read.n_paths = paths.n;
    index.read.exclude = exclude.items, index.read.n_exclude = exclude.n;
    index.read.progress = progress_show;
    bf_materialize_options flat = {.profile = profile, .on_table = cli_print_flat_table};
    if (materialize) index.materialize = &flat;
    bf_error err = {0};
    bf_index_report report;
    keep_no_free_memory(index.read.jobs);
    progress_begin();
    interrupt_begin("the dataset is as it was, or whole with the new rows");
    bf_status st = bf_index(&index, &report, &err);
    progress_end();
    free(paths.items);
    free(exclude.items);
    code = report.errors ? EXIT_ERROR_ROWS : EXIT_DONE;
    if (st == BF_OK) {
        print_report(&index, &report);
    } else if (st == BF_CANCELLED) {
        static char kept[4200];
        const char *is_new = "whole with the new rows, its flat tables as they were or new";
        snprintf(kept, sizeof kept, "%s is %s", index.dataset ? index.dataset : "everything", report.is_written ? is_new : "as it was");
        interrupt_keeps(kept);
        code = interrupt_end();
    } else {
        code = cli_fail(&err);
    }
    bf_profile_free(profile);
    return code;
}

const cli_command cli_index = {"index", "[OPTIONS] PATH... -o DATASET", "decode compiled Python into a dataset", notes, options, run};
