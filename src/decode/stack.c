#include "decode/stack.h"

enum { NEVER = -1, MAX_DEPTH = 1 << 24, GENERATORS = 0x2a0 /* CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR */ };

typedef struct walker {
    const bf_flow_input *in;
    bf_code_facts *facts;
    const bf_flow_graph *graph;
    const bf_op_info *ops;
    bf_stack *out;
    int32_t *gone;     /* by block, of finally bodies: values below the level that are gone unless an exception led here; NEVER: one did */
    uint32_t *pending; /* blocks whose depth became known, or unknown: each at most twice */
    uint32_t n_pending;
} walker;

#define ANOMALY(w, instr, ...) (w)->in->on_anomaly((w)->in->context, bf_flow_offset((w)->in, instr), __VA_ARGS__)

/* A path with `depth` values leads to a block; is_next: by going on, without an exception or a jump. */
static void meet_by(walker *w, int32_t number, int64_t depth, bool is_next) {
    if (number == BF_NO_BLOCK) return;
    const bf_flow_block *block = &w->graph->blocks[number];
    int32_t *entry = &w->out->entry[number];
    if (*entry == depth || *entry == BF_DEPTH_UNKNOWN) return;
    if (*entry == BF_DEPTH_UNREACHED) {
        *entry = (int32_t)depth;
    } else {
        if (depth != BF_DEPTH_UNKNOWN && block->is_finally && depth < *entry) {
            w->out->is_upper_bound = true;
            int32_t level = w->out->level[number];
            if (is_next && w->gone[number] == NEVER) w->gone[number] = depth <= level ? level + 1 - (int32_t)depth : 0;
            return;
        }
        if (depth != BF_DEPTH_UNKNOWN)
            ANOMALY(w, &w->facts->instrs[block->first], "reached with %d values on the stack and with %lld", *entry, (long long)depth);
        w->out->has_errors = true;
        *entry = BF_DEPTH_UNKNOWN;
    }
    if (*entry > w->out->greatest) w->out->greatest = *entry;
    w->pending[w->n_pending++] = (uint32_t)number;
}

static void meet(walker *w, int32_t number, int64_t depth) {
    meet_by(w, number, depth, false);
}

/* By the exception table: the depth does not depend on the path. */
static void meet_handler(walker *w, const bf_flow_block *block, int64_t depth) {
    const bf_exc_fact *e = &w->facts->excs[block->exc];
    bool is_there = depth == BF_DEPTH_UNKNOWN ? e->depth <= MAX_DEPTH : e->depth <= depth;
    if (!is_there) {
        ANOMALY(w, &w->facts->instrs[block->first], "entry %d of the exception table keeps %d values, there are fewer", block->exc, e->depth);
        w->out->has_errors = true;
    }
    meet(w, block->handler, is_there ? e->depth + e->lasti + 1 : BF_DEPTH_UNKNOWN);
}

static void meet_unknown(walker *w, const bf_flow_block *block, uint32_t from) {
    w->out->has_errors = true;
    for (uint32_t k = from; k < block->end; k++) w->facts->instrs[k].stack_before = w->facts->instrs[k].stack_after = BF_NONE_INT;
    meet(w, block->target, BF_DEPTH_UNKNOWN);
    meet(w, block->next, BF_DEPTH_UNKNOWN);
    meet(w, block->on_the_way, BF_DEPTH_UNKNOWN);
}

static int64_t cut_to(int64_t depth, int32_t level) {
    return level == BF_DEPTH_UNREACHED ? BF_DEPTH_UNKNOWN : level < depth ? level : depth;
}

/* Frames are left with what came upon the stack since they were set up; a finally body finds what is to be done, and a value for it. */
static void leave_frames(walker *w, const bf_flow_block *block, int64_t depth) {
    if (block->flow == BF_FLOW_BREAK && block->target != BF_NO_BLOCK)
        meet(w, block->target, cut_to(depth, w->out->level[block->target]));
    if (block->flow == BF_FLOW_CONTINUE && block->target != BF_NO_BLOCK && w->out->entry[block->target] == BF_DEPTH_UNREACHED)
        meet(w, block->target, depth); /* no compiler's loop begins with this */
    if (block->on_the_way == BF_NO_BLOCK) return;
    int64_t level = cut_to(depth, w->out->level[block->on_the_way]);
    meet(w, block->on_the_way, level == BF_DEPTH_UNKNOWN ? level : level + (block->flow == BF_FLOW_BREAK ? 1 : 2));
}

