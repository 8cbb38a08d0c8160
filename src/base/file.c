#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bf_status read_all(int fd, const char *path, size_t limit, uint8_t **data, size_t *size, bf_error *err) {
    struct stat info;
    if (fstat(fd, &info)) return bf_fail_errno(err, "stat", path);
    if (!S_ISREG(info.st_mode)) return bf_fail(err, BF_IO, -1, "%s: not a regular file", path);
    if ((uint64_t)info.st_size > limit)
        return bf_fail(err, BF_LIMIT, -1, "%s: file of %lld bytes, at most %zu are read", path, (long long)info.st_size, limit);
    size_t capacity = (size_t)info.st_size + 1; /* one more, to see the end and to see it grow */
    if (!(*data = malloc(capacity))) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    for (;;) {
        ssize_t n = read(fd, *data + *size, capacity - *size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return bf_fail_errno(err, "read", path);
        if (n == 0) return BF_OK;
        *size += (size_t)n;
        if (*size == capacity) return bf_fail(err, BF_IO, -1, "%s: grows while it is read", path);
    }
}

enum { PIECE_BYTES = 4000 }; /* PATH_MAX is 4096 */

int bf_file_open(const char *path, int flags) {
    char piece[PIECE_BYTES + 1];
    int at = AT_FDCWD, fd;
    while (strlen(path) > PIECE_BYTES) {
        size_t n = PIECE_BYTES;
        while (n > 1 && path[n] != '/') n--;
        memcpy(piece, path, n);
        piece[n] = 0;
        fd = openat(at, piece, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (at >= 0) close(at);
        if (fd < 0) return -1;
        at = fd;
        for (path += n; *path == '/'; path++) {}
    }
    do fd = openat(at, path, flags | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    int number = errno;
    if (at >= 0) close(at);
    errno = number;
    return fd;
}

bf_status bf_file_read(const char *path, size_t limit, uint8_t **data, size_t *size, bf_error *err) {
    *data = NULL;
    *size = 0;
    int fd = bf_file_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY); /* a FIFO must not block */
    if (fd < 0) return bf_fail_errno(err, "open", path);
    bf_status st = read_all(fd, path, limit, data, size, err);
    close(fd);
    if (st != BF_OK) {
        free(*data);
        *data = NULL;
        *size = 0;
    }
    return st;
}
