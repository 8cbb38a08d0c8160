"""What the runners beside this file share: trees of compiled files, datasets that are set up once and copied, and rows as they are read."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
FORMATS = ("parquet", "delta")
ROWS = "SELECT path, file_id FROM bytecode_files_v1"


class Scene:
    def __init__(self, program, data):
        self.program = str(program)
        self.fixtures = sorted(pathlib.Path(data).glob("*/ok_*.pyc"))
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bytefusion-faults-"))
        self.dataset = self.folder / "dataset"

    def close(self):
        shutil.rmtree(self.folder, True)

    def command(self, *args):
        return [self.program, *map(str, args)]

    def run(self, *args):
        return subprocess.run(self.command(*args), capture_output=True, text=True)

    def must(self, *args):
        done = self.run(*args)
        if done.returncode not in (0, 3):  # 3: there are error rows
            raise SystemExit(f"{args}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def tree(self, name, places):
        """A folder with copies of fixtures: {path: number of the fixture}."""
        root = self.folder / name
        for path, number in places.items():
            to = root / path
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.fixtures[number % len(self.fixtures)], to)
        return root

    def rows(self, question=ROWS):
        """Path and file_id of every row, in order, or another question's; or what was said in place of them."""
        done = self.run("query", self.dataset, f"{question} ORDER BY 1, 2", "--format", "tsv")
        return done.stdout.splitlines()[1:] if done.returncode == 0 else [f"exit code {done.returncode}: {done.stderr.strip()}"]

    def rows_elsewhere(self):
        """The same by readers that are not ours; None where they are not there. The interop environment has them."""
        try:
            if (self.dataset / "_delta_log").exists():
                import deltalake
                table = deltalake.DeltaTable(str(self.dataset)).to_pyarrow_table(columns=["path", "file_id"])
            else:
                import pyarrow.dataset
                table = pyarrow.dataset.dataset(str(self.dataset), partitioning="hive").to_table(columns=["path", "file_id"])
        except ImportError:
            return None
        return sorted("\t".join(row) for row in zip(table["path"].to_pylist(), table["file_id"].to_pylist()))

    def put(self, template):
        """The dataset as it was when it was set up."""
        for left in self.folder.glob("dataset*"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        if template and template.exists():
            shutil.copytree(template, self.dataset)

    def leftovers(self):
        return sorted(p.name for p in [*self.folder.glob("dataset?*"), *self.folder.glob("dataset.views/.*")] if p.name != "dataset.views")


def arguments(parser):
    parser.add_argument("--program", default=os.environ.get("BYTEFUSION", TOP / "build" / "bytefusion"))
    parser.add_argument("--data", default=os.environ.get("BF_TEST_DATA", TOP / "tests" / "data"), help="folder of the fixtures")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--format", choices=FORMATS, action="append", help="only this one")
    return parser


def report(outcomes, wrong):
    """A line for each kind of run and each outcome; the exit code."""
    for key in sorted(outcomes):
        print(f"{outcomes[key]:5d}  {'  '.join(key)}")
    print(f"{sum(outcomes.values())} runs, {len(wrong)} wrong")
    for line in wrong:
        print(line)
    sys.stdout.flush()
    return 1 if wrong else 0
