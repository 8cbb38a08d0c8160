/* One file, from bytes to facts. Whatever goes wrong on the way is an error fact, and what was decoded before it stays. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/number.h"
#include "code/exceptions.h"
#include "decode/consts_json.h"
#include "decode/dataflow.h"
#include "decode/facts.h"
#include "decode/repr.h"
#include "pyc/header.h"

enum {
    MAX_DFG_EDGES = 1 << 23, /* of one file: an Arrow array of its texts holds no more than 2 GiB */
    MAX_TOLD = 16,
    ID_HEX = 32, /* 128 bits */
};

typedef struct decoder {
    const uint8_t *data;
    size_t size;
    bf_arena *arena;
    bf_arena work; /* for one code object */
    bf_file_facts *file;
    const bf_cpython *version;
    bf_buf scratch;
    int64_t *text_bytes;       /* used of the budget */
    size_t arena_before;       /* what the arena held before this file */
    struct timespec begun;
    bf_str told[MAX_TOLD];     /* limits that there is a row for already */
    int n_told;
    const char *stage;         /* of what is going on, for error facts */
    const bf_code_facts *code; /* whose facts are being made, or NULL */
    bool adaptive;
    bool no_flow;
    uint32_t n_dfg_edges; /* of all code objects */
    bool failed; /* an allocation did */
} decoder;

/* ---- attrs, ids ---- */

static void add_attr(decoder *d, bf_attrs *attrs, bf_str key, bf_str value) {
    if (!bf_attrs_add(attrs, key, value, d->arena)) d->failed = true;
}

/* What was put into `scratch`. */
static bf_str keep(decoder *d) {
    if (d->scratch.failed) d->failed = true;
    return d->failed ? BF_STR("") : bf_arena_str(d->arena, d->scratch.p, d->scratch.n);
}

static bf_str decimal(decoder *d, int64_t number) {
    d->scratch.n = 0;
    bf_put_i64(&d->scratch, number);
    return keep(d);
}

static bf_str hex_id(decoder *d, const char *text, size_t n) {
    uint8_t digest[BF_SHA256_BYTES];
    char hex[ID_HEX];
    bf_sha256(digest, text, n);
    bf_hex(hex, digest, ID_HEX / 2);
    return bf_arena_str(d->arena, hex, ID_HEX);
}

/* file_id is a function of (repo, path, content): each part ends with a byte that none of them contains. */
static void identify(decoder *d, const bf_decode_options *options, bf_str content_sha256) {
    bf_buf *b = &d->scratch;
    b->n = 0;
    bf_buf_put_str(b, options->repo);
    bf_buf_putc(b, options->repo.p ? '\n' : '\0'); /* no repo is not the empty one */
    bf_buf_put_str(b, options->path_bytes.p ? options->path_bytes : options->path); /* \xe9 may be a byte, or four characters */
    bf_buf_putc(b, '\0');
    bf_buf_put_str(b, content_sha256);
    if (b->failed) d->failed = true;
    d->file->repo = options->repo;
    d->file->path = options->path;
    d->file->file_id = hex_id(d, b->p ? b->p : "", b->n);
    if (!options->path_bytes.p) return;
    char *hex = bf_arena_alloc(d->arena, 2 * (size_t)options->path_bytes.n + 1);
    if (hex) bf_hex(hex, (const uint8_t *)options->path_bytes.p, options->path_bytes.n);
    add_attr(d, &d->file->attrs, BF_STR("path_hex"), (bf_str){hex, hex ? 2 * options->path_bytes.n : 0});
}

/* ---- errors ---- */

static const char *type_of(bf_status status) {
    switch (status) {
    case BF_TRUNCATED: return "truncated";
    case BF_CORRUPT: return "corrupt";
    case BF_UNSUPPORTED: return "unsupported";
    case BF_LIMIT: return "limit";
    case BF_NOT_FOUND: return "not_found";
    case BF_OK: return "anomaly";
    default: return "io";
    }
}

static void add_error(decoder *d, const char *type, const char *stage, int64_t offset, const char *message) {
    bf_str code_id = d->code ? d->code->code_id : (bf_str){NULL, 0};
    if (!bf_errors_add(d->file, type, stage, code_id, offset, message, d->arena)) d->failed = true;
}

