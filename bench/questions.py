"""The questions of run_query: SQL over the views, SQL over the nested table for DuckDB, and the same in Polars' terms.

Each in the way that is natural to its engine. Every answer has one order, so that answers can be compared as they are.
"""
from typing import Callable, NamedTuple


class Question(NamedTuple):
    name: str
    views: str
    nested: str                 # {codes}: a table with path and co, a row for each code object
    frame: Callable             # of polars and a lazy frame with the columns of the files; gives a lazy frame


CODES = "(SELECT path, unnest(code_objects) AS co FROM read_parquet('{files}'))"


def codes(pl, files, *fields):
    """One row a code object: path and some of its fields."""
    co = pl.col("code_objects").struct
    return files.select("path", "code_objects").explode("code_objects").select("path", *(co.field(name) for name in fields))


def instructions(pl, files, *fields):
    ins = pl.col("instructions").struct
    return codes(pl, files, "name", "instructions").explode("instructions").select("path", "name", *(ins.field(name) for name in fields))


QUESTIONS = [
    Question(
        "count",
        "SELECT count(*) AS n FROM py_bc_instructions",
        "SELECT count(*) AS n FROM (SELECT unnest(co.instructions) FROM {codes})",
        lambda pl, files: instructions(pl, files, "opcode").select(pl.len().alias("n"))),
    Question(
        "opcodes",
        "SELECT opname, count(*) AS n FROM py_bc_instructions GROUP BY opname ORDER BY n DESC, opname LIMIT 10",
        "SELECT ins.opname AS opname, count(*) AS n FROM (SELECT unnest(co.instructions) AS ins FROM {codes})"
        " GROUP BY 1 ORDER BY n DESC, 1 LIMIT 10",
        lambda pl, files: instructions(pl, files, "opname").group_by("opname").agg(pl.len().alias("n"))
        .sort("n", "opname", descending=[True, False]).head(10)),
    Question(
        "largest functions",
        "SELECT path, co_qualname, code_len FROM py_bc_code_units WHERE co_name <> '<module>'"
        " ORDER BY code_len DESC, path, co_qualname LIMIT 10",
        "SELECT path, co.co_qualname, co.code_len FROM {codes} WHERE co.name <> '<module>'"
        " ORDER BY co.code_len DESC, path, co.co_qualname LIMIT 10",
        lambda pl, files: codes(pl, files, "name", "co_qualname", "code_len").filter(pl.col("name") != "<module>").drop("name")
        .sort("code_len", "path", "co_qualname", descending=[True, False, False])
        .select("path", "co_qualname", "code_len").head(10)),
    Question(
        "imports",
        "SELECT argval_str AS module, count(*) AS n FROM py_bc_instructions WHERE baseopname = 'IMPORT_NAME'"
        " GROUP BY 1 ORDER BY n DESC, 1 LIMIT 10",
        "SELECT ins.argval_str AS module, count(*) AS n FROM (SELECT unnest(co.instructions) AS ins FROM {codes})"
        " WHERE ins.baseopname = 'IMPORT_NAME' GROUP BY 1 ORDER BY n DESC, 1 LIMIT 10",
        lambda pl, files: instructions(pl, files, "baseopname", "argval_str").filter(pl.col("baseopname") == "IMPORT_NAME")
        .group_by(pl.col("argval_str").alias("module")).agg(pl.len().alias("n")).sort("n", "module", descending=[True, False]).head(10)),
    Question(
        "who imports ctypes",
        "SELECT c.path, count(*) AS n, count(*) FILTER (WHERE c.co_name <> '<module>') AS inside"
        " FROM py_bc_instructions AS i JOIN py_bc_code_units AS c ON c.code_unit_id = i.code_unit_id"
        " WHERE i.baseopname = 'IMPORT_NAME' AND i.argval_str = 'ctypes' GROUP BY c.path ORDER BY n DESC, c.path LIMIT 10",
        "SELECT path, count(*) AS n, count(*) FILTER (WHERE name <> '<module>') AS inside"
        " FROM (SELECT path, co.name AS name, unnest(co.instructions) AS ins FROM {codes})"
        " WHERE ins.baseopname = 'IMPORT_NAME' AND ins.argval_str = 'ctypes' GROUP BY 1 ORDER BY n DESC, 1 LIMIT 10",
        lambda pl, files: instructions(pl, files, "baseopname", "argval_str")
        .filter((pl.col("baseopname") == "IMPORT_NAME") & (pl.col("argval_str") == "ctypes"))
        .group_by("path").agg(pl.len().alias("n"), (pl.col("name") != "<module>").sum().alias("inside"))
        .sort("n", "path", descending=[True, False]).head(10)),
]
BY_NAME = {question.name: question for question in QUESTIONS}
