#!/usr/bin/env python3
"""What CPython says of sources and constants: tests/unit/source/*_cases.inc and decode/consts_json_cases.inc, one row a case.

usage: tests/unit/gen_source_cases.py [DIR ...]     DIR holds pythonX.Y programs; ~/.pyenv/versions and PATH are looked at too

Like gen_cases.py beside it: it runs itself with each interpreter (--emit) and merges what they say; the first field of a row is the
set of versions that gave it, bit 0 for 3.8, bit 1 for 3.9, and so on.
"""
import glob
import hashlib
import importlib.util
import json
import marshal
import os
import shutil
import subprocess
import sys

VERSIONS = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15"]
HERE = os.path.dirname(os.path.abspath(__file__))
V = sys.version_info[:2]
if hasattr(sys, "set_int_max_str_digits"):
    sys.set_int_max_str_digits(0)

# ---- source/hash ------------------------------------------------------------------------------------------------------


def hash_cases():
    import _imp
    texts = [bytes(range(n)) for n in range(18)] + [b"x = 1\n" * 100, b"\xff" * 63, b"\0" * 64]
    number = lambda key, text: "%016x" % int.from_bytes(_imp.source_hash(key, text), "little")
    return [("HASH", key, text, number(key, text)) for key in (3394 + 0x0a0d0000, 0xffffffff) for text in texts]


# ---- source/source: spans ---------------------------------------------------------------------------------------------

BODY = """import os, \\
    sys as s\u00e9lf
@d\u00e9co('\u20ac', "\U00010000")
def f\u00e9(a, *, \u0431=(1,
        '\u4e00\u4e8c'), **k):
    '''d\u00f6c
\u0444 tail'''; x\U00010000 = a.b\u00e9.c[0](k, '\u00e9' * 3)
    return f"{a.b!r:>{\u0431}}\u00e9{k}", [\u0431 for \u0431 in x\U00010000 if \u0431]
if f\u00e9: # comment \u00e9
\tf\u00e9(1); l = lambda \u00e9: (\u00e9 +
\t\t1)
class \u0426: y: int = 1 if f\u00e9 else 2
"""
LATIN = "x = 'caf\xe9', y; z = x.\xe9\xe8.a\n\ndef f(a\xe9):\n    return [a\xe9, '''\xe9\n\xff''', a\xe9]\n"
GREEK = "\u03b1 = '\u03b2\u03b3', y.z\nclass \u0391: \u03b4 = \u03b1 + f(\u03b1)\n"
RUSSIAN = "\u0430 = '\u0431\u0432', y.z\nclass \u0410: \u0433 = \u0430 + f(\u0430)\n"
JAPANESE = "\u3042 = '\u6f22\u5b57', y.z\nclass \u30a2: \u3044 = \u3042 + f(\u3042, '\\\\~')\n"
CHINESE = "\u4e00 = '\u4e2d\u6587', y.z\nclass \u4e8c: \u4e09 = \u4e00 + f(\u4e00)\n"
KOREAN = "\uac00 = '\ud55c\uae00', y.z\nclass \ub098: \ub2e4 = \uac00 + f(\uac00)\n"


