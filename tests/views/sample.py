"""bytecode_files_v1 written down a second time, and datasets made by hand: every null, empty list and empty map that it allows.

A value is a small deterministic function of where it stands, so that a mix-up of two columns or two rows shows.
"""
import os
import zlib

import pyarrow as pa
import pyarrow.parquet as pq

SPAN = {"line_base": "0", "col_unit": "utf32", "end_exclusive": "true", "semantic_type": "Span"}
LINES = {"line_base": "1"}
SCHEMA_METADATA = {
    "schema_name": "bytecode_files_v1", "schema_version": "1", "bytecode_abi_version": "1", "bytecode_span_line_base": "0",
    "bytecode_span_col_unit": "utf32", "bytecode_span_end_exclusive": "true", "ordering_level": "explicit",
    "ordering_keys": "path:ascending,file_id:ascending", "required_non_null": "file_id,path", "key_fields": "file_id,path",
}
ATTRS = pa.map_(pa.string(), pa.string())


def struct(text, **nested):
    """Fields of "name:type" words; "!" after the type: not null. A type is i32, i64, str, bool, attrs or a key of `nested`."""
    known = {"i32": pa.int32(), "i64": pa.int64(), "str": pa.string(), "bool": pa.bool_(), "attrs": ATTRS,
             "strs": items(pa.string())}
    fields = []
    for word in text.split():
        name, kind = word.rstrip("!").split(":")
        kind = nested.get(kind, known.get(kind))
        kind, metadata = kind if isinstance(kind, tuple) else (kind, None)
        fields.append(pa.field(name, kind, nullable=not word.endswith("!"), metadata=metadata))
    return pa.struct(fields)


def items(kind):
    return pa.list_(pa.field("item", kind, nullable=False))


FLAGS = ("is_optimized is_newlocals has_varargs has_varkeywords is_nested is_generator is_nofree is_coroutine is_iterable_coroutine "
         "is_async_generator").split()
POINT = struct("line0:i32 col:i32")
SPAN_TYPE = struct("start:point end:point end_exclusive:bool col_unit:str byte_span:bytes", point=POINT,
                   bytes=struct("byte_start:i32 byte_len:i32"))
INSTRUCTION = struct(
    "instr_index:i32! offset:i32! start_offset:i32 end_offset:i32 opname:str! baseopname:str opcode:i32! baseopcode:i32 arg:i32 oparg:i32 "
    "argval_kind:str argval_int:i64 argval_str:str argrepr:str line_number:i32 starts_line:i32 label:i32 is_jump_target:bool "
    "jump_target:i32 cache_info:caches span:span attrs:attrs",
    caches=items(struct("name:str! size:i32 data_hex:str")), span=(SPAN_TYPE, SPAN))
CODE = struct(
    "code_id:str! qualname:str! co_qualname:str co_filename:str name:str! firstlineno1:i32! argcount:i32 posonlyargcount:i32 "
    "kwonlyargcount:i32 nlocals:i32 flags:i32 flags_detail:flags stacksize:i32 code_len:i32 varnames:strs freevars:strs cellvars:strs "
    "names:strs consts:consts consts_json:str line_table:lines instructions:instructions exception_table:excs blocks:blocks cfg_edges:cfg "
    "dfg_edges:dfg attrs:attrs",
    flags=struct(" ".join(f + ":bool" for f in FLAGS)),
    consts=items(struct("const_index:i32! const_repr:str!")),
    lines=(items(struct("offset:i32! line1:line1 line0:i32 attrs:attrs", line1=(pa.int32(), LINES))), LINES),
    instructions=(items(INSTRUCTION), SPAN),
    excs=items(struct("exc_index:i32! start_offset:i32 end_offset:i32 target_offset:i32 depth:i32 lasti:bool attrs:attrs")),
    blocks=items(struct("start_offset:i32! end_offset:i32! kind:str! attrs:attrs")),
    cfg=items(struct("src_block_start:i32! src_block_end:i32! dst_block_start:i32! dst_block_end:i32! kind:str! edge_key:str! "
                     "cond_instr_index:i32 cond_instr_offset:i32 exc_index:i32 attrs:attrs")),
    dfg=items(struct("src_instr_index:i32! dst_instr_index:i32! kind:str! attrs:attrs")))
ERROR = struct("error_type:str! message:str! attrs:attrs")


def schema(partitioned=False):
    """With partitions `repo` is in the folder names and not in the files."""
    fields = [pa.field("path", pa.string(), False), pa.field("file_id", pa.string(), False), pa.field("code_objects", items(CODE)),
              pa.field("errors", items(ERROR)), pa.field("attrs", ATTRS)]
    return pa.schema(([] if partitioned else [pa.field("repo", pa.string())]) + fields, metadata=SCHEMA_METADATA)


# ---- rows ----

