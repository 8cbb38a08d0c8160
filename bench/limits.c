/* What real files use of each limit: paths on standard input, one a line; a table of docs/LIMITS.md on standard output.
 *   find DIR -name '*.pyc' | build/tests/limits [default]     within the greatest limits, or within the defaults
 *   find DIR -name '*.pyc' | build/tests/limits memory        peak memory of each file's decode, within the defaults, beside its bound; exit
 *                                                             code 1: one is above it */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "decode/facts.h"

enum { N_COLUMNS = BF_N_BUDGETS + 1, MICROSECONDS = BF_N_BUDGETS };

typedef struct usage {
    int64_t used[N_COLUMNS];
} usage;

static int column;

static int by_column(const void *a, const void *b) {
    int64_t x = ((const usage *)a)->used[column], y = ((const usage *)b)->used[column];
    return x < y ? -1 : x > y;
}

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- memory ---- */

static int64_t peak_bytes(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (int64_t)used.ru_maxrss * 1024;
}

/* docs/LIMITS.md */
static int64_t bound_bytes(int64_t size) {
    bf_budget b;
    bf_budget_init(&b, NULL);
    return size + 2 * b.most[BF_BUDGET_memory] + b.most[BF_BUDGET_text] + 2 * b.most[BF_BUDGET_flow_steps];
}

/* In a process of its own, whose peak is that of the file. */
static int measure(const char *path) {
    uint8_t *data;
    size_t size;
    bf_arena arena = {0};
    bf_file_facts facts;
    bf_decode_options options = {.path = bf_str_of(path)};
    int64_t before = peak_bytes();
    if (bf_file_read(path, 1 << 30, &data, &size, NULL) != BF_OK || bf_decode_pyc(data, size, &options, &arena, &facts, NULL) != BF_OK) return 2;
    int64_t peak = peak_bytes() - before, bound = bound_bytes((int64_t)size);
    printf("| %s | %.1f | %.1f | %.0f%% |\n", path, (double)peak / 1e6, (double)bound / 1e6, 100 * (double)peak / (double)bound);
    fflush(stdout);
    return peak > bound;
}

static int measure_all(void) {
    char line[4096];
    int code = 0, status;
    puts("| file | peak MB | bound MB | share |\n| --- | ---: | ---: | ---: |");
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) _exit(measure(line));
        if (child < 0 || waitpid(child, &status, 0) < 0) return 2;
        if (status) code = 1;
    }
    return code;
}

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "memory")) return measure_all();
    char line[4096];
    usage *files = NULL;
    size_t n = 0, capacity = 0, n_limited = 0;
    bf_arena arena = {0};
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        uint8_t *data;
        size_t size;
        bf_file_facts facts;
        bf_limits most = {.objects = 1 << 28, .code_objects = 1 << 24, .instructions = 1 << 24, .text = 1 << 30, .flow_steps = INT64_MAX, .memory = INT64_MAX};
        bf_decode_options options = {.path = bf_str_of(line), .limits = argc > 1 ? NULL : &most};
        if (bf_file_read(line, 1 << 30, &data, &size, NULL) != BF_OK) continue;
        bf_arena_reset(&arena);
        int64_t begun = now_us();
        if (bf_decode_pyc(data, size, &options, &arena, &facts, NULL) != BF_OK) return 1;
        free(data);
        if (n == capacity) {
            usage *more = realloc(files, (capacity = capacity ? 2 * capacity : 1024) * sizeof *files);
            if (!more) return 1;
            files = more;
        }
        memcpy(files[n].used, facts.budget.used, sizeof facts.budget.used);
        files[n++].used[MICROSECONDS] = now_us() - begun;
        n_limited += facts.n_limit_errors > 0;
    }
    if (!n) return 1;
    printf("%zu files, %zu beyond limits\n\n| limit | median | 99% | 99.9% | 99.99% | greatest |\n| --- | ---: | ---: | ---: | ---: | ---: |\n", n, n_limited);
    for (column = 0; column < N_COLUMNS; column++) {
        if (column == BF_BUDGET_seconds) continue;
        qsort(files, n, sizeof *files, by_column);
        printf("| %s |", column == MICROSECONDS ? "microseconds" : bf_budget_name((bf_budget_id)column));
        static const double shares[] = {0.5, 0.99, 0.999, 0.9999, 1};
        for (int i = 0; i < 5; i++) {
            size_t at = (size_t)((double)n * shares[i]);
            printf(" %lld |", (long long)files[at < n ? at : n - 1].used[column]);
        }
        puts("");
    }
    return 0;
}
