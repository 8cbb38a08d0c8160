#!/usr/bin/env python3
"""Every view against plain Python over the nested rows: columns, types and rows; the oracle knows no SQL.

usage: check_views.py [--bytefusion PROGRAM] [DATASET ...]     needs the Python packages pyarrow and datafusion

Without a dataset: those of sample.py, made in a temporary folder. Each view runs
  - in Python's datafusion, with the table registered by contract (utf8 or utf8view), as inferred, and by repo partitions;
  - with --bytefusion: its text is what `PROGRAM views --sql VIEW` prints, and `PROGRAM query` must give the same rows.
"""
import argparse
import collections
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile

import datafusion
import pyarrow as pa
import pyarrow.dataset

import sample

HERE = os.path.dirname(os.path.abspath(__file__))
VIEWS = os.path.join(HERE, "..", "..", "src", "views")

# ---- the oracle: rows of each view from the nested rows ----


def identifier(prefix, *parts):
    return prefix + ":" + hashlib.md5(":".join("None" if p is None else str(p) for p in parts).encode()).hexdigest()


def attr(attrs, key):
    return next((v for k, v in attrs or () if k == key), None)


def number(text, bits=32):
    """What an int column shows of a text: null unless it is a number that fits."""
    try:
        n = int(text)
    except (TypeError, ValueError):
        return None
    return n if -(2 ** (bits - 1)) <= n < 2 ** (bits - 1) else None


def part(value, *names):
    for name in names:
        value = None if value is None else value[name]
    return value


def byte_span(span):
    return part(span, "byte_span", "byte_start"), part(span, "byte_span", "byte_len")


def codes(f):
    for co in f["code_objects"] or ():
        yield (f["file_id"], f["path"], co["code_id"]), co


def each(field):
    """(identity, code_id, item) of every item of a code object's list."""
    return lambda f: ((who, co["code_id"], x) for who, co in codes(f) for x in co[field] or ())


def instruction_id(code_id, ins):
    return identifier("bc_instr", code_id, ins["instr_index"], ins["offset"])


def block_id(code_id, start, end):
    return identifier("bc_block", code_id, start, end)


def code_units(f):
    same = ("argcount posonlyargcount kwonlyargcount nlocals flags flags_detail stacksize code_len varnames freevars cellvars names consts "
            "consts_json").split()
    for who, co in codes(f):
        yield (*who, co["qualname"], co["co_qualname"], co["co_filename"], co["name"], co["firstlineno1"], *(co[k] for k in same),
               attr(co["attrs"], "parent_code_id"))


def consts(f):
    for who, code_id, k in each("consts")(f):
        yield (*who, k["const_index"], k["const_repr"], identifier("bc_const", code_id, k["const_index"], k["const_repr"]))


def line_table(f):
    for who, _, line in each("line_table")(f):
        yield (*who, line["offset"], line["line1"], line["line0"], 1)


def instructions(f):
    same = ("instr_index offset start_offset end_offset opname baseopname opcode baseopcode arg oparg argval_kind argval_int argval_str "
            "argrepr line_number starts_line label is_jump_target jump_target cache_info").split()
    for who, code_id, ins in each("instructions")(f):
        span, line_base = ins["span"], 0
        depths = [number(attr(ins["attrs"], k)) for k in ("stack_depth_before", "stack_depth_after")]
        yield (*who, *(ins[k] for k in same), part(span, "start", "line0"), part(span, "end", "line0"), part(span, "start", "col"),
               part(span, "end", "col"), *byte_span(span), line_base, part(span, "col_unit"), part(span, "end_exclusive"), *depths,
               instruction_id(code_id, ins))


def instruction_attrs(f):
    for who, _, ins in each("instructions")(f):
        for k, v in ins["attrs"] or ():
            yield (*who, ins["instr_index"], ins["offset"], k, v)


def instruction_spans(f):
    for who, code_id, ins in each("instructions")(f):
        yield (*who, instruction_id(code_id, ins), ins["instr_index"], ins["offset"], ins["span"])


def span_fields(f):
    for *who, span in instruction_spans(f):
        yield (*who, part(span, "start", "line0"), part(span, "start", "col"), part(span, "end", "line0"), part(span, "end", "col"),
               part(span, "col_unit"), part(span, "end_exclusive"), *byte_span(span))


def span_unnest(f):
    for *who, span in instruction_spans(f):
        yield (*who, *(part(span, k) for k in ("start", "end", "end_exclusive", "col_unit", "byte_span")))


