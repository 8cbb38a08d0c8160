#include "arrow/slab.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* A slab is more than a batch mostly is; what was never touched of it is no memory. What has no room in it is malloc's, and so is what
 * grows beyond MOVED_BYTES: it is asked for as a whole in the next batch, which is told the sizes of the last. */
enum { SLAB_BYTES = 48 << 20, MOVED_BYTES = 128 << 10 };

struct bf_slab {
    bf_slabs *owner;
    bf_slab *next; /* in the list of free ones */
    size_t used;
    atomic_int users; /* buffers, and the builder until it ends */
    _Alignas(max_align_t) char memory[SLAB_BYTES];
};

struct bf_slabs {
    pthread_mutex_t lock;
    bf_slab *free;
    size_t users; /* slabs that are out, and who shares this */
};

bf_slabs *bf_slabs_new(void) {
    bf_slabs *slabs = calloc(1, sizeof *slabs);
    if (!slabs) return NULL;
    pthread_mutex_init(&slabs->lock, NULL);
    slabs->users = 1;
    return slabs;
}

bf_slabs *bf_slabs_share(bf_slabs *slabs) {
    pthread_mutex_lock(&slabs->lock);
    slabs->users++;
    pthread_mutex_unlock(&slabs->lock);
    return slabs;
}

void bf_slabs_trim(bf_slabs *slabs) {
    pthread_mutex_lock(&slabs->lock);
    bf_slab *slab = slabs->free;
    slabs->free = NULL;
    pthread_mutex_unlock(&slabs->lock);
    for (bf_slab *next; slab; slab = next) {
        next = slab->next;
        free(slab);
    }
}

static void leave(bf_slabs *slabs, bf_slab *slab) {
    pthread_mutex_lock(&slabs->lock);
    if (slab) slab->next = slabs->free, slabs->free = slab;
    bool is_last = --slabs->users == 0;
    pthread_mutex_unlock(&slabs->lock);
    if (!is_last) return;
    bf_slabs_trim(slabs);
    pthread_mutex_destroy(&slabs->lock);
    free(slabs);
}

void bf_slabs_free(bf_slabs *slabs) {
    if (slabs) leave(slabs, NULL);
}

bf_slab *bf_slab_take(bf_slabs *slabs) {
    pthread_mutex_lock(&slabs->lock);
    bf_slab *slab = slabs->free;
    if (slab) slabs->free = slab->next;
    if (!slab && (slab = malloc(sizeof *slab))) slab->used = SLAB_BYTES;
    if (slab) slabs->users++;
    pthread_mutex_unlock(&slabs->lock);
    if (!slab) return NULL;
    BF_ARENA_TAKE(slab->memory, slab->used);
    slab->owner = slabs;
    slab->used = 0;
    atomic_init(&slab->users, 1);
    return slab;
}

void bf_slab_end(bf_slab *slab) {
    if (atomic_fetch_sub(&slab->users, 1) == 1) leave(slab->owner, slab);
}

static bool is_within(const bf_slab *slab, const uint8_t *p) {
    return (const char *)p >= slab->memory && (const char *)p < slab->memory + SLAB_BYTES;
}

static uint8_t *allocate(bf_slab *slab, size_t size, size_t most) {
    size_t taken = ((size + 63) & ~(size_t)63) + BF_ARENA_GAP;
    if (size > most || taken > SLAB_BYTES - slab->used) return malloc(size);
    char *p = slab->memory + slab->used;
    slab->used += taken;
    BF_ARENA_GIVE(p, size);
    return (uint8_t *)p;
}

static void drop(const bf_slab *slab, uint8_t *p, int64_t size) {
    (void)size;
    if (is_within(slab, p))
        BF_ARENA_TAKE(p, (size_t)size);
    else
        free(p);
}

static void give_back(struct ArrowBufferAllocator *self, uint8_t *p, int64_t size) {
    if (!p) return;
    drop(self->private_data, p, size);
    bf_slab_end(self->private_data);
}

/* Unlike realloc, gives back what it cannot move: nanoarrow forgets it. */
static uint8_t *reallocate(struct ArrowBufferAllocator *self, uint8_t *old, int64_t old_size, int64_t size) {
    bf_slab *slab = self->private_data;
    bool is_moved = old && !is_within(slab, old);
    uint8_t *p = is_moved ? realloc(old, size ? (size_t)size : 1) : allocate(slab, (size_t)size, old ? MOVED_BYTES : SLAB_BYTES);
    if (p && !old) atomic_fetch_add(&slab->users, 1);
    if (!p) give_back(self, old, old_size);
    if (!p || !old || is_moved) return p;
    memcpy(p, old, (size_t)(old_size < size ? old_size : size));
    drop(slab, old, old_size);
    return p;
}

void bf_slab_serve(bf_slab *slab, struct ArrowArray *array) {
    for (int64_t i = 0; i < array->n_buffers; i++)
        ArrowArrayBuffer(array, i)->allocator = (struct ArrowBufferAllocator){reallocate, give_back, slab};
    for (int64_t i = 0; i < array->n_children; i++) bf_slab_serve(slab, array->children[i]);
    if (array->dictionary) bf_slab_serve(slab, array->dictionary);
}
