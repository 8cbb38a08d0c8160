/* Artifacts: JSON documents about one session, and the folder beside the dataset that they are written to. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/documents.h"
#include "dataset/layout.h"
#include "query/relations.h"

#define FOLDER "_bytefusion"

static const struct {
    const char *name, *meaning;
    bf_status (*make)(bf_session *session, bf_json *json, bf_error *err);
    bool is_of_checks; /* what the checks found */
} artifacts[] = {
    {"datafusion_bytecode_dataset_v1", "where the files are, options, rows and bytes of each, fingerprints", bf_document_dataset, false},
    {"datafusion_bytecode_metadata_v1", "metadata of fields in contract, files and engine, and the schema", bf_document_metadata, false},
    {"function_signatures", "functions that the views need, what proves each, the engine's catalog", bf_document_signatures, false},
    {"view_registry", "each view: its SQL as created, columns with types, their fingerprint", bf_document_views, false},
    {"validation", "every check: expected, found, state", bf_document_validation, true},
    {"settings", "every setting of the engine, and a hash over them", bf_document_settings, false},
    {"telemetry", "options asked for and settings reported, versions, times, rows, bytes, reads", bf_document_telemetry, true},
};

_Static_assert(sizeof artifacts / sizeof *artifacts == BF_N_ARTIFACTS, "one row an artifact");

const char *bf_artifact_name(size_t index) {
    return index < BF_N_ARTIFACTS ? artifacts[index].name : NULL;
}

const char *bf_artifact_meaning(size_t index) {
    return index < BF_N_ARTIFACTS ? artifacts[index].meaning : NULL;
}

/* ---- making one ---- */

static bf_status check_first(bf_session *session, bf_error *err) {
    const bf_check *checks;
    size_t n;
    return session->is_checked ? BF_OK : bf_session_check(session, &checks, &n, err);
}

bf_status bf_artifact_make(bf_session *session, const char *name, json_t **out, bf_error *err) {
    size_t i = 0;
    *out = NULL;
    while (i < BF_N_ARTIFACTS && strcmp(artifacts[i].name, name)) i++;
    if (i == BF_N_ARTIFACTS) return bf_fail(err, BF_NOT_FOUND, -1, "no artifact %s; `bytefusion artifacts` lists them", name);
    if (session->autoload && !session->dataset)
        return bf_fail(err, BF_INVALID_ARGUMENT, -1, "a catalog has no artifacts of its own: open one of its datasets");
    if (artifacts[i].is_of_checks) BF_TRY(check_first(session, err));
    if (!session->stopped_scope) BF_TRY(bf_relations_make_all(session, true, err));
    bf_json json = {.root = json_object()};
    bf_json_set(&json, json.root, "schema_version", json_integer(BF_ARTIFACT_VERSION));
    bf_json_set(&json, json.root, "artifact", json_string(name));
    bf_status st = artifacts[i].make(session, &json, err);
    if (st == BF_OK && json.failed) st = bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    if (st == BF_OK)
        *out = json.root;
    else
        json_decref(json.root);
    return st;
}

bf_status bf_session_artifact(bf_session *session, const char *name, char **text, bf_error *err) {
    json_t *root;
    bf_error_clear(err);
    *text = NULL;
    BF_TRY(bf_artifact_make(session, name, &root, err));
    *text = bf_json_print(root);
    json_decref(root);
    return *text ? BF_OK : bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

/* ---- writing ---- */

static bool is_directory(const char *path) {
    struct stat info;
    return path && stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bf_status write_synced(const char *path, const char *text, bf_error *err) {
    FILE *file = fopen(path, "wb");
    if (!file) return bf_fail_errno(err, "write", path);
    bool written = fwrite(text, 1, strlen(text), file) == strlen(text) && !fflush(file) && !fsync(fileno(file));
    bf_status st = written ? BF_OK : bf_fail_errno(err, "write", path);
    if (fclose(file) && st == BF_OK) st = bf_fail_errno(err, "write", path);
    return st;
}

/* A file of a name that is hidden, and that goes with the folder when the dataset is replaced, until it is whole. */
static bf_status put_in_place(const char *folder, const char *name, const char *text, bf_error *err) {
    char staged[4096], path[4096];
    int n = snprintf(staged, sizeof staged, "%s/.%s.new-%ld.json", folder, name, (long)getpid());
    if (n >= (int)sizeof staged) return bf_fail(err, BF_IO, -1, "%s: a path that is too long", folder);
    snprintf(path, sizeof path, "%s/%s.json", folder, name);
    bf_status st = write_synced(staged, text, err);
    if (st == BF_OK && rename(staged, path)) st = bf_fail_errno(err, "rename", path);
    if (st == BF_OK) return bf_layout_sync(folder, err);
    unlink(staged);
    return st;
}

static bf_status write_text(const char *dataset, const char *name, const char *text, bf_error *err) {
    char folder[4000];
    if (snprintf(folder, sizeof folder, "%s/" FOLDER, dataset) >= (int)sizeof folder)
        return bf_fail(err, BF_IO, -1, "%s: a path that is too long", dataset);
    if (mkdir(folder, 0777) == 0)
        BF_TRY(bf_layout_sync(dataset, err));
    else if (errno != EEXIST)
        return bf_fail_errno(err, "make directory", folder);
    return put_in_place(folder, name, text, err);
}

bf_status bf_artifact_write(bf_session *session, const char *name, bf_error *err) {
    char *text;
    if (!is_directory(session->dataset) || session->serving.is_pinned) return BF_OK; /* what is said of an old version is not said of the dataset */
    BF_TRY(bf_session_artifact(session, name, &text, err));
    bf_status st = write_text(session->dataset, name, text, err);
    free(text);
    return st == BF_NOT_FOUND ? BF_IO : st;
}

bf_status bf_session_write_artifacts(bf_session *session, bf_error *err) {
    bf_error_clear(err);
    for (size_t i = 0; i < BF_N_ARTIFACTS; i++) BF_TRY(bf_artifact_write(session, artifacts[i].name, err));
    return BF_OK;
}
