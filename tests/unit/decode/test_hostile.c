/* Damaged and malicious files: whatever the bytes are, decoding ends, reads nothing outside of them, and says what is wrong.
 * The input lies in a block of its own size, so that AddressSanitizer sees a read past its end. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>

#include <cmocka.h>
#include <glob.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "decode/facts.h"
#include "opcodes/opcodes.h"
#include "pyc/marshal.h"
#include "version/version.h"

enum {
    MAX_FIXTURE_BYTES = 1 << 24,
    SMALL_BYTES = 1024,        /* of such a file every prefix is tried */
    PREFIX_SHARES = 5,         /* larger ones share the work: each takes one in so many of its first WHOLE_BYTES, */
    WHOLE_BYTES = 4096,
    PREFIX_STEP = 97,          /* and one in so many after them (BF_EXHAUSTIVE in the environment: each takes all, and all values) */
    FLIPPED_BYTES = 200,       /* single bits of these are flipped, and each is set to 0x00 and 0xff */
    ALL_VALUES_BYTES = 32,     /* these take all 255 values */
    FLIPPED_WHOLE_BYTES = 300, /* files beyond share the work: each takes one byte in FLIP_SHARES */
    FLIP_SHARES = 48,
    MUTATIONS = 100,
    HANG_SECONDS = 900,        /* of one test, on a busy machine */
};

static const char *const versions[] = {"2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15"};
enum { N_VERSIONS = sizeof versions / sizeof *versions };

/* ---- decoding ---- */

static bf_arena arena;
static long n_decoded;

/* Reads both ends of everything that a fact points to: a view that leaves the input is seen. */
static uint64_t touch_str(bf_str s) {
    return s.n ? (uint64_t)s.p[0] + (uint64_t)s.p[s.n - 1] : 0;
}

static uint64_t touch(const bf_file_facts *f) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < f->n_errors; i++) sum += touch_str(f->errors[i].message) + touch_str(f->errors[i].error_type);
    for (uint32_t k = 0; k < f->n_codes; k++) {
        const bf_code_facts *c = &f->codes[k];
        sum += touch_str(c->qualname) + touch_str(c->name) + touch_str(c->co_filename) + touch_str(c->co_qualname);
        for (uint32_t i = 0; i < c->n_consts; i++) sum += touch_str(c->const_reprs[i]);
        for (uint32_t i = 0; i < c->n_names; i++) sum += touch_str(c->names[i]);
        for (uint32_t i = 0; i < c->n_varnames; i++) sum += touch_str(c->varnames[i]);
        for (uint32_t i = 0; i < c->n_lines; i++) sum += (uint64_t)c->lines[i].offset;
        for (uint32_t i = 0; i < c->n_excs; i++) sum += (uint64_t)c->excs[i].target;
        for (uint32_t i = 0; i < c->n_instrs; i++) {
            const bf_instr *x = &c->instrs[i];
            sum += touch_str(x->op->name) + touch_str(x->argrepr) + touch_str(x->argval_str);
            for (uint8_t k2 = 0; k2 < x->n_caches; k2++)
                for (int32_t b = 0; b < 2 * x->caches[k2].size; b++) sum += x->caches[k2].data[b];
        }
    }
    return sum;
}

static volatile uint64_t touched;

/* Decodes a copy in a block of exactly `size` bytes, touches every fact, and gives the facts, which live until the next call. */
static const bf_file_facts *decode(const void *bytes, size_t size, const char *assume_version) {
    static uint8_t *block;
    static bf_file_facts facts;
    bf_error err = {0};
    bf_decode_options options = {.path = BF_STR("hostile.pyc"), .assume_version = assume_version};
    free(block);
    block = malloc(size ? size : 1); /* malloc(0) may be NULL */
    assert_non_null(block);
    memcpy(block, bytes, size);
    bf_arena_reset(&arena);
    if (bf_decode_pyc(block, size, &options, &arena, &facts, &err) != BF_OK) fail_msg("decoding failed: %s", err.message);
    touched += touch(&facts);
    n_decoded++;
    return &facts;
}

/* ---- damaged fixtures ---- */

typedef void (*on_fixture)(uint8_t *data, size_t size, size_t index);

static void each_fixture(on_fixture run) {
    size_t n = 0;
    for (size_t v = 0; v < N_VERSIONS; v++) {
        char pattern[4096];
        glob_t files;
        snprintf(pattern, sizeof pattern, BF_TEST_DATA "/%s/ok_*.pyc", versions[v]);
        if (glob(pattern, 0, NULL, &files)) fail_msg("no fixtures: %s; tools/gen_expect makes them", pattern);
        for (size_t i = 0; i < files.gl_pathc; i++) {
            bf_error err = {0};
            uint8_t *data;
            size_t size;
            if (bf_file_read(files.gl_pathv[i], MAX_FIXTURE_BYTES, &data, &size, &err) != BF_OK) fail_msg("%s", err.message);
            run(data, size, n++);
            free(data);
        }
        globfree(&files);
    }
}

static bool is_exhaustive(void) {
    return getenv("BF_EXHAUSTIVE") != NULL;
}