def sources():
    ascii = "import os\n\n@d\ndef f(a, b=(1,\n    2)):\n    return a.b(c) + \\\n        b\n\f\nclass C: x = 'y'\n"

    def cookie(name, text, before=""):
        return (before + "# -*- coding: %s -*-\n" % name + text).encode(name.replace("_", "-").replace("-unix", "").replace("-dos", ""))

    yield "ascii", ascii.encode()
    yield "empty", b""
    yield "one_newline", b"\n"
    yield "no_last_newline", b"x = 1\ny = x.z"
    yield "crlf", ascii.replace("\n", "\r\n").encode()
    yield "cr", ascii.replace("\n", "\r").encode()
    yield "mixed_ends", b"x = a.b\r\ny = '''1\r2\n3\r\n\r4'''; z = y.x\rw = z.y\n\rif w: v = w.u\r\r\nu = v.t"
    yield "cr_at_end", b"x = 1\ny = x.z\r"
    yield "form_feeds", b"\f\nx = a.b\n\f\f\ndef f(): \f return x.y\n\fz = f(x)\n"
    yield "line_separators", "x = '\u2028\x85\x0b\x1c'; y = x.z\nz = '\u2029', y\n".encode()
    yield "wide", BODY.encode()
    yield "wide_crlf", BODY.replace("\n", "\r\n").encode()
    yield "wide_cr", BODY.replace("\n", "\r").encode()
    yield "long_line", ("x = (" + "'\u00e9\u20ac', a.b, " * 45 + ")\nz = x.y\n").encode()
    yield "long_ascii_line", ("x = (" + "a.b, " * 120 + ")\n# \u00e9\nz = x.y\n").encode()
    yield "mark", b"\xef\xbb\xbf" + BODY.encode()
    yield "mark_ascii", b"\xef\xbb\xbfx = a.b\r\ny = x.z\r\n"
    yield "mark_and_cookie", b"\xef\xbb\xbf# coding: utf-8\nx = '\xc3\xa9', a.b\n"
    for name in ("latin-1", "Latin_1", "iso-8859-1-unix", "iso8859-15", "cp1252", "ISO_8859-1", "l1"):
        yield "cookie_" + name, cookie(name, LATIN)
    yield "cookie_utf8", cookie("utf8", BODY)
    yield "cookie_utf_8_dos", cookie("UTF-8-dos", BODY)
    yield "cookie_line_2", cookie("latin-1", LATIN, "#!/usr/bin/env python\r\n")
    yield "cookie_line_2_blank", cookie("latin-1", LATIN, " \t\f\r")
    yield "cookie_line_3", b"\n\n# coding: latin-1\nx = '\xc3\xa9', a.b\n"
    yield "cookie_after_code", b"import os\n# coding: latin-1\nx = '\xc3\xa9', a.b\n"
    yield "cookie_after_code_on_line", b"import os # coding: latin-1\nx = '\xc3\xa9', a.b\n"
    yield "cookie_vim", "#!python\n# vim: set fileencoding=cp1251 :\n".encode() + RUSSIAN.encode("cp1251")
    yield "cookie_second_in_line", b"# coding  encoding=\t latin-1 coding: utf-8\nx = '\xe9', a.b\n"
    yield "cookie_of_ascii_text", b"# coding: cp1251\nx = a.b\n"
    yield "cookie_ascii", b"# coding: us-ascii\nx = a.b\n"
    for names, text in (("cp1251 koi8-r iso8859-5 cp866 maccyrillic", RUSSIAN), ("cp1253 iso-8859-7", GREEK), ("euc-jp shift_jis cp932", JAPANESE),
                        ("gbk gb2312 gb18030 big5 cp950", CHINESE), ("euc-kr cp949 johab", KOREAN), ("gb18030", BODY)):
        for name in names.split():
            yield "cookie_" + name, ("# coding: %s\r\n" % name + text).encode(name)
    yield "euc_jp_three_bytes", "# coding: euc-jp\n\u00e9 = '\u00e9', x.\u00e9\n".encode("euc-jp")
    yield "bytes_in_comment", b"x = a.b # \xe9\xff\ny = '''1''', x # \xc3\nz = y.z\n"     # an error from 3.14
    yield "bytes_in_comment_wide", b"\xc3\xa9 = a.b # \xe9\xff\n# \x80\ny = '\xc3\xa9\xe2\x82\xac', \xc3\xa9\n"


