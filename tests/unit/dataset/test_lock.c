#include "dataset/lock.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bytes.h"
#include "scratch.h"

static bf_status try_now(bf_lock *lock, bf_error *err) {
    *err = (bf_error){0};
    return bf_lock_take(lock, "ds", 0, NULL, NULL, err);
}

static void test_lock__take_and_drop(void **state) {
    (void)state;
    bf_error err;
    bf_lock lock, other;
    assert_int_equal(try_now(&lock, &err), BF_OK);
    assert_int_equal(access("ds.lock", F_OK), 0);
    assert_int_equal(try_now(&other, &err), BF_CONFLICT); /* of the same process too: it is another open file */
    assert_null(other.path);
    bf_lock_drop(&lock);
    assert_int_equal(access("ds.lock", F_OK), -1);
    bf_lock_drop(&lock); /* not held */
    assert_int_equal(try_now(&other, &err), BF_OK);
    bf_lock_drop(&other);
}

/* The message names the process; when that ends, however, the lock is free. */
static void test_lock__of_another_process(void **state) {
    (void)state;
    int ready[2];
    bf_error err;
    bf_lock lock;
    char pid[32], c;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (!child) {
        bf_lock held;
        if (bf_lock_take(&held, "ds", 0, NULL, NULL, NULL) != BF_OK || write(ready[1], "x", 1) != 1) _exit(1);
        pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_int_equal(try_now(&lock, &err), BF_CONFLICT);
    snprintf(pid, sizeof pid, "process %ld,", (long)child);
    assert_non_null(strstr(err.message, pid));
    assert_non_null(strstr(err.message, "--wait"));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(ready[0]);
    assert_int_equal(access("ds.lock", F_OK), 0); /* its file is still there, and means nothing */
    assert_int_equal(try_now(&lock, &err), BF_OK);
    bf_lock_drop(&lock);
}

static bool let_go(void *context) {
    bf_lock *held = context;
    bf_lock_drop(held);
    return true;
}

static bool give_up(void *context) {
    (void)context;
    return false;
}

static void test_lock__waiting(void **state) {
    (void)state;
    bf_error err = {0};
    bf_lock held, lock;
    assert_int_equal(try_now(&held, &err), BF_OK);
    assert_int_equal(bf_lock_take(&lock, "ds", 60, give_up, NULL, &err), BF_CANCELLED);
    err = (bf_error){0};
    assert_int_equal(bf_lock_take(&lock, "ds", 60, let_go, &held, &err), BF_OK); /* the file was removed and made anew while it waited */
    assert_int_equal(access("ds.lock", F_OK), 0);
    bf_lock_drop(&lock);
}

static void test_lock__where_it_cannot_be(void **state) {
    (void)state;
    bf_error err = {0};
    bf_lock lock;
    assert_int_equal(bf_lock_take(&lock, "missing/ds", 0, NULL, NULL, &err), BF_NOT_FOUND);
    assert_non_null(strstr(err.message, "missing/ds.lock"));
    err = (bf_error){0};
    assert_int_equal(symlink("elsewhere", "link.lock"), 0); /* is not followed */
    assert_int_equal(bf_lock_take(&lock, "link", 0, NULL, NULL, &err), BF_IO);
    assert_int_equal(access("elsewhere", F_OK), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_lock__##name, enter, leave)

int main(void) {
    static const struct CMUnitTest tests[] = {TEST(take_and_drop), TEST(of_another_process), TEST(waiting), TEST(where_it_cannot_be)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