static void prefixes(uint8_t *data, size_t size, size_t index) {
    bool is_small = size <= SMALL_BYTES || is_exhaustive();
    for (size_t n = is_small ? 0 : index % PREFIX_SHARES; n < size; n += is_small ? 1 : n < WHOLE_BYTES ? PREFIX_SHARES : PREFIX_STEP)
        if (!decode(data, n, NULL)->n_errors) fail_msg("the first %zu bytes of %zu decode without an error", n, size);
}

static void test_every_prefix(void **state) {
    (void)state;
    each_fixture(prefixes);
}

/* All flips of the smallest files; of the others each takes its share of the bytes, so that together they take all. */
static void flips(uint8_t *data, size_t size, size_t index) {
    for (size_t at = 0; at < size && at < FLIPPED_BYTES; at++) {
        if (size > FLIPPED_WHOLE_BYTES && !is_exhaustive() && at % FLIP_SHARES != index % FLIP_SHARES) continue;
        uint8_t before = data[at];
        for (int value = 0; value < 256; value++) {
            int difference = value ^ before;
            bool one_bit = !(difference & (difference - 1));
            if (!difference || (at >= ALL_VALUES_BYTES && !is_exhaustive() && !one_bit && value != 0x00 && value != 0xff)) continue;
            data[at] = (uint8_t)value;
            decode(data, size, NULL);
        }
        data[at] = before;
    }
}

static void test_flipped_bytes(void **state) {
    (void)state;
    each_fixture(flips);
}

/* A few bytes anywhere at once; the same ones on every run. */
static void mutations(uint8_t *data, size_t size, size_t index) {
    uint32_t random = 12345 + (uint32_t)index;
    uint8_t *copy = malloc(size);
    assert_non_null(copy);
    for (int round = 0; round < MUTATIONS; round++) {
        memcpy(copy, data, size);
        for (int k = 0; k <= round % 8; k++) {
            random = random * 1664525 + 1013904223;
            size_t at = 16 + (random >> 8) % (size - 16);
            random = random * 1664525 + 1013904223;
            copy[at] = (uint8_t)(random >> 24);
        }
        decode(copy, size, NULL);
    }
    free(copy);
}

static void test_mutated_files(void **state) {
    (void)state;
    each_fixture(mutations);
}

/* What corrupts memory in an interpreter that loads another one's file. */
static void as_other_versions(uint8_t *data, size_t size, size_t index) {
    (void)index;
    for (size_t v = 0; v < N_VERSIONS; v++) decode(data, size, versions[v]);
}

static void test_read_as_other_versions(void **state) {
    (void)state;
    each_fixture(as_other_versions);
}

/* ---- files made by hand ---- */

static bf_buf file; /* the one that is being made */

static void put_u32(uint32_t n) {
    const uint8_t bytes[] = {(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), (uint8_t)(n >> 24)};
    bf_buf_put(&file, bytes, sizeof bytes);
}

static void put_header(const bf_cpython *version) {
    uint16_t magic = 0;
    const uint16_t first = version->has_old_types ? 62000 : 3000;
    for (uint16_t m = first; m < first + 1000; m++) {
        const bf_magic *known = bf_magic_find(m);
        if (known && known->is_final && known->version == version->id) magic = m;
    }
    file.n = 0;
    put_u32(magic | (uint32_t)'\r' << 16 | (uint32_t)'\n' << 24);
    for (int at = 4; at < version->header_size; at += 4) put_u32(0);
}

/* Argument counts and so on, which a code object begins with. */
static void put_numbers(const bf_cpython *version, uint32_t value) {
    for (int i = 0; i < (version->has_old_types ? 4 : version->minor < 8 || version->has_localsplus ? 5 : 6); i++) put_u32(value);
}

static void put_bytes(const void *bytes, size_t n) {
    bf_buf_putc(&file, 's');
    put_u32((uint32_t)n);
    bf_buf_put(&file, bytes, n);
}

#define TEXT(literal) literal, sizeof literal - 1

/* Parts of a code object; what is NULL is empty. consts and names are marshalled tuples. */
typedef struct code_parts {
    const char *code, *consts, *names, *lines, *exceptions;
    size_t n_code, n_consts, n_names, n_lines, n_exceptions;
} code_parts;

static void put_tuple(const char *marshalled, size_t n) {
    if (marshalled)
        bf_buf_put(&file, marshalled, n);
    else
        bf_buf_put(&file, TEXT(")\0"));
}

static void put_after_consts(const bf_cpython *version, const code_parts *parts) {
    put_tuple(parts->names, parts->n_names);
    bf_buf_put(&file, TEXT(")\0"));
    if (version->has_localsplus)
        put_bytes("", 0);
    else
        bf_buf_put(&file, TEXT(")\0)\0"));
    bf_buf_put(&file, TEXT("z\1fz\1n"));
    if (version->has_localsplus) bf_buf_put(&file, TEXT("z\1q"));
    put_u32(1);
    put_bytes(parts->lines ? parts->lines : "", parts->n_lines);
    if (version->has_localsplus) put_bytes(parts->exceptions ? parts->exceptions : "", parts->n_exceptions);
}

