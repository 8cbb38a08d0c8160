/* An empty folder for each test: cmocka_unit_test_setup_teardown(test, enter, leave). It is the working directory, so that paths are
 * short, and errors say them as they were given. */
#ifndef BF_TEST_SCRATCH_H
#define BF_TEST_SCRATCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char scratch[64];

static int enter(void **state) {
    (void)state;
    strcpy(scratch, "/tmp/bf_test_XXXXXX");
    return !mkdtemp(scratch) || chdir(scratch);
}

static int leave(void **state) {
    (void)state;
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", scratch);
    return chdir("/") || system(command);
}

#endif
