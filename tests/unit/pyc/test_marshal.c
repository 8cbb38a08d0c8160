/* pyc/marshal.c against marshal.loads of every version: marshal_cases.inc, and by hand what differs and why. */
#include <locale.h>

#include "failing.h"
#include "pyc/tree.h"

typedef struct row {
    unsigned mask;
    const char *name;
    size_t n;
    const char *bytes;
    const char *tree;   /* of what CPython loads */
    const char *status; /* "-", or what CPython's refusal is here: T, C, U */
} row;

#define DEPTH(mask, depth)
#define TAGS(mask, n, tags)
#define MARSHAL(mask, name, n, bytes, tree, status) {mask, name, n, bytes, tree, status},
static const row rows[] = {
#include "pyc/marshal_cases.inc"
};
#undef DEPTH
#undef TAGS
#undef MARSHAL

enum { N_ROWS = sizeof rows / sizeof *rows };

static bf_status expected_status(const row *r) {
    switch (r->status[0]) {
    case 'T': return BF_TRUNCATED;
    case 'C': return BF_CORRUPT;
    case 'U': return BF_UNSUPPORTED;
    default: return BF_OK;
    }
}

/* One read of literal bytes; the tree is gone when it returns. */
typedef struct reading {
    bf_arena arena;
    bf_object *root;
    uint8_t *data;
    size_t end;
    bf_status status;
    bf_error err;
} reading;

static void read_bytes(reading *r, const void *bytes, size_t n, int version) {
    *r = (reading){.data = exact_copy(bytes, n)};
    r->status = bf_marshal_read(&r->root, r->data, n, 0, version_of(version), NULL, &r->arena, &r->end, &r->err);
    assert_int_equal(r->err.code, r->status);
    assert_true(r->end <= n);
}

#define READ(r, literal, version) read_bytes(r, literal, sizeof(literal) - 1, version)

static void done(reading *r) {
    bf_arena_free(&r->arena);
    free(r->data);
}

static void refuses(const void *bytes, size_t n, int version, bf_status status, int64_t offset) {
    reading r;
    read_bytes(&r, bytes, n, version);
    assert_int_equal(r.status, status);
    assert_int_equal(r.err.offset, offset);
    done(&r);
}

#define REFUSES(literal, version, status, offset) refuses(literal, sizeof(literal) - 1, version, status, offset)

/* ---- against CPython ---- */

static void test_marshal__as_cpython_loads(void **state) {
    (void)state;
    for (int k = 0; k < N_ROWS; k++)
        for (int bit = 0; bit < N_VERSIONS; bit++) {
            if (!(rows[k].mask >> bit & 1)) continue;
            reading r;
            bf_buf text = {0};
            const bf_cpython *version = version_of_bit(bit);
            read_bytes(&r, rows[k].bytes, rows[k].n, version->id);
            if (r.status != expected_status(&rows[k]))
                fail_msg("%s (row %d, CPython %s): %s: %s", rows[k].name, k, version->name, bf_status_name(r.status), r.err.message);
            if (r.status == BF_OK) {
                describe(&text, r.root);
                assert_said(&text, rows[k].tree, rows[k].name, version->name);
                assert_true(r.root->is_complete);
                assert_int_equal(r.end, strcmp(rows[k].name, "trailing_bytes") ? rows[k].n : 1);
            }
            bf_buf_free(&text);
            done(&r);
        }
}

static void test_marshal__every_prefix_is_truncated(void **state) {
    (void)state;
    for (int k = 0; k < N_ROWS; k++)
        for (size_t n = 0; n < rows[k].n; n++) {
            int bit = 0;
            while (!(rows[k].mask >> bit & 1)) bit++;
            reading r;
            if (rows[k].status[0] != '-' || !strcmp(rows[k].name, "trailing_bytes")) continue;
            read_bytes(&r, rows[k].bytes, n, version_of_bit(bit)->id);
            if (r.status != BF_TRUNCATED) fail_msg("%s, %zu bytes: %s: %s", rows[k].name, n, bf_status_name(r.status), r.err.message);
            assert_true(r.err.offset >= 0 && (size_t)r.err.offset <= n);
            assert_true(!r.root || !r.root->is_complete);
            done(&r);
        }
}

