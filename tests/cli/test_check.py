import json
import os
import shutil
import subprocess
import unittest

from program import DATA, PROGRAM, Case

ARTIFACTS = ["datafusion_bytecode_dataset_v1", "datafusion_bytecode_metadata_v1", "function_signatures", "view_registry", "validation", "settings",
             "telemetry"]


class Checking(Case):
    """Datasets that hold what they promise, and some that were made not to."""

    def dataset(self, name, *args, source="3.12/ok_constants.pyc"):
        to = self.folder / name
        self.run_program("index", DATA / source, "-o", to, *args)
        return to

    def empty(self):
        nothing = self.folder / "nothing"
        nothing.mkdir(exist_ok=True)
        self.run_program("index", nothing, "-o", self.folder / "empty")
        return self.folder / "empty"

    def from_sql(self, name, dataset, sql):
        """A dataset of what a query gives: mostly one that does not meet the contract."""
        to = self.folder / name
        to.mkdir()
        self.run_program("query", dataset, sql, "--format", "parquet", "-o", to / "part.parquet")
        return to

    def checks(self, dataset, *args, code=0):
        document = json.loads(self.run_program("check", dataset, "--json", *args, code=code).stdout)
        counts = document["counts"]
        self.assertEqual(counts["checks"], len(document["checks"]))
        for state, key in (("ok", "ok"), ("FAIL", "failed"), ("not checked", "not_checked")):
            self.assertEqual(counts[key], sum(c["state"] == state for c in document["checks"]))
        return document["checks"]


class Check(Checking):
    def test_good_and_empty(self):
        for dataset in (self.dataset("good"), self.empty()):
            checks = self.checks(dataset)
            self.assertEqual({c["state"] for c in checks}, {"ok"})
            self.assertEqual({c["scope"] for c in checks}, set(range(1, 10)))
            lines = self.run_program("check", dataset).stdout.splitlines()
            self.assertEqual(len(lines), len(checks) + 2)
            self.assertRegex(lines[0], r"^scope +check +expected +found +state$")
            self.assertEqual(lines[-1], f"{len(checks)} checks: {len(checks)} ok, 0 failed, 0 not checked")
            for line, check in zip(lines[1:], checks): # whole, however long
                self.assertTrue(line.startswith(str(check["scope"])) and line.endswith("ok"))
                self.assertIn(check["name"], line)
                self.assertIn(check["found"].replace("\n", " "), line)

    def test_file_and_glob(self):
        dataset = self.dataset("good")
        for path in (dataset / "part-00000.parquet", f"{dataset}/*.parquet"):
            self.assertEqual({c["state"] for c in self.checks(path)}, {"ok"})
        self.assertFalse((dataset / "_bytefusion").exists())

    def test_refused(self):
        good = self.dataset("good")
        narrow = self.from_sql("narrow", good, "SELECT * EXCEPT (repo) FROM bytecode_files_v1")
        wide = self.from_sql("wide", good, "SELECT *, 1 AS more FROM bytecode_files_v1")
        other = self.from_sql("other", good, "SELECT repo, path, CAST(file_id AS BYTEA) AS file_id, code_objects, errors, attrs FROM bytecode_files_v1")
        torn, zero = self.dataset("torn"), self.dataset("zero")
        (torn / "part-00001.parquet").write_bytes((good / "part-00000.parquet").read_bytes()[:-1000])
        (zero / "part-00001.parquet").write_bytes(b"")
        for dataset, name, expected, found in ((narrow, "part.parquet: repo", "utf8", "no such field"), (wide, "part.parquet: more", "no such field", "int64"),
                                               (other, "part.parquet: file_id", "utf8", "binary"), (torn, "part-00001.parquet", "a Parquet file", "footer"),
                                               (zero, "part-00001.parquet", "a Parquet file", "0")):
            checks = self.checks(dataset, code=1)
            bad, = [c for c in checks if c["state"] == "FAIL" and c["name"].endswith(name)]
            self.assertEqual((bad["scope"], bad["expected"]), (5, expected))
            self.assertIn(found, bad["found"])
            self.assertEqual({c["scope"] for c in checks}, set(range(1, 10)))
            self.assertTrue(all(c["state"] == "not checked" for c in checks if c["scope"] in (1, 2, 3, 6, 7, 9)))
            self.assertIn("FAIL", self.run_program("check", dataset, code=1).stdout)
            self.run_program("query", dataset, "SELECT 1", code=1)

    def test_not_checked_is_its_own_code(self):
        """More files than file groups, and no statistics: the order of rows cannot be proved from outside."""
        dataset = self.folder / "many"
        self.run_program("index", self.tree("a.pyc"), "-o", dataset)
        for i in range(1, 40):
            shutil.copyfile(dataset / "part-00000.parquet", dataset / f"part-{i:05}.parquet")
        self.assertIn("not checked", {c["state"] for c in self.checks(dataset, code=4)})
        self.assertRegex(self.run_program("check", dataset, code=4).stdout.splitlines()[-1], r"0 failed, [1-9]\d* not checked")

    def test_no_dataset(self):
        done = self.run_program("check", self.folder / "nowhere", code=1)
        self.assertIn("nowhere", done.stderr)
        nothing = self.folder / "nothing"
        nothing.mkdir()
        self.assertIn("bytefusion index", self.run_program("check", nothing, code=1).stderr)
        self.assertEqual(list(nothing.iterdir()), [])

    def test_wrong_usage(self):
        for args in ([], ["a", "b"], ["a", "--what"], ["a", "--set", "nothing=1"], ["a", "--set", "collect_statistics"]):
            self.assertEqual(self.run_program("check", *args, code=2).stdout, "")

    def test_artifacts_that_cannot_be_written(self):
        """Said, and no matter for the checks."""
        dataset = self.dataset("good")
        (dataset / "_bytefusion").write_text("a file in the place of the folder")
        done = self.run_program("check", dataset)
        self.assertIn("no artifacts", done.stderr)
        self.assertIn("0 failed, 0 not checked", done.stdout)


