/* Sizes as options give them. */
#ifndef BF_PROFILE_SIZE_H
#define BF_PROFILE_SIZE_H

#include <stdint.h>

enum { BF_SIZE_NONE = -1, BF_SIZE_WRONG = -2 };

/** Bytes of "512M" or "1.5G" (K, M, G, T of 1024), of "80%" of the memory that this process may use; BF_SIZE_NONE for "none";
 *  BF_SIZE_WRONG for any other text, and for what is less than 1M. */
int64_t bf_size_parse(const char *text);

#endif