static void test_marshal__type_codes_of_each_version(void **state) {
    static const struct {
        unsigned mask;
        size_t n;
        const char *tags;
    } tags[] = {
#define DEPTH(mask, depth)
#define TAGS(mask, n, tags) {mask, n, tags},
#define MARSHAL(mask, name, n, bytes, tree, status)
#include "pyc/marshal_cases.inc"
#undef DEPTH
#undef TAGS
#undef MARSHAL
    };
    (void)state;
    for (size_t k = 0; k < sizeof tags / sizeof *tags; k++)
        for (int bit = 0; bit < N_VERSIONS; bit++)
            for (int tag = 0; tag < 256 && tags[k].mask >> bit & 1; tag++) {
                reading r;
                uint8_t bytes[65] = {(uint8_t)tag};
                bool known = memchr(tags[k].tags, tag & 0x7f, tags[k].n) != NULL;
                read_bytes(&r, bytes, sizeof bytes, version_of_bit(bit)->id);
                if ((r.status == BF_UNSUPPORTED && r.err.offset == 0) == known)
                    fail_msg("type code 0x%02x, CPython %s", tag, version_of_bit(bit)->name);
                if (!known) assert_non_null(strstr(r.err.message, version_of_bit(bit)->name));
                done(&r);
            }
}

static void test_marshal__depth(void **state) {
    static const struct {
        unsigned mask;
        int deepest; /* tuple around None that CPython loads */
    } depths[] = {
#define DEPTH(mask, depth) {mask, depth},
#define TAGS(mask, n, tags)
#define MARSHAL(mask, name, n, bytes, tree, status)
#include "pyc/marshal_cases.inc"
#undef DEPTH
#undef TAGS
#undef MARSHAL
    };
    static const char leaves[] = "N0.r";
    (void)state;
    for (size_t k = 0; k < sizeof depths / sizeof *depths; k++)
        for (int bit = 0; bit < N_VERSIONS; bit++)
            for (int deeper = 0; deeper < 2 && depths[k].mask >> bit & 1; deeper++) {
                int n = depths[k].deepest + deeper;
                char bytes[2 * 2001 + 1];
                reading r;
                for (int i = 0; i < n; i++) memcpy(bytes + 2 * i, ")\001", 2);
                for (const char *leaf = leaves; *leaf; leaf++) {
                    bytes[2 * n] = *leaf;
                    read_bytes(&r, bytes, 2 * (size_t)n + 1, version_of_bit(bit)->id);
                    if (deeper)
                        assert_int_equal(r.status, BF_LIMIT);
                    else
                        assert_int_not_equal(r.status, BF_LIMIT);
                    if (deeper) assert_int_equal(r.err.offset, 2 * n);
                    if (!deeper && (*leaf == 'N' || *leaf == '.')) assert_int_equal(r.status, BF_OK);
                    done(&r);
                }
            }
}

/* Where the point is a comma: the caller's locale is none of the file's. */
static void test_marshal__text_floats_in_any_locale(void **state) {
    static const char *const names[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "fr_FR", "pt_BR.UTF-8"};
    size_t i = 0;
    reading r;
    (void)state;
    while (i < sizeof names / sizeof *names && !setlocale(LC_ALL, names[i])) i++;
    if (i == sizeof names / sizeof *names) skip();
    READ(&r, "f\0041.25", 38);
    setlocale(LC_ALL, "C");
    assert_int_equal(r.status, BF_OK);
    assert_true(r.root->u.f == 1.25);
    done(&r);
}

/* ---- references ---- */

static void test_marshal__ref_is_the_same_object(void **state) {
    reading r;
    (void)state;
    READ(&r, "(\002\000\000\000\351\007\000\000\000r\000\000\000\000", 38); /* x = 7; (x, x) */
    assert_int_equal(r.status, BF_OK);
    assert_int_equal(r.root->n, 2);
    assert_ptr_equal(r.root->u.items[0], r.root->u.items[1]);
    done(&r);
}

static void test_marshal__ref_past_end(void **state) {
    (void)state;
    REFUSES("r\000\000\000\000", 38, BF_CORRUPT, 0);
    REFUSES("(\002\000\000\000\351\007\000\000\000r\001\000\000\000", 312, BF_CORRUPT, 10);
    REFUSES("(\002\000\000\000i\007\000\000\000r\000\000\000\000", 315, BF_CORRUPT, 10); /* without FLAG_REF there is no number */
}

