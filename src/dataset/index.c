/* A run: files are read, what the dataset lacks of them becomes new parts, what it has too much goes, in one commit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arrow/build.h"
#include "base/buf.h"
#include "dataset/constraints.h"
#include "dataset/index.h"
#include "dataset/known.h"
#include "dataset/parts.h"
#include "dataset/read.h"

enum { ATTEMPTS = 5 };

typedef enum write_mode { OVERWRITE, APPEND, ERROR_IF_THERE, N_MODES } write_mode;

static const char *const mode_names[N_MODES] = {"overwrite", "append", "error"};

typedef struct run {
    const bf_index_options *options;
    write_mode mode;
    bf_buf constraints; /* as in the profile, ends with a NUL */
    bf_store store;
    bf_known known;
    bf_reader *reader;
    bf_index_report report;
} run;

static bf_status no_memory(bf_error *err) {
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

/* ---- what is asked for ---- */

static bf_status choose_mode(run *r, bf_error *err) {
    const char *name = r->options->mode ? r->options->mode : mode_names[OVERWRITE];
    for (r->mode = OVERWRITE; r->mode < N_MODES && strcmp(mode_names[r->mode], name);) r->mode++;
    if (r->mode == N_MODES) return bf_fail(err, BF_INVALID_ARGUMENT, -1, "mode %s: there are overwrite, append and error", name);
    if (r->options->sync && r->mode != APPEND) return bf_fail(err, BF_INVALID_ARGUMENT, -1, "sync goes with mode append, not with %s", name);
    return BF_OK;
}

static bf_status join_constraints(run *r, bf_error *err) {
    const bf_index_options *o = r->options;
    if (!o->constraints) bf_buf_puts(&r->constraints, BF_CONSTRAINTS_DEFAULT);
    for (size_t i = 0; o->constraints && i < o->n_constraints; i++) bf_buf_printf(&r->constraints, "%s%s", i ? "," : "", o->constraints[i]);
    bf_buf_putc(&r->constraints, 0);
    return r->constraints.failed ? no_memory(err) : BF_OK;
}

static bool go_on(void *context) {
    const bf_read_options *read = context;
    return !read->progress || read->progress(read->context, &(bf_progress){0});
}

static bf_status open_store(run *r, bf_error *err) {
    const bf_index_options *o = r->options;
    bf_store_options s = {
        .dataset = o->dataset,
        .format = o->format,
        .partition_by = o->partition_by,
        .repo = o->read.repo,
        .wait_seconds = o->wait_seconds < 0 ? 0 : o->wait_seconds ? o->wait_seconds : BF_WAIT_SECONDS,
        .on_wait = go_on,
        .context = (void *)(uintptr_t)&o->read,
    };
    BF_TRY(bf_store_open(&r->store, &s, err));
    r->store.promises = r->constraints.p;
    if (r->mode != ERROR_IF_THERE || !r->store.exists) return BF_OK;
    return bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s holds %s already; mode overwrite replaces it, append adds to it", o->dataset,
                   r->store.partition ? r->store.partition : "a dataset");
}

/* ---- one attempt ---- */

static bf_status next_batch(void *context, struct ArrowArray *out, bf_error *err) {
    return bf_reader_next(context, out, err);
}

static bf_status batch_schema(void *context, struct ArrowSchema *out, bf_error *err) {
    (void)context;
    return bf_builder_schema(true, out, err);
}

static bf_status write_new(run *r, bf_error *err) {
    const bf_storage *kind = r->store.kind;
    bool needs_one = kind->numbers_say_age && (r->mode != APPEND || !r->store.exists); /* a log has the schema, a directory does not */
    return bf_parts_write(&r->store, &(bf_batches){batch_schema, next_batch, r->reader, true}, needs_one, r->options->read.jobs, err);
}

/* Rows that go, part by part. The part of the highest number is never just left out: that number would be given again. */
static bf_status drop_gone(run *r, const bf_known_gone *gone, bf_error *err) {
    bool has_new = r->store.n_added > 0;
    int64_t *rows = malloc((gone->n + 1) * sizeof *rows);
    bf_status st = rows ? BF_OK : no_memory(err);
    for (size_t first = 0, end; first < gone->n && st == BF_OK; first = end) {
        size_t part = r->known.rows[gone->rows[first]].part, n = 0;
        for (end = first; end < gone->n && r->known.rows[gone->rows[end]].part == part; end++) rows[n++] = r->known.rows[gone->rows[end]].row;
        bool is_last = r->store.kind->numbers_say_age && part + 1 == r->store.n_parts && !has_new;
        st = bf_parts_drop_rows(&r->store, part, r->known.part_rows[part], rows, n, is_last, r->options->read.jobs, err);
    }
    free(rows);
    return st;
}

static bf_status drop_old(run *r, bf_error *err) {
    bf_known_gone gone = {0};
    bf_status st = BF_OK;
    if (r->mode == APPEND) {
        st = bf_known_find_gone(&gone, &r->known, bf_reader_inputs(r->reader), r->options->sync, err);
        if (st == BF_OK) st = drop_gone(r, &gone, err);
    } else {
        for (size_t i = 0; i < r->store.n_parts; i++) r->store.parts[i].is_dropped = true;
    }
    r->report.replaced = gone.replaced;
    r->report.removed = gone.removed;
    free(gone.rows);
    return st;
}

