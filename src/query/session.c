/* A dataset opened for SQL: the engine, the table with its contract, the views, and streams of rows. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "engine/engine.h"
#include "schema/schema.h"
#include "views/views.h"

struct bf_session {
    const bf_engine_api *api;
    bf_engine *engine;
};

/* A name that is no part of a dataset stays out of its listing. */
static bool is_parquet(const char *name) {
    size_t n = strlen(name);
    return n > 8 && !strcmp(name + n - 8, ".parquet") && name[0] != '.' && name[0] != '_';
}

/* Without this, a wrong path would be a table without rows. */
static bf_status check_has_files(const char *path, bf_error *err) {
    struct stat info;
    if (stat(path, &info)) return bf_fail_errno(err, "open", path);
    if (!S_ISDIR(info.st_mode)) return BF_OK;
    DIR *dir = opendir(path);
    if (!dir) return bf_fail_errno(err, "open", path);
    bool found = false;
    for (struct dirent *e; !found && (e = readdir(dir));) found = is_parquet(e->d_name) || strchr(e->d_name, '=');
    closedir(dir);
    return found ? BF_OK : bf_fail(err, BF_NOT_FOUND, -1, "%s holds no Parquet file; bytefusion index PATH -o %s makes it a dataset", path, path);
}

static bf_status register_table(bf_session *s, const char *dataset, bf_error *err) {
    struct ArrowSchema schema;
    bf_engine_error why = {0};
    const bf_engine_option options[] = {{"file_sort_order", "path,file_id"}};
    BF_TRY(bf_schema(&schema, err));
    int32_t code = s->api->register_parquet(s->engine, BF_TABLE_NAME, &schema, &dataset, dataset ? 1 : 0, options, 1, &why);
    return code == BF_ENGINE_OK ? BF_OK : bf_engine_fail(err, &why);
}

static bf_status run(bf_session *s, const char *sql, bf_error *err) {
    struct ArrowArrayStream rows;
    struct ArrowArray batch;
    BF_TRY(bf_session_query(s, sql, &rows, err));
    int failed = 0;
    do {
        failed = rows.get_next(&rows, &batch);
        if (failed || !batch.release) break;
        batch.release(&batch);
    } while (true);
    if (failed) bf_fail(err, BF_ENGINE, -1, "%s", rows.get_last_error(&rows));
    rows.release(&rows);
    return failed ? BF_ENGINE : BF_OK;
}

static bf_status create_views(bf_session *s, bf_error *err) {
    static const bf_view_fill fill = {0};
    bf_buf sql = {0};
    bf_status st = BF_OK;
    for (size_t i = 0; i < bf_view_count() && st == BF_OK; i++) {
        bf_error why = {0};
        sql.n = 0;
        bf_buf_printf(&sql, "CREATE VIEW %s AS\n", bf_view_name(i));
        st = bf_view_expand(&sql, i, &fill, err);
        bf_buf_putc(&sql, 0);
        if (st == BF_OK && sql.failed) st = bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
        if (st == BF_OK && (st = run(s, sql.p, &why)) != BF_OK) bf_fail(err, st, -1, "view %s: %s", bf_view_name(i), why.message);
    }
    bf_buf_free(&sql);
    return st;
}

bf_status bf_session_open(const char *dataset, bf_session **out, bf_error *err) {
    bf_error_clear(err);
    *out = NULL;
    if (dataset) BF_TRY(check_has_files(dataset, err));
    bf_session *s = calloc(1, sizeof *s);
    if (!s) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    bf_engine_error why = {0};
    bf_status st = bf_engine_load(&s->api, err);
    if (st == BF_OK && s->api->open(NULL, 0, &s->engine, &why) != BF_ENGINE_OK) st = bf_engine_fail(err, &why);
    if (st == BF_OK) st = register_table(s, dataset, err);
    if (st == BF_OK) st = create_views(s, err);
    if (st != BF_OK) {
        bf_session_close(s);
        return st;
    }
    *out = s;
    return BF_OK;
}

bf_status bf_session_query(bf_session *session, const char *sql, struct ArrowArrayStream *out, bf_error *err) {
    bf_engine_error why = {0};
    bf_error_clear(err);
    out->release = NULL;
    return session->api->query(session->engine, sql, out, &why) == BF_ENGINE_OK ? BF_OK : bf_engine_fail(err, &why);
}

void bf_session_close(bf_session *session) {
    if (!session) return;
    if (session->engine) session->api->close(session->engine);
    free(session);
}
