#include "query/autoload.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "query/relations.h"
#include "schema/schema.h"

/* A dataset of the catalog, once a statement has referred to it. */
typedef struct entry {
    char *name;  /* of its directory, and of its schema in the engine */
    char *table; /* "NAME".bytecode_files_v1 */
    bf_session *session;
} entry;

struct bf_autoload {
    char *directory;
    entry *entries;
    size_t n;
    bool has_unknown; /* the last statement referred to what is no dataset here */
};

static bf_status no_memory(bf_error *err) {
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

/* ---- opening ---- */

bf_status bf_autoload_open(bf_autoload **out, const bf_profile *profile, bf_error *err) {
    const char *directory = bf_profile_text(profile, BF_OPT_catalog_location), *format = bf_profile_text(profile, BF_OPT_catalog_format);
    struct stat info;
    *out = NULL;
    if (!*directory) return BF_OK;
    if (strcmp(format, "parquet"))
        return bf_fail(err, BF_UNSUPPORTED, -1, "catalog_format %s: this build reads Parquet datasets only", format);
    if (stat(directory, &info)) return bf_fail_errno(err, "open the catalog", directory);
    if (!S_ISDIR(info.st_mode)) return bf_fail(err, BF_INVALID_ARGUMENT, -1, "catalog_location %s is no directory", directory);
    bf_autoload *catalog = calloc(1, sizeof *catalog);
    if (catalog) catalog->directory = strdup(directory);
    if (!catalog || !catalog->directory) {
        bf_autoload_free(catalog);
        return no_memory(err);
    }
    *out = catalog;
    return BF_OK;
}

static void entry_free(entry *e) {
    free(e->name);
    free(e->table);
    bf_session_close(e->session);
}

void bf_autoload_free(bf_autoload *catalog) {
    if (!catalog) return;
    for (size_t i = 0; i < catalog->n; i++) entry_free(&catalog->entries[i]);
    free(catalog->entries);
    free(catalog->directory);
    free(catalog);
}

/* ---- registering one dataset ---- */

static bool is_loaded(const bf_autoload *catalog, const char *name) {
    for (size_t i = 0; i < catalog->n; i++)
        if (!strcmp(catalog->entries[i].name, name)) return true;
    return false;
}

/* Whether a name that came out of SQL is that of a directory of the catalog, and not a way out of it. */
static bool is_directory_of(const bf_autoload *catalog, const char *name) {
    static const char *const of_engine[] = {"public", "information_schema"};
    char path[4096];
    struct stat info;
    const char *dot = strrchr(name, '.');
    if (!*name || *name == '.' || *name == '_' || strchr(name, '/') || (dot && !strcmp(dot, BF_FLAT_SUFFIX))) return false;
    for (size_t i = 0; i < sizeof of_engine / sizeof *of_engine; i++)
        if (!strcmp(name, of_engine[i])) return false;
    int n = snprintf(path, sizeof path, "%s/%s", catalog->directory, name);
    return n < (int)sizeof path && !stat(path, &info) && S_ISDIR(info.st_mode);
}

static char *quoted(const char *before, char mark, const char *name, const char *after) {
    bf_buf sql = {0};
    bf_buf_puts(&sql, before);
    bf_buf_putc(&sql, mark);
    for (; *name; name++) {
        if (*name == mark) bf_buf_putc(&sql, mark);
        bf_buf_putc(&sql, *name);
    }
    bf_buf_putc(&sql, mark);
    bf_buf_puts(&sql, after);
    bf_buf_putc(&sql, 0);
    if (!sql.failed) return sql.p;
    bf_buf_free(&sql);
    return NULL;
}

static bf_status run(const bf_serving *s, const char *before, char mark, const char *name, const char *after, bf_error *err) {
    char *sql = quoted(before, mark, name, after);
    bf_status st = sql ? bf_serving_run(s, sql, err) : no_memory(err);
    free(sql);
    return st;
}

static bf_status set_default_schema(const bf_serving *s, const char *name, bf_error *err) {
    return run(s, "SET datafusion.catalog.default_schema = ", '\'', name, "", err);
}

static bf_status entry_init(entry *e, const bf_session *owner, const char *name, bf_error *err) {
    char *dataset = NULL;
    if (asprintf(&dataset, "%s/%s", owner->autoload->directory, name) < 0) return no_memory(err);
    e->name = strdup(name);
    e->table = quoted("", '"', name, "." BF_TABLE_NAME);
    e->session = e->name && e->table ? bf_session_new(owner->serving.profile, dataset, e->table) : NULL;
    free(dataset);
    if (!e->session) return no_memory(err);
    e->session->serving.api = owner->serving.api;
    e->session->serving.engine = owner->serving.engine;
    e->session->borrows_engine = true;
    return BF_OK;
}

/* The views name no schema, so it is the default one while they are created: what they refer to is looked up then, once and for all. */
static bf_status serve(const bf_session *owner, entry *e, const char *default_schema, bf_error *err) {
    const bf_serving *s = &owner->serving;
    bf_error ignored = {0};
    BF_TRY(run(s, "CREATE SCHEMA ", '"', e->name, "", err));
    bf_status st = set_default_schema(s, e->name, err);
    if (st == BF_OK) st = bf_session_serve(e->session, err);
    if (st == BF_OK) st = bf_relations_make_all(e->session, false, err);
    bf_status back = set_default_schema(s, default_schema, st == BF_OK ? err : &ignored);
    if (st == BF_OK) st = back;
    if (st != BF_OK) run(s, "DROP SCHEMA ", '"', e->name, " CASCADE", &ignored);
    if (e->session->stopped_scope && owner->on_stopped) owner->on_stopped(e->session);
    return st;
}

static bf_status load(bf_session *owner, const char *name, const char *default_schema, bf_error *err) {
    bf_autoload *catalog = owner->autoload;
    entry *entries = realloc(catalog->entries, (catalog->n + 1) * sizeof *entries);
    if (!entries) return no_memory(err);
    catalog->entries = entries;
    entry e = {0};
    bf_status st = entry_init(&e, owner, name, err);
    if (st == BF_OK) st = serve(owner, &e, default_schema, err);
    if (st == BF_OK)
        catalog->entries[catalog->n++] = e;
    else
        entry_free(&e);
    return st;
}

/* ---- what a statement refers to ---- */

typedef struct setting {
    const char *name;
    char *value; /* from malloc */
} setting;

static bf_status on_setting(void *context, const char *const *cells, size_t n_cells) {
    setting *s = context;
    if (n_cells != 2 || !cells[0] || !cells[1] || strcmp(cells[0], s->name)) return BF_OK;
    return (s->value = strdup(cells[1])) ? BF_OK : BF_NO_MEMORY;
}

bf_status bf_autoload_load(bf_session *session, const bf_references *references, bf_error *err) {
    bf_autoload *catalog = session->autoload;
    setting current = {"datafusion.catalog.default_schema", NULL};
    catalog->has_unknown = false;
    bf_status st = bf_serving_settings(&session->serving, on_setting, &current, err);
    const char *default_schema = current.value ? current.value : "public";
    for (size_t i = 0; i < references->n && st == BF_OK; i++) {
        const char *schema = references->items[i].schema ? references->items[i].schema : default_schema;
        if (is_loaded(catalog, schema)) continue;
        if (is_directory_of(catalog, schema))
            st = load(session, schema, default_schema, err);
        else
            catalog->has_unknown = true;
    }
    free(current.value);
    return st;
}

/* ---- which there are ---- */

static int is_of_dataset(const struct dirent *e) {
    return *e->d_name != '.' && (!fnmatch("*.parquet", e->d_name, 0) || !fnmatch("?*=*", e->d_name, 0));
}

static bool holds_dataset(const bf_autoload *catalog, const char *name) {
    char path[4096];
    struct dirent **found = NULL;
    if (!is_directory_of(catalog, name) || snprintf(path, sizeof path, "%s/%s", catalog->directory, name) >= (int)sizeof path) return false;
    int n = scandir(path, &found, is_of_dataset, NULL);
    for (int i = 0; i < n; i++) free(found[i]);
    free(found);
    return n > 0;
}

static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

void bf_autoload_hint(const bf_autoload *catalog, bf_error *err) {
    struct dirent **found = NULL;
    if (!catalog->has_unknown || !err || !strstr(err->message, "not found")) return;
    size_t at = strlen(err->message), room = sizeof err->message;
    int n = scandir(catalog->directory, &found, NULL, by_name);
    at += (size_t)snprintf(err->message + at, room - at, "; the catalog %.200s holds", catalog->directory);
    size_t start = at;
    for (int i = 0; i < n; i++) {
        const char *name = found[i]->d_name;
        if (at + strlen(name) + 3 < room && holds_dataset(catalog, name))
            at += (size_t)snprintf(err->message + at, room - at, "%s %s", at == start ? "" : ",", name);
        free(found[i]);
    }
    if (at < room) snprintf(err->message + at, room - at, at == start ? " no dataset" : ": NAME.py_bc_files");
    free(found);
}
