#include "decode/dataflow.h"

#include <stdlib.h>

/* The stack is a list of cells that paths share: where two paths meet, all below the first common cell is the same for both, so that
 * the work is in what differs. Where values differ a phi stands for both. Cells are never changed. A block is run again when one of its
 * own cells became a phi, which happens once a cell. When nothing changes any more, a last run over each block gives the edges. */
typedef struct cell {
    struct cell *below; /* NULL: the bottom */
    uint64_t value;
} cell;

/* A value: the instruction that made it, and which of its results; or a phi; or nothing that an instruction made. */
#define NO_VALUE UINT64_MAX
#define PHI_BIT (UINT64_C(1) << 63)
#define VALUE(instr, result) ((uint64_t)(instr) << 32 | (uint32_t)(result))
#define PRODUCER(value) ((uint32_t)((value) >> 32))

typedef struct choice {
    struct choice *next;
    uint64_t value;
} choice;

typedef struct phi {
    choice *choices;
    uint64_t *values; /* what it can be in the end, sorted, one a producer; NULL: not asked for yet */
    uint32_t n_values;
    uint32_t block;   /* where paths meet */
    uint32_t seen;    /* number of the question that came by last */
} phi;

/* A step is a cell passed, or a choice looked at. What takes memory is worth more of them, so that the budget of steps bounds it too:
 * two bytes a step. */
enum { CELL_STEPS = sizeof(cell) / 2, PHI_STEPS = sizeof(phi) / 2, EDGE_STEPS = sizeof(bf_dfg_fact) / 2 };

typedef struct walker {
    const bf_flow_input *in;
    bf_code_facts *facts;
    const bf_flow_graph *graph;
    const bf_stack *stack;
    const bf_op_info *ops;
    cell **entry;        /* by block: the stack where it begins */
    cell **last_base;    /* by block, of handlers: what the last path left of the stack */
    bool *is_seen;       /* by block: entry is set */
    bool *is_queued;     /* by block */
    uint32_t *queue;     /* heap of blocks to be run, the first in the code on top */
    uint32_t n_queue;
    cell *cells;         /* room for more */
    uint32_t n_cells;
    phi *phis;
    uint32_t n_phis, phis_capacity;
    uint64_t *operands;  /* of the instruction at hand, the deepest first */
    cell **path;         /* cells on the way to where two stacks become one */
    uint32_t *to_ask;    /* phis that a question leads to */
    uint32_t question;
    bf_dfg_fact *edges;
    uint32_t n_edges, edges_capacity;
    int64_t steps;       /* that are left */
    bool is_full;        /* the file has as many edges as it may */
    bool failed;         /* an allocation did */
} walker;

static bool is_over(const walker *w) {
    return w->failed || w->steps < 0 || w->is_full;
}

/* ---- cells ---- */

static cell *push(walker *w, cell *below, uint64_t value) {
    enum { AT_ONCE = 64 };
    w->steps -= CELL_STEPS;
    if (w->steps < 0) return below;
    if (w->n_cells == 0) {
        if (!(w->cells = bf_arena_alloc(w->in->work, AT_ONCE * sizeof *w->cells))) {
            w->failed = true;
            return below;
        }
        w->n_cells = AT_ONCE;
    }
    cell *c = &w->cells[--w->n_cells];
    *c = (cell){below, value};
    return c;
}

static cell *push_unmade(walker *w, cell *below, int64_t n) {
    for (; n > 0 && !is_over(w); n--) below = push(w, below, NO_VALUE);
    return below;
}

static cell *push_results(walker *w, cell *below, uint32_t instr, int64_t first, int64_t end) {
    for (; first < end && !is_over(w); first++) below = push(w, below, VALUE(instr, first));
    return below;
}

static cell *push_operands(walker *w, cell *below, int64_t first, int64_t end) {
    for (; first < end && !is_over(w); first++) below = push(w, below, w->operands[first]);
    return below;
}

static cell *drop(walker *w, cell *top, int64_t n) {
    w->steps -= n;
    for (; n > 0; n--) top = top->below;
    return top;
}

/* ---- blocks to be run ---- */

