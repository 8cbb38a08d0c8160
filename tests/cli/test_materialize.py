"""Flat tables: a query that reads one answers as the view does, and one that is not current is not read."""
import glob
import json
import os
import shutil
import signal
import subprocess
import time
import unittest

from program import DATA, PROGRAM, Case

NOT_USED = ("--set", "use_materialized=false")


def view_names():
    lines = (DATA.parent / "views" / "contract.tsv").read_text().splitlines()
    return list(dict.fromkeys(line.split("\t")[0] for line in lines[1:] if not line.startswith("#")))


class Materialize(Case):
    def dataset(self, *paths, name="dataset", args=(), code=0):
        to = self.folder / name
        self.run_program("index", *(DATA / p for p in paths), "-o", to, *args, code=code)
        return to

    def flat(self, dataset, view):
        return dataset.with_name(dataset.name + ".views") / f"{view}.parquet"

    def ask(self, dataset, sql, *args, code=0):
        return self.run_program("query", dataset, sql, "--format", "ndjson", *args, code=code)

    def is_used(self, dataset, view, *args):
        return f"{view}.parquet" in self.ask(dataset, f"EXPLAIN SELECT * FROM {view}", *args).stdout

    def states(self, dataset):
        lines = self.run_program("materialize", "--status", dataset).stdout.splitlines()
        self.assertRegex(lines[0], r"^view +state +rows +bytes +made of +why$")
        return {line.split()[0]: line.split()[1] for line in lines[1:]}

    def rows_sorted(self, dataset, sql, *args):
        return sorted(self.ask(dataset, sql, *args).stdout.replace("Utf8View", "Utf8").splitlines())

    def same(self, dataset, views):
        """Rows, names, types, nullability and metadata, read from the flat table and unnested."""
        catalog = "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema = 'public'" \
                  " AND table_name <> 'py_bc_metadata'"  # of constants, which the catalog shows as they were before they were folded
        rows = self.rows_sorted(dataset, catalog)
        self.assertEqual(rows, self.rows_sorted(dataset, catalog, *NOT_USED))
        columns = {}
        for view, column, *_ in (json.loads(row).values() for row in rows):
            columns.setdefault(view, []).append(column)
        for view in views:
            self.assertTrue(self.is_used(dataset, view), view)
            about = "".join(f', arrow_typeof(v."{c}"), arrow_metadata(v."{c}")' for c in columns.get(view, []))
            for sql in (f"SELECT * FROM {view}", f"SELECT 1{about} FROM (SELECT 1) o LEFT JOIN {view} v ON true LIMIT 1"):
                self.assertEqual(self.rows_sorted(dataset, sql), self.rows_sorted(dataset, sql, *NOT_USED), sql)


class Rows(Materialize):
    def test_every_view(self):
        bad = self.folder / "bad.pyc"
        bad.write_bytes(b"no magic at all")
        dataset = self.dataset("3.12/ok_classes.pyc", "3.12/ok_caches.pyc", "3.12/ok_exceptions.pyc", "2.7/ok_calls.pyc", bad, code=3)
        lines = self.run_program("materialize", dataset).stdout.splitlines()
        self.assertEqual(sorted(line.split(":")[0] for line in lines), sorted(view_names()))
        self.assertEqual(set(self.states(dataset).values()), {"current"})
        self.same(dataset, view_names())

    def test_without_rows(self):
        (self.folder / "nothing").mkdir()
        dataset = self.dataset(self.folder / "nothing")
        self.run_program("materialize", dataset)
        self.same(dataset, ["py_bc_instructions", "py_bc_metadata", "bytecode_errors"])

    def test_partitions(self):
        """Directories whose order is not that of their names ("a-b/" sorts before "a/"), with the same paths in each."""
        views = ["py_bc_files", "py_bc_code_units", "py_bc_instructions", "py_bc_flags_detail", "bytecode_exception_table"]
        for repo in ("a", "a-b", "b"):
            dataset = self.dataset("3.12/ok_classes.pyc", "3.12/ok_exceptions.pyc", args=("--repo", repo, "--partition-by", "repo"))
        self.run_program("materialize", dataset, *views)
        self.same(dataset, views)
        self.assertEqual(self.states(dataset)["py_bc_consts"], "none")
        order = lambda sql: [tuple(json.loads(line).values()) for line in self.ask(dataset, sql, "--set", "collect_statistics=true").stdout.splitlines()]
        rows = order("SELECT repo, path, code_unit_id, instr_index FROM py_bc_instructions")
        self.assertEqual([r[:2] for r in rows], sorted(r[:2] for r in rows))
        starts = [r for i, r in enumerate(rows) if i == 0 or r[2] != rows[i - 1][2]]
        self.assertEqual(len(starts), len({r[:3] for r in rows}))       # instructions of a code object stay together,
        self.assertTrue(all(r[3] == 0 for r in starts))                 # and in their order
        self.assertNotIn("SortExec", self.ask(dataset, "EXPLAIN SELECT * FROM py_bc_code_units ORDER BY repo, path, file_id").stdout)

    def test_parts_that_overlap(self):
        dataset = self.dataset("3.12")
        other = self.dataset("3.13", name="other")
        shutil.copyfile(other / "part-00000.parquet", dataset / "part-00001.parquet")
        views = ["py_bc_files", "py_bc_consts", "py_bc_instruction_attrs"]
        self.run_program("materialize", dataset, *views)
        self.same(dataset, views)
        self.assertNotIn("SortExec", self.ask(dataset, "EXPLAIN SELECT path FROM py_bc_consts ORDER BY path").stdout)
        self.assertEqual(len(list(self.flat(dataset, "x").parent.iterdir())), len(views))

    def test_other_readers_do_not_see_them(self):
        dataset = self.dataset("3.12")
        self.run_program("materialize", dataset, "py_bc_consts")
        self.assertEqual(glob.glob(f"{dataset}/**/*", recursive=True), [str(dataset / "part-00000.parquet")])


