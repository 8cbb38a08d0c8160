"""Runs the program, for the tests beside this file."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

PROGRAM = os.environ["BYTEFUSION"]
DATA = pathlib.Path(os.environ["BF_TEST_DATA"])


def unescape(cell):
    """A cell of TSV; null and the empty text look the same."""
    return re.sub(r"\\(.)", lambda m: {"t": "\t", "n": "\n", "r": "\r"}.get(m[1], m[1]), cell) if cell else None


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bytefusion-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def run_program(self, *args, stdin="", code=0, text=True):
        done = subprocess.run([PROGRAM, *map(str, args)], input=stdin if text else stdin.encode(), capture_output=True, text=text)
        self.assertEqual(done.returncode, code, f"{args}\n{done.stdout}\n{done.stderr}")
        return done

    def tree(self, *names, version="3.12"):
        """A folder with copies of fixtures: {path below the folder: fixture name}."""
        root = self.folder / "tree"
        for name in names:
            to = root / name
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(DATA / version / "ok_constants.pyc", to)
        return root

    def index(self, *args, code=0):
        dataset = self.folder / "dataset"
        self.run_program("index", *args, "-o", dataset, code=code)
        return dataset

    def rows(self, dataset, sql):
        """Rows of a query as tuples of texts; None is null."""
        lines = self.run_program("query", dataset, sql, "--format", "tsv", text=False).stdout.decode().split("\n")[1:-1]
        return [tuple(unescape(cell) for cell in line.split("\t")) for line in lines]
