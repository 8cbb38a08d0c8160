/* Small programs by name, for the tests of flow, stack and data flow. Header only.
 *
 *   "a: LOAD_FAST 0; POP_JUMP_IF_FALSE @b; b: RETURN_VALUE"     @b is a jump to b, whatever form that version's argument has
 */
#ifndef BF_TEST_DECODE_FLOW_CODE_H
#define BF_TEST_DECODE_FLOW_CODE_H

#include <ctype.h>
#include <glob.h>

#include "base/file.h"
#include "bytes.h"
#include "decode/dataflow.h"

enum { MAX_CODE_BYTES = 4096, MAX_LABELS = 26, MAX_ANOMALIES = 16 };

typedef struct made {
    const bf_cpython *version;
    bf_arena arena, work;
    bf_budget budget;
    uint8_t bytes[MAX_CODE_BYTES];
    uint32_t n_bytes;
    int32_t labels[MAX_LABELS]; /* a to z: offset, -1: no such label */
    bf_exc_fact excs[8];
    bf_code_facts facts;
    bf_flow_graph graph;
    bf_stack stack;
    int n_anomalies;
    int64_t offsets[MAX_ANOMALIES];
    char anomalies[MAX_ANOMALIES][200];
} made;

static inline void made_anomaly(void *context, int64_t offset, const char *format, ...) {
    made *m = context;
    va_list args;
    if (m->n_anomalies == MAX_ANOMALIES) return;
    va_start(args, format);
    vsnprintf(m->anomalies[m->n_anomalies], sizeof m->anomalies[0], format, args);
    va_end(args);
    m->offsets[m->n_anomalies++] = offset;
}

static inline uint8_t made_op(const made *m, const char *name, size_t n) {
    const bf_op_info *ops = bf_opcodes(m->version);
    for (int number = 0; number < 256; number++)
        if (ops[number].name.n == n && !memcmp(ops[number].name.p, name, n)) return (uint8_t)number;
    fail_msg("no %.*s in %s", (int)n, name, m->version->name);
    return 0;
}

/* One pass; in the second one the labels are known. */
static inline void made_assemble(made *m, const char *text) {
    const bf_op_info *ops = bf_opcodes(m->version);
    m->n_bytes = 0;
    for (const char *at = text; *at;) {
        while (*at == ' ' || *at == ';' || *at == '\n') at++;
        if (!*at) break;
        if (islower((unsigned char)*at) && at[1] == ':') {
            m->labels[*at - 'a'] = (int32_t)m->n_bytes;
            at += 2;
            continue;
        }
        size_t n = strcspn(at, " ;\n");
        uint8_t number = made_op(m, at, n);
        at += n;
        while (*at == ' ') at++;
        int32_t units = ops[number].caches->n_units, next = (int32_t)m->n_bytes + 2 + 2 * units, argument = 0;
        if (*at == '@') {
            int32_t target = m->labels[at[1] - 'a'];
            int32_t distance = ops[number].arg == BF_ARG_JUMP_ABS ? target : ops[number].arg == BF_ARG_JUMP_BACK ? next - target : target - next;
            argument = distance < 0 ? 0 : distance / m->version->jump_unit; /* less than 0 in the first pass only */
            at += 2;
        } else if (isdigit((unsigned char)*at)) {
            argument = (int32_t)strtol(at, (char **)&at, 10);
        }
        assert_true(m->n_bytes + 2 + 2u * (uint32_t)units + 6 <= MAX_CODE_BYTES);
        for (int shift = 24; shift; shift -= 8) {
            if (!(argument >> shift)) continue;
            m->bytes[m->n_bytes++] = made_op(m, "EXTENDED_ARG", 12);
            m->bytes[m->n_bytes++] = (uint8_t)(argument >> shift);
        }
        m->bytes[m->n_bytes++] = number;
        m->bytes[m->n_bytes++] = (uint8_t)argument;
        memset(m->bytes + m->n_bytes, 0, 2 * (size_t)units);
        m->n_bytes += 2 * (uint32_t)units;
    }
}

static inline bf_flow_input made_input(made *m) {
    return (bf_flow_input){.version = m->version, .bytecode_offset = 100, .arena = &m->arena, .work = &m->work, .max_dfg_edges = 1 << 20, .budget = &m->budget,
                           .on_anomaly = made_anomaly, .context = m};
}

/* Instructions only. An entry of the exception table is added by made_exc. */
static inline void made_code(made *m, int version, const char *text) {
    *m = (made){.version = version_of(version)};
    bf_budget_init(&m->budget, NULL);
    for (int k = 0; k < MAX_LABELS; k++) m->labels[k] = 0;
    made_assemble(m, text);
    made_assemble(m, text);
    bf_lines lines = {0};
    bf_instrs instrs;
    bf_code code = {.version = m->version, .bytecode = m->bytes, .n_bytecode = m->n_bytes, .bytecode_offset = 100, .is_partial = true};
    bf_instr_input in = {.code = &code, .lines = &lines, .arena = &m->arena, .on_anomaly = made_anomaly, .context = m};
    assert_int_equal(bf_instr_decode(&instrs, &in, NULL), BF_OK);
    m->n_anomalies = 0; /* names and constants that are not there: not what is tested */
    m->facts.instrs = instrs.items;
    m->facts.n_instrs = instrs.n;
    m->facts.excs = m->excs;
}

static inline void made_exc(made *m, char start, char end, char handler, int32_t depth, bool lasti) {
    m->excs[m->facts.n_excs++] = (bf_exc_fact){m->labels[start - 'a'], m->labels[end - 'a'], m->labels[handler - 'a'], depth, lasti};
}

