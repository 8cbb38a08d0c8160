#include "dataset/footer_key.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/load.h"

enum { MAX_DEPTH = 16, TAIL_BYTES = 8, GUESS_BYTES = 1 << 16, MAX_FOOTER_BYTES = 1 << 28 };

/* ---- Thrift's compact protocol ---- */

typedef struct reader {
    const uint8_t *at, *end;
} reader;

enum { STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT };

static bool read_byte(reader *r, uint8_t *out) {
    if (r->at == r->end) return false;
    *out = *r->at++;
    return true;
}

static bool read_varint(reader *r, uint64_t *out) {
    uint8_t byte = 0x80;
    *out = 0;
    for (int shift = 0; byte & 0x80; shift += 7) {
        if (shift > 63 || !read_byte(r, &byte)) return false;
        *out |= (uint64_t)(byte & 0x7f) << shift;
    }
    return true;
}

static bool read_zigzag(reader *r, int64_t *out) {
    uint64_t n;
    if (!read_varint(r, &n)) return false;
    *out = (int64_t)(n >> 1) ^ -(int64_t)(n & 1);
    return true;
}

static bool skip_bytes(reader *r, uint64_t n) {
    if (n > (uint64_t)(r->end - r->at)) return false;
    r->at += n;
    return true;
}

/* The id and the type of the next field of a struct; STOP is its end. */
static bool read_field(reader *r, int64_t *id, uint8_t *type) {
    uint8_t head;
    if (!read_byte(r, &head)) return false;
    *type = head & 15;
    if (*type == STOP) return true;
    if (!(head >> 4)) return read_zigzag(r, id);
    *id += head >> 4;
    return true;
}

static bool read_list(reader *r, uint64_t *n, uint8_t *type) {
    uint8_t head;
    if (!read_byte(r, &head)) return false;
    *type = head & 15;
    *n = head >> 4;
    return *n < 15 || read_varint(r, n);
}

static bool skip(reader *r, uint8_t type, int depth);

static bool skip_list(reader *r, int depth) {
    uint64_t n;
    uint8_t type;
    if (!read_list(r, &n, &type)) return false;
    bool is_bool = type == TRUE || type == FALSE; /* a byte each, in a list */
    if (is_bool) return skip_bytes(r, n);
    for (; n; n--)
        if (!skip(r, type, depth)) return false;
    return true;
}

static bool skip_struct(reader *r, int depth) {
    int64_t id = 0;
    for (uint8_t type;;) {
        if (!read_field(r, &id, &type)) return false;
        if (type == STOP) return true;
        if (!skip(r, type, depth)) return false;
    }
}

static bool skip(reader *r, uint8_t type, int depth) {
    uint64_t n;
    if (depth == MAX_DEPTH) return false;
    switch (type) {
    case TRUE:
    case FALSE: return true; /* the value is the type of the field */
    case BYTE: return skip_bytes(r, 1);
    case I16:
    case I32:
    case I64: return read_varint(r, &n);
    case DOUBLE: return skip_bytes(r, 8);
    case BINARY: return read_varint(r, &n) && skip_bytes(r, n);
    case LIST:
    case SET: return skip_list(r, depth + 1);
    case STRUCT: return skip_struct(r, depth + 1);
    default: return false; /* Parquet has no maps */
    }
}

/* ---- FileMetaData ---- */

enum { NUM_ROWS = 3, ROW_GROUPS = 4 };

static bool read_row_groups(reader *r, int64_t *n) {
    reader list = *r;
    uint64_t count;
    uint8_t type;
    if (!read_list(&list, &count, &type) || !skip(r, LIST, 0)) return false;
    *n = (int64_t)count;
    return true;
}

bool bf_footer_key_parse(bf_footer_key *out, const uint8_t *data, size_t size) {
    reader r = {data, data + size};
    bf_buf rest = {0};
    bool has_rows = false, has_row_groups = false, is_whole = false;
    int64_t id = 0;
    for (uint8_t type;;) {
        if (!read_field(&r, &id, &type)) break;
        if (type == STOP) {
            is_whole = r.at == r.end;
            break;
        }
        const uint8_t *start = r.at;
        bool is_rows = id == NUM_ROWS && type == I64, are_groups = id == ROW_GROUPS && type == LIST;
        if (!(is_rows ? read_zigzag(&r, &out->rows) : are_groups ? read_row_groups(&r, &out->row_groups) : skip(&r, type, 0))) break;
        has_rows |= is_rows, has_row_groups |= are_groups;
        if (is_rows || are_groups) continue;
        bf_buf_putc(&rest, (char)id);
        bf_buf_putc(&rest, (char)type);
        bf_buf_put(&rest, start, (size_t)(r.at - start));
    }
    bool ok = is_whole && has_rows && has_row_groups && !rest.failed;
    if (ok) bf_sha256(out->digest, rest.p, rest.n);
    bf_buf_free(&rest);
    return ok;
}

/* ---- a file ---- */

static bool read_at(int fd, uint8_t *to, size_t n, off_t from) {
    while (n) {
        ssize_t got = pread(fd, to, n, from);
        if (got <= 0) return false;
        to += got, n -= (size_t)got, from += got;
    }
    return true;
}

/* The last bytes of a file, whole footer included; from malloc. */
static uint8_t *read_tail(int fd, off_t size, size_t *n_footer, size_t *n_tail) {
    size_t n = size < GUESS_BYTES ? (size_t)size : GUESS_BYTES;
    uint8_t *tail = NULL;
    for (int i = 0; i < 2 && n >= TAIL_BYTES; i++) {
        free(tail);
        tail = malloc(n);
        if (!tail || !read_at(fd, tail, n, size - (off_t)n) || memcmp(tail + n - 4, "PAR1", 4)) break;
        *n_footer = bf_load_u32(tail + n - TAIL_BYTES);
        *n_tail = n;
        if (*n_footer + TAIL_BYTES <= n) return tail;
        if (*n_footer > MAX_FOOTER_BYTES || (off_t)*n_footer + TAIL_BYTES > size) break;
        n = *n_footer + TAIL_BYTES;
    }
    free(tail);
    return NULL;
}

bool bf_footer_key_read(bf_footer_key *out, const char *path) {
    struct stat info;
    size_t n_footer, n_tail;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return false;
    uint8_t *tail = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) ? read_tail(fd, info.st_size, &n_footer, &n_tail) : NULL;
    close(fd);
    bool ok = tail && bf_footer_key_parse(out, tail + n_tail - TAIL_BYTES - n_footer, n_footer);
    free(tail);
    return ok;
}