def cache_entries(f):
    for who, code_id, ins in each("instructions")(f):
        for c in ins["cache_info"] or ():
            at, data = (ins["instr_index"], ins["offset"]), (c["name"], c["size"], c["data_hex"])
            yield (*who, *at, *data, instruction_id(code_id, ins), identifier("bc_cache", code_id, *at, *data))


def exceptions(f):
    for who, code_id, x in each("exception_table")(f):
        key = [x[k] for k in ("exc_index", "start_offset", "end_offset", "target_offset")]
        yield (*who, *key, x["depth"], x["lasti"], identifier("bc_exc", code_id, *key))


def blocks(f):
    for who, code_id, b in each("blocks")(f):
        yield (*who, b["start_offset"], b["end_offset"], b["kind"], block_id(code_id, b["start_offset"], b["end_offset"]))


def cfg_edges(f):
    for who, code_id, e in each("cfg_edges")(f):
        source, target = (e["src_block_start"], e["src_block_end"]), (e["dst_block_start"], e["dst_block_end"])
        condition = (e["cond_instr_index"], e["cond_instr_offset"])
        ends = block_id(code_id, *source), block_id(code_id, *target)
        yield (*who, *source, *target, e["kind"], e["edge_key"], attr(e["attrs"], "jump_kind"), number(attr(e["attrs"], "jump_label")),
               *condition, e["exc_index"], *ends, identifier("bc_instr", code_id, *condition),
               identifier("bc_edge", code_id, *ends, e["kind"], e["edge_key"], e["exc_index"]))


def cfg_edge_attrs(f):
    for who, _, e in each("cfg_edges")(f):
        for k, v in e["attrs"] or ():
            yield (*who, e["edge_key"], e["kind"], k, v)


def dfg_edges(f):
    for who, code_id, e in each("dfg_edges")(f):
        key = (e["src_instr_index"], e["dst_instr_index"], e["kind"], attr(e["attrs"], "operand"))
        yield (*who, *key, attr(e["attrs"], "result"), identifier("bc_dfg", code_id, *key))


def flags_detail(f):
    for who, co in codes(f):
        yield (*who, *(part(co["flags_detail"], k) for k in sample.FLAGS))


def errors(f):
    for e in f["errors"] or ():
        yield (f["file_id"], f["path"], e["error_type"], e["message"], attr(e["attrs"], "error_stage"), attr(e["attrs"], "code_id"))


def error_attrs(f):
    for e in f["errors"] or ():
        for k, v in e["attrs"] or ():
            yield (f["file_id"], f["path"], e["error_type"], e["message"], k, v)


def files(f):
    texts = {k: attr(f["attrs"], k) for k in sample.FILE_ATTRS}
    for k in ("source_mtime", "source_size"):
        texts[k] = number(texts[k], 64)
    yield (f["file_id"], f["path"], f["repo"], *texts.values(), len(f["code_objects"] or ()), len(f["errors"] or ()))


METADATA_ROW = tuple(sorted(d.items()) for d in (sample.SCHEMA_METADATA, sample.SPAN, sample.SPAN, sample.LINES, sample.LINES))

ORACLE = {
    "py_bc_code_units": code_units,
    "py_bc_consts": consts,
    "py_bc_line_table": line_table,
    "py_bc_instructions": instructions,
    "py_bc_instruction_attrs": instruction_attrs,
    "py_bc_instruction_attr_keys": lambda f: (r[:6] for r in instruction_attrs(f)),
    "py_bc_instruction_attr_values": lambda f: (r[:5] + r[6:] for r in instruction_attrs(f)),
    "py_bc_instruction_spans": instruction_spans,
    "py_bc_instruction_span_fields": span_fields,
    "py_bc_instruction_span_unnest": span_unnest,
    "py_bc_cache_entries": cache_entries,
    "py_bc_metadata": None,  # METADATA_ROW, whatever the rows are
    "bytecode_exception_table": exceptions,
    "py_bc_blocks": blocks,
    "py_bc_cfg_edges": cfg_edges,
    "py_bc_cfg_edge_attrs": cfg_edge_attrs,
    "py_bc_dfg_edges": dfg_edges,
    "py_bc_flags_detail": flags_detail,
    "bytecode_errors": errors,
    "py_bc_error_attrs": error_attrs,
    "py_bc_files": files,
}


def nested_rows(folder):
    dataset = pa.dataset.dataset(folder, format="parquet", partitioning=pa.dataset.HivePartitioning(pa.schema([("repo", pa.string())])))
    for batch in dataset.to_batches(batch_size=64):
        yield from batch.to_pylist()


