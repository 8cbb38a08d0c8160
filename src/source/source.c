#include "source/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/load.h"
#include "pyc/header.h"
#include "source/find.h"
#include "source/hash.h"
#include "source/text.h"

typedef struct source {
    const bf_pyc_header *header;
    uint32_t magic; /* all four bytes: the key of the hash */
    const char *path;
    uint8_t *data; /* NULL unless it matches */
    size_t size;
    bf_text text;
} source;

/* ---- whether it is the one ---- */

/* os.stat gives CPython the time as a float, which can round up to the next second. */
static uint32_t mtime_of(const struct stat *info) {
    double seconds = (double)info->st_mtim.tv_sec + 1e-9 * (double)info->st_mtim.tv_nsec;
    return (uint32_t)(int64_t)seconds;
}

static bool may_match(const source *s, const struct stat *info) {
    const bf_pyc_header *h = s->header;
    if (!h || !h->size_bytes) return false;
    return h->is_hash || (h->source_mtime == mtime_of(info) && (!h->has_source_size || h->source_size == (uint32_t)info->st_size));
}

static bool matches(const source *s, const struct stat *info) {
    const bf_pyc_header *h = s->header;
    return h->is_hash ? h->source_hash == bf_source_hash(s->data, s->size, s->magic, h->version) : s->size == (size_t)info->st_size;
}

/* Reads it where the header confirms it; *status says what came of that. */
static bf_status confirm(source *s, const char **status, bf_error *err) {
    struct stat info;
    bf_error why = {0};
    int number = !s->path ? ENOENT : stat(s->path, &info) ? errno : 0;
    *status = "absent";
    if (number == ENOENT || number == ENOTDIR) return BF_OK;
    *status = "unreadable";
    if (number || !S_ISREG(info.st_mode)) return BF_OK;
    *status = "mismatch";
    if (!may_match(s, &info)) return BF_OK;
    bf_status st = bf_file_read(s->path, BF_MAX_SOURCE_BYTES, &s->data, &s->size, &why);
    if (st == BF_NO_MEMORY) return bf_fail(err, st, -1, "out of memory");
    if (st != BF_OK) *status = "unreadable";
    if (st != BF_OK || !matches(s, &info)) return BF_OK;
    st = bf_text_read(&s->text, s->data, s->size, &why);
    if (st == BF_NO_MEMORY) return bf_fail(err, st, -1, "out of memory");
    *status = st == BF_OK ? "match" : "unreadable";
    return BF_OK;
}

/* ---- spans ---- */

static bool place(const bf_text *text, bf_instr *i) {
    bf_text_place start, end;
    bf_position *p = &i->position;
    if (!bf_text_find(text, p->line, p->col, &start) || !bf_text_find(text, p->end_line, p->end_col, &end)) return false;
    if (end.offset < start.offset) return false;
    p->col = start.col;
    p->end_col = end.col;
    i->byte_start = start.offset;
    i->byte_len = end.offset - start.offset;
    return true;
}

static bool tell_outside(bf_file_facts *facts, const source *s, int64_t n, const bf_code_facts *code, const bf_instr *i, bf_arena *arena) {
    const bf_position *p = &i->position;
    char text[200];
    snprintf(text, sizeof text,
             "%lld spans are not in the source of %u lines that the header confirms; first %d:%d-%d:%d, of the instruction at %d",
             (long long)n, s->text.n_lines, p->line, p->col, p->end_line, p->end_col, i->offset);
    return bf_errors_add(facts, "anomaly", "line_table", code->code_id, -1, text, arena);
}

static bool place_all(bf_file_facts *facts, const source *s, bf_arena *arena) {
    int64_t n_outside = 0;
    const bf_code_facts *code = NULL;
    const bf_instr *first = NULL;
    for (uint32_t c = 0; c < facts->n_codes; c++) {
        for (uint32_t k = 0; k < facts->codes[c].n_instrs; k++) {
            bf_instr *i = &facts->codes[c].instrs[k];
            if (!i->has_span || place(&s->text, i)) continue;
            if (n_outside++ == 0) {
                code = &facts->codes[c];
                first = i;
            }
        }
    }
    return !first || tell_outside(facts, s, n_outside, code, first, arena);
}

/* What of the source the row depends on, beyond its being the one: all of it. */
static bool add_digest(bf_file_facts *facts, const source *s, bf_arena *arena) {
    uint8_t digest[BF_SHA256_BYTES];
    char hex[2 * BF_SHA256_BYTES];
    bf_sha256(digest, s->data, s->size);
    bf_hex(hex, digest, sizeof digest);
    return bf_attrs_add(&facts->attrs, BF_STR("source_sha256"), bf_arena_str(arena, hex, sizeof hex), arena);
}

static bf_status use_source(bf_file_facts *facts, const char *pyc_path, const uint8_t *data, size_t size, const char *assume_version,
                            bool placing, bf_arena *arena, bf_error *err) {
    bf_pyc_header header;
    const bf_cpython *assume = assume_version ? bf_cpython_by_name(assume_version) : NULL;
    source s = {0};
    if (data && bf_pyc_header_read(&header, data, size, assume, NULL) == BF_OK) {
        s.header = &header;
        s.magic = bf_load_u32(data);
    }
    const char *status;
    bf_status st = bf_source_path(&s.path, pyc_path, arena, err);
    if (st == BF_OK) st = confirm(&s, &status, err);
    if (st == BF_OK) {
        bool ok = !s.text.lines || add_digest(facts, &s, arena);
        ok = ok && bf_attrs_add(&facts->attrs, BF_STR("source_status"), bf_str_of(status), arena);
        if (s.text.lines && placing) ok = ok && place_all(facts, &s, arena);
        if (!ok) st = bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    }
    bf_text_free(&s.text);
    free(s.data);
    return st;
}

bf_status bf_source_place(bf_file_facts *facts, const char *pyc_path, const uint8_t *data, size_t size, const char *assume_version,
                          bf_arena *arena, bf_error *err) {
    return use_source(facts, pyc_path, data, size, assume_version, true, arena, err);
}

bf_status bf_source_identify(bf_file_facts *facts, const char *pyc_path, const uint8_t *data, size_t size, const char *assume_version,
                             bf_arena *arena, bf_error *err) {
    return use_source(facts, pyc_path, data, size, assume_version, false, arena, err);
}
