#include "tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/load.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

enum { MAX_NODES = 1 << 14, MAX_SCRATCH = 1 << 16, MAX_READ_DEPTH = 500, MAX_WRITE_DEPTH = 2100, NONE = -1, RAW = 0 /* four bytes, a field of code */ };

typedef struct node {
    uint8_t tag;
    bool flag;
    bool lies;            /* about its count or length: `count` is written */
    uint32_t count;       /* of a reference without a target: its number */
    int32_t first, next;  /* child, sibling */
    int32_t target;       /* of a reference */
    int64_t number;       /* in the table of references, once written; NONE */
    const uint8_t *bytes; /* payload without its length */
    uint32_t n_bytes;
} node;

typedef struct tree {
    const bf_cpython *version;
    node nodes[MAX_NODES];
    int32_t n_nodes;
    int32_t refs[MAX_NODES];
    uint32_t n_refs;
    uint8_t scratch[MAX_SCRATCH]; /* new payloads */
    size_t n_scratch;
    const uint8_t *at, *end; /* reading */
    uint8_t *to, *to_end;    /* writing */
    int64_t n_written_refs;
    uint64_t random;
} tree;

static uint32_t random_below(tree *t, uint32_t n) {
    t->random ^= t->random << 13, t->random ^= t->random >> 7, t->random ^= t->random << 17;
    return n ? (uint32_t)(t->random >> 16) % n : 0;
}

/* ---- what type codes hold ---- */

typedef enum shape { LEAF, FIXED, TEXT8, TEXT32, LONG, TEXTS, ITEMS8, ITEMS32, ITEMS3, PAIRS, CODE, REF, UNKNOWN } shape;

static shape shape_of(uint8_t tag) {
    static const char *const tags[] = {[LEAF] = "NFTS.0", [FIXED] = "iIgy", [TEXT8] = "zZf", [TEXT32] = "sutaA", [LONG] = "l", [TEXTS] = "x",
                                       [ITEMS8] = ")",    [ITEMS32] = "([<>", [ITEMS3] = ":", [PAIRS] = "{}", [CODE] = "c", [REF] = "rR"};
    if (tag == RAW) return FIXED;
    for (int s = LEAF; s < UNKNOWN; s++)
        if (strchr(tags[s], tag)) return (shape)s;
    return UNKNOWN;
}

static uint32_t fixed_size(uint8_t tag) {
    return tag == 'y' ? 16 : tag == 'I' || tag == 'g' ? 8 : 4;
}

/* Fields of a code object: i are four bytes, o is an object. */
static const char *code_fields(const bf_cpython *v) {
    return v->has_old_types ? "iiiiooooooooio" : v->has_localsplus ? "iiiiioooooooo" "ioo" : v->minor < 8 ? "iiiiiooooooooio" : "iiiiiiooooooooio";
}

/* ---- reading ---- */

static bool have(const tree *t, size_t n) {
    return (size_t)(t->end - t->at) >= n;
}

static int32_t new_node(tree *t, uint8_t tag) {
    if (t->n_nodes == MAX_NODES) return NONE;
    t->nodes[t->n_nodes] = (node){.tag = tag, .first = NONE, .next = NONE, .target = NONE, .number = NONE};
    return t->n_nodes++;
}

static bool take_bytes(tree *t, node *o, size_t n) {
    if (!have(t, n)) return false;
    o->bytes = t->at;
    o->n_bytes = (uint32_t)n;
    t->at += n;
    return true;
}

static bool take_count(tree *t, uint32_t width, uint32_t *out) {
    if (!have(t, width)) return false;
    *out = width == 1 ? *t->at : bf_load_u32(t->at);
    t->at += width;
    return true;
}

static int32_t read_object(tree *t, int depth, bool *ok);