class Text:
    """The tokenizer's lines, and where in the file each of their characters begins."""

    def __init__(self, data):
        import io
        import tokenize
        try:
            encoding = tokenize.detect_encoding(io.BytesIO(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")).readline)[0]
        except SyntaxError:
            encoding = "utf-8"      # and bytes that are not
        at = 3 if encoding == "utf-8-sig" else 0
        encoding = encoding.replace("-sig", "")
        self.lines = [[]]
        while at < len(data):
            n = 2 if data[at:at + 2] == b"\r\n" else 1
            if data[at:at + n] in (b"\r\n", b"\n", b"\r"):
                self.lines[-1].append(("\n", at))
                self.lines.append([])
                at += n
                continue
            for n in range(1, 9):
                try:
                    character = data[at:at + n].decode(encoding)
                    break
                except UnicodeDecodeError:
                    character, n = "\udcff", 1
            self.lines[-1].append((character, at))
            at += n
        self.lines[-1].append(("\n", at))

    def place(self, line, col):
        """(code points, offset) of a column in bytes of UTF-8."""
        n = 0
        for i, (character, offset) in enumerate(self.lines[line - 1]):
            if n == col:
                return i, offset
            n += len(character.encode("utf-8", "surrogateescape"))
        raise ValueError("no such column")


def walk(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, type(code)):
            for inner in walk(constant):
                yield inner


def span_text(code, text):
    import dis
    rows = []
    for inner in walk(code):
        row = []
        for i in dis.get_instructions(inner):
            line, end_line, col, end_col = i.positions
            if None in i.positions or line <= 0:
                row.append("-")
                continue
            start, end = text.place(line, col), text.place(end_line, end_col)
            row.append("%d:%d-%d:%d@%d+%d" % (line - 1, start[0], end_line - 1, end[0], start[1], end[1] - start[1]))
        rows.append(" ".join(row))
    return "\n".join(rows)


def source_cases():
    if V not in ((3, 11), (3, 15)):     # positions are stored alike from 3.11; tools/check_spans compares all versions
        return []
    import importlib._bootstrap_external as importer
    rows = []
    for name, data in sources():
        try:
            code = compile(data, "m.py", "exec", dont_inherit=True)
        except SyntaxError:
            continue
        text = span_text(code, Text(data))
        compiled = bytes(importer._code_to_hash_pyc(code, importlib.util.source_hash(data), True))
        rows.append(("SOURCE", name, data, compiled, text if len(text) < 400 else "sha256 " + sha256(text)))
    return rows


# ---- decode/consts_json -----------------------------------------------------------------------------------------------


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def constants():
    inf = float("inf")
    yield from (None, True, False, Ellipsis, StopIteration)
    yield from (0, 1, -1, 2**31, 2**53 + 1, 2**63 - 1, -2**63, 2**63, -2**63 - 1, 10**40, -7**100)
    yield from (0.0, -0.0, 1.0, 0.1, 1e16, 1e-5, 1.5e300, -2.5, 5e-324, inf, -inf, inf - inf)
    yield from (1j, -1j, complex(-0.0, 1.5), complex(inf, -inf), b"", b"\0\xff'\"\\a", bytes(range(256)))
    yield from ("", "a", "\"\\/\b\f\n\r\t\0\x1f\x7f", "caf\xe9 \u20ac \U0001f40d \u2028\ufeff\uffff", "\ud800", "a\udc00b\ud83d\ude00", "'", "x" * 300)
    yield from ((), (1,), (1, "a", (2.5, None)), ((((),),),), [1, [2]], {7}, set(), frozenset(), frozenset({"\""}), frozenset({(1, 2)}))
    yield from ({}, {"a": 1, 2: ("b", {3: []})}, (b"x", inf, "\ud800", 2**70, True, 1j))


def show(x):
    """repr, without an address."""
    if isinstance(x, tuple):
        return "(" + ", ".join(map(show, x)) + (",)" if len(x) == 1 else ")")
    return '<code object %s, file "%s", line %d>' % (x.co_name, x.co_filename, x.co_firstlineno) if hasattr(x, "co_code") else repr(x)


def to_json(x, code_id=None):
    """docs/CONSTS_JSON.md"""
    dump = lambda o: json.dumps(o, ensure_ascii=False, separators=(",", ":"))
    if x is None or isinstance(x, bool) or isinstance(x, int) and -2**63 <= x < 2**63 or isinstance(x, float) and x - x == 0:
        return dump(x)
    if isinstance(x, str) and not any(0xD800 <= ord(c) < 0xE000 for c in x):
        return "".join(map(quoted, x)).join('""')
    text = '{"type":"%s","repr":%s' % (type(x).__name__, "".join(map(quoted, show(x))).join('""'))
    if isinstance(x, bytes):
        text += ',"len":%d,"hex":"%s"' % (len(x), x.hex())
    elif type(x).__name__ in ("tuple", "list", "set", "frozenset"):
        text += ',"items":[%s]' % ",".join(map(to_json, x))
    elif isinstance(x, slice):
        text += ',"items":[%s]' % ",".join(map(to_json, (x.start, x.stop, x.step)))
    elif type(x).__name__ in ("dict", "frozendict"):
        text += ',"items":[%s]' % ",".join("[%s,%s]" % (to_json(k), to_json(v)) for k, v in x.items())
    elif hasattr(x, "co_code"):
        text += ',"code_id":%s' % dump(code_id)
    return text + "}"


def quoted(c):
    return "\\" + c if c in "\"\\" else "\\u%04x" % ord(c) if c < " " else c


def const_cases():
    objects = [(x, 2) for x in constants()]
    if V >= (3, 14):
        objects += [(slice(None), 5), (slice(1, "a", (2,)), 5)]
    if V >= (3, 15):
        objects += [(frozendict(), marshal.version), (frozendict({1: ("a",)}), marshal.version)]
    return [("CONST", marshal.dumps(x, version), to_json(x)) for x, version in objects]


SOURCE = """x = (1, 'a', b'\\x00', 2.5, 1j, 10**30)
def f():
  'd\\xf6c'
  def g(): return lambda: (1, (2,))
  return g, {1, 2, 3}
class C: y = ..., -1e999
def f(): pass
"""


def whole_cases():
    """A file's consts_json, one line a code object."""
    code = compile(SOURCE, "m.py", "exec")
    data = importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(code)
    content = hashlib.sha256(data).hexdigest()
    file_id = hashlib.sha256(b"\0m.pyc\0" + content.encode()).hexdigest()[:32]
    ids = {id(c): hashlib.sha256(("%s:%d" % (file_id, i)).encode()).hexdigest()[:32] for i, c in enumerate(walk(code))}
    return [("WHOLE", data, "\n".join("[" + ",".join(to_json(x, ids.get(id(x))) for x in c.co_consts) + "]" for c in walk(code)))]


FILES = {"source/hash": [hash_cases], "source/source": [source_cases], "decode/consts_json": [const_cases, whole_cases]}

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
    return "0x%x" % field if isinstance(field, int) else literal(field.encode())


def main(folders):
    pythons = [find(v, folders) for v in VERSIONS]
    if None in pythons:
        raise SystemExit("gen_source_cases: no interpreter of " + VERSIONS[pythons.index(None)] + "; name a folder that holds pythonX.Y")
    run = lambda python: subprocess.run([python, os.path.abspath(__file__), "--emit"], check=True, stdout=subprocess.PIPE, text=True)
    said = [json.loads(run(python).stdout) for python in pythons]
    for name in FILES:
        masks = {}
        for bit, one in enumerate(said):
            for row in one["rows"][name]:
                text = "%s\0%s" % (row[0], ", ".join(cell(f) for f in row[1:]))
                masks[text] = masks.get(text, 0) | 1 << bit
        with open(os.path.join(HERE, name + "_cases.inc"), "w") as f:
            f.write("/* Made by tests/unit/gen_source_cases.py with CPython %s; not edited. */\n" % ", ".join(x["version"] for x in said))
            for text, mask in sorted(masks.items(), key=lambda item: item[0].split("\0")[0]):
                macro, fields = text.split("\0")
                f.write("%s(0x%02x, %s)\n" % (macro, mask, fields))
        print(name, len(masks), "rows")


if sys.argv[1:] == ["--emit"]:
    emit()
else:
    main(sys.argv[1:])
