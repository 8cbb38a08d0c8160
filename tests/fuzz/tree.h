/* Mutates marshalled objects as a tree, so that what comes out is mostly marshal again: counts fit their contents, and references lead
 * to the objects that they led to before. */
#ifndef BF_FUZZ_TREE_H
#define BF_FUZZ_TREE_H

#include <stddef.h>

#include "version/version.h"

/** Reads one object from data[0, size), changes the tree, and writes it to the same place; gives the new size, at most max_size. What follows
 *  the object, or what is none, is kept as it is. */
size_t tree_mutate(uint8_t *data, size_t size, size_t max_size, const bf_cpython *version, unsigned seed);

#endif
