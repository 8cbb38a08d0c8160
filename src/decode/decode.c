/* One file, from bytes to facts. Whatever goes wrong on the way is an error fact, and what was decoded before it stays. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/digest.h"
#include "code/exceptions.h"
#include "decode/consts_json.h"
#include "decode/dataflow.h"
#include "decode/facts.h"
#include "decode/repr.h"
#include "pyc/header.h"

enum {
    MAX_CODES = 1 << 20,         /* a reference can make the same code object count many times */
    MAX_INSTRS = 1 << 22,        /* of one file */
    MAX_DFG_EDGES = 1 << 23,     /* of one file: an Arrow array of its texts holds no more than 2 GiB */
    MAX_TEXT_BYTES = 256 << 20,  /* of all texts that the instructions of one file repeat */
    MAX_FACT_BYTES = 1 << 30,    /* of memory for one file: a shared code object's tables count as often as it is referred to */
    ID_HEX = 32,                 /* 128 bits */
};

typedef struct decoder {
    const uint8_t *data;
    size_t size;
    bf_arena *arena;
    bf_arena work; /* for one code object */
    bf_file_facts *file;
    const bf_cpython *version;
    bf_buf scratch;
    size_t text_bytes;
    size_t arena_before;       /* what the arena held before this file */
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

static bf_str format(decoder *d, const char *pattern, ...) __attribute__((format(printf, 2, 3)));
static bf_str format(decoder *d, const char *pattern, ...) {
    char text[1100];
    va_list args;
    va_start(args, pattern);
    int n = vsnprintf(text, sizeof text, pattern, args);
    va_end(args);
    return bf_arena_str(d->arena, text, n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
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
    bf_buf_put_str(b, options->path);
    bf_buf_putc(b, '\0');
    bf_buf_put_str(b, content_sha256);
    if (b->failed) d->failed = true;
    d->file->repo = options->repo;
    d->file->path = options->path;
    d->file->file_id = hex_id(d, b->p ? b->p : "", b->n);
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

/* A failed step: an error fact, except when memory ran out, which ends the file. */
static void failed_step(decoder *d, bf_error *why) {
    if (why->code == BF_NO_MEMORY)
        d->failed = true;
    else
        add_error(d, type_of(why->code), why->code == BF_LIMIT ? "limit" : d->stage, why->offset, why->message);
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
        if (d->text_bytes > MAX_TEXT_BYTES) {
            bf_fail(&why, BF_LIMIT, code->offset, "constants of more than %d MiB of text in one file", MAX_TEXT_BYTES >> 20);
            failed_step(d, &why);
            break;
        }
        if (bf_repr(&d->scratch, code->consts[*n], d->version, &why) != BF_OK) {
            why.offset = code->offset;
            failed_step(d, &why);
            if (d->failed) return NULL;
            d->text_bytes += d->scratch.n; /* what was given up has cost as much */
            d->scratch.n = 0;
            bf_buf_puts(&d->scratch, "<too large>");
        }
        reprs[*n] = bf_arena_str(d->arena, d->scratch.p ? d->scratch.p : "", d->scratch.n);
        d->text_bytes += d->scratch.n;
        if (!reprs[*n].p) d->failed = true;
    }
    return reprs;
}

/* code_ids: of the constants that are code objects of their own. */
static bf_str json_consts(decoder *d, const bf_code *code, uint32_t n, const bf_str *code_ids) {
    bf_buf *b = &d->scratch;
    size_t given_up = 0;
    b->n = 0;
    bf_buf_putc(b, '[');
    for (uint32_t i = 0; i < n; i++) {
        bf_error why = {0};
        if (d->text_bytes + given_up + b->n > MAX_TEXT_BYTES) {
            bf_fail(&why, BF_LIMIT, code->offset, "consts_json left out: more than %d MiB of text in one file", MAX_TEXT_BYTES >> 20);
            failed_step(d, &why);
            d->text_bytes += given_up + b->n;
            return (bf_str){NULL, 0};
        }
        if (i) bf_buf_putc(b, ',');
        size_t start = b->n;
        if (bf_const_json(b, code->consts[i], code_ids[i], d->version, &why) == BF_OK) continue;
        why.offset = code->offset;
        failed_step(d, &why);
        if (d->failed) return (bf_str){NULL, 0};
        given_up += b->n - start;
        b->n = start;
        bf_const_json_too_large(b, code->consts[i]);
    }
    bf_buf_putc(b, ']');
    d->text_bytes += given_up + b->n;
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
    if (d->file->n_instrs + code->n_bytecode / (uint32_t)d->version->code_unit > MAX_INSTRS || d->text_bytes > MAX_TEXT_BYTES) {
        bool text = d->text_bytes > MAX_TEXT_BYTES;
        add_error(d, "limit", "limit", code->offset,
                  text ? "instructions left out: more than 256 MiB of argument text in one file"
                       : "instructions left out: more than 4194304 in one file");
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
    d->text_bytes += instrs.text_bytes;
    for (uint32_t i = 0; i < instrs.n && !d->adaptive; i++) d->adaptive = instrs.items[i].opcode != instrs.items[i].baseopcode;
    if (!d->no_flow && !d->failed) add_flow(d, facts, code);
}

/* ---- the tree of code objects, in pre-order ---- */

static bf_code_facts *add_code(decoder *d) {
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
    char text[ID_HEX + 16];
    int n = snprintf(text, sizeof text, "%.*s:%u", (int)f->file_id.n, f->file_id.p, f->n_codes);
    f->n_codes++;
    facts->code_id = hex_id(d, text, (size_t)n);
    return facts;
}

static bf_str qualify(decoder *d, const bf_code_facts *parent, bf_str name, int32_t line) {
    if (!parent) return BF_STR("<module>");
    d->scratch.n = 0;
    bf_buf_put_str(&d->scratch, parent->qualname);
    bf_buf_putc(&d->scratch, '.');
    bf_buf_put_str(&d->scratch, name);
    bf_buf_printf(&d->scratch, "@%d", line);
    if (d->scratch.failed) {
        d->failed = true;
        return BF_STR("");
    }
    d->text_bytes += d->scratch.n;
    return bf_arena_str(d->arena, d->scratch.p, d->scratch.n);
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
    if (parent) {
        add_attr(d, &facts->attrs, BF_STR("parent_code_id"), parent->code_id);
        add_attr(d, &facts->attrs, BF_STR("parent_qualpath"), parent->qualname);
        add_attr(d, &facts->attrs, BF_STR("parent_co_name"), parent->name);
        add_attr(d, &facts->attrs, BF_STR("parent_firstlineno"), format(d, "%d", parent->firstlineno));
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

/* Why there is no room for another code object, or NULL. */
static const char *used_up(const decoder *d) {
    if (d->file->n_codes >= MAX_CODES) return "code objects left out: more than 1048576 in one file";
    if (d->text_bytes > MAX_TEXT_BYTES) return "code objects left out: more than 256 MiB of text in one file";
    if (d->arena->size_bytes - d->arena_before > MAX_FACT_BYTES) return "code objects left out: more than 1 GiB of facts in one file";
    return NULL;
}

static void walk_code(decoder *d, const bf_object *object, const bf_code_facts *parent) {
    const char *why_not = used_up(d);
    if (why_not) {
        add_error(d, "limit", "limit", object->u.code->offset, why_not);
        return;
    }
    bf_code_facts *facts = add_code(d);
    if (!facts) return;
    uint32_t index = d->file->n_codes - 1;
    bf_code_facts own = *facts; /* the array moves while children are added */
    const bf_code_facts *outer = d->code;
    bf_code code;
    bf_error why = {0};
    d->code = &own;
    d->stage = "code";
    if (bf_code_from_raw(&code, object->u.code, d->version, d->data, d->size, d->arena, &why) != BF_OK) failed_step(d, &why);
    code.is_partial = !object->is_complete;
    if (!d->failed) describe(d, &own, &code, parent, object->is_complete);
    if (!d->failed) decode_code(d, &own, &code);
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
    add_attr(d, attrs, BF_STR("python_magic"), format(d, "%u", header->magic));
    if (header->known && !header->known->is_final && header->version)
        add_attr(d, attrs, BF_STR("python_prerelease"), bf_str_of(header->known->name));
    /* names are text in the tables; in 2.7 they are bytes */
    if (header->version && header->version->has_old_types) add_attr(d, attrs, BF_STR("names_encoding"), BF_STR("utf8_backslashreplace"));
    if (!header->size_bytes) return;
    if (header->has_flags) add_attr(d, attrs, BF_STR("pyc_flags"), format(d, "%u", header->flags));
    if (header->is_hash) {
        char hex[16];
        bf_hex(hex, d->data + 8, 8);
        add_attr(d, attrs, BF_STR("source_hash"), bf_arena_str(d->arena, hex, sizeof hex));
    } else {
        add_attr(d, attrs, BF_STR("source_mtime"), format(d, "%u", header->source_mtime));
        if (header->has_source_size) add_attr(d, attrs, BF_STR("source_size"), format(d, "%u", header->source_size));
    }
}

static void decode_object(decoder *d, const bf_pyc_header *header) {
    bf_object *root = NULL;
    bf_error why = {0};
    size_t end;
    d->stage = "marshal";
    if (bf_marshal_read(&root, d->data, d->size, header->size_bytes, d->version, d->arena, &end, &why) != BF_OK)
        failed_step(d, &why);
    else if (root->type != BF_OBJ_CODE)
        add_error(d, "corrupt", "marshal", (int64_t)header->size_bytes, "the file holds an object that is no code object");
    else if (end < d->size)
        add_attr(d, &d->file->attrs, BF_STR("trailing_bytes"), format(d, "%zu", d->size - end));
    if (!d->failed && root && root->type == BF_OBJ_CODE && root->u.code) walk_code(d, root, NULL);
}

bf_status bf_decode_pyc(const uint8_t *data, size_t size, const bf_decode_options *options, bf_arena *arena, bf_file_facts *out,
                        bf_error *err) {
    *out = (bf_file_facts){0};
    decoder d = {.data = data, .size = size, .arena = arena, .arena_before = arena->size_bytes, .file = out, .stage = "header", .no_flow = options->no_flow};
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
