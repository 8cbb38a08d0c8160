"""Delta tables: versions and times, what the log says, constraints, what is refused. Expected rows are those of Parquet datasets of the same
files, and the log is read as JSON."""
import json
import re
import shutil
import time
import unittest

from program import DATA, Case

SUMS = ("SELECT count(*), count(DISTINCT file_id), sum(n_code_objects) FROM py_bc_files",
        "SELECT opname, count(*) FROM py_bc_instructions GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 5",
        "SELECT path FROM bytecode_files_v1 ORDER BY 1")


class Delta(Case):
    def setUp(self):
        super().setUp()
        self.root = self.folder / "tree"
        self.root.mkdir()
        self.table = self.folder / "table"
        self.files = sorted((DATA / "3.12").glob("ok_*.pyc"))

    def put(self, name, i):
        shutil.copyfile(self.files[i], self.root / name)

    def write(self, *args, code=0):
        return self.run_program("index", self.root, "-o", self.table, "--format", "delta", *args, code=code)

    def versions(self, n):
        """n versions, and a Parquet dataset of the files of each."""
        for v in range(n):
            self.put(f"m{v}.pyc", v)
            if v > 1:
                self.put("m0.pyc", v + 10)
            if v == 3:
                (self.root / "m1.pyc").unlink()
            self.write("--sync")
            self.run_program("index", self.root, "-o", self.folder / f"p{v}")

    def log(self, version):
        return [json.loads(line) for line in (self.table / "_delta_log" / f"{version:020}.json").read_text().splitlines()]

    def history(self):
        return json.loads(self.run_program("history", self.table, "--json").stdout)

    def refused(self, *args, words, code=1):
        done = self.run_program(*args, code=code)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertEqual(done.stdout, "")


