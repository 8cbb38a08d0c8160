"""What the benchmarks share: an interpreter with pinned packages, an input, one measured child, tables, and where results are kept."""
import argparse
import fcntl
import glob
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.environ.get("BYTEFUSION_CACHE") or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "bytefusion")
VERSION = "3.13"
MIB = 2**20


def fail(text):
    raise SystemExit(f"{os.path.basename(sys.argv[0])}: {text}")


def say(text):
    print(text, file=sys.stderr, flush=True)


def at_least_1(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no number from 1")
    return int(text)


def parser(doc, runs):
    """Of the options that both benchmarks have."""
    made = argparse.ArgumentParser(usage=doc.split("usage: ")[1].split("\n")[0])
    made.format_help = lambda: doc
    made.add_argument("--program", default=os.path.join(os.path.dirname(HERE), "build", "bytefusion"))
    made.add_argument("--python")
    made.add_argument("--runs", type=at_least_1, default=runs)
    made.add_argument("--save", action="store_true")
    return made


def check(options):
    if not os.access(options.program, os.X_OK):
        fail(f"no program {options.program}: run make, or name one with --program")


def remove(path):
    if os.path.isdir(path):
        shutil.rmtree(path)
    else:
        os.remove(path)


# ---- set-up ----


def find_python(named=None):
    found = [p for pattern in (f"{CACHE}/pythons/python{VERSION}", os.path.expanduser(f"~/.pyenv/versions/{VERSION}.*/bin/python"))
             for p in sorted(glob.glob(pattern))]
    for path in [named] if named else [shutil.which("python" + VERSION), *found]:
        # a shim may be there for a version that is not
        if path and output_of([path, "-c", "import sys, ensurepip; print('%d.%d' % sys.version_info[:2])"]) == VERSION:
            return path
    fail(f"no CPython {VERSION} that can make a venv" + (f": {named}" if named else "; name one with --python"))


def output_of(command):
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def environment(python):
    """The interpreter of a venv of its own, made once with the packages of requirements.txt."""
    with open(os.path.join(HERE, "requirements.txt"), "rb") as f:
        key = hashlib.sha256(f.read() + python.encode() + (output_of([python, "-VV"]) or "").encode()).hexdigest()[:12]
    venv, log = f"{CACHE}/bench/venv-{key}", f"{CACHE}/bench/venv.log"
    os.makedirs(f"{CACHE}/bench", exist_ok=True)
    with open(f"{CACHE}/bench/lock", "w") as lock, open(log, "w") as out:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(venv + "/complete"):
            say("bench: installing " + ", ".join(packages()) + " (once)")
            shutil.rmtree(venv, ignore_errors=True)
            for command in ([python, "-m", "venv", venv],
                            [venv + "/bin/pip", "--disable-pip-version-check", "install", "-r", os.path.join(HERE, "requirements.txt")]):
                if subprocess.run(command, stdout=out, stderr=out).returncode:
                    fail(f"pip could not install what requirements.txt names; all that was said is in {log}")
            open(venv + "/complete", "w").close()
    return venv + "/bin/python"


def packages():
    with open(os.path.join(HERE, "requirements.txt")) as f:
        return [line.strip().replace("==", " ") for line in f if line.strip()]


def workplace():
    """A folder that goes when the run ends, on the disk of the cache: what is measured syncs its files."""
    os.makedirs(f"{CACHE}/bench", exist_ok=True)
    return tempfile.TemporaryDirectory(prefix="run-", dir=f"{CACHE}/bench")


class Input(NamedTuple):
    folder: str
    files: int
    size_bytes: int

    def __str__(self):
        return f"{self.files:,} files, {self.size_bytes / MIB:.1f} MiB"


def compile_library(python, folder, *more):
    subprocess.run([python, os.path.join(HERE, "compile_library.py"), folder, *more], check=True, env=child_environment())
    sizes = [os.path.getsize(os.path.join(f, name)) for f, _, names in os.walk(folder) for name in names]
    return Input(folder, len(sizes), sum(sizes))


# ---- one measured child ----


class Measured(NamedTuple):
    wall_s: float
    cpu_s: float
    peak_kib: int


def child_environment():
    return dict(os.environ, PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1", PYTHONWARNINGS="ignore")


def measure(command, log):
    """Runs a program to its end. Its peak is at least this process's own, which a child has until it becomes the program:
    so nothing large is imported here."""
    with open(log, "wb") as out:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=child_environment())
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        with open(log, errors="replace") as f:
            sys.stderr.write(f.read())
        fail(f"{' '.join(command)} ended with {child.returncode}")
    return Measured(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


def median(values):
    return statistics.median(list(values))


# ---- what is shown and kept ----


def where(runs):
    """Of what, on what: one line that belongs to every table."""
    git = ["git", "--no-optional-locks", "-C", HERE]
    commit = output_of([*git, "rev-parse", "--short=10", "HEAD"]) or "unknown"
    if output_of([*git, "status", "--porcelain", "--untracked-files=no", "--", ":/", ":!README.md", ":!results"]):
        commit += " with changes"
    return f"commit {commit}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start, {runs} runs"


class Notes:
    """What a table needs beside it, said as soon as it is known."""

    def __init__(self):
        self.lines = []

    def add(self, line):
        self.lines.append(line)
        print(line, flush=True)


def show(header, rows, raw):
    widths = [max(map(len, column)) for column in zip(header, *rows)]
    print()
    for row in (header, ["─" * w for w in widths], *rows):
        print("  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:]))]).rstrip())
    print("\n" + raw, end="", flush=True)


def tsv(header, rows):
    return "".join("\t".join(map(str, row)) + "\n" for row in (header, *rows))


def save(name, notes, header, rows, raw):
    """The table into README.md, between its marks; the raw numbers into results/."""
    path = os.path.join(HERE, "README.md")
    with open(path) as f:
        text = f.read()
    start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before, rest = text.split(start)
    _, after = rest.split(end)
    table = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    lines = ["- " + note for note in notes] + [""] + ["| " + " | ".join(row) + " |" for row in table]
    with open(path, "w") as f:
        f.write(before + start + "\n".join(lines) + "\n" + end + after)
    commit = notes[0].split(",")[0].split()[1]
    os.makedirs(os.path.join(HERE, "results"), exist_ok=True)
    result = os.path.join(HERE, "results", f"{name}-{commit}.tsv")
    with open(result, "w") as f:
        f.write("".join(f"# {note}\n" for note in notes) + raw)
    say(f"saved in bench/README.md and bench/results/{os.path.basename(result)}")
