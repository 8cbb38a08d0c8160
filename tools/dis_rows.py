"""What CPython's own `dis` says of a .pyc file: the oracle of the decoder. Run it with the interpreter that wrote the file.

usage: pythonX.Y tools/dis_rows.py expect FILE                    the fixture text that tests/data/README.md describes
       pythonX.Y tools/dis_rows.py dis FILE [caches] [positions]  what dis.dis prints, without memory addresses
       pythonX.Y tools/dis_rows.py sums ROOT < PATHS              one line a file: counts and hashes of its rows (tools/conformance)
       pythonX.Y tools/dis_rows.py rows ROOT < PATHS              those rows themselves: TABLE, path, code object, columns

X.Y is 3.6 to 3.15; tools/dis_rows27.py does the same for 2.7. A field that a later dis introduced is computed for earlier versions the way the later one does.
Differs from dis where output would not be the same on every run: a code object has no address, a frozenset has marshal's order.
"""
import dis
import functools
import hashlib
import io
import marshal
import opcode
import re
import sys
import types

V = sys.version_info[:2]
HEADER = 16 if V >= (3, 7) else 12
EXTENDED_ARG = dis.EXTENDED_ARG
if hasattr(sys, "set_int_max_str_digits"):
    sys.set_int_max_str_digits(0)
sys.setrecursionlimit(20000)

# ---- reading ----


def u32(data, at):
    return int.from_bytes(data[at:at + 4], "little")


FIXED = {"N": 0, "F": 0, "T": 0, "S": 0, ".": 0, "0": 0, "i": 4, "I": 8, "g": 8, "y": 16, "r": 4}
CODE_FIELDS = "iiiii" + "o" * 8 + "ioo" if V >= (3, 11) else ("iiiiii" if V >= (3, 8) else "iiiii") + "o" * 8 + "io"


def skip(data, at):
    """The end of the object at `at`. On the way each frozenset becomes a list, which no compiler writes: loading keeps its order."""
    tag, flag = chr(data[at] & 0x7F), data[at] & 0x80
    start, at = at, at + 1
    if tag in FIXED:
        return at + FIXED[tag]
    if tag in "sutaA":
        return at + 4 + u32(data, at)
    if tag in "zZ":
        return at + 1 + data[at]
    if tag == "l":
        return at + 4 + 2 * min(u32(data, at), 2**32 - u32(data, at))
    if tag == "c":
        for field in CODE_FIELDS:
            at = at + 4 if field == "i" else skip(data, at)
        return at
    if tag in "{}":
        while chr(data[at]) != "0":
            at = skip(data, at)
        return at + 1
    if tag == ">":
        data[start] = ord("[") | flag
    n, at = (data[at], at + 1) if tag == ")" else (3, at) if tag == ":" else (u32(data, at), at + 4)
    assert tag in "()[<>:", "marshal type %r at byte %d" % (tag, start)
    for _ in range(n):
        at = skip(data, at)
    return at


def load(path):
    with open(path, "rb") as f:
        data = bytearray(f.read())
    end = skip(data, HEADER)
    assert end == len(data), "%s: object ends at byte %d of %d" % (path, end, len(data))
    return data, marshal.loads(bytes(data[HEADER:]))


def walk(code, qualname="<module>", parent=None, counter=None):
    """(code object, qualname, own index, parent's index) in pre-order."""
    counter = counter or iter(range(1 << 30))
    index = next(counter)
    yield code, qualname, index, parent
    for c in code.co_consts:
        if isinstance(c, types.CodeType):
            for row in walk(c, "%s.%s@%d" % (qualname, c.co_name, c.co_firstlineno), index, counter):
                yield row


# ---- texts ----


def plain(s):
    """Text as UTF-8 can hold it: a lone surrogate is written out."""
    return s.encode("utf-8", "backslashreplace").decode("utf-8")


def show(x):
    """repr, but for what differs between two runs."""
    if isinstance(x, types.CodeType):
        return '<code object %s, file "%s", line %d>' % (x.co_name, x.co_filename, x.co_firstlineno)
    if type(x) is list:     # see skip()
        return "frozenset({" + ", ".join(map(show, x)) + "})" if x else "frozenset()"
    if type(x) is tuple:
        return "(" + ", ".join(map(show, x)) + (",)" if len(x) == 1 else ")")
    return repr(x)


