/* Scope 4, the function gate: every function that the views need, proved before any view is created. */
#include "serving/signatures.h"

#include "serving/ask.h"

#define ROUTINE true
#define SYNTAX false
#define ANY BF_TAKES_ANY
#define MAP BF_TAKES_MAP
#define LIST BF_TAKES_LIST
#define INT64 BF_TAKES_INT64
#define UTF8 BF_TAKES_UTF8
#define KEY BF_TAKES_KEY
static const bf_required_function required[] = {
#define BF_FUNCTION(name, kind, least, mode, ...) {#name, kind, least, mode, {__VA_ARGS__}},
#include "serving/signatures.def"
#undef BF_FUNCTION
};
#undef ROUTINE
#undef SYNTAX
#undef ANY
#undef MAP
#undef LIST
#undef INT64
#undef UTF8
#undef KEY

static const bf_required_function *table = required;
static size_t n_table = sizeof required / sizeof *required;

void bf_signatures_require(const bf_required_function *functions, size_t n) {
    table = functions ? functions : required;
    n_table = functions ? n : sizeof required / sizeof *required;
}

/* What is said of an argument, given for it, and refused; and how names of its type begin in the catalog. The text is the name of a
 * type too, since arrow_cast reads it as one. */
static const struct {
    const char *name, *sample, *wrong, *catalog[3];
} takes[BF_N_TAKES] = {
    [BF_TAKES_ANY] = {"any", "1", NULL, {""}},
    [BF_TAKES_MAP] = {"map", "MAP {'Int64': 'v'}", "1", {"Map"}},
    [BF_TAKES_LIST] = {"list", "[1, 2]", "1", {"List", "LargeList", "FixedSizeList"}},
    [BF_TAKES_INT64] = {"int64", "1", "'Int64'", {"Int"}},
    [BF_TAKES_UTF8] = {"utf8", "'Int64'", "1", {"String", "Utf8"}},
    [BF_TAKES_KEY] = {"utf8", "'Int64'", NULL, {"String", "Utf8"}},
};

const char *bf_evidence_name(bf_evidence evidence) {
    static const char *const names[] = {"none", "parameters", "probe"};
    return names[evidence];
}

void bf_signatures_free(bf_signatures *signatures) {
    bf_arena_free(&signatures->arena);
    *signatures = (bf_signatures){0};
}