class Current(Materialize):
    def test_dataset_is_another(self):
        dataset = self.dataset("3.12/ok_classes.pyc")
        views = ["py_bc_consts", "py_bc_files"]
        self.run_program("materialize", dataset, *views)
        self.assertEqual(self.ask(dataset, "SELECT count(*) FROM py_bc_consts").stderr, "")
        part = dataset / "part-00000.parquet"
        kept = part.read_bytes()
        changes = {
            "index": lambda: self.dataset("3.13/ok_classes.pyc"),
            "a part more": lambda: (dataset / "part-00001.parquet").write_bytes(kept),
            "the same file, written anew": lambda: part.write_bytes(kept),
        }
        for what, change in changes.items():
            change()
            done = self.ask(dataset, "SELECT * FROM py_bc_consts")
            self.assertIn("py_bc_consts is unnested", done.stderr, what)
            self.assertNotIn("py_bc_files", done.stderr)
            self.assertEqual(sorted(done.stdout.splitlines()), self.rows_sorted(dataset, "SELECT * FROM py_bc_consts", *NOT_USED))
            self.assertFalse(self.is_used(dataset, "py_bc_consts"))
            self.assertEqual({self.states(dataset)[v] for v in views}, {"stale"})
            lines = self.run_program("materialize", dataset, *views).stdout.splitlines()
            self.assertTrue(all("written in" in line for line in lines))
            self.same(dataset, views)
            self.assertTrue(all("current already" in line for line in self.run_program("materialize", dataset, *views).stdout.splitlines()))

    def test_delta(self):
        """The version of the table is what a flat table is of, whatever was committed since."""
        views = ["py_bc_files", "py_bc_consts", "py_bc_instructions"]
        dataset = self.dataset("3.12/ok_classes.pyc", "3.12/ok_exceptions.pyc", args=("--format", "delta"))
        self.run_program("index", DATA / "3.13/ok_classes.pyc", "-o", dataset, "--mode", "append")
        self.run_program("materialize", dataset, *views)
        self.assertIn("version 1, 2 parts", self.run_program("materialize", "--status", dataset).stdout)
        self.same(dataset, views)
        self.assertFalse(self.is_used(dataset, "py_bc_files", "--set", "delta_version=0"))
        self.run_program("index", DATA / "3.11/ok_classes.pyc", "-o", dataset, "--mode", "append")
        self.assertFalse(self.is_used(dataset, "py_bc_files"))
        self.assertTrue(self.is_used(dataset, "py_bc_files", "--set", "delta_version=1"))
        self.assertEqual(len(self.ask(dataset, "SELECT * FROM py_bc_files").stdout.splitlines()), 4)

    def test_index_materialize(self):
        dataset = self.dataset("3.12/ok_classes.pyc", args=("--materialize",))
        self.assertEqual(set(self.states(dataset).values()), {"current"})
        self.dataset("3.13/ok_classes.pyc", args=("--materialize",))
        self.assertEqual(set(self.states(dataset).values()), {"current"})
        self.same(dataset, ["py_bc_files"])

    def test_types_of_strings(self):
        """utf8 and utf8view are one type of the contract; the profile says which of them top-level strings have."""
        dataset = self.dataset("3.12/ok_classes.pyc")
        self.run_program("materialize", dataset, "py_bc_instructions")
        for value, kind in (("true", "Utf8View"), ("false", "Utf8")):
            done = self.ask(dataset, "SELECT DISTINCT arrow_typeof(path) AS p, arrow_typeof(opname) AS o FROM py_bc_instructions", "--set", f"schema_force_view_types={value}")
            self.assertEqual((json.loads(done.stdout), done.stderr), ({"p": kind, "o": kind}, ""))

    def test_no_flat_table_of_ours(self):
        dataset = self.dataset("3.12/ok_classes.pyc")
        self.run_program("materialize", dataset, "py_bc_consts", "py_bc_files")
        one, other = self.flat(dataset, "py_bc_consts"), self.flat(dataset, "py_bc_files")
        whole = one.read_bytes()
        for what in (b"", whole[:-100], other.read_bytes(), (dataset / "part-00000.parquet").read_bytes(), b"\0" * 1000):
            one.write_bytes(what)
            self.assertEqual(self.states(dataset)["py_bc_consts"], "stale")
            self.assertFalse(self.is_used(dataset, "py_bc_consts"))
        one.write_bytes(whole)
        self.assertEqual(self.states(dataset)["py_bc_consts"], "current")

    def test_moved_with_the_dataset(self):
        dataset = self.dataset("3.12/ok_classes.pyc")
        self.run_program("materialize", dataset, "py_bc_files")
        os.rename(dataset, self.folder / "b")
        os.rename(str(dataset) + ".views", self.folder / "b.views")
        link = self.folder / "link"
        link.symlink_to("b")
        for path in (self.folder / "b", f"{self.folder}/b/", link):
            self.assertTrue(self.is_used(path, "py_bc_files"))

    def test_catalog(self):
        dataset = self.dataset("3.12/ok_classes.pyc")
        self.run_program("materialize", dataset, "py_bc_files")
        plan = self.run_program("query", "--catalog", self.folder, "EXPLAIN SELECT path FROM dataset.py_bc_files", "--format", "ndjson").stdout
        self.assertIn("py_bc_files.parquet", plan)
        hint = self.run_program("query", "--catalog", self.folder, "SELECT path FROM nothing.py_bc_files", code=1).stderr
        self.assertIn("holds dataset:", hint)