class Artifacts(Checking):
    def test_written_by_check(self):
        dataset = self.dataset("good")
        listed = lambda: [line.split()[:2] for line in self.run_program("artifacts", dataset).stdout.splitlines()[1:]]
        self.assertEqual(listed(), [[name, "no"] for name in ARTIFACTS])
        self.checks(dataset)
        self.assertEqual(listed(), [[name, "yes"] for name in ARTIFACTS])
        self.assertEqual(sorted(p.name for p in (dataset / "_bytefusion").iterdir()), sorted(f"{name}.json" for name in ARTIFACTS))
        for name in ARTIFACTS:
            kept = (dataset / "_bytefusion" / f"{name}.json").read_text()
            document = json.loads(kept)
            self.assertEqual((document["schema_version"], document["artifact"]), (1, name))
            if name != "telemetry":
                self.assertEqual(self.run_program("artifacts", dataset, name).stdout, kept)
        # hidden from the engine, and from the next index
        self.assertEqual(self.rows(dataset, "SELECT count(*) FROM bytecode_files_v1"), [("1",)])
        self.dataset("good", source="3.13/ok_constants.pyc")
        self.assertEqual(sorted(p.name for p in dataset.iterdir()), ["part-00001.parquet"])

    def test_gate_that_failed(self):
        narrow = self.from_sql("narrow", self.dataset("good"), "SELECT * EXCEPT (repo) FROM bytecode_files_v1")
        self.run_program("query", narrow, "SELECT 1", code=1)
        self.assertEqual([p.name for p in (narrow / "_bytefusion").iterdir()], ["validation.json"])
        document = json.loads((narrow / "_bytefusion" / "validation.json").read_text())
        self.assertIn(("FAIL", "no such field"), {(c["state"], c["found"]) for c in document["checks"]})
        self.assertIn("skipped", json.loads(self.run_program("artifacts", narrow, "view_registry").stdout))

    def test_views_as_created(self):
        dataset = self.dataset("parts", "--repo", "r", "--partition-by", "repo")
        registry = json.loads(self.run_program("artifacts", dataset, "view_registry").stdout)
        for view in registry["views"]:
            select = self.run_program("views", "--sql", view["name"], dataset).stdout
            self.assertEqual(view["sql"], f"CREATE VIEW {view['name']} AS\n{select}")
            names = [c["path"] for c in view["columns"] if "[" not in c["path"] and "{" not in c["path"]]
            header = self.run_program("query", dataset, f"SELECT * FROM {view['name']} LIMIT 0", "--format", "tsv").stdout.rstrip("\n").split("\t")
            self.assertEqual([n for n in names if n in header], header)

    def test_wrong_usage(self):
        dataset = self.dataset("good")
        for args in ([], [dataset, "nothing"], [dataset, "settings", "more"]):
            self.assertEqual(self.run_program("artifacts", *args, code=2).stdout, "")