/* Children until one cannot be read. */
static bool read_children(tree *t, int32_t parent, uint32_t n, bool until_null, const char *fields, int depth) {
    int32_t *link = &t->nodes[parent].first;
    for (uint32_t i = 0; i < n; i++) {
        bool ok = true;
        int32_t child = fields && fields[i] == 'i' ? new_node(t, RAW) : read_object(t, depth + 1, &ok);
        if (child == NONE) return false;
        if (fields && fields[i] == 'i') ok = take_bytes(t, &t->nodes[child], 4);
        *link = child;
        link = &t->nodes[child].next;
        if (!ok) return false;
        if (until_null && t->nodes[child].tag == '0') break;
    }
    return true;
}

static int32_t read_object(tree *t, int depth, bool *ok) {
    uint32_t n = 0;
    *ok = false;
    if (!have(t, 1) || depth > MAX_READ_DEPTH || shape_of(*t->at & 0x7f) == UNKNOWN || (*t->at & 0x7f) == RAW) return NONE;
    int32_t index = new_node(t, *t->at & 0x7f);
    if (index == NONE) return NONE;
    node *o = &t->nodes[index];
    bool is_old = t->version->has_old_types;
    o->flag = *t->at++ & 0x80;
    if ((is_old ? o->tag == 't' : o->flag) && t->n_refs < MAX_NODES) t->refs[t->n_refs++] = index;
    switch (shape_of(o->tag)) {
    case LEAF: *ok = true; break;
    case FIXED: *ok = take_bytes(t, o, fixed_size(o->tag)); break;
    case TEXT8: *ok = take_count(t, 1, &n) && take_bytes(t, o, n); break;
    case TEXT32: *ok = take_count(t, 4, &n) && take_bytes(t, o, n); break;
    case LONG:
        if (!take_count(t, 4, &o->count)) break;
        n = o->count & 0x80000000 ? 0 - o->count : o->count;
        *ok = take_bytes(t, o, 2 * (size_t)n);
        o->lies = true; /* its sign is in its count */
        break;
    case TEXTS: *ok = have(t, 1) && have(t, 1u + *t->at) && take_bytes(t, o, 1u + *t->at); break; /* the second is left over */
    case ITEMS8: *ok = take_count(t, 1, &n) && read_children(t, index, n, false, NULL, depth); break;
    case ITEMS32: *ok = take_count(t, 4, &n) && read_children(t, index, n, false, NULL, depth); break;
    case ITEMS3: *ok = read_children(t, index, 3, false, NULL, depth); break;
    case PAIRS: *ok = read_children(t, index, UINT32_MAX, true, NULL, depth); break;
    case CODE: {
        const char *fields = code_fields(t->version);
        *ok = read_children(t, index, (uint32_t)strlen(fields), false, fields, depth);
        break;
    }
    case REF:
        *ok = take_count(t, 4, &o->count);
        if (o->count < t->n_refs) o->target = t->refs[o->count];
        break;
    case UNKNOWN: break;
    }
    return index;
}

/* ---- writing ---- */

static void put(tree *t, const void *p, size_t n) {
    if (n > (size_t)(t->to_end - t->to)) n = (size_t)(t->to_end - t->to);
    if (n) memcpy(t->to, p, n);
    t->to += n;
}

static void put_count(tree *t, uint32_t n, uint32_t width) {
    const uint8_t bytes[] = {(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), (uint8_t)(n >> 24)};
    put(t, bytes, width);
}

