/* Opening a dataset: what the gates let through, or the artifact of the gate that did not. */
#include "check/check.h"

/* A deviation leaves its artifact beside the dataset, where that can be written; the error is told in any case. */
static void leave_artifact(bf_session *session) {
    bf_error ignored = {0};
    const char *name = session->stopped_scope == 4 ? "function_signatures" : "validation";
    bf_artifact_write(session, name, &ignored);
}

static bf_status open_session(const bf_profile *profile, const char *dataset, bool keep_stopped, bf_session **out, bf_error *err) {
    bf_error_clear(err);
    bf_status st = bf_session_try(profile, dataset, out, err);
    if (*out) (*out)->on_stopped = leave_artifact;
    if (st == BF_OK || !*out) return st;
    if (keep_stopped) {
        bf_error_clear(err);
        return BF_OK;
    }
    leave_artifact(*out);
    bf_session_close(*out);
    *out = NULL;
    return st;
}

bf_status bf_session_open_with(const bf_profile *profile, const char *dataset, bf_session **out, bf_error *err) {
    return open_session(profile, dataset, false, out, err);
}

bf_status bf_session_open_for_check(const bf_profile *profile, const char *dataset, bf_session **out, bf_error *err) {
    return open_session(profile, dataset, true, out, err);
}

bf_status bf_session_open(const char *dataset, bf_session **out, bf_error *err) {
    bf_error_clear(err);
    *out = NULL;
    bf_profile *profile = bf_profile_new();
    bf_status st = profile ? bf_profile_load_environment(profile, err) : bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    if (st == BF_OK) st = bf_session_open_with(profile, dataset, out, err);
    bf_profile_free(profile);
    return st;
}

bf_status bf_session_open_catalog(const bf_profile *profile, const char *directory, bf_session **out, bf_error *err) {
    bf_error_clear(err);
    *out = NULL;
    bf_profile *own = bf_profile_copy(profile);
    bf_status st = own ? BF_OK : bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    if (st == BF_OK && directory) st = bf_profile_set(own, "catalog_location", directory, "bf_session_open_catalog", err);
    if (st == BF_OK && !*bf_profile_text(own, BF_OPT_catalog_location))
        st = bf_fail(err, BF_INVALID_ARGUMENT, -1, "no directory for a catalog: catalog_location is empty");
    if (st == BF_OK) st = bf_session_open_with(own, NULL, out, err);
    bf_profile_free(own);
    return st;
}