static void put_until_consts(const bf_cpython *version, const code_parts *parts, uint8_t flag_ref) {
    bf_buf_putc(&file, (char)('c' | flag_ref));
    put_numbers(version, 0);
    put_bytes(parts->code ? parts->code : "", parts->n_code);
}

static const bf_file_facts *decode_parts(const bf_cpython *version, const code_parts *parts) {
    put_header(version);
    put_until_consts(version, parts, 0);
    put_tuple(parts->consts, parts->n_consts);
    put_after_consts(version, parts);
    assert_false(file.failed);
    return decode(file.p, file.n, NULL);
}

static bf_str attr(const bf_attrs *attrs, const char *key) {
    for (uint32_t i = 0; i < attrs->n; i++)
        if (bf_str_eq(attrs->items[i].key, bf_str_of(key))) return attrs->items[i].value;
    return (bf_str){NULL, 0};
}

static bool has_error(const bf_file_facts *facts, const char *type, const char *stage) {
    for (uint32_t i = 0; i < facts->n_errors; i++) {
        const bf_error_fact *e = &facts->errors[i];
        if (bf_str_eq(e->error_type, bf_str_of(type)) && bf_str_eq(attr(&e->attrs, "error_stage"), bf_str_of(stage))) return true;
    }
    return false;
}

static void expect_error(const bf_file_facts *facts, const char *type, const char *stage, const char *what, const bf_cpython *version) {
    if (has_error(facts, type, stage)) return;
    bf_str first = facts->n_errors ? facts->errors[0].message : BF_STR("no error at all");
    fail_msg("%s, CPython %s: no error of type %s in stage %s; the first: %.*s", what, version->name, type, stage, (int)first.n, first.p);
}

/* Each but 2.7, whose marshal writes names, tuples and references in another way. */
#define EACH_VERSION(v) for (const bf_cpython *v = NULL, *const *at_ = all_versions(); (v = *at_) != NULL; at_++)

static const bf_cpython *const *all_versions(void) {
    static const bf_cpython *all[N_VERSIONS];
    for (size_t i = 1; i < N_VERSIONS; i++) all[i - 1] = bf_cpython_by_name(versions[i]);
    return all;
}

/* ---- marshal ---- */

/* What stands in place of the module, or among its constants. */
static const struct {
    const char *what, *bytes;
    size_t size;
    const char *type;
    int since; /* the type code is known from this version on */
} objects[] = {
    /* references to what is still being read: 16 bytes that crashed interpreters until 3.15 */
    {"set in its own tuple", TEXT("\xa8\2\0\0\0N<\1\0\0\0r\0\0\0\0"), "corrupt", 0},
    {"tuple in itself", TEXT("\xa8\1\0\0\0r\0\0\0\0"), "corrupt", 0},
    {"small tuple in itself", TEXT("\xa9\1r\0\0\0\0"), "corrupt", 0},
    {"list in itself", TEXT("\xdb\1\0\0\0r\0\0\0\0"), "corrupt", 0},
    {"set in itself", TEXT("\xbc\1\0\0\0r\0\0\0\0"), "corrupt", 0},
    {"frozenset in itself", TEXT("\xbe\1\0\0\0r\0\0\0\0"), "corrupt", 0},
    {"dict in itself", TEXT("\xfbNr\0\0\0\0" "0"), "corrupt", 0},
    {"frozendict in itself", TEXT("\xfdNr\0\0\0\0" "0"), "corrupt", 315},
    {"slice of itself", TEXT("\xbar\0\0\0\0NN"), "corrupt", 314},
    {"list in a tuple in the list", TEXT("\xdb\1\0\0\0)\1r\0\0\0\0"), "corrupt", 0},
    /* counts that no file of this size can hold */
    {"tuple of 2**31 - 1", TEXT("(\xff\xff\xff\x7fNNNN"), "truncated", 0},
    {"tuple of 2**32 - 1", TEXT("(\xff\xff\xff\xffNNNN"), "truncated", 0},
    {"tuple of -2**31", TEXT("(\0\0\0\x80NNNN"), "truncated", 0},
    {"list", TEXT("[\xff\xff\xff\x7fNNNN"), "truncated", 0},
    {"set", TEXT("<\xff\xff\xff\x7fNNNN"), "truncated", 0},
    {"frozenset", TEXT(">\xff\xff\xff\x7fNNNN"), "truncated", 0},
    {"bytes", TEXT("s\xff\xff\xff\xff" "abc"), "truncated", 0},
    {"str", TEXT("u\xff\xff\xff\x7f" "abc"), "truncated", 0},
    {"interned str", TEXT("t\xff\xff\xff\xff" "abc"), "truncated", 0},
    {"ASCII str", TEXT("a\xff\xff\xff\xff" "abc"), "truncated", 0},
    {"interned ASCII str", TEXT("A\xff\xff\xff\x7f" "abc"), "truncated", 0},
    {"short ASCII str", TEXT("z\xff" "abc"), "truncated", 0},
    {"int", TEXT("l\xff\xff\xff\x7f\1\0"), "truncated", 0},
    {"negative int", TEXT("l\1\0\0\x80\1\0"), "truncated", 0},
    {"int of -2**31 digits", TEXT("l\0\0\0\x80\1\0"), "corrupt", 0},
    {"float text", TEXT("f\xff" "1.5"), "truncated", 0},
    /* objects that are wrong in themselves */
    {"reference to nothing", TEXT("r\0\0\0\0"), "corrupt", 0},
    {"reference number 2**32 - 1", TEXT("r\xff\xff\xff\xff"), "corrupt", 0},
    {"int digit of 16 bits", TEXT("l\2\0\0\0\xff\xff\1\0"), "corrupt", 0},
    {"int that ends in a zero", TEXT("l\2\0\0\0\1\0\0\0"), "corrupt", 0},
    {"str that is not UTF-8", TEXT("u\2\0\0\0\xc3\x28"), "corrupt", 0},
    {"str that ends inside a character", TEXT("u\1\0\0\0\xe2"), "corrupt", 0},
    {"float text without a number", TEXT("f\3" "abc"), "corrupt", 0},
    {"NULL in a tuple", TEXT(")\1" "0"), "corrupt", 0},
    {"unknown type code", TEXT("?"), "unsupported", 0},
    {"type code 0xff", TEXT("\xff"), "unsupported", 0},
};

