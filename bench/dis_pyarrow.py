"""The other way to the same dataset: dis, dicts and pyarrow. Run by the CPython that wrote the files; reads nothing of any other.

usage: dis_pyarrow.py DIR OUTPUT.parquet [FILES_PER_BATCH]

Every column of bytecode_files_v1 but consts_json, blocks, cfg_edges, dfg_edges and the attrs of instructions, which stay empty.
"""
import dis
import gc
import hashlib
import importlib.util
import marshal
import os
import re
import sys
import types

import pyarrow as pa
import pyarrow.parquet as pq

# ---- the schema ----


def must(name, kind):
    return pa.field(name, kind, nullable=False)


def list_of(kind):
    return pa.list_(must("item", kind))


def struct_list(*fields):
    return list_of(pa.struct(fields))


I32, TEXT, BOOL, NAMES = pa.int32(), pa.string(), pa.bool_(), list_of(pa.string())
ATTRS = ("attrs", pa.map_(TEXT, TEXT))
SPAN_METADATA = {"line_base": "0", "col_unit": "utf32", "end_exclusive": "true", "semantic_type": "Span"}
PLACE = pa.struct([("line0", I32), ("col", I32)])
SPAN = pa.struct([("start", PLACE), ("end", PLACE), ("end_exclusive", BOOL), ("col_unit", TEXT),
                  ("byte_span", pa.struct([("byte_start", I32), ("byte_len", I32)]))])
FLAGS = ["is_optimized", "is_newlocals", "has_varargs", "has_varkeywords", "is_nested", "is_generator", "is_nofree", "is_coroutine",
         "is_iterable_coroutine", "is_async_generator"]      # bit 0, 1, ...
INSTRUCTIONS = struct_list(
    must("instr_index", I32), must("offset", I32), ("start_offset", I32), ("end_offset", I32), must("opname", TEXT), ("baseopname", TEXT),
    must("opcode", I32), ("baseopcode", I32), ("arg", I32), ("oparg", I32), ("argval_kind", TEXT), ("argval_int", pa.int64()),
    ("argval_str", TEXT), ("argrepr", TEXT), ("line_number", I32), ("starts_line", I32), ("label", I32), ("is_jump_target", BOOL),
    ("jump_target", I32), ("cache_info", struct_list(must("name", TEXT), ("size", I32), ("data_hex", TEXT))),
    pa.field("span", SPAN, metadata=SPAN_METADATA), ATTRS)
CODE_OBJECTS = struct_list(
    must("code_id", TEXT), must("qualname", TEXT), ("co_qualname", TEXT), ("co_filename", TEXT), must("name", TEXT),
    must("firstlineno1", I32), ("argcount", I32), ("posonlyargcount", I32), ("kwonlyargcount", I32), ("nlocals", I32), ("flags", I32),
    ("flags_detail", pa.struct([(name, BOOL) for name in FLAGS])), ("stacksize", I32), ("code_len", I32), ("varnames", NAMES),
    ("freevars", NAMES), ("cellvars", NAMES), ("names", NAMES), ("consts", struct_list(must("const_index", I32), must("const_repr", TEXT))),
    ("consts_json", TEXT),
    pa.field("line_table", struct_list(must("offset", I32), pa.field("line1", I32, metadata={"line_base": "1"}), ("line0", I32), ATTRS),
             metadata={"line_base": "1"}),
    pa.field("instructions", INSTRUCTIONS, metadata=SPAN_METADATA),
    ("exception_table", struct_list(must("exc_index", I32), ("start_offset", I32), ("end_offset", I32), ("target_offset", I32),
                                    ("depth", I32), ("lasti", BOOL), ATTRS)),
    ("blocks", struct_list(must("start_offset", I32), must("end_offset", I32), must("kind", TEXT), ATTRS)),
    ("cfg_edges", struct_list(must("src_block_start", I32), must("src_block_end", I32), must("dst_block_start", I32),
                              must("dst_block_end", I32), must("kind", TEXT), must("edge_key", TEXT), ("cond_instr_index", I32),
                              ("cond_instr_offset", I32), ("exc_index", I32), ATTRS)),
    ("dfg_edges", struct_list(must("src_instr_index", I32), must("dst_instr_index", I32), must("kind", TEXT), ATTRS)),
    ATTRS)
SCHEMA = pa.schema([("repo", TEXT), must("path", TEXT), must("file_id", TEXT), ("code_objects", CODE_OBJECTS),
                    ("errors", struct_list(must("error_type", TEXT), must("message", TEXT), ATTRS)), ATTRS])

# ---- rows ----

KINDS = {}      # opcode -> argval_kind
for kind, opcodes in (("local", dis.haslocal), ("free", dis.hasfree), ("name", dis.hasname), ("compare", dis.hascompare),
                      ("const", dis.hasconst), ("jump", dis.hasjrel)):
    KINDS.update(dict.fromkeys(opcodes, kind))


