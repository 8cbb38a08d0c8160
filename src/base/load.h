/* Little-endian integers from unaligned bytes; the caller has checked the bound. */
#ifndef BF_BASE_LOAD_H
#define BF_BASE_LOAD_H

#include <stdint.h>

static inline uint16_t bf_load_u16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t bf_load_u32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t bf_load_u64(const uint8_t *p) {
    return bf_load_u32(p) | (uint64_t)bf_load_u32(p + 4) << 32;
}

#endif