static void test_marshal_objects(void **state) {
    (void)state;
    EACH_VERSION(version) {
        for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
            const char *type = objects[i].since > version->id ? "unsupported" : objects[i].type;
            put_header(version);
            bf_buf_put(&file, objects[i].bytes, objects[i].size);
            expect_error(decode(file.p, file.n, NULL), type, "marshal", objects[i].what, version);
            put_header(version);
            put_until_consts(version, &(code_parts){0}, 0);
            bf_buf_put(&file, objects[i].bytes, objects[i].size);
            const bf_file_facts *facts = decode(file.p, file.n, NULL);
            expect_error(facts, type, "marshal", objects[i].what, version);
            assert_int_equal(facts->n_codes, 1); /* what was there of the module is kept */
        }
    }
}

/* A code object among its own constants: here by a reference to an object that is not complete. */
static void test_code_in_itself(void **state) {
    (void)state;
    EACH_VERSION(version) {
        put_header(version);
        put_until_consts(version, &(code_parts){0}, 0x80);
        bf_buf_put(&file, TEXT(")\1r\0\0\0\0"));
        put_after_consts(version, &(code_parts){0});
        expect_error(decode(file.p, file.n, NULL), "corrupt", "marshal", "code object in itself", version);
    }
}

static void test_wrong_field_types(void **state) {
    (void)state;
    static const char *const values[] = {"N", "T", "i\1\0\0\0", ")\0", "(\0\0\0\0", "z\1x", "s\0\0\0\0", "[\0\0\0\0", ")\1N", "0", "."};
    static const size_t sizes[] = {1, 1, 5, 2, 5, 3, 5, 5, 3, 1, 1};
    EACH_VERSION(version) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            put_header(version);
            bf_buf_putc(&file, 'c');
            put_numbers(version, 0xffffffff);
            for (int k = 0; k < 16; k++) bf_buf_put(&file, values[i], sizes[i]); /* all fields are of one type: one of them is wrong */
            assert_true(decode(file.p, file.n, NULL)->n_errors > 0);
        }
    }
}

static void test_short_files(void **state) {
    (void)state;
    EACH_VERSION(version) {
        put_header(version);
        for (size_t n = 0; n <= file.n; n++) assert_true(decode(file.p, n, NULL)->n_errors > 0);
    }
    static const char *const others[] = {"\x7f" "ELF\2\1\1", "PK\3\4", "#!/usr/bin/python\n", "\3\xf3\r\n\0\0\0\0c", "\xff\xff\r\n"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) assert_true(decode(others[i], strlen(others[i]), NULL)->n_errors > 0);
}

/* ---- depth and doubling ---- */

enum { TUPLES, CODES };

static const bf_file_facts *decode_nested(const bf_cpython *version, int what, int depth) {
    put_header(version);
    if (what == TUPLES) put_until_consts(version, &(code_parts){0}, 0);
    for (int i = 0; i < depth; i++) {
        if (what == CODES) put_until_consts(version, &(code_parts){0}, 0);
        bf_buf_put(&file, TEXT(")\1"));
    }
    bf_buf_putc(&file, 'N');
    if (what == TUPLES) put_after_consts(version, &(code_parts){0});
    for (int i = 0; what == CODES && i < depth; i++) put_after_consts(version, &(code_parts){0});
    return decode(file.p, file.n, NULL);
}

static void test_depth(void **state) {
    (void)state;
    EACH_VERSION(version) {
        assert_int_equal(decode_nested(version, TUPLES, 1990)->n_errors, 0);
        assert_int_equal(decode_nested(version, CODES, 990)->n_errors, 0);
        expect_error(decode_nested(version, TUPLES, 2001), "limit", "limit", "2001 tuples", version);
        expect_error(decode_nested(version, TUPLES, 1000000), "limit", "limit", "a million tuples", version);
        expect_error(decode_nested(version, CODES, 10000), "limit", "limit", "10000 code objects", version);
    }
}

