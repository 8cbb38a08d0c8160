"""One engine that answers the questions of questions.py over a dataset. Run in the venv of the benchmarks.

usage: query_worker.py ENGINE DATASET LIBRARY [QUESTION]

ENGINE: bytefusion, stock (that without narrow scans), duckdb, polars, or duckdb_flat for a view that was materialized; LIBRARY: libbytefusion.so, for the first two. With a QUESTION: prints its answer and ends.
Else: for every name on standard input one line of JSON: [wall seconds, CPU seconds, rows]. What an engine opens, it opens once,
before the first. "bytes: NAME", "needed: NAME" and "plan: NAME" ask the first two for the bytes that the scans read, for those of the leaves that are needed,
and for the seconds of EXPLAIN.
"""
import glob
import json
import os
import re
import statistics
import sys
import time

from questions import BY_NAME, CODES, ONE_FILE


def bytefusion(dataset, library, **options):
    from library import Session
    global session
    session = Session(library, dataset, **options)
    return lambda question: session.ask(question.views), lambda answer: [list(row.values()) for row in answer.to_pylist()]


def stock(dataset, library):
    return bytefusion(dataset, library, narrow_scans="false")


def scanned_bytes(question):
    units = {"": 1, "K": 1e3, "M": 1e6, "G": 1e9}
    plan = str(session.ask("EXPLAIN ANALYZE " + question.views).to_pylist())
    return sum(float(number) * units[unit] for number, unit in re.findall(r"bytes_scanned=([\d.]+) ?([KMG]?)", plan))


def needed_bytes(question):
    """Compressed size of the leaves that the question names, or of the row group that its file lies in, by the footers."""
    import pyarrow.parquet
    total = 0
    for file in sorted(glob.glob(os.path.join(folder, "*.parquet"))):
        footer = pyarrow.parquet.read_metadata(file)
        groups = [[footer.row_group(g).column(c) for c in range(footer.num_columns)] for g in range(footer.num_row_groups)]
        if not question.leaves:
            holding = [g for g in groups for c in g if c.path_in_schema == "path" and c.statistics.min <= ONE_FILE <= c.statistics.max]
            total += sum(c.total_compressed_size for g in holding for c in g)
            continue
        sizes = {}
        for column in (c for g in groups for c in g):
            leaf = column.path_in_schema.replace(".list.element", "")
            sizes[leaf] = sizes.get(leaf, 0) + column.total_compressed_size
        for leaf in question.leaves:
            around = leaf[:-1] if leaf.endswith(".*") else None
            total += min(n for name, n in sizes.items() if name.startswith(around) and "." not in name[len(around):]) if around else sizes[leaf]
    return total


def plan_seconds(question):
    def once():
        start = time.perf_counter()
        session.ask("EXPLAIN " + question.views)
        return time.perf_counter() - start
    return statistics.median(once() for _ in range(11))


def duckdb(dataset, _):
    import duckdb as engine
    connection = engine.connect()
    codes = CODES.format(files=os.path.join(dataset, "*.parquet").replace("'", "''"))
    return lambda question: connection.execute(question.nested.format(codes=codes)).fetchall(), lambda answer: list(map(list, answer))


def duckdb_flat(dataset, _):
    """DuckDB over the view as `bytefusion materialize` wrote it."""
    import duckdb as engine
    connection = engine.connect()
    file = os.path.join(dataset.rstrip("/") + ".views", "py_bc_instructions.parquet").replace("'", "''")
    return lambda question: connection.execute(question.views.replace("py_bc_instructions", f"'{file}'")).fetchall(), \
        lambda answer: list(map(list, answer))


def polars(dataset, _):
    import polars as engine
    files = os.path.join(dataset, "*.parquet")
    return lambda question: question.frame(engine, engine.scan_parquet(files)).collect(), lambda answer: list(map(list, answer.rows()))


def main(engine, dataset, library, only=None):
    global folder
    folder = dataset
    ask, rows_of = {"bytefusion": bytefusion, "stock": stock, "duckdb": duckdb, "duckdb_flat": duckdb_flat, "polars": polars}[engine](dataset, library)
    if only:
        print(rows_of(ask(BY_NAME[only])))
        return
    for line in sys.stdin:
        what, _, name = line.rstrip("\n").partition(": ")
        if name:
            print(json.dumps({"bytes": scanned_bytes, "needed": needed_bytes, "plan": plan_seconds}[what](BY_NAME[name])), flush=True)
            continue
        question = BY_NAME[what]
        start, cpu_start = time.perf_counter(), time.process_time()
        answer = ask(question)
        took = time.perf_counter() - start, time.process_time() - cpu_start
        print(json.dumps([*took, rows_of(answer)]), flush=True)


main(*sys.argv[1:])
