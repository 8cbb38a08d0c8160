"""Compiles the standard library of the CPython that runs it, as the input of the benchmarks.

usage: compile_library.py DIR [sources]

Without tests and what was installed. The files come out the same wherever this runs: they hold a hash of their source in place of its
time, and no path of this machine. With `sources`, each source is beside its file.
"""
import os
import py_compile
import shutil
import sys
import sysconfig

LEFT_OUT = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"}


def main(output, sources=None):
    top = sysconfig.get_path("stdlib")
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if name not in LEFT_OUT]
        for path in (os.path.join(folder, name) for name in names if name.endswith(".py")):
            relative = os.path.relpath(path, top)
            py_compile.compile(path, cfile=os.path.join(output, relative + "c"), dfile=relative, doraise=True, optimize=0,
                               invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
            if sources:
                shutil.copyfile(path, os.path.join(output, relative))


main(*sys.argv[1:])
