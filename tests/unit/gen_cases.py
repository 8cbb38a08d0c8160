#!/usr/bin/env python3
"""What CPython itself says of the inputs of the unit tests: tests/unit/<folder>/<name>_cases.inc, one row a case.

usage: tests/unit/gen_cases.py [DIR ...]     DIR holds pythonX.Y programs; ~/.pyenv/versions and PATH are looked at too

It runs itself with each interpreter (--emit) and merges what they say: the first field of a row is the set of versions
that gave it, bit 0 for 3.8, bit 1 for 3.9, and so on.
"""
import dis
import functools
import glob
import hashlib
import importlib.util
import json
import marshal
import opcode
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import types
import unicodedata

VERSIONS = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15"]
HERE = os.path.dirname(os.path.abspath(__file__))
V = sys.version_info[:2]


def u32(n):
    return struct.pack("<I", n & 0xFFFFFFFF)


def sha256(text):
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# ---- pyc/marshal: what marshal.loads makes of bytes -------------------------------------------------------------------

def tree(o):
    """The same text as `describe` in pyc/tree.h."""
    kinds = {type(None): "N", type(Ellipsis): "E"}
    if o is StopIteration:
        return "S"
    if type(o) in kinds:
        return kinds[type(o)]
    if isinstance(o, bool):
        return "T" if o else "F"
    if isinstance(o, int):
        return "i%d" % o if -(2**63) <= o < 2**63 else "L%s%x" % ("-" if o < 0 else "", abs(o))
    number = lambda x: "nan" if x != x else struct.pack(">d", x).hex()
    if isinstance(o, float):
        return "f" + number(o)
    if isinstance(o, complex):
        return "c" + number(o.real) + "," + number(o.imag)
    if isinstance(o, bytes):
        return "b" + o.hex()
    if isinstance(o, str):
        return "s" + o.encode("utf-8", "surrogatepass").hex()
    for kind, ends in ((tuple, "()"), (list, "[]"), (set, "<>"), (frozenset, "<>")):
        if isinstance(o, kind):
            return ("#" if kind is frozenset else "") + ends[0] + " ".join(map(tree, o)) + ends[1]
    if isinstance(o, slice):
        return ":" + tree((o.start, o.stop, o.step))
    if isinstance(o, types.CodeType):
        return "C" + tree(o.co_name) + tree(o.co_consts)
    return ("" if isinstance(o, dict) else "#") + "{" + " ".join(tree(x) for pair in o.items() for x in pair) + "}"


def dumped():
    """Objects of every type, in every format that this version's marshal writes."""
    shared = ("shared", 1.5)
    name = "interned_name"
    objects = {
        "none": None, "true": True, "false": False, "ellipsis": Ellipsis, "stop": StopIteration,
        "float": 1.5, "float_tenth": 0.1, "float_negative_zero": -0.0, "float_inf": float("-inf"), "float_nan": float("nan"),
        "float_tiny": 5e-324, "float_huge": 1.7976931348623157e308, "complex": complex(1.5, -2.5), "complex_zeros": complex(-0.0, -0.0),
        "bytes_empty": b"", "bytes": b"\x00\xff'\"", "bytes_256": bytes(range(256)),
        "str_empty": "", "str_name": name, "str_text": "not a name", "str_255": "x" * 255, "str_256": "x y" * 85 + "z",
        "str_latin": "caf\xe9", "str_bmp": "\u20ac", "str_astral": "\U0001f40d", "str_surrogates": "a\ud800b\udfffc", "str_nul": "a\0b",
        "tuple_empty": (), "tuple": (1, None, "a"), "tuple_255": (None,) * 255, "tuple_256": (True,) * 256,
        "list_empty": [], "list": [1, [2, [3]]], "set_empty": set(), "set": {7}, "frozenset_empty": frozenset(),
        "frozenset": frozenset([(1, 2)]),
        "dict_empty": {}, "dict": {"a": 1, 2: None, (3,): [4]}, "shared": (shared, shared, [shared]), "names": (name, name, (name,)),
        "code": compile("x = 1\ndef f(a): return a", "m.py", "exec"),
    }
    for bit in (8, 15, 16, 30, 31, 32, 45, 60, 62, 63, 64, 75, 200):
        for delta in (-1, 0, 1):
            objects["int_2_%d_%+d" % (bit, delta)] = 2**bit + delta
            objects["int_minus_2_%d_%+d" % (bit, delta)] = -(2**bit) + delta
    objects.update({"int_zero": 0, "int_one": 1, "int_minus_one": -1, "int_googol": 10**100})
    if V >= (3, 14):
        objects.update({"slice": slice(1, None, "x"), "slice_nested": (slice(None), slice(slice(1), (2,), 3.5))})
    if V >= (3, 15):
        objects.update({"frozendict": frozendict({"k": (1,)}), "frozendict_empty": frozendict()})
    for name, o in objects.items():
        for version in range(marshal.version + 1):
            try:
                yield name, marshal.dumps(o, version)
            except ValueError:
                pass  # this version of the format has no such type


