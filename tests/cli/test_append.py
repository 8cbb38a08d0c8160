"""Incremental runs: the same on both storages. What a run leaves is what a whole run over the same files leaves, row by row."""
import json
import os
import pathlib
import shutil
import subprocess
import time
import unittest

from program import DATA, PROGRAM, Case

NAMES = ["ok_constants.pyc", "ok_exceptions.pyc", "ok_closures.pyc", "ok_loops.pyc"]


def fixtures(version="3.12"):
    return sorted(p for p in (DATA / version).glob("ok_*.pyc"))


class Storage:
    """Tests of one storage; the two classes below name it."""

    def setUp(self):
        super().setUp()
        self.root = self.folder / "tree"
        self.files = fixtures()
        for i in range(6):
            self.put(f"p{i % 2}/m{i}.pyc", i)

    def put(self, name, i):
        to = self.root / name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.files[i], to)

    def write(self, *args, dataset="dataset", code=0):
        args = [self.root, "-o", self.folder / dataset, *args]
        if not (self.folder / dataset).exists():
            args += ["--format", self.format]
        return self.run_program("index", *args, code=code)

    def state(self, dataset="dataset"):
        """Every file below, with what tells that it was touched."""
        root = self.folder / dataset
        return {str(p.relative_to(root)): (p.stat().st_ino, p.stat().st_mtime_ns, p.stat().st_size) for p in [root, *root.rglob("*")]}

    def assert_is_whole(self, *args, dataset="dataset"):
        """The dataset has the rows that one run over all files gives: every column, nested ones too."""
        fresh = self.folder / "fresh"
        shutil.rmtree(fresh, True)
        self.run_program("index", self.root, "-o", fresh, *args)
        sql = "SELECT * FROM bytecode_files_v1 ORDER BY repo, path, file_id"
        answers = [self.run_program("query", d, sql, "--format", "json").stdout for d in (self.folder / dataset, fresh)]
        self.assertEqual(answers[0].count("\n"), answers[1].count("\n"))
        self.assertTrue(answers[0] == answers[1], "rows differ from those of a whole run")

    def paths(self, dataset="dataset", where=""):
        return [p for p, in self.rows(self.folder / dataset, f"SELECT path FROM bytecode_files_v1 {where} ORDER BY 1")]

    def test_unchanged_tree_writes_nothing(self):
        self.write()
        before = self.state()
        beside = sorted(p.name for p in self.folder.iterdir())
        for args in (["--mode", "append"], ["--sync"], ["--set", "write_mode=append"]):
            self.assertRegex(self.write(*args).stdout, "^6 files unchanged: nothing is written to ")
            self.assertEqual(self.state(), before)
            self.assertEqual(sorted(p.name for p in self.folder.iterdir()), beside)

    def test_one_new_file(self):
        self.write()
        before = self.state()
        self.put("p0/new.pyc", 7)
        self.assertIn("1 files added, 0 replaced, 0 removed, 6 unchanged; 1 parts written, 1 kept", self.write("--mode", "append").stdout)
        kept = [n for n in before if n.endswith(".parquet")]
        self.assertEqual([self.state()[n] for n in kept], [before[n] for n in kept])  # linked or left, not written again
        self.assert_is_whole()

    def test_one_changed_file(self):
        self.write()
        self.put("p1/m3.pyc", 8)
        self.assertIn("0 files added, 1 replaced, 0 removed, 5 unchanged", self.write("--mode", "append").stdout)
        self.assertEqual(len(self.paths()), 6)
        self.assert_is_whole()

    def test_back_and_forth(self):
        self.write()
        for i in (8, 3, 8):
            self.put("p1/m3.pyc", i)
            self.write("--mode", "append")
            self.assert_is_whole()
        self.assertIn("unchanged: nothing", self.write("--mode", "append").stdout)

    def test_vanished_files_stay_until_sync(self):
        self.write()
        (self.root / "p0/m0.pyc").unlink()
        shutil.rmtree(self.root / "p1")
        self.assertIn("unchanged: nothing", self.write("--mode", "append").stdout)
        self.assertEqual(len(self.paths()), 6)
        self.assertIn("0 files added, 0 replaced, 4 removed, 2 unchanged", self.write("--sync").stdout)
        self.assertEqual(self.paths(), ["p0/m2.pyc", "p0/m4.pyc"])
        self.assert_is_whole()

    def test_all_at_once(self):
        self.write()
        (self.root / "p0/m0.pyc").unlink()
        self.put("p0/m2.pyc", 9)
        self.put("p2/new.pyc", 10)
        self.assertIn("1 files added, 1 replaced, 1 removed, 4 unchanged", self.write("--sync").stdout)
        self.assert_is_whole()

    def test_sync_to_nothing_and_back(self):
        self.write()
        shutil.rmtree(self.root)
        self.root.mkdir()
        self.write("--sync")
        self.assertEqual(self.paths(), [])
        self.put("a.pyc", 1)
        self.write("--sync")
        self.assert_is_whole()

    def test_first_run_may_append(self):
        self.write("--mode", "append")
        self.assert_is_whole()

    def test_other_repos_stay(self):
        self.write("--repo", "one")
        self.write("--repo", "two", "--mode", "append")
        for i in range(1, 6):
            (self.root / f"p{i % 2}/m{i}.pyc").unlink()
        self.write("--repo", "two", "--sync")
        self.write("--sync")  # of no repo
        self.assertEqual(self.rows(self.folder / "dataset", "SELECT repo, count(*) FROM bytecode_files_v1 GROUP BY 1 ORDER BY 1 NULLS FIRST"),
                         [(None, "1"), ("one", "6"), ("two", "1")])

    def test_partitions(self):
        for repo in ("one", "two"):
            self.write("--repo", repo, "--partition-by", "repo")
        before = self.state()
        self.put("p0/new.pyc", 7)
        (self.root / "p1/m1.pyc").unlink()
        self.assertIn("1 files added, 0 replaced, 1 removed, 5 unchanged", self.write("--repo", "two", "--partition-by", "repo", "--sync").stdout)
        counts = dict(self.rows(self.folder / "dataset", "SELECT repo, count(*) FROM bytecode_files_v1 GROUP BY 1"))
        self.assertEqual(counts, {"one": "6", "two": "6"})
        of_one = {n: s for n, s in before.items() if n.startswith("repo=one")}
        self.assertEqual({n: s for n, s in self.state().items() if n.startswith("repo=one")}, of_one)

    def test_two_files_of_one_path(self):
        other = self.folder / "other"
        (other / "p0").mkdir(parents=True)
        shutil.copyfile(self.files[9], other / "p0/m0.pyc")
        self.write(other)
        self.assertEqual(self.paths(where="WHERE path = 'p0/m0.pyc'"), ["p0/m0.pyc"] * 2)
        self.assertIn("unchanged: nothing", self.write(other, "--sync").stdout)
        self.write("--sync")
        self.assertEqual(self.paths(where="WHERE path = 'p0/m0.pyc'"), ["p0/m0.pyc"])
        self.assert_is_whole()

    def test_options_that_change_rows(self):
        self.write()
        for args in (["--no-flow"], ["--no-source"], []):
            self.assertIn(" 6 replaced", self.write("--mode", "append", *args).stdout)
            self.assert_is_whole(*args)
            self.assertIn("unchanged: nothing", self.write("--mode", "append", *args).stdout)

    def compile_with_source(self):
        """A .pyc whose header confirms its source: that of the fixture, with size and time as the header says."""
        source, pyc = self.root / "mod.py", self.root / "__pycache__/mod.cpython-312.pyc"
        pyc.parent.mkdir(exist_ok=True)
        data = bytearray(self.files[0].read_bytes())
        source.write_bytes(b"x = 1\n" * 100)
        data[4:16] = (0).to_bytes(4, "little") + (1_700_000_000).to_bytes(4, "little") + (600).to_bytes(4, "little")
        pyc.write_bytes(data)
        os.utime(source, (1_700_000_000, 1_700_000_000))
        return source

    def test_source_that_changed_under_an_unchanged_file(self):
        source = self.compile_with_source()
        self.write(code=3)
        status = "SELECT source_status FROM py_bc_files WHERE path LIKE '%mod.cpython-312.pyc'"
        self.assertEqual(self.rows(self.folder / "dataset", status), [("match",)])
        self.assertIn("unchanged: nothing", self.write("--mode", "append").stdout)
        source.write_bytes(b"import os\n")  # tampered with
        self.assertIn("1 replaced, 0 removed, 6 unchanged", self.write("--mode", "append").stdout)
        self.assertEqual(self.rows(self.folder / "dataset", status), [("mismatch",)])
        source.write_bytes(b"y = 1\n" * 100)  # same size, same time, other bytes: the header confirms it
        os.utime(source, (1_700_000_000, 1_700_000_000))
        self.write("--mode", "append", code=3)
        source.write_bytes(b"x = 1 \n" * 85 + b"zzzz\n")
        os.utime(source, (1_700_000_000, 1_700_000_000))
        self.assertEqual(source.stat().st_size, 600)
        self.assertIn("1 replaced", self.write("--mode", "append", code=3).stdout)
        source.unlink()
        self.assertIn("1 replaced", self.write("--mode", "append").stdout)
        self.assertEqual(self.rows(self.folder / "dataset", status), [("absent",)])

    def test_files_with_errors(self):
        (self.root / "cut.pyc").write_bytes(self.files[0].read_bytes()[:100])
        os.symlink("nowhere", self.root / "gone.pyc")
        self.write(code=3)
        self.assertIn("8 files unchanged: nothing", self.write("--sync").stdout)
        (self.root / "gone.pyc").unlink()
        self.put("gone.pyc", 4)
        self.assertIn("1 replaced, 0 removed, 7 unchanged", self.write("--sync").stdout)

    def test_mode_error(self):
        self.write("--mode", "error")
        before = self.state()
        self.assertIn("holds a dataset already; mode overwrite replaces it, append adds to it", self.write("--mode", "error", code=1).stderr)
        self.assertEqual(self.state(), before)

    def test_the_format_stays(self):
        self.write()
        before = self.state()
        other = {"parquet": "delta", "delta": "parquet"}[self.format]
        self.assertIn(f"is stored as {self.format} already", self.write("--format", other, code=1).stderr)
        self.assertEqual(self.state(), before)
        self.write()  # of itself it is the one that is there
        self.assertEqual((self.folder / "dataset/_delta_log").exists(), self.format == "delta")

    def test_optimize(self):
        self.write()
        for i in range(6, 9):
            self.put(f"p{i % 2}/m{i}.pyc", i)
            self.write("--mode", "append")
        optimize = lambda: self.run_program("optimize", self.folder / "dataset").stdout
        self.assertIn("4 parts were merged", optimize())
        self.assert_is_whole()
        self.assertEqual(len({n for n, in self.rows(self.folder / "dataset", "SELECT count(*) FROM bytecode_files_v1")}), 1)
        before = self.state()
        self.assertIn("nothing to do", optimize())
        self.assertEqual(self.state(), before)
        self.assertIn("unchanged: nothing", self.write("--mode", "append").stdout)
        self.put("p0/m0.pyc", 10)
        self.write("--mode", "append")
        self.assertIn("2 parts were merged", optimize())
        self.assert_is_whole()

    def test_optimize_partitions(self):
        for i in range(6, 8):
            for repo in ("one", "two"):
                self.write("--repo", repo, "--partition-by", "repo", "--mode", "append")
            self.put(f"m{i}.pyc", i)
        self.write("--repo", "two", "--partition-by", "repo", "--mode", "append")
        self.run_program("optimize", self.folder / "dataset")
        counts = self.rows(self.folder / "dataset", "SELECT repo, count(*), count(DISTINCT file_id) FROM bytecode_files_v1 GROUP BY 1 ORDER BY 1")
        self.assertEqual(counts, [("one", "7", "7"), ("two", "8", "8")])
        self.assertIn("nothing to do", self.run_program("optimize", self.folder / "dataset").stdout)

    def test_a_writer_waits_for_another(self):
        self.write()
        lock = subprocess.Popen(["flock", "--no-fork", self.folder / "dataset.lock", "sleep", "60"])
        try:
            while not (self.folder / "dataset.lock").exists():
                time.sleep(0.01)
            time.sleep(0.1)
            before = self.state()
            for args in (["index", self.root, "-o", self.folder / "dataset", "--wait", "0"], ["optimize", self.folder / "dataset", "--wait", "0"],
                         ["vacuum", self.folder / "dataset", "--wait", "0"]):
                self.assertIn("is being written by process", self.run_program(*args, code=1).stderr)
            self.assertEqual(self.state(), before)
            self.assertEqual(len(self.paths()), 6)  # readers do not wait
        finally:
            lock.kill()
            lock.wait()
        self.write()  # the lock went with its process, though its file is there

    def test_what_a_killed_run_left_does_not_matter(self):
        self.write()
        left = self.folder / "dataset.new-99999"
        left.mkdir()
        (left / "part-00000.parquet").write_bytes(b"half of it")
        (self.folder / "dataset.lock").write_text("99999\n")
        if self.format == "delta":
            (self.folder / "dataset" / ("part-00000-" + "0" * 32 + ".parquet")).write_bytes(b"half of it")
        self.put("p0/new.pyc", 7)
        self.write("--mode", "append")
        self.assert_is_whole()
        self.assertEqual({p.name for p in self.folder.iterdir()} - {"dataset.new-99999"}, {"dataset", "tree", "fresh"})


