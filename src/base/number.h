/* Numbers as text, the same in every locale. */
#ifndef BF_BASE_NUMBER_H
#define BF_BASE_NUMBER_H

#include "base/buf.h"

void bf_put_i64(bf_buf *out, int64_t x);
void bf_put_u64(bf_buf *out, uint64_t x);

/** x with at least `width` digits, zeros in front. */
void bf_put_padded(bf_buf *out, uint64_t x, int width);

/** What a number has to read back as, to tell how many of its digits count. A double holds each of them. */
typedef enum bf_float_kind { BF_FLOAT16, BF_FLOAT32, BF_FLOAT64 } bf_float_kind;

/** The shortest text that reads back as x, as Python writes floats: 1.0, 0.0001, 1e-05, 1e+16, -inf, nan. */
void bf_put_float(bf_buf *out, double x, bf_float_kind kind);

/** The same for |x|; `point_zero` is whether a whole number ends in ".0". */
void bf_put_magnitude(bf_buf *out, double x, bf_float_kind kind, bool point_zero);

/** A two's complement integer of 4, 8, 16 or 32 little-endian bytes times ten to the power of -scale: "-0.05", "1200". */
void bf_put_decimal(bf_buf *out, const uint8_t *bytes, size_t size, int32_t scale);

#endif