class Versions(Delta):
    def test_five_versions(self):
        self.versions(5)
        times = {c["version"]: c["time"] for c in self.history()}
        self.assertEqual(len(set(times.values())), 5)
        for v in range(5):
            for sql in SUMS:
                expected = self.rows(self.folder / f"p{v}", sql)
                self.assertEqual(self.rows(f"{self.table}@v{v}", sql), expected)
                self.assertEqual(self.rows(f"{self.table}@{times[v]}", sql), expected)
        for sql in SUMS:
            self.assertEqual(self.rows(self.table, sql), self.rows(self.folder / "p4", sql))
        count = self.run_program("query", self.table, SUMS[0], "--format", "tsv", "--set", "delta_version=1").stdout
        self.assertEqual(count, self.run_program("query", f"{self.table}@v1", SUMS[0], "--format", "tsv").stdout)
        count = self.run_program("query", self.table, SUMS[0], "--format", "tsv", "--set", f"delta_timestamp={times[1]}").stdout
        self.assertEqual(count, self.run_program("query", f"{self.table}@v1", SUMS[0], "--format", "tsv").stdout)

    def test_diff_of_versions(self):
        self.versions(4)
        lines = self.run_program("diff", f"{self.table}@v2", f"{self.table}@v3", code=5).stdout.splitlines()
        files = sorted(re.sub(r"sha256 [0-9a-f]{12}, source absent", "X", line) for line in lines if line.startswith("file "))
        self.assertEqual(files, ["file m0.pyc: X -> X", "file m1.pyc: X -> none", "file m3.pyc: none -> X"])
        self.assertEqual(self.run_program("diff", self.table, f"{self.table}@v3").stdout, "")
        self.run_program("optimize", self.table)
        self.assertEqual(self.run_program("diff", self.table, f"{self.table}@v3").stdout, "")

    def test_a_version_that_is_not_there(self):
        self.versions(2)
        self.refused("query", f"{self.table}@v7", "SELECT 1", words=["there is no version 7", "0 to 1"])
        self.refused("query", f"{self.table}@2001-02-03", "SELECT 1", words=["2001-02-03T00:00:00.000Z", "version 0"])
        self.refused("query", f"{self.table}@tomorrow", "SELECT 1", words=["table@tomorrow"])

    def test_contradictions(self):
        self.versions(2)
        plain = self.folder / "p0"
        time_of = self.history()[0]["time"]
        for args, words, code in (
            (["--set", "delta_version=0", "--set", f"delta_timestamp={time_of}"], ["delta_version and delta_timestamp"], 2),
            (["--set", "provider=listing"], ["is a Delta table", "provider=listing"], 1),
            (["--set", "provider=parquet"], ["is a Delta table", "provider=parquet"], 1),
            (["--set", "partition_cols=repo utf8"], ["partition_cols", "is a Delta table"], 1),
            (["--set", "partition_cols=repo utf8", "--set", "delta_version=1"], ["partition_cols", "delta_version"], 2),
            (["--set", "delta_timestamp=yesterday"], ["yesterday", "2026-11-24T10:00:00Z"], 1),
        ):
            self.refused("query", self.table, "SELECT 1", *args, words=words, code=code)
        self.refused("query", f"{self.table}@v0", "SELECT 1", "--set", "delta_version=1", words=["both say which version"])
        self.refused("query", plain, "SELECT 1", "--set", "delta_version=1", words=["delta_version", "is none"])
        self.refused("query", plain, "SELECT 1", "--set", "provider=delta", words=["no Delta table"])
        self.refused("query", f"{plain}@v1", "SELECT 1", words=["no Delta table"])
        self.refused("history", plain, words=["no Delta table"])
        self.run_program("query", self.table, "SELECT 1", "--set", "provider=delta")

    def test_vacuum(self):
        self.versions(3)
        self.put("m0.pyc", 20)
        self.write("--sync")
        self.refused("vacuum", self.table, "--retention", "1", words=["168", "--force"], code=2)
        self.assertEqual(self.run_program("vacuum", self.table).stdout, "")  # all is young
        parts = lambda: sorted(p.name for p in self.table.glob("*.parquet"))
        before = parts()
        names = self.run_program("vacuum", self.table, "--retention", "0", "--dry-run").stdout.splitlines()
        self.assertEqual(parts(), before)
        needed = {a["add"]["path"] for v in range(4) for a in self.log(v) if "add" in a}
        for v in range(4):
            needed -= {a["remove"]["path"] for a in self.log(v) if "remove" in a}
        self.assertEqual(sorted(n.rsplit("/", 1)[-1] for n in names), sorted(set(before) - needed))
        self.assertTrue(names)
        self.run_program("vacuum", self.table, "--retention", "0", "--force")
        self.assertEqual(parts(), sorted(needed))
        self.assertEqual(self.rows(self.table, SUMS[0])[0][0], "3")
        gone = [v for v in range(3) if self.run_version_fails(v)]
        self.assertTrue(gone)

    def run_version_fails(self, v):
        """Whether its files are gone, which it says."""
        import subprocess
        from program import PROGRAM
        done = subprocess.run([PROGRAM, "query", f"{self.table}@v{v}", SUMS[0]], capture_output=True, text=True)
        if done.returncode:
            self.assertIn("vacuumed", done.stderr)
        return done.returncode != 0