def expected_rows(folder):
    rows = {view: [] for view in ORACLE}
    rows["py_bc_metadata"] = [METADATA_ROW]
    repos = {}
    for f in nested_rows(folder):
        repos[f["file_id"]] = f.get("repo")
        for view, rows_of in ORACLE.items():
            rows[view] += rows_of(f) if rows_of else ()
    return rows, repos


# ---- the contract of columns ----


def contract():
    columns = {}
    with open(os.path.join(HERE, "contract.tsv")) as f:
        for view, column, kind in (line.rstrip("\n").split("\t") for line in list(f)[1:]):
            columns.setdefault(view, []).append((column, kind))
    return columns


def kind_text(kind):
    """An Arrow type as contract.tsv writes it: utf8view is utf8, the inner names of lists and maps do not count."""
    if pa.types.is_map(kind):
        return "map<%s,%s>" % (kind_text(kind.key_type), kind_text(kind.item_type))
    if pa.types.is_list(kind):
        return "list<%s>" % kind_text(kind.value_type)
    if pa.types.is_struct(kind):
        return "struct<%s>" % ",".join("%s:%s" % (f.name, kind_text(f.type)) for f in kind)
    return {"string": "utf8", "string_view": "utf8"}.get(str(kind), str(kind))


# ---- comparing ----


class Checks:
    def __init__(self):
        self.passed, self.failed = 0, 0

    def equal(self, what, got, want):
        if got == want:
            self.passed += 1
            return
        self.failed += 1
        if isinstance(want, collections.Counter):
            got, want = dict((got - want).most_common(2)), dict((want - got).most_common(2))
        print("FAILED %s\n  got      %.600r\n  expected %.600r" % (what, got, want), file=sys.stderr)


def cell(value):
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        value = sorted(value, key=repr) if len(set(value)) == len(value) else value
    return json.dumps(value) if isinstance(value, (list, dict)) else value


def bag(rows):
    return collections.Counter(tuple(cell(v) for v in row) for row in rows)


# ---- Python's datafusion ----


def unnested(column, field):
    """The name that this engine gives to a field of unnest(column): it is asked, as the program asks its own."""
    probe = "SELECT unnest(base.span) FROM (SELECT named_struct('start', 1) AS span) AS base"
    return datafusion.SessionContext().sql(probe).schema().names[0].replace("base.span", column).replace(".start", "." + field)


def view_text(name, partition_cols=""):
    """The file of a view with its marks filled in for this engine; see src/views/README.md."""
    path = next(os.path.join(VIEWS, f) for f in sorted(os.listdir(VIEWS)) if re.fullmatch(r"\d\d_%s\.sql" % name, f))
    with open(path) as f:
        text = f.read()
    text = re.sub(r"\{\{partition_cols(_but_repo)?\}\}", lambda m: "" if m[1] else partition_cols, text)
    return re.sub(r"\{\{(\w+\.\w+)\.(\w+)\}\}", lambda m: '"%s"' % unnested(m[1], m[2]), text)


def registered(folder, form):
    context = datafusion.SessionContext(datafusion.SessionConfig().with_target_partitions(2))
    schema = sample.schema(form == "partitions")
    if form == "utf8view":
        schema = pa.schema([f.with_type(pa.string_view()) if f.type == pa.string() else f for f in schema], schema.metadata)
    context.register_listing_table("bytecode_files_v1", folder + "/", file_extension=".parquet",
                                   schema=None if form == "inferred" else schema,
                                   table_partition_cols=[("repo", pa.string())] if form == "partitions" else [])
    return context


def rows_of(frame):
    return [row for batch in frame.collect() for row in zip(*(c.to_pylist() for c in batch.columns))]


