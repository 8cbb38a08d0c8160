#include "decode/flow.h"

/* Until 3.10 what catches an exception, and until 3.7 what a break leads to, is on a stack of its own while code runs. It is followed along
 * the paths through the code. A frame knows the uppermost one of each kind, of itself and those below it; NO_FRAME: none. */
typedef struct frame {
    int32_t parent;    /* the frame below */
    int32_t handler;   /* block */
    int32_t depth;     /* how many are below */
    int32_t catching;  /* that finds exceptions */
    int32_t finishing; /* whose handler is a finally body */
    int32_t looping;   /* of a loop */
} frame;

enum { NO_FRAME = -1 };

typedef struct builder {
    const bf_flow_input *in;
    bf_code_facts *facts;
    const bf_op_info *ops;
    uint32_t *starts;   /* by code unit: number of the instruction that begins there, from 1 */
    int32_t *block_at;  /* by instruction: number of the block that begins there, from 1 */
    bf_flow_graph *out;
    frame *frames;
    int32_t n_frames;
    int32_t *frame_of;  /* by block: the frame in force where it begins */
    uint32_t *pending;  /* blocks to be visited */
    uint32_t n_pending;
    bool failed; /* an allocation did */
} builder;

#define ANOMALY(b, instr, ...) (b)->in->on_anomaly((b)->in->context, bf_flow_offset((b)->in, instr), __VA_ARGS__)

