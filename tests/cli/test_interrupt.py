"""Ctrl-C in what takes long: ends soon, says what was kept, leaves nothing behind, and the next run finishes the work.

No test asserts a time: each waits until the program is in the middle of its work (a line of it, a file of it, a pipe that is full)."""
import fcntl
import shutil
import signal
import struct
import subprocess
import termios
import time
import unittest

from program import DATA, PROGRAM, Case

F_SETPIPE_SZ = 1031
PIPE_BYTES = 4096


class Interrupt(Case):
    def setUp(self):
        super().setUp()
        fixtures = sorted(DATA.glob("3.1[0-4]/ok_*.pyc"))
        self.trees = []
        for k in range(3):  # their paths lie between each other, so that all parts are merged
            tree = self.folder / f"tree{k}"
            tree.mkdir()
            for i, fixture in enumerate(fixtures):
                shutil.copyfile(fixture, tree / f"m{i:03d}_{k}.pyc")
            self.trees.append(tree)

    def datasets(self, storage):
        dataset = self.folder / "dataset"
        shutil.rmtree(dataset, True)
        for tree in self.trees:
            self.run_program("index", tree, "-o", dataset, "--format", storage, "--mode", "append")
        return dataset

    def start(self, *args, **kwargs):
        process = subprocess.Popen([PROGRAM, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **kwargs)
        self.addCleanup(process.kill)
        return process

    def interrupt(self, process, is_blocked=False):
        process.send_signal(signal.SIGINT)
        if is_blocked:
            process.wait(timeout=60)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def start_blocked(self, *args):
        """Until it waits for a reader of its standard output; its pipe is as small as they get."""
        process = self.start(*args)
        fcntl.fcntl(process.stdout, F_SETPIPE_SZ, PIPE_BYTES)
        while struct.unpack("i", fcntl.ioctl(process.stdout, termios.FIONREAD, bytes(4)))[0] < PIPE_BYTES:
            self.assertIsNone(process.poll(), "it ended before its pipe was full")
            time.sleep(0.01)
        return process

    def files(self, dataset):
        return {str(p.relative_to(dataset)): p.stat().st_size for p in dataset.rglob("*") if p.is_file()}

    def test_optimize(self):
        for storage in ("parquet", "delta"):
            with self.subTest(storage):
                dataset = self.datasets(storage)
                before, rows = self.files(dataset), self.rows(dataset, "SELECT path, file_id FROM bytecode_files_v1 ORDER BY 1")
                process = self.start("optimize", dataset, "--jobs", "1")
                while process.poll() is None and not list(self.folder.glob("dataset.new-*")) and len(self.files(dataset)) == len(before):
                    pass
                code, _, err = self.interrupt(process)
                self.assertEqual(code, 130, err)
                self.assertIn("interrupted; every row is there", err)
                self.assertEqual(self.files(dataset), before)
                self.assertEqual(list(self.folder.glob("dataset.new-*")), [])
                self.run_program("optimize", dataset)
                self.assertEqual(self.rows(dataset, "SELECT path, file_id FROM bytecode_files_v1 ORDER BY 1"), rows)

    def test_materialize(self):
        dataset = self.datasets("parquet")
        process = self.start("materialize", dataset)
        first = process.stdout.readline()
        code, out, err = self.interrupt(process)
        self.assertEqual(code, 130, err)
        self.assertIn("interrupted; tables that were listed are there", err)
        listed = sorted(line.split(":")[0] + ".parquet" for line in [first, *out.splitlines()])
        self.assertEqual(sorted(p.name for p in (self.folder / "dataset.views").iterdir()), listed)
        self.assertIn(f"{listed[0][:-8]}: ", self.run_program("materialize", dataset, listed[0][:-8]).stdout)

    def test_index_with_flat_tables(self):
        """The dataset is committed by then: what is said is not that it is as it was."""
        dataset = self.folder / "dataset"
        process = self.start("index", self.trees[0], "-o", dataset, "--materialize")
        process.stdout.readline()
        code, _, err = self.interrupt(process)
        self.assertEqual(code, 130, err)
        self.assertIn("is whole with the new rows", err)
        self.assertEqual(len(self.rows(dataset, "SELECT path FROM py_bc_files")), len(list(self.trees[0].iterdir())))
        self.assertEqual([p.name for p in self.folder.rglob("*.new-*")], [])

    def test_diff(self):
        dataset, other = self.index(self.trees[0]), self.folder / "other"
        self.run_program("index", self.trees[1], "-o", other)
        code, _, err = self.interrupt(self.start_blocked("diff", dataset, other), is_blocked=True)
        self.assertEqual(code, 130, err)
        self.assertIn("interrupted; nothing was changed", err)

    def test_views(self):
        code, _, err = self.interrupt(self.start_blocked("views", "--format", "json"), is_blocked=True)
        self.assertEqual(code, 130, err)
        self.assertIn("interrupted; nothing was changed", err)

    def test_vacuum(self):
        dataset = self.index(self.trees[0])
        for i in range(1, 400):
            (self.folder / f"dataset.new-{i}").mkdir()
        code, out, err = self.interrupt(self.start_blocked("vacuum", dataset), is_blocked=True)
        self.assertEqual(code, 130, err)
        self.assertIn("interrupted; the dataset is whole", err)
        left = list(self.folder.glob("dataset.new-*"))
        self.assertTrue(left)
        self.assertEqual(len(self.run_program("vacuum", dataset).stdout.splitlines()), len(left))
        self.assertEqual(list(self.folder.glob("dataset.new-*")), [])


if __name__ == "__main__":
    unittest.main()