/* CPython makes cycles of these (a tuple that holds itself); here they are refused, so that a tree stays one. */
static void test_marshal__ref_to_incomplete(void **state) {
    (void)state;
    REFUSES("\250\001\000\000\000r\000\000\000\000", 38, BF_CORRUPT, 5); /* tuple */
    REFUSES("\251\001r\000\000\000\000", 315, BF_CORRUPT, 2);             /* small tuple */
    REFUSES("\333\001\000\000\000r\000\000\000\000", 38, BF_CORRUPT, 5); /* list */
    REFUSES("\274\001\000\000\000r\000\000\000\000", 38, BF_CORRUPT, 5); /* set */
    REFUSES("\373r\000\000\000\000N0", 38, BF_CORRUPT, 1);                /* key of a dict */
    REFUSES("\373Nr\000\000\000\0000", 38, BF_CORRUPT, 2);                /* value of a dict */
    REFUSES("\251\001\251\001r\000\000\000\000", 38, BF_CORRUPT, 4);      /* from two levels down */
}

/* 300 objects in the table, so that it grows; each is found again. */
static void test_marshal__ref_table_grows(void **state) {
    bf_buf b = {0};
    reading r;
    (void)state;
    bf_buf_put(&b, "(\130\002\000\000", 5); /* 600 items */
    for (unsigned i = 0; i < 300; i++) {
        uint8_t item[5] = {0xe9, (uint8_t)i, (uint8_t)(i >> 8), 0, 0};
        bf_buf_put(&b, item, 5);
    }
    for (unsigned i = 0; i < 300; i++) {
        uint8_t item[5] = {'r', (uint8_t)i, (uint8_t)(i >> 8), 0, 0};
        bf_buf_put(&b, item, 5);
    }
    read_bytes(&r, b.p, b.n, 313);
    assert_int_equal(r.status, BF_OK);
    for (uint32_t i = 0; i < 300; i++) {
        assert_int_equal(r.root->u.items[i]->u.i, i);
        assert_ptr_equal(r.root->u.items[300 + i], r.root->u.items[i]);
    }
    done(&r);
    bf_buf_free(&b);
}

/* ---- counts ---- */

static void test_marshal__count_beyond_the_input(void **state) {
    (void)state;
    REFUSES("(\377\377\377\177", 38, BF_TRUNCATED, 5);
    REFUSES("(\377\377\377\377", 38, BF_TRUNCATED, 5);
    REFUSES("<\377\377\377\377NNNN", 38, BF_TRUNCATED, 5);
    REFUSES("s\377\377\377\177", 38, BF_TRUNCATED, 5);
    REFUSES("u\377\377\377\377", 38, BF_TRUNCATED, 5);
    REFUSES("l\377\377\377\177", 38, BF_TRUNCATED, 5);
    REFUSES("l\000\000\000\200", 38, BF_CORRUPT, 1); /* -2**31 digits */
    REFUSES(")\377NN", 38, BF_TRUNCATED, 2);
}

/* Each item has a byte of its own: nested containers cannot all claim the same bytes. */
static void test_marshal__counts_claim_bytes_once(void **state) {
    reading r;
    (void)state;
    READ(&r, "(\010\000\000\000(\010\000\000\000NNNNNNNNNNNN", 38);
    assert_int_equal(r.status, BF_TRUNCATED);
    done(&r);
    READ(&r, "(\007\000\000\000(\003\000\000\000(\007\000\000\000NN", 38);
    assert_int_not_equal(r.status, BF_OK);
    assert_true(r.arena.size_bytes < 4096);
    done(&r);
    /* a row of tuples that each claim all that is left: memory must not grow with the square of the input */
    bf_buf b = {0};
    for (uint32_t left = 50000; left >= 5; left -= 5) {
        uint8_t head[5] = {'(', (uint8_t)(left - 5), (uint8_t)((left - 5) >> 8), 0, 0};
        bf_buf_put(&b, head, 5);
    }
    read_bytes(&r, b.p, b.n, 38);
    assert_int_not_equal(r.status, BF_OK);
    assert_true(r.arena.size_bytes < 50 * b.n);
    done(&r);
    bf_buf_free(&b);
}