class Log(Delta):
    def test_protocol_and_properties(self):
        self.versions(2)
        actions = [a for v in range(2) for a in self.log(v)]
        self.assertEqual([a["protocol"] for a in actions if "protocol" in a], [{"minReaderVersion": 1, "minWriterVersion": 2}])
        (meta,) = [a["metaData"] for a in actions if "metaData" in a]
        for key, value in (("schema_name", "bytecode_files_v1"), ("ordering_keys", "path:ascending,file_id:ascending"),
                           ("bytefusion.constraints", "path IS NOT NULL,file_id IS NOT NULL")):
            self.assertEqual(meta["configuration"][key], value)
        fields = {f["name"]: f for f in json.loads(meta["schemaString"])["fields"]}
        self.assertEqual([n for n, f in fields.items() if not f["nullable"]], ["path", "file_id"])
        of_code = {f["name"]: f for f in fields["code_objects"]["type"]["elementType"]["fields"]}
        self.assertEqual(of_code["instructions"]["metadata"], {"line_base": "0", "col_unit": "utf32", "end_exclusive": "true", "semantic_type": "Span"})

    def test_statistics_leave_files_out(self):
        self.put("a.pyc", 0)
        self.write()
        (self.root / "a.pyc").unlink()
        self.put("z.pyc", 1)
        self.write("--mode", "append")
        for path, n in (("a.pyc", 1), ("z.pyc", 1), ("m.pyc", 0)):
            plan = self.run_program("query", self.table, f"EXPLAIN SELECT file_id FROM bytecode_files_v1 WHERE path = '{path}'", "--format", "tsv").stdout
            self.assertEqual(len(set(re.findall(r"part-[0-9a-f-]+\.parquet", plan))), n)

    def test_history(self):
        self.put("a.pyc", 0)
        self.write("--repo", "one")
        self.put("a.pyc", 1)
        self.put("b.pyc", 2)
        self.write("--repo", "one", "--sync")
        self.write("--repo", "one", "--mode", "append")
        newest, oldest = self.history()
        self.assertEqual([(c["version"], c["operation"], c["mode"], c["repo"]) for c in (newest, oldest)],
                         [(1, "WRITE", "Append", "one"), (0, "WRITE", "Overwrite", "one")])
        self.assertEqual([newest[k] for k in ("added", "replaced", "removed", "new_parts", "gone_parts")], [1, 1, 0, 1, 1])
        self.assertEqual(newest["new_bytes"], sum(a["add"]["size"] for a in self.log(1) if "add" in a))
        self.assertIn("bytefusion", newest["writer"])
        self.assertEqual(self.run_program("history", self.table, "--limit", "1", "--format", "csv").stdout.count("\n"), 2)

    def test_check(self):
        for repo in ("one", "two"):
            self.put("a.pyc", 0)
            self.write("--repo", repo, "--partition-by", "repo")
            self.run_program("index", self.root, "-o", self.folder / "plain", "--repo", repo, "--partition-by", "repo")
        checks = {}
        for dataset in (self.table, self.folder / "plain"):
            found = json.loads(self.run_program("check", dataset, "--json").stdout)["checks"]
            self.assertEqual({c["state"] for c in found}, {"ok"})
            checks[dataset] = {(c["scope"], re.sub(r"^\S+/", "", c["name"])) for c in found}
        own = checks[self.table] - checks[self.folder / "plain"]
        self.assertEqual(checks[self.folder / "plain"] - checks[self.table], set())
        self.assertEqual(len(own), 9)
        document = json.loads(self.run_program("artifacts", self.table, "datafusion_bytecode_dataset_v1").stdout)
        self.assertEqual((document["format"], document["delta"]["version"], document["delta"]["protocol"]["min_writer_version"]), ("delta", 1, 2))

    def test_check_of_an_old_version_says_nothing_of_the_dataset(self):
        self.versions(2)
        self.run_program("check", f"{self.table}@v0")
        self.assertFalse((self.table / "_bytefusion").exists())
        self.run_program("check", self.table)
        self.assertTrue((self.table / "_bytefusion/validation.json").exists())
        self.put("new.pyc", 9)
        self.write("--mode", "append")
        self.assertFalse((self.table / "_bytefusion/validation.json").exists())  # it told of the state before


