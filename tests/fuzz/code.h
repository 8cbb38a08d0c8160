/* A code object around bytes of bytecode, for the targets that read instructions: constants and names of every kind. */
#ifndef BF_FUZZ_CODE_H
#define BF_FUZZ_CODE_H

#include "fuzz.h"

#include "decode/instr.h"
#include "decode/repr.h"

#define TEXT(type_, literal) {.type = type_, .is_complete = true, .n = sizeof literal - 1, .u = {.p = literal}}

static bf_object fuzz_consts[] = {
    {.type = BF_OBJ_NONE, .is_complete = true},
    {.type = BF_OBJ_INT, .is_complete = true, .u = {.i = INT64_MIN}},
    TEXT(BF_OBJ_STR, "caf\xc3\xa9 '\"\n"),
    {.type = BF_OBJ_STR, .is_complete = true, .has_surrogates = true, .n = 4, .u = {.p = "\xed\xa0\x80x"}},
    TEXT(BF_OBJ_BYTES, "\0\xff'"),
    {.type = BF_OBJ_TRUE, .is_complete = true},
    {.type = BF_OBJ_FLOAT, .is_complete = true, .u = {.f = -0.0}},
    {.type = BF_OBJ_ELLIPSIS, .is_complete = true},
    TEXT(BF_OBJ_STR, ""),
};

enum { N_FUZZ_CONSTS = sizeof fuzz_consts / sizeof *fuzz_consts };

static bf_object *fuzz_const_list[N_FUZZ_CONSTS];
static bf_str fuzz_reprs[N_FUZZ_VERSIONS][N_FUZZ_CONSTS];
static bf_str fuzz_names[] = {BF_STR_INIT("a"), BF_STR_INIT("self"), BF_STR_INIT("\xce\xbb"), BF_STR_INIT(""), BF_STR_INIT(".0")};
enum { N_FUZZ_NAMES = sizeof fuzz_names / sizeof *fuzz_names };
static long n_fuzz_anomalies;

static void on_fuzz_anomaly(void *context, int64_t offset, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void on_fuzz_anomaly(void *context, int64_t offset, const char *format, ...) {
    char text[512];
    va_list args;
    (void)context;
    CHECK(offset >= -1);
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    check_text(bf_str_of(text));
    n_fuzz_anomalies++;
}

static bf_names some_names(uint8_t n) {
    return (bf_names){fuzz_names, n % (N_FUZZ_NAMES + 1)};
}

/* Input: version, how many constants, names and variables there are, length of the line table, that table; the rest is the bytecode. */
static bf_code fuzz_code(fuzz_input *in, const bf_str **reprs) {
    static bf_arena forever;
    uint8_t which = take_u8(in) % N_FUZZ_VERSIONS;
    bf_code code = {.version = fuzz_version(which), .firstlineno = 1, .linetable_offset = -1, .exceptiontable_offset = -1};
    for (size_t i = 0; i < N_FUZZ_CONSTS && !fuzz_reprs[which][i].p; i++) {
        bf_buf b = {0};
        CHECK(bf_repr(&b, &fuzz_consts[i], code.version, NULL, NULL) == BF_OK);
        fuzz_reprs[which][i] = bf_arena_str(&forever, b.p, b.n);
        fuzz_const_list[i] = &fuzz_consts[i];
        bf_buf_free(&b);
    }
    *reprs = fuzz_reprs[which];
    code.consts = fuzz_const_list;
    code.n_consts = take_u8(in) % (N_FUZZ_CONSTS + 1);
    code.names = some_names(take_u8(in));
    code.varnames = code.locals = some_names(take_u8(in));
    code.frees = some_names(take_u8(in));
    fuzz_input lines = take(in, take_u8(in));
    code.linetable = lines.p, code.n_linetable = (uint32_t)lines.n;
    code.bytecode = in->p, code.n_bytecode = (uint32_t)in->n;
    return code;
}

static bf_instrs fuzz_instrs(const bf_code *code, const bf_str *reprs, bf_arena *arena) {
    bf_lines lines;
    bf_instrs out;
    bf_code_lines(&lines, code, arena, NULL);
    bf_instr_input input = {.code = code, .lines = &lines, .const_reprs = reprs, .n_const_reprs = code->n_consts, .arena = arena,
                            .on_anomaly = on_fuzz_anomaly};
    n_fuzz_anomalies = 0;
    CHECK(bf_instr_decode(&out, &input, NULL) == BF_OK);
    return out;
}

#endif
