#include "source/text.h"

#include <stdlib.h>

#include "base/load.h"
#include "source/encoding.h"

enum { BLOCK = 256 };

/* ---- UTF-8 ---- */

static bool is_ascii(const uint8_t *p, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        if (bf_load_u64(p + i) & 0x8080808080808080u) return false;
    for (; i < n; i++)
        if (p[i] & 0x80) return false;
    return true;
}

/* Code points that begin in n bytes: all bytes but 10xxxxxx. */
static uint32_t count_starts(const uint8_t *p, size_t n) {
    uint32_t count = (uint32_t)n;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t word = bf_load_u64(p + i);
        uint64_t inner = word >> 7 & ~(word >> 6) & 0x0101010101010101u;
        count -= (uint32_t)(inner * 0x0101010101010101u >> 56);
    }
    for (; i < n; i++) count -= (p[i] & 0xc0) == 0x80;
    return count;
}

static bool is_utf8(const uint8_t *p, size_t n) {
    for (size_t i = 0; i < n;) {
        uint8_t c = p[i];
        size_t length = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
        if (length == 0 || length > n - i) return false;
        for (size_t k = 1; k < length; k++)
            if ((p[i + k] & 0xc0) != 0x80) return false;
        if ((c == 0xe0 && p[i + 1] < 0xa0) || (c == 0xf0 && p[i + 1] < 0x90)) return false; /* longer than needed */
        if ((c == 0xed && p[i + 1] > 0x9f) || (c == 0xf4 && p[i + 1] > 0x8f)) return false; /* surrogates, beyond U+10FFFF */
        i += length;
    }
    return true;
}

static bf_status no_memory(bf_error *err) {
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

static bf_status count_blocks(bf_text *t, bf_error *err) {
    uint32_t n_blocks = t->n / BLOCK + 1, count = 0;
    if (!(t->counts = malloc(n_blocks * sizeof *t->counts))) return no_memory(err);
    for (uint32_t i = 0; i < n_blocks; i++) {
        t->counts[i] = count;
        count += count_starts(t->utf8 + i * BLOCK, t->n - i * BLOCK < BLOCK ? t->n - i * BLOCK : BLOCK);
    }
    return BF_OK;
}

static uint32_t code_points_before(const bf_text *t, uint32_t at) {
    return t->counts[at / BLOCK] + count_starts(t->utf8 + at / BLOCK * BLOCK, at % BLOCK);
}

static uint32_t code_points_between(const bf_text *t, uint32_t start, uint32_t end) {
    if (end - start <= 2 * BLOCK) return count_starts(t->utf8 + start, end - start);
    return code_points_before(t, end) - code_points_before(t, start);
}

/* ---- lines ---- */

/* The first line end in [p, end), or `end`. Without a \r in the file, memchr finds it. */
static const uint8_t *line_end(const uint8_t *p, const uint8_t *end, bool any_cr) {
    if (!any_cr) {
        const uint8_t *found = memchr(p, '\n', (size_t)(end - p));
        return found ? found : end;
    }
    while (p < end && *p != '\n' && *p != '\r') p++;
    return p;
}

static bf_status find_lines(bf_text *t, bf_error *err) {
    const uint8_t *p = t->utf8, *end = t->utf8 + t->n;
    bool any_cr = t->n && memchr(p, '\r', t->n);
    uint32_t capacity = t->n / 32 + 16;
    if (!(t->lines = malloc(capacity * sizeof *t->lines))) return no_memory(err);
    for (t->n_lines = 0;;) {
        if (t->n_lines == capacity) {
            capacity *= 2;
            uint32_t *lines = realloc(t->lines, capacity * sizeof *lines);
            if (!lines) return no_memory(err);
            t->lines = lines;
        }
        t->lines[t->n_lines++] = (uint32_t)(p - t->utf8);
        if (p == end || (p = line_end(p, end, any_cr)) == end) return BF_OK;
        p += *p == '\r' && p + 1 < end && p[1] == '\n' ? 2 : 1;
    }
}

/* Where a line's characters end. */
static uint32_t end_of_line(const bf_text *t, uint32_t line0) {
    if (line0 + 1 == t->n_lines) return t->n;
    uint32_t end = t->lines[line0 + 1] - 1;
    bool two = t->utf8[end] == '\n' && end > t->lines[line0] && t->utf8[end - 1] == '\r';
    return two ? end - 1 : end;
}

/* ---- all of it ---- */

bf_status bf_text_read(bf_text *out, const uint8_t *file, size_t size, bf_error *err) {
    *out = (bf_text){0};
    bf_status st = BF_OK;
    bool plain = is_ascii(file, size);
    bf_encoding encoding = bf_encoding_find(file, size);
    if (!encoding.charset) return bf_fail(err, BF_UNSUPPORTED, -1, "a coding cookie that is not known"); /* ASCII may mean anything then */
    if (plain || encoding.is_utf8) {
        out->bom = (uint32_t)encoding.bom;
        out->utf8 = file + encoding.bom;
        out->n = (uint32_t)(size - encoding.bom);
        out->is_broken = !plain && !is_utf8(out->utf8, out->n);
    } else {
        st = bf_encoding_read(&out->converted, &out->origin_bytes, encoding.charset, file, size, err);
        if (st == BF_OK && out->converted.n > INT32_MAX) st = bf_fail(err, BF_LIMIT, -1, "source of %zu bytes of UTF-8", out->converted.n);
        out->utf8 = (const uint8_t *)out->converted.p;
        out->n = (uint32_t)out->converted.n;
        out->origins = (const uint32_t *)(const void *)out->origin_bytes.p;
    }
    if (st == BF_OK) st = find_lines(out, err);
    if (st == BF_OK && !plain) st = count_blocks(out, err);
    if (st != BF_OK) bf_text_free(out);
    return st;
}

void bf_text_free(bf_text *t) {
    free(t->lines);
    free(t->counts);
    bf_buf_free(&t->converted);
    bf_buf_free(&t->origin_bytes);
    *t = (bf_text){0};
}

bool bf_text_find(const bf_text *t, int32_t line, int32_t col, bf_text_place *out) {
    if (line < 1 || (uint32_t)line > t->n_lines || col < 0) return false;
    uint32_t start = t->lines[line - 1];
    if ((uint32_t)col > end_of_line(t, (uint32_t)line - 1) - start) return false;
    uint32_t at = start + (uint32_t)col;
    if (!t->counts) {
        *out = (bf_text_place){col, (int32_t)(at + t->bom)};
        return true;
    }
    if (at < t->n && (t->utf8[at] & 0xc0) == 0x80) return false;
    if (t->is_broken && !is_utf8(t->utf8 + start, (size_t)col)) return false;
    uint32_t offset = t->origins ? t->origins[code_points_before(t, at)] : at + t->bom;
    *out = (bf_text_place){(int32_t)code_points_between(t, start, at), (int32_t)offset};
    return true;
}
