"""Datasets with one defect each, made by pyarrow: refused with the path of the field, or served where the contract allows it."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import pyarrow as pa
import pyarrow.parquet as pq

PROGRAM, DATA = os.environ["BYTEFUSION"], pathlib.Path(os.environ["BF_TEST_DATA"])

# ---- changing one field of a schema, and the data with it ----


def retype(kind, path, change):
    """The type with the field at `path` (names; "[]" an item of a list) replaced by change(field), a list of fields."""
    name, rest = path[0], path[1:]
    if name == "[]":
        item = kind.value_field
        return pa.list_(item.with_type(retype(item.type, rest, change)) if rest else change(item)[0])
    fields = []
    for field in kind:
        if field.name != name:
            fields.append(field)
        elif rest:
            fields.append(field.with_type(retype(field.type, rest, change)))
        else:
            fields.extend(change(field))
    return pa.struct(fields)


def alter(schema, path, change):
    fields = retype(pa.struct(list(schema)), path, change)
    return pa.schema(list(fields), metadata=schema.metadata)


def cast_to(kind):
    return lambda field: [field.with_type(kind)]


def rename(name):
    return lambda field: [field.with_name(name)]


def without_metadata(field):
    return [field.remove_metadata()]


def nullable(flag):
    return lambda field: [field.with_nullable(flag)]


def move_last(schema, names):
    fields = [f for f in schema if f.name != names[0]] + [schema.field(names[0])]
    return pa.schema(fields, metadata=schema.metadata)


def swap_first_two(kind):
    fields = list(kind)
    return pa.struct([fields[1], fields[0], *fields[2:]])


CODE = ["code_objects", "[]"]
INSTR = CODE + ["instructions", "[]"]
i32, i64 = pa.int32(), pa.int64()

# name, change of the schema, what the message names: (field path, expected, found), or None where it is to be served
SCHEMAS = [
    ("top-level type", lambda s: alter(s, ["path"], cast_to(pa.large_string())), ("path", "utf8", "large_utf8")),
    ("top-level nullability", lambda s: alter(s, ["file_id"], nullable(True)), ("file_id", "not null", "nullable")),
    ("repo made required", lambda s: alter(s, ["repo"], nullable(False)), ("repo", "nullable", "not null")),
    ("column missing", lambda s: alter(s, ["errors"], lambda f: []), ("errors", "list<struct>", "no such field")),
    ("column extra", lambda s: alter(s, ["attrs"], lambda f: [f, pa.field("more", pa.string())]), ("more", "no such field", "utf8")),
    ("column renamed", lambda s: alter(s, ["errors"], rename("problems")), ("errors", "list<struct>", "no such field")),
    ("columns reordered", lambda s: move_last(s, ["repo"]), ("repo", "at this place repo", "path")),
    ("int widened", lambda s: alter(s, CODE + ["argcount"], cast_to(i64)), ("code_objects[].argcount", "int32", "int64 (wider)")),
    ("int narrowed", lambda s: alter(s, CODE + ["stacksize"], cast_to(pa.int16())), ("code_objects[].stacksize", "int32", "int16")),
    ("int to float", lambda s: alter(s, CODE + ["nlocals"], cast_to(pa.float64())), ("code_objects[].nlocals", "int32", "float64")),
    ("bool to int at depth 3", lambda s: alter(s, CODE + ["flags_detail", "is_nested"], cast_to(i32)), ("code_objects[].flags_detail.is_nested", "bool", "int32")),
    ("deep int widened", lambda s: alter(s, INSTR + ["opcode"], cast_to(i64)), ("code_objects[].instructions[].opcode", "int32", "int64 (wider)")),
    ("deep int64 narrowed", lambda s: alter(s, INSTR + ["argval_int"], cast_to(i32)), ("code_objects[].instructions[].argval_int", "int64", "int32")),
    ("deep utf8 to large_utf8", lambda s: alter(s, INSTR + ["opname"], cast_to(pa.large_string())), ("code_objects[].instructions[].opname", "utf8", "large_utf8 (wider)")),
    ("deep utf8 to binary", lambda s: alter(s, INSTR + ["argrepr"], cast_to(pa.binary())), ("code_objects[].instructions[].argrepr", "utf8", "binary")),
    ("deep column missing", lambda s: alter(s, INSTR + ["label"], lambda f: []), ("code_objects[].instructions[].label", "int32", "no such field")),
    ("deep column extra", lambda s: alter(s, INSTR + ["label"], lambda f: [f, pa.field("more", i32)]), ("code_objects[].instructions[].more", "no such field", "int32")),
    ("deep column renamed", lambda s: alter(s, INSTR + ["oparg"], rename("operand")), ("code_objects[].instructions[].oparg", "int32", "no such field")),
    ("deep columns reordered", lambda s: alter(s, INSTR, lambda f: [f.with_type(swap_first_two(f.type))]), ("code_objects[].instructions[].instr_index", "at this place instr_index", "offset")),
    ("deep nullability", lambda s: alter(s, INSTR + ["offset"], nullable(True)), ("code_objects[].instructions[].offset", "not null", "nullable")),
    ("depth 5 type", lambda s: alter(s, INSTR + ["span", "start", "line0"], cast_to(i64)), ("code_objects[].instructions[].span.start.line0", "int32", "int64 (wider)")),
    ("depth 5 byte span", lambda s: alter(s, INSTR + ["span", "byte_span", "byte_len"], cast_to(pa.int16())), ("code_objects[].instructions[].span.byte_span.byte_len", "int32", "int16")),
    ("cache size type", lambda s: alter(s, INSTR + ["cache_info", "[]", "size"], cast_to(i64)), ("code_objects[].instructions[].cache_info[].size", "int32", "int64 (wider)")),
    ("field metadata lost", lambda s: alter(s, INSTR + ["span"], without_metadata), ("code_objects[].instructions[].span", "semantic_type=Span", "none")),
    ("field metadata altered", lambda s: alter(s, CODE + ["line_table"], lambda f: [f.with_metadata({"line_base": "0"})]), ("code_objects[].line_table", "metadata line_base=1", "line_base=0")),
    ("field metadata added", lambda s: alter(s, CODE + ["names"], lambda f: [f.with_metadata({"unit": "name"})]), ("code_objects[].names", "metadata none", "unit=name")),
    ("schema metadata lost", lambda s: s.remove_metadata(), ("the schema", "metadata bytecode_abi_version=1", "none")),
    ("schema metadata altered", lambda s: s.with_metadata({**s.metadata, b"schema_version": b"2"}), ("the schema", "metadata schema_version=1", "schema_version=2")),
    ("map to list of structs", lambda s: alter(s, ["attrs"], cast_to(pa.list_(pa.struct([pa.field("key", pa.string()), pa.field("value", pa.string())])))), ("attrs", "map<utf8,utf8>", "list<struct>")),
    ("list of structs to list of texts", lambda s: alter(s, ["errors"], cast_to(pa.list_(pa.string()))), ("errors[]", "struct", "utf8")),
    ("struct to text", lambda s: alter(s, CODE + ["flags_detail"], cast_to(pa.string())), ("code_objects[].flags_detail", "struct", "utf8")),
    ("unsigned", lambda s: alter(s, CODE + ["flags"], cast_to(pa.uint32())), ("code_objects[].flags", "int32", "uint32")),
    ("utf8view at the top", lambda s: alter(s, ["path"], cast_to(pa.string_view())), None),
    ("more schema metadata", lambda s: s.with_metadata({**s.metadata, b"made_by": b"somebody"}), None),
    ("inner names of lists", lambda s: alter(s, CODE + ["names"], lambda f: [f.with_type(pa.list_(pa.field("item", pa.string(), nullable=False)))]), None),
]


class Broken(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        dataset = cls.folder / "good"
        subprocess.run([PROGRAM, "index", DATA / "3.12", "-o", dataset], check=True, stdout=subprocess.DEVNULL)
        cls.table = pq.read_table(dataset)
        cls.empty = cls.table.schema.empty_table()
        cls.n = 0

    def make(self, *tables, **options):
        Broken.n += 1
        dataset = self.folder / f"d{Broken.n}"
        dataset.mkdir()
        for i, table in enumerate(tables):
            pq.write_table(table, dataset / f"part-{i:05d}.parquet", compression="zstd", **options)
        return dataset

    def query(self, dataset, code=0, *options):
        done = subprocess.run([PROGRAM, "query", dataset, "SELECT count(*) FROM bytecode_files_v1", "--format", "tsv", *options], capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stderr if code else int(done.stdout.split("\n")[1])

    def refused(self, name, dataset, words):
        message = self.query(dataset, 1).strip().removeprefix("bytefusion: ").replace(str(self.folder) + "/", "")
        for word in words:
            self.assertIn(word, message)
        print(f"{name:<34} {message}")

    def test_schemas(self):
        for name, change, words in SCHEMAS:
            with self.subTest(name):
                schema = change(self.table.schema)
                dataset = self.make(schema.empty_table())
                if words:
                    self.refused(name, dataset, ["part-00000.parquet", words[0] + ":", ("" if words[1].startswith("semantic") else "expected ") + words[1], words[2]])
                else:
                    self.assertEqual(self.query(dataset), 0)
                    print(f"{name:<34} served")

    def test_as_pyarrow_writes_it(self):
        for version in ("1.0", "2.4", "2.6"):
            self.assertEqual(self.query(self.make(self.table, version=version)), self.table.num_rows)
        self.assertEqual(self.query(self.make(self.table.slice(0, 5), self.table.slice(5))), self.table.num_rows)
        print(f"{'good, written by pyarrow':<34} served")

    def test_one_bad_among_a_hundred(self):
        bad = alter(self.table.schema, INSTR + ["opcode"], cast_to(i64)).empty_table()
        dataset = self.make(*[self.empty] * 57, bad, *[self.empty] * 43)
        self.refused("one bad file among 101", dataset, ["part-00057.parquet", "code_objects[].instructions[].opcode", "int32", "int64"])

    def test_footer_without_arrow_schema(self):
        self.refused("footer without ARROW:schema", self.make(self.table, store_schema=False), ["part-00000.parquet", "expected"])

    def test_files_that_are_none(self):
        dataset = self.make(self.table, self.table)
        part = dataset / "part-00001.parquet"
        whole = part.read_bytes()
        for name, data in (("zero-byte file", b""), ("truncated file", whole[: len(whole) // 2]), ("text file", b"PAR1 no, PAR1"), ("footer cut", whole[:-8])):
            part.write_bytes(data)
            self.refused(name, dataset, ["part-00001.parquet", "footer"])

    def hive(self, *folders, schema=None):
        Broken.n += 1
        dataset = self.folder / f"d{Broken.n}"
        table = self.table.drop(["repo"]) if schema is None else schema.empty_table()
        for folder in folders:
            (dataset / folder).mkdir(parents=True)
            pq.write_table(table, dataset / folder / "part-00000.parquet")
        return dataset

    def test_partitions(self):
        self.assertEqual(self.query(self.hive("repo=a", "repo=b")), 2 * self.table.num_rows)
        print(f"{'hive partitions':<34} served")
        self.refused("null partition", self.hive("repo=a", "repo=__HIVE_DEFAULT_PARTITION__"), ["repo is null"])
        self.refused("different partition columns", self.hive("repo=a", "team=b"), ["team=b", "partition columns"])
        self.refused("partition column in the files too", self.hive("repo=a", schema=self.table.schema), ["repo", "no such field", "utf8"])
        dataset = self.hive("repo=a")
        self.assertEqual(self.query(dataset, 0, "--set", "partition_cols=repo utf8"), self.table.num_rows)
        for name, declared, words in (("wrong partition type", "repo int32", ["repo", "int32", "utf8"]), ("wrong partition column", "team utf8", ["team", "repo"])):
            done = subprocess.run([PROGRAM, "query", dataset, "SELECT 1", "--set", f"partition_cols={declared}"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            for word in words:
                self.assertIn(word, done.stderr)
            print(f"{name:<34} {done.stderr.strip().removeprefix('bytefusion: ').replace(str(self.folder) + '/', '')}")


if __name__ == "__main__":
    unittest.main()