dis.repr = show     # dis then shows constants by it

# ---- instructions ----

KINDS = {}          # opcode -> kind of argval
for kind, names in (("local", dis.haslocal), ("free", dis.hasfree), ("name", dis.hasname), ("compare", dis.hascompare),
                    ("const", dis.hasconst), ("jump", dis.hasjrel), ("jump", dis.hasjabs)):
    KINDS.update(dict.fromkeys(names, kind))
for kind, name in (("free", "LOAD_DEREF"), ("const", "LOAD_SMALL_INT"), ("const", "LOAD_COMMON_CONSTANT")):
    KINDS[dis.opmap.get(name)] = kind
UNSHOWN = {dis.opmap["KW_NAMES"]} if V == (3, 11) else set()     # a constant that dis leaves as a number
LOAD_COMMON_CONSTANT = dis.opmap.get("LOAD_COMMON_CONSTANT")      # which 3.14 leaves as one too
COMMON = getattr(opcode, "_common_constants", ())


def cache_fields(x, code_bytes):
    """[(name, size in code units, bytes)] of the inline caches after an instruction."""
    if V < (3, 11):
        return ()
    if V >= (3, 13):
        return x.cache_info or ()
    fields, at = [], x.offset + 2
    for name, size in opcode._cache_format.get(x.opname, {}).items():
        fields.append((name, size, code_bytes[at:at + 2 * size]))
        at += 2 * size
    return fields


def argument(x, co):
    """(kind, int, str) of what the argument stands for."""
    if x.arg is None:
        return None, None, None
    kind = KINDS.get(x.opcode)
    if kind is None:
        return None, x.arg, None
    if kind == "jump":
        return kind, x.argval, None
    value = co.co_consts[x.arg] if x.opcode in UNSHOWN else COMMON[x.arg] if x.opcode == LOAD_COMMON_CONSTANT else x.argval
    if kind != "const":
        return kind, None, plain(", ".join(value) if isinstance(value, tuple) else value)
    number = int(value) if isinstance(value, int) and -2**63 <= value < 2**63 else None
    text = None if value is None else value if isinstance(value, str) else show(value)
    return kind, number, None if text is None else plain(text)


class Lines:
    """Lines by offset, as co_lines gives them."""

    def __init__(self, co):
        self.starts = list(dis.findlinestarts(co))
        self.at_start = dict(self.starts)
        self.last = None
        self.ranges = iter(co.co_lines()) if V == (3, 10) else iter(())
        self.end, self.in_range = 0, None

    def number(self, x):
        if V >= (3, 11):
            return x.positions.lineno
        if V < (3, 10):
            self.last = self.at_start.get(x.offset, self.last)
            return self.last
        while self.end <= x.offset:
            start, self.end, self.in_range = next(self.ranges, (0, 1 << 30, None))
        return self.in_range


def instructions(co):
    """One tuple an instruction: offset, start_offset, end_offset, opname, baseopname, opcode, baseopcode, arg, kind, argval_int,
    argval_str, argrepr, line_number, starts_line, label, is_jump_target, jump_target, caches, positions."""
    lines = Lines(co)
    code_bytes = co.co_code
    labels = {}
    if V < (3, 13):
        labels = {offset: k + 1 for k, offset in enumerate(sorted(dis.findlabels(code_bytes)))}
    prefix = None       # offset of the first EXTENDED_ARG
    for x in dis.get_instructions(co):
        kind, number, text = argument(x, co)
        caches = cache_fields(x, code_bytes)
        if V >= (3, 13):
            start, end, base, baseop, label, target = x.start_offset, x.end_offset, x.baseopname, x.baseopcode, x.label, x.jump_target
        else:
            if x.opcode == EXTENDED_ARG:
                start, prefix = x.offset, x.offset if prefix is None else prefix
            else:
                start, prefix = x.offset if prefix is None else prefix, None
            end = x.offset + 2 + 2 * sum(size for _, size, _ in caches)
            base, baseop, label, target = x.opname, x.opcode, labels.get(x.offset), x.argval if kind == "jump" else None
        yield (x.offset, start, end, x.opname, base, x.opcode, baseop, x.arg, kind, number, text, plain(x.argrepr), lines.number(x),
               lines.at_start.get(x.offset), label, x.is_jump_target, target, caches, tuple(x.positions) if V >= (3, 11) else (None,) * 4)


