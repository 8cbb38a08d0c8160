"""SQL of strangers: what is no question is refused and touches nothing; what has no end is ended; nothing crashes."""
import os
import pathlib
import resource
import signal
import subprocess
import time

from program import DATA, PROGRAM, Case, unittest

ESCAPES = (DATA / "sql/escapes.sql").read_text().splitlines()
SECRET = "the-canary-sings"

# Without an end, or beyond any memory: ended by a limit, an error or Ctrl-C.
ENDLESS = [
    "SELECT count(*) FROM generate_series(1, 1000000000000)",
    "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
    "SELECT count(*) FROM generate_series(1, 10000000) a CROSS JOIN generate_series(1, 10000000) b",
    "SELECT levenshtein(repeat('x', 1000000), repeat('y', 1000000))",
]
TOO_LARGE = [
    "SELECT length(repeat('x', 2000000000))",
    "SELECT length(repeat('x', 20000000000))",
    "SELECT array_repeat(array_repeat(array_repeat(1, 10000), 10000), 10000)",
    "SELECT array_length(range(1, 1000000000000))",
    "SELECT count(*) FROM (SELECT unnest(range(1, 2000000000)))",
    "SELECT replace(repeat('x', 10000000), 'x', repeat('y', 1000))",
    "SELECT string_agg(a.opname, ',') FROM py_bc_instructions a, generate_series(1, 100000)",
    "SELECT 'a' ~ 'a{1000}{1000}{1000}'",
    "SELECT array_resize([1], 100000000000)",
]