/* Each limit has one row, of where it was reached first. Those that are no budget are told by a fixed text. */
static void add_limit(decoder *d, const bf_error *why) {
    int *exceeded = &d->file->budget.exceeded;
    bf_str limit = bf_str_of(*exceeded < 0 ? why->message : bf_budget_name((bf_budget_id)*exceeded));
    *exceeded = -1;
    for (int i = 0; i < d->n_told; i++)
        if (bf_str_eq(d->told[i], limit)) return;
    if (d->n_told == MAX_TOLD) return;
    add_error(d, "limit", "limit", why->offset, why->message);
    if (!d->failed) d->told[d->n_told++] = limit.p == why->message ? d->file->errors[d->file->n_errors - 1].message : limit;
}

/* A failed step: an error fact, except when memory ran out, which ends the file. */
static void failed_step(decoder *d, bf_error *why) {
    if (why->code == BF_NO_MEMORY)
        d->failed = true;
    else if (why->code == BF_LIMIT)
        add_limit(d, why);
    else
        add_error(d, type_of(why->code), d->stage, why->offset, why->message);
}

static void budget_exceeded(decoder *d, bf_budget_id id, int64_t offset) {
    bf_error why = {0};
    bf_budget_exceeded(&why, &d->file->budget, id, offset);
    add_limit(d, &why);
}

static bool has_text_left(const decoder *d) {
    return *d->text_bytes <= d->file->budget.most[BF_BUDGET_text];
}

/* Opcodes that a compiler does not write mark the file as adaptive. */
static void on_anomaly(void *context, int64_t offset, const char *pattern, ...) __attribute__((format(printf, 3, 4)));
static void on_anomaly(void *context, int64_t offset, const char *pattern, ...) {
    decoder *d = context;
    char text[512];
    va_list args;
    va_start(args, pattern);
    vsnprintf(text, sizeof text, pattern, args);
    va_end(args);
    add_error(d, "anomaly", d->stage, offset, text);
}

/* ---- one code object ---- */

static bf_str *repr_consts(decoder *d, const bf_code *code, uint32_t *n) {
    bf_str *reprs = bf_arena_alloc(d->arena, (code->n_consts + 1) * sizeof *reprs);
    if (!reprs) {
        d->failed = true;
        return NULL;
    }
    for (*n = 0; *n < code->n_consts; ++*n) {
        bf_error why = {0};
        d->scratch.n = 0;
        if (!has_text_left(d)) {
            budget_exceeded(d, BF_BUDGET_text, code->offset);
            break;
        }
        if (bf_repr(&d->scratch, code->consts[*n], d->version, &d->file->budget, &why) != BF_OK) {
            why.offset = code->offset;
            failed_step(d, &why);
            if (d->failed) return NULL;
            *d->text_bytes += (int64_t)d->scratch.n; /* what was given up has cost as much */
            d->scratch.n = 0;
            bf_buf_puts(&d->scratch, "<too large>");
        }
        reprs[*n] = bf_arena_str(d->arena, d->scratch.p ? d->scratch.p : "", d->scratch.n);
        *d->text_bytes += (int64_t)d->scratch.n;
        if (!reprs[*n].p) d->failed = true;
    }
    return reprs;
}

/* code_ids: of the constants that are code objects of their own. */
static bf_str json_consts(decoder *d, const bf_code *code, uint32_t n, const bf_str *code_ids) {
    bf_buf *b = &d->scratch;
    size_t given_up = 0, most = (size_t)d->file->budget.most[BF_BUDGET_text];
    b->n = 0;
    bf_buf_putc(b, '[');
    for (uint32_t i = 0; i < n; i++) {
        bf_error why = {0};
        if ((size_t)*d->text_bytes + given_up + b->n > most) {
            budget_exceeded(d, BF_BUDGET_text, code->offset);
            *d->text_bytes += (int64_t)(given_up + b->n);
            return (bf_str){NULL, 0};
        }
        if (i) bf_buf_putc(b, ',');
        size_t start = b->n;
        if (bf_const_json(b, code->consts[i], code_ids[i], d->version, &d->file->budget, &why) == BF_OK) continue;
        why.offset = code->offset;
        failed_step(d, &why);
        if (d->failed) return (bf_str){NULL, 0};
        given_up += b->n - start;
        b->n = start;
        bf_const_json_too_large(b, code->consts[i]);
    }
    bf_buf_putc(b, ']');
    *d->text_bytes += (int64_t)(given_up + b->n);
    bf_str text = b->failed ? (bf_str){NULL, 0} : bf_arena_str(d->arena, b->p, b->n);
    if (!text.p) d->failed = true;
    return text;
}

