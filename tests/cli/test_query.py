import csv
import io
import json
import unittest

from program import DATA, Case


def contract():
    """(view, column, type) of tests/views/contract.tsv."""
    lines = (DATA.parent / "views" / "contract.tsv").read_text().splitlines()
    return [tuple(line.split("\t")[:3]) for line in lines[1:]]


class Query(Case):
    def setUp(self):
        super().setUp()
        self.dataset = self.index(self.tree("a.pyc", "b.pyc"), "--repo", "r")

    def query(self, sql, *options, code=0, **kw):
        return self.run_program("query", self.dataset, sql, *options, code=code, **kw)

    def test_formats(self):
        sql = "SELECT path, n_code_objects AS n, source_hash FROM py_bc_files ORDER BY path"
        (a, n, _), (b, m, _) = self.rows(self.dataset, sql)
        self.assertEqual((a, b, n), ("a.pyc", "b.pyc", m))
        self.assertEqual(self.query(sql, "--format", "csv").stdout, f"path,n,source_hash\na.pyc,{n},\nb.pyc,{n},\n")
        self.assertEqual(self.query(sql, "--format", "tsv").stdout, f"path\tn\tsource_hash\na.pyc\t{n}\t\nb.pyc\t{n}\t\n")
        expected = [{"path": p, "n": int(n), "source_hash": None} for p in ("a.pyc", "b.pyc")]
        self.assertEqual(json.loads(self.query(sql, "--format", "json").stdout), expected)
        self.assertEqual([json.loads(line) for line in self.query(sql, "--format", "ndjson").stdout.splitlines()], expected)
        table = self.query(sql).stdout
        self.assertIn("a.pyc", table)
        self.assertTrue(table.endswith("(2 rows)\n"))
        self.assertIn("| a.pyc |", self.query(sql, "--format", "markdown").stdout)
        arrow = self.query(sql, "--format", "arrow", text=False).stdout
        self.assertEqual(arrow[:4], b"\xff\xff\xff\xff")
        parquet = self.query(sql, "--format", "parquet", text=False).stdout
        self.assertEqual((parquet[:4], parquet[-4:]), (b"PAR1", b"PAR1"))

    def test_parquet_comes_back(self):
        out = self.folder / "out.parquet"
        self.query("SELECT * FROM bytecode_files_v1", "--format", "parquet", "-o", out)
        sql = "SELECT instr_id, opname, argrepr FROM py_bc_instructions ORDER BY instr_id"
        self.assertEqual(self.rows(out, sql), self.rows(self.dataset, sql))

    def test_output_file(self):
        out = self.folder / "out.csv"
        done = self.query("SELECT 1 AS x", "--format", "csv", "-o", out)
        self.assertEqual((done.stdout, out.read_text()), ("", "x\n1\n"))
        self.query("SELECT * FROM nothing", "--format", "csv", "-o", out, code=1)
        self.assertEqual(out.read_text(), "x\n1\n")
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["dataset", "out.csv", "tree"])

    def test_sql_file(self):
        sql = self.folder / "q.sql"
        sql.write_text("-- a comment\nSELECT 1 AS x;\n")
        self.assertEqual(self.run_program("query", self.dataset, "-f", sql, "--format", "csv").stdout, "x\n1\n")
        self.assertEqual(self.run_program("query", self.dataset, "-f", "-", "--format", "csv", stdin="SELECT 2 AS y").stdout, "y\n2\n")
        done = self.run_program("query", self.dataset, "-f", self.folder / "none.sql", code=1)
        self.assertIn("none.sql", done.stderr)

    def test_max_rows(self):
        sql = "SELECT opname FROM py_bc_instructions"
        self.assertEqual(len(self.query(sql, "--format", "csv", "--max-rows", 3).stdout.splitlines()), 4)
        self.assertIn("--max-rows", self.query(sql, "--max-rows", 3).stdout)

    def test_sql_error(self):
        for sql, words in (("SELECT nothing FROM py_bc_files", "nothing"), ("SELEC 1", "SELEC"), ("SELECT * FROM absent", "absent"),
                           ("SELECT CAST('x' AS INT)", "x"), ("", "")):
            done = self.query(sql, "--format", "csv", code=1)
            self.assertIn(words, done.stderr)
            self.assertIn("bytefusion:", done.stderr)

    def test_no_dataset(self):
        done = self.run_program("query", self.folder / "nowhere", "SELECT 1", code=1)
        self.assertIn("nowhere", done.stderr)
        done = self.run_program("query", self.folder / "tree", "SELECT 1", code=1)
        self.assertIn("bytefusion index", done.stderr)

    def test_wrong_usage(self):
        for args in ([], [self.dataset], [self.dataset, "SELECT 1", "SELECT 2"], [self.dataset, "SELECT 1", "--format", "xml"],
                     [self.dataset, "SELECT 1", "--max-rows", "-1"]):
            self.assertEqual(self.run_program("query", *args, code=2).stdout, "")

    def test_text_cells(self):
        """Whatever a constant holds, each format gives it back."""
        dataset = self.index(DATA, code=0)
        sql = "SELECT DISTINCT argval_str FROM py_bc_instructions WHERE argval_kind = 'const' ORDER BY 1"
        output = lambda form: self.run_program("query", dataset, sql, "--format", form, text=False).stdout.decode()
        texts = [json.loads(line)["argval_str"] for line in output("ndjson").split("\n")[:-1]]
        self.assertGreater(len(texts), 100)
        self.assertEqual([row["argval_str"] for row in json.loads(output("json"))], texts)
        self.assertEqual([cell for cell, in self.rows(dataset, sql)], [t or None for t in texts])
        cells = list(csv.reader(io.StringIO(output("csv"), newline="")))[1:]
        self.assertEqual([row[0] if row else "" for row in cells], [t or "" for t in texts])


