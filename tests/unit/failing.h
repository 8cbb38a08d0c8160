/* Allocations that fail on demand, for a program that is linked with --wrap=malloc and its kin. One file includes it. */
#ifndef BF_TEST_FAILING_H
#define BF_TEST_FAILING_H

#include "base/arena.h"
#include "bytes.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

static int64_t allocations_left = INT64_MAX; /* until one fails, and all after it */

/* What no memory has fails here as well: a sanitizer's malloc would end the program. */
static bool may_allocate(size_t size) {
    return size <= PTRDIFF_MAX && allocations_left > 0 && allocations_left-- > 0;
}

void *__wrap_malloc(size_t size) {
    return may_allocate(size) ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t n, size_t size) {
    return may_allocate(size) ? __real_calloc(n, size) : NULL;
}

void *__wrap_realloc(void *p, size_t size) {
    return may_allocate(size) ? __real_realloc(p, size) : NULL;
}

/** An arena that has `n` bytes of `memory` to give and asks malloc for the rest. Forget it, or free it, before `memory`. */
static inline bf_arena small_arena(void *memory, size_t n) {
    return (bf_arena){.at = memory, .end = (char *)memory + n};
}

/* nanoarrow 0.9 forgets a buffer whose growing failed (ArrowBufferReserve): not ours to find again in every test,
 * also where it was inlined (bf_col_lists). */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
    return "leak:ArrowBuffer\nleak:ArrowMetadataBuilder\nleak:bf_col_lists\n";
}

#endif