static void enqueue(walker *w, uint32_t block) {
    if (w->is_queued[block]) return;
    w->is_queued[block] = true;
    uint32_t at = w->n_queue++;
    for (; at && w->queue[(at - 1) / 2] > block; at = (at - 1) / 2) w->queue[at] = w->queue[(at - 1) / 2];
    w->queue[at] = block;
}

static uint32_t dequeue(walker *w) {
    uint32_t first = w->queue[0], moved = w->queue[--w->n_queue], at = 0;
    for (uint32_t child; (child = 2 * at + 1) < w->n_queue; at = child) {
        if (child + 1 < w->n_queue && w->queue[child + 1] < w->queue[child]) child++;
        if (w->queue[child] >= moved) break;
        w->queue[at] = w->queue[child];
    }
    w->queue[at] = moved;
    w->is_queued[first] = false;
    return first;
}

/* ---- where paths meet ---- */

/* The same one may come again when a block is run again; that is rare, and costs less than looking for it. */
static void add_choice(walker *w, uint64_t number, uint64_t value) {
    phi *p = &w->phis[number];
    if (value == NO_VALUE || value == (PHI_BIT | number) || (p->choices && p->choices->value == value)) return;
    w->steps -= CELL_STEPS;
    choice *c = bf_arena_alloc(w->in->work, sizeof *c);
    if (!c) {
        w->failed = true;
        return;
    }
    *c = (choice){p->choices, value};
    p->choices = c;
}

/* Gives a value that is both: a phi of this block. */
static uint64_t merge(walker *w, uint32_t block, uint64_t old, uint64_t more) {
    if (old != NO_VALUE && old & PHI_BIT && w->phis[old & ~PHI_BIT].block == block) {
        add_choice(w, old & ~PHI_BIT, more);
        return old;
    }
    if (w->n_phis == w->phis_capacity) {
        uint32_t capacity = w->phis_capacity ? w->phis_capacity * 2 : 16;
        phi *phis = bf_arena_alloc(w->in->work, capacity * sizeof *phis);
        if (!phis) {
            w->failed = true;
            return old;
        }
        if (w->n_phis) memcpy(phis, w->phis, w->n_phis * sizeof *phis);
        w->phis = phis;
        w->phis_capacity = capacity;
    }
    w->steps -= PHI_STEPS;
    w->phis[w->n_phis] = (phi){.block = block};
    add_choice(w, w->n_phis, old);
    add_choice(w, w->n_phis, more);
    return PHI_BIT | w->n_phis++;
}

/* A path leads to a block with this stack, which is as deep as the block's. */
static void meet(walker *w, uint32_t block, cell *top) {
    if (!w->is_seen[block]) {
        w->is_seen[block] = true;
        w->entry[block] = top;
        enqueue(w, block);
        return;
    }
    uint32_t n_path = 0, n_changed = 0;
    for (cell *a = w->entry[block], *b = top; a != b && !is_over(w); a = a->below, b = b->below, w->steps--) {
        w->path[n_path++] = a;
        if (a->value == b->value) continue;
        uint64_t value = merge(w, block, a->value, b->value);
        if (value == a->value) continue;
        n_changed = n_path;
        w->path[n_path - 1] = push(w, NULL, value); /* what is below it comes when all that lies there is known */
    }
    if (!n_changed || is_over(w)) return;
    cell *below = drop(w, w->entry[block], n_changed);
    for (uint32_t k = n_changed; k-- > 0;) below = push(w, below, w->path[k]->value);
    w->entry[block] = below;
    enqueue(w, block);
}

/* The handler finds the lowest values as they were, and on top of them what no instruction made. */
static void meet_handler(walker *w, const bf_flow_block *block, cell *top, int64_t depth) {
    int32_t level = bf_stack_level(w->stack, w->facts, block);
    if (level < 0 || depth < level) return;
    uint32_t handler = (uint32_t)block->handler;
    cell *base = drop(w, top, depth - level);
    if (is_over(w) || (w->is_seen[handler] && w->last_base[handler] == base)) return;
    w->last_base[handler] = base;
    meet(w, handler, push_unmade(w, base, w->stack->entry[handler] - level));
}

/* A finally body that is reached with fewer values: the topmost says how to go on after it. Of the others those count that its handler
 * finds as they were; where even some of these are gone, as after a POP_EXCEPT, none do. */