/* ---- what stays of an object that failed ---- */

static void test_marshal__failed_tree_holds_what_was_read(void **state) {
    reading r;
    (void)state;
    READ(&r, ")\003i\001\000\000\000)\002TF", 38);
    assert_int_equal(r.status, BF_TRUNCATED);
    assert_int_equal(r.root->type, BF_OBJ_TUPLE);
    assert_false(r.root->is_complete);
    assert_int_equal(r.root->n, 2);
    assert_int_equal(r.root->u.items[0]->u.i, 1);
    assert_true(r.root->u.items[1]->is_complete);
    done(&r);
    READ(&r, ")\002)\003Ni\000", 38);
    assert_int_equal(r.root->n, 1);
    assert_false(r.root->u.items[0]->is_complete);
    assert_int_equal(r.root->u.items[0]->n, 1);
    done(&r);
    READ(&r, "i\001\000", 38);
    assert_null(r.root);
    done(&r);
}

static void test_marshal__sets_keep_the_order_of_the_file(void **state) {
    reading r;
    bf_buf text = {0};
    (void)state;
    READ(&r, ">\004\000\000\000i\003\000\000\000i\001\000\000\000Ti\003\000\000\000", 38);
    assert_int_equal(r.status, BF_OK);
    describe(&text, r.root);
    assert_said(&text, "#<i3 i1 T i3>", "frozenset", "3.8");
    bf_buf_free(&text);
    done(&r);
    READ(&r, "<\001\000\000\000[\000\000\000\000", 38); /* a list in a set: CPython has no hash for it, we need none */
    assert_int_equal(r.status, BF_OK);
    done(&r);
}

static void test_marshal__reads_from_an_offset(void **state) {
    static const uint8_t data[] = "header)\002zN\003abc";
    bf_arena arena = {0};
    bf_object *root;
    bf_error err = {0};
    size_t end;
    (void)state;
    assert_int_equal(bf_marshal_read(&root, data, sizeof data - 1, 6, version_of(38), NULL, &arena, &end, &err), BF_TRUNCATED);
    assert_int_equal(err.offset, 10); /* of the file: z with N = 78 bytes */
    assert_int_equal(bf_marshal_read(&root, data, sizeof data - 1, sizeof data - 1, version_of(38), NULL, &arena, &end, NULL), BF_TRUNCATED);
    assert_null(root);
    bf_arena_free(&arena);
}

/* ---- code objects ---- */

/* marshal.dumps((lambda: 0).__code__.replace(co_name="f", co_filename="m", ...), 2) of 3.8, with a hole for one field. */
static void code_of_38(bf_buf *out, int hole, const char *filler, size_t n_filler) {
    static const char *const fields[] = {"s\000\000\000\000", "(\000\000\000\000", "(\000\000\000\000",  "(\000\000\000\000",
                                         "(\000\000\000\000", "(\000\000\000\000", "u\001\000\000\000m", "u\001\000\000\000f",
                                         "\001\000\000\000",  "s\000\000\000\000"};
    static const size_t sizes[] = {5, 5, 5, 5, 5, 5, 6, 6, 4, 5};
    out->n = 0;
    bf_buf_putc(out, 'c');
    for (int i = 0; i < 24; i++) bf_buf_putc(out, (char)(i % 4 ? 0 : i / 4 + 1));
    for (int i = 0; i < 10; i++) bf_buf_put(out, i == hole ? filler : fields[i], i == hole ? n_filler : sizes[i]);
}

static void test_marshal__code_fields(void **state) {
    bf_buf b = {0};
    reading r;
    (void)state;
    code_of_38(&b, -1, NULL, 0);
    read_bytes(&r, b.p, b.n, 38);
    assert_int_equal(r.status, BF_OK);
    const bf_raw_code *code = r.root->u.code;
    assert_int_equal(code->argcount, 1);
    assert_int_equal(code->posonlyargcount, 2);
    assert_int_equal(code->kwonlyargcount, 3);
    assert_int_equal(code->nlocals, 4);
    assert_int_equal(code->stacksize, 5);
    assert_int_equal(code->flags, 6);
    assert_int_equal(code->firstlineno, 1);
    assert_int_equal(code->offset, 0);
    assert_int_equal(code->name->u.p[0], 'f');
    assert_int_equal(code->filename->u.p[0], 'm');
    assert_null(code->qualname);
    assert_null(code->exceptiontable);
    done(&r);
    bf_buf_free(&b);
}