class Diff(Checking):
    def test_same(self):
        a, b = self.dataset("a"), self.dataset("b")
        self.assertEqual(self.run_program("diff", a, b).stdout, "")
        self.assertEqual(self.run_program("diff", self.empty(), self.empty()).stdout, "")

    def test_rows(self):
        a, b = self.dataset("a"), self.dataset("b", source="3.13/ok_constants.pyc")
        lines = self.run_program("diff", a, b, code=5).stdout.splitlines()
        self.assertIn("rows 3.12 files: 1 -> none", lines)
        self.assertIn("rows 3.13 files: none -> 1", lines)
        count = lambda d: self.rows(d, "SELECT count(*) FROM py_bc_instructions")[0][0]
        self.assertIn(f"rows 3.12 instructions: {count(a)} -> none", lines)
        self.assertIn(f"rows 3.13 instructions: none -> {count(b)}", lines)
        objects = [json.loads(line) for line in self.run_program("diff", a, b, "--json", code=5).stdout.splitlines()]
        self.assertEqual([f"{o['what']} {o['name']}: {o['a']} -> {o['b']}" for o in objects], lines)

    def test_refused(self):
        good = self.dataset("good")
        narrow = self.from_sql("narrow", good, "SELECT * EXCEPT (repo) FROM bytecode_files_v1")
        lines = self.run_program("diff", good, narrow, code=5).stdout.splitlines()
        self.assertIn("schema repo missing: utf8 -> no such field", lines)
        self.assertTrue(any(line.startswith("contract bytecode_files_v1: met -> ") for line in lines))

    def test_settings_of_the_last_check(self):
        a, b = self.dataset("a"), self.dataset("b")
        self.checks(a, "--set", "collect_statistics=true")
        self.assertEqual(self.run_program("diff", a, b, code=5).stdout, "setting datafusion.execution.collect_statistics: true -> false\n"
                         "setting datafusion.execution.split_file_groups_by_statistics: true -> false\n")

    def test_wrong_usage(self):
        for args in ([], ["a"], ["a", "b", "c"]):
            self.run_program("diff", *args, code=2)
        self.run_program("diff", self.dataset("a"), self.folder / "nowhere", code=1)