def exceptions(co):
    return dis._parse_exception_table(co) if V >= (3, 11) else ()


def unit_numbers(co):
    return (co.co_firstlineno, co.co_argcount, getattr(co, "co_posonlyargcount", 0), co.co_kwonlyargcount, co.co_nlocals, co.co_flags, co.co_stacksize,
            len(co.co_code))


# ---- fixtures ----

ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@functools.lru_cache(1 << 12)
def escape(text):
    return plain(text).translate(ESCAPES)


def cell(x):
    return "" if x is None else escape(x) if isinstance(x, str) else str(x)


def line(*cells):
    return "\t".join(map(cell, cells)).rstrip("\t") + "\n"


def caches_cell(caches, usual):
    if [c[:2] for c in caches] == usual and not any(map(any, (data for _, _, data in caches))):
        return None
    return ";".join("%s:%d:%s" % (name, size, data.hex()) for name, size, data in caches)


def position_cell(positions, number):
    first, last, col, end_col = ("?" if x is None else x for x in positions)
    if positions == (None,) * 4:
        return None
    return "%s-%s" % (col, end_col) if first == last == number else "%s:%s-%s:%s" % (first, col, last, end_col)


LETTERS = {"const": "k", "name": "n", "local": "l", "free": "f", "compare": "c", "jump": "j", None: None}


def expect(path):
    data, module = load(path)
    flags = u32(data, 4) if HEADER == 16 else None
    about = [data[8:16].hex()] if flags and flags & 1 else [u32(data, HEADER - 8), u32(data, HEADER - 4)]
    yield "# CPython %d.%d.%d\n" % sys.version_info[:3]
    yield line("H", int.from_bytes(data[:2], "little"), *([] if flags is None else [flags]), *about)
    usual = {}      # opcode -> its cache fields
    for co, qualname, _, parent in walk(module):
        reprs = [show(constant) for constant in co.co_consts]
        yield line("U", parent, qualname, co.co_name, getattr(co, "co_qualname", None), co.co_filename, *unit_numbers(co))
        for tag, names in (("V", co.co_varnames), ("F", co.co_freevars), ("C", co.co_cellvars), ("N", co.co_names)):
            if names:
                yield line(tag, *names)
        for text in reprs:
            yield line("K", text)
        yield line("L", *("%d:%s" % (offset, "" if number is None else number) for offset, number in dis.findlinestarts(co)))
        for e in exceptions(co):
            yield line("X", e.start, e.end, e.target, e.depth, int(e.lasti))
        before = before_position = None
        for (offset, start, end, opname, base, op, baseop, arg, kind, number, text, argrepr, at_line, starts, label, is_target, target,
             caches, positions) in instructions(co):
            if op not in usual:
                usual[op] = [c[:2] for c in caches]
                yield line("O", op, opname, baseop, base, *("%s:%d" % c for c in usual[op]))
            position = position_cell(positions, at_line)
            yield line(offset, op, arg, LETTERS[kind], "=" if kind is None and number == arg is not None else number,
                       None if text is None else "=" if text == argrepr else "'" + text,
                       "=" if kind == "const" and arg < len(reprs) and argrepr == reprs[arg] else argrepr,
                       "=" if position and position == before_position else position,
                       None if at_line == before else "-" if at_line is None else at_line,
                       "=" if starts is not None and starts == at_line else starts,
                       ("" if label is None else str(label)) + ">" * is_target, target,
                       None if (start, end) == (offset, offset + 2 + 2 * sum(size for _, size in usual[op])) else "%d-%d" % (start, end),
                       caches_cell(caches, usual[op]))
            before, before_position = at_line, position


