"""Writes what the running CPython's own opcode module says as one table: src/opcodes/pyXY.def.

usage: pythonX.Y tools/gen_opcodes.py OUTPUT.def      X.Y = 2.7, 3.6 ... 3.15, a final release

Rows, one an opcode that can stand in a file (pseudo opcodes are left out):
  BF_OP(number, name, base, kind, argument, flow, caches, popped, pushed, on_jump, reads, gives)
      base      the opcode that a compiler writes for it (itself, unless specialized or instrumented)
      kind      PLAIN | SPECIALIZED | INSTRUMENTED
      argument  how that version's dis reads the argument; see bf_arg_kind
      flow      NEXT | PREFIX | JUMP | BRANCH | RETURN | RAISE | SETUP | FINALLY | LOOP | POP | BREAK | CONTINUE | LEAVE; see bf_flow
      caches    layout of the inline caches: NONE, or the name of a BF_CACHES row of the same file
      popped, pushed, on_jump, reads, gives     what it does to the stack, from tools/stack_effects.txt
  BF_CACHES(name, units, fields, {name, units}, ...)
  BF_TEXT(argument, value, "text")    what dis shows for an argument; for flags, value is the bit
  BF_TEXT(NONE, number, "name")       the name of an opcode, where it is no identifier: SLICE+0 is SLICE_0 in its row
"""
import dis
import opcode
import os
import sys

V = sys.version_info[:2]
MAX = 256


def specialized():
    """number -> (name, base name), for what the interpreter puts in the place of other opcodes."""
    table = {}
    families = getattr(opcode, "_specializations", {})
    base_of = {name: base for base, family in families.items() for name in family}
    if V in ((3, 11), (3, 12)):     # numbers are given out in order, to the free slots
        names = dict(zip([i for i, n in enumerate(opcode.opname) if n.startswith("<")], opcode._specialized_instructions))
    else:
        names = {number: name for name, number in getattr(opcode, "_specialized_opmap", {}).items()}
    for number, name in names.items():
        table[number] = (name, base_of.get(name, name))
    return table


ONE_OF_ITS_OWN = {          # opcodes whose argument dis reads in a way of its own
    "LOAD_GLOBAL": "NAME_NULL" if V >= (3, 11) else "NAME",
    "LOAD_ATTR": "NAME_METHOD" if V >= (3, 12) else "NAME",
    "LOAD_SUPER_ATTR": "NAME_SUPER",
    "KW_NAMES": "CONST_UNSHOWN" if V == (3, 11) else "CONST",
    "IMPORT_NAME": "NAME_IMPORT" if V >= (3, 15) else "NAME",
    "LOAD_FAST_LOAD_FAST": "LOCAL2",
    "LOAD_FAST_BORROW_LOAD_FAST_BORROW": "LOCAL2",
    "STORE_FAST_LOAD_FAST": "LOCAL2",
    "STORE_FAST_STORE_FAST": "LOCAL2",
    "LOAD_DEREF": "FREE",   # from 3.13 its has* list calls it a local
    "FORMAT_VALUE": "FORMAT",
    "MAKE_FUNCTION": "FUNCTION_FLAGS" if V >= (3, 8) else "RAW",
    "SET_FUNCTION_ATTRIBUTE": "FUNCTION_ATTR",
    "BINARY_OP": "BINARY",
    "CALL_INTRINSIC_1": "INTRINSIC1",
    "CALL_INTRINSIC_2": "INTRINSIC2",
    "CONVERT_VALUE": "CONVERT",
    "LOAD_COMMON_CONSTANT": "COMMON",
    "LOAD_SPECIAL": "SPECIAL" if V >= (3, 14) else "RAW",
    "LOAD_SMALL_INT": "SMALL_INT",
    "IS_OP": "IS" if V >= (3, 14) else "RAW",
    "CONTAINS_OP": "CONTAINS" if V >= (3, 14) else "RAW",
    "END_ASYNC_FOR": "JUMP_FROM" if V >= (3, 14) else "NONE",
}


