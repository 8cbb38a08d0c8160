#include "arrow/slab.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"

/* Address space, of which only what is touched is memory: so each buffer can have more room than it will need, at a place that is the same
 * in the next batch. What has no room in a slab is malloc's, and so is what outgrows its own. Each buffer is large in some batch: so that
 * they are not all large at last, the memory is given back after some batches. */
enum { SLAB_BYTES = 384 << 20, SMALL_BYTES = 4096, LARGE_BYTES = 32 << 20, KEPT_BATCHES = 8 };

struct bf_slab {
    bf_slabs *owner;
    bf_slab *next; /* in the list of free ones */
    char *memory;  /* NULL: there was no address space left */
    size_t used, most_used;
    int n_batches; /* since its memory was given back */
    bool is_large; /* the batch */
    atomic_int users; /* buffers, and the builder until it ends */
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
        if (slab->memory) {
            BF_ARENA_GIVE(slab->memory, slab->most_used); /* others may get these addresses */
            munmap(slab->memory, SLAB_BYTES);
        }
        free(slab);
    }
}

static void leave(bf_slabs *slabs) {
    pthread_mutex_lock(&slabs->lock);
    bool is_last = --slabs->users == 0;
    pthread_mutex_unlock(&slabs->lock);
    if (!is_last) return;
    bf_slabs_trim(slabs);
    pthread_mutex_destroy(&slabs->lock);
    free(slabs);
}

void bf_slabs_free(bf_slabs *slabs) {
    if (slabs) leave(slabs);
}

/* Huge pages would make memory of the room between buffers. */
static bf_slab *new_slab(bf_slabs *owner) {
    bf_slab *slab = calloc(1, sizeof *slab);
    if (!slab) return NULL;
    slab->owner = owner;
    void *memory = mmap(NULL, SLAB_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return slab;
    madvise(memory, SLAB_BYTES, MADV_NOHUGEPAGE);
    slab->memory = memory;
    return slab;
}

bf_slab *bf_slab_take(bf_slabs *slabs) {
    pthread_mutex_lock(&slabs->lock);
    bf_slab *slab = slabs->free;
    if (slab) slabs->free = slab->next;
    if (!slab) slab = new_slab(slabs);
    if (slab) slabs->users++;
    pthread_mutex_unlock(&slabs->lock);
    if (!slab) return NULL;
    slab->used = 0;
    atomic_init(&slab->users, 1);
    return slab;
}

/* One buffer less, or the builder. */
static void let_go(bf_slab *slab) {
    bf_slabs *slabs = slab->owner;
    if (atomic_fetch_sub(&slab->users, 1) > 1) return;
    if (slab->memory && (slab->is_large || ++slab->n_batches == KEPT_BATCHES)) {
        madvise(slab->memory, slab->used, MADV_DONTNEED);
        slab->n_batches = 0;
    }
    pthread_mutex_lock(&slabs->lock);
    slab->next = slabs->free;
    slabs->free = slab;
    pthread_mutex_unlock(&slabs->lock);
    leave(slabs);
}

void bf_slab_end(bf_slab *slab, int64_t size_bytes) {
    slab->is_large = size_bytes > LARGE_BYTES;
    let_go(slab);
}

static bool is_within(const bf_slab *slab, const uint8_t *p) {
    return slab->memory && (const char *)p >= slab->memory && (const char *)p < slab->memory + SLAB_BYTES;
}

static uint8_t *allocate(bf_slab *slab, size_t size) {
    size_t taken = ((size + 63) & ~(size_t)63) + BF_ARENA_GAP;
    if (!slab->memory || taken > SLAB_BYTES - slab->used) return malloc(size);
    char *p = slab->memory + slab->used;
    slab->used += taken;
    if (slab->used > slab->most_used) slab->most_used = slab->used;
    BF_ARENA_GIVE(p, size);
    BF_ARENA_TAKE(p + size, taken - size);
    return (uint8_t *)p;
}

static void drop(const bf_slab *slab, uint8_t *p, int64_t size) {
    (void)size;
    if (is_within(slab, p))
        BF_ARENA_TAKE(p, (size_t)size);
    else
        free(p);
}

/* The pages of a buffer that has moved. */
static void give_up(uint8_t *p, size_t size) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = ((uintptr_t)p + page - 1) & ~(page - 1), end = ((uintptr_t)p + size) & ~(page - 1);
    if (first < end) madvise((void *)first, end - first, MADV_DONTNEED);
}

static void give_back(struct ArrowBufferAllocator *self, uint8_t *p, int64_t size) {
    if (!p) return;
    drop(self->private_data, p, size);
    let_go(self->private_data);
}

/* Unlike realloc, gives back what it cannot move: nanoarrow forgets it. */
static uint8_t *reallocate(struct ArrowBufferAllocator *self, uint8_t *old, int64_t old_size, int64_t size) {
    bf_slab *slab = self->private_data;
    bool is_moved = old && !is_within(slab, old);
    uint8_t *p = is_moved ? realloc(old, size ? (size_t)size : 1) : old_size > SMALL_BYTES ? malloc((size_t)size) : allocate(slab, (size_t)size);
    if (p && !old) atomic_fetch_add(&slab->users, 1);
    if (!p) give_back(self, old, old_size);
    if (!p || !old || is_moved) return p;
    memcpy(p, old, (size_t)(old_size < size ? old_size : size));
    drop(slab, old, old_size);
    if (old_size > SMALL_BYTES) give_up(old, (size_t)old_size);
    return p;
}

bool bf_slab_serve(bf_slab *slab, struct ArrowArray *array) {
    for (int64_t i = 0; i < array->n_buffers; i++)
        ArrowArrayBuffer(array, i)->allocator = (struct ArrowBufferAllocator){reallocate, give_back, slab};
    for (int64_t i = 0; i < array->n_children; i++) bf_slab_serve(slab, array->children[i]);
    if (array->dictionary) bf_slab_serve(slab, array->dictionary);
    return slab->memory != NULL;
}