class Parquet(Storage, Case):
    format = "parquet"

    def test_reader_of_an_older_listing(self):
        """Names of files are not used again, so one that was listed is there as it was, or is gone."""
        seen = {}
        self.write()
        for i in (8, 3, 8, 9):
            for part in (self.folder / "dataset").glob("*.parquet"):
                seen.setdefault(part.name, part.read_bytes())
                self.assertEqual(seen[part.name], part.read_bytes())
            self.put("p1/m3.pyc", i)
            self.write(*(["--sync"] if i != 8 else []))
            shutil.rmtree(self.root / "p0", True)

    def test_vacuum_removes_what_killed_runs_left(self):
        self.write()
        left = self.folder / "dataset.new-99999"
        left.mkdir()
        (left / "part-00000.parquet").write_bytes(b"half of it")
        (self.folder / "dataset.new-notes").mkdir()
        vacuum = lambda *args: self.run_program("vacuum", self.folder / "dataset", *args).stdout
        self.assertEqual(vacuum("--dry-run"), f"{left}\n")
        self.assertTrue(left.exists())
        self.assertEqual(vacuum(), f"{left}\n")
        self.assertFalse(left.exists())
        self.assertTrue((self.folder / "dataset.new-notes").exists())
        self.assertEqual(vacuum(), "")