static void write_object(tree *t, int32_t index, int depth) {
    node *o = &t->nodes[index];
    if (depth > MAX_WRITE_DEPTH || t->to == t->to_end) return;
    if (o->tag != RAW) {
        const uint8_t byte = o->tag | (o->flag ? 0x80 : 0);
        put(t, &byte, 1);
        if (t->version->has_old_types ? o->tag == 't' : o->flag) o->number = t->n_written_refs++;
    }
    uint32_t n_children = 0;
    for (int32_t c = o->first; c != NONE && n_children < MAX_NODES; c = t->nodes[c].next) n_children++;
    switch (shape_of(o->tag)) {
    case TEXT8: put_count(t, o->lies ? o->count : o->n_bytes, 1); break;
    case TEXT32: put_count(t, o->lies ? o->count : o->n_bytes, 4); break;
    case LONG: put_count(t, o->count & 0x80000000 ? 0 - o->n_bytes / 2 : o->n_bytes / 2, 4); break;
    case ITEMS8: put_count(t, o->lies ? o->count : n_children, 1); break;
    case ITEMS32: put_count(t, o->lies ? o->count : n_children, 4); break;
    case REF: put_count(t, o->target != NONE && t->nodes[o->target].number >= 0 ? (uint32_t)t->nodes[o->target].number : o->count, 4); break;
    default: break;
    }
    put(t, o->bytes, o->n_bytes);
    for (int32_t c = o->first; n_children--; c = t->nodes[c].next) write_object(t, c, depth + 1);
}

/* ---- changes ---- */

static int32_t any(tree *t) {
    return (int32_t)random_below(t, (uint32_t)t->n_nodes);
}

/* What a node is, in the place of another. */
static void become(tree *t, int32_t at, node what) {
    what.next = t->nodes[at].next;
    t->nodes[at] = what;
}

static int32_t copy(tree *t, int32_t from, int depth) {
    int32_t to = new_node(t, 0);
    if (to == NONE || depth > 50) return to;
    t->nodes[to] = t->nodes[from];
    t->nodes[to].first = t->nodes[to].next = NONE;
    t->nodes[to].number = NONE;
    int32_t *link = &t->nodes[to].first;
    for (int32_t c = t->nodes[from].first, n = 0; c != NONE && n < 256; c = t->nodes[c].next, n++) {
        int32_t child = copy(t, c, depth + 1);
        if (child == NONE) break;
        *link = child;
        link = &t->nodes[child].next;
    }
    return to;
}

static int32_t fresh(tree *t) {
    static const char tags[] = "NFTS.iIlgyfxsutaAzZ)([<>:{}rR0c";
    static const uint8_t zeros[32] = {0};
    int32_t index = new_node(t, (uint8_t)tags[random_below(t, sizeof tags - 1)]);
    if (index == NONE) return NONE;
    node *o = &t->nodes[index];
    o->bytes = zeros;
    o->flag = !t->version->has_old_types && random_below(t, 3) == 0;
    o->count = random_below(t, 4) ? random_below(t, 8) : UINT32_MAX - random_below(t, 2);
    switch (shape_of(o->tag)) {
    case FIXED: o->n_bytes = fixed_size(o->tag); break;
    case LONG: o->n_bytes = 2 * random_below(t, 8); break;
    case TEXTS: o->n_bytes = 1; break;
    case TEXT8:
    case TEXT32: o->n_bytes = random_below(t, 5); break;
    default: break;
    }
    return index;
}

static void mutate_bytes(tree *t, node *o) {
    size_t room = MAX_SCRATCH - t->n_scratch, most = shape_of(o->tag) == FIXED ? o->n_bytes : o->n_bytes + 64;
    if (o->n_bytes > room || room < 128) return;
    uint8_t *to = t->scratch + t->n_scratch;
    if (o->n_bytes) memcpy(to, o->bytes, o->n_bytes);
    size_t n = LLVMFuzzerMutate(to, o->n_bytes, most < room ? most : room);
    o->bytes = to;
    o->n_bytes = shape_of(o->tag) == FIXED ? o->n_bytes : (uint32_t)n;
    t->n_scratch += most < room ? most : room;
}

