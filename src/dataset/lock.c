#include "dataset/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { POLL_MS = 20 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The holder removes the file before it lets go, so a lock on a file that has no name any more, or not this one, is none. */
static bool is_in_place(int fd, const char *path) {
    struct stat held, named;
    return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

/* -1 where another holds it, or the system refuses (*st says). */
static int try_lock(const char *path, bf_status *st, bf_error *err) {
    *st = BF_OK;
    for (;;) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (fd < 0) {
            *st = bf_fail_errno(err, "open the lock", path);
            return -1;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
            if (is_in_place(fd, path)) return fd;
        } else if (errno == EWOULDBLOCK) {
            close(fd);
            return -1;
        } else if (errno != EINTR) {
            *st = bf_fail_errno(err, "lock", path);
            close(fd);
            return -1;
        }
        close(fd);
    }
}

static void say_who(int fd) {
    char text[32];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) != n) return; /* then the message of another names nobody */
}

static bf_status held_by_another(const char *path, const char *dataset, double waited, bf_error *err) {
    char pid[32] = "";
    FILE *f = fopen(path, "re");
    if (f && fgets(pid, sizeof pid, f)) pid[strcspn(pid, "\n")] = 0;
    if (f) fclose(f);
    return bf_fail(err, BF_CONFLICT, -1, "%s is being written by process %s, and still is after %.0f s; nothing was written: try again, or wait for it with --wait SECONDS",
                   dataset, *pid ? pid : "(unknown)", waited);
}

bf_status bf_lock_take(bf_lock *out, const char *dataset, double wait_seconds, bf_on_wait on_wait, void *context, bf_error *err) {
    double start = now();
    *out = (bf_lock){.fd = -1};
    if (asprintf(&out->path, "%s.lock", dataset) < 0) {
        out->path = NULL;
        return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    }
    bf_status st;
    while ((out->fd = try_lock(out->path, &st, err)) < 0 && st == BF_OK) {
        if (now() - start >= wait_seconds) st = held_by_another(out->path, dataset, wait_seconds, err);
        if (st == BF_OK && on_wait && !on_wait(context)) st = bf_fail(err, BF_CANCELLED, -1, "cancelled");
        if (st != BF_OK) break;
        nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
    }
    if (st == BF_OK) {
        say_who(out->fd);
        return BF_OK;
    }
    free(out->path);
    *out = (bf_lock){.fd = -1};
    return st;
}

void bf_lock_drop(bf_lock *lock) {
    if (!lock->path) return;
    unlink(lock->path);
    close(lock->fd);
    free(lock->path);
    *lock = (bf_lock){.fd = -1};
}