class Constraints(Delta):
    def test_violated(self):
        self.versions(2)
        before = sorted(p.name for p in self.table.rglob("*"))
        for i in range(2):
            self.put(f"t{i}_test.pyc", 5 + i)
        done = self.write("--mode", "append", "--set", "delta_constraints=path IS NOT NULL,path NOT LIKE '%\\_test.pyc' ESCAPE '\\',array_length(code_objects) IN (1,2,3,4,5,6,7,8,9,10,11,12)", code=1)
        self.assertIn("2 of the rows", done.stderr)
        self.assertIn("t0_test.pyc", done.stderr)
        self.assertIn("path NOT LIKE", done.stderr)
        self.assertEqual(sorted(p.name for p in self.table.rglob("*")), before)
        self.assertEqual(len(self.history()), 2)

    def test_of_the_table_hold_for_later_runs(self):
        self.put("a.pyc", 0)
        self.write("--set", "delta_constraints=path NOT LIKE '%secret%'")
        self.put("secret.pyc", 1)
        self.assertIn("path NOT LIKE '%secret%'", self.write("--mode", "append", code=1).stderr)
        self.assertEqual(len(self.history()), 1)

    def test_no_sql(self):
        self.put("a.pyc", 0)
        self.assertIn('constraint "path LIKES x"', self.write("--set", "delta_constraints=path LIKES x", code=1).stderr)
        self.assertFalse(self.table.exists())
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["tree"])

    def test_repo_of_a_partition(self):
        self.put("a.pyc", 0)
        self.write("--repo", "ok", "--partition-by", "repo", "--set", "delta_constraints=repo = 'ok'")
        self.assertIn("repo = 'ok'", self.write("--repo", "no", "--partition-by", "repo", code=1).stderr)
        self.assertEqual(self.rows(self.table, "SELECT repo, count(*) FROM bytecode_files_v1 GROUP BY 1"), [("ok", "1")])