def by_hand():
    """Name, bytes, and the status of ours where CPython refuses: T truncated, C corrupt, U unsupported."""
    n = b"N"
    yield "int_64", b"I" + struct.pack("<q", -5), "U"
    yield "int_64_min", b"I" + struct.pack("<q", -(2**63)), "U"
    for text in ("1.5", "inf", "-Infinity", "nan", "-nan", "1e999", "-1e-999", ".5", "5.", "+5.", "1E5", "00012", "4.9e-324",
                 "1.7976931348623157e308",
                 "1.5e", "0x1p3", " 1.5", "1.5 ", "1_0", "", "nan(1)", "1,5", "e5", ".", "-", "infinit", "1d5", "1.5f", "\n1"):
        yield "text_float", b"f" + bytes([len(text)]) + text.encode(), "C"
    yield "text_complex", b"x\x031.5\x04-2.5", "C"
    yield "text_complex_second", b"x\x031.5\x01x", "C"
    yield "long_zero", b"l" + u32(0), "C"
    yield "long_small", b"l" + u32(1) + b"\x05\0", "C"
    yield "long_small_negative", b"l" + u32(-1) + b"\x05\0", "C"
    yield "long_leading_zero", b"l" + u32(-1) + b"\0\0", "C"
    yield "long_leading_zero_2", b"l" + u32(2) + b"\1\0\0\0", "C"
    yield "long_digit_of_16_bits", b"l" + u32(1) + b"\0\x80", "C"
    yield "long_count_min", b"l" + u32(-(2**31)), "C"
    yield "long_count_past_end", b"l" + u32(2) + b"\1\0", "T"
    yield "ref", b"(" + u32(2) + b"\xe9" + u32(7) + b"r" + u32(0), "C"
    yield "ref_flag_on_ref", b"(" + u32(2) + b"\xe9" + u32(7) + b"\xf2" + u32(0), "C"
    yield "ref_counts_containers_first", b"\xa9\x02\xa9\x01\xda\x01ar" + u32(1), "C"
    yield "ref_to_text_inside", b"\xa9\x02\xa9\x01\xda\x01ar" + u32(2), "C"
    yield "ref_past_end", b"r" + u32(0), "C"
    yield "ref_past_end_by_one", b"(" + u32(2) + b"\xe9" + u32(7) + b"r" + u32(1), "C"
    yield "ref_huge", b"(" + u32(2) + b"\xe9" + u32(7) + b"r" + u32(-1), "C"
    yield "ref_to_none_is_none", b"(" + u32(2) + b"\xcer" + u32(0), "C"  # a singleton takes no number, whatever its flag
    yield "ref_incomplete_frozenset", b"\xbe" + u32(1) + b"r" + u32(0), "C"
    for tag, what in ((b"(", "tuple"), (b"[", "list"), (b"<", "set"), (b">", "frozenset")):
        yield what + "_null", tag + u32(1) + b"0", "C"
        yield what + "_null_second", tag + u32(2) + b"N0", "C"
        yield what + "_count_minus_one", tag + u32(-1), "T"
        yield what + "_count_far_past_end", tag + u32(10**6) + n, "T"
        yield what + "_count_past_end", tag + u32(3) + n + n, "T"
        yield what + "_empty", tag + u32(0), "C"
    yield "small_tuple_null", b")\x010", "C"
    yield "null", b"0", "C"
    yield "null_with_flag", b"\xb0", "C"
    yield "dict_of_null_key", b"{0", "C"
    yield "dict_of_null_value", b"{N0", "C"
    yield "dict_second_null_value", b"{NTF0", "C"
    yield "dict_without_end", b"{NT", "T"
    yield "slice_none", b":NNN", "U"
    yield "slice_null", b":NN0", "C" if V >= (3, 14) else "U"
    yield "slice_of_itself", b"\xbaNNr" + u32(0), "C" if V >= (3, 14) else "U"
    yield "frozendict_empty", b"}0", "U"
    yield "frozendict_one", b"}i" + u32(1) + b"T0", "U"
    for tag, what in ((b"s", "bytes"), (b"u", "str"), (b"t", "interned"), (b"a", "ascii"), (b"A", "ascii_interned")):
        yield what + "_count_minus_one", tag + u32(-1), "T"
        yield what + "_count_past_end", tag + u32(3) + b"ab", "T"
        yield what + "_high_byte", tag + u32(1) + b"\xe9", "C"
        yield what + "_latin", tag + u32(4) + b"a\x80\xffz", "C"
    yield "short_high_byte", b"z\x01\xe9", "C"
    yield "short_interned_high_byte", b"Z\x02\xe9a", "C"
    yield "short_past_end", b"z\x03ab", "T"
    for text in (b"\xc0\x80", b"\xc1\xbf", b"\xc2", b"\xc2\x41", b"\xc2\x80", b"\xdf\xbf", b"\xe0\x9f\xbf", b"\xe0\xa0\x80", b"\xe2\x82",
                 b"\xe2\x82\x28",
                 b"\xed\x9f\xbf", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xee\x80\x80", b"\xef\xbf\xbf", b"\xf0\x8f\xbf\xbf",
                 b"\xf0\x90\x80\x80",
                 b"\xf0\x90\x80", b"\xf4\x8f\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xff", b"\x80", b"12345678\xe9",
                 b"1234567\xc3\xa9"):
        yield "utf8", b"u" + u32(len(text)) + text, "C"
    yield "empty", b"", "T"
    yield "trailing_bytes", b"NN", "C"