/* level[0] = LEAF, level[k] = (level[k-1], level[k-1]) by reference: 2**depth leaves in a few bytes. */
static const bf_file_facts *decode_doubling(const bf_cpython *version, int what, uint32_t depth) {
    put_header(version);
    put_until_consts(version, &(code_parts){0}, 0);
    bf_buf_put(&file, TEXT("("));
    put_u32(depth);
    bf_buf_put(&file, TEXT("\xfa\5hello")); /* reference 0, a short interned str */
    for (uint32_t k = 1, last = 0; k < depth; k++) {
        uint32_t own = last + 1;
        if (what == CODES) put_until_consts(version, &(code_parts){0}, 0x80);
        bf_buf_put(&file, what == CODES ? ")\2r" : "\xa9\2r", 3);
        put_u32(last);
        bf_buf_putc(&file, 'r');
        put_u32(last);
        if (what == CODES) put_after_consts(version, &(code_parts){0});
        last = own;
    }
    put_after_consts(version, &(code_parts){0});
    assert_false(file.failed);
    return decode(file.p, file.n, NULL);
}

static void test_doubling(void **state) {
    (void)state;
    EACH_VERSION(version) {
        assert_int_equal(decode_doubling(version, TUPLES, 10)->n_errors, 0);
        assert_int_equal(decode_doubling(version, CODES, 8)->n_errors, 0);
    }
    /* one version is enough: these fill the budgets to the brim */
    const bf_cpython *version = bf_cpython_by_name("3.13");
    expect_error(decode_doubling(version, TUPLES, 40), "limit", "limit", "2**40 leaves", version);
    expect_error(decode_doubling(version, CODES, 40), "limit", "limit", "2**40 code objects", version);
}

/* One code object with 50,000 names, referred to 10,000 times: 8 GB of names in a file of 300 KB. */
static void test_shared_tables(void **state) {
    (void)state;
    const bf_cpython *version = bf_cpython_by_name("3.12");
    put_header(version);
    put_until_consts(version, &(code_parts){0}, 0);
    bf_buf_putc(&file, '(');
    put_u32(10000);
    put_until_consts(version, &(code_parts){0}, 0x80);
    bf_buf_put(&file, TEXT(")\0("));
    put_u32(50000);
    bf_buf_put(&file, TEXT("\xfa\1a"));
    for (int i = 1; i < 50000; i++) bf_buf_put(&file, TEXT("r\1\0\0\0"));
    bf_buf_put(&file, TEXT(")\0s\0\0\0\0z\1fz\1nz\1q\1\0\0\0s\0\0\0\0s\0\0\0\0"));
    for (int i = 1; i < 10000; i++) bf_buf_put(&file, TEXT("r\0\0\0\0"));
    put_after_consts(version, &(code_parts){0});
    expect_error(decode(file.p, file.n, NULL), "limit", "limit", "10000 times 50000 names", version);
    assert_true(arena.size_bytes < (size_t)5 << 28);
}

/* An int of 37,000 decimal digits, referred to 20,000 times: a quarter of an hour, were each of them converted. */
static void test_shared_int(void **state) {
    (void)state;
    EACH_VERSION(version) {
        put_header(version);
        put_until_consts(version, &(code_parts){0}, 0);
        bf_buf_putc(&file, '(');
        put_u32(20000);
        bf_buf_putc(&file, (char)('l' | 0x80));
        put_u32(BF_MAX_DECIMAL_DIGITS);
        for (int i = 0; i < BF_MAX_DECIMAL_DIGITS; i++) bf_buf_put(&file, TEXT("\xff\x7f"));
        for (int i = 1; i < 20000; i++) bf_buf_put(&file, TEXT("r\0\0\0\0"));
        put_after_consts(version, &(code_parts){0});
        expect_error(decode(file.p, file.n, NULL), "limit", "limit", "20000 times 37000 digits", version);
    }
}

/* Containers without a byte for each item: every list of a chain claims all that is left. */
static void test_claims_add_up(void **state) {
    (void)state;
    const bf_cpython *version = bf_cpython_by_name("3.12");
    put_header(version);
    for (uint32_t k = 0; k < 1900; k++) {
        bf_buf_putc(&file, '[');
        put_u32(1000000);
    }
    for (uint32_t k = 0; k < 1000000; k++) bf_buf_putc(&file, 'N');
    expect_error(decode(file.p, file.n, NULL), "corrupt", "marshal", "1900 lists of a million", version);
    assert_true(arena.size_bytes < 64 << 20);
}

/* ---- bytecode ---- */

/* Number of an opcode, 256 where the version lacks it. */
static int opcode_named(const bf_cpython *version, const char *name) {
    int n = 0;
    while (n < 256 && !bf_str_eq(bf_opcodes(version)[n].name, bf_str_of(name))) n++;
    return n;
}

