"""What CPython 2.7's own `dis` says of a .pyc file: tools/dis_rows.py, for the one version that cannot run it. The same rows come out.

usage: python2.7 tools/dis_rows27.py expect FILE       the fixture text that tests/data/README.md describes
       python2.7 tools/dis_rows27.py dis FILE          what dis.dis prints of each code object, without memory addresses
       python2.7 tools/dis_rows27.py sums ROOT < PATHS    one line a file: counts and hashes of its rows (tools/conformance)
       python2.7 tools/dis_rows27.py rows ROOT < PATHS    those rows themselves: TABLE, path, code object, columns

2.7 has no dis.get_instructions: what dis.disassemble prints is taken apart again. A field that a later dis introduced is computed as the
later one does. Names and texts that are bytes are decoded as UTF-8, with \\xNN for each byte that is none.
"""
import dis
import hashlib
import marshal
import re
import struct
import sys
import types
from StringIO import StringIO

HEADER = 8
sys.setrecursionlimit(20000)

# ---- reading ----


def load(path):
    with open(path, "rb") as f:
        data = f.read()
    code = marshal.loads(data[HEADER:])
    return data, code


def walk(code, qualname=u"<module>", parent=None, counter=None):
    """(code object, qualname, own index, parent's index) in pre-order."""
    counter = counter or iter(xrange(1 << 30))
    index = next(counter)
    yield code, qualname, index, parent
    for c in code.co_consts:
        if isinstance(c, types.CodeType):
            for row in walk(c, u"%s.%s@%d" % (qualname, text(c.co_name), c.co_firstlineno), index, counter):
                yield row


# ---- texts ----

UTF8 = re.compile(r"[\x00-\x7f]+|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|\xed[\x80-\x9f][\x80-\xbf]"
                  r"|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}"
                  r"|\xf4[\x80-\x8f][\x80-\xbf]{2}|(.)", re.S)


def text(s):
    """A str or unicode as UTF-8 can hold it."""
    if isinstance(s, str):
        s = UTF8.sub(lambda m: "\\x%02x" % ord(m.group(1)) if m.group(1) else m.group(), s).decode("utf-8")
    return re.sub(u"[\ud800-\udfff]", lambda m: u"\\u%04x" % ord(m.group()), s)


def show(x):
    """repr, but for what differs between two runs."""
    if isinstance(x, types.CodeType):
        return '<code object %s, file "%s", line %d>' % (x.co_name, x.co_filename, x.co_firstlineno)
    if type(x) is tuple:
        return "(" + ", ".join(map(show, x)) + (",)" if len(x) == 1 else ")")
    return repr(x)


dis.repr = show     # dis then shows constants by it

# ---- instructions ----

KINDS = {}          # opcode -> kind of argval
for kind, names in (("local", dis.haslocal), ("free", dis.hasfree), ("name", dis.hasname), ("compare", dis.hascompare),
                    ("const", dis.hasconst), ("jump", dis.hasjrel), ("jump", dis.hasjabs)):
    KINDS.update(dict.fromkeys(names, kind))

# line, >>, offset, opname, argument, text in parentheses
ROW = re.compile(r"^( *\d+|   )     (>>|  ) ( *\d+) (\S+) *(?: ( *\d+)L?(?: \((.*)\))?)?$", re.S)


def printed(run, co):
    out, before = StringIO(), sys.stdout
    sys.stdout = out
    try:
        run(co)
    finally:
        sys.stdout = before
    return out.getvalue()


def parsed(co):
    for row in printed(dis.disassemble, co).split("\n"):
        if row:
            at_line, mark, offset, opname, arg, argrepr = ROW.match(row).groups()
            at_line, arg = int(at_line) if at_line.strip() else None, None if arg is None else int(arg)
            yield at_line, mark == ">>", int(offset), opname, arg, argrepr or ""


def argument(op, arg, offset, co):
    """(kind, int, str, jump target) of what the argument stands for."""
    if arg is None:
        return None, None, None, None
    kind = KINDS.get(op)
    if kind == "jump":
        target = arg if op in dis.hasjabs else offset + 3 + arg
        return kind, target, None, target
    if kind == "const":
        value = co.co_consts[arg]
        number = int(value) if isinstance(value, (int, long)) and -2**63 <= value < 2**63 else None
        return kind, number, None if value is None else text(value if isinstance(value, basestring) else show(value)), None
    if kind is None:
        return None, arg, None, None
    table = {"name": co.co_names, "local": co.co_varnames, "free": co.co_cellvars + co.co_freevars, "compare": dis.cmp_op}[kind]
    return kind, None, text(table[arg]), None


def instructions(co):
    """One tuple an instruction: offset, start_offset, end_offset, opname, opcode, arg, kind, argval_int, argval_str, argrepr, line_number,
    starts_line, label, is_jump_target, jump_target."""
    rows = list(parsed(co))
    ops = [ord(co.co_code[row[2]]) for row in rows]
    arguments = [argument(op, row[4], row[2], co) for op, row in zip(ops, rows)]
    targets = sorted(set(target for _, _, _, target in arguments if target is not None))
    labels = dict((offset, k + 1) for k, offset in enumerate(targets))
    if dis.EXTENDED_ARG not in ops:     # which dis.findlabels does not look at
        assert sorted(dis.findlabels(co.co_code)) == targets
    prefix = last = None    # offset of the first EXTENDED_ARG; line
    for k, (starts, marked, offset, opname, arg, argrepr) in enumerate(rows):
        kind, number, value, target = arguments[k]
        assert opname == dis.opname[ops[k]]
        if dis.EXTENDED_ARG not in ops:
            assert marked == (offset in labels)
        start = offset if prefix is None else prefix
        if ops[k] == dis.EXTENDED_ARG:
            start, prefix = offset, start
        else:
            prefix = None
        last = starts if starts is not None else last
        end = rows[k + 1][2] if k + 1 < len(rows) else len(co.co_code)
        yield (offset, start, end, opname, ops[k], arg, kind, number, value, text(argrepr), last, starts, labels.get(offset),
               offset in labels, target)


