#include "opcodes/opcodes.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>

typedef struct bf_op_text_row {
    uint8_t kind; /* bf_arg_kind */
    uint32_t value;
    bf_str text;
} bf_op_text_row;

#define BF_PY py27
#define BF_PY_DEF "opcodes/py27.def"
#include "opcodes/table.inc"
#define BF_PY py36
#define BF_PY_DEF "opcodes/py36.def"
#include "opcodes/table.inc"
#define BF_PY py37
#define BF_PY_DEF "opcodes/py37.def"
#include "opcodes/table.inc"
#define BF_PY py38
#define BF_PY_DEF "opcodes/py38.def"
#include "opcodes/table.inc"
#define BF_PY py39
#define BF_PY_DEF "opcodes/py39.def"
#include "opcodes/table.inc"
#define BF_PY py310
#define BF_PY_DEF "opcodes/py310.def"
#include "opcodes/table.inc"
#define BF_PY py311
#define BF_PY_DEF "opcodes/py311.def"
#include "opcodes/table.inc"
#define BF_PY py312
#define BF_PY_DEF "opcodes/py312.def"
#include "opcodes/table.inc"
#define BF_PY py313
#define BF_PY_DEF "opcodes/py313.def"
#include "opcodes/table.inc"
#define BF_PY py314
#define BF_PY_DEF "opcodes/py314.def"
#include "opcodes/table.inc"
#define BF_PY py315
#define BF_PY_DEF "opcodes/py315.def"
#include "opcodes/table.inc"

static const struct {
    int version;
    const bf_op_info *ops;
    const bf_op_text_row *texts;
    size_t n_texts;
} tables[] = {
#define TABLE(id) {id, py##id##_ops, py##id##_texts, sizeof py##id##_texts / sizeof *py##id##_texts}
    TABLE(27), TABLE(36), TABLE(37), TABLE(38), TABLE(39), TABLE(310), TABLE(311), TABLE(312), TABLE(313), TABLE(314), TABLE(315),
#undef TABLE
};

enum { N_TABLES = sizeof tables / sizeof *tables };

/* The tables as they are used: every number has a row, so that unknown ones need no care. */
static bf_op_info filled[N_TABLES][256];
static char unknown_names[256][8];
static pthread_once_t filled_once = PTHREAD_ONCE_INIT;

static void fill(void) {
    for (int number = 0; number < 256; number++) {
        snprintf(unknown_names[number], sizeof unknown_names[number], "<%u>", (uint8_t)number);
        for (int t = 0; t < N_TABLES; t++) {
            filled[t][number] = tables[t].ops[number];
            if (filled[t][number].kind == BF_OP_UNKNOWN)
                filled[t][number] = (bf_op_info){.name = bf_str_of(unknown_names[number]), .base = (uint8_t)number, .caches = &py38_NONE_caches};
        }
    }
    for (int t = 0; t < N_TABLES; t++) /* names that are no identifier of C: SLICE+0 */
        for (size_t i = 0; i < tables[t].n_texts; i++)
            if (tables[t].texts[i].kind == BF_ARG_NONE) filled[t][tables[t].texts[i].value].name = tables[t].texts[i].text;
}

static int table_of(const bf_cpython *version) {
    int t = 0;
    while (t < N_TABLES - 1 && tables[t].version != version->id) t++;
    return t;
}

const bf_op_info *bf_opcodes(const bf_cpython *version) {
    pthread_once(&filled_once, fill);
    return filled[table_of(version)];
}

bf_str bf_op_text(const bf_cpython *version, bf_arg_kind kind, uint32_t index) {
    int t = table_of(version);
    for (size_t i = 0; i < tables[t].n_texts; i++)
        if (tables[t].texts[i].kind == kind && tables[t].texts[i].value == index) return tables[t].texts[i].text;
    return (bf_str){NULL, 0};
}