/* Every opcode, written by a compiler or not, with arguments small and huge: an anomaly exactly where no compiler wrote it. */
static void test_every_opcode(void **state) {
    (void)state;
    EACH_VERSION(version) {
        const bf_op_info *ops = bf_opcodes(version);
        char prefix = (char)opcode_named(version, "EXTENDED_ARG");
        for (int n = 0; n < 256; n++) {
            for (int size = 0; size <= 4; size += 2) {
                for (int argument = 0; argument < 256; argument += 127) {
                    char code[32] = {0}, *at = code;
                    for (int k = 0; k < size; k++) *at++ = prefix, *at++ = (char)argument;
                    *at++ = (char)n, *at++ = (char)argument;
                    code_parts parts = {.code = code, .n_code = sizeof code, .consts = ")\3Nz\1ai\5\0\0\0", .n_consts = 11,
                                        .names = ")\1z\1m", .n_names = 5};
                    const bf_file_facts *facts = decode_parts(version, &parts);
                    const bf_instr *x = facts->codes[0].instrs + size;
                    assert_true(facts->codes[0].n_instrs > (uint32_t)size);
                    assert_int_equal(x->opcode, n);
                    assert_int_equal(x->baseopcode, ops[n].base);
                    assert_int_equal(x->offset, 2 * size);
                    if (ops[n].kind != BF_OP_PLAIN) expect_error(facts, "anomaly", "code", "opcode that no compiler writes", version);
                    parts.n_code = 2 * (size_t)size + 2; /* and at the very end: its caches are missing */
                    decode_parts(version, &parts);
                }
            }
        }
    }
}

static void test_code_edges(void **state) {
    (void)state;
    EACH_VERSION(version) {
        const char one_const[] = {(char)opcode_named(version, "LOAD_CONST"), 7};
        char prefixes_only[32];
        memset(prefixes_only, opcode_named(version, "EXTENDED_ARG"), sizeof prefixes_only);
        const bf_file_facts *facts = decode_parts(version, &(code_parts){0});
        assert_int_equal(facts->n_codes, 1);
        assert_int_equal(facts->codes[0].n_instrs, 0);
        expect_error(decode_parts(version, &(code_parts){.code = "\1", .n_code = 1}), "anomaly", "code", "code of one byte", version);
        facts = decode_parts(version, &(code_parts){.code = prefixes_only, .n_code = sizeof prefixes_only});
        expect_error(facts, "anomaly", "code", "prefixes only", version);
        facts = decode_parts(version, &(code_parts){.code = one_const, .n_code = sizeof one_const});
        expect_error(facts, "anomaly", "code", "constant 7 of none", version);
    }
}

/* A copy of the value at depth 0, which is none: a value that no instruction made. */
static void test_copy_of_nothing(void **state) {
    (void)state;
    EACH_VERSION(version) {
        int copy = opcode_named(version, "COPY");
        const char code[] = {(char)copy, 0, (char)opcode_named(version, "RETURN_VALUE"), 0};
        if (copy < 256) assert_int_equal(decode_parts(version, &(code_parts){.code = code, .n_code = sizeof code})->codes[0].n_instrs, 2);
    }
}

/* Error rows have a limit of their own. */
static void test_many_anomalies(void **state) {
    (void)state;
    static char code[200000];
    EACH_VERSION(version) {
        int unknown = 0;
        while (bf_opcodes(version)[unknown].kind != BF_OP_UNKNOWN) unknown++;
        memset(code, unknown, sizeof code);
        const bf_file_facts *facts = decode_parts(version, &(code_parts){.code = code, .n_code = sizeof code});
        assert_int_equal(facts->n_errors, 1000);
        expect_error(facts, "limit", "limit", "100000 unknown opcodes", version);
    }
}

/* ---- line and exception tables ---- */

static const struct {
    const char *what, *bytes;
    size_t size;
    const char *type;
} line_tables[] = {
    {"entry without its start bit", TEXT("\0"), "corrupt"},
    {"long entry and nothing after", TEXT("\xf0"), "truncated"},
    {"varint that never ends", TEXT("\xf0\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f"), "truncated"},
    {"long entry without its last column", TEXT("\xf0\0\0\1"), "truncated"},
    {"one-line entry without its second column", TEXT("\xd0\1"), "truncated"},
    {"short entry without its column", TEXT("\x80"), "truncated"},
    {"no-column entry without its line", TEXT("\xe8"), "truncated"},
};

static const struct {
    const char *what, *bytes;
    size_t size;
    const char *type;
} exception_tables[] = {
    {"start alone", TEXT("\x80"), "truncated"},
    {"no depth", TEXT("\x80\1\2"), "truncated"},
    {"varint that never ends", TEXT("\xc0\x40\x40\x40"), "truncated"},
    {"number beyond 31 bits", TEXT("\xff\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x3f\1\1\1"), "corrupt"},
};