class Maker:
    """Values for a type. `fill`: all is set, sparse: each nullable value is null, mixed: some are; lists have `n` items."""

    def __init__(self, fill, n, seed=0):
        self.fill, self.n, self.turn = fill, n, seed

    def draw(self, n):
        """0 to n - 1, without a pattern that two fields could share."""
        self.turn += 1
        return zlib.crc32(b"%d" % self.turn) % n

    def null(self):
        return {"all": False, "sparse": True, "mixed": self.draw(3) == 0}[self.fill]

    def value(self, kind, name, nullable=True):
        if nullable and self.null():
            return None
        if pa.types.is_struct(kind):
            return {f.name: self.value(f.type, f.name, f.nullable) for f in kind}
        if pa.types.is_map(kind):
            return self.attrs()
        if pa.types.is_list(kind):
            return [self.value(kind.value_type, name, False) for _ in range(self.draw(self.n + 1) if self.fill == "mixed" else self.n)]
        if pa.types.is_boolean(kind):
            return self.draw(2) == 1
        self.turn += 1
        if pa.types.is_string(kind):
            return "%s %d%s" % (name, self.turn, ("", "'\"\\", "\t\n:", "é€😀", "")[self.turn % 5])
        return (self.turn * 7919) % 100003 - 1000 if pa.types.is_int32(kind) else (-1) ** self.turn * (2**63 - self.turn)

    def attrs(self):
        """Every key that a view reads, some of them absent, null or no number; and one that no view knows."""
        keys = ("stack_depth_before stack_depth_after jump_kind jump_label operand result error_stage code_id parent_code_id zz").split()
        values = {"stack_depth_before": str(self.turn % 9), "stack_depth_after": "-2147483648", "jump_label": str(self.turn)}
        chosen = [k for i, k in enumerate(keys) if self.fill == "all" or (self.turn >> i) & 1]
        return [(k, None if self.fill == "mixed" and (self.turn + i) % 7 == 0 else values.get(k, "%s of %d" % (k, self.turn)))
                for i, k in enumerate(chosen)]


FILE_ATTRS = {
    "file_sha256": "ab" * 32, "python_version": "3.13", "python_magic": "3571", "pyc_flags": "0", "source_mtime": "4294967295",
    "source_size": "12", "source_hash": "00ff", "optimize": "2", "include_cfg": "true", "adaptive": "false", "source_status": "ok",
    "container": "wheel",
}


def row(i, maker, repo="a"):
    r = {"repo": repo, "path": "pkg/m%03d.pyc" % i, "file_id": "file%03d" % i}
    r.update({f.name: maker.value(f.type, f.name) for f in schema() if f.name in ("code_objects", "errors")})
    r["attrs"] = list(FILE_ATTRS.items())
    for n, code in enumerate(r["code_objects"] or ()):
        code["code_id"] = "code%03d_%d" % (i, n)
    return r


def rows():
    """A file of all values, of no nullable ones, of mixed ones, and the corners."""
    some = [row(0, Maker("all", 2)), row(1, Maker("sparse", 2)), row(2, Maker("mixed", 3, 1), None), row(3, Maker("mixed", 4, 2))]
    # mixed fills null out whole lists of code objects: keep them, and their fields take turns
    for i, seed in enumerate(range(5, 17)):
        maker = Maker("mixed", 4, seed)
        r = row(4 + i, maker, "b")
        r["code_objects"] = [dict(maker.value(CODE, "code", False), code_id="code%d_%d" % (i, n)) for n in range(3)]
        r["errors"] = [maker.value(ERROR, "error", False) for _ in range(i % 3)]
        r["attrs"] = [(k, v) for n, (k, v) in enumerate(FILE_ATTRS.items()) if (seed + n) % 3]
        some.append(r)
    corners = [dict(some[0], file_id="corner%d" % i, path="corner/%d.pyc" % i) for i in range(5)]
    corners[0].update(code_objects=[], errors=[], attrs=[])
    corners[1].update(code_objects=None, errors=None, attrs=None, repo=None)
    corners[2].update(attrs=[("source_mtime", "no number"), ("source_size", None), ("optimize", "")])
    hollow = dict(Maker("all", 0).value(CODE, "code", False), code_id="hollow", attrs=[])  # every list is empty
    corners[3].update(code_objects=[hollow])
    odd = Maker("all", 1).value(CODE, "code", False)
    odd["instructions"][0].update(span=None, attrs=[("stack_depth_before", "deep"), ("stack_depth_after", "99999999999")])
    odd["cfg_edges"][0].update(attrs=[("jump_label", "")])
    corners[4].update(code_objects=[dict(odd, code_id="odd", name="")])
    return some + corners


def write(folder, rows, n_files=3, partitioned=False, row_group_rows=2):
    os.makedirs(folder, exist_ok=True)
    names = schema(partitioned).names
    for i in range(n_files):
        for repo in sorted({r["repo"] or "none" for r in rows}) if partitioned else [None]:
            part = [{k: r[k] for k in names} for r in rows[i::n_files] if repo is None or (r["repo"] or "none") == repo]
            where = os.path.join(folder, "repo=" + repo) if partitioned else folder
            os.makedirs(where, exist_ok=True)
            table = pa.Table.from_pylist(part, schema=schema(partitioned))
            pq.write_table(table, os.path.join(where, "part-%d.parquet" % i), compression="zstd", row_group_size=row_group_rows)