static void set_lines(decoder *d, bf_code_facts *facts, const bf_lines *lines) {
    facts->lines = bf_arena_alloc(d->arena, (lines->n_starts + 1) * sizeof *facts->lines);
    if (!facts->lines) {
        d->failed = true;
        return;
    }
    for (uint32_t i = 0; i < lines->n_starts; i++)
        facts->lines[facts->n_lines++] = (bf_line_fact){lines->starts[i].offset, lines->starts[i].line};
}

static void set_exceptions(decoder *d, bf_code_facts *facts, const bf_exception *table, uint32_t n) {
    facts->excs = bf_arena_alloc(d->arena, (n + 1) * sizeof *facts->excs);
    if (!facts->excs) {
        d->failed = true;
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        facts->excs[facts->n_excs++] = (bf_exc_fact){table[i].start, table[i].end, table[i].target, table[i].depth, table[i].lasti};
}

static void add_flow(decoder *d, bf_code_facts *facts, const bf_code *code) {
    bf_flow_graph graph;
    bf_stack stack;
    bf_error why = {0};
    bf_flow_input in = {.version = d->version,
                        .bytecode_offset = code->bytecode_offset,
                        .arena = d->arena,
                        .work = &d->work,
                        .max_dfg_edges = MAX_DFG_EDGES - d->n_dfg_edges,
                        .budget = &d->file->budget,
                        .on_anomaly = on_anomaly,
                        .context = d};
    d->stage = "cfg";
    bf_status st = bf_flow_build(&graph, facts, &in, &why);
    d->stage = "stack_effect";
    if (st == BF_OK) st = bf_stack_depths(&stack, &graph, facts, &in, &why);
    d->stage = "dfg";
    if (st == BF_OK && stack.is_upper_bound) add_attr(d, &facts->attrs, BF_STR("stack_depth"), BF_STR("upper_bound"));
    if (st == BF_OK) st = bf_dataflow_edges(&stack, &graph, facts, &in, &why);
    if (st != BF_OK) failed_step(d, &why);
    d->n_dfg_edges += facts->n_dfg_edges;
    bf_arena_reset(&d->work);
}

static void decode_code(decoder *d, bf_code_facts *facts, const bf_code *code) {
    bf_error why = {0};
    bf_lines lines = {0};
    bf_exception *exceptions = NULL;
    uint32_t n_exceptions = 0, n_reprs = 0;

    d->stage = "line_table";
    if (bf_code_lines(&lines, code, d->arena, &why) != BF_OK) failed_step(d, &why);
    set_lines(d, facts, &lines);

    why = (bf_error){0};
    d->stage = "exception_table";
    if (bf_code_exceptions(&exceptions, &n_exceptions, code, d->arena, &why) != BF_OK) failed_step(d, &why);
    if (d->failed) return;
    set_exceptions(d, facts, exceptions, n_exceptions);

    d->stage = "code";
    facts->const_reprs = repr_consts(d, code, &n_reprs);
    facts->n_consts = n_reprs;
    if (d->failed) return;
    int64_t n_instrs = d->file->n_instrs + code->n_bytecode / (uint32_t)d->version->code_unit;
    if (n_instrs > d->file->budget.used[BF_BUDGET_instructions]) d->file->budget.used[BF_BUDGET_instructions] = n_instrs;
    if (n_instrs > d->file->budget.most[BF_BUDGET_instructions]) {
        budget_exceeded(d, BF_BUDGET_instructions, code->offset);
        return;
    }
    int64_t n_bytes = (n_instrs - d->file->n_instrs) * (int64_t)sizeof(bf_instr) + (int64_t)(d->arena->size_bytes - d->arena_before);
    if (n_bytes > d->file->budget.most[BF_BUDGET_memory]) {
        budget_exceeded(d, BF_BUDGET_memory, code->offset);
        return;
    }
    if (!has_text_left(d)) {
        budget_exceeded(d, BF_BUDGET_text, code->offset);
        return;
    }
    bf_instrs instrs;
    bf_instr_input input = {.code = code,
                            .lines = &lines,
                            .const_reprs = facts->const_reprs,
                            .n_const_reprs = n_reprs,
                            .arena = d->arena,
                            .on_anomaly = on_anomaly,
                            .context = d};
    why = (bf_error){0};
    if (bf_instr_decode(&instrs, &input, &why) != BF_OK) failed_step(d, &why);
    facts->instrs = instrs.items;
    facts->n_instrs = instrs.n;
    d->file->n_instrs += instrs.n;
    *d->text_bytes += (int64_t)instrs.text_bytes;
    for (uint32_t i = 0; i < instrs.n && !d->adaptive; i++) d->adaptive = instrs.items[i].opcode != instrs.items[i].baseopcode;
    if (!d->no_flow && !d->failed) add_flow(d, facts, code);
}

/* ---- the tree of code objects, in pre-order ---- */

__attribute__((noinline)) static bf_code_facts *add_code(decoder *d) {
    bf_file_facts *f = d->file;
    if (f->n_codes == f->codes_capacity) {
        uint32_t capacity = f->codes_capacity ? f->codes_capacity * 2 : 16;
        bf_code_facts *codes = bf_arena_alloc(d->arena, capacity * sizeof *codes);
        if (!codes) {
            d->failed = true;
            return NULL;
        }
        if (f->n_codes) memcpy(codes, f->codes, f->n_codes * sizeof *codes);
        f->codes = codes;
        f->codes_capacity = capacity;
    }
    bf_code_facts *facts = &f->codes[f->n_codes];
    *facts = (bf_code_facts){0};
    d->scratch.n = 0;
    bf_buf_put_str(&d->scratch, f->file_id);
    bf_buf_putc(&d->scratch, ':');
    bf_put_u64(&d->scratch, f->n_codes++);
    if (d->scratch.failed) d->failed = true;
    facts->code_id = hex_id(d, d->scratch.p, d->scratch.n);
    return facts;
}

static bf_str qualify(decoder *d, const bf_code_facts *parent, bf_str name, int32_t line) {
    if (!parent) return BF_STR("<module>");
    d->scratch.n = 0;
    bf_buf_put_str(&d->scratch, parent->qualname);
    bf_buf_putc(&d->scratch, '.');
    bf_buf_put_str(&d->scratch, name);
    bf_buf_putc(&d->scratch, '@');
    bf_put_i64(&d->scratch, line);
    return keep(d);
}

static int64_t bytes_of(const bf_str *texts, uint32_t n) {
    int64_t size = 0;
    for (uint32_t i = 0; i < n; i++) size += texts[i].n;
    return size;
}

/* What a reference of five bytes repeats. */
static int64_t names_bytes(const bf_code_facts *f) {
    return (int64_t)f->qualname.n + f->co_qualname.n + f->name.n + f->co_filename.n + bytes_of(f->varnames, f->n_varnames) +
           bytes_of(f->freevars, f->n_freevars) + bytes_of(f->cellvars, f->n_cellvars) + bytes_of(f->names, f->n_names);
}

static void describe(decoder *d, bf_code_facts *facts, const bf_code *code, const bf_code_facts *parent, bool is_complete) {
    facts->name = code->name.p ? code->name : BF_STR("<unknown>");
    facts->co_qualname = code->qualname;
    facts->co_filename = code->filename;
    facts->firstlineno = code->firstlineno;
    facts->argcount = code->argcount;
    facts->posonlyargcount = code->posonlyargcount;
    facts->kwonlyargcount = code->kwonlyargcount;
    facts->nlocals = code->nlocals;
    facts->flags = code->flags;
    facts->has_nofree = !d->version->has_localsplus;
    facts->stacksize = code->stacksize;
    facts->code_len = (int32_t)code->n_bytecode;
    facts->varnames = code->varnames.items, facts->n_varnames = code->varnames.n;
    facts->freevars = code->freevars.items, facts->n_freevars = code->freevars.n;
    facts->cellvars = code->cellvars.items, facts->n_cellvars = code->cellvars.n;
    facts->names = code->names.items, facts->n_names = code->names.n;
    facts->qualname = qualify(d, parent, facts->name, facts->firstlineno);
    *d->text_bytes += names_bytes(facts);
    if (parent) {
        *d->text_bytes += (int64_t)parent->qualname.n + parent->name.n;
        add_attr(d, &facts->attrs, BF_STR("parent_code_id"), parent->code_id);
        add_attr(d, &facts->attrs, BF_STR("parent_qualpath"), parent->qualname);
        add_attr(d, &facts->attrs, BF_STR("parent_co_name"), parent->name);
        add_attr(d, &facts->attrs, BF_STR("parent_firstlineno"), decimal(d, parent->firstlineno));
    }
    if (!is_complete) add_attr(d, &facts->attrs, BF_STR("incomplete"), BF_STR("true"));
}

static void walk_code(decoder *d, const bf_object *object, const bf_code_facts *parent);

/* A code object's number, and so its code_id, depends on how many are nested in those before it: the JSON comes last. */
static void walk_consts(decoder *d, const bf_code *code, bf_code_facts *own) {
    bf_str *code_ids = bf_arena_zalloc(d->arena, (size_t)code->n_consts + 1, sizeof *code_ids);
    if (!code_ids) d->failed = true;
    for (uint32_t i = 0; i < code->n_consts && !d->failed; i++) {
        if (code->consts[i]->type != BF_OBJ_CODE || !code->consts[i]->u.code) continue;
        uint32_t index = d->file->n_codes;
        walk_code(d, code->consts[i], own);
        if (index < d->file->n_codes) code_ids[i] = d->file->codes[index].code_id;
    }
    d->stage = "code";
    if (!d->failed) own->consts_json = json_consts(d, code, own->n_consts, code_ids);
}

static int64_t seconds_since(const struct timespec *begun) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec - begun->tv_sec - (now.tv_nsec < begun->tv_nsec);
}