static void set_number(tree *t, node *o) {
    static const uint32_t numbers[] = {0, 1, 2, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 0x3fffffff, 0x7ffffffe, 0x7fffffff, 0x80000000,
                                       0x80000001, 0xfffffffe, 0xffffffff};
    if (MAX_SCRATCH - t->n_scratch < 16 || shape_of(o->tag) != FIXED) return;
    uint8_t *to = t->scratch + t->n_scratch;
    for (uint32_t i = 0; i < o->n_bytes; i += 4) {
        uint32_t n = numbers[random_below(t, sizeof numbers / sizeof *numbers)];
        for (int k = 0; k < 4; k++) to[i + (uint32_t)k] = (uint8_t)(n >> 8 * k);
    }
    o->bytes = to;
    t->n_scratch += 16;
}

static void insert_child(tree *t, int32_t parent, int32_t child) {
    uint32_t place = random_below(t, 8);
    int32_t *link = &t->nodes[parent].first;
    while (*link != NONE && place--) link = &t->nodes[*link].next;
    t->nodes[child].next = *link;
    *link = child;
}

static void change(tree *t) {
    int32_t a = any(t), b = any(t), made;
    node *o = &t->nodes[a];
    switch (random_below(t, 14)) {
    case 0:
        if ((made = copy(t, b, 0)) != NONE) become(t, a, t->nodes[made]);
        break;
    case 1:
        if (o->first != NONE && o->tag != 'c') o->first = t->nodes[o->first].next;
        break;
    case 2:
        if (o->first != NONE && (made = copy(t, b, 0)) != NONE) insert_child(t, a, made);
        break;
    case 3: {
        node first = *o;
        become(t, a, t->nodes[b]);
        become(t, b, first);
        break;
    }
    case 4: /* a reference to something: perhaps to what it lies in */
        if (o->tag == RAW || t->nodes[b].tag == RAW) break;
        if (!t->version->has_old_types) t->nodes[b].flag = true;
        become(t, a, (node){.tag = t->version->has_old_types ? 'R' : 'r', .target = b, .first = NONE, .number = NONE});
        break;
    case 5: o->flag = !o->flag && o->tag != RAW; break;
    case 6: o->lies = !o->lies, o->count = random_below(t, 2) ? random_below(t, 300) : UINT32_MAX - random_below(t, 1000); break;
    case 7:
        if (o->tag != RAW && (made = fresh(t)) != NONE) become(t, a, t->nodes[made]);
        break;
    case 8: { /* deeper, a few times */
        if (o->tag == RAW) break;
        for (uint32_t n = random_below(t, 4) ? 1 : random_below(t, 64); n--;) {
            if ((made = new_node(t, o->tag)) == NONE) break;
            become(t, made, *o);
            t->nodes[made].next = NONE;
            become(t, a, (node){.tag = (uint8_t) "()[<>"[random_below(t, 5)], .first = made, .target = NONE, .number = NONE});
        }
        break;
    }
    case 9: set_number(t, o); break;
    default:
        for (int tries = 0; !t->nodes[a].n_bytes && tries < 20; tries++) a = any(t);
        mutate_bytes(t, &t->nodes[a]);
        break;
    }
}

size_t tree_mutate(uint8_t *data, size_t size, size_t max_size, const bf_cpython *version, unsigned seed) {
    static tree t;
    static uint8_t input[1 << 20];
    bool ok;
    if (size > sizeof input) return LLVMFuzzerMutate(data, size, max_size);
    memcpy(input, data, size);
    t.version = version;
    t.n_nodes = 0, t.n_refs = 0, t.n_scratch = 0, t.n_written_refs = 0;
    t.random = (uint64_t)seed * 0x9e3779b97f4a7c15u + 1;
    t.at = input, t.end = input + size;
    int32_t root = read_object(&t, 0, &ok);
    if (root == NONE || random_below(&t, 32) == 0) return LLVMFuzzerMutate(data, size, max_size);
    for (uint32_t n = 1 + random_below(&t, 4); n--;) change(&t);
    t.to = data, t.to_end = data + max_size;
    write_object(&t, root, 0);
    if (!ok || random_below(&t, 2)) put(&t, t.at, (size_t)(t.end - t.at));
    size_t n = (size_t)(t.to - data);
    return n ? n : 1;
}
