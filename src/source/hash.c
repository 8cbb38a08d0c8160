#include "source/hash.h"

#include "base/load.h"

/* Rounds for each word and at the end. CPython Python/pyhash.c: _Py_KeyedHash is siphash13 from 3.11, siphash24 before. */
typedef struct rounds {
    int since_minor, word, end;
} rounds;

static const rounds of_versions[] = {{11, 1, 3}, {0, 2, 4}};

static uint64_t turn(uint64_t x, int bits) {
    return x << bits | x >> (64 - bits);
}

static void mix(uint64_t v[4], int n) {
    while (n-- > 0) {
        v[0] += v[1], v[1] = turn(v[1], 13) ^ v[0], v[0] = turn(v[0], 32);
        v[2] += v[3], v[3] = turn(v[3], 16) ^ v[2];
        v[0] += v[3], v[3] = turn(v[3], 21) ^ v[0];
        v[2] += v[1], v[1] = turn(v[1], 17) ^ v[2], v[2] = turn(v[2], 32);
    }
}

uint64_t bf_source_hash(const uint8_t *source, size_t size, uint32_t magic, const bf_cpython *version) {
    const rounds *r = of_versions;
    while (r->since_minor > version->minor) r++;
    uint64_t key = magic; /* the lower half; the upper one is 0 */
    uint64_t v[4] = {key ^ 0x736f6d6570736575, 0x646f72616e646f6d, key ^ 0x6c7967656e657261, 0x7465646279746573};
    uint64_t last = (uint64_t)size << 56;
    size_t at = 0;
    for (; at + 8 <= size; at += 8) {
        uint64_t word = bf_load_u64(source + at);
        v[3] ^= word;
        mix(v, r->word);
        v[0] ^= word;
    }
    for (int shift = 0; at < size; at++, shift += 8) last |= (uint64_t)source[at] << shift;
    v[3] ^= last;
    mix(v, r->word);
    v[0] ^= last;
    v[2] ^= 0xff;
    mix(v, r->end);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