static bf_status no_memory(bf_error *err) {
    return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

/* ---- where instructions begin ---- */

/* With its prefixes: nothing jumps between an EXTENDED_ARG and what it belongs to. */
static void find_starts(builder *b) {
    bool is_inside = false;
    for (uint32_t k = 0; k < b->facts->n_instrs; k++) {
        const bf_instr *i = &b->facts->instrs[k];
        if (!is_inside) b->starts[i->offset / b->in->version->code_unit] = k + 1;
        is_inside = b->ops[i->baseopcode].flow == BF_FLOW_PREFIX;
    }
}

/* Number of the instruction that begins at `offset`, from 1; 0: none does. */
static uint32_t start_at(const builder *b, int32_t offset) {
    uint32_t n = b->facts->n_instrs;
    int32_t unit = b->in->version->code_unit;
    if (n == 0 || offset < 0 || offset % unit || offset >= b->facts->instrs[n - 1].end_offset) return 0;
    return b->starts[offset / unit];
}

static bool ends_at(const builder *b, int32_t offset) {
    return start_at(b, offset) || offset == b->facts->instrs[b->facts->n_instrs - 1].end_offset;
}

static bool is_usable(const builder *b, const bf_exc_fact *e) {
    return start_at(b, e->start) && start_at(b, e->target) && e->start < e->end && ends_at(b, e->end);
}

/* ---- leaders ---- */

static bool has_target(uint8_t flow) {
    return flow == BF_FLOW_JUMP || flow == BF_FLOW_BRANCH || flow == BF_FLOW_SETUP || flow == BF_FLOW_FINALLY || flow == BF_FLOW_LOOP ||
           flow == BF_FLOW_CONTINUE;
}

static void mark_leaders(builder *b) {
    b->block_at[0] = 1;
    for (uint32_t k = 0; k < b->facts->n_instrs; k++) {
        const bf_instr *i = &b->facts->instrs[k];
        uint8_t flow = b->ops[i->baseopcode].flow;
        if (flow == BF_FLOW_NEXT || flow == BF_FLOW_PREFIX) continue;
        b->block_at[k + 1] = 1;
        if (!has_target(flow)) continue;
        uint32_t target = start_at(b, i->jump_target);
        if (target)
            b->block_at[target - 1] = 1;
        else
            ANOMALY(b, i, "%.*s to %d, where no instruction begins: no edge", (int)i->base->name.n, i->base->name.p, i->jump_target);
    }
    for (uint32_t k = 0; k < b->facts->n_excs; k++) {
        const bf_exc_fact *e = &b->facts->excs[k];
        if (!is_usable(b, e)) {
            ANOMALY(b, &b->facts->instrs[0], "entry %u of the exception table, %d to %d, handler %d: no instructions begin and end there", k, e->start,
                    e->end, e->target);
            continue;
        }
        b->block_at[start_at(b, e->start) - 1] = 1;
        b->block_at[start_at(b, e->target) - 1] = 1;
        if (start_at(b, e->end)) b->block_at[start_at(b, e->end) - 1] = 1;
    }
}

/* ---- blocks ---- */

/* Block that begins at `offset`; BF_NO_BLOCK: none does. */
static int32_t block_starting(const builder *b, int32_t offset) {
    uint32_t start = start_at(b, offset);
    return start ? b->block_at[start - 1] - 1 : BF_NO_BLOCK;
}

static bool falls_through(uint8_t flow) {
    return flow != BF_FLOW_JUMP && flow != BF_FLOW_RETURN && flow != BF_FLOW_RAISE && flow < BF_FLOW_BREAK;
}

static bf_status make_blocks(builder *b, bf_error *err) {
    uint32_t n_instrs = b->facts->n_instrs, n = 0;
    for (uint32_t k = 0; k < n_instrs; k++)
        if (b->block_at[k]) b->block_at[k] = (int32_t)++n;
    bf_flow_block *blocks = bf_arena_alloc(b->in->work, n * sizeof *blocks);
    if (!blocks) return no_memory(err);
    for (uint32_t k = n_instrs, end = n_instrs; k-- > 0;) {
        if (!b->block_at[k]) continue;
        const bf_instr *last = &b->facts->instrs[end - 1];
        uint32_t number = (uint32_t)b->block_at[k] - 1;
        uint8_t flow = b->ops[last->baseopcode].flow;
        blocks[number] = (bf_flow_block){
            .first = k,
            .end = end,
            .target = has_target(flow) ? block_starting(b, last->jump_target) : BF_NO_BLOCK,
            .next = falls_through(flow) && end < n_instrs ? (int32_t)number + 1 : BF_NO_BLOCK,
            .handler = BF_NO_BLOCK,
            .on_the_way = BF_NO_BLOCK,
            .exc = -1,
            .flow = flow,
            .kind = k == 0 ? BF_BLOCK_ENTRY : BF_BLOCK_NORMAL,
        };
        end = k;
    }
    *b->out = (bf_flow_graph){blocks, n};
    return BF_OK;
}

static void mark_handler(builder *b, int32_t number, bool is_finally) {
    if (number == BF_NO_BLOCK) return;
    bf_flow_block *block = &b->out->blocks[number];
    if (block->kind == BF_BLOCK_NORMAL) block->kind = BF_BLOCK_HANDLER;
    block->is_finally |= is_finally;
}

/* ---- handlers by the exception table: of the entries that cover a block the first counts, as in CPython ---- */

/* Blocks from `at` on that have no handler yet: `skip` leads over those that have one, and gets shorter by use. */
static uint32_t next_free(uint32_t *skip, uint32_t at) {
    uint32_t free = at;
    while (skip[free] != free) free = skip[free];
    while (skip[at] != free) {
        uint32_t after = skip[at];
        skip[at] = free;
        at = after;
    }
    return free;
}

static bf_status set_table_handlers(builder *b, bf_error *err) {
    uint32_t n = b->out->n_blocks;
    if (b->facts->n_excs == 0) return BF_OK;
    uint32_t *skip = bf_arena_alloc(b->in->work, (n + 1) * sizeof *skip);
    if (!skip) return no_memory(err);
    for (uint32_t k = 0; k <= n; k++) skip[k] = k;
    for (uint32_t k = 0; k < b->facts->n_excs; k++) {
        const bf_exc_fact *e = &b->facts->excs[k];
        if (!is_usable(b, e)) continue;
        int32_t handler = block_starting(b, e->target), end = block_starting(b, e->end);
        uint32_t stop = end == BF_NO_BLOCK ? n : (uint32_t)end;
        mark_handler(b, handler, false);
        for (uint32_t at = next_free(skip, (uint32_t)block_starting(b, e->start)); at < stop; at = next_free(skip, at)) {
            b->out->blocks[at].handler = handler;
            b->out->blocks[at].exc = (int32_t)k;
            skip[at] = at + 1;
        }
    }
    return BF_OK;
}

/* ---- what can be reached, and handlers by the stack of frames ---- */

static void reach(builder *b, int32_t number, int32_t frame_now) {
    if (number == BF_NO_BLOCK) return;
    bf_flow_block *block = &b->out->blocks[number];
    if (block->is_reachable) {
        if (b->frame_of[number] != frame_now)
            ANOMALY(b, &b->facts->instrs[block->first], "reached with different handlers in force, the first one counts");
        return;
    }
    block->is_reachable = true;
    b->frame_of[number] = frame_now;
    b->pending[b->n_pending++] = (uint32_t)number;
}

static bool is_setup(uint8_t flow) {
    return flow == BF_FLOW_SETUP || flow == BF_FLOW_FINALLY || flow == BF_FLOW_LOOP;
}

static int32_t push_frame(builder *b, const bf_flow_block *block, int32_t below) {
    static const frame bottom = {.depth = -1, .catching = NO_FRAME, .finishing = NO_FRAME, .looping = NO_FRAME};
    int32_t number = b->n_frames++;
    frame *f = &b->frames[number];
    *f = below == NO_FRAME ? bottom : b->frames[below];
    f->parent = below;
    f->handler = block->target;
    f->depth++;
    if (block->flow == BF_FLOW_LOOP) {
        f->looping = number;
    } else {
        f->catching = number;
        if (block->flow == BF_FLOW_FINALLY) f->finishing = number;
    }
    return number;
}

/* A break takes off the frames up to that of its loop, a continue those above it, a return all; the first finally body of these runs first.
 * That after it control goes on is told by an edge of where that began, as with CALL_FINALLY of 3.8. */
static void leave_frames(builder *b, bf_flow_block *block, const bf_instr *last, int32_t frame_now) {
    int32_t loop = frame_now == NO_FRAME ? NO_FRAME : b->frames[frame_now].looping;
    int32_t finally = frame_now == NO_FRAME ? NO_FRAME : b->frames[frame_now].finishing;
    if (block->flow != BF_FLOW_LEAVE) {
        if (loop == NO_FRAME) {
            ANOMALY(b, last, "%.*s outside of a loop", (int)last->base->name.n, last->base->name.p);
            block->target = BF_NO_BLOCK;
            return;
        }
        if (finally != NO_FRAME && b->frames[finally].depth < b->frames[loop].depth) finally = NO_FRAME;
        if (block->flow == BF_FLOW_BREAK) block->target = b->frames[loop].handler;
        reach(b, block->target, block->flow == BF_FLOW_BREAK ? b->frames[loop].parent : loop);
    }
    if (finally == NO_FRAME) return;
    block->on_the_way = b->frames[finally].handler;
    reach(b, block->on_the_way, b->frames[finally].parent);
}

static void visit(builder *b, uint32_t number) {
    bf_flow_block *block = &b->out->blocks[number];
    const bf_instr *last = &b->facts->instrs[block->end - 1];
    int32_t frame_now = b->frame_of[number], frame_next = frame_now;
    int32_t catching = frame_now == NO_FRAME ? NO_FRAME : b->frames[frame_now].catching;
    if (block->exc >= 0) {
        reach(b, block->handler, frame_now);
    } else if (catching != NO_FRAME) {
        block->handler = b->frames[catching].handler;
        reach(b, block->handler, b->frames[catching].parent);
    }
    if (is_setup(block->flow)) {
        frame_next = push_frame(b, block, frame_now);
    } else if (block->flow >= BF_FLOW_BREAK) {
        leave_frames(b, block, last, frame_now);
    } else if (block->flow == BF_FLOW_POP) {
        if (frame_now == NO_FRAME)
            ANOMALY(b, last, "%.*s with no handler in force", (int)last->base->name.n, last->base->name.p);
        else
            frame_next = b->frames[frame_now].parent;
    } else {
        reach(b, block->target, frame_next);
    }
    reach(b, block->next, frame_next);
    if (falls_through(block->flow) && block->next == BF_NO_BLOCK)
        ANOMALY(b, last, "the code ends after %.*s, without a return or raise", (int)last->base->name.n, last->base->name.p);
}

static bf_status find_reachable(builder *b, bf_error *err) {
    uint32_t n = b->out->n_blocks, n_setups = 0;
    for (uint32_t k = 0; k < n; k++) {
        const bf_flow_block *block = &b->out->blocks[k];
        if (!is_setup(block->flow)) continue;
        if (block->flow != BF_FLOW_LOOP) mark_handler(b, block->target, block->flow == BF_FLOW_FINALLY);
        n_setups++;
    }
    b->frames = bf_arena_alloc(b->in->work, (n_setups + 1) * sizeof *b->frames);
    b->frame_of = bf_arena_alloc(b->in->work, n * sizeof *b->frame_of);
    b->pending = bf_arena_alloc(b->in->work, n * sizeof *b->pending);
    if (!b->frames || !b->frame_of || !b->pending) return no_memory(err);
    reach(b, 0, NO_FRAME);
    while (b->n_pending) visit(b, b->pending[--b->n_pending]);
    return BF_OK;
}

/* ---- facts ---- */

static char *put_number(char *to, int32_t number) {
    char digits[12];
    int n = 0;
    do digits[n++] = (char)('0' + number % 10);
    while (number /= 10);
    while (n) *to++ = digits[--n];
    return to;
}

static bf_str label_text(builder *b, int32_t label) {
    char text[12];
    return bf_arena_str(b->in->arena, text, (size_t)(put_number(text, label) - text));
}

/* Kind and where both blocks begin: a block has one edge of a kind at most, so that this is unique. */
static bf_str edge_key(builder *b, uint8_t kind, int32_t src, int32_t dst) {
    static const char *const kinds[] = {[BF_EDGE_JUMP] = "jump:", [BF_EDGE_BRANCH] = "branch:", [BF_EDGE_NEXT] = "next:", [BF_EDGE_EXC] = "exc:"};
    char text[40], *to = text;
    for (const char *from = kinds[kind]; *from; from++) *to++ = *from;
    to = put_number(to, src);
    *to++ = ':';
    to = put_number(to, dst);
    return bf_arena_str(b->in->arena, text, (size_t)(to - text));
}

static void add_edge(builder *b, uint32_t src, int32_t dst, uint8_t kind) {
    if (dst == BF_NO_BLOCK) return;
    const bf_flow_block *block = &b->out->blocks[src];
    bool is_jump = kind == BF_EDGE_JUMP || kind == BF_EDGE_BRANCH;
    bool is_decided = kind == BF_EDGE_BRANCH || (block->flow == BF_FLOW_BRANCH && kind == BF_EDGE_NEXT);
    bf_cfg_fact *edge = &b->facts->cfg_edges[b->facts->n_cfg_edges++];
    *edge = (bf_cfg_fact){
        .src = src,
        .dst = (uint32_t)dst,
        .kind = kind,
        .cond_instr = is_decided ? (int32_t)block->end - 1 : BF_NONE_INT,
        .label = is_jump ? label_text(b, b->facts->instrs[b->out->blocks[dst].first].label) : (bf_str){NULL, 0},
        .exc_index = kind == BF_EDGE_EXC && block->exc >= 0 ? block->exc : BF_NONE_INT,
        .edge_key = edge_key(b, kind, b->facts->blocks[src].start, b->facts->blocks[dst].start),
    };
    b->failed |= !edge->edge_key.p || (is_jump && !edge->label.p);
}

static bf_status put_facts(builder *b, bf_error *err) {
    uint32_t n = b->out->n_blocks, n_edges = 0;
    const bf_flow_block *blocks = b->out->blocks;
    for (uint32_t k = 0; k < n; k++)
        n_edges += (blocks[k].target >= 0) + (blocks[k].next >= 0) + (blocks[k].handler >= 0) + (blocks[k].on_the_way >= 0);
    b->facts->blocks = bf_arena_alloc(b->in->arena, n * sizeof *b->facts->blocks);
    b->facts->cfg_edges = bf_arena_alloc(b->in->arena, (n_edges + 1) * sizeof *b->facts->cfg_edges);
    if (!b->facts->blocks || !b->facts->cfg_edges) return no_memory(err);
    for (uint32_t k = 0; k < n; k++)
        b->facts->blocks[b->facts->n_blocks++] = (bf_block_fact){
            b->facts->instrs[blocks[k].first].offset, b->facts->instrs[blocks[k].end - 1].end_offset, blocks[k].kind};
    for (uint32_t k = 0; k < n; k++) {
        uint8_t flow = blocks[k].flow;
        if (flow == BF_FLOW_JUMP || flow == BF_FLOW_BREAK || flow == BF_FLOW_CONTINUE) add_edge(b, k, blocks[k].target, BF_EDGE_JUMP);
        if (flow == BF_FLOW_BRANCH) add_edge(b, k, blocks[k].target, BF_EDGE_BRANCH);
        add_edge(b, k, blocks[k].on_the_way, flow == BF_FLOW_LEAVE ? BF_EDGE_JUMP : BF_EDGE_BRANCH);
        add_edge(b, k, blocks[k].next, BF_EDGE_NEXT);
        add_edge(b, k, blocks[k].handler, BF_EDGE_EXC);
    }
    return b->failed ? no_memory(err) : BF_OK;
}

bf_status bf_flow_build(bf_flow_graph *out, bf_code_facts *facts, const bf_flow_input *in, bf_error *err) {
    *out = (bf_flow_graph){0};
    if (facts->n_instrs == 0) return BF_OK;
    builder b = {.in = in, .facts = facts, .ops = bf_opcodes(in->version), .out = out};
    int32_t n_units = facts->instrs[facts->n_instrs - 1].end_offset / in->version->code_unit;
    b.starts = bf_arena_zalloc(in->work, (size_t)n_units + 1, sizeof *b.starts);
    b.block_at = bf_arena_zalloc(in->work, (size_t)facts->n_instrs + 1, sizeof *b.block_at);
    if (!b.starts || !b.block_at) return no_memory(err);
    find_starts(&b);
    mark_leaders(&b);
    BF_TRY(make_blocks(&b, err));
    BF_TRY(set_table_handlers(&b, err));
    BF_TRY(find_reachable(&b, err));
    return put_facts(&b, err);
}