static void test_tables_end_early(void **state) {
    (void)state;
    char code[8] = {0};
    EACH_VERSION(version) {
        if (version->line_form != BF_LINES_LOCATIONS) continue;
        for (size_t i = 0; i < sizeof line_tables / sizeof *line_tables; i++) {
            code_parts parts = {.code = code, .n_code = sizeof code, .lines = line_tables[i].bytes, .n_lines = line_tables[i].size};
            expect_error(decode_parts(version, &parts), line_tables[i].type, "line_table", line_tables[i].what, version);
        }
        for (size_t i = 0; i < sizeof exception_tables / sizeof *exception_tables; i++) {
            code_parts parts = {.code = code, .n_code = sizeof code, .exceptions = exception_tables[i].bytes,
                                .n_exceptions = exception_tables[i].size};
            expect_error(decode_parts(version, &parts), exception_tables[i].type, "exception_table", exception_tables[i].what, version);
        }
    }
}

/* All tables of two bytes, and long ones of one byte again and again, over code that is shorter than they say. */
static void test_any_table(void **state) {
    (void)state;
    static const char *const forms[] = {"3.6", "3.8", "3.10", "3.11", "3.15"};
    char code[8] = {0}, table[300];
    for (size_t v = 0; v < sizeof forms / sizeof *forms; v++) {
        const bf_cpython *version = bf_cpython_by_name(forms[v]);
        for (int a = 0; a < 256; a++) {
            memset(table, a, sizeof table);
            code_parts parts = {.code = code, .n_code = sizeof code, .lines = table, .n_lines = sizeof table, .exceptions = table,
                                .n_exceptions = sizeof table};
            decode_parts(version, &parts);
            for (int b = 0; b < 256; b += 51) {
                table[1] = (char)b;
                for (size_t n = 1; n <= 3; n++) {
                    parts.n_lines = parts.n_exceptions = n;
                    decode_parts(version, &parts);
                }
            }
        }
    }
}

/* ---- 2.7 ---- */

#define EMPTY_TUPLE "(\0\0\0\0"

/* No code nested, no names; consts is a marshalled tuple. */
static const bf_file_facts *decode_27(const char *code, size_t n_code, const char *consts, size_t n_consts, const char *lines,
                                      size_t n_lines) {
    const bf_cpython *version = bf_cpython_by_name("2.7");
    put_header(version);
    bf_buf_putc(&file, 'c');
    put_numbers(version, 0);
    put_bytes(code, n_code);
    bf_buf_put(&file, consts, n_consts);
    bf_buf_put(&file, TEXT(EMPTY_TUPLE EMPTY_TUPLE EMPTY_TUPLE EMPTY_TUPLE "t\1\0\0\0fR\0\0\0\0"));
    put_u32(1);
    put_bytes(lines, n_lines);
    return decode(file.p, file.n, NULL);
}

static const struct {
    const char *what, *bytes;
    size_t size;
    const char *type;
} objects_27[] = {
    {"string reference to nothing", TEXT("R\0\0\0\0"), "corrupt"},
    {"string reference number 2**32 - 1", TEXT("R\xff\xff\xff\xff"), "corrupt"},
    {"reference of 3.4 and later", TEXT("r\0\0\0\0"), "unsupported"},
    {"small tuple of 3.4 and later", TEXT(")\0"), "unsupported"},
    {"short str of 3.4 and later", TEXT("z\1x"), "unsupported"},
    {"str of ASCII of 3.4 and later", TEXT("a\1\0\0\0x"), "unsupported"},
    {"None with the bit for references", TEXT("\xce"), "unsupported"},
    {"type code 0xff", TEXT("\xff"), "unsupported"},
    {"str", TEXT("s\xff\xff\xff\xff" "abc"), "truncated"},
    {"interned str", TEXT("t\xff\xff\xff\x7f" "abc"), "truncated"},
    {"unicode", TEXT("u\xff\xff\xff\x7f" "abc"), "truncated"},
    {"unicode that is not UTF-8", TEXT("u\2\0\0\0\xc3\x28"), "corrupt"},
    {"tuple of 2**31 - 1", TEXT("(\xff\xff\xff\x7fNNNN"), "truncated"},
    {"long digit of 16 bits", TEXT("l\2\0\0\0\xff\xff\1\0"), "corrupt"},
};

static void test_marshal_objects_27(void **state) {
    (void)state;
    const bf_cpython *version = bf_cpython_by_name("2.7");
    for (size_t i = 0; i < sizeof objects_27 / sizeof *objects_27; i++) {
        put_header(version);
        bf_buf_put(&file, objects_27[i].bytes, objects_27[i].size);
        expect_error(decode(file.p, file.n, NULL), objects_27[i].type, "marshal", objects_27[i].what, version);
        bf_buf tuple = {0};
        bf_buf_put(&tuple, TEXT("(\1\0\0\0"));
        bf_buf_put(&tuple, objects_27[i].bytes, objects_27[i].size);
        const bf_file_facts *facts = decode_27("S", 1, tuple.p, tuple.n, "", 0);
        bf_buf_free(&tuple);
        assert_int_equal(facts->n_codes, 1);
        assert_true(facts->n_errors > 0); /* what is truncated at the end of a file may swallow the rest of this one */
    }
}

