/* Where the buffers of batches lie: those of one batch together, in memory that the next one gets when it is released. So a long run
 * needs no more than a short one, and the kernel need not give the same pages again and again. */
#ifndef BF_ARROW_SLAB_H
#define BF_ARROW_SLAB_H

#include <stdbool.h>

#include "nanoarrow/nanoarrow.h"

typedef struct bf_slabs bf_slabs;
typedef struct bf_slab bf_slab;

/** Slabs that threads share; NULL when memory runs out. */
bf_slabs *bf_slabs_new(void);

/** The same for one more who calls bf_slabs_free. */
bf_slabs *bf_slabs_share(bf_slabs *slabs);

/** Gives back the memory of those that no batch lies in. */
void bf_slabs_trim(bf_slabs *slabs);

/** What batches hold still goes when they are released, in any thread. */
void bf_slabs_free(bf_slabs *slabs);

/** A slab for a batch that begins; NULL when memory runs out. */
bf_slab *bf_slab_take(bf_slabs *slabs);

/** Lets all buffers below an array, which have no memory yet, take theirs from a slab. Whether room that is not needed costs nothing there:
 *  where no address space is left, each buffer is malloc's. */
bool bf_slab_serve(bf_slab *slab, struct ArrowArray *array);

/** Nothing is taken from it any more for a batch of so many bytes: it goes back when the last buffer does, and the memory of a large one at
 *  once. */
void bf_slab_end(bf_slab *slab, int64_t size_bytes);

#endif
