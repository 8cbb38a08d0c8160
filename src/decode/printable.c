#include "decode/repr.h"

/* Bit b of a row's mask: not printable in the Unicode version of that bit. */
static const struct {
    uint8_t bit;
    int unicode;
} unicodes[] = {
#define BF_UNICODE(bit, unicode) {bit, unicode},
#define BF_UNPRINTABLE(low, high, mask)
#include "decode/printable.def"
#undef BF_UNICODE
#undef BF_UNPRINTABLE
};

static const struct {
    uint32_t low, high, mask;
} hidden[] = {
#define BF_UNICODE(bit, unicode)
#define BF_UNPRINTABLE(low, high, mask) {low, high, mask},
#include "decode/printable.def"
#undef BF_UNICODE
#undef BF_UNPRINTABLE
};

bool bf_is_printable(uint32_t code_point, const bf_cpython *version) {
    if (code_point < 0x80) return code_point >= 0x20 && code_point < 0x7f;
    if (!version->unicode) return false;
    size_t low = 0, high = sizeof hidden / sizeof *hidden;
    while (low < high) { /* the first row that ends at or after it */
        size_t middle = (low + high) / 2;
        if (hidden[middle].high < code_point)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == sizeof hidden / sizeof *hidden || hidden[low].low > code_point) return true;
    for (size_t i = 0; i < sizeof unicodes / sizeof *unicodes; i++)
        if (unicodes[i].unicode == version->unicode) return !(hidden[low].mask >> unicodes[i].bit & 1);
    return true;
}