static void meet_finally(walker *w, uint32_t number, cell *top, int64_t depth) {
    int32_t level = w->stack->level[number], full = w->stack->entry[number];
    if (depth < 1) return;
    if (level < 0 || depth <= level) level = 0;
    cell *base = push_unmade(w, drop(w, top, depth - level), full - level - 1);
    meet(w, number, push(w, base, top->value));
}

static void meet_next(walker *w, int32_t number, cell *top, int64_t depth) {
    if (number == BF_NO_BLOCK || is_over(w)) return;
    if (depth == w->stack->entry[number])
        meet(w, (uint32_t)number, top);
    else
        meet_finally(w, (uint32_t)number, top, depth);
}

/* A break or continue takes off what came upon the stack in the loop. What a finally body finds on top of it no instruction made. */
static void leave_frames(walker *w, const bf_flow_block *block, cell *top, int64_t depth) {
    if (block->target != BF_NO_BLOCK && depth >= w->stack->entry[block->target])
        meet(w, (uint32_t)block->target, drop(w, top, depth - w->stack->entry[block->target]));
    if (block->on_the_way == BF_NO_BLOCK) return;
    int32_t level = w->stack->level[block->on_the_way], full = w->stack->entry[block->on_the_way];
    if (level >= 0 && depth >= level && !is_over(w))
        meet(w, (uint32_t)block->on_the_way, push_unmade(w, drop(w, top, depth - level), full - level));
}

/* ---- what a value can be in the end ---- */

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Follows phis to what was made, into `values`, whose room grows; n of them. */
static uint64_t *collect(walker *w, uint64_t first, uint32_t *n) {
    uint32_t n_ask = 0, capacity = 8;
    uint64_t *values = bf_arena_alloc(w->in->work, capacity * sizeof *values);
    if (!values) w->failed = true;
    *n = 0;
    w->question++;
    w->phis[first].seen = w->question;
    w->to_ask[n_ask++] = (uint32_t)first;
    while (n_ask && !is_over(w)) {
        for (const choice *c = w->phis[w->to_ask[--n_ask]].choices; c && !is_over(w); c = c->next) {
            w->steps--;
            if (c->value & PHI_BIT) {
                phi *p = &w->phis[c->value & ~PHI_BIT];
                if (p->seen == w->question) continue;
                p->seen = w->question;
                w->to_ask[n_ask++] = (uint32_t)(c->value & ~PHI_BIT);
                continue;
            }
            if (*n == capacity) {
                w->steps -= (int64_t)capacity * CELL_STEPS;
                uint64_t *more = bf_arena_alloc(w->in->work, 2 * (size_t)capacity * sizeof *more);
                if (!more) {
                    w->failed = true;
                    break;
                }
                memcpy(more, values, capacity * sizeof *more);
                values = more;
                capacity *= 2;
            }
            values[(*n)++] = c->value;
        }
    }
    return values;
}

/* One value a producer: the lowest of its results. */
static void resolve(walker *w, uint64_t number) {
    uint32_t n, kept = 0;
    uint64_t *values = collect(w, number, &n);
    phi *p = &w->phis[number];
    if (is_over(w)) return;
    qsort(values, n, sizeof *values, by_value);
    for (uint32_t k = 0; k < n; k++)
        if (k == 0 || PRODUCER(values[k]) != PRODUCER(values[k - 1])) values[kept++] = values[k];
    p->values = values;
    p->n_values = kept;
}

/* ---- edges ---- */

static void add_edge(walker *w, uint64_t value, uint32_t consumer, int64_t operand) {
    w->steps -= EDGE_STEPS;
    if (w->n_edges == w->in->max_dfg_edges) {
        w->is_full = true;
        return;
    }
    if (w->n_edges == w->edges_capacity) {
        uint32_t capacity = w->edges_capacity ? w->edges_capacity * 2 : w->facts->n_instrs + 16;
        bf_dfg_fact *edges = bf_arena_alloc(w->in->work, capacity * sizeof *edges);
        if (!edges) {
            w->failed = true;
            return;
        }
        if (w->n_edges) memcpy(edges, w->edges, w->n_edges * sizeof *edges);
        w->edges = edges;
        w->edges_capacity = capacity;
    }
    w->edges[w->n_edges++] = (bf_dfg_fact){PRODUCER(value), consumer, (int32_t)operand, (int32_t)(uint32_t)value};
}

