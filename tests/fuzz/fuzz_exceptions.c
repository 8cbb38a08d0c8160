/* Exception tables. The input is the table. */
#include "fuzz.h"

#include "code/exceptions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bf_arena arena;
    bf_code code = {.version = bf_cpython_by_id(312), .exceptiontable = data, .n_exceptiontable = (uint32_t)size};
    bf_exception *table;
    uint32_t n;
    bf_error err = {0};
    bf_arena_reset(&arena);
    bf_status st = bf_code_exceptions(&table, &n, &code, &arena, &err);
    check_error(st, &err, size);
    CHECK(n <= size / 4);
    CHECK(st != BF_OK || !size || n);
    for (uint32_t i = 0; i < n; i++) CHECK(table[i].start >= 0 && table[i].end >= table[i].start && table[i].target >= 0 && table[i].depth >= 0);
    return 0;
}
