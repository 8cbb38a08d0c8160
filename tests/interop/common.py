"""What the tests of this folder share: running the program, what a table holds, and schemas as lines that can be compared."""
import hashlib
import json
import os
import pathlib
import subprocess
import unittest

PROGRAM, DATA = os.environ["BYTEFUSION"], pathlib.Path(os.environ["BF_TEST_DATA"])
FOLDER = pathlib.Path(os.environ.get("BF_INTEROP", "."))  # of this run; made and removed by it

# ---- the program ----


def program(*args, code=0):
    """Runs it; another exit code than `code` is an error that shows what it said."""
    done = subprocess.run([PROGRAM, *map(str, args)], capture_output=True, text=True)
    if done.returncode != code:
        raise AssertionError(f"{args}: exit code {done.returncode}, not {code}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done


def tsv(dataset, sql, *options):
    """The lines of a query, header first."""
    return program("query", dataset, sql, "--format", "tsv", *options).stdout.split("\n")[:-1]


# ---- what a table holds ----

# name: (the lists to go through, the field to sum or None to count). "{}" is a map's entries.
FACTS = {
    "code_objects": (["code_objects"], None),
    "names": (["code_objects", "names"], None),
    "consts": (["code_objects", "consts"], None),
    "instructions": (["code_objects", "instructions"], None),
    "cache_entries": (["code_objects", "instructions", "cache_info"], None),
    "dfg_edges": (["code_objects", "dfg_edges"], None),
    "first_lines": (["code_objects"], "firstlineno1"),
    "generators": (["code_objects"], "flags_detail.is_generator"),
    "offsets": (["code_objects", "instructions"], "offset"),
    "args": (["code_objects", "instructions"], "arg"),
    "start_lines": (["code_objects", "instructions"], "span.start.line0"),
    "cache_sizes": (["code_objects", "instructions", "cache_info"], "size"),
}


def facts_by_sql(one, unnest, dot):
    """FACTS by a reader's own SQL over table t. one(sql) gives a value, unnest(expression) a row an item, dot(struct, field) a field."""
    found = {"files": one("SELECT count(*) FROM t")}
    for name, (lists, field) in FACTS.items():
        rows, item = f"(SELECT {unnest(lists[0])} AS x FROM t) AS a", "x"
        for i, inner in enumerate(lists[1:]):
            rows = f"(SELECT {unnest(dot('x', inner))} AS x FROM {rows}) AS a{i}"
        for part in (field or "").split(".") if field else []:
            item = dot(item, part)
        found[name] = one(f"SELECT count(*) FROM {rows}" if not field else f"SELECT sum(CAST({item} AS BIGINT)) FROM {rows}")
    return found


def facts_by_arrow(table):
    """The same by plain Python over an Arrow table, and digests of the keys and of every value."""
    rows = table.to_pylist()
    found = {"files": len(rows)}
    for name, (lists, field) in FACTS.items():
        items = rows
        for inner in lists:
            items = [x for item in items for x in item[inner]]
        for part in field.split(".") if field else []:
            items = [item[part] for item in items if item is not None]
        found[name] = sum(int(x) for x in items if x is not None) if field else len(items)
    return found


def keys_digest(pairs):
    """Of (path, file_id), whatever their order."""
    return hashlib.sha256("".join(sorted(f"{path}\t{file_id}\n" for path, file_id in pairs)).encode()).hexdigest()[:16]


def plain(value):
    """Structs, maps and lists as lists: readers spell a map as pairs, as structs or as a dict. Names are the schema's business."""
    if isinstance(value, dict):
        return [plain(x) for x in value.values()]
    return [plain(x) for x in value] if isinstance(value, (list, tuple)) else value


def values_digest(table, columns):
    """Of every value of every row, in order of path and file_id; `columns` gives the order of columns."""
    rows = sorted(table.select(columns).to_pylist(), key=lambda row: (row["path"], row["file_id"]))
    return hashlib.sha256("\n".join(json.dumps(plain(row)) for row in rows).encode()).hexdigest()[:16]


# ---- schemas as lines: path, type, nullability, metadata ----

ARROW_NAMES = {"string": "utf8", "large_string": "utf8", "string_view": "utf8", "large_utf8": "utf8"}


def arrow_lines(schema):
    """Of a pyarrow schema. Inner names of lists and maps do not show."""
    lines = []

    def name(kind):
        text = str(kind)
        if text.startswith("map<"):
            return f"map<{name(kind.key_type)},{name(kind.item_type)}>"
        if text.startswith(("list<", "large_list<")):
            return f"list<{name(kind.value_type)}>"
        return "struct" if text.startswith("struct<") else ARROW_NAMES.get(text, text)

    def walk(field, path):
        metadata = {k.decode(): v.decode() for k, v in (field.metadata or {}).items() if not k.startswith(b"PARQUET:")}
        lines.append((path, name(field.type), field.nullable, metadata))
        below = field.type
        if str(below).startswith(("list<", "large_list<")):
            below, path = below.value_type, path + "[]"
        if str(below).startswith("struct<"):
            for child in below:
                walk(child, f"{path}.{child.name}")

    for field in schema:
        walk(field, field.name)
    return lines


DELTA_NAMES = {"string": "utf8", "integer": "int32", "long": "int64", "boolean": "bool", "short": "int16", "double": "double"}


def delta_lines(schema):
    """Of a schema as the log holds it, and as Spark shows one: a JSON object."""
    lines = []

    def name(kind):
        if isinstance(kind, str):
            return DELTA_NAMES.get(kind, kind)
        if kind["type"] == "array":
            return f"list<{name(kind['elementType'])}>"
        return f"map<{name(kind['keyType'])},{name(kind['valueType'])}>" if kind["type"] == "map" else "struct"

    def walk(field, path):
        lines.append((path, name(field["type"]), field["nullable"], field["metadata"]))
        below = field["type"]
        if isinstance(below, dict) and below["type"] == "array":
            below, path = below["elementType"], path + "[]"
        if isinstance(below, dict) and below["type"] == "struct":
            for child in below["fields"]:
                walk(child, f"{path}.{child['name']}")

    for field in schema["fields"]:
        walk(field, field["name"])
    return lines


def differences(expected, found, nullability=True, metadata=True):
    """Lines that differ, of both sides; what a reader has no notion of is left out by the caller."""
    cut = lambda lines: [(path, kind, nullable if nullability else None, meta if metadata else None) for path, kind, nullable, meta in lines]
    expected, found = cut(expected), cut(found)
    return [pair for pair in zip(expected, found) if pair[0] != pair[1]] + [f"{len(expected)} fields, {len(found)} found"] * (len(expected) != len(found))


# ---- the log ----


def log(table):
    """{version: actions} of the JSON entries that are there."""
    files = sorted((pathlib.Path(table) / "_delta_log").glob("*.json"))
    return {int(f.stem): [json.loads(line) for line in f.read_text().splitlines()] for f in files if f.stem.isdigit()}


def log_schema(table):
    """Of the newest metaData action."""
    found = [action["metaData"] for _, actions in sorted(log(table).items()) for action in actions if "metaData" in action]
    return json.loads(found[-1]["schemaString"])


# ---- a reader ----


class Reading(unittest.TestCase):
    """The tables of make.py, against what pyarrow found in the Parquet datasets of the same input."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.EXPECTED = json.loads((FOLDER / "expected.json").read_text())

    def check(self, reader, name, facts, table):
        """`facts` by the reader's own means, `table` the whole table as Arrow."""
        expected = self.EXPECTED[name]
        self.assertEqual(facts, expected["facts"])
        self.assertEqual(keys_digest(zip(table["path"].to_pylist(), table["file_id"].to_pylist())), expected["keys"])
        self.assertEqual(values_digest(table, expected["columns"]), expected["values"])
        print(f"{reader:<22} {name:<14} {facts['files']} files, {facts['instructions']} instructions, keys {expected['keys']}, values {expected['values']}: equal")

    def check_schema(self, reader, name, lines, **options):
        expected = [tuple(line) for line in self.EXPECTED[name]["schema"]]
        if name == "delta_by_repo":  # partition columns are last, and repo is required then
            expected = [line for line in expected if line[0] != "repo"] + [("repo", "utf8", False, {})]
            lines = [line for line in lines if line[0] != "repo"] + [line for line in lines if line[0] == "repo"]
        self.assertEqual(differences(expected, lines, **options), [])
        seen = ["types"] + [what for what in ("nullability", "metadata") if options.get(what, True)]
        print(f"{reader:<22} {name:<14} {len(lines)} fields: {', '.join(seen)} equal")

    def tables(self):
        return [(name, str(FOLDER / name)) for name in self.EXPECTED]

    # ---- what we make of a table of theirs ----

    def served_as(self, who, table, reference):
        """Every view of `table` has the rows that it has of `reference`, a dataset of ours; and `check` finds nothing wrong."""
        views = sorted({line.split("\t")[0] for line in program("views", "--format", "tsv").stdout.split("\n")[1:-1]})
        rows = 0
        for view in ["bytecode_files_v1", *views]:
            ours, theirs = (tsv(dataset, f"SELECT * FROM {view}") for dataset in (reference, table))
            self.assertEqual(ours[0], theirs[0], view)
            self.assertEqual(sorted(ours), sorted(theirs), f"{view}: {len(ours)} and {len(theirs)} lines")
            rows += len(ours) - 1
        ordered = "SELECT path, file_id FROM bytecode_files_v1 ORDER BY path, file_id"
        self.assertEqual(tsv(reference, ordered), tsv(table, ordered))
        self.assertGreater(rows, 0)
        checks = self.checked(table)
        print(f"{who:<37} served: {len(views) + 1} views and tables, {rows} rows equal; check: {checks}")

    def checked(self, table):
        """The last line of `check`, which must find nothing wrong; 4 is that something could not be checked."""
        done = subprocess.run([PROGRAM, "check", str(table)], capture_output=True, text=True)
        failed = [" ".join(line.split()) for line in done.stdout.split("\n") if line.endswith("FAIL")]
        self.assertIn(done.returncode, (0, 4), "\n".join(failed) + done.stderr)
        return (done.stdout.strip() or done.stderr.strip()).split("\n")[-1]

    def refused(self, who, table, *words, sql="SELECT count(*) FROM bytecode_files_v1"):
        """With a message that has all these words. It is printed: a person should understand it."""
        message = program("query", table, sql, code=1).stderr.strip().removeprefix("bytefusion: ").replace(f"{FOLDER}/", "")
        for word in words:
            self.assertIn(word, message)
        print(f"{who:<37} refused: {message}")