/* Whether there is room for another code object. The clock is not looked at where nobody asked. */
__attribute__((noinline)) static bool has_room(decoder *d, int64_t offset) {
    static const bf_budget_id ids[] = {BF_BUDGET_code_objects, BF_BUDGET_text, BF_BUDGET_memory, BF_BUDGET_seconds};
    bf_budget *b = &d->file->budget;
    b->used[BF_BUDGET_code_objects] = d->file->n_codes + 1;
    b->used[BF_BUDGET_memory] = (int64_t)(d->arena->size_bytes - d->arena_before);
    if (b->most[BF_BUDGET_seconds] != INT64_MAX) b->used[BF_BUDGET_seconds] = seconds_since(&d->begun) + 1;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        if (b->used[ids[i]] <= b->most[ids[i]]) continue;
        budget_exceeded(d, ids[i], offset);
        return false;
    }
    return true;
}

/* All of one code object but those nested in it. Never inlined, as add_code is not: what is on the stack at each level must be little. */
__attribute__((noinline)) static void decode_one(decoder *d, const bf_object *object, const bf_code_facts *parent, bf_code *code, bf_code_facts *own) {
    bf_error why = {0};
    d->stage = "code";
    if (bf_code_from_raw(code, object->u.code, d->version, d->data, d->size, d->arena, &why) != BF_OK) failed_step(d, &why);
    code->is_partial = !object->is_complete;
    if (!d->failed) describe(d, own, code, parent, object->is_complete);
    if (!d->failed) decode_code(d, own, code);
}

