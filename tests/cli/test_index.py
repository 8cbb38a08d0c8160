import hashlib
import os
import resource
import signal
import subprocess
import sys
import time
import unittest

from program import DATA, PROGRAM, Case


class Index(Case):
    def test_directory(self):
        dataset = self.index(self.tree("b.pyc", "a/x.pyc", "a/skip.txt"))
        self.assertEqual(self.rows(dataset, "SELECT path FROM bytecode_files_v1"), [("a/x.pyc",), ("b.pyc",)])

    def test_report(self):
        done = self.run_program("index", self.tree("a.pyc"), "-o", self.folder / "d")
        self.assertRegex(done.stdout, r"^1 files, \d+ code objects, \d+ instructions, 0 errors; [\d.]+ kB read, [\d.]+ kB written to .*/d in [\d.]+ s\n$")
        self.assertEqual(done.stderr, "")

    def test_file_is_read_whatever_its_name(self):
        root = self.tree("module.bin")
        dataset = self.index(root / "module.bin")
        self.assertEqual(self.rows(dataset, "SELECT path, n_errors FROM py_bc_files"), [(str(root / "module.bin").lstrip("/"), "0")])

    def test_list_on_stdin(self):
        root = self.tree("a.pyc", "b.pyc", "c.pyc")
        missing = root / "gone.pyc"
        done = self.run_program("index", "-", "-o", self.folder / "d", stdin=f"{root}/a.pyc\n{root}/c.pyc\n{missing}\n", code=3)
        self.assertIn("1 files have errors", done.stderr)
        rows = self.rows(self.folder / "d", "SELECT path, error_type, error_stage FROM py_bc_files f LEFT JOIN bytecode_errors e USING (path) ORDER BY path")
        strip = lambda p: str(p).lstrip("/")
        self.assertEqual(rows, [(strip(root / "a.pyc"), None, None), (strip(root / "c.pyc"), None, None), (strip(missing), "not_found", "open")])

    def test_exclude(self):
        root = self.tree("a.pyc", "tests/b.pyc", "sub/tests/c.pyc", "sub/d.pyc")
        for globs, expected in ((["tests"], ["a.pyc", "sub/d.pyc"]), (["sub/*"], ["a.pyc", "tests/b.pyc"]), (["[ab].pyc", "d.pyc"], ["sub/tests/c.pyc"])):
            options = [x for g in globs for x in ("--exclude", g)]
            dataset = self.index(root, *options)
            self.assertEqual([p for p, in self.rows(dataset, "SELECT path FROM bytecode_files_v1")], expected)

    def test_dry_run(self):
        root = self.tree("a.pyc", "b.pyc")
        size = (root / "a.pyc").stat().st_size * 2
        done = self.run_program("index", "--dry-run", root)
        self.assertEqual(done.stdout, f"2 files, {size / 1000:.1f} kB would be read\n")
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["tree"])

    def test_repo(self):
        dataset = self.index(self.tree("a.pyc"), "--repo", "cpython")
        without = self.folder / "without"
        self.run_program("index", self.folder / "tree", "-o", without)
        sql = "SELECT repo, file_id FROM bytecode_files_v1"
        (repo, file_id), = self.rows(dataset, sql)
        (none, other_id), = self.rows(without, sql)
        self.assertEqual((repo, none), ("cpython", None))
        self.assertNotEqual(file_id, other_id)

    def test_same_bytes_whatever_the_jobs(self):
        hashes = set()
        for jobs in (1, 2, 3, 8):
            dataset = self.index(DATA, "--jobs", jobs)
            hashes.add(tuple(hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(dataset.iterdir())))
        self.assertEqual(len(hashes), 1)

    def test_number_of_a_part_is_never_used_again(self):
        root, seen = self.tree("a.pyc"), set()
        for _ in range(3):
            names = {p.name for p in self.index(root).iterdir()}
            self.assertFalse(names & seen)
            seen |= names
        self.assertEqual(min(seen), "part-00000.parquet")

    def test_one_path_twice(self):
        one, two, same = (self.folder / name for name in ("one", "two", "same"))
        for folder, version in ((one, "3.12"), (two, "3.13"), (same, "3.12")):
            folder.mkdir()
            (folder / "m.pyc").write_bytes((DATA / version / "ok_constants.pyc").read_bytes())
        rows = self.rows(self.index(one, two, same), "SELECT path, python_version, file_id FROM py_bc_files")
        self.assertEqual(sorted(r[:2] for r in rows), [("m.pyc", "3.12"), ("m.pyc", "3.13")])
        self.assertEqual(rows, sorted(rows, key=lambda r: (r[0], r[2])))
        self.assertEqual(rows, self.rows(self.index(same, two, one), "SELECT path, python_version, file_id FROM py_bc_files"))

    def test_links_do_not_loop(self):
        root = self.tree("a/x.pyc")
        os.symlink(root, root / "a" / "loop")
        os.symlink(root / "a" / "x.pyc", root / "link.pyc")
        self.assertEqual(self.rows(self.index(root), "SELECT path FROM bytecode_files_v1"), [("a/x.pyc",), ("link.pyc",)])

    def test_name_that_is_no_utf8(self):
        root = self.tree("a.pyc")
        os.rename(os.fsencode(root / "a.pyc"), os.fsencode(root) + b"/\xff\xc3\xa4.pyc")
        self.assertEqual(self.run_program("query", self.index(root), "SELECT path FROM bytecode_files_v1", "--format", "csv").stdout, "path\n\\xffä.pyc\n")

    def test_errors_are_rows(self):
        root = self.tree("good.pyc")
        good = (root / "good.pyc").read_bytes()
        (root / "cut.pyc").write_bytes(good[: len(good) // 2])
        (root / "empty.pyc").write_bytes(b"")
        (root / "magic.pyc").write_bytes(b"\x39\x30\r\n" + good[4:])
        (root / "text.pyc").write_bytes(b"import os\n" * 10)
        os.mkfifo(root / "pipe")
        dataset = self.index(root, root / "pipe", code=3)
        sql = "SELECT path, error_type, error_stage, message LIKE '%{}%' FROM bytecode_errors WHERE path = '{}'"
        for path, kind, stage, words in (("cut.pyc", "truncated", "marshal", "bytes left"), ("empty.pyc", "truncated", "header", "magic"),
                                         ("magic.pyc", "unsupported", "header", "12345"), ("text.pyc", "corrupt", "header", "not compiled Python"),
                                         (str(root / "pipe").lstrip("/"), "io", "open", "not a regular file")):
            self.assertEqual(self.rows(dataset, sql.format(words, path)), [(path, kind, stage, "true")])
        self.assertEqual(self.rows(dataset, "SELECT n_errors FROM py_bc_files WHERE path = 'good.pyc'"), [("0",)])
        self.assertNotEqual(self.rows(dataset, "SELECT count(*) FROM py_bc_code_units WHERE path = 'cut.pyc'"), [("0",)])

    def test_assume_version(self):
        root = self.tree("a.pyc")
        data = (root / "a.pyc").read_bytes()
        (root / "a.pyc").write_bytes(b"\x39\x30\r\n" + data[4:])
        dataset = self.index(root, "--assume-version", "3.12")
        self.assertEqual(self.rows(dataset, "SELECT python_version, python_magic, n_errors FROM py_bc_files"), [("3.12", "12345", "0")])
        done = self.run_program("index", root, "-o", self.folder / "x", "--assume-version", "2.0", code=1)
        self.assertIn("2.0", done.stderr)

    def test_missing_path(self):
        done = self.run_program("index", self.folder / "nowhere", "-o", self.folder / "d", code=1)
        self.assertIn("nowhere", done.stderr)
        self.assertFalse((self.folder / "d").exists())

    def test_other_directory_is_not_touched(self):
        root = self.tree("a.pyc")
        done = self.run_program("index", root, "-o", root, code=1)
        self.assertIn("a.pyc", done.stderr)
        self.assertTrue((root / "a.pyc").exists())

    def test_replaces_and_follows_a_link(self):
        real = self.folder / "real"
        root = self.tree("a.pyc")
        self.run_program("index", root, "-o", real)
        os.symlink(real, self.folder / "link")
        (root / "b.pyc").write_bytes((root / "a.pyc").read_bytes())
        self.run_program("index", root, "-o", self.folder / "link")
        self.assertTrue((self.folder / "link").is_symlink())
        self.assertEqual(self.rows(real, "SELECT count(*) FROM bytecode_files_v1"), [("2",)])
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["link", "real", "tree"])

    def test_nothing_to_index(self):
        empty = self.folder / "empty"
        empty.mkdir()
        dataset = self.index(empty)
        self.assertEqual(self.rows(dataset, "SELECT count(*) FROM bytecode_files_v1"), [("0",)])

    def test_little_address_space(self):
        """Less than what the room of one batch would take where address space is free."""
        limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))
        dataset = self.folder / "dataset"
        done = subprocess.run([PROGRAM, "index", self.tree("a.pyc"), "-o", dataset], preexec_fn=limit, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.rows(dataset, "SELECT path, n_errors FROM py_bc_files"), [("a.pyc", "0")])

    def test_killed_run_leaves_the_old_state_or_the_new_one(self):
        """A kill between the commit and the end finds the new one."""
        dataset = self.index(self.tree("a.pyc"))
        state = lambda: [(p.name, hashlib.sha256(p.read_bytes()).hexdigest()) for p in sorted(dataset.iterdir())]
        whole = sum(p.suffix in (".pyc", ".pyo") for p in DATA.rglob("*"))
        before, count = state(), 1
        for delay in (0, 0.01, 0.03, 0.06, 0.1):
            run = subprocess.Popen([PROGRAM, "index", DATA, "-o", dataset], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(delay)
            run.send_signal(signal.SIGKILL)
            has_ended = run.wait() >= 0
            if has_ended or state() != before:
                before, count = state(), whole
            self.assertEqual(self.rows(dataset, "SELECT count(*) FROM bytecode_files_v1"), [(str(count),)])

    def test_wrong_usage(self):
        for args in (["index"], ["index", "x"], ["index", "--what"], ["index", "x", "-o"], ["index", "x", "-o", "y", "--jobs", "many"], ["nothing"], []):
            done = self.run_program(*args, code=2)
            self.assertEqual(done.stdout, "")
            self.assertIn("bytefusion", done.stderr)


if __name__ == "__main__":
    unittest.main()