static void add_uses(walker *w, const bf_op_info *op, uint32_t consumer, int64_t popped) {
    static const struct {
        int8_t deepest, topmost;
    } ends[] = {
        [BF_READS_ENDS_1_1] = {1, 1}, [BF_READS_ENDS_1_2] = {1, 2}, [BF_READS_ENDS_1_3] = {1, 3}, [BF_READS_ENDS_2_1] = {2, 1},
    };
    if (op->reads == BF_READS_NONE) return;
    for (int64_t k = 0; k < popped && !is_over(w); k++) {
        if (op->reads != BF_READS_ALL && k >= ends[op->reads].deepest && k < popped - ends[op->reads].topmost) continue;
        uint64_t value = w->operands[k];
        if (value == NO_VALUE) continue;
        if (!(value & PHI_BIT)) {
            add_edge(w, value, consumer, k);
            continue;
        }
        uint64_t number = value & ~PHI_BIT;
        if (!w->phis[number].values) resolve(w, number);
        for (uint32_t j = 0; j < w->phis[number].n_values && !is_over(w); j++) add_edge(w, w->phis[number].values[j], consumer, k);
    }
}

/* ---- running a block ---- */

static int64_t n_new(uint8_t gives, int64_t pushed) {
    int64_t most = gives == BF_GIVES_SAME ? 0 : gives == BF_GIVES_SAME_1 ? 1 : gives == BF_GIVES_SAME_2 ? 2 : pushed;
    return most < pushed ? most : pushed;
}

/* The stack after an instruction. `top` is the one before it, whose `popped` topmost values are in operands. */
static cell *give(walker *w, const bf_op_info *op, uint32_t instr, cell *top, int64_t popped, int64_t pushed) {
    cell *rest;
    int64_t made = n_new(op->gives, pushed);
    switch (op->gives) {
    case BF_GIVES_COPY: return popped ? push_operands(w, top, 0, 1) : push_unmade(w, top, pushed); /* no compiler writes COPY 0 */
    case BF_GIVES_DUP: return push_operands(w, top, 0, popped);
    case BF_GIVES_SWAP:
        if (popped < 2) return top;
        rest = push_operands(w, drop(w, top, popped), popped - 1, popped);
        rest = push_operands(w, rest, 1, popped - 1);
        return push_operands(w, rest, 0, 1);
    case BF_GIVES_ROT:
        rest = drop(w, top, popped);
        if (popped) rest = push_operands(w, rest, popped - 1, popped);
        return push_operands(w, rest, 0, popped - 1);
    case BF_GIVES_TOP:
        rest = push_results(w, drop(w, top, popped), instr, 0, pushed - 1);
        return pushed ? push_operands(w, rest, popped - 1, popped) : rest;
    case BF_GIVES_RESUMED: return push_unmade(w, drop(w, top, popped), pushed);
    default: return push_results(w, drop(w, top, popped - (pushed - made)), instr, pushed - made, pushed);
    }
}

static void run(walker *w, uint32_t number, bool is_last_run) {
    const bf_flow_block *block = &w->graph->blocks[number];
    cell *top = w->entry[number], *on_jump = NULL;
    int64_t depth = w->stack->entry[number], jump_depth = 0;
    bool is_protected = !is_last_run && block->handler != BF_NO_BLOCK;
    int32_t level = is_protected ? bf_stack_level(w->stack, w->facts, block) : 0;
    if (is_protected) meet_handler(w, block, top, depth);
    for (uint32_t k = block->first; k < block->end && !is_over(w); k++) {
        const bf_instr *i = &w->facts->instrs[k];
        const bf_op_info *op = &w->ops[i->baseopcode];
        if (i->stack_before < 0) return; /* behind an END_FINALLY that does not go on: see stack.c */
        int64_t popped = bf_op_count(op->popped, (uint32_t)i->arg), pushed = bf_op_count(op->pushed, (uint32_t)i->arg);
        int64_t jumped = bf_op_count(op->on_jump, (uint32_t)i->arg);
        cell *before = top;
        w->steps -= popped + 1;
        for (int64_t j = popped; j-- > 0; before = before->below) w->operands[j] = before->value;
        if (is_last_run) add_uses(w, op, k, popped);
        before = top;
        top = give(w, op, k, before, popped, pushed);
        if (op->flow == BF_FLOW_JUMP || op->flow == BF_FLOW_BRANCH) { /* it ends the block */
            on_jump = jumped == pushed ? top : give(w, op, k, before, popped, jumped);
            jump_depth = depth - popped + jumped;
        }
        depth += pushed - popped;
        if (i->stack_after >= 0 && i->stack_after < depth) { /* END_FINALLY after a POP_EXCEPT: see stack.c */
            top = drop(w, top, depth - i->stack_after);
            depth = i->stack_after;
        }
        /* values that the handler would find were replaced */
        if (is_protected && depth - n_new(op->gives, pushed) < level) meet_handler(w, block, top, depth);
    }
    if (is_last_run || is_over(w)) return;
    if (block->flow == BF_FLOW_JUMP || block->flow == BF_FLOW_BRANCH) meet_next(w, block->target, on_jump, jump_depth);
    if (block->flow >= BF_FLOW_BREAK) leave_frames(w, block, top, depth);
    meet_next(w, block->next, top, depth);
}

