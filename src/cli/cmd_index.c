#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/progress.h"

enum { OUTPUT = 'o', JOBS = 'j', REPO = 'r', EXCLUDE = 'x', DRY_RUN = 'n', ASSUME_VERSION = 256, PARTITION_BY, NO_SOURCE, NO_FLOW };

static const cli_option options[] = {
    {OUTPUT, "output", "DATASET", "directory of the dataset; what it held is replaced when all is written"},
    {REPO, "repo", "NAME", "name of the repository, for the column repo"},
    {PARTITION_BY, "partition-by", "repo", "write to DATASET/repo=NAME, and replace that partition only"},
    {EXCLUDE, "exclude", "GLOB", "leave out files and directories (again for more); a GLOB without / is for last names"},
    {JOBS, "jobs", "N", "threads (one per processor)"},
    {DRY_RUN, "dry-run", NULL, "only say what would be read"},
    {NO_SOURCE, "no-source", NULL, "do not read the sources beside the files: columns stay bytes of UTF-8, no byte spans"},
    {NO_FLOW, "no-flow", NULL, "leave out blocks, control flow, data flow and stack depths"},
    {ASSUME_VERSION, "assume-version", "X.Y", "read all files as that CPython's, whatever their magic number"},
    {0},
};

static const char notes[] = "PATH: a directory (its *.pyc and *.pyo files, recursively, paths relative to it), a file, or - for a list of paths on\n"
                            "standard input, one a line. A file that cannot be decoded is a row with its errors, and the exit code is 3.\n";

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
    printf("%s files, %s code objects, %s instructions, %s errors; %s read, %s written to %s in %.2f s\n", cli_count(a, r->files),
           cli_count(b, r->code_objects), cli_count(c, r->instructions), cli_count(d, r->errors), cli_bytes(e, r->input_bytes),
           cli_bytes(f, r->output_bytes), index->dataset, r->seconds);
    if (r->errors)
        fprintf(stderr, "bytefusion: %s files have errors: bytefusion query %s 'SELECT path, error_stage, message FROM bytecode_errors'\n",
                cli_count(a, r->files_with_errors), index->dataset);
}

static int run(const cli_command *self, int argc, char **argv) {
    bf_index_options index = {0};
    texts paths = {0}, exclude = {0};
    for (int id; (id = cli_next_option(self, argc, argv)) != -1;) switch (id) {
        case OUTPUT: index.dataset = cli_value; break;
        case REPO: index.read.repo = cli_value; break;
        case EXCLUDE: add(&exclude, cli_value); break;
        case JOBS: index.read.jobs = (int)cli_number(self, "jobs"); break;
        case PARTITION_BY: index.partition_by = cli_value; break;
        case DRY_RUN: index.dry_run = true; break;
        case NO_SOURCE: index.read.no_source = true; break;
        case NO_FLOW: index.read.no_flow = true; break;
        case ASSUME_VERSION: index.read.assume_version = cli_value; break;
        }
    int first = cli_first_argument();
    if (first == argc) return cli_wrong_usage(self, "no path to read");
    if (!index.dataset && !index.dry_run) return cli_wrong_usage(self, "no dataset to write: -o DATASET");
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
    bf_error err = {0};
    bf_index_report report;
    progress_begin();
    bf_status st = bf_index(&index, &report, &err);
    progress_end();
    free(paths.items);
    free(exclude.items);
    if (st == BF_CANCELLED) {
        fprintf(stderr, "bytefusion: interrupted; %s is as it was\n", index.dataset);
        return EXIT_INTERRUPTED;
    }
    if (st != BF_OK) return cli_fail(&err);
    print_report(&index, &report);
    return report.errors ? EXIT_ERROR_ROWS : EXIT_DONE;
}

const cli_command cli_index = {"index", "[OPTIONS] PATH... -o DATASET", "decode compiled Python into a dataset", notes, options, run};
