"""Do two datasets hold the same? Compares the columns of bytecode_files_v1, leaf by leaf, null by null, and prints what it found.

usage: compare.py A B            files or folders of Parquet, rows in order of path

Left out: ids (each writer may make its own), attrs, consts_json, byte_span, blocks, cfg_edges and dfg_edges, which dis does not give.
A frozenset's text is in the order of the file here and in that of a hash table there: such texts are compared as sets, and counted.
Exit status: 0 equal, 1 different.
"""
import ast
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

LEFT_OUT = {"file_id", "code_id", "attrs", "consts_json", "byte_span", "blocks", "cfg_edges", "dfg_edges"}
ONLY_HERE = ("blocks", "cfg_edges", "dfg_edges")      # of A: counted
COUNTED = {"code_objects": "code_objects", "code_objects[].instructions": "instructions"}


def parsed(text):
    """What a text with frozensets stands for, with types: 1 and True are equal, their texts are not."""
    def value(node):
        if isinstance(node, ast.Call) and node.func.id == "frozenset":
            return "frozenset", frozenset(map(value, node.args[0].elts)) if node.args else ()
        if isinstance(node, ast.Tuple):
            return "tuple", tuple(map(value, node.elts))
        return "other", ast.dump(node)
    return value(ast.parse(text, mode="eval").body)


def same_set(a, b):
    try:
        return "frozenset(" in a and parsed(a) == parsed(b)
    except (AttributeError, SyntaxError, TypeError, ValueError):
        return False


class Comparison:
    def __init__(self):
        self.n_columns, self.n_sets, self.counts, self.different = 0, 0, {}, []

    def leaf(self, a, b, name):
        self.n_columns += 1
        if a.equals(b):
            return
        differs = pc.or_(pc.xor(a.is_valid(), b.is_valid()), pc.fill_null(pc.not_equal(a, b), False))
        pairs = list(zip(a.filter(differs).to_pylist(), b.filter(differs).to_pylist()))
        wrong = [pair for pair in pairs if not (all(isinstance(text, str) for text in pair) and same_set(*pair))]
        self.n_sets += len(pairs) - len(wrong)
        if wrong:
            self.different.append((name, len(wrong), *wrong[0]))

    def arrays(self, a, b, name):
        if len(a) != len(b):
            self.different.append((name, abs(len(a) - len(b)), f"{len(a)} rows", f"{len(b)} rows"))
        elif pa.types.is_list(a.type):
            if not pc.list_value_length(a).equals(pc.list_value_length(b)):
                self.leaf(pc.list_value_length(a), pc.list_value_length(b), name + " length")
                return
            if name in COUNTED:
                self.counts[COUNTED[name]] = len(a.flatten())
            self.arrays(a.flatten(), b.flatten(), name + "[]")
        elif pa.types.is_struct(a.type):
            if not a.is_valid().equals(b.is_valid()):
                self.leaf(a.is_valid(), b.is_valid(), name + " is there")
            if a.type.names != b.type.names:
                self.different.append((name, 1, a.type.names, b.type.names))
                return
            for field in a.type.names:
                if field not in LEFT_OUT:
                    self.arrays(a.field(field), b.field(field), f"{name}.{field}".lstrip("."))
        else:
            self.leaf(a, b, name)


def main(left, right):
    a, b = (pq.read_table(path).to_struct_array().combine_chunks() for path in (left, right))
    comparison = Comparison()
    comparison.counts["files"] = len(a)
    comparison.arrays(a, b, "")
    for name, n, x, y in comparison.different:
        print(f"different\t{name}\t{n}\t{x!r}\t{y!r}")
    for what, n in comparison.counts.items():
        print(f"{what}\t{n}")
    for what in ONLY_HERE:
        print(f"{what}\t{pc.sum(pc.list_value_length(a.field('code_objects').flatten().field(what))).as_py() or 0}")
    print(f"columns\t{comparison.n_columns}\nsets\t{comparison.n_sets}")
    return 1 if comparison.different else 0


sys.exit(main(*sys.argv[1:]))