class Delta(Storage, Case):
    format = "delta"

    def with_rivals(self, n, *args):
        """Runs it while another program commits first, n times."""
        done = subprocess.run([PROGRAM, *map(str, args)], capture_output=True, text=True,
                              env={**os.environ, "LD_PRELOAD": os.environ["BF_FAILING_DISK"], "FAULT_RIVALS": str(n)})
        return done.returncode, done.stdout, done.stderr

    def log(self):
        names = sorted((self.folder / "dataset/_delta_log").glob("*.json"))
        return [[json.loads(line) for line in name.read_text().splitlines()] for name in names]

    def test_another_program_is_first(self):
        self.write()
        rows = self.paths()
        self.put("p0/new.pyc", 7)
        args = ["index", self.root, "-o", self.folder / "dataset", "--mode", "append"]
        before = {p.name for p in (self.folder / "dataset").rglob("*.parquet")}
        code, out, err = self.with_rivals(5, *args)
        self.assertEqual((code, out), (1, ""))
        self.assertIn("another program committed first, 5 times in a row; nothing was written", err)
        self.assertEqual([entry[0]["commitInfo"]["operation"] for entry in self.log()], ["WRITE"] + 5 * ["RIVAL"])
        self.assertEqual({p.name for p in (self.folder / "dataset").rglob("*.parquet")}, before)
        self.assertEqual(sorted(p.name for p in (self.folder / "dataset/_delta_log").iterdir() if p.suffix != ".json"), [])
        self.assertEqual(self.paths(), rows)
        self.assertEqual(self.with_rivals(4, *args)[0], 0)  # lands with the fifth
        self.assertEqual([entry[0]["commitInfo"]["operation"] for entry in self.log()][6:], 4 * ["RIVAL"] + ["WRITE"])
        self.assert_is_whole()

    def test_another_program_is_first_when_optimizing(self):
        self.write()
        self.put("p0/m0.pyc", 10)
        self.write("--mode", "append")
        before = self.state()
        code, out, err = self.with_rivals(1, "optimize", self.folder / "dataset")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("another program committed first; nothing was written, run it again", err)
        self.assertEqual({k for k in self.state()} - set(before), {"_delta_log/00000000000000000002.json"})
        self.assertIn("2 parts were merged", self.run_program("optimize", self.folder / "dataset").stdout)
        self.assert_is_whole()

    def test_optimize_is_one_commit(self):
        """Of all partitions, those that have one part only untouched."""
        for i in range(6, 8):
            for repo in ("one", "two"):
                self.write("--repo", repo, "--partition-by", "repo", "--mode", "append")
            self.put(f"m{i}.pyc", i)
        self.write("--repo", "alone", "--partition-by", "repo", "--mode", "append")
        before = self.log()
        alone = {p.name for p in (self.folder / "dataset/repo=alone").iterdir()}
        self.run_program("optimize", self.folder / "dataset")
        (commit,) = self.log()[len(before):]
        self.assertEqual(commit[0]["commitInfo"]["operation"], "OPTIMIZE")
        moved = {kind: sorted(a[kind]["partitionValues"]["repo"] for a in commit if kind in a) for kind in ("add", "remove")}
        self.assertEqual(moved, {"add": ["one", "two"], "remove": ["one", "one", "two", "two"]})
        for action in commit:
            for kind in {"add", "remove"} & action.keys():
                self.assertFalse(action[kind]["dataChange"])
                self.assertTrue(action[kind]["path"].startswith(f"repo={action[kind]['partitionValues']['repo']}/"))
        self.assertEqual({p.name for p in (self.folder / "dataset/repo=alone").iterdir()}, alone)
        counts = self.rows(self.folder / "dataset", "SELECT repo, count(*), count(DISTINCT file_id) FROM bytecode_files_v1 GROUP BY 1 ORDER BY 1")
        self.assertEqual(counts, [("alone", "8", "8"), ("one", "7", "7"), ("two", "7", "7")])

    def test_vacuum_removes_what_a_killed_commit_left(self):
        self.write()
        left = self.folder / "dataset/_delta_log/_commit_5f1c2bb0-6b3e-4a53-9a0c-0d3f3c1f0001.json.tmp"
        left.write_text("half of it")
        vacuum = lambda *args: self.run_program("vacuum", self.folder / "dataset", *args).stdout
        self.assertEqual(vacuum(), "")  # it is young, and may be somebody's who is about to commit
        os.utime(left, (time.time() - 8 * 86400,) * 2)
        self.assertEqual(vacuum("--dry-run"), f"_delta_log/{left.name}\n")
        self.assertTrue(left.exists())
        self.assertEqual(vacuum(), f"_delta_log/{left.name}\n")
        self.assertFalse(left.exists())
        self.assert_is_whole()


if __name__ == "__main__":
    unittest.main()
