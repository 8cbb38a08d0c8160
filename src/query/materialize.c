/* Views -> flat tables: the rows of each in the order of the dataset, as one Parquet file that is put in its place when it is whole. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dataset/layout.h"
#include "nanoarrow/nanoarrow.h"
#include "query/relations.h"
#include "query/runs.h"
#include "serving/ask.h"

static bf_status no_memory(bf_error *err) {
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

typedef struct job {
    bf_session *session;
    bf_serving own;        /* an engine that reads the dataset as one stream, file after file */
    char *folder;
    char source[65], about_source[64];
    char order[256];       /* that the rows of the dataset come in, and those of its views; "": none */
    char wanted[256];      /* what they are brought into */
    bool has_files;
} job;

/* ---- the order that the dataset comes in ---- */

typedef struct ascending {
    size_t n_partition_cols;
    bool by_path, by_partition;
    bf_buf last; /* cells of the row before, each with a NUL */
    bool has_last;
} ascending;

static bf_status on_row(void *context, const char *const *cells, size_t n_cells) {
    ascending *a = context;
    const char *last = a->last.p;
    int partition = 0, path = 0;
    for (size_t i = 0; i < n_cells && a->has_last; i++, last += strlen(last) + 1) {
        int *order = i < a->n_partition_cols ? &partition : &path;
        if (!*order) *order = strcmp(last, cells[i] ? cells[i] : "");
    }
    a->by_path &= path <= 0;
    a->by_partition &= partition ? partition < 0 : path <= 0;
    a->last.n = 0;
    for (size_t i = 0; i < n_cells; i++) {
        bf_buf_puts(&a->last, cells[i] ? cells[i] : "");
        bf_buf_putc(&a->last, 0);
    }
    a->has_last = true;
    return a->last.failed ? BF_NO_MEMORY : BF_OK;
}

/* The key columns of each file, as the engine reads them: as the rows of a view will come. */
static bf_status find_order(job *j, bf_error *err) {
    ascending a = {j->own.files.n_columns, true, true, {0}, false};
    bf_buf sql = {0}, partitioned = {0};
    bf_buf_puts(&sql, "SELECT ");
    for (size_t i = 0; i < a.n_partition_cols; i++) {
        bf_ask_put_name(&sql, j->own.files.columns[i]);
        bf_buf_puts(&sql, ", ");
        bf_buf_printf(&partitioned, "%s,", j->own.files.columns[i]);
    }
    bf_buf_printf(&sql, "path, file_id FROM %s", j->own.table);
    bf_buf_puts(&partitioned, "path,file_id");
    bf_status st = bf_ask_end(&sql, err);
    if (st == BF_OK) st = bf_ask_end(&partitioned, err);
    if (st == BF_OK) st = bf_serving_rows(&j->own, sql.p, on_row, &a, err);
    if (st == BF_OK) {
        snprintf(j->wanted, sizeof j->wanted, "%s", a.by_path ? "path,file_id" : partitioned.p);
        snprintf(j->order, sizeof j->order, "%s", a.by_path || a.by_partition ? j->wanted : "");
    }
    bf_buf_free(&sql);
    bf_buf_free(&partitioned);
    bf_buf_free(&a.last);
    return st;
}

/* ---- opening ---- */

static bf_status open_job(job *j, const bf_materialize_options *o, bf_error *err) {
    const bf_serving *s = &j->session->serving;
    BF_TRY(bf_flat_folder(&j->folder, s, err));
    if (!j->folder)
        return bf_fail(err, BF_INVALID_ARGUMENT, -1, "%s is no directory: flat tables lie beside a dataset that is one", o->dataset ? o->dataset : "nothing");
    BF_TRY(bf_flat_source(j->source, s, err));
    bf_flat_about_source(j->about_source, s);
    BF_TRY(bf_serving_reopen(&j->own, s, err));
    j->has_files = true;
    /* one stream; and batches of few rows, each of which is a whole .pyc */
    BF_TRY(bf_serving_run(&j->own, "SET datafusion.execution.target_partitions = 1", err));
    BF_TRY(bf_serving_run(&j->own, "SET datafusion.execution.batch_size = 64", err));
    BF_TRY(find_order(j, err));
    if (mkdir(j->folder, 0777) && errno != EEXIST) return bf_fail_errno(err, "make directory", j->folder);
    return BF_OK;
}

