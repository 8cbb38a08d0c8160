#!/usr/bin/env python3
"""Blocks, control flow, stack depths and data flow of compiled files, made by the CPython that wrote them: what tools/check_flow compares
with. Nothing here is shared with the program: flow and depths come from the definition in the simplest form that works, an instruction at
a time, from dis.get_instructions and dis.stack_effect alone. Only data flow needs to know which values are popped, kept and moved: that
comes from the columns of src/opcodes/*.def, which tools/check_stack_effects holds against CPython.

usage: pythonX.Y tools/flow_rows.py sums ROOT          paths below ROOT on standard input; a line of sums for each code object
       pythonX.Y tools/flow_rows.py rows ROOT          the rows themselves
       pythonX.Y tools/flow_rows.py bytecode ROOT      jumps and fall-throughs against PyPI's bytecode package, which must be importable

Rows: B start end kind   E kind src_start dst_start cond_instr_offset exc_index   D offset before after   F src dst operand result
"""
import collections
import dis
import hashlib
import marshal
import opcode
import os
import sys
import types

V = sys.version_info[:2]
TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MASK = 2**64 - 1
SECTIONS = "BEDF"

JUMPS = {"JUMP_FORWARD", "JUMP_ABSOLUTE", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT"}
ENDS = {"RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE"}
SETUPS = {"SETUP_FINALLY", "SETUP_WITH", "SETUP_ASYNC_WITH"}
HAS_TARGET = set(opcode.hasjrel) | set(opcode.hasjabs) | set(getattr(opcode, "hasjump", ()))

Instr = collections.namedtuple("Instr", "index start offset end name opcode arg target")    # start: of the first EXTENDED_ARG


def instructions(code):
    found, start = [], None
    listed = list(dis.get_instructions(code))
    ends = [i.offset for i in listed[1:]] + [len(code.co_code)]
    for index, (i, end) in enumerate(zip(listed, ends)):
        if start is None:
            start = i.offset
        if i.opname == "EXTENDED_ARG":
            continue
        target = i.argval if i.opcode in HAS_TARGET and i.opname != "END_ASYNC_FOR" else None
        found.append(Instr(index, start, i.offset, end, i.opname, i.opcode, i.arg, target))
        start = None
    return found


def exception_table(code):
    if V < (3, 11):
        return []
    return [(e.start, e.end, e.target, e.depth, int(e.lasti)) for e in dis._parse_exception_table(code)]


# ---- control flow: successors of instructions, and what is reached with which handlers in force ----


class Flow:
    def __init__(self, code):
        self.code = code
        self.ins = instructions(code)
        self.at = {i.start: n for n, i in enumerate(self.ins)}      # start offset -> place in ins
        self.table = exception_table(code)
        self.handler_of = self.handlers_by_table() if V >= (3, 11) else self.handlers_by_frames()
        self.leaders = self.find_leaders()

    def target(self, i):
        return self.at[i.target]

    def jumps_to(self, n):
        """Places that a jump at n leads to."""
        i = self.ins[n]
        return [self.target(i)] if i.target is not None and i.name not in SETUPS else []

    def falls_to(self, n):
        return [] if self.ins[n].name in JUMPS | ENDS or n + 1 == len(self.ins) else [n + 1]    # the last may be unreachable

    def handlers_by_table(self):
        """place -> (place of the handler, entry); the first entry that covers it counts."""
        found = {}
        for number, (start, end, target, _, _) in enumerate(self.table):
            for n, i in enumerate(self.ins):
                if start <= i.offset < end and n not in found:
                    found[n] = (self.at[target], number)
        return found

    def handlers_by_frames(self):
        """The same until 3.10, by the stack of handlers in force: a tuple of places, the innermost last."""
        found, todo, frames = {}, [(0, ())], {}
        while todo:
            n, stack = todo.pop()
            if n in frames:
                assert frames[n] == stack, "different handlers in force"
                continue
            frames[n] = stack
            i = self.ins[n]
            if stack:
                found[n] = (stack[-1], None)
                todo.append((stack[-1], stack[:-1]))
            todo += [(m, stack) for m in self.jumps_to(n)]
            after = stack + (self.target(i),) if i.name in SETUPS else stack[:-1] if i.name == "POP_BLOCK" else stack
            todo += [(m, after) for m in self.falls_to(n)]
        return found

    def find_leaders(self):
        leaders = {0}
        for n, i in enumerate(self.ins):
            if i.target is not None:
                leaders |= {self.target(i), n + 1}
            if i.name in ENDS or i.name == "POP_BLOCK":
                leaders.add(n + 1)
        for start, end, target, _, _ in self.table:
            leaders |= {self.at[start], self.at[target], self.at.get(end, len(self.ins))}
        return sorted(n for n in leaders if n < len(self.ins))

    def blocks(self):
        """(first place, place after the last)"""
        return list(zip(self.leaders, self.leaders[1:] + [len(self.ins)]))

    def handlers(self):
        return {self.at[e[2]] for e in self.table} | {self.target(i) for i in self.ins if i.name in SETUPS}

    def edges(self):
        """(kind, first place of both blocks, place of the instruction that decides, entry of the exception table)"""
        for first, end in self.blocks():
            last = end - 1
            decides = last if self.jumps_to(last) and self.falls_to(last) else None
            for m in self.jumps_to(last):
                yield "jump" if decides is None else "branch", first, m, decides, None
            for m in self.falls_to(last):
                yield "next", first, m, decides, None
            if first in self.handler_of:
                yield "exc", first, self.handler_of[first][0], None, self.handler_of[first][1]


# ---- stack depths ----


def depths(flow):
    """place -> depth before it. Joins that disagree are an error. 3.8 calls a finally body with fewer values than its handler finds."""
    generators = 0x2a0      # CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR
    start = 1 if (3, 10) <= V <= (3, 12) and flow.code.co_flags & generators else 0
    before, todo, calls = {}, [(0, start)], []
    while todo:
        n, depth = todo.pop()
        known = before.get(n)
        if known is not None:
            assert known == depth, "paths disagree"
            continue
        before[n] = depth
        i = flow.ins[n]
        effect = lambda jump: dis.stack_effect(i.opcode, i.arg if i.opcode >= opcode.HAVE_ARGUMENT else None, jump=jump)
        if n in flow.handler_of and flow.table:
            handler, entry = flow.handler_of[n]
            todo.append((handler, flow.table[entry][3] + flow.table[entry][4] + 1))
        if i.name in SETUPS:
            todo.append((flow.target(i), depth + effect(True)))
        (calls if i.name == "CALL_FINALLY" else todo).extend((m, depth + effect(True)) for m in flow.jumps_to(n))
        todo += [(m, depth + effect(False)) for m in flow.falls_to(n)]
        assert depth + effect(False) >= 0, "underflow"
    assert all(depth <= before[m] for m, depth in calls), "a finally body is called with more values than its handler finds"
    return before


def depth_after(i, depth):
    return depth + dis.stack_effect(i.opcode, i.arg if i.opcode >= opcode.HAVE_ARGUMENT else None, jump=i.name in JUMPS)


# ---- data flow: a set of (producer, result) for each place on the stack, before each instruction, until nothing changes ----

ADDED = {"FIXED": lambda a: 0, "ARG": lambda a: a, "TWICE": lambda a: 2 * a, "BIT0": lambda a: a & 1, "BIT2": lambda a: a >> 2 & 1,
         "BITS": lambda a: bin(a & 15).count("1"), "IS3": lambda a: int(a == 3), "SPLIT": lambda a: (a & 255) + (a >> 8)}


def read_table():
    table = {}
    with open("%s/src/opcodes/py%d%d.def" % ((TOP,) + V)) as f:
        for line in f:
            if line.startswith("BF_OP("):
                columns = line.strip()[len("BF_OP("):-1].split(", ")
                table[int(columns[0])] = columns[7:12]
    return table


def count(text, arg):
    added, _, fixed = text.partition("+")
    return int(fixed) + ADDED[added](arg or 0)


NOTHING = frozenset()


def pushed_values(gives, popped, n, producer):
    new = [frozenset([(producer, r)]) for r in range(n)]
    if gives.startswith("SAME"):
        made = min(n, int(gives[5:] or 0))
        return popped[:n - made] + new[n - made:]
    return {"NEW": lambda: new, "TOP": lambda: new[:n - 1] + popped[-1:] if n else [], "COPY": lambda: popped + popped[:1],
            "SWAP": lambda: popped[-1:] + popped[1:-1] + popped[:1] if len(popped) > 1 else popped, "DUP": lambda: popped + popped,
            "ROT": lambda: popped[-1:] + popped[:-1], "RESUMED": lambda: [NOTHING] * n}[gives]()


def is_read(reads, k, n):
    if reads in ("ALL", "NONE"):
        return reads == "ALL"
    deepest, topmost = map(int, reads[len("ENDS_"):].split("_"))
    return k < deepest or k >= n - topmost


def data_flow(flow, before, table):
    states, todo, queued = {0: [NOTHING] * before[0]}, [0], {0}
    levels = {n: before[n] - 6 for n in flow.handlers() if n in before}     # until 3.10 a handler finds six values more than were there

    def meet(n, values):
        depth = before[n]
        if len(values) < depth:     # only in 3.8: what lies on top says how a finally body is to go on
            below = values[:levels[n]] if len(values) > levels[n] else []   # fewer: what the handler has there was left before
            values = below + [NOTHING] * (depth - len(below) - 1) + values[-1:]
        old = states.get(n)
        new = values if old is None else [a | b for a, b in zip(old, values)]
        if new != old:
            states[n] = new
            if n not in queued:
                queued.add(n)
                todo.append(n)

    uses = set()
    for last in (False, True):
        if last:
            todo = list(states)
        while todo:
            n = todo.pop()
            queued.discard(n)
            i, stack = flow.ins[n], states[n]
            popped, pushed, on_jump, reads, gives = table[i.opcode]
            n_popped = count(popped, i.arg)
            taken, rest = stack[len(stack) - n_popped:], stack[:len(stack) - n_popped]
            if last:
                for k, values in enumerate(taken):
                    if is_read(reads, k, n_popped):
                        uses |= {(producer, n, k, result) for producer, result in values}
                continue
            after = rest + pushed_values(gives, taken, count(pushed, i.arg), n)
            if n in flow.handler_of:
                handler, entry = flow.handler_of[n]
                level = flow.table[entry][3] if entry is not None else levels[handler]
                for state in (stack, after):
                    if len(state) >= level:
                        meet(handler, state[:level] + [NOTHING] * (before[handler] - level))
            for m in flow.jumps_to(n):
                meet(m, rest + pushed_values(gives, taken, count(on_jump, i.arg), n))
            for m in flow.falls_to(n):
                meet(m, after)
    least = {}
    for producer, consumer, operand, result in uses:    # an edge for each producer, consumer and operand
        key = producer, consumer, operand
        least[key] = min(result, least.get(key, result))
    return [key + (result,) for key, result in least.items()]


# ---- rows ----


def text(*cells):
    return " ".join("" if c is None else str(c) for c in cells)


def rows_of(code, table):
    """Rows, each with its section first."""
    flow = Flow(code)
    ins, handlers = flow.ins, flow.handlers()
    for first, end in flow.blocks():
        kind = "entry" if first == 0 else "handler" if first in handlers else "normal"
        yield text("B", ins[first].start, ins[end - 1].end, kind)
    for kind, src, dst, decides, entry in flow.edges():
        yield text("E", kind, ins[src].start, ins[dst].start, None if decides is None else ins[decides].offset, entry)
    before = depths(flow)
    for n, depth in before.items():
        for offset in range(ins[n].start, ins[n].offset, 2):
            yield text("D", offset, depth, depth)
        yield text("D", ins[n].offset, depth, depth_after(ins[n], depth))
    for producer, consumer, operand, result in data_flow(flow, before, table):
        yield text("F", ins[producer].index, ins[consumer].index, operand, result)


def code_objects(code, qualname="<module>"):
    yield qualname, code
    for c in code.co_consts:
        if isinstance(c, types.CodeType):
            yield from code_objects(c, "%s.%s@%d" % (qualname, c.co_name, c.co_firstlineno))


def load(path):
    with open(path, "rb") as f:
        return marshal.loads(f.read()[16:])


def hash64(row):
    return int.from_bytes(hashlib.blake2b(row.encode(), digest_size=8).digest(), "little")


def print_sums(path, code, table):
    for qualname, c in code_objects(code):
        sums = {s: [0, 0] for s in SECTIONS}
        for row in rows_of(c, table):
            sums[row[0]][0] += 1
            sums[row[0]][1] += hash64(row)
        cells = ["%d:%016x" % (sums[s][0], sums[s][1] & MASK) for s in SECTIONS]
        print("\t".join([path, qualname.encode("unicode_escape").decode()] + cells))


def print_rows(path, code, table):
    for qualname, c in code_objects(code):
        for row in rows_of(c, table):
            print("\t".join([path, qualname.encode("unicode_escape").decode(), row]))


# ---- the bytecode package ----

# What it takes for a jump because dis gives it a target: it only raises, or ends the loop that it stands in.
EXPLAINED = {"they have an edge from END_ASYNC_FOR", "they end a block after END_ASYNC_FOR"}


def their_edges(code):
    """Leaders, and (place of the last instruction, place that it leads to), of bytecode's ControlFlowGraph."""
    import bytecode
    graph = bytecode.ControlFlowGraph.from_bytecode(bytecode.Bytecode.from_code(code))
    starts, blocks, n = {}, [], 0
    for block in graph:
        real = [i for i in block if isinstance(i, bytecode.Instr)]
        starts[id(block)] = n
        blocks.append((block, real, n))
        n += len(real)
    edges = set()
    for block, real, first in blocks:
        if not real:
            continue
        last = first + len(real) - 1
        if block.next_block is not None:
            edges.add((last, starts[id(block.next_block)]))
        if real[-1].has_jump() and real[-1].name not in SETUPS:
            edges.add((last, starts[id(real[-1].arg)]))
    return {first for _, real, first in blocks if real}, edges


def explain(flow, leaders, edges):
    """What of theirs differs from ours, in words; empty when nothing does."""
    extra = set(flow.leaders) - leaders
    ranges = {flow.at.get(o, len(flow.ins)) for e in flow.table for o in e[:2]} | {n + 1 for n, i in enumerate(flow.ins) if i.name == "POP_BLOCK"}
    ours = set()
    for first, end in flow.blocks():
        ours |= {(end - 1, m) for m in flow.jumps_to(end - 1)}
        ours |= {(end - 1, m) for m in flow.falls_to(end - 1) if m not in extra}
    differences = set()
    if extra - ranges:
        differences.add("a leader of ours that they lack")
    for n in leaders - set(flow.leaders):
        before = flow.ins[n - 1].name
        differences.add("they end a block after %s" % before)
    for last, m in edges - ours:
        differences.add("they have an edge from %s" % flow.ins[last].name)
    for last, m in ours - edges:
        differences.add("they lack an edge from %s" % flow.ins[last].name)
    return differences


def compare_bytecode(path, code, totals, reasons):
    for qualname, c in code_objects(code):
        flow = Flow(c)
        try:
            leaders, edges = their_edges(c)
        except Exception as e:      # what it does not read is its own affair
            reasons["bytecode raises %s" % type(e).__name__] += 1
            totals[1] += 1
            continue
        totals[0] += 1
        differences = explain(flow, leaders, edges)
        if differences:
            totals[2 if differences <= EXPLAINED else 3] += 1
        for d in differences:
            reasons[d] += 1
            if reasons[d] == 1 and d not in EXPLAINED:
                print("first: %s: %s, %s" % (d, path, qualname), file=sys.stderr)


def main(what, root):
    totals, reasons = [0, 0, 0, 0], collections.Counter()
    table = read_table() if what != "bytecode" else None
    for line in sys.stdin:
        path = line.rstrip("\n")
        code = load(os.path.join(root, path))
        if what == "sums":
            print_sums(path, code, table)
        elif what == "rows":
            print_rows(path, code, table)
        else:
            compare_bytecode(path, code, totals, reasons)
    if what == "bytecode":
        print("%d\t%d\t%d\t%d" % tuple(totals))
        for reason, n in reasons.most_common():
            print("%s\t%d" % (reason, n))


if __name__ == "__main__":
    sys.setrecursionlimit(10000)
    main(*sys.argv[1:])
