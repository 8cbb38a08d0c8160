#!/usr/bin/env python3
"""Ten small files that each stand for far more than they hold: the worst case of one limit (docs/LIMITS.md). `evil.py DIR` writes them.

EVIL maps a name to the limit whose error row the file must have, and its bytes. All are CPython 3.12's form, written by hand.
"""
import pathlib
import struct
import sys

HEADER = struct.pack("<HHIII", 3531, 0x0A0D, 0, 0, 0)
LOAD_FAST, SWAP, POP_JUMP_IF_TRUE, JUMP_BACKWARD, EXTENDED_ARG, NOP, RETURN_CONST = 124, 99, 115, 140, 144, 9, 121
EMPTY = b")\0"


def text(s):
    return b"a" + struct.pack("<I", len(s)) + s


def data(b):
    return b"s" + struct.pack("<I", len(b)) + b


def many(items):
    return b"(" + struct.pack("<I", len(items)) + b"".join(items)


def ref(n):
    return b"r" + struct.pack("<I", n)


def code(bytecode=bytes([NOP, 0, RETURN_CONST, 0]), consts=b")\1N", names=EMPTY, filename=b"z\1f", flag=0, n_locals=0):
    """A code object; `flag` 0x80 gives it the next number of the table of references, before those of its parts."""
    return (bytes([ord("c") | flag]) + struct.pack("<5I", 0, 0, 0, 16, 0) + data(bytecode) + consts + names + many([text(b"x")] * n_locals) +
            data(b"\x20" * n_locals) + filename + b"z\1n" + b"z\1q" + struct.pack("<I", 1) + data(b"") + data(b""))


def jumping(opcode, argument):
    out = b""
    for shift in (16, 8):
        if argument >> shift:
            out += bytes([EXTENDED_ARG, argument >> shift & 255])
    return out + bytes([opcode, argument & 255])


def swapping():
    """A deep stack, and loops in loops that exchange its values: the values of each place come from everywhere."""
    depth, rounds = 250, 4000
    body = bytes([LOAD_FAST, 0]) * depth
    start = len(body)
    for k in range(rounds):
        body += bytes([SWAP, 2 + k * 7 % (depth - 2), LOAD_FAST, 0, POP_JUMP_IF_TRUE, 3 * (k % 3)])
    body += bytes([NOP, 0]) * 8
    for size in range(3):  # the jump's own size counts
        distance = (len(body) + 2 * (size + 1) - start) // 2
        if len(jumping(JUMP_BACKWARD, distance)) == 2 * (size + 1):
            return body + jumping(JUMP_BACKWARD, distance)
    raise AssertionError


def doubling(leaf, level):
    """(leaf, level of leaf twice, level of that twice, ...): 2**40 leaves."""
    return many([leaf] + [level(k) for k in range(39)])


EVIL = {
    "bytes": ("bytes", lambda: HEADER + code(consts=many([data(bytes(34 << 20))]))),
    "objects": ("objects", lambda: HEADER + code(consts=many([b"i\1\0\0\0"] * 1_200_000))),
    "depth": ("depth", lambda: HEADER + code(consts=b")\1" * 1_000_000 + b"N")),
    "code_objects": ("code_objects", lambda: HEADER + code(consts=doubling(code(flag=0x80), lambda k: code(consts=b")\2" + ref(k) * 2, flag=0x80)))),
    "instructions": ("instructions", lambda: HEADER + code(consts=many([code(bytes([NOP, 0]) * 100_000 + bytes([RETURN_CONST, 0]), flag=0x80)] +
                                                                       [ref(0)] * 1000))),
    "text": ("text", lambda: HEADER + code(consts=doubling(b"\xfa\5hello", lambda k: b"\xa9\2" + ref(k) * 2))),
    "names": ("text", lambda: HEADER + code(consts=many([code(names=many([text(b"f" * 1_000_000)]), flag=0x80)] + [ref(0)] * 4000))),
    "flow_steps": ("flow_steps", lambda: HEADER + code(consts=many([code(swapping(), n_locals=1, flag=0x80)] + [ref(0)] * 20))),
    "memory": ("memory", lambda: HEADER + code(consts=many([code(names=many([b"\xfa\1a"] + [ref(1)] * 50_000), flag=0x80)] + [ref(0)] * 10_000))),
    "ints": ("text", lambda: HEADER + code(consts=many([b"\xec" + struct.pack("<I", 8192) + b"\xff\x7f" * 8192] + [ref(0)] * 20_000))),
}


def write(directory):
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for name, (_, make) in EVIL.items():
        (directory / f"evil_{name}.pyc").write_bytes(make())


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write(sys.argv[1])
