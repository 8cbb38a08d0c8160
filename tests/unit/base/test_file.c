/* base/file.c: regular files of every small size, and all that is none. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "failing.h"

static char folder[] = "bf_test_file_XXXXXX";
static char path[sizeof folder + 16];

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    return rmdir(folder);
}

static const char *named(const char *name) {
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const void *bytes, size_t n) {
    FILE *f = fopen(named(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void refuses(const char *name, bf_status status) {
    uint8_t *data = (uint8_t *)1;
    size_t size = 1;
    bf_error err = {0};
    assert_int_equal(bf_file_read(name, 1000, &data, &size, &err), status);
    assert_int_equal(err.code, status);
    assert_null(data);
    assert_int_equal(size, 0);
    assert_int_equal(strncmp(err.message, name, strlen(name)), 0); /* which file */
}

static void test_file__whole_content(void **state) {
    static const size_t sizes[] = {0, 1, 2, 4095, 4096, 4097, 100000};
    char content[100000];
    (void)state;
    for (size_t i = 0; i < sizeof content; i++) content[i] = (char)(i * 7);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        uint8_t *data;
        size_t size;
        bf_error err = {0};
        write_file("f", content, sizes[k]);
        assert_int_equal(bf_file_read(path, sizes[k], &data, &size, &err), BF_OK);
        assert_non_null(data); /* also of an empty file */
        assert_int_equal(size, sizes[k]);
        if (size) assert_memory_equal(data, content, size);
        free(data);
    }
    unlink(path);
}

static void test_file__limit(void **state) {
    (void)state;
    write_file("f", folder, 10);
    uint8_t *data;
    size_t size;
    bf_error err = {0};
    assert_int_equal(bf_file_read(path, 9, &data, &size, &err), BF_LIMIT);
    assert_null(data);
    assert_non_null(strstr(err.message, "10 bytes"));
    unlink(path);
}

static void test_file__what_is_no_regular_file(void **state) {
    (void)state;
    refuses(folder, BF_IO);
    refuses("/dev/null", BF_IO);
    refuses("/dev/zero", BF_IO);
    assert_int_equal(mkfifo(named("fifo"), 0600), 0);
    refuses(path, BF_IO); /* and does not wait for a writer */
    unlink(path);
}

static void test_file__what_is_not_there(void **state) {
    (void)state;
    refuses(named("missing"), BF_NOT_FOUND);
    assert_int_equal(symlink("missing", named("link")), 0);
    refuses(path, BF_NOT_FOUND);
    unlink(path);
    refuses("", BF_NOT_FOUND);
    write_file("f", "", 0);
    char below[sizeof path + 4];
    snprintf(below, sizeof below, "%s/x", path);
    refuses(below, BF_IO);
    unlink(path);
}

static void test_file__through_a_link(void **state) {
    uint8_t *data;
    size_t size;
    (void)state;
    write_file("f", "abc", 3);
    assert_int_equal(symlink("f", named("link")), 0);
    assert_int_equal(bf_file_read(path, 1000, &data, &size, NULL), BF_OK);
    assert_int_equal(size, 3);
    free(data);
    unlink(path);
    unlink(named("f"));
}

static void test_file__failed_allocation(void **state) {
    uint8_t *data;
    size_t size;
    bf_error err = {0};
    (void)state;
    write_file("f", "abc", 3);
    allocations_left = 0;
    bf_status st = bf_file_read(path, 1000, &data, &size, &err);
    allocations_left = INT64_MAX;
    assert_int_equal(st, BF_NO_MEMORY);
    assert_null(data);
    unlink(path);
}

/* Descriptors are closed on every way out. */
static void test_file__no_descriptor_stays_open(void **state) {
    uint8_t *data;
    size_t size;
    (void)state;
    write_file("f", "abc", 3);
    int before = dup(0);
    close(before);
    for (int i = 0; i < 3; i++) {
        bf_file_read(path, 1000, &data, &size, NULL);
        free(data);
        bf_file_read(path, 1, &data, &size, NULL);
        bf_file_read(folder, 1, &data, &size, NULL);
        bf_file_read("/dev/null", 1, &data, &size, NULL);
    }
    int after = dup(0);
    close(after);
    assert_int_equal(after, before);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file__whole_content),
        cmocka_unit_test(test_file__limit),
        cmocka_unit_test(test_file__what_is_no_regular_file),
        cmocka_unit_test(test_file__what_is_not_there),
        cmocka_unit_test(test_file__through_a_link),
        cmocka_unit_test(test_file__failed_allocation),
        cmocka_unit_test(test_file__no_descriptor_stays_open),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