class Views(Case):
    def test_list(self):
        text = self.run_program("views").stdout
        names = [line for line in text.splitlines() if line and line[0] != " "][:-1]
        self.assertEqual(sorted(names), sorted({view for view, _, _ in contract()}))

    def test_columns_and_types(self):
        """Every column of every view has the type that the contract gives it, also when there are no rows."""
        empty = self.folder / "empty"
        empty.mkdir()
        names = {"utf8": "Utf8", "int32": "Int32", "int64": "Int64", "bool": "Boolean"}
        views = {}
        for view, column, kind in contract():
            views.setdefault(view, []).append((column, kind))
        for dataset in (self.index(empty), self.index(self.tree("a.pyc"))):
            for view, columns in views.items():
                found = self.run_program("query", dataset, f"SELECT * FROM {view}", "--format", "tsv", "--max-rows", 1).stdout.split("\n")[0].split("\t")
                self.assertEqual(found, [column for column, _ in columns], view)
                kinds = ", ".join(f'arrow_typeof(v."{column}")' for column, _ in columns)
                types, = self.rows(dataset, f"SELECT {kinds} FROM (SELECT 1) o LEFT JOIN {view} v ON true LIMIT 1")
                for (column, kind), got in zip(columns, types):
                    if kind in names: # nested types are compared field by field by tests/interop
                        self.assertEqual(got.replace("Utf8View", "Utf8"), names[kind], f"{view}.{column}")
                    else:
                        self.assertIn(got.split("(")[0].lower(), kind.lower(), f"{view}.{column}")

    def test_sql_runs_as_it_is(self):
        dataset = self.index(self.tree("a.pyc"))
        for line in self.run_program("views").stdout.splitlines()[:-1]:
            if line and line[0] != " ":
                sql = self.run_program("views", "--sql", line).stdout
                self.assertEqual(sorted(self.rows(dataset, sql), key=str), sorted(self.rows(dataset, f"SELECT * FROM {line}"), key=str))

    def test_one(self):
        rows = self.run_program("views", "py_bc_consts", "--format", "csv").stdout.splitlines()
        self.assertEqual(rows[0], "view,position,column,type,nullable")
        self.assertEqual([r.split(",")[2] for r in rows[1:]], ["file_id", "path", "code_unit_id", "const_index", "const_repr", "const_id"])
        self.run_program("views", "nothing", code=2)


class Dis(Case):
    def test_as_cpython(self):
        for version in DATA.iterdir():
            expected = version / "ok_constants.dis"
            if expected.exists():
                self.assertEqual(self.run_program("dis", version / "ok_constants.pyc").stdout, expected.read_text())

    def test_json(self):
        document = json.loads(self.run_program("dis", "--json", DATA / "3.12" / "ok_constants.pyc").stdout)
        self.assertEqual(document["python_version"], "3.12")

    def test_broken(self):
        broken = self.folder / "x.pyc"
        broken.write_bytes((DATA / "3.12" / "ok_constants.pyc").read_bytes()[:100])
        done = self.run_program("dis", broken, code=1)
        self.assertIn("(at byte ", done.stderr)


if __name__ == "__main__":
    unittest.main()
