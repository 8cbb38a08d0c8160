#include "base/error.h"

#include <errno.h>
#include <string.h>

bf_status bf_fail(bf_error *err, bf_status code, int64_t offset, const char *format, ...) {
    if (!err || err->code != BF_OK) return code;
    err->code = code;
    err->offset = offset;
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return code;
}

bf_status bf_fail_errno(bf_error *err, const char *verb, const char *path) {
    int number = errno;
    return bf_fail(err, number == ENOENT ? BF_NOT_FOUND : number == ENOMEM ? BF_NO_MEMORY : BF_IO, -1, "%s: %s: %s", path, verb,
                   strerror(number));
}

void bf_error_clear(bf_error *err) {
    if (!err) return;
    err->code = BF_OK;
    err->offset = -1;
    err->message[0] = 0;
}

static const struct {
    bf_status status;
    const char *name;
} names[] = {
    {BF_OK, "BF_OK"},
    {BF_INVALID_ARGUMENT, "BF_INVALID_ARGUMENT"},
    {BF_NO_MEMORY, "BF_NO_MEMORY"},
    {BF_IO, "BF_IO"},
    {BF_NOT_FOUND, "BF_NOT_FOUND"},
    {BF_TRUNCATED, "BF_TRUNCATED"},
    {BF_CORRUPT, "BF_CORRUPT"},
    {BF_UNSUPPORTED, "BF_UNSUPPORTED"},
    {BF_LIMIT, "BF_LIMIT"},
    {BF_ENGINE, "BF_ENGINE"},
    {BF_CONTRACT, "BF_CONTRACT"},
    {BF_CANCELLED, "BF_CANCELLED"},
};

const char *bf_status_name(bf_status status) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].status == status) return names[i].name;
    return "unknown status";
}

const char *bf_version(void) {
    return BF_VERSION_STRING;
}