class Profile(Checking):
    def effective(self, *args, env=None):
        done = subprocess.run([PROGRAM, "profile", "--json", *map(str, args)], capture_output=True, text=True, env={**os.environ, **(env or {})}, check=True)
        return {o["option"]: (o["value"], o["source"]) for o in json.loads(done.stdout)}

    def test_order(self):
        """Defaults, then the file, the environment, --set."""
        path = self.folder / "p.json"
        path.write_text('{"collect_statistics": true, "meta_fetch_concurrency": 8, "list_files_cache_ttl": "1m", "partition_cols": ["repo utf8"]}')
        env = {"BYTEFUSION_META_FETCH_CONCURRENCY": "16", "BYTEFUSION_LIST_FILES_CACHE_TTL": "2m"}
        found = self.effective("--profile", path, "--set", "list_files_cache_ttl=3m", "--set", "list_files_cache_ttl=4m", env=env)
        self.assertEqual(found["collect_statistics"], ("true", str(path)))
        self.assertEqual(found["meta_fetch_concurrency"], ("16", "BYTEFUSION_META_FETCH_CONCURRENCY"))
        self.assertEqual(found["list_files_cache_ttl"], ("4m", "--set"))
        self.assertEqual(found["partition_cols"], ("repo utf8", str(path)))
        self.assertEqual(found["list_files_cache_limit"], ("10000", "default"))

    def test_table(self):
        lines = self.run_program("profile").stdout.splitlines()
        self.assertRegex(lines[0], r"^option +value +source +meaning$")
        self.assertEqual([line.split()[0] for line in lines[1:]], list(self.effective()))

    def test_reaches_the_engine(self):
        dataset = self.dataset("good")
        sql = "SELECT value FROM information_schema.df_settings WHERE name = 'datafusion.execution.meta_fetch_concurrency'"
        done = self.run_program("query", dataset, sql, "--format", "csv", "--set", "meta_fetch_concurrency=5")
        self.assertEqual(done.stdout, "value\n5\n")
        checks = self.checks(dataset, "--set", "meta_fetch_concurrency=5")
        self.assertIn(("5", "5", "ok"), {(c["expected"], c["found"], c["state"]) for c in checks})

    def test_errors_name_the_key(self):
        path = self.folder / "p.json"
        for text, words in (('{"colect_statistics": true}', "colect_statistics"), ('{"collect_statistics": "maybe"}', "collect_statistics"),
                            ('{"unbounded": [1]}', "unbounded"), ("[]", "object"), ("{", "line 1"), ('{"unbounded": true}', "unbounded"),
                            ('{"skip_metadata": true, "delta_version": 3}', "delta_version"), ('{"collect_statistics": true, "collect_statistics": false}', "p.json")):
            path.write_text(text)
            self.assertIn(words, self.run_program("profile", "--profile", path, code=2).stderr)
        self.run_program("profile", "--profile", self.folder / "none.json", code=1)
        self.run_program("profile", "--set", "provider=csv", code=2)
        self.run_program("profile", "more", code=2)


class Catalog(Checking):
    def setUp(self):
        super().setUp()
        self.lake = self.folder / "lake"
        self.lake.mkdir()
        self.dataset("lake/stdlib")
        self.dataset("lake/other-2", "--repo", "r", "--partition-by", "repo", source="3.13/ok_constants.pyc")

    def csv(self, *args):
        return self.run_program("query", "--format", "csv", *args).stdout

    def test_by_name(self):
        self.assertEqual(self.csv("--catalog", self.lake, "SELECT count(*) AS n FROM stdlib.py_bc_files"), "n\n1\n")
        self.assertEqual(self.csv("--set", f"catalog_location={self.lake}", 'SELECT repo FROM "other-2".py_bc_files'), "repo\nr\n")
        sql = self.folder / "q.sql"
        sql.write_text('SELECT a.python_version, b.python_version FROM stdlib.py_bc_files a CROSS JOIN "other-2".py_bc_files b')
        self.assertEqual(self.csv("--catalog", self.lake, "-f", sql).split("\n")[1], "3.12,3.13")

    def test_beside_a_dataset(self):
        sql = "SELECT count(*) AS n FROM py_bc_files a JOIN stdlib.py_bc_files b ON a.path <> b.path OR a.path = b.path"
        self.assertEqual(self.csv("--catalog", self.lake, self.lake / "other-2", sql), "n\n1\n")

    def test_names_that_are_not_there(self):
        for sql in ("SELECT * FROM nothing.py_bc_files", "SELECT * FROM py_bc_files"):
            self.assertIn("other-2, stdlib", self.run_program("query", "--catalog", self.lake, sql, code=1).stderr)
        self.run_program("query", "--catalog", self.folder / "nowhere", "SELECT 1", code=1)
        self.run_program("query", "--catalog", self.lake, code=2)
        self.run_program("query", "--catalog", self.lake, self.lake / "stdlib", "SELECT 1", "more", code=2)

    def test_broken_one_fails_alone(self):
        (self.lake / "stdlib" / "part-00001.parquet").write_bytes(b"no Parquet")
        self.assertIn("part-00001.parquet", self.run_program("query", "--catalog", self.lake, "SELECT * FROM stdlib.py_bc_files", code=1).stderr)
        self.assertEqual(self.csv("--catalog", self.lake, 'SELECT count(*) AS n FROM "other-2".py_bc_files'), "n\n1\n")


if __name__ == "__main__":
    unittest.main()
