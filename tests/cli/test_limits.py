"""What one file may use: files that are small and stand for much, and the flags."""
import os
import pathlib
import sys
import unittest
import unittest.mock

from program import DATA, Case

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "hostile"))
import evil

LIMITS = "SELECT path, message FROM bytecode_errors WHERE error_stage = 'limit' ORDER BY path"
GOOD = DATA / "3.12" / "ok_classes.pyc"


class Limits(Case):
    def test_evil_files_among_good_ones(self):
        root = self.tree("a.pyc", "z.pyc")
        evil.write(root)
        dataset = self.index(root, code=3)
        rows = self.rows(dataset, LIMITS)
        self.assertEqual([path for path, _ in rows], sorted(f"evil_{name}.pyc" for name in evil.EVIL))  # one row each
        for path, message in rows:
            limit = evil.EVIL[path[len("evil_"):-len(".pyc")]][0]
            self.assertIn("that is the most" if limit == "depth" else f"; --limit {limit}=N raises it", message)
        good = self.rows(dataset, "SELECT path, n_errors FROM py_bc_files WHERE path NOT LIKE 'evil%' ORDER BY path")
        self.assertEqual(good, [("a.pyc", "0"), ("z.pyc", "0")])
        kept = self.rows(dataset, "SELECT count(*) FROM py_bc_code_units WHERE path = 'evil_code_objects.pyc'")
        self.assertEqual(kept, [("8192",)])

    def test_flag(self):
        dataset = self.index(GOOD, "--limit", "code_objects=2", "--limit", "objects=100000", code=3)
        self.assertEqual([m for _, m in self.rows(dataset, LIMITS)],
                         ["code objects left out: more than 2 code objects in one file; --limit code_objects=N raises it"])
        self.assertEqual(self.rows(dataset, "SELECT count(*) FROM py_bc_code_units"), [("2",)])

    def test_bytes(self):
        size = GOOD.stat().st_size
        dataset = self.index(GOOD, "--limit", f"bytes={size - 1}", code=3)
        [(_, message)] = self.rows(dataset, LIMITS)
        self.assertIn(f"file left out: more than {size - 1} bytes in one file; --limit bytes=N raises it", message)
        self.assertEqual(self.rows(self.index(GOOD, "--limit", f"bytes={size}"), LIMITS), [])

    def test_profile_and_environment(self):
        profile = self.folder / "p.json"
        profile.write_text('{"limit_code_objects": 2}')
        self.assertEqual(len(self.rows(self.index(GOOD, "--profile", profile, code=3), LIMITS)), 1)
        with unittest.mock.patch.dict(os.environ, {"BYTEFUSION_LIMIT_CODE_OBJECTS": "2"}):
            self.assertEqual(len(self.rows(self.index(GOOD, code=3), LIMITS)), 1)
        self.assertEqual(self.rows(self.index(GOOD, "--profile", profile, "--limit", "code_objects=1000"), LIMITS), [])  # the flag wins

    def test_wrong_usage(self):
        for option, said in (("depth=2001", "levels of objects in objects"), ("no_such=1", "no option limit_no_such"), ("objects", "NAME=VALUE"),
                             ("objects=-1", "a number"), ("objects=many", "a number")):
            done = self.run_program("index", GOOD, "-o", self.folder / "d", "--limit", option, code=2)
            self.assertIn(said, done.stderr)

    def test_dis(self):
        done = self.run_program("dis", GOOD, "--limit", "code_objects=1", code=1)
        self.assertIn("more than 1 code objects in one file; --limit code_objects=N raises it", done.stderr)
        self.assertIn("RESUME", done.stdout)  # what there was room for


if __name__ == "__main__":
    unittest.main()
