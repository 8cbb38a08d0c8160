#include "source/find.h"

#include <limits.h>
#include <stdlib.h>

static bool ends_with(const char *text, size_t n, const char *end) {
    size_t k = strlen(end);
    return n >= k && !memcmp(text + n - k, end, k);
}

/* Length before the last ".part"; n where there is none. */
static size_t before_last_part(const char *name, size_t n) {
    for (size_t at = n; at-- > 1;)
        if (name[at] == '.') return at;
    return n;
}

/* Length of "mod" in "mod.cpython-312.opt-1"; a module's own name may have points too. 0: no name of the cache's. */
static size_t module_length(const char *name, size_t n) {
    size_t before = before_last_part(name, n);
    if (n - before > strlen(".opt-") && !memcmp(name + before, ".opt-", strlen(".opt-"))) n = before;
    before = before_last_part(name, n);
    return before < n ? before : 0;
}

/* Length of "a/" in "a/__pycache__/"; n in a folder of another name. */
static size_t before_cache(const char *folder, size_t n) {
    size_t end = n;
    while (end && folder[end - 1] == '/') end--;
    if (end == n || !ends_with(folder, end, "__pycache__")) return n;
    end -= strlen("__pycache__");
    return end && folder[end - 1] != '/' ? n : end;
}

/* "", "./", "a/../": such a text does not tell what the folder is called. */
static bool hides_its_name(const char *folder, size_t n) {
    while (n && folder[n - 1] == '/') n--;
    bool is_dots = (n == 1 || n == 2) && !memcmp(folder, "..", n);
    return n == 0 || is_dots || ends_with(folder, n, "/.") || ends_with(folder, n, "/..");
}

bf_status bf_source_path(const char **out, const char *pyc_path, bf_arena *arena, bf_error *err) {
    const char *slash = strrchr(pyc_path, '/'), *name = slash ? slash + 1 : pyc_path;
    size_t n_folder = (size_t)(name - pyc_path), n_name = strlen(name);
    char folder[2 * PATH_MAX] = "./", resolved[PATH_MAX];
    *out = NULL;
    if (n_name <= strlen(".pyc") || !ends_with(name, n_name, ".pyc") || n_folder >= PATH_MAX) return BF_OK;
    n_name -= strlen(".pyc");
    if (n_folder) memcpy(folder, pyc_path, n_folder);
    if (n_folder) folder[n_folder] = 0;
    if (hides_its_name(folder, strlen(folder))) {
        if (!realpath(folder, resolved)) return BF_OK;
        strcpy(folder, resolved);
        strcat(folder, "/");
    }
    n_folder = strlen(folder);
    size_t n_parent = before_cache(folder, n_folder), n_module = n_parent < n_folder ? module_length(name, n_name) : n_name;
    if (!n_module) return BF_OK;
    char *path = bf_arena_alloc(arena, n_parent + n_module + sizeof ".py");
    if (!path) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    memcpy(path, folder, n_parent);
    memcpy(path + n_parent, name, n_module);
    memcpy(path + n_parent + n_module, ".py", sizeof ".py");
    *out = path;
    return BF_OK;
}