static inline bf_status made_flow(made *m) {
    bf_flow_input in = made_input(m);
    bf_error err = {0};
    bf_status st = bf_flow_build(&m->graph, &m->facts, &in, &err);
    if (st == BF_OK) st = bf_stack_depths(&m->stack, &m->graph, &m->facts, &in, &err);
    if (st == BF_OK) st = bf_dataflow_edges(&m->stack, &m->graph, &m->facts, &in, &err);
    assert_int_equal(err.code, st);
    return st;
}

static inline void made_done(made *m) {
    bf_arena_free(&m->arena);
    bf_arena_free(&m->work);
}

static inline void made_must(made *m) {
    assert_int_equal(made_flow(m), BF_OK);
    if (m->n_anomalies) fail_msg("%s", m->anomalies[0]);
}

/* ---- as text ---- */

static inline void made_assert_text(bf_buf *found, const char *expected) {
    if (found->n && found->p[found->n - 1] == ' ') found->n--;
    bf_buf_putc(found, 0);
    assert_false(found->failed);
    assert_string_equal(found->p, expected);
    bf_buf_free(found);
}

/* "0-4:entry 4-8:normal" */
static inline void made_assert_blocks(const made *m, const char *expected) {
    static const char *const kinds[] = {"entry", "handler", "normal"};
    bf_buf found = {0};
    for (uint32_t k = 0; k < m->facts.n_blocks; k++)
        bf_buf_printf(&found, "%d-%d:%s ", m->facts.blocks[k].start, m->facts.blocks[k].end, kinds[m->facts.blocks[k].kind]);
    made_assert_text(&found, expected);
}

/* The keys, with "?OFFSET" of what decides, "#LABEL" and "!EXC_INDEX". */
static inline void made_assert_edges(const made *m, const char *expected) {
    bf_buf found = {0};
    for (uint32_t k = 0; k < m->facts.n_cfg_edges; k++) {
        const bf_cfg_fact *e = &m->facts.cfg_edges[k];
        bf_buf_put_str(&found, e->edge_key);
        if (e->cond_instr != BF_NONE_INT) bf_buf_printf(&found, "?%d", m->facts.instrs[e->cond_instr].offset);
        if (e->label.p) bf_buf_printf(&found, "#%.*s", (int)e->label.n, e->label.p);
        if (e->exc_index != BF_NONE_INT) bf_buf_printf(&found, "!%d", e->exc_index);
        bf_buf_putc(&found, ' ');
    }
    made_assert_text(&found, expected);
}

/* Before and after each instruction: "0>1 1>0 -" */
static inline void made_assert_depths(const made *m, const char *expected) {
    bf_buf found = {0};
    for (uint32_t k = 0; k < m->facts.n_instrs; k++) {
        const bf_instr *i = &m->facts.instrs[k];
        assert_int_equal(i->stack_before == BF_NONE_INT, i->stack_after == BF_NONE_INT);
        if (i->stack_before == BF_NONE_INT)
            bf_buf_puts(&found, "- ");
        else
            bf_buf_printf(&found, "%d>%d ", i->stack_before, i->stack_after);
    }
    made_assert_text(&found, expected);
}

/* "PRODUCER>CONSUMER.OPERAND", with "/RESULT" where that is not 0. */
static inline void made_assert_uses(const made *m, const char *expected) {
    bf_buf found = {0};
    for (uint32_t k = 0; k < m->facts.n_dfg_edges; k++) {
        const bf_dfg_fact *e = &m->facts.dfg_edges[k];
        bf_buf_printf(&found, "%u>%u.%d", e->src, e->dst, e->operand);
        if (e->result) bf_buf_printf(&found, "/%d", e->result);
        bf_buf_putc(&found, ' ');
    }
    made_assert_text(&found, expected);
}

static inline void made_assert_anomaly(const made *m, int index, int64_t offset, const char *part) {
    assert_true(m->n_anomalies > index);
    if (!strstr(m->anomalies[index], part)) fail_msg("\"%s\" does not say \"%s\"", m->anomalies[index], part);
    assert_int_equal(m->offsets[index], 100 + offset);
}

/* ---- every code object of every fixture ---- */

typedef void (*made_on_code)(const bf_code_facts *code, const char *path);

static inline void made_each_fixture(made_on_code check) {
    int n = 0;
    for (int bit = 0; bit < N_VERSIONS; bit++) {
        char pattern[4096];
        glob_t files;
        snprintf(pattern, sizeof pattern, BF_TEST_DATA "/%s/ok_*.pyc", version_of_bit(bit)->name);
        if (glob(pattern, 0, NULL, &files)) fail_msg("no fixtures: %s; tools/gen_expect makes them", pattern);
        for (size_t f = 0; f < files.gl_pathc; f++) {
            bf_arena arena = {0};
            bf_file_facts file;
            uint8_t *data;
            size_t size;
            bf_decode_options options = {.path = bf_str_of(files.gl_pathv[f])};
            assert_int_equal(bf_file_read(files.gl_pathv[f], 1 << 24, &data, &size, NULL), BF_OK);
            assert_int_equal(bf_decode_pyc(data, size, &options, &arena, &file, NULL), BF_OK);
            if (file.n_errors) fail_msg("%s: %.*s", files.gl_pathv[f], (int)file.errors[0].message.n, file.errors[0].message.p);
            for (uint32_t k = 0; k < file.n_codes; k++, n++) check(&file.codes[k], files.gl_pathv[f]);
            bf_arena_free(&arena);
            free(data);
        }
        globfree(&files);
    }
    printf("%d code objects\n", n);
}

#endif