/* Each field as an object of a wrong type, as NULL, and as nothing at all. */
static void test_marshal__code_field_of_a_wrong_type(void **state) {
    static const char *const names[] = {"co_code",     "co_consts", "co_names", "co_varnames", "co_freevars", "co_cellvars",
                                        "co_filename", "co_name",   "",         "co_linetable"};
    bf_buf b = {0};
    (void)state;
    for (int field = 0; field < 10; field++) {
        if (field == 8) continue; /* firstlineno is no object */
        for (const char *filler = "N0i"; *filler; filler++) {
            reading r;
            code_of_38(&b, field, *filler == 'i' ? "i\000\000\000\000" : filler, *filler == 'i' ? 5 : 1);
            read_bytes(&r, b.p, b.n, 38);
            assert_int_equal(r.status, BF_CORRUPT);
            assert_non_null(strstr(r.err.message, names[field]));
            assert_false(r.root->is_complete);
            done(&r);
        }
    }
    bf_buf_free(&b);
}

static void test_marshal__code_of_two_files_differs_by_version(void **state) {
    bf_buf b = {0};
    reading r;
    (void)state;
    code_of_38(&b, -1, NULL, 0);
    read_bytes(&r, b.p, b.n, 311); /* a 3.11 code object has one int less */
    assert_int_not_equal(r.status, BF_OK);
    done(&r);
    bf_buf_free(&b);
}

/* ---- memory ---- */

/* With less and less of it: every step that allocates meets the failure once, and says so. */
static void test_marshal__failed_allocations(void **state) {
    static const char input[] = "\251\006\333\001\000\000\000N\373NN0\276\001\000\000\000a\001\000\000\000\351z\001ai\001\000\000\000l"
                                    "\005\000\000\000\001\000\001\000\001\000\001\000\001\000";
    (void)state;
    char *memory = malloc(8192);
    assert_non_null(memory);
    bool all = false;
    for (size_t n = 0; n < 8192 && !all; n += 8) {
        bf_arena arena = small_arena(memory, n);
        bf_object *root;
        size_t end;
        bf_error err = {0};
        for (int with_realloc = 0; with_realloc < 2; with_realloc++) {
            arena = small_arena(memory, n);
            allocations_left = with_realloc; /* the first is the table of references */
            bf_status st = bf_marshal_read(&root, (const uint8_t *)input, sizeof input - 1, 0, version_of(38), NULL, &arena, &end, &err);
            allocations_left = INT64_MAX;
            if (st != BF_OK) assert_int_equal(st, BF_NO_MEMORY);
            all = st == BF_OK;
            bf_arena_free(&arena);
        }
    }
    assert_true(all);
    free(memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_marshal__as_cpython_loads),
        cmocka_unit_test(test_marshal__every_prefix_is_truncated),
        cmocka_unit_test(test_marshal__type_codes_of_each_version),
        cmocka_unit_test(test_marshal__depth),
        cmocka_unit_test(test_marshal__text_floats_in_any_locale),
        cmocka_unit_test(test_marshal__ref_is_the_same_object),
        cmocka_unit_test(test_marshal__ref_past_end),
        cmocka_unit_test(test_marshal__ref_to_incomplete),
        cmocka_unit_test(test_marshal__ref_table_grows),
        cmocka_unit_test(test_marshal__count_beyond_the_input),
        cmocka_unit_test(test_marshal__counts_claim_bytes_once),
        cmocka_unit_test(test_marshal__failed_tree_holds_what_was_read),
        cmocka_unit_test(test_marshal__sets_keep_the_order_of_the_file),
        cmocka_unit_test(test_marshal__reads_from_an_offset),
        cmocka_unit_test(test_marshal__code_fields),
        cmocka_unit_test(test_marshal__code_field_of_a_wrong_type),
        cmocka_unit_test(test_marshal__code_of_two_files_differs_by_version),
        cmocka_unit_test(test_marshal__failed_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