/* Depth, and one long str that is no UTF-8, which every one of many instructions loads: written out once. */
static void test_deep_and_long_27(void **state) {
    (void)state;
    const bf_cpython *version = bf_cpython_by_name("2.7");
    for (int depth = 1990; depth <= 2001; depth += 11) {
        bf_buf consts = {0};
        for (int i = 0; i < depth; i++) bf_buf_put(&consts, TEXT("(\1\0\0\0"));
        bf_buf_putc(&consts, 'N');
        const bf_file_facts *facts = decode_27("S", 1, consts.p, consts.n, "", 0);
        bf_buf_free(&consts);
        if (depth > 2000) expect_error(facts, "limit", "limit", "2001 tuples", version);
    }
    enum { LOADS = 30000, BYTES = 100000 };
    bf_buf code = {0}, consts = {0};
    char load = (char)opcode_named(version, "LOAD_CONST"), pop = (char)opcode_named(version, "POP_TOP");
    for (int i = 0; i < LOADS; i++) {
        const char both[] = {load, 0, 0, pop};
        bf_buf_put(&code, both, sizeof both);
    }
    bf_buf_put(&code, TEXT("d\0\0S"));
    bf_buf_put(&consts, TEXT("(\1\0\0\0s\xa0\x86\1\0"));
    for (int i = 0; i < BYTES; i++) bf_buf_putc(&consts, (char)0xff);
    const bf_file_facts *facts = decode_27(code.p, code.n, consts.p, consts.n, "", 0);
    assert_int_equal(facts->codes[0].instrs[0].argval_str.n, 4 * BYTES);
    assert_int_equal(facts->codes[0].n_instrs, 2 * LOADS + 2);
    assert_true(arena.size_bytes < 64 << 20);
    bf_buf_free(&code);
    bf_buf_free(&consts);
}

/* Every opcode in one byte and in three, with prefixes and without, in the middle and cut at the end. */
static void test_every_opcode_27(void **state) {
    (void)state;
    const bf_cpython *version = bf_cpython_by_name("2.7");
    const bf_op_info *ops = bf_opcodes(version);
    char prefix = (char)opcode_named(version, "EXTENDED_ARG");
    for (int n = 0; n < 256; n++) {
        for (int n_prefixes = 0; n_prefixes <= 2; n_prefixes++) {
            for (int argument = 0; argument < 256; argument += 127) {
                char code[32] = {0}, *at = code;
                for (int k = 0; k < n_prefixes; k++) *at++ = prefix, *at++ = (char)argument, *at++ = (char)argument;
                *at++ = (char)n, *at++ = (char)argument, *at++ = (char)argument;
                const bf_file_facts *facts = decode_27(code, sizeof code, TEXT("(\2\0\0\0Ns\1\0\0\0x"), "", 0);
                const bf_instr *x = facts->codes[0].instrs + n_prefixes;
                assert_int_equal(x->opcode, n);
                assert_int_equal(x->offset, 3 * n_prefixes);
                assert_int_equal(x->end_offset - x->offset, ops[n].arg == BF_ARG_NONE ? 1 : 3);
                if (ops[n].kind != BF_OP_PLAIN) expect_error(facts, "anomaly", "code", "opcode that no compiler writes", version);
                for (size_t size = 0; size <= (size_t)(at - code); size++) {
                    facts = decode_27(code, size, TEXT(EMPTY_TUPLE), "", 0);
                    if (size % 3 && ops[n].arg != BF_ARG_NONE) expect_error(facts, "anomaly", "code", "cut instruction", version);
                }
            }
        }
    }
}

static void test_any_table_27(void **state) {
    (void)state;
    char table[300];
    for (int a = 0; a < 256; a++) {
        memset(table, a, sizeof table);
        decode_27("dddS", 4, TEXT(EMPTY_TUPLE), table, sizeof table);
        for (size_t n = 0; n < 4; n++) decode_27("dddS", 4, TEXT(EMPTY_TUPLE), table, n);
    }
}

static clock_t start;

static int before_test(void **state) {
    (void)state;
    n_decoded = 0;
    start = clock();
    alarm(is_exhaustive() ? 0 : HANG_SECONDS);
    return 0;
}

static int after_test(void **state) {
    (void)state;
    alarm(0);
    printf("%ld inputs decoded, %.1f s\n", n_decoded, (double)(clock() - start) / CLOCKS_PER_SEC);
    return 0;
}

int main(void) {
#define TEST(name) {"test_hostile__" #name, test_##name, before_test, after_test, NULL}
    const struct CMUnitTest tests[] = {
        TEST(every_prefix),    TEST(flipped_bytes),  TEST(mutated_files),     TEST(read_as_other_versions),
        TEST(marshal_objects), TEST(code_in_itself), TEST(wrong_field_types), TEST(short_files),
        TEST(depth),           TEST(doubling),       TEST(shared_tables),     TEST(shared_int),
        TEST(claims_add_up),   TEST(every_opcode),   TEST(code_edges),        TEST(copy_of_nothing),
        TEST(many_anomalies),  TEST(tables_end_early), TEST(any_table),
        TEST(marshal_objects_27), TEST(deep_and_long_27), TEST(every_opcode_27), TEST(any_table_27),
    };
#undef TEST
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bf_arena_free(&arena);
    bf_buf_free(&file);
    return failed;
}
