/* System calls of the engine that fail when a test says so. The engine is loaded at run time, and binds to these: CMake exports them. */
#ifndef BF_TEST_FAULTS_H
#define BF_TEST_FAULTS_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
    int link_errno;     /* what linkat gives; 0: it works */
    bool link_anyway;   /* and does its work first */
    int file_errno;     /* what fsync of a file gives */
    int directory_errno;
    int links, syncs;   /* calls */
} faults;

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int linkat(int from_directory, const char *from, int to_directory, const char *to, int flags) {
    faults.links++;
    int code = !faults.link_errno || faults.link_anyway ? (int)syscall(SYS_linkat, from_directory, from, to_directory, to, flags) : 0;
    if (code || !faults.link_errno) return code;
    errno = faults.link_errno;
    return -1;
}

EXPORTED int link(const char *from, const char *to) {
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

EXPORTED int fsync(int fd) {
    struct stat about;
    faults.syncs++;
    int fault = fstat(fd, &about) == 0 && S_ISDIR(about.st_mode) ? faults.directory_errno : faults.file_errno;
    if (!fault) return (int)syscall(SYS_fsync, fd);
    errno = fault;
    return -1;
}

#endif
