"""One session over a dataset. Run in the venv of the benchmarks.

usage: scale_worker.py LIBRARY DATASET

Prints a line of JSON, [wall seconds], when the dataset is open; then for every line of SQL on standard input [wall seconds, rows].
"""
import json
import sys
import time

import pyarrow  # so that no first answer pays for it

from library import Session


def main(library, dataset):
    start = time.perf_counter()
    session = Session(library, dataset)
    print(json.dumps([time.perf_counter() - start]), flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        answer = session.ask(line.rstrip("\n"))
        print(json.dumps([time.perf_counter() - start, answer.to_pylist()]), flush=True)


main(*sys.argv[1:])
