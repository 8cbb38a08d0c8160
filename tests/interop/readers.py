"""The same dataset read by pyarrow, DuckDB, Polars and Python's datafusion: the same counts, and pyarrow's schema is the contract's."""
import os
import pathlib
import subprocess
import tempfile
import unittest

import datafusion
import duckdb
import polars
import pyarrow.parquet

PROGRAM, DATA = os.environ["BYTEFUSION"], os.environ["BF_TEST_DATA"]


class Readers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.dataset = pathlib.Path(cls.folder.name) / "dataset"
        subprocess.run([PROGRAM, "index", DATA, "-o", cls.dataset], check=True, stdout=subprocess.DEVNULL)
        cls.expected = {}
        for what, view in (("files", "py_bc_files"), ("codes", "py_bc_code_units"), ("instructions", "py_bc_instructions"), ("consts", "py_bc_consts")):
            out = subprocess.run([PROGRAM, "query", cls.dataset, f"SELECT count(*) FROM {view}", "--format", "tsv"], check=True, capture_output=True, text=True)
            cls.expected[what] = int(out.stdout.split("\n")[1])

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def check(self, name, files, codes, instructions, consts):
        found = dict(files=files, codes=codes, instructions=instructions, consts=consts)
        print(f"{name:<12} {found}")
        self.assertEqual(found, self.expected)

    def test_pyarrow(self):
        table = pyarrow.parquet.read_table(self.dataset)
        codes = table["code_objects"].combine_chunks().flatten()
        self.check("pyarrow", table.num_rows, len(codes), len(codes.field("instructions").flatten()), len(codes.field("consts").flatten()))

    def test_duckdb(self):
        source = f"'{self.dataset}/*.parquet'"
        one = lambda sql: duckdb.sql(sql).fetchall()[0][0]
        self.check("DuckDB", one(f"SELECT count(*) FROM {source}"), one(f"SELECT sum(len(code_objects)) FROM {source}"),
                   one(f"SELECT sum(len(c.instructions)) FROM (SELECT unnest(code_objects) AS c FROM {source})"),
                   one(f"SELECT sum(len(c.consts)) FROM (SELECT unnest(code_objects) AS c FROM {source})"))

    def test_polars(self):
        table = polars.read_parquet(f"{self.dataset}/*.parquet")
        codes = table["code_objects"].explode(empty_as_null=False).struct
        self.check("Polars", table.height, table["code_objects"].list.len().sum(), codes.field("instructions").list.len().sum(),
                   codes.field("consts").list.len().sum())

    def test_datafusion(self):
        context = datafusion.SessionContext()
        context.register_parquet("t", str(self.dataset))
        one = lambda sql: context.sql(sql).collect()[0][0][0].as_py()
        codes = "(SELECT unnest(code_objects) AS c FROM t)"
        self.check("datafusion", one("SELECT count(*) FROM t"), one(f"SELECT count(*) FROM {codes}"),
                   one(f"SELECT sum(array_length(c['instructions'])) FROM {codes}"), one(f"SELECT sum(array_length(c['consts'])) FROM {codes}"))

    def test_arrow_and_parquet_output(self):
        sql = "SELECT * FROM bytecode_files_v1 ORDER BY path, file_id"
        arrow = subprocess.run([PROGRAM, "query", self.dataset, sql, "--format", "arrow"], check=True, capture_output=True).stdout
        parquet = pathlib.Path(self.folder.name) / "out.parquet"
        subprocess.run([PROGRAM, "query", self.dataset, sql, "--format", "parquet", "-o", parquet], check=True)
        a = pyarrow.ipc.open_stream(arrow).read_all()
        b = pyarrow.parquet.read_table(parquet)
        c = pyarrow.parquet.read_table(self.dataset).sort_by([("path", "ascending"), ("file_id", "ascending")])
        self.assertEqual(a.to_pylist(), c.to_pylist())
        self.assertEqual(b.to_pylist(), c.to_pylist())


if __name__ == "__main__":
    unittest.main()