def marshal_cases():
    rows = [(name, data, tree(marshal.loads(data)), "-") for name, data in dumped()]
    for name, data, refused in by_hand():
        try:
            rows.append((name, data, tree(marshal.loads(data)), "-"))
        except (ValueError, EOFError, TypeError):
            rows.append((name, data, "", refused))
    return [("MARSHAL", name, data, text, status) for name, data, text, status in rows]


def tag_cases():
    """The type codes that this version knows: not "unknown" before counts of zero, or before the end of a dict."""
    known = "c"  # whose fields are objects, and none of these is right
    for tag in range(128):
        for rest in (bytes(64), b"0" + bytes(64)):
            try:
                marshal.loads(bytes([tag]) + rest)
            except Exception as e:
                if "unknown type code" in str(e):
                    continue
            known += chr(tag)
            break
    return [("TAGS", known.encode())]


def depth_cases():
    """The deepest tuple around None that loads."""
    depth = 1
    while True:
        try:
            marshal.loads(b")\x01" * (depth + 1) + b"N")
        except ValueError:
            return [("DEPTH", depth)]
        depth += 1


# ---- decode/repr ------------------------------------------------------------------------------------------------------

def splitmix64(state):
    while True:
        state = (state + 0x9E3779B97F4A7C15) & (2**64 - 1)
        z = state
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & (2**64 - 1)
        yield z ^ z >> 31


def double(bits):
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


def float_sweeps():
    powers = [1 << k for k in range(52)] + [e << 52 for e in range(1, 2047)]  # the bits of every power of two
    yield "powers", [bits + delta for bits in powers for delta in (-1, 0, 1)]
    random_bits = splitmix64(1)
    yield "random", [next(random_bits) for _ in range(10000)]
    yield "decimals", [struct.unpack("<Q", struct.pack("<d", float("%de%d" % (m, e))))[0] for e in range(-30, 31) for m in range(1, 400, 7)]


def repr_objects():
    inf, nan = float("inf"), float("nan")
    floats = [0.0, -0.0, 1.0, 0.1, 1e15, 1e16, 123456789012345680.0, 9999999999999998.0, 1e-4, 1e-5, 0.00012345, 1.5e-5, 5e-324, -5e-324,
              2.2250738585072014e-308,
              2.225073858507201e-308, 1.7976931348623157e308, 1e22, 1e23, 2.0**-44, 9007199254740993.0, 1e100, 1e-100, 1.25, 100.0,
              123456.789, inf, -inf, nan, -nan,
              0.3, 2 / 3, 1e300 * 10, 4.35, 0.5, 1e05, 12345678901234.5, 8.41e21, 9.5e-3, 2.0**63, 2.0**64, 2.0**-1074, 3.0 * 2.0**-1074]
    yield from floats
    yield from (complex(re, im) for re in (0.0, -0.0, 1.0, -1.5, inf, -inf, nan, 1e16, 1e-5)
                for im in (0.0, -0.0, 1.0, -1.5, inf, -inf, nan, -nan, 1e300))
    yield from (0, -1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 10**9, 10**18, 10**19, 10**27 - 1, 10**27, -(10**100), 7**1000,
                2**15000)
    yield from (None, True, False, Ellipsis, StopIteration)
    texts = ["", "a", "'", '"', "'\"", "\\", "it's", 'say "x"', "\t\n\r", "\0\x01\x1f\x20\x7e\x7f", "\x80\x9f\xa0\xa1\xac\xad\xae\xff",
             "caf\xe9", "\u20ac",
             "\u0378\u200b\u2028\u3000\ue000\ufeff\uffff", "\U0001f40d\U000e0001\U0010ffff", "\ud800", "a\udfffb", "\u061c\u1fff",
             "\U0001fae8\U0001fa75",
             "\u0870\u0897\U00011f00\U000105c0\U0001e5d0", "\\'", "\"\\'", "x" * 300]
    yield from texts
    yield from (b"", b"a", b"'", b'"', b"'\"", b"\\\t\n\r\0\x7f\x80\xff", bytes(range(256)))
    yield from ((), (1,), (1, "a"), ((), ((),)), [], [1, [2.5]], set(), {1}, frozenset(), frozenset({1}), frozenset({1, 2, 3}), {},
                {1: "a", "b": ()},
                (None, -0.0, 1j, b"x", "'"), [("a", {"k": {2}})], ((("deep",),),))


def repr_cases():
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(0)
    rows = [("REPR", marshal.dumps(o, 2), repr(o).encode("utf-8", "backslashreplace")) for o in repr_objects()]
    if V >= (3, 14):
        rows += [("REPR", marshal.dumps(o, 5), repr(o).encode()) for o in (slice(None), slice(1, "a", (2,)))]
    if V >= (3, 15):
        rows += [("REPR", marshal.dumps(o, marshal.version), repr(o).encode()) for o in (frozendict(), frozendict({1: "a", "b": ()}))]
    rows += [("FLOATS", name, sha256("\n".join(repr(double(b)) for b in bits))) for name, bits in float_sweeps()]
    return rows