def argument(number, name):
    takes_one = number in opcode.hasarg if hasattr(opcode, "hasarg") else number >= opcode.HAVE_ARGUMENT
    if not takes_one:
        return "NONE"
    if name in ONE_OF_ITS_OWN:
        return ONE_OF_ITS_OWN[name]
    if number in opcode.hasjrel:
        return "JUMP_BACK" if "BACKWARD" in name else "JUMP_REL"
    for numbers, kind in ((opcode.hasconst, "CONST"), (opcode.hasname, "NAME"), (opcode.hasjabs, "JUMP_ABS"), (opcode.hasfree, "FREE"),
                          (opcode.haslocal, "LOCAL"), (opcode.hascompare, "COMPARE")):
        if number in numbers:
            return kind
    return "RAW"


RETURNS = {"RETURN_VALUE", "RETURN_CONST"}
RAISES = {"RAISE_VARARGS", "RERAISE"}
JUMPS = {"JUMP_FORWARD", "JUMP_ABSOLUTE", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT"}
SETUPS = {"SETUP_FINALLY", "SETUP_WITH", "SETUP_ASYNC_WITH", "SETUP_EXCEPT"}
LOOPS = {"SETUP_LOOP": "LOOP", "BREAK_LOOP": "BREAK", "CONTINUE_LOOP": "CONTINUE"}


def flow(number, name):
    if name == "EXTENDED_ARG":
        return "PREFIX"
    if name == "POP_BLOCK":
        return "POP"
    if name in LOOPS:
        return LOOPS[name]
    if name in RETURNS:     # until 3.7 the interpreter itself goes through finally bodies, then the compiler spells that out
        return "LEAVE" if V <= (3, 7) else "RETURN"
    if name in RAISES:
        return "RAISE"
    if name in JUMPS:
        return "JUMP"
    if name in SETUPS:  # until 3.8 the body of a finally or with is the handler, and is reached without an exception too
        return "FINALLY" if V <= (3, 8) and name != "SETUP_EXCEPT" else "SETUP"
    is_jump = number in opcode.hasjrel or number in opcode.hasjabs
    return "BRANCH" if is_jump and name != "END_ASYNC_FOR" else "NEXT"


COUNTS = {"": "FIXED", "arg": "ARG", "2arg": "TWICE", "bit0": "BIT0", "bit2": "BIT2", "bits": "BITS", "is3": "IS3", "split": "SPLIT", "pairs": "PAIRS"}


def count(text):
    """"1+arg" -> ARG+1: a value of bf_count."""
    fixed, _, added = text.partition("+")
    return "%s+%d" % (COUNTS[added], int(fixed))


def in_range(versions):
    first, _, last = versions.partition("-")
    number = lambda text: tuple(int(part) for part in text.split("."))
    return not versions or number(first) <= V <= number(last or first)


def stack_effects():
    """name -> (popped, pushed, on_jump, reads, gives), for the running version."""
    effects = {}
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "stack_effects.txt")) as f:
        lines = [line.partition("#")[0] for line in f]
    for line in lines:
        shape, _, names = line.partition(" : ")
        if not names:
            continue
        words = shape.split()
        popped, pushed, more = words[0], words[2], dict(zip(words[3::2], words[4::2]))
        effect = [count(popped), count(pushed), count(more.get("jump", pushed)), more.get("reads", "all").upper(), more.get("gives", "new").upper()]
        for name, _, versions in (n.partition("@") for n in names.split()):
            if in_range(versions):
                if name in effects:
                    raise SystemExit("gen_opcodes: two effects of %s" % name)
                effects[name] = effect
    return effects


def identifier(name):
    return name.replace("+", "_")