class Check(Materialize):
    def checks(self, dataset, code=0):
        document = json.loads(self.run_program("check", dataset, "--json", code=code).stdout)
        return [c for c in document["checks"] if c["name"].startswith("flat table")]

    def test_counts(self):
        dataset = self.dataset("3.12/ok_classes.pyc")
        self.assertEqual(self.checks(dataset), [])
        self.run_program("materialize", dataset, "py_bc_consts")
        n, = json.loads(self.ask(dataset, "SELECT count(*) AS n FROM py_bc_consts", *NOT_USED).stdout).values()
        schema, rows = self.checks(dataset)
        self.assertEqual((schema["state"], rows["state"], rows["expected"], rows["found"]), ("ok", "ok", str(n), str(n)))
        telemetry, = json.loads(self.run_program("artifacts", dataset, "telemetry").stdout)["flat_tables"]
        self.assertEqual((telemetry["view"], telemetry["state"], telemetry["rows"]), ("py_bc_consts", "current", n))
        os.utime(dataset / "part-00000.parquet")
        stale, = self.checks(dataset, code=4)
        self.assertEqual(stale["state"], "not checked")
        self.assertIn("stale", stale["found"])


class Failures(Materialize):
    def test_wrong_usage(self):
        dataset = self.dataset("3.12/ok_classes.pyc")
        self.run_program("materialize", code=2)
        self.run_program("materialize", "--status", dataset, "nothing", code=2)
        self.assertIn("no view nothing", self.run_program("materialize", dataset, "py_bc_consts", "nothing", code=1).stderr)
        self.assertFalse(self.flat(dataset, "py_bc_consts").exists())
        self.assertIn("no directory", self.run_program("materialize", dataset / "part-00000.parquet", code=1).stderr)
        self.run_program("materialize", self.folder / "nowhere", code=1)

    def test_killed(self):
        """Each flat table is there whole or not at all, and what was begun goes with the next run."""
        dataset = self.dataset("3.12", "3.13")
        folder = self.flat(dataset, "x").parent
        for delay in (0.1, 0.2, 0.4):
            child = subprocess.Popen([PROGRAM, "materialize", str(dataset)], stdout=subprocess.DEVNULL)
            time.sleep(delay)
            child.send_signal(signal.SIGKILL)
            child.wait()
            self.assertLessEqual(set(self.states(dataset).values()), {"current", "none"})
        self.run_program("materialize", dataset)
        self.assertEqual(sorted(p.name for p in folder.iterdir()), sorted(f"{v}.parquet" for v in view_names()))


if __name__ == "__main__":
    unittest.main()
