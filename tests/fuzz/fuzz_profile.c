/* Profiles: a JSON file. The input is the file. What was taken is read back, and what is refused says why. */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "profile/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int fd = -1;
    static char path[64];
    if (fd < 0) {
        CHECK((fd = memfd_create("profile", 0)) >= 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    CHECK(ftruncate(fd, 0) == 0);
    CHECK(pwrite(fd, data, size, 0) == (ssize_t)size);
    bf_profile *p = bf_profile_new();
    CHECK(p);
    bf_error err = {0}, why = {0};
    bf_status st = bf_profile_load(p, path, &err);
    CHECK(st == BF_OK || ((st == BF_INVALID_ARGUMENT || st == BF_IO) && *err.message));
    CHECK(st == err.code);
    for (size_t i = 0; i < bf_profile_count(); i++) {
        bf_profile_option option;
        CHECK(bf_profile_get(p, i, &option) && option.name && option.value && option.source && option.meaning);
        bf_profile *copy = bf_profile_copy(p);
        CHECK(copy);
        CHECK(bf_profile_set(copy, option.name, option.value, "again", NULL) == BF_OK || !strcmp(option.source, "default"));
        CHECK(!strcmp(bf_profile_text(copy, (bf_option_id)i), option.value) || !strcmp(option.source, "default"));
        bf_profile_free(copy);
    }
    CHECK(bf_profile_check(p, &why) == why.code);
    bf_profile_free(p);
    return 0;
}