def deep(n):
    """SQL whose tree is n levels deep, by construction."""
    return {
        "plus": "SELECT " + "+".join(["1"] * n),
        "or": "SELECT 1 FROM py_bc_files WHERE " + " OR ".join(["path = 'x'"] * n),
        "and": "SELECT 1 FROM py_bc_files WHERE " + " AND ".join(f"path <> '{i}'" for i in range(n)),
        "union": " UNION ALL ".join(["SELECT 1"] * n),
        "concat": "SELECT " + "||".join(["'a'"] * n),
        "cast": "SELECT path" + "::text::varchar" * (n // 2) + " FROM py_bc_files",
        "is": "SELECT true" + " IS TRUE" * n,
        "parentheses": "SELECT " + "(" * n + "1" + ")" * n,
        "functions": "SELECT " + "abs(" * n + "1" + ")" * n,
        "queries": "SELECT * FROM " + "(SELECT * FROM " * n + "py_bc_files" + ")" * n,
        "arrays": "SELECT " + "[" * n + "1" + "]" * n,
        "not": "SELECT " + "NOT " * n + "true",
        "minus": "SELECT " + "- " * n + "1",
    }


class Strangers(Case):
    @classmethod
    def setUpClass(cls):
        cls.shared = Case()
        cls.shared.setUp()
        cls.dataset = cls.shared.index(cls.shared.tree("a.pyc", "b.pyc"))
        cls.outside = cls.shared.folder / "outside"
        cls.outside.mkdir()
        for name in ("secret.csv", "secret.parquet", "secret.arrow"):
            (cls.outside / name).write_text(f"a\n{SECRET}\n")

    @classmethod
    def tearDownClass(cls):
        cls.shared.doCleanups()

    def state(self):
        """Every file below the folder with size and times."""
        found = {}
        for path in sorted(self.shared.folder.rglob("*")):
            info = path.lstat()
            found[str(path)] = (info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_mode)
        return found

    def ask(self, sql, *args, memory="none", timeout=60):
        command = [PROGRAM, "query", str(self.dataset), "--memory", memory, *args, "-f", "-"]
        return subprocess.run(command, input=sql, capture_output=True, text=True, timeout=timeout)

    def test_escapes(self):
        self.assertGreaterEqual(len(ESCAPES), 30)
        before = self.state()
        outcomes = {"refused": 0, "no such table, function or syntax": 0}
        for escape in ESCAPES:
            done = self.ask(escape.replace("@", str(self.outside)))
            with self.subTest(escape):
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertEqual(done.stdout, "")
                self.assertNotIn(SECRET, done.stderr)
                self.assertEqual(self.state(), before)
            refused = "is refused: only questions are answered" in done.stderr
            outcomes["refused" if refused else "no such table, function or syntax"] += 1
            if refused:
                self.assertIn("--allow-write", done.stderr)
            print(f"{'refused' if refused else 'unknown'}  {escape}")
        print(f"{len(ESCAPES)} escapes tried: {outcomes}")

    def test_questions(self):
        for sql in ("SELECT 1", "WITH w AS (SELECT 1 AS x) SELECT x FROM w", "VALUES (1)", "SHOW TABLES", "SHOW ALL", "DESCRIBE py_bc_files",
                    "EXPLAIN SELECT path FROM py_bc_files", "EXPLAIN ANALYZE SELECT path FROM py_bc_files", "SHOW COLUMNS FROM py_bc_files",
                    "SHOW datafusion.execution.batch_size", "SELECT count(*) FROM information_schema.tables", "SHOW FUNCTIONS",
                    "SELECT count(*) FROM generate_series(1, 10)", "(SELECT 1)", "SELECT 1;"):
            with self.subTest(sql):
                done = self.ask(sql)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_allow_write(self):
        out = self.folder / "out.csv"
        sql = f"COPY (SELECT path FROM py_bc_files ORDER BY path) TO '{out}'"
        self.assertEqual(self.ask(sql).returncode, 1)
        self.assertFalse(out.exists())
        for opened in (["--allow-write"], ["--set", "allow_write=true"]):
            done = self.ask(sql, *opened)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(out.read_text(), "path\na.pyc\nb.pyc\n")
            out.unlink()

    def test_deep_statements(self):
        for n in (300, 100000):
            for name, sql in deep(n).items():
                with self.subTest(name, n=n):
                    done = self.ask(sql)
                    self.assertIn(done.returncode, (0, 1), done.stderr[-500:])
        self.assertIn("at most 4000 are planned", self.ask(deep(5000)["or"]).stderr)
        many = "SELECT count(*) AS n FROM py_bc_files WHERE path IN (" + ",".join(f"'{i}'" for i in range(20000)) + ",'a.pyc')"
        self.assertEqual(self.ask(many, "--format", "csv").stdout, "n\n1\n")  # a long list is no deep tree

    def test_too_large(self):
        for sql in TOO_LARGE:
            with self.subTest(sql):
                done = self.ask(sql, memory="200M")
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertTrue(done.stderr.startswith("bytefusion: "), done.stderr)

    def test_memory_message(self):
        done = self.ask("SELECT array_agg(a.opname) FROM py_bc_instructions a, generate_series(1, 1000000)", memory="100M")
        self.assertEqual(done.returncode, 1)
        self.assertIn("--memory", done.stderr)
        self.assertIn("memory_limit", done.stderr)
        for wrong in ("12", "x", "10Q", "-1G", "0", "12Mx", "%"):
            self.assertEqual(self.ask("SELECT 1", memory=wrong).returncode, 2, wrong)
        for right in ("none", "50%", "1.5G", "512M", "65536K"):
            self.assertEqual(self.ask("SELECT 1", memory=right).returncode, 0, right)

    def test_spill(self):
        """Rows are sorted in a memory that does not hold them; what was spilled is gone afterwards."""
        spill = self.folder / "spill"
        spill.mkdir()
        sql = "SELECT value, value % 1009 AS rest FROM generate_series(1, 9000000) ORDER BY rest, value"
        plan = self.ask("EXPLAIN ANALYZE " + sql, memory="250M").stdout
        self.assertRegex(plan, r"spill_count=[1-9]")
        digests = set()
        for memory in ("none", "250M"):
            command = [PROGRAM, "query", str(self.dataset), "--memory", memory, "--set", f"spill_directory={spill}", "--format", "csv", sql]
            done = subprocess.run(command, capture_output=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            digests.add(hash(done.stdout))
            self.assertEqual(list(spill.iterdir()), [])
        self.assertEqual(len(digests), 1)
        command = [PROGRAM, "query", str(self.dataset), "--memory", "250M", "--set", "spill_limit=1M", sql]
        done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("spill_limit", done.stderr)

    def interrupt(self, sql, *args, times=1):
        process = subprocess.Popen([PROGRAM, "query", str(self.dataset), *args, sql], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(0.7)
        for _ in range(times):
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        return process.returncode, err

    def test_interrupt(self):
        for sql in ENDLESS:
            with self.subTest(sql):
                code, err = self.interrupt(sql)
                self.assertEqual(code, 130, err)
                self.assertIn("interrupted", err)
        code, err = self.interrupt(ENDLESS[0], times=2)
        self.assertEqual(code, 130, err)
        out = self.folder / "out.csv"
        out.write_text("as it was")
        code, err = self.interrupt(ENDLESS[0].replace("count(*)", "value"), "--format", "csv", "-o", str(out))
        self.assertEqual(code, 130, err)
        self.assertEqual((out.read_text(), os.listdir(self.folder)), ("as it was", ["out.csv"]))

    def test_closed_pipe(self):
        command = [PROGRAM, "query", str(self.dataset), "--format", "csv", "SELECT value FROM generate_series(1, 100000000)"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual((process.wait(timeout=30), process.stderr.read()), (-signal.SIGPIPE, b""))
        process.stderr.close()

    def test_panic(self):
        """The engine is known to panic on some of these; an error or a result, never the end of the process."""
        for sql in ("SELECT unnest(map_entries(attrs)) FROM bytecode_files_v1", "SELECT unnest(map_entries(map([], [])))",
                    "SELECT unnest(map_entries(attrs)) FROM (SELECT attrs FROM bytecode_files_v1 UNION ALL SELECT NULL)",
                    "SELECT date_trunc('century', arrow_cast(9223372036854775807, 'Timestamp(Nanosecond, None)'))",
                    "SELECT date_bin(INTERVAL '0 days', now(), now())", "SELECT lpad('x', -9223372036854775808)",
                    "SELECT substr('x', -9223372036854775808, 9223372036854775807)", "SELECT array_slice([1], 1, 2, 0)",
                    "SELECT to_timestamp(9223372036854775807)", "SELECT make_date(2147483647, 1, 1)", "SELECT 1 << 64", "SELECT chr(0)",
                    "SELECT gcd(-9223372036854775808, 0)", "SELECT lcm(9223372036854775807, 2)", "SELECT abs(-9223372036854775808)",
                    "SELECT ntile(0) OVER ()", "SELECT nth_value(1, 0) OVER ()", "SELECT split_part('a', 'b', -9223372036854775808)"):
            with self.subTest(sql):
                done = self.ask(sql)
                self.assertIn(done.returncode, (0, 1), done.stderr)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    unittest.main()