static bool can_run(walker *w, const bf_instr *i, const bf_op_info *op, int64_t depth, int64_t popped, int64_t after) {
    if (op->gives == BF_GIVES_UNKNOWN)
        ANOMALY(w, i, "what %.*s does to the stack is not known", (int)i->base->name.n, i->base->name.p);
    else if (depth < popped)
        ANOMALY(w, i, "%.*s pops %lld values, there are %lld", (int)i->base->name.n, i->base->name.p, (long long)popped, (long long)depth);
    else if (after > MAX_DEPTH)
        ANOMALY(w, i, "%.*s makes a stack of %lld values", (int)i->base->name.n, i->base->name.p, (long long)after);
    else
        return true;
    return false;
}

static void set_up(walker *w, int32_t target, int64_t rest, int64_t after) {
    bool is_with = after > rest; /* the value of __enter__ is above the level, and what __exit__ says may end an exception */
    w->out->level[target] = (int32_t)(is_with ? after - 1 : rest);
    if (!is_with && w->in->version->pops_except_early && w->graph->blocks[target].is_finally) w->gone[target] = NEVER;
}

static void run(walker *w, uint32_t number) {
    const bf_flow_block *block = &w->graph->blocks[number];
    int64_t depth = w->out->entry[number], on_jump = 0;
    int32_t gone = w->gone[number], level = w->out->level[number];
    if (block->exc >= 0) meet_handler(w, block, depth);
    if (depth == BF_DEPTH_UNKNOWN) {
        meet_unknown(w, block, block->first);
        return;
    }
    for (uint32_t k = block->first; k < block->end; k++) {
        bf_instr *i = &w->facts->instrs[k];
        const bf_op_info *op = &w->ops[i->baseopcode];
        int64_t popped = bf_op_count(op->popped, (uint32_t)i->arg), rest = depth - popped;
        bool is_end = gone && rest == level; /* END_FINALLY, which goes on where no exception led here */
        if (is_end && gone != NEVER) rest -= gone;
        int64_t after = rest + bf_op_count(op->pushed, (uint32_t)i->arg);
        on_jump = rest + bf_op_count(op->on_jump, (uint32_t)i->arg);
        if (!can_run(w, i, op, depth, depth - rest, after > on_jump ? after : on_jump)) {
            meet_unknown(w, block, k);
            return;
        }
        i->stack_before = (int32_t)depth;
        i->stack_after = (int32_t)after;
        if (after > w->out->greatest) w->out->greatest = (int32_t)after;
        if (is_end && gone == NEVER) return;
        if (is_end) gone = 0;
        if (op->flow == BF_FLOW_SETUP || op->flow == BF_FLOW_FINALLY || op->flow == BF_FLOW_LOOP)
            if (block->target != BF_NO_BLOCK) set_up(w, block->target, rest, after);
        depth = after;
    }
    if (block->flow >= BF_FLOW_BREAK)
        leave_frames(w, block, depth);
    else if (block->flow != BF_FLOW_LOOP)
        meet(w, block->target, on_jump);
    meet_by(w, block->next, depth, true);
}

bf_status bf_stack_depths(bf_stack *out, const bf_flow_graph *graph, bf_code_facts *facts, const bf_flow_input *in, bf_error *err) {
    uint32_t n = graph->n_blocks;
    *out = (bf_stack){0};
    if (n == 0) return BF_OK;
    walker w = {.in = in, .facts = facts, .graph = graph, .ops = bf_opcodes(in->version), .out = out};
    out->entry = bf_arena_alloc(in->work, n * sizeof *out->entry);
    out->level = bf_arena_alloc(in->work, n * sizeof *out->level);
    w.gone = bf_arena_zalloc(in->work, n, sizeof *w.gone);
    w.pending = bf_arena_alloc(in->work, 2 * (size_t)n * sizeof *w.pending);
    if (!out->entry || !out->level || !w.gone || !w.pending) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    for (uint32_t k = 0; k < n; k++) out->entry[k] = out->level[k] = BF_DEPTH_UNREACHED;
    meet(&w, 0, in->version->enters_resumed && facts->flags & GENERATORS ? 1 : 0);
    while (w.n_pending) run(&w, w.pending[--w.n_pending]);
    return BF_OK;
}

int32_t bf_stack_level(const bf_stack *stack, const bf_code_facts *facts, const bf_flow_block *block) {
    return block->exc >= 0 ? facts->excs[block->exc].depth : stack->level[block->handler];
}
