"""The questions of run_query: SQL over the views, SQL over the nested table for DuckDB, and the same in Polars' terms.

Each in the way that is natural to its engine. Every answer has one order, so that answers can be compared as they are.
"""
from typing import Callable, NamedTuple, Optional


class Question(NamedTuple):
    name: str
    views: str
    nested: Optional[str]       # {codes}: a table with path and co, a row for each code object. None: not asked of the others
    frame: Optional[Callable]   # of polars and a lazy frame with the columns of the files; gives a lazy frame
    leaves: tuple               # that have to be read, a scan after the other; "a.*" is the smallest right below a. (): one row group, whole
    stock: float = 15           # how many times as fast as stock DataFusion it should be


ONE_FILE = "argparse.pyc"
CODES = "(SELECT path, unnest(code_objects) AS co FROM read_parquet('{files}'))"


def codes(pl, files, *fields):
    """One row a code object: path and some of its fields."""
    co = pl.col("code_objects").struct
    return files.select("path", "code_objects").explode("code_objects").select("path", *(co.field(name) for name in fields))


def instructions(pl, files, *fields):
    ins = pl.col("instructions").struct
    return codes(pl, files, "name", "instructions").explode("instructions").select("path", "name", *(ins.field(name) for name in fields))


INS, LINES = "code_objects.instructions", "code_objects.line_table"
QUESTIONS = [
    Question(
        "count",
        "SELECT count(*) AS n FROM py_bc_instructions",
        "SELECT sum(len(co.instructions))::BIGINT AS n FROM {codes}",
        lambda pl, files: codes(pl, files, "instructions").select(pl.col("instructions").list.len().cast(pl.Int64).sum().alias("n")),
        (f"{INS}.*",)),
    Question(
        "opcodes",
        "SELECT opname, count(*) AS n FROM py_bc_instructions GROUP BY opname ORDER BY n DESC, opname LIMIT 10",
        "SELECT ins.opname AS opname, count(*) AS n FROM (SELECT unnest(co.instructions) AS ins FROM {codes})"
        " GROUP BY 1 ORDER BY n DESC, 1 LIMIT 10",
        lambda pl, files: instructions(pl, files, "opname").group_by("opname").agg(pl.len().alias("n"))
        .sort("n", "opname", descending=[True, False]).head(10),
        (f"{INS}.opname",)),
    Question(
        "imports of each file",
        "SELECT path, argval_str AS module, count(*) AS n FROM py_bc_instructions WHERE opname = 'IMPORT_NAME'"
        " GROUP BY 1, 2 ORDER BY n DESC, 1, 2 LIMIT 10",
        "SELECT path, ins.argval_str AS module, count(*) AS n FROM (SELECT path, unnest(co.instructions) AS ins FROM {codes})"
        " WHERE ins.opname = 'IMPORT_NAME' GROUP BY 1, 2 ORDER BY n DESC, 1, 2 LIMIT 10",
        lambda pl, files: instructions(pl, files, "opname", "argval_str").filter(pl.col("opname") == "IMPORT_NAME")
        .group_by("path", pl.col("argval_str").alias("module")).agg(pl.len().alias("n"))
        .sort("n", "path", "module", descending=[True, False, False]).head(10),
        ("path", f"{INS}.opname", f"{INS}.argval_str")),
    Question(
        "lines of each function",
        "SELECT path, code_unit_id, count(DISTINCT line1) AS n FROM py_bc_line_table GROUP BY 1, 2 ORDER BY n DESC, 1, 2 LIMIT 10",
        "SELECT path, id, count(DISTINCT l.line1) AS n FROM (SELECT path, co.code_id AS id, unnest(co.line_table) AS l FROM {codes})"
        " GROUP BY 1, 2 ORDER BY n DESC, 1, 2 LIMIT 10",
        lambda pl, files: codes(pl, files, "code_id", "line_table").explode("line_table")
        .group_by("path", "code_id").agg(pl.col("line_table").struct.field("line1").drop_nulls().n_unique().alias("n"))
        .sort("n", "path", "code_id", descending=[True, False, False]).head(10),
        ("path", "code_objects.code_id", f"{LINES}.line1")),
    Question(
        "join of instructions",
        "SELECT c.qualpath, count(*) AS n FROM py_bc_instructions AS i JOIN py_bc_code_units AS c ON c.code_unit_id = i.code_unit_id"
        " GROUP BY 1 ORDER BY n DESC, 1 LIMIT 10",
        "SELECT qualname, count(*) AS n FROM (SELECT co.qualname AS qualname, unnest(co.instructions) AS ins FROM {codes})"
        " GROUP BY 1 ORDER BY n DESC, 1 LIMIT 10",
        lambda pl, files: codes(pl, files, "qualname", "instructions").with_columns(n=pl.col("instructions").list.len().cast(pl.Int64))
        .group_by("qualname").agg(pl.col("n").sum()).sort("n", "qualname", descending=[True, False]).head(10),
        ("code_objects.code_id", f"{INS}.*", "code_objects.code_id", "code_objects.qualname"), 10),
    Question(
        "largest functions",
        "SELECT path, co_qualname, code_len FROM py_bc_code_units WHERE co_name <> '<module>'"
        " ORDER BY code_len DESC, path, co_qualname LIMIT 10",
        "SELECT path, co.co_qualname, co.code_len FROM {codes} WHERE co.name <> '<module>'"
        " ORDER BY co.code_len DESC, path, co.co_qualname LIMIT 10",
        lambda pl, files: codes(pl, files, "name", "co_qualname", "code_len").filter(pl.col("name") != "<module>").drop("name")
        .sort("code_len", "path", "co_qualname", descending=[True, False, False])
        .select("path", "co_qualname", "code_len").head(10),
        ("path", "code_objects.name", "code_objects.co_qualname", "code_objects.code_len")),
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
        .sort("n", "path", descending=[True, False]).head(10),
        ("code_objects.code_id", f"{INS}.baseopname", f"{INS}.argval_str", "path", "code_objects.code_id", "code_objects.name"), 10),
    Question("one file, whole", f"SELECT * FROM bytecode_files_v1 WHERE path = '{ONE_FILE}'", None, None, (), 1),
]
BY_NAME = {question.name: question for question in QUESTIONS}