def check_datafusion(checks, folder, form, texts, columns, expected, repos):
    context = registered(folder, form)
    for view, text in texts.items():
        context.sql("CREATE VIEW %s AS %s" % (view, text)).collect()
    for view in texts:
        what = "%s: datafusion, %s: %s" % (folder, form, view)
        want, want_columns = expected[view], columns[view]
        if form == "partitions" and view not in ("py_bc_metadata", "py_bc_files"):
            want = [(*row, repos[row[0]]) for row in want]
            want_columns = want_columns + [("repo", "utf8")]
        want_columns = [(unnested(*c.rsplit(".", 1)) if "." in c else c, kind) for c, kind in want_columns]
        frame = context.sql("SELECT * FROM " + view)
        checks.equal(what + " columns", [(f.name, kind_text(f.type)) for f in frame.schema()], want_columns)
        checks.equal(what + " rows", bag(rows_of(frame)), bag(want))
        checks.equal(what + " count", rows_of(context.sql("SELECT count(*) FROM " + view)), [(len(want),)])
        # a column alone takes another way through the optimizer than all of them; so does a filter, and an order
        for i, (column, _) in enumerate(want_columns if form in ("utf8", "partitions") else ()):
            quoted = '"%s"' % column
            alone = context.sql("SELECT %s FROM %s" % (quoted, view))
            checks.equal(what + "." + column, bag(rows_of(alone)), bag((row[i],) for row in want))
            some = context.sql("SELECT count(*), count(%s) FROM %s WHERE %s IS NOT NULL" % (quoted, view, quoted))
            n = sum(row[i] is not None for row in want)
            checks.equal(what + "." + column + " is not null", rows_of(some), [(n, n)])
        if want and view != "py_bc_metadata":
            name = want[len(want) // 2][1]
            sql = "SELECT * FROM %s WHERE path = '%s' ORDER BY path, file_id" % (view, name.replace("'", "''"))
            checks.equal(what + " by path", bag(rows_of(context.sql(sql))), bag(row for row in want if row[1] == name))
    kept = "SELECT arrow_metadata(v.span, 'semantic_type') FROM (SELECT 1) o LEFT JOIN py_bc_instruction_spans v ON true LIMIT 1"
    checks.equal("%s: datafusion, %s: semantic_type of span" % (folder, form), rows_of(context.sql(kept)), [("Span",)])


# ---- the program ----

ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def text_of(value):
    """A value as the program's TSV shows it; nested ones as parsed JSON, so that no spelling of it counts."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return re.sub(r"[\\\t\n\r]", lambda m: ESCAPES[m[0]], str(value))


def jsoned(value):
    """Maps are lists of pairs in Python and objects in JSON."""
    if isinstance(value, list) and value and all(isinstance(v, tuple) for v in value):
        return dict(value)
    return value


def check_program(checks, program, folder, columns, expected):
    for view, want_columns in columns.items():
        what = "%s: %s query: %s" % (folder, os.path.basename(program), view)
        run = subprocess.run([program, "query", folder, "--format", "tsv", "SELECT * FROM " + view], capture_output=True)
        if run.returncode:
            checks.equal(what, run.stderr.decode(errors="replace"), "success")
            continue
        names, *lines = run.stdout.decode().split("\n")[:-1]
        checks.equal(what + " columns", names.split("\t"), [c for c, _ in want_columns])
        nested = [k[:3] in ("str", "lis", "map") for _, k in want_columns]
        unescape = {v: k for k, v in ESCAPES.items()}

        def read(text, is_nested):
            if not is_nested or not text:
                return text
            value = json.loads(re.sub(r"\\[\\tnr]", lambda m: unescape[m[0]], text))
            return json.dumps(value, sort_keys=True) if value is not None else ""

        def show(value, is_nested):
            return json.dumps(jsoned(value), sort_keys=True) if is_nested and value is not None else text_of(value)

        got = collections.Counter(tuple(map(read, line.split("\t"), nested)) for line in lines)
        checks.equal(what + " rows", got, collections.Counter(tuple(map(show, row, nested)) for row in expected[view]))


def program_text(program, view):
    return subprocess.run([program, "views", "--sql", view], check=True, capture_output=True, text=True).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bytefusion")
    parser.add_argument("dataset", nargs="*")
    options = parser.parse_args()
    columns, checks = contract(), Checks()
    checks.equal("views of contract.tsv", list(columns), list(ORACLE))
    with tempfile.TemporaryDirectory() as scratch:
        runs = [(d, ("utf8", "utf8view", "inferred")) for d in options.dataset]
        if not runs:
            for name, rows in (("many", sample.rows()), ("empty", [])):
                sample.write(os.path.join(scratch, name), rows, n_files=3 if rows else 1)
                runs.append((os.path.join(scratch, name), ("utf8", "utf8view", "inferred")))
            sample.write(os.path.join(scratch, "parts"), sample.rows(), n_files=2, partitioned=True)
            runs.append((os.path.join(scratch, "parts"), ("partitions",)))
        for folder, forms in runs:
            expected, repos = expected_rows(folder)
            for form in forms:
                texts = {v: view_text(v, ', "repo"' if form == "partitions" else "") for v in ORACLE}
                if options.bytefusion and form != "partitions":
                    texts = {v: program_text(options.bytefusion, v) for v in ORACLE}
                check_datafusion(checks, folder, form, texts, columns, expected, repos)
            if options.bytefusion and "partitions" not in forms:
                check_program(checks, options.bytefusion, folder, columns, expected)
    print("check_views: %d checks passed, %d failed (datafusion %s)" % (checks.passed, checks.failed, datafusion.__version__))
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