static bf_status finish(walker *w, bf_error *err) {
    bf_budget *budget = w->in->budget;
    int64_t offset = bf_flow_offset(w->in, &w->facts->instrs[0]), most = budget->most[BF_BUDGET_flow_steps];
    if (w->failed) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    if (w->is_full) return bf_fail(err, BF_LIMIT, offset, "data flow left out: more edges in one file than an Arrow column holds texts of");
    budget->used[BF_BUDGET_flow_steps] = w->steps < 0 ? most : most - w->steps;
    if (w->steps < 0) return bf_budget_exceeded(err, budget, BF_BUDGET_flow_steps, offset);
    bf_dfg_fact *edges = bf_arena_alloc(w->in->arena, (w->n_edges + 1) * sizeof *edges);
    if (!edges) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    if (w->n_edges) memcpy(edges, w->edges, w->n_edges * sizeof *edges);
    w->facts->dfg_edges = edges;
    w->facts->n_dfg_edges = w->n_edges;
    return BF_OK;
}

bf_status bf_dataflow_edges(const bf_stack *stack, const bf_flow_graph *graph, bf_code_facts *facts, const bf_flow_input *in, bf_error *err) {
    uint32_t n = graph->n_blocks;
    if (n == 0 || stack->has_errors) return BF_OK;
    walker w = {.in = in, .facts = facts, .graph = graph, .stack = stack, .ops = bf_opcodes(in->version),
                .steps = in->budget->most[BF_BUDGET_flow_steps] - in->budget->used[BF_BUDGET_flow_steps]};
    size_t depth = (size_t)stack->greatest + 1;
    w.steps -= (int64_t)depth * CELL_STEPS; /* for operands and path */
    if (is_over(&w)) return finish(&w, err);
    w.entry = bf_arena_zalloc(in->work, n, sizeof *w.entry);
    w.last_base = bf_arena_zalloc(in->work, n, sizeof *w.last_base);
    w.is_seen = bf_arena_zalloc(in->work, n, sizeof *w.is_seen);
    w.is_queued = bf_arena_zalloc(in->work, n, sizeof *w.is_queued);
    w.queue = bf_arena_alloc(in->work, n * sizeof *w.queue);
    w.operands = bf_arena_alloc(in->work, depth * sizeof *w.operands);
    w.path = bf_arena_alloc(in->work, depth * sizeof *w.path);
    if (!w.entry || !w.last_base || !w.is_seen || !w.is_queued || !w.queue || !w.operands || !w.path) w.failed = true;
    if (!w.failed) meet(&w, 0, push_unmade(&w, NULL, stack->entry[0]));
    while (w.n_queue && !is_over(&w)) run(&w, dequeue(&w), false);
    w.to_ask = w.failed ? NULL : bf_arena_alloc(in->work, ((size_t)w.n_phis + 1) * sizeof *w.to_ask);
    if (!w.to_ask) w.failed = true;
    for (uint32_t k = 0; k < n && !is_over(&w); k++)
        if (w.is_seen[k]) run(&w, k, true);
    return finish(&w, err);
}