static void count(run *r) {
    bf_index_report *p = &r->report, read;
    bf_reader_report(r->reader, &read);
    read.replaced = p->replaced, read.removed = p->removed;
    read.added = read.files - read.unchanged - read.replaced;
    if (read.added < 0) read.replaced += read.added, read.added = 0;
    for (size_t i = 0; i < r->store.n_added; i++) read.output_bytes += r->store.added[i].size_bytes;
    for (size_t i = 0; i < r->store.n_parts; i++) read.parts_kept += !r->store.parts[i].is_dropped;
    read.parts_written = (int64_t)r->store.n_added;
    *p = read;
}

static bf_status check_constraints(run *r, bf_error *err) {
    const char *of_table = r->store.constraints, *of_run = r->constraints.p;
    if (!of_table) return BF_OK; /* no Delta table */
    if (strcmp(of_table, of_run)) BF_TRY(bf_constraints_check(&r->store, of_table, err));
    return bf_constraints_check(&r->store, of_run, err);
}

static bf_status commit(run *r, bf_error *err) {
    char counts[4][24];
    const int64_t numbers[4] = {r->report.added, r->report.replaced, r->report.removed, r->report.unchanged};
    for (int i = 0; i < 4; i++) snprintf(counts[i], sizeof counts[i], "%lld", (long long)numbers[i]);
    const bf_engine_option parameters[] = {
        {"mode", r->mode == APPEND ? "Append" : r->mode == OVERWRITE ? "Overwrite" : "ErrorIfExists"},
        {"partitionBy", r->store.partition ? "[\"repo\"]" : "[]"},
        {"added", counts[0]}, {"replaced", counts[1]}, {"removed", counts[2]}, {"unchanged", counts[3]},
        {"repo", r->options->read.repo},
    };
    bf_engine_delta_change about = {
        .operation = "WRITE",
        .data_change = true,
        .parameters = parameters,
        .n_parameters = sizeof parameters / sizeof *parameters - !r->options->read.repo,
    };
    return bf_store_commit(&r->store, &about, err);
}

static bf_status attempt(run *r, bf_error *err) {
    const bf_reader_filter filter = {bf_known_has, &r->known};
    bf_status st = BF_OK;
    if (r->mode == APPEND) st = bf_known_read(&r->known, &r->store, r->options->read.repo, err);
    if (st == BF_OK) st = bf_reader_open(&r->reader, &r->options->read, r->mode == APPEND ? &filter : NULL, true, err);
    if (st == BF_OK) st = write_new(r, err);
    if (st == BF_OK) st = drop_old(r, err);
    if (st == BF_OK) count(r);
    r->report.is_written = st == BF_OK && bf_store_is_changed(&r->store);
    if (r->report.is_written) st = check_constraints(r, err);
    if (st == BF_OK && r->report.is_written) st = commit(r, err);
    r->report.version = r->store.version;
    bf_reader_close(r->reader);
    bf_known_free(&r->known);
    r->reader = NULL;
    return st;
}

/* Another program, which knows nothing of our lock, may commit to a Delta table first: then all is planned anew. */
static bf_status write_until_it_lands(run *r, bf_error *err) {
    for (int i = 1;; i++) {
        bf_error why = {0};
        bf_status st = attempt(r, &why);
        if (st == BF_CONFLICT && i == ATTEMPTS)
            return bf_fail(err, st, -1, "%s: another program committed first, %d times in a row; nothing was written: %s", r->options->dataset, i, why.message);
        if (st != BF_CONFLICT) return st == BF_OK ? BF_OK : bf_fail(err, st, why.offset, "%s", why.message);
        BF_TRY(bf_store_refresh(&r->store, err));
        nanosleep(&(struct timespec){.tv_nsec = i * 50000000L}, NULL);
    }
}

/* ---- the run ---- */

static bf_status count_inputs(const bf_index_options *options, bf_index_report *report, bf_error *err) {
    bf_inputs inputs;
    BF_TRY(bf_inputs_find(&inputs, &options->read, err));
    report->files = (int64_t)inputs.n;
    report->input_bytes = inputs.size_bytes;
    bf_inputs_free(&inputs);
    return BF_OK;
}

bf_status bf_index_dataset(const bf_index_options *options, bf_index_report *report, bf_error *err) {
    bf_index_report unused;
    if (!report) report = &unused;
    *report = (bf_index_report){.version = -1};
    bf_error_clear(err);
    if (options->dry_run) return count_inputs(options, report, err);
    run r = {.options = options, .report = {.version = -1}};
    bf_status st = choose_mode(&r, err);
    if (st == BF_OK) st = join_constraints(&r, err);
    if (st == BF_OK) st = open_store(&r, err);
    if (st == BF_OK) st = write_until_it_lands(&r, err);
    if (st == BF_OK) *report = r.report;
    bf_store_close(&r.store);
    bf_buf_free(&r.constraints);
    return st;
}