/* Removes what killed runs left: ".VIEW.new-PID...". */
static void tidy(const char *folder) {
    DIR *dir = opendir(folder);
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir));) {
        const char *pid = *e->d_name == '.' ? strstr(e->d_name, ".new-") : NULL;
        if (pid && kill((pid_t)strtol(pid + 5, NULL, 10), 0) && errno == ESRCH) unlinkat(dirfd(dir), e->d_name, 0);
    }
    closedir(dir);
}

/* ---- one view ---- */

/* Beside the metadata that the view has. */
static ArrowErrorCode set_pairs(struct ArrowSchema *schema, const char *const values[BF_N_FLAT_KEYS]) {
    struct ArrowBuffer pairs;
    NANOARROW_RETURN_NOT_OK(ArrowMetadataBuilderInit(&pairs, schema->metadata));
    ArrowErrorCode code = NANOARROW_OK;
    for (int i = 0; i < BF_N_FLAT_KEYS && code == NANOARROW_OK; i++)
        code = ArrowMetadataBuilderAppend(&pairs, ArrowCharView(bf_flat_keys[i]), ArrowCharView(values[i]));
    if (code == NANOARROW_OK) code = ArrowSchemaSetMetadata(schema, (const char *)pairs.data);
    ArrowBufferReset(&pairs);
    return code;
}

static bool has_column(const struct ArrowSchema *schema, const char *name, size_t n) {
    for (int64_t i = 0; i < schema->n_children; i++)
        if (strlen(schema->children[i]->name) == n && !memcmp(schema->children[i]->name, name, n)) return true;
    return false;
}

/* Whether a view has the columns that it is sorted by; py_bc_metadata, about the table and not its rows, has none of them. */
static bool has_order(const struct ArrowSchema *schema, const char *order) {
    for (size_t n; *order; order += n + (order[n] == ',')) {
        n = strcspn(order, ",");
        if (!has_column(schema, order, n)) return false;
    }
    return true;
}

static bf_status describe(job *j, size_t view, struct ArrowSchema *out, const char *sql, const char *order, bf_error *err) {
    char definition[65];
    bf_engine_error why = {0};
    struct ArrowSchema plan; /* the engine's: only a copy may be changed */
    BF_TRY(bf_flat_definition(definition, &j->session->serving, view, err));
    if (j->own.api->describe(j->own.engine, sql, &plan, &why) != BF_ENGINE_OK) return bf_engine_fail(err, &why);
    ArrowErrorCode copied = ArrowSchemaDeepCopy(&plan, out);
    ArrowSchemaRelease(&plan);
    if (copied != NANOARROW_OK) return no_memory(err);
    const char *values[BF_N_FLAT_KEYS] = {
        [BF_FLAT_VIEW] = bf_view_name(view), [BF_FLAT_SOURCE] = j->source,        [BF_FLAT_DEFINITION] = definition,
        [BF_FLAT_ENGINE] = j->own.api->version, [BF_FLAT_ABOUT_SOURCE] = j->about_source,
        [BF_FLAT_ORDER] = has_order(out, order) ? order : "",
    };
    if (set_pairs(out, values) == NANOARROW_OK) return BF_OK;
    ArrowSchemaRelease(out);
    return no_memory(err);
}

/* Whether the dataset is still what the rows were read of. */
static bf_status check_source(const job *j, bf_error *err) {
    char source[65];
    const bf_serving *s = &j->session->serving;
    bf_serving again = {.api = s->api, .profile = s->profile, .dataset = s->dataset};
    if (s->delta.handle) return BF_OK; /* a version stays what it is */
    BF_TRY(bf_partitions_find(&again, err));
    bf_status st = bf_flat_source(source, &again, err);
    bf_dataset_files_free(&again.files);
    if (st == BF_OK && strcmp(source, j->source))
        st = bf_fail(err, BF_CANCELLED, -1, "%s became another dataset while it was read; run it again", j->session->dataset);
    return st;
}

/* Files whose own rows are in no order are no reason to write nothing: then the flat table has none either. */
static bf_status write_rows(job *j, size_t view, const char *order, const char *path, bf_error *err) {
    struct ArrowSchema schema;
    char sql[128];
    bf_error why = {0};
    snprintf(sql, sizeof sql, "SELECT * FROM %s", bf_view_name(view));
    BF_TRY(describe(j, view, &schema, sql, order, err));
    if (!has_order(&schema, order)) order = "";
    bool comes_so = *j->order || !*order;
    bf_status st = bf_runs_write(&(bf_runs){&j->own, sql, &schema, order, comes_so, path}, &why);
    ArrowSchemaRelease(&schema);
    if (st == BF_UNSUPPORTED && !comes_so) return write_rows(j, view, "", path, err);
    return st == BF_OK ? BF_OK : bf_fail(err, st, -1, "%s", why.message);
}

