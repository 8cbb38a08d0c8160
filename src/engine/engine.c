#include "engine/engine.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENGINE_FILE "libbf_engine.so"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const bf_engine_api *_Atomic loaded; /* a signal handler asks for it */
static atomic_bool interrupted;

static bf_status load_file(const char *path, bf_error *err) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) return bf_fail(err, BF_ENGINE, -1, "the query engine does not load: %s", dlerror());
    const bf_engine_api *(*get_api)(int32_t);
    *(void **)&get_api = dlsym(library, "bf_engine_get_api");
    const bf_engine_api *api = get_api ? get_api(BF_ENGINE_ABI) : NULL;
    if (api) {
        loaded = api;
        if (interrupted) api->interrupt(NULL, true);
        return BF_OK;
    }
    dlclose(library);
    return bf_fail(err, BF_ENGINE, -1, "%s is no engine of this version of bytefusion (ABI %d); build it anew with `make`", path, BF_ENGINE_ABI);
}

static bf_status find_and_load(bf_error *err) {
    const char *named = getenv("BYTEFUSION_ENGINE");
    if (named && *named) return load_file(named, err);
    char here[4096] = "";
    Dl_info info;
    if (dladdr((const void *)&lock, &info) && info.dli_fname && strlen(info.dli_fname) < sizeof here) strcpy(here, info.dli_fname);
    char *slash = strrchr(here, '/');
    strcpy(slash ? slash : here, slash ? "" : ".");
    const char *const folders[][2] = {{here, ""}, {here, "/bytefusion"}, {BF_ENGINE_INSTALLED, ""}};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char path[4200];
        snprintf(path, sizeof path, "%s%s/" ENGINE_FILE, folders[i][0], folders[i][1]);
        if (access(path, R_OK) == 0) return load_file(path, err);
    }
    return bf_fail(err, BF_ENGINE, -1,
                   "the query engine, " ENGINE_FILE ", is neither in %s nor in " BF_ENGINE_INSTALLED "; build it with `make`, or say where it is in $BYTEFUSION_ENGINE", here);
}

bf_status bf_engine_load(const bf_engine_api **out, bf_error *err) {
    pthread_mutex_lock(&lock);
    bf_status st = loaded ? BF_OK : find_and_load(err);
    pthread_mutex_unlock(&lock);
    *out = loaded;
    return st;
}

void bf_interrupt(bool on) {
    const bf_engine_api *api = loaded;
    interrupted = on;
    if (api) api->interrupt(NULL, on);
}

bf_status bf_engine_goes_on(bf_error *err) {
    return interrupted ? bf_fail(err, BF_CANCELLED, -1, "interrupted") : BF_OK;
}

bf_status bf_engine_ended(bf_status st, bf_error *err) {
    if (st == BF_OK || !interrupted) return st;
    bf_error_clear(err);
    return bf_engine_goes_on(err);
}

bf_status bf_engine_fail(bf_error *err, const bf_engine_error *why) {
    static const bf_status statuses[] = {
        [BF_ENGINE_IO] = BF_IO,           [BF_ENGINE_RESOURCES] = BF_LIMIT,     [BF_ENGINE_NOT_FOUND] = BF_NOT_FOUND,
        [BF_ENGINE_CONFLICT] = BF_CONFLICT,         [BF_ENGINE_REFUSED] = BF_REFUSED, [BF_ENGINE_CANCELLED] = BF_CANCELLED,
    };
    size_t i = (size_t)why->code;
    return bf_fail(err, i < sizeof statuses / sizeof *statuses && statuses[i] ? statuses[i] : BF_ENGINE, -1, "%s", why->message);
}