def printable_cases():
    said = "".join("1" if chr(c).isprintable() else "0" for c in range(0x110000))
    return [("PRINTABLE", int("%d%02d" % tuple(map(int, unicodedata.unidata_version.split(".")[:2]))), sha256(said))]


# ---- code/lines, code/exceptions --------------------------------------------------------------------------------------

SOURCE = '''"""A module
doc string."""
import os, \\
    sys


@decorator(
    1,
)
def f(a, *b, c=[
        1, 2], **d):
    try:
        with open(a) as g, open(
                b) as h:
            return [x for x in g
                    if x]
    except (OSError,
            ValueError) as e:
        raise
    finally:
        print(e,
              a)
''' + "\n" * 300 + '''
async def g(x):
    async for i in x:
        await (lambda:
               i)()
    while x: x = (yield)
    for i in x:
        if i: continue
        else:
            break
    return''' + "\n" * 200 + '''
class C: x: int = 1; y = ("\xe9\u20ac", a.b.c(d)[e:f])
''' + "z = (" + ",\n".join("a%d" % i for i in range(70)) + ")\nlong = [" + ", ".join("b%d" % i for i in range(140)) + "]\n"


def codes(code):
    yield code
    for c in code.co_consts:
        if isinstance(c, types.CodeType):
            for inner in codes(c):
                yield inner


def pairs_table(rng, n_code):
    """Increments of bytes and lines, some of them zero or more than a byte's worth."""
    table, left = b"", n_code
    while left > 0:
        step = min(left, rng.choice((0, 2, 2, 4, 6, 254)))
        table += bytes([step, rng.choice((0, 1, 1, 2, 5, 127, 128, 129, 255, 250, rng.randrange(256)))])
        left -= step
    return table


def varint(n):
    out = b""
    while n >= 64:
        out += bytes([n & 63 | 64])
        n >>= 6
    return out + bytes([n])


def svarint(n):
    return varint((-n) << 1 | 1 if n < 0 else n << 1)


def location(kind, units, line=0, end_line=0, col=0, end_col=0):
    first = bytes([0x80 | kind << 3 | units - 1])
    if kind == 15:
        return first
    if kind == 14:
        return first + svarint(line) + varint(end_line) + varint(col) + varint(end_col)
    if kind == 13:
        return first + svarint(line)
    if kind >= 10:
        return first + bytes([col & 255, end_col & 255])
    return first + bytes([(col & 7) << 4 | end_col & 15])


def locations_table(rng, n_code):
    table, left = b"", n_code // 2
    while left > 0:
        units = min(left, rng.randint(1, 8))
        kind = rng.choice((0, 1, 5, 9, 10, 11, 12, 13, 14, 14, 15))
        table += location(kind, units, rng.choice((0, 1, -1, 31, 32, -31, 3000, -40, 2**20)), rng.choice((0, 1, 63, 64, 5000)),
                          rng.choice((0, 1, 80, 300)), rng.choice((0, 1, 81, 4096)))
        left -= units
    return table