static void walk_code(decoder *d, const bf_object *object, const bf_code_facts *parent) {
    if (!has_room(d, object->u.code->offset)) return;
    bf_code_facts *facts = add_code(d);
    if (!facts) return;
    uint32_t index = d->file->n_codes - 1;
    bf_code_facts own = *facts; /* the array moves while children are added */
    const bf_code_facts *outer = d->code;
    bf_code code;
    d->code = &own;
    decode_one(d, object, parent, &code, &own);
    d->file->codes[index] = own;
    if (!d->failed) walk_consts(d, &code, &own);
    d->file->codes[index] = own;
    d->code = outer;
}

/* ---- the file ---- */

/* From "mod.cpython-312.opt-2.pyc": PEP 488. */
static void add_optimize(decoder *d, bf_str path) {
    const char *name = path.p;
    for (uint32_t i = 0; i < path.n; i++)
        if (path.p[i] == '/') name = path.p + i + 1;
    const char *end = path.p + path.n;
    for (const char *p = name; p + 6 <= end; p++) {
        if (memcmp(p, ".opt-", 5)) continue;
        const char *q = p + 5;
        while (q < end && *q != '.') q++;
        if (q > p + 5 && q < end) add_attr(d, &d->file->attrs, BF_STR("optimize"), (bf_str){p + 5, (uint32_t)(q - p - 5)});
        return;
    }
}

