#include "source/encoding.h"

#include <errno.h>
#include <iconv.h>

enum { MAX_NAME = 64, MAX_CHARACTER_BYTES = 4 };

static const struct {
    const char *name, *charset;
} encodings[] = {
#define BF_ENCODING(name, charset) {name, charset},
#define BF_UNLIKE(charset, first, last)
#include "source/encodings.def"
#undef BF_ENCODING
#undef BF_UNLIKE
};

/* The first two bytes, or the one, of characters that CPython reads differently. */
static const struct {
    const char *charset;
    uint32_t first, last;
} unlike[] = {
#define BF_ENCODING(name, charset)
#define BF_UNLIKE(charset, first, last) {charset, first, last},
#include "source/encodings.def"
#undef BF_ENCODING
#undef BF_UNLIKE
};

/* ---- the name: CPython Parser/tokenizer/helpers.c, get_coding_spec ---- */

static bool is_blank(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\f';
}

/* Not isalnum: a library is called under any locale. */
static bool is_letter_or_digit(uint8_t c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_name(uint8_t c) {
    return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
}

/* Length of the line without its end, which is \n, \r\n or \r. */
static size_t line_length(const uint8_t *p, size_t n) {
    size_t i = 0;
    while (i < n && p[i] != '\n' && p[i] != '\r') i++;
    return i;
}

/* "coding: NAME" or "coding=NAME" in a line that is all comment. */
static size_t cookie_in(const uint8_t *line, size_t n, const uint8_t **name) {
    size_t i = 0;
    while (i < n && is_blank(line[i])) i++;
    if (i == n || line[i] != '#') return 0;
    for (; i + 7 <= n; i++) {
        if (memcmp(line + i, "coding", 6) || (line[i + 6] != ':' && line[i + 6] != '=')) continue;
        size_t begin = i + 7;
        while (begin < n && (line[begin] == ' ' || line[begin] == '\t')) begin++;
        size_t end = begin;
        while (end < n && is_name(line[end])) end++;
        *name = line + begin;
        if (end > begin) return end - begin;
    }
    return 0;
}

static bool is_blank_or_comment(const uint8_t *line, size_t n) {
    size_t i = 0;
    while (i < n && is_blank(line[i])) i++;
    return i == n || line[i] == '#';
}

/* The tokenizer's own names: "utf-8-unix" is utf-8. */
static bool names_family(const char *name, const char *family) {
    size_t n = strlen(family);
    return !strncmp(name, family, n) && (name[n] == 0 || name[n] == '-');
}

/* As encodings.normalize_encoding: letters and digits, one _ for what is between. */
static void normalize(const char *name, char out[MAX_NAME + 1]) {
    size_t n = 0;
    for (bool gap = false; *name; name++) {
        if (!is_letter_or_digit((uint8_t)*name)) {
            gap = n > 0;
            continue;
        }
        if (gap) out[n++] = '_';
        gap = false;
        out[n++] = *name;
    }
    out[n] = 0;
}

static const char *charset_of(const uint8_t *cookie, size_t n) {
    char name[MAX_NAME + 1], normal[MAX_NAME + 1];
    if (n > MAX_NAME) return NULL;
    for (size_t i = 0; i < n; i++) {
        bool is_capital = cookie[i] >= 'A' && cookie[i] <= 'Z';
        name[i] = (char)(cookie[i] == '_' ? '-' : is_capital ? cookie[i] | 0x20 : cookie[i]);
    }
    name[n] = 0;
    if (names_family(name, "utf-8")) return "UTF-8";
    if (names_family(name, "latin-1") || names_family(name, "iso-8859-1") || names_family(name, "iso-latin-1")) return "ISO8859-1";
    normalize(name, normal);
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++)
        if (!strcmp(encodings[i].name, normal)) return encodings[i].charset;
    return NULL;
}

bf_encoding bf_encoding_find(const uint8_t *file, size_t size) {
    if (size >= 3 && !memcmp(file, "\xef\xbb\xbf", 3)) return (bf_encoding){"UTF-8", true, 3};
    const uint8_t *line = file, *name;
    for (int i = 0; i < 2; i++) {
        size_t n = line_length(line, size - (size_t)(line - file)), n_name = cookie_in(line, n, &name);
        if (n_name) {
            const char *charset = charset_of(name, n_name);
            return (bf_encoding){charset, charset && !strcmp(charset, "UTF-8"), 0};
        }
        if (!is_blank_or_comment(line, n)) break;
        line += n;
        if (line < file + size) line += line[0] == '\r' && line + 1 < file + size && line[1] == '\n' ? 2 : 1;
    }
    return (bf_encoding){"UTF-8", true, 0};
}

/* ---- the text ---- */

static bool is_unlike(const char *charset, const uint8_t *p, size_t n) {
    uint32_t code = n == 1 ? p[0] : (uint32_t)p[0] << 8 | p[1];
    for (size_t i = 0; i < sizeof unlike / sizeof *unlike; i++)
        if (code >= unlike[i].first && code <= unlike[i].last && !strcmp(unlike[i].charset, charset)) return true;
    return false;
}

/* Converts the one character at p: the shortest run of bytes that is complete. Gives its bytes, 0 where there is none. */
static size_t convert_character(iconv_t cd, const uint8_t *p, size_t left, char out[16], size_t *n_out) {
    for (size_t n = 1; n <= MAX_CHARACTER_BYTES && n <= left; n++) {
        char in[MAX_CHARACTER_BYTES], *from = in, *to = out;
        size_t n_in = n, room = 16;
        memcpy(in, p, n);
        if (iconv(cd, &from, &n_in, &to, &room) != (size_t)-1) {
            iconv(cd, NULL, NULL, &to, &room); /* some hold a character back, in case that an accent follows */
            *n_out = 16 - room;
            return *n_out ? n : 0;
        }
        int number = errno;
        iconv(cd, NULL, NULL, NULL, NULL);
        if (number != EINVAL) return 0; /* EINVAL: the bytes end inside of a character */
    }
    return 0;
}

static bf_status read_characters(bf_buf *text, bf_buf *origins, iconv_t cd, const char *charset, const uint8_t *file, size_t size,
                                 bf_error *err) {
    for (size_t at = 0; at < size;) {
        uint32_t origin = (uint32_t)at;
        bf_buf_put(origins, &origin, sizeof origin);
        if (file[at] < 0x80) {
            bf_buf_putc(text, (char)file[at++]);
            continue;
        }
        char character[16];
        size_t n_utf8, n = convert_character(cd, file + at, size - at, character, &n_utf8);
        if (!n || is_unlike(charset, file + at, n)) return bf_fail(err, BF_CORRUPT, (int64_t)at, "byte 0x%02x is no %s", file[at], charset);
        bf_buf_put(text, character, n_utf8);
        at += n;
    }
    uint32_t end = (uint32_t)size;
    bf_buf_put(origins, &end, sizeof end);
    return text->failed || origins->failed ? bf_fail(err, BF_NO_MEMORY, -1, "out of memory") : BF_OK;
}

bf_status bf_encoding_read(bf_buf *text, bf_buf *origins, const char *charset, const uint8_t *file, size_t size, bf_error *err) {
    iconv_t cd = iconv_open("UTF-8", charset);
    if (cd == (iconv_t)-1) return bf_fail(err, errno == ENOMEM ? BF_NO_MEMORY : BF_UNSUPPORTED, -1, "iconv reads no %s", charset);
    bf_status st = read_characters(text, origins, cd, charset, file, size, err);
    iconv_close(cd);
    return st;
}
