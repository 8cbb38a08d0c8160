#include <string.h>

#include "cli/output.h"

enum { FORMAT = 256, JSON, LIMIT = 'n' };

static const cli_option options[] = {
    {LIMIT, "limit", "N", "only the newest N versions"},
    {FORMAT, "format", "FORMAT", "table (default), csv, tsv, json, ndjson, markdown, arrow, parquet"},
    {JSON, "json", NULL, "--format json"},
    {0},
};

static const char notes[] =
    "One row a version of a Delta table, the newest first: when, what was done, files (of Python) added, replaced and removed by a run,\n"
    "parts (of the dataset) and bytes. A column is empty where who committed did not say. DATASET@v3 is the dataset at version 3, for every\n"
    "command that reads one; DATASET@2026-11-24T10:00:00Z at that time.\n";

static int run(const cli_command *self, int argc, char **argv) {
    cli_output output = {0};
    long limit = 0;
    for (int id; (id = cli_next_option(self, argc, argv)) != -1;) switch (id) {
        case LIMIT: limit = cli_number(self, "limit"); break;
        case FORMAT: output.format = cli_value; break;
        case JSON: output.format = "json"; break;
        }
    int first = cli_first_argument();
    if (first + 1 != argc) return cli_wrong_usage(self, "%s", first == argc ? "no dataset" : "more than one dataset");
    bf_error err = {0};
    struct ArrowArrayStream rows;
    if (bf_history(argv[first], limit, &rows, &err) != BF_OK) return cli_fail(&err);
    return cli_write_rows(self, &output, &rows);
}

const cli_command cli_history = {"history", "[OPTIONS] DATASET", "the versions of a Delta table", notes, options, run};