static void add_header_attrs(decoder *d, const bf_pyc_header *header) {
    bf_attrs *attrs = &d->file->attrs;
    if (d->size < 4) return;
    if (header->version) add_attr(d, attrs, BF_STR("python_version"), bf_str_of(header->version->name));
    add_attr(d, attrs, BF_STR("python_magic"), decimal(d, header->magic));
    if (header->known && !header->known->is_final && header->version)
        add_attr(d, attrs, BF_STR("python_prerelease"), bf_str_of(header->known->name));
    /* names are text in the tables; in 2.7 they are bytes */
    if (header->version && header->version->has_old_types) add_attr(d, attrs, BF_STR("names_encoding"), BF_STR("utf8_backslashreplace"));
    if (!header->size_bytes) return;
    if (header->has_flags) add_attr(d, attrs, BF_STR("pyc_flags"), decimal(d, header->flags));
    if (header->is_hash) {
        char hex[16];
        bf_hex(hex, d->data + 8, 8);
        add_attr(d, attrs, BF_STR("source_hash"), bf_arena_str(d->arena, hex, sizeof hex));
    } else {
        add_attr(d, attrs, BF_STR("source_mtime"), decimal(d, header->source_mtime));
        if (header->has_source_size) add_attr(d, attrs, BF_STR("source_size"), decimal(d, header->source_size));
    }
}

static void decode_object(decoder *d, const bf_pyc_header *header) {
    bf_object *root = NULL;
    bf_error why = {0};
    size_t end;
    d->stage = "marshal";
    if (bf_marshal_read(&root, d->data, d->size, header->size_bytes, d->version, &d->file->budget, d->arena, &end, &why) != BF_OK)
        failed_step(d, &why);
    else if (root->type != BF_OBJ_CODE)
        add_error(d, "corrupt", "marshal", (int64_t)header->size_bytes, "the file holds an object that is no code object");
    else if (end < d->size)
        add_attr(d, &d->file->attrs, BF_STR("trailing_bytes"), decimal(d, (int64_t)(d->size - end)));
    if (!d->failed && root && root->type == BF_OBJ_CODE && root->u.code) walk_code(d, root, NULL);
}

bf_status bf_decode_pyc(const uint8_t *data, size_t size, const bf_decode_options *options, bf_arena *arena, bf_file_facts *out,
                        bf_error *err) {
    *out = (bf_file_facts){0};
    decoder d = {.data = data, .size = size, .arena = arena, .arena_before = arena->size_bytes, .file = out, .stage = "header", .no_flow = options->no_flow};
    bf_budget_init(&out->budget, options->limits);
    d.text_bytes = &out->budget.used[BF_BUDGET_text];
    out->budget.used[BF_BUDGET_bytes] = (int64_t)size;
    if (out->budget.most[BF_BUDGET_seconds] != INT64_MAX) clock_gettime(CLOCK_MONOTONIC, &d.begun);
    uint8_t digest[BF_SHA256_BYTES];
    char hex[2 * BF_SHA256_BYTES];
    bf_sha256(digest, data, size);
    bf_hex(hex, digest, sizeof digest);
    bf_str sha256 = bf_arena_str(arena, hex, sizeof hex);
    identify(&d, options, sha256);
    add_attr(&d, &out->attrs, BF_STR("file_sha256"), sha256);

    bf_pyc_header header;
    bf_error why = {0};
    const bf_cpython *assume = options->assume_version ? bf_cpython_by_name(options->assume_version) : NULL;
    bf_status st = bf_pyc_header_read(&header, data, size, assume, &why);
    d.version = header.version;
    add_header_attrs(&d, &header);
    add_optimize(&d, options->path);
    add_attr(&d, &out->attrs, BF_STR("include_cfg"), d.no_flow ? BF_STR("false") : BF_STR("true"));
    if (st != BF_OK) failed_step(&d, &why);
    if (header.size_bytes && !d.failed && !options->only_identity) decode_object(&d, &header);
    if (!options->only_identity) add_attr(&d, &out->attrs, BF_STR("adaptive"), d.adaptive ? BF_STR("true") : BF_STR("false"));
    out->budget.used[BF_BUDGET_memory] = (int64_t)(arena->size_bytes - d.arena_before);
    bf_buf_free(&d.scratch);
    bf_arena_free(&d.work);
    return d.failed ? bf_fail(err, BF_NO_MEMORY, -1, "out of memory") : BF_OK;
}

bf_status bf_decode_unreadable(const bf_decode_options *options, const bf_error *why, bf_arena *arena, bf_file_facts *out, bf_error *err) {
    *out = (bf_file_facts){0};
    decoder d = {.arena = arena, .file = out};
    identify(&d, options, BF_STR("unreadable"));
    add_error(&d, type_of(why->code), why->code == BF_LIMIT ? "limit" : "open", why->offset, why->message);
    bf_buf_free(&d.scratch);
    return d.failed ? bf_fail(err, BF_NO_MEMORY, -1, "out of memory") : BF_OK;
}
