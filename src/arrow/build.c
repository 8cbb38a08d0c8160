#include "arrow/build.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_BYTES = 1 << 20, LARGEST_ROOM = 4 << 20 }; /* of a buffer: most batches need less, and what is not needed costs nothing (slab.c) */

/* The children of a struct, taken one after the other in the order of the schema: a function below reads like tables.def. */
typedef struct columns {
    bf_scratch *s;
    const struct ArrowSchema *schema;
    struct ArrowArray *array;
    int64_t next;
} columns;

static columns columns_of(bf_scratch *s, const struct ArrowSchema *schema, struct ArrowArray *array) {
    return (columns){s, schema, array, 0};
}

static struct ArrowArray *take(columns *c, const char *name) {
    (void)name;
    assert(c->next < c->array->n_children && !strcmp(c->schema->children[c->next]->name, name));
    return c->array->children[c->next++];
}

static const struct ArrowSchema *schema_taken(const columns *c) {
    return c->schema->children[c->next - 1];
}

/* One column of n rows; `value` may use k. */
#define INT32(name, n, value)                                        \
    do {                                                             \
        int32_t *to_ = bf_col_int32(c.s, take(&c, #name), n);        \
        for (int64_t k = 0; to_ && k < (n); k++) to_[k] = (value);   \
    } while (0)

#define INT32_OR_NULL(name, n, value)                                \
    do {                                                             \
        struct ArrowArray *column_ = take(&c, #name);                \
        int32_t *to_ = bf_col_int32(c.s, column_, n);                \
        for (int64_t k = 0; to_ && k < (n); k++) to_[k] = (value);   \
        if (to_) bf_col_int32_nulls(c.s, column_, to_, n, BF_NONE_INT); \
    } while (0)

#define BY_SCRATCH(type, scratch, append, name, n, value)            \
    do {                                                             \
        type *from_ = scratch(c.s, n);                               \
        for (int64_t k = 0; from_ && k < (n); k++) from_[k] = (value); \
        struct ArrowArray *column_ = take(&c, #name);                \
        if (from_) append(c.s, column_, from_, n);                   \
    } while (0)

/* Of texts that a file has again and again. */
enum { ARGVAL_STR, ARGREPR, DATA_HEX };

#define BOOL(name, n, value) BY_SCRATCH(int8_t, bf_scratch_valid, bf_col_bool, name, n, value)
#define STR(name, n, value) BY_SCRATCH(bf_str, bf_scratch_strs, bf_col_strs, name, n, value)
#define WORD(name, n, value) BY_SCRATCH(bf_str, bf_scratch_strs, bf_col_words, name, n, value) /* a text that is there as long as the program */
#define TEXT(known_, name, n, value)                                 \
    do {                                                             \
        bf_str *from_ = bf_scratch_strs(c.s, n);                     \
        for (int64_t k = 0; from_ && k < (n); k++) from_[k] = (value); \
        struct ArrowArray *column_ = take(&c, #name);                \
        if (from_) bf_col_texts(c.s, &c.s->known[known_], column_, from_, n); \
    } while (0)
#define NO_LISTS(name, n) bf_col_empty_lists(c.s, take(&c, #name), n) /* empty lists or maps */

/* One map a row; `value` is a const bf_attrs *. */
#define ATTRS(name, n, value)                                        \
    do {                                                             \
        struct ArrowArray *column_ = take(&c, #name);                \
        for (int64_t k = 0; k < (n); k++) put_attrs(c.s, column_, value); \
    } while (0)

/* One list a row, filled by put(scratch, schema and array of the items, row). */
#define LISTS(name, n, put, row)                                     \
    do {                                                             \
        struct ArrowArray *column_ = take(&c, #name);                \
        const struct ArrowSchema *items_ = schema_taken(&c)->children[0]; \
        for (int64_t k = 0; k < (n); k++) {                          \
            put(c.s, items_, column_->children[0], row);             \
            bf_col_end_list(c.s, column_);                           \
        }                                                            \
    } while (0)

#define NAMES(name, n, items, n_items)                               \
    do {                                                             \
        struct ArrowArray *column_ = take(&c, #name);                \
        for (int64_t k = 0; k < (n); k++) {                          \
            bf_col_strs(c.s, column_->children[0], items, n_items);  \
            bf_col_end_list(c.s, column_);                           \
        }                                                            \
    } while (0)

static void put_attrs(bf_scratch *s, struct ArrowArray *map, const bf_attrs *attrs) {
    struct ArrowArray *entries = map->children[0];
    bf_str *texts = bf_scratch_strs(s, attrs->n);
    if (!texts) return;
    for (uint32_t i = 0; i < attrs->n; i++) texts[i] = attrs->items[i].key;
    bf_col_strs(s, entries->children[0], texts, attrs->n);
    for (uint32_t i = 0; i < attrs->n; i++) texts[i] = attrs->items[i].value;
    bf_col_strs(s, entries->children[1], texts, attrs->n);
    bf_col_structs(entries, attrs->n);
    bf_col_end_list(s, map);
}

/* Maps of n rows at once. `fill` sets the keys and numbers that row k has, and gives how many. */
typedef int (*number_entries)(const bf_code_facts *code, int64_t k, bf_str *keys, int32_t *numbers);

enum { MAX_NUMBERS = 2 }; /* in a row */

static void put_numbers(bf_scratch *s, struct ArrowArray *map, const bf_code_facts *code, int64_t n, number_entries fill) {
    struct ArrowArray *entries = map->children[0];
    int32_t *ends = bf_col_lists(s, map, n), *numbers = bf_scratch_ints(s, MAX_NUMBERS * n);
    bf_str *keys = bf_scratch_strs(s, MAX_NUMBERS * n);
    if (!ends || !numbers || !keys) return;
    int64_t n_entries = 0;
    for (int64_t k = 0; k < n; k++) {
        n_entries += fill(code, k, keys + n_entries, numbers + n_entries);
        ends[k] = (int32_t)(entries->length + n_entries);
    }
    bf_col_words(s, entries->children[0], keys, n_entries);
    bf_col_numbers(s, entries->children[1], numbers, n_entries);
    bf_col_structs(entries, n_entries);
}

/* ---- below a code object ---- */

static void put_consts(bf_scratch *s, const struct ArrowSchema *schema, struct ArrowArray *array, const bf_code_facts *code) {
    columns c = columns_of(s, schema, array);
    int64_t n = code->n_consts;
    INT32(const_index, n, (int32_t)k);
    STR(const_repr, n, code->const_reprs[k]);
    bf_col_structs(array, n);
}

static void put_lines(bf_scratch *s, const struct ArrowSchema *schema, struct ArrowArray *array, const bf_code_facts *code) {
    columns c = columns_of(s, schema, array);
    const bf_line_fact *line = code->lines;
    int64_t n = code->n_lines;
    INT32(offset, n, line[k].offset);
    INT32_OR_NULL(line1, n, line[k].line1);
    INT32_OR_NULL(line0, n, line[k].line1 == BF_NONE_INT || line[k].line1 == 0 ? BF_NONE_INT : line[k].line1 - 1);
    NO_LISTS(attrs, n);
    bf_col_structs(array, n);
}

static void put_exceptions(bf_scratch *s, const struct ArrowSchema *schema, struct ArrowArray *array, const bf_code_facts *code) {
    columns c = columns_of(s, schema, array);
    const bf_exc_fact *e = code->excs;
    int64_t n = code->n_excs;
    INT32(exc_index, n, (int32_t)k);
    INT32(start_offset, n, e[k].start);
    INT32(end_offset, n, e[k].end);
    INT32(target_offset, n, e[k].target);
    INT32(depth, n, e[k].depth);
    BOOL(lasti, n, e[k].lasti);
    NO_LISTS(attrs, n);
    bf_col_structs(array, n);
}

/* Each cache entry of each instruction. */
#define FOR_CACHES(code, cache)                                      \
    for (uint32_t i_ = 0; i_ < (code)->n_instrs; i_++)               \
        for (const bf_cache_fact *cache = (code)->instrs[i_].n_caches ? (code)->instrs[i_].caches : NULL; /* NULL + 0 is undefined in C */ \
             cache && cache - (code)->instrs[i_].caches < (ptrdiff_t)(code)->instrs[i_].n_caches; cache++)

static void put_caches(bf_scratch *s, const struct ArrowSchema *schema, struct ArrowArray *list, const bf_code_facts *code) {
    struct ArrowArray *array = list->children[0];
    columns c = columns_of(s, schema, array);
    int32_t *ends = bf_col_lists(s, list, code->n_instrs);
    if (!ends) return;
    int64_t n = 0;
    for (uint32_t i = 0; i < code->n_instrs; i++) ends[i] = (int32_t)(array->length + (n += code->instrs[i].n_caches));
    bf_str *name = bf_scratch_strs(s, n), *names = name;
    if (!names) return;
    FOR_CACHES(code, cache) *name++ = cache->name;
    bf_col_words(s, take(&c, "name"), names, n);
    int32_t *size = bf_col_int32(s, take(&c, "size"), n);
    if (!size) return;
    FOR_CACHES(code, cache) *size++ = cache->size;
    bf_str *hex = bf_scratch_strs(s, n), *hexes = hex;
    if (!hex) return;
    FOR_CACHES(code, cache) *hex++ = cache->data_hex;
    bf_col_texts(s, &s->known[DATA_HEX], take(&c, "data_hex"), hexes, n);
    bf_col_structs(array, n);
}

static void put_place(bf_scratch *s, const struct ArrowSchema *schema, struct ArrowArray *array, const bf_code_facts *code, bool is_end) {
    columns c = columns_of(s, schema, array);
    const bf_instr *i = code->instrs;
    int64_t n = code->n_instrs;
    INT32_OR_NULL(line0, n, !i[k].has_span ? BF_NONE_INT : (is_end ? i[k].position.end_line : i[k].position.line) - 1);
    INT32_OR_NULL(col, n, !i[k].has_span ? BF_NONE_INT : is_end ? i[k].position.end_col : i[k].position.col);
}

/* Children of a null struct are null too: DataFusion's get_field does not look at the parent. */
static void put_byte_spans(bf_scratch *s, const struct ArrowSchema *schema, struct ArrowArray *array, const bf_code_facts *code) {
    columns c = columns_of(s, schema, array);
    const bf_instr *i = code->instrs;
    int64_t n = code->n_instrs;
    INT32_OR_NULL(byte_start, n, i[k].byte_start);
    INT32_OR_NULL(byte_len, n, i[k].byte_len);
    bf_col_structs(array, n);
    int8_t *valid = bf_scratch_valid(s, n);
    if (!valid) return;
    for (int64_t k = 0; k < n; k++) valid[k] = i[k].byte_start != BF_NONE_INT;
    bf_col_validity(s, array, valid, n);
}

static void put_spans(bf_scratch *s, const struct ArrowSchema *schema, struct ArrowArray *array, const bf_code_facts *code) {
    columns c = columns_of(s, schema, array);
    const bf_instr *i = code->instrs;
    int64_t n = code->n_instrs;
    int8_t *valid;
    struct ArrowArray *ends[2];
    for (int end = 0; end < 2; end++) {
        ends[end] = take(&c, end ? "end" : "start");
        put_place(s, schema_taken(&c), ends[end], code, end);
    }
    struct ArrowArray *exclusive = take(&c, "end_exclusive");
    WORD(col_unit, n, !i[k].has_span ? ((bf_str){NULL, 0}) : i[k].byte_start == BF_NONE_INT ? BF_STR("utf8") : BF_STR("utf32"));
    struct ArrowArray *byte_span = take(&c, "byte_span");
    put_byte_spans(s, schema_taken(&c), byte_span, code);
    if (!(valid = bf_scratch_valid(s, n))) return;
    for (int64_t k = 0; k < n; k++) valid[k] = i[k].has_span;
    bf_col_bool(s, exclusive, valid, n);
    bf_col_validity(s, exclusive, valid, n);
    struct ArrowArray *structs[] = {ends[0], ends[1], array};
    for (int j = 0; j < 3; j++) {
        bf_col_structs(structs[j], n);
        bf_col_validity(s, structs[j], valid, n);
    }
}

static void put_argval_ints(bf_scratch *s, struct ArrowArray *column, const bf_code_facts *code) {
    int64_t n = code->n_instrs;
    int64_t *to = bf_col_int64(s, column, n);
    int8_t *valid = bf_scratch_valid(s, n);
    if (!to || !valid) return;
    for (int64_t k = 0; k < n; k++) {
        valid[k] = code->instrs[k].has_argval_int;
        to[k] = valid[k] ? code->instrs[k].argval_int : 0;
    }
    bf_col_validity(s, column, valid, n);
}

static int depth_entries(const bf_code_facts *code, int64_t k, bf_str *keys, int32_t *numbers) {
    const bf_instr *i = &code->instrs[k];
    if (i->stack_before == BF_NONE_INT) return 0;
    keys[0] = BF_STR("stack_depth_before"), numbers[0] = i->stack_before;
    keys[1] = BF_STR("stack_depth_after"), numbers[1] = i->stack_after;
    return 2;
}

static void put_instrs(bf_scratch *s, const struct ArrowSchema *schema, struct ArrowArray *array, const bf_code_facts *code) {
    static const bf_str kinds[] = {
        [BF_ARGVAL_NONE] = {NULL, 0},                [BF_ARGVAL_CONST] = BF_STR_INIT("const"), [BF_ARGVAL_NAME] = BF_STR_INIT("name"),
        [BF_ARGVAL_LOCAL] = BF_STR_INIT("local"),    [BF_ARGVAL_FREE] = BF_STR_INIT("free"),   [BF_ARGVAL_COMPARE] = BF_STR_INIT("compare"),
        [BF_ARGVAL_JUMP] = BF_STR_INIT("jump"),
    };
    columns c = columns_of(s, schema, array);
    const bf_instr *i = code->instrs;
    int64_t n = code->n_instrs;
    INT32(instr_index, n, (int32_t)k);
    INT32(offset, n, i[k].offset);
    INT32(start_offset, n, i[k].start_offset);
    INT32(end_offset, n, i[k].end_offset);
    WORD(opname, n, i[k].op->name);
    WORD(baseopname, n, i[k].base->name);
    INT32(opcode, n, i[k].opcode);
    INT32(baseopcode, n, i[k].baseopcode);
    INT32_OR_NULL(arg, n, i[k].has_arg ? i[k].arg : BF_NONE_INT);
    INT32_OR_NULL(oparg, n, i[k].has_arg ? i[k].arg : BF_NONE_INT);
    WORD(argval_kind, n, kinds[i[k].argval_kind]);
    put_argval_ints(s, take(&c, "argval_int"), code);
    TEXT(ARGVAL_STR, argval_str, n, i[k].argval_str);
    TEXT(ARGREPR, argrepr, n, i[k].argrepr);
    INT32_OR_NULL(line_number, n, i[k].line_number);
    INT32_OR_NULL(starts_line, n, i[k].starts_line);
    INT32_OR_NULL(label, n, i[k].label);
    BOOL(is_jump_target, n, i[k].is_jump_target);
    INT32_OR_NULL(jump_target, n, i[k].jump_target);
    struct ArrowArray *cache_info = take(&c, "cache_info");
    put_caches(s, schema_taken(&c)->children[0], cache_info, code);
    struct ArrowArray *span = take(&c, "span");
    put_spans(s, schema_taken(&c), span, code);
    put_numbers(s, take(&c, "attrs"), code, n, depth_entries);
    bf_col_structs(array, n);
}

/* ---- flow ---- */

static void put_blocks(bf_scratch *s, const struct ArrowSchema *schema, struct ArrowArray *array, const bf_code_facts *code) {
    static const bf_str kinds[] = {
        [BF_BLOCK_ENTRY] = BF_STR_INIT("entry"), [BF_BLOCK_HANDLER] = BF_STR_INIT("handler"), [BF_BLOCK_NORMAL] = BF_STR_INIT("normal")};
    columns c = columns_of(s, schema, array);
    const bf_block_fact *b = code->blocks;
    int64_t n = code->n_blocks;
    INT32(start_offset, n, b[k].start);
    INT32(end_offset, n, b[k].end);
    WORD(kind, n, kinds[b[k].kind]);
    NO_LISTS(attrs, n);
    bf_col_structs(array, n);
}

static void put_cfg_attrs(bf_scratch *s, struct ArrowArray *map, const bf_code_facts *code) {
    struct ArrowArray *entries = map->children[0];
    const bf_cfg_fact *e = code->cfg_edges;
    int64_t n = code->n_cfg_edges, n_entries = 0;
    int32_t *ends = bf_col_lists(s, map, n);
    bf_str *texts = bf_scratch_strs(s, 2 * n);
    if (!ends || !texts) return;
    for (int64_t k = 0; k < n; k++) {
        if (e[k].label.p) {
            texts[n_entries++] = BF_STR("jump_kind");
            texts[n_entries++] = BF_STR("jump_label");
        }
        ends[k] = (int32_t)(entries->length + n_entries);
    }
    bf_col_words(s, entries->children[0], texts, n_entries);
    n_entries = 0;
    for (int64_t k = 0; k < n; k++) {
        if (!e[k].label.p) continue;
        texts[n_entries++] = e[k].kind == BF_EDGE_JUMP ? BF_STR("unconditional") : BF_STR("conditional");
        texts[n_entries++] = e[k].label;
    }
    bf_col_strs(s, entries->children[1], texts, n_entries);
    bf_col_structs(entries, n_entries);
}

static void put_cfg_edges(bf_scratch *s, const struct ArrowSchema *schema, struct ArrowArray *array, const bf_code_facts *code) {
    static const bf_str kinds[] = {[BF_EDGE_JUMP] = BF_STR_INIT("jump"),
                                   [BF_EDGE_BRANCH] = BF_STR_INIT("branch"),
                                   [BF_EDGE_NEXT] = BF_STR_INIT("next"),
                                   [BF_EDGE_EXC] = BF_STR_INIT("exc")};
    columns c = columns_of(s, schema, array);
    const bf_cfg_fact *e = code->cfg_edges;
    const bf_block_fact *b = code->blocks;
    int64_t n = code->n_cfg_edges;
    INT32(src_block_start, n, b[e[k].src].start);
    INT32(src_block_end, n, b[e[k].src].end);
    INT32(dst_block_start, n, b[e[k].dst].start);
    INT32(dst_block_end, n, b[e[k].dst].end);
    WORD(kind, n, kinds[e[k].kind]);
    STR(edge_key, n, e[k].edge_key);
    INT32_OR_NULL(cond_instr_index, n, e[k].cond_instr);
    INT32_OR_NULL(cond_instr_offset, n, e[k].cond_instr == BF_NONE_INT ? BF_NONE_INT : code->instrs[e[k].cond_instr].offset);
    INT32_OR_NULL(exc_index, n, e[k].exc_index);
    put_cfg_attrs(s, take(&c, "attrs"), code);
    bf_col_structs(array, n);
}

static int dfg_entries(const bf_code_facts *code, int64_t k, bf_str *keys, int32_t *numbers) {
    keys[0] = BF_STR("operand"), numbers[0] = code->dfg_edges[k].operand;
    keys[1] = BF_STR("result"), numbers[1] = code->dfg_edges[k].result;
    return 2;
}

static void put_dfg_edges(bf_scratch *s, const struct ArrowSchema *schema, struct ArrowArray *array, const bf_code_facts *code) {
    columns c = columns_of(s, schema, array);
    const bf_dfg_fact *e = code->dfg_edges;
    int64_t n = code->n_dfg_edges;
    INT32(src_instr_index, n, (int32_t)e[k].src);
    INT32(dst_instr_index, n, (int32_t)e[k].dst);
    WORD(kind, n, BF_STR("USE_STACK"));
    put_numbers(s, take(&c, "attrs"), code, n, dfg_entries);
    bf_col_structs(array, n);
}

/* ---- code objects, errors, the file ---- */

static void put_flags(bf_scratch *s, const struct ArrowSchema *schema, struct ArrowArray *array, const bf_file_facts *file) {
    columns c = columns_of(s, schema, array);
    const bf_code_facts *code = file->codes;
    int64_t n = file->n_codes;
    BOOL(is_optimized, n, (code[k].flags & 0x1) != 0);
    BOOL(is_newlocals, n, (code[k].flags & 0x2) != 0);
    BOOL(has_varargs, n, (code[k].flags & 0x4) != 0);
    BOOL(has_varkeywords, n, (code[k].flags & 0x8) != 0);
    BOOL(is_nested, n, (code[k].flags & 0x10) != 0);
    BOOL(is_generator, n, (code[k].flags & 0x20) != 0);
    BOOL(is_nofree, n, code[k].has_nofree && (code[k].flags & 0x40) != 0);
    BOOL(is_coroutine, n, (code[k].flags & 0x80) != 0);
    BOOL(is_iterable_coroutine, n, (code[k].flags & 0x100) != 0);
    BOOL(is_async_generator, n, (code[k].flags & 0x200) != 0);
    bf_col_structs(array, n);
}

static void put_codes(bf_scratch *s, const struct ArrowSchema *schema, struct ArrowArray *array, const bf_file_facts *file) {
    columns c = columns_of(s, schema, array);
    const bf_code_facts *code = file->codes;
    int64_t n = file->n_codes;
    STR(code_id, n, code[k].code_id);
    STR(qualname, n, code[k].qualname);
    STR(co_qualname, n, code[k].co_qualname);
    STR(co_filename, n, code[k].co_filename);
    STR(name, n, code[k].name);
    INT32(firstlineno1, n, code[k].firstlineno);
    INT32(argcount, n, code[k].argcount);
    INT32(posonlyargcount, n, code[k].posonlyargcount);
    INT32(kwonlyargcount, n, code[k].kwonlyargcount);
    INT32(nlocals, n, code[k].nlocals);
    INT32(flags, n, code[k].flags);
    struct ArrowArray *flags_detail = take(&c, "flags_detail");
    put_flags(s, schema_taken(&c), flags_detail, file);
    INT32(stacksize, n, code[k].stacksize);
    INT32(code_len, n, code[k].code_len);
    NAMES(varnames, n, code[k].varnames, code[k].n_varnames);
    NAMES(freevars, n, code[k].freevars, code[k].n_freevars);
    NAMES(cellvars, n, code[k].cellvars, code[k].n_cellvars);
    NAMES(names, n, code[k].names, code[k].n_names);
    LISTS(consts, n, put_consts, &code[k]);
    STR(consts_json, n, code[k].consts_json);
    LISTS(line_table, n, put_lines, &code[k]);
    LISTS(instructions, n, put_instrs, &code[k]);
    LISTS(exception_table, n, put_exceptions, &code[k]);
    LISTS(blocks, n, put_blocks, &code[k]);
    LISTS(cfg_edges, n, put_cfg_edges, &code[k]);
    LISTS(dfg_edges, n, put_dfg_edges, &code[k]);
    ATTRS(attrs, n, &code[k].attrs);
    bf_col_structs(array, n);
}

static void put_errors(bf_scratch *s, const struct ArrowSchema *schema, struct ArrowArray *array, const bf_file_facts *file) {
    columns c = columns_of(s, schema, array);
    const bf_error_fact *e = file->errors;
    int64_t n = file->n_errors;
    STR(error_type, n, e[k].error_type);
    STR(message, n, e[k].message);
    ATTRS(attrs, n, &e[k].attrs);
    bf_col_structs(array, n);
}

static void put_file(bf_builder *b, const bf_file_facts *file) {
    columns c = columns_of(&b->scratch, &b->schema, &b->batch);
    STR(repo, 1, file->repo);
    STR(path, 1, file->path);
    STR(file_id, 1, file->file_id);
    LISTS(code_objects, 1, put_codes, file);
    LISTS(errors, 1, put_errors, file);
    ATTRS(attrs, 1, &file->attrs);
    bf_col_structs(&b->batch, 1);
}

/* ---- the builder ---- */

/* Columns that dictionaries can encode: they have few different values, or the same again and again in a file. */
static const struct {
    const char *path;
    void (*end)(bf_scratch *s, struct ArrowArray *column); /* makes the dictionary; NULL: it is there already */
} encoded[BF_N_ENCODED] = {
    {"code_objects.element.instructions.element.opname", bf_col_end_words},
    {"code_objects.element.instructions.element.baseopname", bf_col_end_words},
    {"code_objects.element.instructions.element.argval_kind", bf_col_end_words},
    {"code_objects.element.instructions.element.argval_str", NULL},
    {"code_objects.element.instructions.element.argrepr", NULL},
    {"code_objects.element.instructions.element.cache_info.element.name", bf_col_end_words},
    {"code_objects.element.instructions.element.cache_info.element.data_hex", NULL},
    {"code_objects.element.instructions.element.span.col_unit", bf_col_end_words},
    {"code_objects.element.instructions.element.attrs.key_value.key", bf_col_end_words},
    {"code_objects.element.instructions.element.attrs.key_value.value", bf_col_end_numbers},
    {"code_objects.element.blocks.element.kind", bf_col_end_words},
    {"code_objects.element.cfg_edges.element.kind", bf_col_end_words},
    {"code_objects.element.cfg_edges.element.attrs.key_value.key", bf_col_end_words},
    {"code_objects.element.dfg_edges.element.kind", bf_col_end_words},
    {"code_objects.element.dfg_edges.element.attrs.key_value.key", bf_col_end_words},
    {"code_objects.element.dfg_edges.element.attrs.key_value.value", bf_col_end_numbers},
};

/* The field at a path, and its array if `array` is not NULL. */
static struct ArrowSchema *find(struct ArrowSchema *schema, struct ArrowArray **array, const char *path) {
    for (const char *name = path; *name;) {
        size_t n = strcspn(name, ".");
        int64_t i = 0;
        while (strncmp(schema->children[i]->name, name, n) || schema->children[i]->name[n]) i++;
        schema = schema->children[i];
        if (array) *array = (*array)->children[i];
        name += n + (name[n] == '.');
    }
    return schema;
}

static ArrowErrorCode encode(struct ArrowSchema *field) {
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetFormat(field, "i"));
    NANOARROW_RETURN_NOT_OK(ArrowSchemaAllocateDictionary(field));
    return ArrowSchemaInitFromType(field->dictionary, NANOARROW_TYPE_STRING);
}

bf_status bf_builder_schema(bool is_encoded, struct ArrowSchema *out, bf_error *err) {
    BF_TRY(bf_schema(out, err));
    ArrowErrorCode code = NANOARROW_OK;
    for (size_t i = 0; i < BF_N_ENCODED && is_encoded && code == NANOARROW_OK; i++) code = encode(find(out, NULL, encoded[i].path));
    if (code == NANOARROW_OK) return BF_OK;
    ArrowSchemaRelease(out);
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

/* The batch is another's now, or it is dropped. */
static void end(bf_builder *b, int64_t size_bytes) {
    if (b->batch.release) ArrowArrayRelease(&b->batch);
    if (b->slab) bf_slab_end(b->slab, size_bytes);
    b->slab = NULL;
    bf_scratch_end_batch(&b->scratch);
}

static bf_status no_memory(bf_builder *b, bf_error *err) {
    end(b, 0);
    b->scratch.failed = false;
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

static bf_status begin(bf_builder *b, bf_error *err) {
    if (ArrowArrayInitFromSchema(&b->batch, &b->schema, NULL) != NANOARROW_OK) return no_memory(b, err);
    if (!(b->slab = bf_slab_take(b->slabs))) return no_memory(b, err);
    bool has_room = bf_slab_serve(b->slab, &b->batch);
    if (ArrowArrayStartAppending(&b->batch) != NANOARROW_OK) return no_memory(b, err);
    for (size_t i = 0; i < BF_N_ENCODED && b->is_encoded; i++) {
        b->encoded[i] = &b->batch;
        find(&b->schema, &b->encoded[i], encoded[i].path);
    }
    if (!b->rooms) {
        int64_t n = bf_col_n_rooms(&b->batch);
        if (!(b->rooms = malloc((size_t)n * sizeof *b->rooms))) return no_memory(b, err);
        for (int64_t i = 0; i < n; i++) b->rooms[i] = ROOM_BYTES;
    }
    return !has_room || bf_col_reserve(&b->batch, b->rooms) ? BF_OK : no_memory(b, err);
}

bf_status bf_builder_init(bf_builder *b, bool is_encoded, bf_slabs *slabs, bf_error *err) {
    *b = (bf_builder){.is_encoded = is_encoded, .slabs = slabs ? bf_slabs_share(slabs) : bf_slabs_new()};
    return b->slabs ? bf_builder_schema(is_encoded, &b->schema, err) : bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

bf_status bf_builder_add(bf_builder *b, const bf_file_facts *file, bf_error *err) {
    if (!b->batch.release) BF_TRY(begin(b, err));
    put_file(b, file);
    bf_scratch_end_file(&b->scratch);
    return b->scratch.failed ? no_memory(b, err) : BF_OK;
}

int64_t bf_builder_rows(const bf_builder *b) {
    return b->batch.release ? b->batch.length : 0;
}

int64_t bf_builder_size_bytes(bf_builder *b) {
    return b->batch.release ? bf_col_size_bytes(&b->batch) : 0;
}

bf_status bf_builder_finish(bf_builder *b, struct ArrowArray *out, bf_error *err) {
    if (!b->batch.release) BF_TRY(begin(b, err));
    bf_col_learn_rooms(&b->batch, b->rooms, LARGEST_ROOM);
    for (size_t i = 0; i < BF_N_ENCODED && b->is_encoded; i++)
        if (encoded[i].end) encoded[i].end(&b->scratch, b->encoded[i]);
    if (b->scratch.failed) return no_memory(b, err);
    if (ArrowArrayFinishBuildingDefault(&b->batch, NULL) != NANOARROW_OK) return no_memory(b, err);
    int64_t size_bytes = bf_builder_size_bytes(b);
    ArrowArrayMove(&b->batch, out);
    end(b, size_bytes);
    return BF_OK;
}

void bf_builder_reset(bf_builder *b) {
    end(b, 0);
    if (b->schema.release) ArrowSchemaRelease(&b->schema);
    bf_slabs_free(b->slabs);
    free(b->rooms);
    bf_scratch_free(&b->scratch);
}
