/* Memory that lives and goes together: everything decoded of one file. Reset keeps the blocks for the next file. */
#ifndef BF_BASE_ARENA_H
#define BF_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

typedef struct bf_arena_block bf_arena_block;

/** Is told once, before more than so many bytes are handed out between two resets; no function: nobody is. */
typedef struct bf_arena_alarm {
    size_t size_bytes;
    void (*ring)(void *context);
    void *context;
} bf_arena_alarm;

typedef struct bf_arena {
    char *at, *end;
    bf_arena_block *blocks; /* newest first */
    size_t size_bytes;      /* handed out since the last reset */
    bf_arena_alarm alarm;
    bool has_rung;
} bf_arena; /* {0} is an empty one */

/* AddressSanitizer sees the blocks only. So that it sees each allocation, it is told what was handed out, with a gap behind it. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BF_ARENA_WATCHED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define BF_ARENA_WATCHED
#endif
#ifdef BF_ARENA_WATCHED
#include <sanitizer/asan_interface.h>
enum { BF_ARENA_GAP = 8 };
#define BF_ARENA_GIVE(p, size) ASAN_UNPOISON_MEMORY_REGION(p, size)
#define BF_ARENA_TAKE(p, size) ASAN_POISON_MEMORY_REGION(p, size)
#else
enum { BF_ARENA_GAP = 0 };
#define BF_ARENA_GIVE(p, size) ((void)0)
#define BF_ARENA_TAKE(p, size) ((void)0)
#endif

/** `size` bytes aligned to 8, not zeroed; NULL when memory runs out. */
void *bf_arena_alloc_slow(bf_arena *arena, size_t size);

static inline void *bf_arena_alloc(bf_arena *arena, size_t size) {
    size_t taken = ((size + 7) & ~(size_t)7) + BF_ARENA_GAP;
    if (taken <= (size_t)(arena->end - arena->at)) {
        char *p = arena->at;
        arena->at += taken;
        arena->size_bytes += taken - BF_ARENA_GAP;
        BF_ARENA_GIVE(p, size);
        return p;
    }
    return bf_arena_alloc_slow(arena, size);
}

/** Zeroed array; NULL when memory runs out or n * size overflows. */
void *bf_arena_zalloc(bf_arena *arena, size_t n, size_t size);

/** Copies text in; .p is NULL when memory runs out. */
bf_str bf_arena_str(bf_arena *arena, const char *p, size_t n);

void bf_arena_reset(bf_arena *arena); /* forgets the contents, keeps the largest block of usual size */
void bf_arena_free(bf_arena *arena);

#endif