def disassembly(path, options):
    out = io.StringIO()
    module = load(path)[1]
    dis.dis(module, file=out, **{"show_" + option: True for option in options})
    for co, *_ in list(walk(module))[1:] if V < (3, 7) else ():     # from 3.7 on it does this itself
        out.write("\nDisassembly of %s:\n" % show(co))
        dis.dis(co, file=out)
    yield plain(re.sub(r"(?m)^(Disassembly of <code object .*) at 0x[0-9a-fA-F]+(, file )", r"\1\2", out.getvalue()))


# ---- rows, as the views give them ----

TABLES = ("py_bc_code_units", "py_bc_instructions", "py_bc_consts", "py_bc_line_table", "bytecode_exception_table", "py_bc_cache_entries")


def row(cells):
    return "\t".join(map(cell, cells)).encode()


def cache_json(caches):
    return "[" + ",".join('{"name":"%s","size":%d,"data_hex":"%s"}' % (name, size, data.hex()) for name, size, data in caches) + "]"


def rows(co, qualname):
    """(table number, row) of one code object; the first is its own."""
    yield 0, row((qualname, getattr(co, "co_qualname", None), co.co_filename, co.co_name) + unit_numbers(co)
                 + tuple(",".join(map(plain, names)) for names in (co.co_varnames, co.co_freevars, co.co_cellvars, co.co_names)))
    for i, x in enumerate(instructions(co)):
        (offset, start, end, opname, base, op, baseop, arg, kind, number, text, argrepr, at_line, starts, label, is_target, target,
         caches, (first, last, col, end_col)) = x
        span = (first - 1, last - 1, col, end_col) if first and None not in (last, col, end_col) else (None,) * 4
        yield 1, row((i, offset, start, end, opname, base, op, baseop, arg, arg, kind, number, text, int(text is None), argrepr, at_line,
                      starts, label, int(is_target), target, cache_json(caches)) + span)
        for name, size, data in caches:
            yield 5, row((i, offset, name, size, data.hex()))
    for i, constant in enumerate(co.co_consts):
        yield 2, row((i, show(constant)))
    for offset, number in dis.findlinestarts(co):
        yield 3, row((offset, number, number - 1 if number else None))
    for i, e in enumerate(exceptions(co)):
        yield 4, row((i, e.start, e.end, e.target, e.depth, int(e.lasti)))


def hash64(data):
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


def file_line(counts, tables, units):
    """units: [own row's hash, parent's row's hash or 0, sums of the other tables]. The order of rows does not matter; which rows are
    one code object's does."""
    mask = 2**64 - 1
    whole = sum(hash64(b"".join((n & mask).to_bytes(8, "little") for n in unit)) for unit in units) & mask
    return " ".join(["%016x" % whole] + ["%d" % n for n in counts] + ["%016x" % (n & mask) for n in tables])


def sums(path):
    counts, tables, units = [0] * len(TABLES), [0] * len(TABLES), []
    for co, qualname, _, parent in walk(load(path)[1]):
        unit = [0] * len(TABLES)
        for table, text in rows(co, qualname):
            unit[table] += hash64(text)
            counts[table] += 1
        for table, n in enumerate(unit):
            tables[table] += n
        units.append([unit[0], units[parent][0] if parent is not None else 0] + unit[1:])
    return file_line(counts, tables, units)


def main(mode, target, *options):
    out = open(sys.stdout.fileno(), "w", encoding="utf-8", newline="\n", closefd=False)
    if mode in ("expect", "dis"):
        for text in expect(target) if mode == "expect" else disassembly(target, options):
            out.write(text)
        return
    for path in open(sys.stdin.fileno(), encoding="utf-8", closefd=False).read().splitlines():
        if mode == "sums":
            out.write("%s\t%s\n" % (path, sums(target + "/" + path)))
            out.flush()
        else:
            for co, qualname, index, _ in walk(load(target + "/" + path)[1]):
                for table, text in rows(co, qualname):
                    out.write("%s\t%s\t%d\t%s\n" % (TABLES[table], path, index, text.decode()))


if __name__ == "__main__":
    main(*sys.argv[1:])
