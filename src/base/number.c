#include "base/number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/load.h"

enum {
    MAX_DIGITS = 17,    /* of a double that reads back */
    DECIMAL_LIMBS = 10, /* of nine digits: 2**256 has 78 */
    LIMB = 1000000000
};

/* ---- integers ---- */

/* The digits of x at the end of text[20]; gives where they begin. */
static int digits_of(uint64_t x, char text[20]) {
    static const char pairs[] = "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
                                "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
    int at = 20;
    for (; x >= 100; x /= 100) {
        at -= 2;
        memcpy(text + at, pairs + x % 100 * 2, 2);
    }
    if (x >= 10) {
        at -= 2;
        memcpy(text + at, pairs + x * 2, 2);
    } else {
        text[--at] = (char)('0' + x);
    }
    return at;
}

void bf_put_u64(bf_buf *out, uint64_t x) {
    char text[20];
    int at = digits_of(x, text);
    bf_buf_put(out, text + at, (size_t)(20 - at));
}

void bf_put_i64(bf_buf *out, int64_t x) {
    if (x < 0) bf_buf_putc(out, '-');
    bf_put_u64(out, x < 0 ? 0 - (uint64_t)x : (uint64_t)x);
}

void bf_put_padded(bf_buf *out, uint64_t x, int width) {
    char text[20];
    int at = digits_of(x, text);
    for (int i = 20 - at; i < width; i++) bf_buf_putc(out, '0');
    bf_buf_put(out, text + at, (size_t)(20 - at));
}

/* ---- floats ---- */

/* The nearest half float: eleven bits of it, fewer below 2**-14. */
static double nearest_half(double x) {
    int exponent;
    frexp(x, &exponent);
    double step = ldexp(1, (exponent - 1 < -14 ? -14 : exponent - 1) - 10);
    return nearbyint(x / step) * step;
}

static bool reads_back16(const char *text, double x) {
    return nearest_half(strtod(text, NULL)) == x;
}

static bool reads_back32(const char *text, double x) {
    return (double)strtof(text, NULL) == x;
}

static bool reads_back64(const char *text, double x) {
    return strtod(text, NULL) == x;
}

/* So many digits that each decimal survives, so many that each number does, and where the first ceases to hold. */
static const struct {
    int sure, enough;
    double least_normal;
    bool (*reads_back)(const char *text, double x);
} kinds[] = {
    [BF_FLOAT16] = {3, 5, 0x1p-14, reads_back16},
    [BF_FLOAT32] = {FLT_DIG, FLT_DECIMAL_DIG, FLT_MIN, reads_back32},
    [BF_FLOAT64] = {DBL_DIG, DBL_DECIMAL_DIG, DBL_MIN, reads_back64},
};

/* A number d.ddd * 10**exponent. */
typedef struct decimal {
    char digits[MAX_DIGITS + 1];
    int n, exponent;
} decimal;

static void trim(decimal *d) {
    while (d->n > 1 && d->digits[d->n - 1] == '0') d->n--;
}

/* A quotient of integers that a double holds is the nearest one, so n / 10**k == x says that n * 10**-k reads back as x; and of
 * at most 15 digits there is no other. This finds what people write, without printf. */
static bool few_digits(double x, decimal *out) {
    static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    if (x >= 1e15 || x < 1e-6) return false;
    for (int k = 0; k < (int)(sizeof powers / sizeof *powers); k++) {
        double scaled = x * powers[k];
        if (scaled >= 1e15) return false;
        double whole = (double)(int64_t)(scaled + 0.5);
        if (whole / powers[k] != x) continue;
        char text[20];
        int at = digits_of((uint64_t)whole, text);
        out->n = 20 - at;
        memcpy(out->digits, text + at, (size_t)out->n);
        out->exponent = out->n - 1 - k;
        trim(out);
        return true;
    }
    return false;
}

/* The nearest decimal of so many digits. What printf puts for the point depends on the locale, so only digits are taken. */
static void print_digits(double x, int n, decimal *out) {
    char text[64];
    snprintf(text, sizeof text, "%.*e", n - 1, x);
    const char *p = text;
    out->n = 0;
    for (; *p && *p != 'e'; p++)
        if (*p >= '0' && *p <= '9' && out->n < MAX_DIGITS) out->digits[out->n++] = *p;
    out->exponent = *p ? (int)strtol(p + 1, NULL, 10) : 0;
}

static bool reads_back(const decimal *d, double x, bf_float_kind kind) {
    char text[40]; /* an integer and an exponent: no point */
    snprintf(text, sizeof text, "%.*se%d", d->n, d->digits, d->exponent - (d->n - 1));
    return kinds[kind].reads_back(text, x);
}

