#include "base/arena.h"

#include <stdlib.h>

enum { FIRST_BLOCK = 256 * 1024, LARGEST_BLOCK = 8 * 1024 * 1024 };

struct bf_arena_block {
    bf_arena_block *next;
    size_t size;
    char data[];
};

void *bf_arena_alloc_slow(bf_arena *arena, size_t size) {
    size_t taken = ((size + 7) & ~(size_t)7) + BF_ARENA_GAP;
    if (taken < size) return NULL;
    if (arena->alarm.ring && !arena->has_rung && arena->size_bytes + taken > arena->alarm.size_bytes) {
        arena->has_rung = true;
        arena->alarm.ring(arena->alarm.context);
    }
    size_t block_size = arena->blocks ? arena->blocks->size * 2 : FIRST_BLOCK;
    if (block_size > LARGEST_BLOCK) block_size = LARGEST_BLOCK;
    if (block_size < taken) block_size = taken;
    if (block_size > SIZE_MAX - sizeof(bf_arena_block)) return NULL;
    bf_arena_block *block = malloc(sizeof *block + block_size);
    if (!block) return NULL;
    *block = (bf_arena_block){arena->blocks, block_size};
    arena->blocks = block;
    arena->at = block->data + taken;
    arena->end = block->data + block_size;
    arena->size_bytes += taken - BF_ARENA_GAP;
    BF_ARENA_TAKE(block->data, block_size);
    BF_ARENA_GIVE(block->data, size);
    return block->data;
}

void *bf_arena_zalloc(bf_arena *arena, size_t n, size_t size) {
    if (n > (SIZE_MAX - 8) / size) return NULL;
    void *p = bf_arena_alloc(arena, n * size);
    if (p) memset(p, 0, n * size);
    return p;
}

bf_str bf_arena_str(bf_arena *arena, const char *p, size_t n) {
    char *copy = bf_arena_alloc(arena, n ? n : 1);
    if (copy && n) memcpy(copy, p, n);
    return (bf_str){copy, copy ? (uint32_t)n : 0};
}

void bf_arena_reset(bf_arena *arena) {
    bf_arena_block *kept = NULL;
    for (bf_arena_block *b = arena->blocks; b; b = b->next)
        if (b->size <= LARGEST_BLOCK && (!kept || b->size > kept->size)) kept = b;
    if (kept) BF_ARENA_TAKE(kept->data, kept == arena->blocks ? (size_t)(arena->at - kept->data) : kept->size);
    for (bf_arena_block *b = arena->blocks, *next; b; b = next) {
        next = b->next;
        if (b != kept) free(b);
    }
    *arena = (bf_arena){.alarm = arena->alarm};
    if (kept) {
        kept->next = NULL;
        arena->at = kept->data, arena->end = kept->data + kept->size, arena->blocks = kept;
    }
}

void bf_arena_free(bf_arena *arena) {
    for (bf_arena_block *b = arena->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    *arena = (bf_arena){0};
}