static bf_status write_view(job *j, size_t view, const char *path, bf_error *err) {
    char *staged = NULL;
    bf_status st = asprintf(&staged, "%s/.%s.new-%ld", j->folder, bf_view_name(view), (long)getpid()) < 0 ? no_memory(err) : BF_OK;
    if (st != BF_OK) staged = NULL;
    if (st == BF_OK) st = write_rows(j, view, j->wanted, staged, err);
    if (st == BF_OK) st = check_source(j, err);
    if (st == BF_OK && rename(staged, path)) st = bf_fail_errno(err, "rename", path);
    if (st == BF_OK) st = bf_layout_sync(j->folder, err);
    if (st != BF_OK && staged) unlink(staged);
    free(staged);
    return st;
}

static bf_status materialize(job *j, const bf_materialize_options *o, size_t view, bf_error *err) {
    bf_flat_table table;
    double start = now();
    BF_TRY(bf_session_flat_table(j->session, view, &table, err));
    bool is_new = table.state != BF_FLAT_CURRENT;
    if (is_new) {
        bf_error why = {0};
        bf_status st = bf_relations_create(&j->own, view, &why);
        if (st == BF_OK) st = write_view(j, view, table.path, &why);
        if (st != BF_OK) return bf_fail(err, st, -1, "%s: %s", bf_view_name(view), why.message);
        BF_TRY(bf_session_flat_table(j->session, view, &table, err));
    }
    table.is_new = is_new;
    table.seconds = now() - start;
    if (o->on_table) o->on_table(o->context, &table);
    return BF_OK;
}

static bf_status find_views(const bf_materialize_options *o, bool *wanted, bf_error *err) {
    for (size_t i = 0; i < bf_view_count(); i++) wanted[i] = !o->n_views;
    for (size_t n = 0; n < o->n_views; n++) {
        size_t i = 0;
        while (i < bf_view_count() && strcmp(bf_view_name(i), o->views[n])) i++;
        if (i == bf_view_count()) return bf_fail(err, BF_NOT_FOUND, -1, "no view %s; `bytefusion views` lists them", o->views[n]);
        wanted[i] = true;
    }
    return BF_OK;
}

bf_status bf_materialize(const bf_materialize_options *options, bf_error *err) {
    job j = {0};
    bf_error_clear(err);
    bool *wanted = calloc(bf_view_count(), sizeof *wanted);
    bf_status st = wanted ? find_views(options, wanted, err) : no_memory(err);
    if (st == BF_OK) st = bf_session_try(options->profile, options->dataset, &j.session, err);
    if (st == BF_OK) st = open_job(&j, options, err);
    if (st == BF_OK) tidy(j.folder);
    for (size_t i = 0; i < bf_view_count() && st == BF_OK; i++)
        if (wanted[i]) st = materialize(&j, options, i, err);
    if (j.has_files) j.own.api->close(j.own.engine);
    bf_session_close(j.session);
    free(j.folder);
    free(wanted);
    return bf_engine_ended(st, err);
}

/* ---- what is there ---- */

const char *bf_flat_state_name(bf_flat_state state) {
    static const char *const names[] = {"none", "current", "stale"};
    return (size_t)state < sizeof names / sizeof *names ? names[state] : "unknown state";
}

bf_status bf_session_flat_table(bf_session *session, size_t index, bf_flat_table *out, bf_error *err) {
    const bf_relation *r;
    bf_error_clear(err);
    *out = (bf_flat_table){.view = ""};
    if (index >= bf_view_count()) return bf_fail(err, BF_INVALID_ARGUMENT, -1, "there are %zu views", bf_view_count());
    if (session->autoload && !session->dataset)
        return bf_fail(err, BF_INVALID_ARGUMENT, -1, "a catalog has no flat tables of its own: open one of its datasets");
    BF_TRY(bf_relations_look(session, index, &r, err));
    *out = (bf_flat_table){
        .view = bf_view_name(index), .path = r->flat.path ? r->flat.path : "", .state = r->flat.state, .why = r->flat.why,
        .source = r->flat.source, .order = r->flat.order, .rows = r->flat.rows, .size_bytes = r->flat.size_bytes,
    };
    return BF_OK;
}