class Others(Delta):
    """Tables that are not quite ours: their log is edited."""

    def edit(self, version, change):
        path = self.table / "_delta_log" / f"{version:020}.json"
        path.write_text("".join(json.dumps(change(a)) + "\n" for a in self.log(version)))

    def schema(self, change):
        def edit(action):
            if "metaData" in action:
                schema = json.loads(action["metaData"]["schemaString"])
                change({f["name"]: f for f in schema["fields"]}, schema)
                action["metaData"]["schemaString"] = json.dumps(schema)
            return action
        self.put("a.pyc", 0)
        self.write()
        self.edit(0, edit)

    def assert_gate(self, words):
        self.refused("query", self.table, "SELECT 1", words=["log: ", *words])
        self.refused("index", self.root, "-o", self.table, "--mode", "append", words=["does not hold bytecode_files_v1", *words])
        self.assertEqual(len(list((self.table / "_delta_log").iterdir())), 1)
        found = json.loads(self.run_program("check", self.table, "--json", code=1).stdout)["checks"]
        self.assertIn("FAIL", {c["state"] for c in found if c["name"] == "schema in the log"})

    def instructions(self, fields):
        code = {f["name"]: f for f in fields["code_objects"]["type"]["elementType"]["fields"]}
        return code["instructions"], {f["name"]: f for f in code["instructions"]["type"]["elementType"]["fields"]}

    def test_type_in_the_log(self):
        self.schema(lambda fields, _: self.instructions(fields)[1]["opcode"].update(type="long"))
        self.assert_gate(["code_objects[].instructions[].opcode", "expected int32, found int64"])

    def test_metadata_in_the_log(self):
        self.schema(lambda fields, _: self.instructions(fields)[0]["metadata"].pop("semantic_type"))
        self.assert_gate(["code_objects[].instructions", "semantic_type=Span"])

    def test_nullability_in_the_log(self):
        self.schema(lambda fields, _: fields["path"].update(nullable=True))
        self.assert_gate(["path", "not null"])

    def test_field_that_is_missing(self):
        self.schema(lambda fields, schema: schema["fields"].remove(fields["errors"]))
        self.assert_gate(["errors", "no such field"])

    def test_property_that_is_missing(self):
        self.put("a.pyc", 0)
        self.write()
        self.edit(0, lambda a: a["metaData"]["configuration"].pop("schema_version") and a if "metaData" in a else a)
        self.assert_gate(["schema_version=1"])

    def test_protocol_of_later_readers(self):
        self.put("a.pyc", 0)
        self.write()
        self.edit(0, lambda a: {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["deletionVectors"], "writerFeatures": ["deletionVectors"]}} if "protocol" in a else a)
        self.refused("query", self.table, "SELECT 1", words=["deletionVectors"])
        self.refused("index", self.root, "-o", self.table, "--mode", "append", words=["deletionVectors"])

    def test_append_only(self):
        self.put("a.pyc", 0)
        self.write()
        self.edit(0, lambda a: a["metaData"]["configuration"].update({"delta.appendOnly": "true"}) or a if "metaData" in a else a)
        self.refused("index", self.root, "-o", self.table, words=["delta.appendOnly"])

    def test_file_that_is_gone(self):
        self.put("a.pyc", 0)
        self.write()
        (part,) = self.table.glob("*.parquet")
        part.unlink()
        self.refused("query", self.table, "SELECT 1", words=[part.name])

    def foreign(self, sql):
        """The data file of version 0 becomes one of another writer: another name, and the rows that `sql` gives."""
        (part,) = self.table.glob("*.parquet")
        name = "part-00000-7d3f8a52-0d0c-4c2f-9f6f-0f2a7a0c9b11-c000.snappy.parquet"
        self.run_program("query", self.table, sql, "--format", "parquet", "-o", self.folder / "new.parquet")
        part.unlink()
        shutil.move(self.folder / "new.parquet", self.table / name)
        self.edit(0, lambda a: a["add"].update(path=name, size=(self.table / name).stat().st_size) or a if "add" in a else a)

    def assert_in_order(self, n, is_sorted):
        """The order is asked for by a sort, or taken as given; either way it is there."""
        ordered = "SELECT path, file_id FROM bytecode_files_v1 ORDER BY path, file_id"
        plan = self.run_program("query", self.table, f"EXPLAIN {ordered}", "--set", "collect_statistics=true", "--format", "tsv").stdout
        self.assertEqual("SortExec" in plan, is_sorted, plan)
        rows = self.rows(self.table, ordered)
        self.assertEqual(len(rows), n)
        self.assertEqual(rows, sorted(rows))

    def test_files_of_others_are_in_any_order(self):
        for i in range(8):
            self.put(f"m{i}.pyc", i)
        self.write()
        self.assert_in_order(8, is_sorted=False)
        self.foreign("SELECT * FROM bytecode_files_v1 ORDER BY path DESC")
        self.assertEqual([p for p, in self.rows(self.table, "SELECT path FROM bytecode_files_v1")], [f"m{i}.pyc" for i in range(7, -1, -1)])
        self.assert_in_order(8, is_sorted=True)
        (self.root / "m4.pyc").unlink()
        self.write("--sync")  # copies the others out of it, as they lie
        self.assertEqual([p for p, in self.rows(self.table, "SELECT path FROM bytecode_files_v1")], [f"m{i}.pyc" for i in (7, 6, 5, 3, 2, 1, 0)])
        self.assert_in_order(7, is_sorted=True)
        self.put("m4.pyc", 4)
        self.put("m9.pyc", 9)
        for args in ([], ["--sync"]):
            self.write("--mode", "append", *args)
            (self.root / "m9.pyc").unlink(missing_ok=True)
        self.put("m5.pyc", 15)
        self.write("--mode", "append")
        said = self.run_program("optimize", self.table).stdout
        self.assertIn("parts were merged", said)
        self.assertIn("not in order of path and file_id, and stay as they are: 1", said)
        self.assert_in_order(8, is_sorted=True)
        self.write()  # all anew, by us
        self.assert_in_order(8, is_sorted=False)

    def test_statistics_that_lie(self):
        self.put("a.pyc", 0)
        self.write()
        self.edit(0, lambda a: a["add"].update(stats=a["add"]["stats"].replace("a.pyc", "b.pyc").replace('"numRecords":1', '"numRecords":7')) or a if "add" in a else a)
        found = {c["name"]: c["state"] for c in json.loads(self.run_program("check", self.table, "--json", code=1).stdout)["checks"]}
        self.assertEqual(found["files whose rows are within the log's statistics"], "FAIL")
        self.assertEqual(found["files whose rows are as the log counts them"], "FAIL")


if __name__ == "__main__":
    unittest.main()
