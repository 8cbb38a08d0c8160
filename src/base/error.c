#include "base/error.h"

#include <errno.h>
#include <string.h>

/* Drops the first bytes of a character whose last ones did not fit. */
static void end_between_characters(char *text, size_t n) {
    size_t start = n;
    while (start > 0 && n - start < 4 && ((uint8_t)text[--start] & 0xc0) == 0x80) {}
    uint8_t first = (uint8_t)text[start];
    size_t length = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (start + length > n) text[start] = 0;
}

bf_status bf_fail(bf_error *err, bf_status code, int64_t offset, const char *format, ...) {
    if (!err || err->code != BF_OK) return code;
    err->code = code;
    err->offset = offset;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(err->message, sizeof err->message, format, args);
    if (n >= (int)sizeof err->message) end_between_characters(err->message, sizeof err->message - 1);
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
    {BF_CONFLICT, "BF_CONFLICT"},
    {BF_REFUSED, "BF_REFUSED"},
};

const char *bf_status_name(bf_status status) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].status == status) return names[i].name;
    return "unknown status";
}

const char *bf_version(void) {
    return BF_VERSION_STRING;
}