def one_line_rows(n_code, first, table):
    """findlinestarts of such a code object, and the line and columns of each of its units."""
    nop = dis.opmap["NOP"]
    if V < (3, 10):
        code = types.SimpleNamespace(co_lnotab=table, co_code=bytes([nop, 0]) * (n_code // 2), co_firstlineno=first)
    else:
        code = compile("", "m.py", "exec").replace(co_code=bytes([nop, 0]) * (n_code // 2), co_firstlineno=first, co_linetable=table)
    starts = " ".join("%d:%s" % (o, "-" if line is None else line) for o, line in dis.findlinestarts(code))
    units = []
    if V >= (3, 11):
        units = list(code.co_positions())
    elif V == (3, 10):
        units = [(line, line, None, None) for start, end, line in code.co_lines() for _ in range(start, end, 2)]
    units = units[: n_code // 2]
    text = " ".join(",".join("-" if x is None else str(x) for x in unit) for unit in units)
    return ("LINES", n_code, first, table, starts, text if len(text) < 2000 else "sha256 " + sha256(text))


def lines_cases():
    rng = random.Random(38)
    rows = []
    for c in codes(compile(SOURCE, "m.py", "exec")):
        table = c.co_lnotab if V < (3, 10) else c.co_linetable
        rows.append(one_line_rows(len(c.co_code), c.co_firstlineno, table))
    if V < (3, 10):
        tables = [(8, b"\4\1\4")]  # 3.10 itself reads past the end of an odd one
    else:
        tables = []
    if V < (3, 11):
        tables += [(20, pairs_table(rng, 20)) for _ in range(20)] + [(600, pairs_table(rng, 600)) for _ in range(3)]
        tables += [(8, t) for t in (b"", b"\2\1", b"\2\1\2\xff\2\x80\2\x7f", b"\0\1\0\1\2\1", b"\2\0\2\0\4\0", b"\2\x80\2\1\4\x80",
                                    b"\xff\1\xff\1")]
    else:
        tables += [(40, locations_table(rng, 40)) for _ in range(20)] + [(400, locations_table(rng, 400)) for _ in range(2)]
        for kind in range(16):
            tables.append((16, location(kind, 8, 3, 2, 7, 15)))
        tables.append((16, location(14, 8, 2**29, 2**29, 2**24, 2**24)))
        tables.append((24, location(15, 4) + location(13, 4, 5) + location(15, 4)))
        tables.append((24, location(13, 4, 0) + location(15, 4) + location(13, 4, 0)))
        tables.append((8, b""))
        tables.append((8, location(13, 1, 1)))  # ends before the code does
        tables.append((8, location(13, 8, 1) + location(13, 8, 1) + location(15, 8)))  # and after it
    for n_code, table in tables:
        rows.append(one_line_rows(n_code, 10**6, table))
    if V >= (3, 12):  # before, co_lines hides lines below zero that co_positions shows
        rows.append(one_line_rows(24, 10, location(13, 4, -10) + location(13, 4, -1) + location(13, 4, -1)))
        rows.append(one_line_rows(24, 10, location(14, 4, -11, 0, 1, 2) + location(14, 4, 0, 3, 1, 2) + location(14, 4, -1, 1, 1, 2)))
    return rows


CODE_SOURCE = """
def outer(a, b, /, c, *args, d=1, **kwargs):
    x = y = 2
    def inner(p):
        nonlocal x
        x = a + p
        return [y for y in p if y > b], lambda: (x, inner, c)
    class K:
        z = a
        def method(self): return __class__, super().z
    return inner, K, [q for q in args if (lambda: q)()]
async def agen(): yield await agen()
"""


def code_cases():
    """Every field of every code object; what marshal.loads gave of marshal.dumps, so that what 3.11 computes is computed."""
    objects = list(codes(compile(CODE_SOURCE, "dir/m.py", "exec")))
    if V >= (3, 12):
        objects += list(codes(compile("def g[T](x: T): return [x for x in T]\nclass C[U]: pass\ntype A = int", "t.py", "exec")))
    objects.append(objects[0].replace(co_name="a\ud800b", co_filename="\udfff/\u20ac.py", co_names=("\udc80",)))
    rows = []
    for c in objects:
        names = lambda texts: ",".join(texts)
        text = "%s %s %s %d %d,%d,%d %d %d 0x%x %d %d (%s) (%s) (%s) (%s)" % (
            c.co_name, getattr(c, "co_qualname", "-"), c.co_filename, c.co_firstlineno, c.co_argcount, c.co_posonlyargcount,
            c.co_kwonlyargcount,
            c.co_nlocals, c.co_stacksize, c.co_flags, len(c.co_code), len(c.co_consts), names(c.co_varnames), names(c.co_freevars),
            names(c.co_cellvars),
            names(c.co_names))
        rows.append(("CODE", marshal.dumps(c), text.encode("utf-8", "backslashreplace")))
    return rows


def exception_varint(n, mark):
    parts = []
    while True:
        parts.insert(0, n & 63)
        n >>= 6
        if not n:
            break
    return bytes([p | (64 if i + 1 < len(parts) else 0) | (mark if i == 0 else 0) for i, p in enumerate(parts)])


def exceptions_cases():
    if V < (3, 11):
        return []
    rng = random.Random(311)
    entry = lambda *numbers: b"".join(exception_varint(n, 0x80 if i == 0 else 0) for i, n in enumerate(numbers))
    tables = [c.co_exceptiontable for c in codes(compile(SOURCE, "m.py", "exec"))] + [b""]
    tables += [entry(1, 2, 3, 1), entry(63, 64, 4095, 4096), entry(2**18, 2**24 - 1, 2**28, 2**18 + 1), entry(0, 0, 0, 0)]
    tables += [b"".join(entry(*(rng.choice((0, 1, 63, 64, 100, 5000, 2**20)) for _ in range(4))) for _ in range(5)) for _ in range(5)]
    rows = []
    for table in tables:
        parsed = dis._parse_exception_table(types.SimpleNamespace(co_exceptiontable=table))
        rows.append(("EXCEPTIONS", table, " ".join("%d,%d,%d,%d,%d" % (e.start, e.end, e.target, e.depth, e.lasti) for e in parsed)))
    return rows


# ---- opcodes, decode/instr --------------------------------------------------------------------------------------------

def caches_in(name):
    """Code units of inline cache behind an instruction."""
    if V < (3, 11):
        return 0
    entries = opcode._inline_cache_entries[dis.opmap[name]] if V < (3, 13) else opcode._inline_cache_entries.get(name, 0)
    return sum(entries.values()) if isinstance(entries, dict) else entries


def plain_ops():
    """What a compiler writes: neither pseudo nor instrumented ones, nor what the interpreter keeps to itself."""
    inside = ("CACHE", "RESERVED", "INTERPRETER_EXIT", "ENTER_EXECUTOR", "INSTRUMENTED", "TRACE_RECORD")
    return sorted((n, name) for name, n in dis.opmap.items() if n < 256 and not name.startswith(inside))


def takes_argument(number):
    return number in dis.hasarg if V >= (3, 12) else number >= dis.HAVE_ARGUMENT


def opcode_cases():
    rows = []
    for number, name in plain_ops():
        rows.append("%d %s %d %d" % (number, name, takes_argument(number), caches_in(name)))
    return [("OPCODES", len(rows), sha256("\n".join(rows)))]


def stable(text):
    return re.sub(r"(<code object .*?) at 0x[0-9a-fA-F]+(, file )", r"\1\2", text)


def instructions_text(code):
    """One line an instruction, as `instructions_text` in decode/test_instr.c writes it."""
    instrs = list(dis.get_instructions(code))
    targets = sorted(dis.findlabels(code.co_code))
    lines = []
    for i in instrs:
        none = lambda x: "-" if x is None else str(x)
        jumps = i.opcode in dis.hasjrel or i.opcode in dis.hasjabs
        if V >= (3, 13):
            starts, line = (i.line_number if i.starts_line else None), i.positions.lineno  # i.line_number misses starts inside of caches
            caches = ";".join("%s=%s" % (n, d.hex()) for n, s, d in (i.cache_info or ()))
            label, jump, span = i.label, i.jump_target, "%d-%d" % (i.start_offset, i.end_offset)
        else:
            starts, line = i.starts_line, i.positions.lineno if V >= (3, 11) else None
            label = targets.index(i.offset) + 1 if i.is_jump_target else None
            jump, caches, span = (i.argval if jumps else None), "", "-"
        argval = None
        if i.opcode in dis.hasname or i.opcode in dis.haslocal or i.opcode in dis.hasfree or i.opcode in dis.hascompare:
            argval = ", ".join(i.argval) if isinstance(i.argval, tuple) else i.argval
        lines.append("%d %s %d %s (%s) %s %s %s %s %s %s %s" % (i.offset, i.opname, i.opcode, none(i.arg), stable(i.argrepr),
                                                                none(argval), none(starts),
                                                               none(line), none(label), none(jump), span, caches))
    return "\n".join(lines)


def unit(name, arg=0):
    number = dis.opmap[name]
    out = b""
    for shift in (24, 16, 8):
        if arg >> shift:
            out += bytes([dis.opmap["EXTENDED_ARG"], arg >> shift & 255])
    return out + bytes([number, arg & 255]) + bytes(2 * caches_in(name))


@functools.lru_cache()
def host():
    """A code object with enough of everything that small arguments mean something."""
    names = ["v%d" % i for i in range(30)]
    source = "def f(%s):\n %s = 1\n def g(): return %s\n return %s" % (
        ", ".join(names[:20]), " = ".join(names[20:30]), ", ".join(names[15:25]), " + ".join("n%d" % i for i in range(24)))
    code = compile(source, "m.py", "exec")
    while code.co_name != "f":
        code = next(c for c in code.co_consts if isinstance(c, types.CodeType))
    inner = compile("lambda: 0", "in.py", "eval").co_consts[0]
    consts = (None, 1, "text", -2.5, (1, "a"), True, b"b", 2**70, frozenset({1}), inner, "it's", Ellipsis, 1j, False, "caf\xe9",
              -7) + (None,) * 241 + (257,) + (None,) * 42 + (300,)
    return code.replace(co_consts=consts)


def with_code(bytecode):
    code = host().replace(co_code=bytecode)
    if V < (3, 10):
        return code.replace(co_lnotab=b"\4\1\4\1\4\xff\4\1")
    if V < (3, 11):
        return code.replace(co_linetable=b"\4\0\4\1\4\x80\4\xff\4\1" + b"\xfe\0" * (len(bytecode) // 254 + 1))
    table = location(13, 2, 0) + location(13, 2, 1) + location(15, 2) + location(10, 2, 0, 0, 4, 9) + location(14, 2, -1, 3, 1, 7)
    return code.replace(co_linetable=table + location(13, 8, 1) * (len(bytecode) // 16 + 1), co_exceptiontable=b"")


def sweep_code():
    """Every opcode with a few arguments, those that dis can print."""
    nops = unit("NOP") * 64
    body = b""
    for number, name in plain_ops():
        if name == "EXTENDED_ARG":
            continue
        for arg in (0, 1, 2, 3, 5, 18) if takes_argument(number) else (0,):
            if V < (3, 10) and arg & 1 and (number in dis.hasjrel or number in dis.hasjabs):
                continue  # which is no place of an instruction
            try:
                list(dis.get_instructions(with_code(nops + unit(name, arg) + nops)))
            except Exception:
                continue
            body += unit(name, arg)
    return nops + body + nops


def instr_cases():
    pairs = {}
    nop, pop = unit("NOP"), unit("POP_TOP")
    const = lambda i: unit("LOAD_CONST", i)
    step = 1 if V >= (3, 10) else 2  # what one unit of a jump is worth
    forward = lambda units: unit("JUMP_FORWARD", units * step)
    back = (lambda units: unit("JUMP_BACKWARD", units)) if V >= (3, 11) else None
    pairs["plain"] = const(1) + pop + const(2) + pop + const(0) + unit("RETURN_VALUE")
    pairs["forward"] = forward(1) + nop + nop + forward(2) + nop + nop + nop
    pairs["two_to_one_place"] = forward(3) + nop + forward(1) + nop + nop
    if back:
        jump = len(unit("JUMP_BACKWARD")) // 2
        pairs["backward"] = nop + nop + back(1 + jump) + forward(1) + nop + back(4 + 2 * jump) + nop
        pairs["label_order"] = nop + forward(2 + jump) + back(2 + jump) + nop + nop + nop
    else:
        absolute = "JUMP_ABSOLUTE"
        pairs["backward"] = nop + nop + unit(absolute, step) + forward(1) + nop + unit(absolute, 0) + nop
    pairs["extended_const"] = const(300) + pop + const(0x101) + nop
    pairs["extended_zero"] = bytes([dis.opmap["EXTENDED_ARG"], 0]) + const(1) + bytes([dis.opmap["EXTENDED_ARG"], 0] * 3) + const(2)
    pairs["extended_jump"] = forward(300) + nop * 301
    pairs["jump_to_extended"] = forward(1) + nop + const(300) + nop
    pairs["every_opcode"] = sweep_code()
    rows = []
    for name, bytecode in pairs.items():
        code = with_code(bytecode)
        text = instructions_text(code)
        rows.append(("INSTR", name, marshal.dumps(code), text if len(text) < 2500 else "sha256 " + sha256(text)))
    return rows


# ---- whole files: decode/decode, dis/dis ------------------------------------------------------------------------------

FILE_SOURCE = ("def f(a, b=1):\n  for i in a:\n    try: yield i\n    except E: return [x for x in b]\n"
               "class C:\n  'doc'\n  x = '\"quoted\" \\\\ caf\xe9'\n")


JSON_SOURCE = "for i in x: f('\"' + i, '\\\\ caf\xe9', (1.5, b'b'))\ntry: (lambda a: -2 if a else 3)()\nexcept E: pass\n"


def pyc(code, flags=0, second=1700000000, third=len(FILE_SOURCE)):
    return importlib.util.MAGIC_NUMBER + u32(flags) + u32(second) + u32(third) + marshal.dumps(code)


def preorder(code, parent=None):
    """(code object, qualified name, index of the parent)"""
    out = [(code, "<module>", None)]
    def add(inner, at):
        for c in inner.co_consts:
            if isinstance(c, types.CodeType):
                out.append((c, "%s.%s@%d" % (out[at][1], c.co_name, c.co_firstlineno), at))
                add(c, len(out) - 1)
    add(code, 0)
    return out


def file_cases():
    data = pyc(compile(FILE_SOURCE, "dir/m.py", "exec"))
    content = hashlib.sha256(data).hexdigest()
    file_id = hashlib.sha256(b"repo\npkg/m.pyc\0" + content.encode()).hexdigest()[:32]
    ids = [hashlib.sha256(("%s:%d" % (file_id, i)).encode()).hexdigest()[:32] for i in range(20)]
    lines = ["%s %s" % (content, file_id)]
    for i, (c, qualname, parent) in enumerate(preorder(compile(FILE_SOURCE, "dir/m.py", "exec"))):
        n_exceptions = len(dis._parse_exception_table(c)) if V >= (3, 11) else 0
        n_instrs = len(list(dis.get_instructions(c)))
        lines.append("%s %s %s %s %d %d,%d,%d %d 0x%x %d %d %s/%s/%s/%s %d %d %d" % (
            ids[i], qualname, getattr(c, "co_qualname", "-"), "-" if parent is None else ids[parent], c.co_firstlineno, c.co_argcount,
            c.co_posonlyargcount, c.co_kwonlyargcount, c.co_nlocals, c.co_flags, c.co_stacksize, len(c.co_code), ",".join(c.co_varnames),
            ",".join(c.co_freevars), ",".join(c.co_cellvars), ",".join(c.co_names), len(c.co_consts), n_instrs, n_exceptions))
    return [("FILE_CASE", data, "\n".join(lines))]


def json_instr(i, code, targets, options):
    jumps = i.opcode in dis.hasjrel or i.opcode in dis.hasjabs
    p = getattr(i, "positions", None)
    if V >= (3, 13):
        line, starts, label, jump = i.line_number, i.line_number if i.starts_line else None, i.label, i.jump_target
    else:
        starts, label, jump = i.starts_line, targets.index(i.offset) + 1 if i.is_jump_target else None, i.argval if jumps else None
        if V >= (3, 11):
            line = p.lineno
        elif V == (3, 10):
            line = next(n for a, b, n in code.co_lines() if a <= i.offset < b)
        else:
            line = [n for o, n in dis.findlinestarts(code) if o <= i.offset][-1]
    argval, argrepr = i.argval, stable(i.argrepr)
    if i.arg is None:
        argval = None
    elif jump is not None:
        argval = jump
    elif i.opcode in dis.hasconst and not isinstance(argval, (int, str, type(None))):
        argval = stable(repr(argval))
    elif i.opcode in dis.hasconst and isinstance(argval, int):
        argval = str(argval)
    elif isinstance(argval, tuple):
        argval = ", ".join(argval)
    elif not isinstance(argval, (int, str, type(None))):
        argval = str(argval)
    if i.opname in ("LOAD_SMALL_INT", "LOAD_COMMON_CONSTANT") and argval is not None:
        argval = str(i.argval)
    out = {"offset": i.offset, "opname": i.opname, "opcode": i.opcode, "arg": i.arg, "argval": argval, "argrepr": argrepr,
           "line_number": line,
           "starts_line": starts, "label": label, "jump_target": jump}
    if options:
        out.update(end_line=p and p.end_lineno, col=p and p.col_offset, end_col=p and p.end_col_offset)
        info = getattr(i, "cache_info", None) or ()
        out["cache_info"] = [{"name": n, "size": s, "data_hex": d.hex()} for n, s, d in info]
    return out


def json_cases():
    code = compile(JSON_SOURCE, "dir/m.py", "exec")
    rows = []
    for options in (False, True):
        if options and V < (3, 13):
            continue  # dis gives no caches before
        one = lambda x: json.dumps(x, ensure_ascii=False, separators=(",", ":"))
        objects = []
        for c, qualname, _ in preorder(code):
            targets = sorted(dis.findlabels(c.co_code))
            instrs = ",".join("\n" + one(json_instr(i, c, targets, options)) for i in dis.get_instructions(c))
            table = dis._parse_exception_table(c) if V >= (3, 11) else []
            excs = one([{"start": e.start, "end": e.end, "target": e.target, "depth": e.depth, "lasti": e.lasti} for e in table])
            objects.append('\n{"qualname":%s,"name":%s,"filename":%s,"firstlineno":%d,"instructions":[%s],"exception_table":%s}' % (
                one(qualname), one(c.co_name), one(c.co_filename), c.co_firstlineno, instrs, excs))
        text = '"python_version":"%d.%d","code_objects":[%s]}\n' % (V + (",".join(objects),))
        rows.append(("JSON", int(options), pyc(code), text))
    return rows


def version_cases():
    return [("VERSION", "%d.%d" % V, int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little"),
             int("%d%02d" % tuple(map(int, unicodedata.unidata_version.split(".")[:2]))))]


FILES = {
    "version/version": [version_cases],
    "opcodes/opcodes": [opcode_cases],
    "pyc/marshal": [marshal_cases, tag_cases, depth_cases],
    "code/code": [code_cases],
    "code/lines": [lines_cases],
    "code/exceptions": [exceptions_cases],
    "decode/repr": [repr_cases, printable_cases],
    "decode/instr": [instr_cases],
    "decode/decode": [file_cases],
    "dis/json": [json_cases],
}


# ---- merging ----------------------------------------------------------------------------------------------------------

def emit():
    encode = lambda field: {"b": field.hex()} if isinstance(field, bytes) else field
    out = {name: [[encode(f) for f in row] for make in makers for row in make()] for name, makers in FILES.items()}
    print(json.dumps({"version": "%d.%d.%d" % sys.version_info[:3], "rows": out}))


def find(version, folders):
    for pattern in ["%s/python%s" % (d, version) for d in folders] + [os.path.expanduser("~/.pyenv/versions/%s.*/bin/python" % version)]:
        for path in sorted(glob.glob(pattern)):
            return path
    return shutil.which("python" + version)


def literal(data):
    """A C string: three octal digits never run into what follows; a question mark never makes a trigraph."""
    escapes = {0x22: '\\"', 0x5C: "\\\\", 0x3F: "\\?", 0x0A: "\\n"}
    return '"%s"' % "".join(escapes.get(b) or (chr(b) if 0x20 <= b < 0x7F else "\\%03o" % b) for b in data)


def cell(field):
    if isinstance(field, dict):
        data = bytes.fromhex(field["b"])
        return "%d, %s" % (len(data), literal(data))
    return str(field) if isinstance(field, int) else literal(field.encode("utf-8", "surrogatepass"))


def main(folders):
    pythons = [find(v, folders) for v in VERSIONS]
    if None in pythons:
        raise SystemExit("gen_cases: no interpreter of " + VERSIONS[pythons.index(None)] + "; name a folder that holds pythonX.Y")
    said = [json.loads(subprocess.run([p, os.path.abspath(__file__), "--emit"], check=True, stdout=subprocess.PIPE,
                                      text=True).stdout) for p in pythons]
    for name in FILES:
        masks = {}
        for bit, one in enumerate(said):
            for row in one["rows"][name]:
                text = "%s\0%s" % (row[0], ", ".join(cell(f) for f in row[1:]))
                masks[text] = masks.get(text, 0) | 1 << bit
        with open(os.path.join(HERE, name + "_cases.inc"), "w") as f:
            f.write("/* Made by tests/unit/gen_cases.py with CPython %s; not edited. */\n" % ", ".join(one["version"] for one in said))
            for text, mask in sorted(masks.items(), key=lambda item: item[0].split("\0")[0]):
                macro, fields = text.split("\0")
                f.write("%s(0x%02x, %s)\n" % (macro, mask, fields))
        print(name, len(masks), "rows")


if sys.argv[1:] == ["--emit"]:
    emit()
else:
    main(sys.argv[1:])
