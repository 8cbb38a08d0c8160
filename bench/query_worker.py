"""One engine that answers the questions of questions.py over a dataset. Run in the venv of the benchmarks.

usage: query_worker.py ENGINE DATASET LIBRARY [QUESTION]

ENGINE: bytefusion, duckdb or polars; LIBRARY: libbytefusion.so, for the first. With a QUESTION: prints its answer and ends.
Else: for every name on standard input one line of JSON: [wall seconds, CPU seconds, rows]. What an engine opens, it opens once,
before the first.
"""
import json
import os
import sys
import time

from questions import BY_NAME, CODES


def bytefusion(dataset, library):
    from library import Session
    session = Session(library, dataset)
    return lambda question: session.ask(question.views), lambda answer: [list(row.values()) for row in answer.to_pylist()]


def duckdb(dataset, _):
    import duckdb as engine
    connection = engine.connect()
    codes = CODES.format(files=os.path.join(dataset, "*.parquet").replace("'", "''"))
    return lambda question: connection.execute(question.nested.format(codes=codes)).fetchall(), lambda answer: list(map(list, answer))


def polars(dataset, _):
    import polars as engine
    files = os.path.join(dataset, "*.parquet")
    return lambda question: question.frame(engine, engine.scan_parquet(files)).collect(), lambda answer: list(map(list, answer.rows()))


def main(engine, dataset, library, only=None):
    ask, rows_of = {"bytefusion": bytefusion, "duckdb": duckdb, "polars": polars}[engine](dataset, library)
    if only:
        print(rows_of(ask(BY_NAME[only])))
        return
    for line in sys.stdin:
        question = BY_NAME[line.rstrip("\n")]
        start, cpu_start = time.perf_counter(), time.process_time()
        answer = ask(question)
        took = time.perf_counter() - start, time.process_time() - cpu_start
        print(json.dumps([*took, rows_of(answer)]), flush=True)


main(*sys.argv[1:])
