/* Datasets for tests that ask the engine: made by bf_index in a directory of their own. One file includes it. */
#ifndef BF_TEST_SERVE_H
#define BF_TEST_SERVE_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bytefusion/bytefusion.h"

static char folder[64]; /* of this program */

#define PATH(name, ...)   \
    char name[512];       \
    snprintf(name, sizeof name, __VA_ARGS__)

static inline int remove_entry(const char *path, const struct stat *info, int type, struct FTW *where) {
    (void)info, (void)type, (void)where;
    return remove(path);
}

/* The engine lies beside the tests' folder in a build. Without one there is nothing to test here. */
static inline int open_folder(void **state) {
    (void)state;
    char self[400] = "";
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n > 0) *strrchr(self, '/') = 0;
    PATH(engine, "%s/../libbf_engine.so", self);
    if (access(engine, R_OK) == 0) setenv("BYTEFUSION_ENGINE", engine, 0);
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.40s/bf-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

static inline int close_folder(void **state) {
    (void)state;
    return nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void need_engine(void) {
    if (!getenv("BYTEFUSION_ENGINE")) skip();
}

/* Ends the test with the message. */
static inline void ok(bf_status st, const bf_error *err) {
    if (st != BF_OK) fail_msg("%s: %s", bf_status_name(st), err->message);
}

/* folder/NAME from a path below tests/data ("3.12/ok_constants.pyc"); NULL: from nothing. `repo`: its partition, NULL: none. */
static inline void make_dataset(const char *name, const char *input, const char *repo) {
    bf_error err = {0};
    PATH(dataset, "%s/%s", folder, name);
    PATH(empty, "%s/nothing", folder);
    PATH(path, "%s/%s", BF_TEST_DATA, input ? input : "");
    mkdir(empty, 0700);
    const char *paths[] = {input ? path : empty};
    bf_index_options options = {.read = {.paths = paths, .n_paths = 1, .repo = repo, .jobs = 1}, .dataset = dataset};
    if (repo) options.partition_by = "repo";
    ok(bf_index(&options, NULL, &err), &err);
}

/* folder/NAME/part.parquet from SQL over another dataset: one that does not meet the contract. */
static inline void make_from_sql(const char *name, const char *from, const char *sql) {
    bf_error err = {0};
    bf_session *session;
    struct ArrowArrayStream rows;
    PATH(source, "%s/%s", folder, from);
    PATH(dataset, "%s/%s", folder, name);
    PATH(part, "%s/%s/part.parquet", folder, name);
    mkdir(dataset, 0700);
    ok(bf_session_open(source, &session, &err), &err);
    ok(bf_session_query(session, sql, &rows, &err), &err);
    ok(bf_write_parquet(&rows, part, &err), &err);
    bf_session_close(session);
}

/** The defaults, but statements that are no questions are run too. */
static inline bf_profile *writing_profile(void) {
    bf_profile *profile = bf_profile_new();
    ok(bf_profile_set(profile, "allow_write", "true", "test", NULL), &(bf_error){0});
    return profile;
}

static inline bf_session *open_for_check(const char *name, const bf_profile *profile) {
    bf_error err = {0};
    bf_session *session;
    PATH(dataset, "%s/%s", folder, name);
    ok(bf_session_open_for_check(profile, dataset, &session, &err), &err);
    return session;
}

#endif
