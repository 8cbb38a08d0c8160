"""A few runs of the runners in tests/faults, which take --runs for many, --all for all."""
import os
import pathlib
import subprocess
import sys
import unittest

FAULTS = pathlib.Path(__file__).resolve().parents[1] / "faults"


class Faults(unittest.TestCase):
    def run_script(self, name, *args):
        done = subprocess.run([sys.executable, "-B", FAULTS / name, *args], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(" runs, 0 wrong", done.stdout)

    def test_killed_writers(self):
        self.run_script("kill_runs", "--runs", "16", "--seed", str(os.getpid()))

    def test_failing_calls(self):
        self.run_script("failing_calls", "--sample", "30", "--seed", str(os.getpid()), "--disk", os.environ["BF_FAILING_DISK"])

    def test_two_writers(self):
        self.run_script("two_writers", "--runs", "9", "--seed", str(os.getpid()))


if __name__ == "__main__":
    unittest.main()
