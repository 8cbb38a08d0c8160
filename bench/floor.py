"""What indexing cannot go below: reading the files at all, and writing the finished batches. Run by the CPython that wrote the files, in
the venv of the benchmarks.

usage: floor.py LIBRARY DIR RUNS

Prints one line for each thing measured: name, best wall seconds, best CPU seconds.
  marshal.loads        of all files, in memory, on one core
  decode (-no-flow)    bf_read with one job, batches released as they come, nothing written
  pyarrow (-no-flow)   write_table of those batches, zstd 1: half of them in each of two threads, which is as parallel as it gets
  parquet-rs (-no-flow) the same by Python's datafusion, whose writer encodes columns in parallel
"""
import ctypes
import marshal
import os
import resource
import sys
import tempfile
import threading
import time

import pyarrow as pa
import pyarrow.parquet as pq

from library import Error, Stream


class ReadOptions(ctypes.Structure):    # bf_read_options
    _fields_ = [("paths", ctypes.POINTER(ctypes.c_char_p)), ("n_paths", ctypes.c_size_t), ("exclude", ctypes.c_void_p), ("n_exclude", ctypes.c_size_t),
                ("repo", ctypes.c_char_p), ("assume_version", ctypes.c_char_p), ("no_source", ctypes.c_bool), ("no_flow", ctypes.c_bool),
                ("keep_missing", ctypes.c_bool), ("jobs", ctypes.c_int), ("limits", ctypes.c_int64 * 9), ("progress", ctypes.c_void_p),
                ("context", ctypes.c_void_p)]     # limits: 0 is the default


def batches(library, folder, no_flow, jobs):
    paths, stream, error = (ctypes.c_char_p * 1)(folder.encode()), Stream(), Error()
    options = ReadOptions(paths=paths, n_paths=1, no_flow=no_flow, jobs=jobs)
    if library.bf_read(ctypes.byref(options), ctypes.byref(stream), ctypes.byref(error)):
        raise SystemExit(error.message.decode())
    return pa.RecordBatchReader._import_from_c(ctypes.addressof(stream)), paths


def decode(library, folder, no_flow):
    reader, _paths = batches(library, folder, no_flow, 1)
    for _ in reader:
        pass


def write_in_two(halves, folder):
    def write(i):
        pq.write_table(halves[i], os.path.join(folder, f"{i}.parquet"), compression="zstd", compression_level=1)
    threads = [threading.Thread(target=write, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def best(name, runs, work):
    taken = []
    for _ in range(runs):
        start, cpu_start = time.perf_counter(), cpu()
        work()
        taken.append((time.perf_counter() - start, cpu() - cpu_start))
    print(name, *(f"{min(column):.4f}" for column in zip(*taken)), sep="\t", flush=True)


def main(library, folder, runs):
    import datafusion
    library, runs = ctypes.CDLL(library), int(runs)
    ctypes.CDLL(None).mallopt(-3, 32 << 20), ctypes.CDLL(None).mallopt(-1, 1 << 30)   # as the program does it: memory is kept
    files = []
    for top, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(top, name), "rb") as f:
                files.append(f.read()[16:])
    best("marshal.loads", runs, lambda: [marshal.loads(data) for data in files] and None)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(folder)) as out:
        for suffix, no_flow in (("", False), ("-no-flow", True)):
            best("decode" + suffix, runs, lambda: decode(library, folder, no_flow))
            reader, _paths = batches(library, folder, no_flow, 2)
            whole = list(reader)
            middle = len(whole) // 2
            halves = [pa.Table.from_batches(whole[:middle]), pa.Table.from_batches(whole[middle:])]
            best("pyarrow" + suffix, runs, lambda: write_in_two(halves, out))
            frame = datafusion.SessionContext().from_arrow(pa.concat_tables(halves))
            best("parquet-rs" + suffix, runs, lambda: frame.write_parquet(os.path.join(out, "df"), compression="zstd", compression_level=1))


main(*sys.argv[1:])