def plain(text):
    """UTF-8 cannot hold a lone surrogate."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def const_repr(value):
    """repr, but for the address of a code object."""
    if isinstance(value, types.CodeType):
        return f'<code object {value.co_name}, file "{value.co_filename}", line {value.co_firstlineno}>'
    return plain(repr(value))


def argument(x):
    """(kind, int, text) of what the argument stands for."""
    if x.arg is None:
        return None, None, None
    kind, value = KINDS.get(x.opcode), x.argval
    if kind is None:
        return None, x.arg, None
    if kind == "jump":
        return kind, value, None
    if kind != "const":
        return kind, None, ", ".join(value) if isinstance(value, tuple) else value
    number = int(value) if isinstance(value, int) and -2**63 <= value < 2**63 else None
    if value is None:
        return kind, None, None
    return kind, number, plain(value) if isinstance(value, str) else const_repr(value)


def span(p):
    if not p.lineno or p.end_lineno is None or p.col_offset is None or p.end_col_offset is None:
        return None
    return {"start": {"line0": p.lineno - 1, "col": p.col_offset}, "end": {"line0": p.end_lineno - 1, "col": p.end_col_offset},
            "end_exclusive": True, "col_unit": "utf8", "byte_span": None}


def instruction_rows(code):
    rows = []
    for index, x in enumerate(dis.get_instructions(code)):
        kind, number, text = argument(x)
        rows.append({
            "instr_index": index, "offset": x.offset, "start_offset": x.start_offset, "end_offset": x.end_offset, "opname": x.opname,
            "baseopname": x.baseopname, "opcode": x.opcode, "baseopcode": x.baseopcode, "arg": x.arg, "oparg": x.oparg, "argval_kind": kind,
            "argval_int": number, "argval_str": text,
            "argrepr": text if isinstance(x.argval, types.CodeType) else plain(x.argrepr),
            "line_number": x.line_number, "starts_line": x.line_number if x.starts_line else None, "label": x.label,
            "is_jump_target": x.is_jump_target, "jump_target": x.jump_target,
            "cache_info": [{"name": name, "size": size, "data_hex": data.hex()} for name, size, data in x.cache_info or ()],
            "span": span(x.positions), "attrs": []})
    return rows


def code_rows(code, file_id, parent=None, rows=None):
    """The code object and all below it, in pre-order."""
    rows = [] if rows is None else rows
    row = {
        "code_id": digest(f"{file_id}:{len(rows)}"),
        "qualname": f"{parent['qualname']}.{code.co_name}@{code.co_firstlineno}" if parent else "<module>",
        "co_qualname": code.co_qualname, "co_filename": code.co_filename, "name": code.co_name, "firstlineno1": code.co_firstlineno,
        "argcount": code.co_argcount, "posonlyargcount": code.co_posonlyargcount, "kwonlyargcount": code.co_kwonlyargcount,
        "nlocals": code.co_nlocals, "flags": code.co_flags,
        "flags_detail": {name: bool(code.co_flags >> bit & 1) and name != "is_nofree" for bit, name in enumerate(FLAGS)},
        "stacksize": code.co_stacksize, "code_len": len(code.co_code), "varnames": code.co_varnames, "freevars": code.co_freevars,
        "cellvars": code.co_cellvars, "names": code.co_names,
        "consts": [{"const_index": i, "const_repr": const_repr(value)} for i, value in enumerate(code.co_consts)],
        "consts_json": None,
        "line_table": [{"offset": offset, "line1": line, "line0": line - 1 if line else None, "attrs": []}
                       for offset, line in dis.findlinestarts(code)],
        "instructions": instruction_rows(code),
        "exception_table": [{"exc_index": i, "start_offset": e.start, "end_offset": e.end, "target_offset": e.target, "depth": e.depth,
                             "lasti": e.lasti, "attrs": []} for i, e in enumerate(dis._parse_exception_table(code))],
        "blocks": [], "cfg_edges": [], "dfg_edges": [], "attrs": []}
    if parent:
        row["attrs"] = [("parent_code_id", parent["code_id"]), ("parent_qualpath", parent["qualname"]), ("parent_co_name", parent["name"]),
                        ("parent_firstlineno", str(parent["firstlineno1"]))]
    rows.append(row)
    for value in code.co_consts:
        if isinstance(value, types.CodeType):
            code_rows(value, file_id, row, rows)
    return rows


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def file_row(root, path):
    with open(os.path.join(root, path), "rb") as f:
        data = f.read()
    if data[:4] != importlib.util.MAGIC_NUMBER:
        raise SystemExit(f"dis_pyarrow: {path} was written by another CPython than this one")
    sha256, flags = hashlib.sha256(data).hexdigest(), int.from_bytes(data[4:8], "little")
    attrs = [("file_sha256", sha256), ("python_version", "%d.%d" % sys.version_info[:2]),
             ("python_magic", str(int.from_bytes(data[:2], "little"))), ("pyc_flags", str(flags))]
    if flags & 1:
        attrs += [("source_hash", data[8:16].hex())]
    else:
        attrs += [("source_mtime", str(int.from_bytes(data[8:12], "little"))), ("source_size", str(int.from_bytes(data[12:16], "little")))]
    if optimize := re.search(r"\.opt-(\w+)\.[^/]*$", path):
        attrs += [("optimize", optimize[1])]
    attrs += [("include_cfg", "false"), ("adaptive", "false")]      # marshal gives code that has not run
    file_id = digest(f"\0{path}\0{sha256}")
    return {"repo": None, "path": path, "file_id": file_id, "code_objects": code_rows(marshal.loads(data[16:]), file_id), "errors": [],
            "attrs": attrs}


def main(root, output, collect="gc", files_per_batch="32"):
    paths = sorted(os.path.relpath(os.path.join(folder, name), root)
                   for folder, _, names in os.walk(root) for name in names if name.endswith(".pyc"))
    step = int(files_per_batch)
    if collect == "no-gc":
        gc.disable()    # nothing here makes cycles, and without it this takes a quarter longer
    with pq.ParquetWriter(output, SCHEMA, compression="zstd") as writer:
        for i in range(0, len(paths), step):
            writer.write_table(pa.Table.from_pylist([file_row(root, path) for path in paths[i:i + step]], schema=SCHEMA))


main(*sys.argv[1:])
