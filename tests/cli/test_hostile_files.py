"""File systems that are not as one wishes: what cannot be read is a row that says so, nothing is left out silently, and nothing blocks."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import time

from program import DATA, PROGRAM, Case, unittest

# As root permissions bind nobody, unless one does without these two.
PLAIN = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
READ_ONLY = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"']  # the first argument is the mount
CAN_MOUNT = shutil.which("unshare") and subprocess.run([*READ_ONLY, pathlib.Path(__file__).parent, "true"], capture_output=True).returncode == 0
CAN_BE_PLAIN = os.geteuid() != 0 or (shutil.which("setpriv") and subprocess.run([*PLAIN, "true"], capture_output=True).returncode == 0)


class Files(Case):
    def errors(self, dataset):
        return dict(self.rows(dataset, "SELECT path, message FROM bytecode_errors ORDER BY path"))

    def paths(self, dataset):
        return [path for path, in self.rows(dataset, "SELECT path FROM py_bc_files ORDER BY path")]

    def test_what_is_no_file(self):
        root = self.tree("good.pyc", "directory.pyc/inner.pyc")
        os.mkfifo(root / "fifo.pyc")
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(str(root / "socket.pyc"))
        os.symlink("/dev/zero", root / "endless.pyc")
        os.symlink("fifo.pyc", root / "to_fifo.pyc")
        os.symlink("nowhere", root / "broken.pyc")
        os.symlink("self.pyc", root / "self.pyc")
        os.symlink("..", root / "up.pyc")
        os.symlink(root, root / "loop")
        with open(root / "sparse.pyc", "wb") as f:
            f.truncate(1 << 40)
        started = time.monotonic()
        dataset = self.index(root, code=3)
        self.assertLess(time.monotonic() - started, 30)
        self.assertEqual(self.paths(dataset), ["broken.pyc", "directory.pyc/inner.pyc", "endless.pyc", "fifo.pyc", "good.pyc", "self.pyc",
                                              "socket.pyc", "sparse.pyc", "to_fifo.pyc"])
        errors = self.errors(dataset)
        for path, words in (("fifo.pyc", "a FIFO"), ("to_fifo.pyc", "a FIFO"), ("socket.pyc", "a socket"), ("endless.pyc", "a device"),
                            ("broken.pyc", "No such file"), ("self.pyc", "symbolic links"), ("sparse.pyc", "bytes in one file")):
            self.assertIn(words, errors.pop(path))
        self.assertEqual(errors, {})

    def test_named_by_hand(self):
        self.tree("good.pyc")
        os.mkfifo(self.folder / "fifo")
        dataset = self.index("/dev/zero", "/dev/null", self.folder / "fifo", self.folder / "tree" / "good.pyc", code=3)
        errors = self.errors(dataset)
        self.assertEqual([("a device" in m, "a FIFO" in m) for m in errors.values()], [(True, False), (True, False), (False, True)])

    def test_names(self):
        """Names are bytes: two that look the same once they are escaped are two rows."""
        root = self.tree("good.pyc")
        good = (root / "good.pyc").read_bytes()
        names = [b"new\nline.pyc", b"\xff.pyc", b"\\xff.pyc", b"tab\t\x01\x7f.pyc", b"quote'\".pyc", b"\xed\xa0\x80.pyc", b"\xc3\xa9.pyc", b" .pyc",
                 b"-x.pyc", b"..pyc", b"*?[a].pyc", b"n" * 251 + b".pyc"]
        for name in names:
            pathlib.Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_bytes(good)
        dataset = self.index(root)
        rows = self.rows(dataset, "SELECT path, list_extract(map_extract(attrs, 'path_hex'), 1), file_id FROM bytecode_files_v1")
        found = {bytes.fromhex(raw) if raw else path.encode() for path, raw, _ in rows}
        self.assertEqual(found, {*names, b"good.pyc"})
        self.assertEqual(len({file_id for *_, file_id in rows}), len(names) + 1)
        self.assertEqual({path for path, raw, _ in rows if raw}, {"\\xff.pyc", "\\xed\\xa0\\x80.pyc"})

    def test_deep_and_long(self):
        """A path of 20,000 bytes, which no system call takes at once."""
        root = self.tree("good.pyc")
        good = (root / "good.pyc").read_bytes()
        at = os.open(root, os.O_RDONLY)
        for i in range(100):
            name = "d" * 200
            os.mkdir(name, dir_fd=at)
            inner = os.open(name, os.O_RDONLY, dir_fd=at)
            os.close(at)
            at = inner
            if i in (18, 19, 99):
                fd = os.open("x.pyc", os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=at)
                os.write(fd, good)
                os.close(fd)
        os.close(at)
        dataset = self.index(root)
        lengths = self.rows(dataset, "SELECT length(path), n_errors FROM py_bc_files ORDER BY 1")
        self.assertEqual(lengths, [("8", "0"), (str(19 * 201 + 5), "0"), (str(20 * 201 + 5), "0"), (str(100 * 201 + 5), "0")])
        subprocess.run(["rm", "-rf", root], check=True)  # shutil's recursion ends before

    def test_changing(self):
        """Files that vanish, become directories and FIFOs, shrink and grow while they are read: rows, with errors or without."""
        names = [f"d{i % 20}/f{i}.pyc" for i in range(1500)]
        root = self.tree(*names)
        good = (DATA / "3.12/ok_constants.pyc").read_bytes()
        stop = threading.Event()

        def change():
            n = 0
            while not stop.is_set():
                path = root / names[n * 7919 % len(names)]
                try:
                    if path.is_dir():
                        path.rmdir()
                    else:
                        path.unlink(missing_ok=True)
                    if n % 5 == 0:
                        path.mkdir()
                    elif n % 5 == 1:
                        os.mkfifo(path)
                    elif n % 5 == 2:
                        path.write_bytes(good[: n % len(good)])
                    elif n % 5 == 3:
                        path.write_bytes(good * 50)
                except OSError:
                    pass
                n += 1

        changer = threading.Thread(target=change)
        changer.start()
        try:
            for _ in range(3):
                shutil.rmtree(self.folder / "dataset", True)
                done = subprocess.run([PROGRAM, "index", root, "-o", self.folder / "dataset"], capture_output=True, text=True, timeout=60)
                self.assertIn(done.returncode, (0, 3), done.stderr)
                rows = self.rows(self.folder / "dataset", "SELECT count(*), count(DISTINCT path) FROM py_bc_files")
                self.assertEqual(rows[0][0], rows[0][1])
        finally:
            stop.set()
            changer.join()

    @unittest.skipUnless(CAN_BE_PLAIN, "permissions do not bind this user")
    def test_not_permitted(self):
        root = self.tree("a.pyc", "closed/b.pyc", "open/c.pyc")
        (root / "closed").chmod(0o000)
        (root / "open/c.pyc").chmod(0o000)
        self.addCleanup((root / "closed").chmod, 0o700)
        dataset = self.folder / "dataset"
        done = subprocess.run([*PLAIN, PROGRAM, "index", root, "-o", dataset], capture_output=True, text=True)
        self.assertEqual(done.returncode, 3, done.stderr)
        errors = self.errors(dataset)
        self.assertEqual(sorted(errors), ["closed", "open/c.pyc"])
        for message in errors.values():
            self.assertIn("Permission denied", message)

    def test_proc_and_sys(self):
        for root in ("/proc", "/sys"):
            done = subprocess.run([PROGRAM, "index", root, "-o", self.folder / "dataset"], capture_output=True, text=True, timeout=120)
            self.assertIn(done.returncode, (0, 3), done.stderr)
            shutil.rmtree(self.folder / "dataset")

    def test_interrupt(self):
        root = self.tree(*(f"d{i}/f{k}.pyc" for i in range(40) for k in range(100)))
        before = self.index(self.tree("d0/f0.pyc"))
        files = {p.name: p.read_bytes() for p in before.iterdir()}
        process = subprocess.Popen([PROGRAM, "index", "--jobs", "1", root, "-o", before], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(0.15)
        process.send_signal(signal.SIGINT)
        started = time.monotonic()
        _, err = process.communicate(timeout=30)
        self.assertLess(time.monotonic() - started, 10)  # a second, on a machine that does nothing else
        self.assertEqual(process.returncode, 130, err)
        self.assertIn("is as it was", err)
        self.assertEqual({p.name: p.read_bytes() for p in before.iterdir()}, files)
        self.assertEqual([p.name for p in self.folder.iterdir() if ".new-" in p.name], [])

    @unittest.skipUnless(CAN_BE_PLAIN, "permissions do not bind this user")
    def test_read_only_dataset(self):
        """Queried and checked where nothing can be written: said, not fatal."""
        dataset = self.index(self.tree("a.pyc"))
        dataset.chmod(0o555)
        ask = [*PLAIN, PROGRAM, "query", dataset, "SELECT path FROM py_bc_files", "--format", "csv"]
        asked = subprocess.run(ask, capture_output=True, text=True)
        self.assertEqual((asked.returncode, asked.stdout), (0, "path\na.pyc\n"), asked.stderr)
        checked = subprocess.run([*PLAIN, PROGRAM, "check", dataset], capture_output=True, text=True)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertIn("no artifacts", checked.stderr)
        self.assertIn("Permission denied", checked.stderr)
        self.assertEqual([p.name for p in dataset.iterdir()], ["part-00000.parquet"])

    @unittest.skipUnless(CAN_MOUNT, "this user mounts nothing")
    def test_read_only_mount(self):
        for storage in ("parquet", "delta"):
            dataset = self.folder / storage
            self.run_program("index", self.tree("a.pyc"), "-o", dataset, "--format", storage)
            before = {p: p.stat().st_size for p in dataset.rglob("*")}
            mounted = [*READ_ONLY, dataset, PROGRAM]
            asked = subprocess.run([*mounted, "query", dataset, "SELECT path FROM py_bc_files", "--format", "csv"], capture_output=True, text=True)
            self.assertEqual((asked.returncode, asked.stdout), (0, "path\na.pyc\n"), asked.stderr)
            checked = subprocess.run([*mounted, "check", dataset], capture_output=True, text=True)
            self.assertEqual(checked.returncode, 0, checked.stderr)
            self.assertIn("Read-only file system", checked.stderr)
            self.assertEqual({p: p.stat().st_size for p in dataset.rglob("*")}, before)


if __name__ == "__main__":
    unittest.main()
