#include "render/display.h"

#include <utf8proc.h>

/* What a reader takes for one character: its bytes and columns. */
typedef struct cluster {
    size_t n, width;
    utf8proc_int32_t first; /* code point; negative: no UTF-8 */
} cluster;

static bool is_ascii_text(char c) {
    return c >= 0x20 && c < 0x7f;
}

static utf8proc_int32_t decode(const char *p, size_t n, size_t *length) {
    utf8proc_int32_t c;
    utf8proc_ssize_t k = utf8proc_iterate((const utf8proc_uint8_t *)p, (utf8proc_ssize_t)n, &c);
    *length = k > 0 ? (size_t)k : 1;
    return k > 0 ? c : -1;
}

/* Marks are of no width and joined pictures of one picture's, which is two. */
static cluster next_cluster(const char *p, size_t n) {
    if (is_ascii_text(p[0]) && (n == 1 || !(p[1] & 0x80))) return (cluster){1, 1, p[0]};
    size_t length;
    cluster k = {0};
    utf8proc_int32_t c = decode(p, n, &length), next, state = 0;
    k.first = c;
    for (;;) {
        k.n += length;
        if (c >= 0) k.width += (size_t)utf8proc_charwidth(c);
        if (c < 0 || k.n == n) break;
        next = decode(p + k.n, n - k.n, &length);
        if (next < 0 || utf8proc_grapheme_break_stateful(c, next, &state)) break;
        c = next;
    }
    if (k.width > 2) k.width = 2;
    return k;
}

static bool is_hidden(utf8proc_int32_t c) {
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_CC: /* controls */
    case UTF8PROC_CATEGORY_CF: /* the direction of text, joiners without anything to join, ... */
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return true;
    default: return false;
    }
}

static size_t put_escape(bf_buf *out, uint32_t c) {
    size_t before = out->n;
    if (c == '\n' || c == '\t' || c == '\r')
        bf_buf_puts(out, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r");
    else
        bf_buf_printf(out, c <= 0xff ? "\\x%02x" : c <= 0xffff ? "\\u%04x" : "\\U%08x", (unsigned)c);
    return out->n - before;
}

size_t bf_put_display(bf_buf *out, const char *p, size_t n, size_t enough) {
    size_t width = 0;
    for (const char *end = p + n; p < end && (!enough || width <= enough);) {
        const char *run = p;
        while (run < end && is_ascii_text(*run) && (run + 1 == end || !(run[1] & 0x80)) && (!enough || width + (size_t)(run - p) <= enough))
            run++;
        if (run > p) {
            bf_buf_put(out, p, (size_t)(run - p));
            width += (size_t)(run - p);
            p = run;
            continue;
        }
        cluster k = next_cluster(p, (size_t)(end - p));
        if (k.first < 0 || is_hidden(k.first)) { /* only its first code point: what follows may be seen */
            size_t length;
            decode(p, (size_t)(end - p), &length);
            width += put_escape(out, k.first < 0 ? (uint8_t)*p : (uint32_t)k.first);
            p += length;
        } else {
            bf_buf_put(out, p, k.n);
            width += k.width;
            p += k.n;
        }
    }
    return width;
}

size_t bf_put_cut(bf_buf *out, const char *p, size_t n, size_t width) {
    size_t at = 0, used = 0, kept = 0, kept_width = 0; /* kept: what leaves room for the ellipsis */
    while (at < n) {
        cluster k = next_cluster(p + at, n - at);
        if (used + k.width > width) {
            bf_buf_put(out, p, kept);
            bf_buf_puts(out, "\u2026");
            return kept_width + 1;
        }
        at += k.n;
        used += k.width;
        if (used < width) {
            kept = at;
            kept_width = used;
        }
    }
    bf_buf_put(out, p, n);
    return used;
}