static bf_status no_memory(bf_error *err) {
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

/* ---- one function ---- */

typedef struct gate {
    const bf_serving *s;
    bf_signatures *out;
    bf_signature *now;
    bf_buf sql, proof;
    bool failed; /* an allocation did */
} gate;

static size_t n_types(const bf_required_function *f) {
    size_t n = 0;
    while (n < BF_MAX_ARGUMENTS && f->types[n] != BF_TAKES_NONE) n++;
    return n;
}

static const char *keep(gate *g, const bf_buf *text) {
    return text->failed ? NULL : bf_arena_str(&g->out->arena, text->n ? text->p : "", text->n).p;
}

/* Says what is wrong; the first finding of a function stays. */
static void deviate(gate *g, const char *expected, const char *found) {
    if (g->now->found) return;
    g->now->expected = bf_arena_str(&g->out->arena, expected, strlen(expected) + 1).p;
    g->now->found = bf_arena_str(&g->out->arena, found, strlen(found) + 1).p;
    g->failed |= !g->now->expected || !g->now->found;
}

static void put_types(bf_buf *out, const bf_required_function *f) {
    for (size_t i = 0; i < n_types(f); i++)
        bf_buf_printf(out, "%s%s%s%s", i ? ", " : "", i < f->least ? "" : "[", takes[f->types[i]].name, i < f->least ? "" : "]");
    bf_buf_putc(out, 0);
}

static bool is_type(bf_takes type, const char *name) {
    for (size_t i = 0; i < 3 && takes[type].catalog[i]; i++)
        if (!strncmp(name, takes[type].catalog[i], strlen(takes[type].catalog[i]))) return true;
    return false;
}

/* One overload, the parameters from `first` on that have its number. */
static bool overload_fits(const bf_signatures *all, const bf_required_function *f, size_t first, size_t end) {
    size_t n = 0;
    for (size_t i = first; i < end; i++) {
        if (strcmp(all->parameters[i].mode, f->mode)) continue;
        if (n < n_types(f) && !is_type(f->types[n], all->parameters[i].type)) return false;
        n++;
    }
    return n >= f->least;
}

/* Whether the catalog describes it; then some overload has to fit. */
static bool examine_parameters(gate *g, const bf_required_function *f) {
    const bf_signatures *all = g->out;
    bool described = false, fits = false;
    for (size_t i = 0, end; i < all->n_parameters; i = end) {
        const bf_parameter *p = &all->parameters[i];
        for (end = i + 1; end < all->n_parameters && !strcmp(all->parameters[end].function, p->function) &&
                          !strcmp(all->parameters[end].overload, p->overload);)
            end++;
        if (strcmp(p->function, f->name)) continue;
        bf_buf_printf(&g->proof, "%s%s(", described ? "; " : "", f->name);
        for (size_t j = i, n = 0; j < end; j++)
            if (strcmp(all->parameters[j].mode, "OUT"))
                bf_buf_printf(&g->proof, "%s%s %s", n++ ? ", " : "", all->parameters[j].mode, all->parameters[j].type);
        bf_buf_putc(&g->proof, ')');
        described = true;
        fits |= overload_fits(all, f, i, end);
    }
    if (!described) return false;
    g->now->evidence = BF_EVIDENCE_PARAMETERS;
    bf_buf_putc(&g->proof, 0);
    if (!fits && !g->proof.failed) {
        char expected[200];
        snprintf(expected, sizeof expected, "%s at least %zu of (%s)", f->mode, f->least, g->now->arguments);
        deviate(g, expected, g->proof.p);
    }
    return true;
}

/* Plans a call with the first `n` arguments, the one at `wrong` of a type that it does not take; the planner has to take or refuse it. */
static void probe(gate *g, const bf_required_function *f, size_t n, size_t wrong, bool takes_it, const char *expected) {
    bf_engine_error why = {0};
    struct ArrowSchema schema = {.release = NULL};
    g->sql.n = 0;
    bf_buf_printf(&g->sql, "SELECT %s(", f->name);
    for (size_t i = 0; i < n; i++)
        bf_buf_printf(&g->sql, "%s%s", i ? ", " : "", i == wrong ? takes[f->types[i]].wrong : takes[f->types[i]].sample);
    bf_buf_puts(&g->sql, ")");
    bf_buf_putc(&g->sql, 0);
    if (g->sql.failed) return;
    bool took = g->s->api->describe(g->s->engine, g->sql.p, &schema, &why) == BF_ENGINE_OK;
    if (took) schema.release(&schema);
    bf_buf_printf(&g->proof, "%s%s%s", g->proof.n ? "; " : "", takes_it ? "" : "not ", g->sql.p);
    if (took == takes_it) return;
    char found[600];
    if (took)
        snprintf(found, sizeof found, "the engine takes %.200s", g->sql.p);
    else
        snprintf(found, sizeof found, "the engine refuses %.200s: %.*s", g->sql.p, (int)strcspn(why.message, "\n"), why.message);
    deviate(g, expected, found);
}

static void examine_probes(gate *g, const bf_required_function *f) {
    static const size_t none = BF_MAX_ARGUMENTS;
    char expected[200];
    size_t n_all = n_types(f);
    g->now->evidence = BF_EVIDENCE_PROBE;
    snprintf(expected, sizeof expected, "at least %zu argument%s (%s)", f->least, f->least == 1 ? "" : "s", g->now->arguments);
    for (size_t n = f->least; n <= n_all; n++) probe(g, f, n, none, true, expected);
    if (f->least) probe(g, f, f->least - 1, none, false, expected);
    for (size_t i = 0; i < n_all; i++) {
        if (!takes[f->types[i]].wrong) continue;
        snprintf(expected, sizeof expected, "argument %zu is %s, and nothing else", i + 1, takes[f->types[i]].name);
        probe(g, f, i < f->least ? f->least : i + 1, i, false, expected);
    }
    bf_buf_putc(&g->proof, 0);
}

static bool has_routine(const bf_signatures *all, const char *name) {
    for (size_t i = 0; i < all->n_routines; i++)
        if (!strcmp(all->routines[i].name, name)) return true;
    return false;
}

static bf_status examine(gate *g, const bf_required_function *f, bf_error *err) {
    g->now->required = f;
    g->proof.n = 0;
    put_types(&g->proof, f);
    g->now->arguments = keep(g, &g->proof);
    if (!g->now->arguments) return no_memory(err);
    g->proof.n = 0;
    if (g->out->has_catalog && f->is_routine && !has_routine(g->out, f->name)) {
        deviate(g, "a routine of the catalog", "information_schema.routines has none of that name");
        bf_buf_putc(&g->proof, 0);
    } else if (!examine_parameters(g, f)) {
        examine_probes(g, f);
    }
    g->now->proof = keep(g, &g->proof);
    return !g->now->proof || g->sql.failed || g->failed ? no_memory(err) : BF_OK;
}

/* ---- the gate ---- */

static void tell(bf_serving *s, const bf_signature *now) {
    char expected[200], found[700];
    snprintf(expected, sizeof expected, "%s(%s), at least %zu, %s", now->required->name, now->arguments, now->required->least,
             now->required->mode);
    snprintf(found, sizeof found, "%s%s: %.600s", bf_evidence_name(now->evidence),
             s->signatures.has_catalog ? "" : " (enable_information_schema is off)", now->found ? now->found : now->proof);
    bf_checks_add(&s->gates, 4, now->found ? BF_CHECK_FAIL : BF_CHECK_OK, now->required->name, now->found ? now->expected : expected,
                  found);
}

bf_status bf_signatures_gate(bf_serving *s, bf_error *err) {
    bf_signatures *out = &s->signatures;
    out->has_catalog = bf_profile_bool(s->profile, BF_OPT_enable_information_schema);
    if (out->has_catalog) BF_TRY(bf_catalog_read(s, out, err));
    out->items = bf_arena_zalloc(&out->arena, n_table, sizeof *out->items);
    if (!out->items) return no_memory(err);
    gate g = {.s = s, .out = out};
    bf_status st = BF_OK;
    const bf_signature *first = NULL;
    size_t n_deviations = 0;
    for (size_t i = 0; i < n_table && st == BF_OK; i++) {
        g.now = &out->items[out->n];
        st = examine(&g, &table[i], err);
        if (st != BF_OK) break;
        out->n++;
        tell(s, g.now);
        if (g.now->found && !n_deviations++) first = g.now;
    }
    bf_buf_free(&g.sql);
    bf_buf_free(&g.proof);
    if (st != BF_OK || !first) return st;
    char more[60] = "";
    if (n_deviations > 1) snprintf(more, sizeof more, "; %zu more functions deviate", n_deviations - 1);
    return bf_fail(err, BF_CONTRACT, -1, "function %s: expected %s, found: %s%s", first->required->name, first->expected, first->found,
                   more);
}
