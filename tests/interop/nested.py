"""Nested columns of any shape, written by bf_write_parquet and read by pyarrow: nothing is lost, nothing is added.

The values are random with a fixed seed; null lists, structs and maps, empty ones, and slices of larger arrays are among them.
"""
import ctypes
import os
import random
import tempfile
import unittest

import pyarrow as pa
import pyarrow.parquet as pq

LIBRARY = os.path.join(os.path.dirname(os.environ["BYTEFUSION"]), "libbytefusion.so")


class Error(ctypes.Structure):      # bf_error
    _fields_ = [("code", ctypes.c_int), ("offset", ctypes.c_int64), ("message", ctypes.c_char * 1024)]


class Stream(ctypes.Structure):     # struct ArrowArrayStream
    _fields_ = [("members", ctypes.c_void_p * 5)]


def round_trip(table):
    stream, error = Stream(), Error()
    table.to_reader()._export_to_c(ctypes.addressof(stream))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "t.parquet")
        if ctypes.CDLL(LIBRARY).bf_write_parquet(ctypes.byref(stream), path.encode(), ctypes.byref(error)):
            raise AssertionError(error.message.decode())
        return pq.read_table(path), pq.ParquetFile(path).metadata


def encodings(metadata, column):
    return {e for g in range(metadata.num_row_groups) for e in metadata.row_group(g).column(column).encodings}


def random_type(r, depth):
    kind = r.choice(["leaf"] * (4 - depth) + ["list", "struct", "map"]) if depth < 4 else "leaf"
    inner = lambda: random_type(r, depth + 1)  # noqa: E731
    if kind == "list":
        return pa.list_(pa.field("item", inner(), r.random() < .5))
    if kind == "struct":
        return pa.struct([pa.field(f"f{i}", inner(), r.random() < .6) for i in range(r.randint(1, 4))])
    if kind == "map":
        return pa.map_(pa.string(), inner())
    return r.choice([pa.int32(), pa.int64(), pa.bool_(), pa.string()])


def random_value(r, kind, nullable, nulls):
    if nullable and r.random() < nulls:
        return None
    if pa.types.is_list(kind):
        return [random_value(r, kind.value_type, kind.value_field.nullable, nulls) for _ in range(r.choice([0, 1, 2, 3, 40]))]
    if pa.types.is_struct(kind):
        return {f.name: random_value(r, f.type, f.nullable, nulls) for f in kind}
    if pa.types.is_map(kind):
        return [(str(i), random_value(r, kind.item_type, True, nulls)) for i in range(r.choice([0, 1, 3]))]
    if pa.types.is_string(kind):
        return "é" * r.randint(0, 3) + "x" * r.choice([0, 1, 4, 8, 9, 16, 17, 200]) + str(r.randint(0, 9))
    return bool(r.getrandbits(1)) if pa.types.is_boolean(kind) else r.choice([0, -1, 1, 2**31 - 1, -2**31, r.randint(-999, 999)])


class Nested(unittest.TestCase):
    def test_random_shapes(self):
        for seed in range(150):
            r = random.Random(seed)
            nulls, n = r.choice([0, .1, .5, 1]), r.choice([1, 7, 8, 9, 64, 300])
            fields = [pa.field(f"c{i}", pa.list_(pa.field("item", random_type(r, 1), r.random() < .5)), r.random() < .5) for i in range(3)]
            fields.append(pa.field("flat", pa.string()))
            rows = [{f.name: random_value(r, f.type, f.nullable, nulls) for f in fields} for _ in range(n)]
            table = pa.Table.from_pylist(rows, schema=pa.schema(fields))
            table = pa.concat_tables([table.slice(n // 3), table.slice(0, n // 2)])
            with self.subTest(seed=seed):
                got, _ = round_trip(table)
                self.assertEqual(got.to_pylist(), table.to_pylist())

    def test_dictionary__that_is_full(self):
        """More different texts than a dictionary takes: 65,536."""
        texts = [[str(i % 70000)] * 4 for i in range(80000)]
        table = pa.table({"t": pa.array(texts, pa.list_(pa.string()))})
        table = pa.concat_tables([table.slice(0, 9000), table.slice(9000)])
        got, metadata = round_trip(table)
        self.assertEqual(got["t"].to_pylist(), texts)
        self.assertLessEqual({"RLE_DICTIONARY", "DELTA_LENGTH_BYTE_ARRAY"}, encodings(metadata, 0))

    def test_dictionary__of_one_text(self):
        table = pa.table({"t": pa.array([["same"] * 1000, [None, "same"]], pa.list_(pa.string()))})
        self.assertEqual(round_trip(table)[0].to_pylist(), table.to_pylist())

    def test_batch__larger_than_a_page(self):
        table = pa.table({"n": pa.array([list(range(i, i + 70000)) for i in range(100)], pa.list_(pa.int32()))})
        got, metadata = round_trip(table)
        self.assertEqual(got["n"].combine_chunks().flatten().to_pylist(), table["n"].combine_chunks().flatten().to_pylist())
        self.assertIn("BYTE_STREAM_SPLIT", encodings(metadata, 0))

    def test_other_types(self):
        """What the page writer does not know goes through parquet-rs."""
        table = pa.table({"d": pa.array([[1.5, None], None, []], pa.list_(pa.float64())), "s": pa.array([{"a": 1}, None, {"a": None}]),
                          "l": pa.array([["x"], [], None], pa.large_list(pa.string()))})
        self.assertEqual(round_trip(table)[0].to_pylist(), table.to_pylist())


unittest.main()
