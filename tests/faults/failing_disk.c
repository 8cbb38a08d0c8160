/* A disk that fails, for LD_PRELOAD: counts the calls that change files, and makes one of them fail.
 *
 *   FAULT_AT      number of the call that fails, from 1; unset: none
 *   FAULT_ERRNO   with what; 0: a write of half the bytes, which is no failure
 *   FAULT_RIVALS  so many commits to the log of a Delta table find that another program committed that version the moment before
 *   FAULT_LOG     file that gets "NUMBER CALL PATH" of the call that failed; without FAULT_AT of all of them
 *
 * Only calls on regular files and directories count, and none on the standard streams.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;
static long fault_at;
static int fault_errno;
static int log_fd = -1;
static atomic_long rivals;

__attribute__((constructor)) static void begin(void) {
    const char *at = getenv("FAULT_AT"), *number = getenv("FAULT_ERRNO"), *log = getenv("FAULT_LOG"), *n_rivals = getenv("FAULT_RIVALS");
    rivals = n_rivals ? atol(n_rivals) : 0;
    fault_at = at ? atol(at) : 0;
    fault_errno = number ? atoi(number) : EIO;
    if (log) log_fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
}

static bool counts(int fd) {
    struct stat info;
    return fd > 2 && fd != log_fd && fstat(fd, &info) == 0 && (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode));
}

/* Whether this call is the one; errno is set then. */
static bool fails(const char *call, int fd, const char *path) {
    char link[40], target[PATH_MAX + 1] = "", line[PATH_MAX + 80];
    long n = atomic_fetch_add(&calls, 1) + 1;
    if (fault_at && n != fault_at) return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (!path && readlink(link, target, PATH_MAX) > 0) path = target;
    int length = snprintf(line, sizeof line, "%ld %s %s\n", n, call, path ? path : "");
    if (log_fd >= 0) syscall(SYS_write, log_fd, line, (size_t)length);
    errno = fault_errno;
    return fault_at != 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* ---- bytes ---- */

#define WRITES(name, rest, names)                                            \
    ssize_t name(int fd, const void *p, size_t n rest) {                     \
        if (counts(fd) && fails(#name, fd, NULL)) {                          \
            if (fault_errno || n < 2) return fault_errno ? -1 : REAL(name)(fd, p, n names); \
            n /= 2;                                                          \
        }                                                                    \
        return REAL(name)(fd, p, n names);                                   \
    }
#define COMMA ,
WRITES(write, , )
WRITES(pwrite, COMMA off_t at, COMMA at)
WRITES(pwrite64, COMMA off64_t at, COMMA at)

ssize_t writev(int fd, const struct iovec *v, int n) {
    if (counts(fd) && fails("writev", fd, NULL)) {
        if (fault_errno) return -1;
        n = 1;
    }
    return REAL(writev)(fd, v, n);
}

ssize_t copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t n, unsigned flags) {
    if (counts(out) && fails("copy_file_range", out, NULL) && fault_errno) return -1;
    return REAL(copy_file_range)(in, in_at, out, out_at, n, flags);
}

#define ON_FILE(name, parameters, arguments)                                        \
    int name parameters {                                                           \
        return counts(fd) && fails(#name, fd, NULL) && fault_errno ? -1 : REAL(name) arguments; \
    }
ON_FILE(fsync, (int fd), (fd))
ON_FILE(fdatasync, (int fd), (fd))
ON_FILE(ftruncate, (int fd, off_t n), (fd, n))
ON_FILE(ftruncate64, (int fd, off64_t n), (fd, n))

/* A close that fails has closed. Nothing is lost by one of a file that was only read. */
int close(int fd) {
    bool failed = counts(fd) && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY && fails("close", fd, NULL) && fault_errno;
    int result = REAL(close)(fd);
    if (!failed) return result;
    errno = fault_errno;
    return -1;
}

/* ---- names ---- */

/* Another program's entry, where one is about to be linked. */
static void be_first(const char *path) {
    static const char entry[] = "{\"commitInfo\":{\"timestamp\":1,\"operation\":\"RIVAL\"}}\n";
    size_t n = strlen(path);
    if (!strstr(path, "/_delta_log/") || n < 5 || strcmp(path + n - 5, ".json") || atomic_fetch_sub(&rivals, 1) <= 0) return;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    syscall(SYS_write, fd, entry, sizeof entry - 1);
    syscall(SYS_close, fd);
}

#define ON_NAME(name, parameters, arguments, path)                                      \
    int name parameters {                                                               \
        return fails(#name, -1, path) && fault_errno ? -1 : REAL(name) arguments;       \
    }
ON_NAME(rename, (const char *a, const char *b), (a, b), b)
ON_NAME(renameat, (int d, const char *a, int e, const char *b), (d, a, e, b), b)
ON_NAME(renameat2, (int d, const char *a, int e, const char *b, unsigned f), (d, a, e, b, f), b)
#define LINKS(name, parameters, arguments)                                              \
    int name parameters {                                                               \
        be_first(b);                                                                    \
        return fails(#name, -1, b) && fault_errno ? -1 : REAL(name) arguments;          \
    }
LINKS(link, (const char *a, const char *b), (a, b))
LINKS(linkat, (int d, const char *a, int e, const char *b, int f), (d, a, e, b, f))
ON_NAME(mkdir, (const char *a, mode_t m), (a, m), a)
ON_NAME(mkdirat, (int d, const char *a, mode_t m), (d, a, m), a)
ON_NAME(rmdir, (const char *a), (a), a)
ON_NAME(unlink, (const char *a), (a), a)
ON_NAME(unlinkat, (int d, const char *a, int f), (d, a, f), a)

#define OPENS(name, parameters, arguments)                                  \
    int name parameters {                                                   \
        mode_t mode = 0;                                                    \
        if (flags & (O_CREAT | O_TMPFILE)) {                                \
            va_list args;                                                   \
            va_start(args, flags);                                          \
            mode = va_arg(args, mode_t);                                    \
            va_end(args);                                                   \
        }                                                                   \
        if (flags & O_CREAT && fails(#name, -1, path) && fault_errno) return -1; \
        return REAL(name) arguments;                                        \
    }
OPENS(open, (const char *path, int flags, ...), (path, flags, mode))
OPENS(open64, (const char *path, int flags, ...), (path, flags, mode))
OPENS(openat, (int at, const char *path, int flags, ...), (at, path, flags, mode))
OPENS(openat64, (int at, const char *path, int flags, ...), (at, path, flags, mode))