def texts():
    """(argument kind, value, text) for all that dis looks up."""
    for value, text in enumerate(opcode.cmp_op):
        yield "COMPARE", value, text
    for value, (_, symbol) in enumerate(getattr(opcode, "_nb_ops", ())):
        yield "BINARY", value, symbol
    for value, text in enumerate(getattr(opcode, "_intrinsic_1_descs", ())):
        yield "INTRINSIC1", value, text
    for value, text in enumerate(getattr(opcode, "_intrinsic_2_descs", ())):
        yield "INTRINSIC2", value, text
    if "FORMAT_VALUE" in opcode.opmap:
        for value, text in enumerate(("", "str", "repr", "ascii")):
            yield "FORMAT", value, text
    for value, text in enumerate(getattr(dis, "MAKE_FUNCTION_FLAGS", ())):
        yield "FUNCTION_FLAGS", value, text
    for value, text in enumerate(getattr(dis, "FUNCTION_ATTR_FLAGS", ())):
        yield "FUNCTION_ATTR", value, text
    if "CONVERT_VALUE" in opcode.opmap:
        for value, text in enumerate(("", "str", "repr", "ascii")):
            yield "CONVERT", value, text
    for value, constant in enumerate(getattr(opcode, "_common_constants", ())):
        yield "COMMON", value, constant.__name__ if isinstance(constant, type) else repr(constant)
    for value, text in enumerate(getattr(opcode, "_special_method_names", ())):
        yield "SPECIAL", value, text
    if V >= (3, 14):
        yield "IS", 0, "is"
        yield "IS", 1, "is not"
        yield "CONTAINS", 0, "in"
        yield "CONTAINS", 1, "not in"


def layouts(names):
    """base name -> its cache fields; equal ones share a layout, which is called after its fields."""
    formats = getattr(opcode, "_cache_format", {})
    shared, of = {}, {}
    for name in names:
        fields = tuple(formats.get(name, {}).items())
        if fields:
            of[name] = shared.setdefault(fields, "_".join(field.upper() for field, _ in fields))
    return {layout: fields for fields, layout in shared.items()}, of


def main(path):
    families = specialized()
    rows = []
    for number in range(MAX):
        name, base, kind = opcode.opname[number], None, "PLAIN"
        if number in families:
            name, base = families[number]
            kind = "SPECIALIZED"
        if name.startswith("<"):
            continue
        if name.startswith("INSTRUMENTED_"):
            plain = name[len("INSTRUMENTED_"):]
            base, kind = (plain if plain in opcode.opmap else name), "INSTRUMENTED"
        elif name in ("ENTER_EXECUTOR", "TRACE_RECORD", "CACHE", "RESERVED", "INTERPRETER_EXIT"):
            kind = "INSTRUMENTED"   # never in what a compiler writes
        rows.append((number, name, base or name, kind))
    known, of = layouts([name for _, name, base, _ in rows if base == name])
    effects = stack_effects()
    out = ["/* Made by tools/gen_opcodes.py from the opcode and dis modules of CPython %d.%d.%d; not edited. */" % sys.version_info[:3]]
    for layout, fields in sorted(known.items()):
        units = sum(size for _, size in fields)
        out.append("BF_CACHES(%s, %d, %d, %s)" % (layout, units, len(fields), ", ".join('{BF_STR_INIT("%s"), %d}' % f for f in fields)))
    for number, name, base, kind in rows:
        base_number = opcode.opmap.get(base, number)
        if base not in effects:
            raise SystemExit("gen_opcodes: tools/stack_effects.txt has no effect of %s" % base)
        out.append("BF_OP(%s)" % ", ".join([str(number), identifier(name), identifier(base), kind, argument(base_number, base), flow(base_number, base),
                                            of.get(base, "NONE")] + effects[base]))
    for number, name, _, _ in rows:
        if identifier(name) != name:
            out.append('BF_TEXT(NONE, %d, "%s")' % (number, name))
    for kind, value, text in texts():
        out.append('BF_TEXT(%s, %d, "%s")' % (kind, value, text.replace("\\", "\\\\").replace('"', '\\"')))
    with open(path, "w") as f:
        f.write("\n".join(out) + "\n")


main(sys.argv[1])