def unit_numbers(co):
    return (co.co_firstlineno, co.co_argcount, 0, 0, co.co_nlocals, co.co_flags, co.co_stacksize, len(co.co_code))


# ---- fixtures ----

ESCAPES = {ord(u"\\"): u"\\\\", ord(u"\t"): u"\\t", ord(u"\n"): u"\\n", ord(u"\r"): u"\\r"}


def cell(x):
    return u"" if x is None else text(x).translate(ESCAPES) if isinstance(x, basestring) else unicode(x)


def line(*cells):
    return u"\t".join(map(cell, cells)).rstrip(u"\t") + u"\n"


LETTERS = {"const": "k", "name": "n", "local": "l", "free": "f", "compare": "c", "jump": "j", None: None}


def expect(path):
    data, module = load(path)
    yield u"# CPython %d.%d.%d\n" % sys.version_info[:3]
    yield line("H", *struct.unpack("<H2xI", data[:HEADER]))
    used = set()    # opcodes
    for co, qualname, _, parent in walk(module):
        reprs = [text(show(constant)) for constant in co.co_consts]
        yield line("U", parent, qualname, co.co_name, None, co.co_filename, *unit_numbers(co))
        for tag, names in (("V", co.co_varnames), ("F", co.co_freevars), ("C", co.co_cellvars), ("N", co.co_names)):
            if names:
                yield line(tag, *names)
        for constant in reprs:
            yield line("K", constant)
        yield line("L", *["%d:%d" % start for start in dis.findlinestarts(co)])
        before = None
        for x in instructions(co):
            offset, start, end, opname, op, arg, kind, number, value, argrepr, at_line, starts, label, is_target, target = x
            if op not in used:
                used.add(op)
                yield line("O", op, opname, op, opname)
            yield line(offset, op, arg, LETTERS[kind], "=" if kind is None and number == arg is not None else number,
                       None if value is None else "=" if value == argrepr else "'" + value,
                       "=" if kind == "const" and argrepr == reprs[arg] else argrepr, None,
                       None if at_line == before else at_line, "=" if starts is not None else None,
                       ("" if label is None else str(label)) + ">" * is_target, target,
                       None if (start, end) == (offset, offset + 2) else "%d-%d" % (start, end))
            before = at_line


def disassembly(path):
    for co, _, index, _ in walk(load(path)[1]):
        if index:   # as from 3.7 on; 2.7 stops after the module
            yield text("\nDisassembly of %s:\n" % show(co))
        yield text(printed(dis.dis, co))


# ---- rows, as the views give them ----

TABLES = ("py_bc_code_units", "py_bc_instructions", "py_bc_consts", "py_bc_line_table", "bytecode_exception_table", "py_bc_cache_entries")


def row(cells):
    return u"\t".join(map(cell, cells)).encode("utf-8")


def rows(co, qualname):
    """(table number, row) of one code object; the first is its own."""
    yield 0, row((qualname, None, co.co_filename, co.co_name) + unit_numbers(co)
                 + tuple(u",".join(map(text, names)) for names in (co.co_varnames, co.co_freevars, co.co_cellvars, co.co_names)))
    for i, x in enumerate(instructions(co)):
        offset, start, end, opname, op, arg, kind, number, value, argrepr, at_line, starts, label, is_target, target = x
        yield 1, row((i, offset, start, end, opname, opname, op, op, arg, arg, kind, number, value, int(value is None), argrepr, at_line,
                      starts, label, int(is_target), target, "[]", None, None, None, None))
    for i, constant in enumerate(co.co_consts):
        yield 2, row((i, show(constant)))
    for offset, number in dis.findlinestarts(co):
        yield 3, row((offset, number, number - 1 if number else None))


def hash64(data):
    """MD5, for 2.7 has no BLAKE2."""
    return struct.unpack("<Q", hashlib.md5(data).digest()[:8])[0]


def sums(path):
    """As dis_rows.sums, with another hash."""
    mask = 2**64 - 1
    counts, tables, units = [0] * len(TABLES), [0] * len(TABLES), []
    for co, qualname, _, parent in walk(load(path)[1]):
        unit = [0] * len(TABLES)
        for table, cells in rows(co, qualname):
            unit[table] += hash64(cells)
            counts[table] += 1
        tables = [a + b for a, b in zip(tables, unit)]
        units.append([unit[0], units[parent][0] if parent is not None else 0] + unit[1:])
    whole = sum(hash64("".join(struct.pack("<Q", n & mask) for n in unit)) for unit in units) & mask
    return " ".join(["%016x" % whole] + ["%d" % n for n in counts] + ["%016x" % (n & mask) for n in tables])


def main(mode, target):
    if mode in ("expect", "dis"):
        for part in expect(target) if mode == "expect" else disassembly(target):
            sys.stdout.write(part.encode("utf-8"))
        return
    for path in sys.stdin.read().splitlines():
        if mode == "sums":
            sys.stdout.write("%s\t%s\n" % (path, sums(target + "/" + path)))
            sys.stdout.flush()
            continue
        for co, qualname, index, _ in walk(load(target + "/" + path)[1]):
            for table, cells in rows(co, qualname):
                sys.stdout.write("%s\t%s\t%d\t%s\n" % (TABLES[table], path, index, cells))


if __name__ == "__main__":
    main(*sys.argv[1:])