/* One more in the last place; false for 9...9. */
static bool step_up(decimal *d) {
    int i = d->n - 1;
    while (i >= 0 && d->digits[i] == '9') d->digits[i--] = '0';
    if (i < 0) return false;
    d->digits[i]++;
    return true;
}

/* The fewest digits that read back as x > 0, and of those the nearest. Next to a power of two the nearest of a length may miss
 * while its upper neighbour reads back, since x has more room above than below. */
static void shortest(double x, bf_float_kind kind, decimal *out) {
    if (x == 0) {
        *out = (decimal){.digits = "0", .n = 1};
        return;
    }
    if (kind == BF_FLOAT64 && few_digits(x, out)) return;
    for (int n = x < kinds[kind].least_normal ? 1 : kinds[kind].sure; n <= kinds[kind].enough; n++) {
        print_digits(x, n, out);
        if (n == kinds[kind].enough || reads_back(out, x, kind)) break;
        decimal up = *out;
        if (step_up(&up) && reads_back(&up, x, kind)) {
            *out = up;
            break;
        }
    }
    trim(out);
}

void bf_put_magnitude(bf_buf *out, double x, bf_float_kind kind, bool point_zero) {
    if (isnan(x) || isinf(x)) {
        bf_buf_puts(out, isnan(x) ? "nan" : "inf");
        return;
    }
    decimal d;
    shortest(fabs(x), kind, &d);
    if (d.exponent < -4 || d.exponent >= 16) {
        bf_buf_putc(out, d.digits[0]);
        if (d.n > 1) {
            bf_buf_putc(out, '.');
            bf_buf_put(out, d.digits + 1, (size_t)d.n - 1);
        }
        bf_buf_puts(out, d.exponent < 0 ? "e-" : "e+");
        bf_put_padded(out, (uint64_t)abs(d.exponent), 2);
        return;
    }
    if (d.exponent < 0) {
        bf_buf_puts(out, "0.");
        for (int i = d.exponent; i < -1; i++) bf_buf_putc(out, '0');
        bf_buf_put(out, d.digits, (size_t)d.n);
        return;
    }
    for (int i = 0; i <= d.exponent; i++) bf_buf_putc(out, i < d.n ? d.digits[i] : '0');
    if (d.n > d.exponent + 1) {
        bf_buf_putc(out, '.');
        bf_buf_put(out, d.digits + d.exponent + 1, (size_t)(d.n - d.exponent - 1));
    } else if (point_zero) {
        bf_buf_puts(out, ".0");
    }
}

void bf_put_float(bf_buf *out, double x, bf_float_kind kind) {
    if (signbit(x) && !isnan(x)) bf_buf_putc(out, '-');
    bf_put_magnitude(out, x, kind, true);
}

/* ---- decimals ---- */

/* The digits of |bytes| at the end of text; gives where they begin. */
static int decimal_digits(const uint8_t *bytes, size_t size, bool negative, char text[DECIMAL_LIMBS * 9]) {
    uint32_t words[8];
    size_t n = size / 4;
    uint64_t carry = negative;
    for (size_t i = 0; i < n; i++) {
        uint32_t word = bf_load_u32(bytes + 4 * i);
        if (negative) {
            carry += (uint32_t)~word;
            word = (uint32_t)carry;
            carry >>= 32;
        }
        words[i] = word;
    }
    int at = DECIMAL_LIMBS * 9;
    while (n) {
        uint64_t rest = 0;
        for (size_t i = n; i-- > 0;) {
            rest = rest << 32 | words[i];
            words[i] = (uint32_t)(rest / LIMB);
            rest %= LIMB;
        }
        while (n && !words[n - 1]) n--;
        for (int i = 0; i < 9; i++, rest /= 10) text[--at] = (char)('0' + rest % 10);
    }
    while (at < DECIMAL_LIMBS * 9 - 1 && text[at] == '0') at++;
    return at;
}

void bf_put_decimal(bf_buf *out, const uint8_t *bytes, size_t size, int32_t scale) {
    char text[DECIMAL_LIMBS * 9];
    bool negative = bytes[size - 1] & 0x80;
    int at = decimal_digits(bytes, size, negative, text);
    int n = DECIMAL_LIMBS * 9 - at;
    const char *digits = text + at;
    if (negative) bf_buf_putc(out, '-');
    if (scale <= 0) {
        bf_buf_put(out, digits, (size_t)n);
        for (; scale < 0 && digits[0] != '0'; scale++) bf_buf_putc(out, '0');
        return;
    }
    int before = n > scale ? n - scale : 0;
    bf_buf_put(out, before ? digits : "0", before ? (size_t)before : 1);
    bf_buf_putc(out, '.');
    for (int i = n; i < scale; i++) bf_buf_putc(out, '0');
    bf_buf_put(out, digits + before, (size_t)(n - before));
}
