"""Delta tables with one defect each, made by deltalake, pyarrow and changes of the log: refused with a message that says what and where,
served rightly, or reported by check. The list with the messages is printed."""
import json
import os
import pathlib
import shutil
import subprocess
import unittest

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq

import broken
from common import DATA, FOLDER, PROGRAM, Reading, log, program, tsv
from delta_writers import contract_properties

SERVED = "served"  # with every row
COUNT = "SELECT count(*) FROM bytecode_files_v1"

# What Delta makes another matter of than Parquet: (field path, expected, found), or SERVED.
# One text type; no unsigned types; NOT NULL and the nullability of items below a list are no part of what Delta enforces, or Spark keeps.
LOG_SCHEMAS = {
    "top-level type": SERVED,
    "deep utf8 to large_utf8": SERVED,
    "utf8view at the top": SERVED,
    "unsigned": SERVED,  # deltalake writes it as signed
    "deep nullability": SERVED,
    "more schema metadata": SERVED,
    "inner names of lists": SERVED,
    "schema metadata lost": ("log: the schema", "bytecode_abi_version=1", "none"),
    "schema metadata altered": ("log: the schema", "schema_version=1", "schema_version=2"),
}
# Of a data file only types count: the rest is the log's business, and a file of Spark has other nullability and no metadata at all.
FILE_SCHEMAS = {name: SERVED for name in ("top-level type", "top-level nullability", "repo made required", "columns reordered", "column extra", "deep column extra", "deep utf8 to large_utf8",
    "deep columns reordered", "deep nullability", "field metadata lost", "field metadata altered", "field metadata added", "schema metadata lost",
    "schema metadata altered", "utf8view at the top", "more schema metadata", "inner names of lists")}


class Broken(Reading):
    @classmethod
    def setUpClass(cls):
        cls.small, cls.by_repo = FOLDER / "small", FOLDER / "small_by_repo"
        program("index", DATA / "3.12", "-o", cls.small, "--format", "delta")
        for repo in ("a", "b"):
            program("index", DATA / "3.12", "-o", cls.by_repo, "--format", "delta", "--repo", repo, "--partition-by", "repo")
        program("index", DATA / "3.12", "-o", FOLDER / "small_parquet")
        cls.rows = pq.read_table(FOLDER / "small_parquet")
        cls.paths = sorted(cls.rows["path"].to_pylist())
        cls.n = 0

    # ---- making tables ----

    def copy(self, of=None):
        Broken.n += 1
        return pathlib.Path(shutil.copytree(of or self.small, FOLDER / f"b{Broken.n}"))

    def created(self, schema, by=()):
        """An empty table with this schema, its metadata the table's properties."""
        Broken.n += 1
        table = FOLDER / f"b{Broken.n}"
        properties = {k.decode(): v.decode() for k, v in (schema.metadata or {}).items()}
        deltalake.DeltaTable.create(str(table), schema.remove_metadata(), configuration=properties, raise_if_key_not_exists=False, partition_by=list(by))
        return table

    def edited(self, change, of=None, version=-1):
        """A copy whose log entry went through change(actions), which changes the list or gives another."""
        table = self.copy(of)
        entry = sorted((table / "_delta_log").glob("*.json"))[version]
        actions = [json.loads(line) for line in entry.read_text().splitlines()]
        actions = change(actions) or actions
        entry.write_text("".join(json.dumps(action) + "\n" for action in actions))
        return table

    def with_file(self, data, of=None, **options):
        """A copy whose data file holds `data`; the log says its size and rows, and of the values what is still true: nothing where there are none."""
        def change(actions):
            add = next(action["add"] for action in actions if "add" in action)
            pq.write_table(data, FOLDER / "new.parquet", **options)
            add["size"] = os.path.getsize(FOLDER / "new.parquet")
            add["stats"] = json.dumps({**(json.loads(add["stats"]) if len(data) else {}), "numRecords": len(data)})
            self.name = add["path"]
        table = self.edited(change, of)
        shutil.move(FOLDER / "new.parquet", table / self.name)
        return table

    # ---- what becomes of them ----

    def ask(self, table, sql=COUNT, *options):
        return subprocess.run([PROGRAM, "query", str(table), sql, "--format", "tsv", *options], capture_output=True, text=True)

    def served(self, name, table, n=None):
        n = len(self.rows) if n is None else n
        done = self.ask(table)
        self.assertEqual((done.returncode, done.stdout.split("\n")[1:2]), (0, [str(n)]), f"{name}: {done.stdout}{done.stderr}")
        paths = self.ask(table, "SELECT path FROM bytecode_files_v1").stdout.split("\n")[1:-1]
        if n == len(self.rows):
            self.assertEqual(sorted(paths), self.paths, name)
        print(f"{name:<37} served: {n} rows; check: {self.checked(table)}")

    def outcome(self, name, table, words, n=None):
        with self.subTest(name):
            if words == SERVED:
                self.served(name, table, n)
            else:
                self.refused(name, table, *words)

    # ---- schemas ----

    def test_log_schemas(self):
        for name, change, words in broken.SCHEMAS:
            words = LOG_SCHEMAS.get(name, words)
            self.outcome(f"log: {name}", self.created(change(self.rows.schema)), words, 0)

    def test_log_types_that_arrow_lacks(self):
        """By hand: what Delta's types are that the contract has nothing of."""
        def typed(kind, features=()):
            def change(actions):
                for action in actions:
                    if "metaData" in action:
                        schema = json.loads(action["metaData"]["schemaString"])
                        schema["fields"].append({"name": "more", "type": kind, "nullable": True, "metadata": {}})
                        action["metaData"]["schemaString"] = json.dumps(schema)
                    if "protocol" in action and features:
                        action["protocol"] = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": list(features), "writerFeatures": list(features)}
            return self.edited(change)
        for kind, features, words in (("void", (), ["more"]), ("timestamp", (), ["more", "no such field"]), ("timestamp_ntz", ["timestampNtz"], ["timestampNtz"]),
                                      ("variant", ["variantType"], ["variantType"]), ("decimal(10,2)", (), ["more", "no such field"]), ("nonsense", (), ["nonsense"])):
            self.outcome(f"log: a column of {kind}", typed(kind, features), words)

    def test_file_schemas(self):
        for name, change, words in broken.SCHEMAS:
            words = FILE_SCHEMAS.get(name, words and [words[0], words[2].removesuffix(" (wider)")])
            schema = change(self.rows.schema)
            try:
                data = self.rows.cast(schema) if schema.names == self.rows.schema.names else schema.empty_table()
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, KeyError, ValueError):
                data = schema.empty_table()
            self.outcome(f"file: {name}", self.with_file(data), words, len(data))

    def test_file_without_arrow_schema(self):
        self.outcome("file: no ARROW:schema", self.with_file(self.rows, store_schema=False), SERVED)
        self.outcome("file: none at all of its columns", self.with_file(pa.table({"x": [1] * len(self.rows)})), ["no such field"])

    def test_nulls(self):
        """Rows that break NOT NULL in a file that allows them, as Spark writes all of its files."""
        for name, path in (("path", ["path"]), ("below a list", broken.INSTR + ["opname"])):
            schema = broken.alter(self.rows.schema, path, broken.nullable(True))
            rows = self.rows.cast(schema).to_pylist()
            if name == "path":
                rows[3]["path"] = None
            else:
                rows[3]["code_objects"][0]["instructions"][0]["opname"] = None
            table = self.with_file(pa.Table.from_pylist(rows, schema=schema))
            done = self.ask(table, "SELECT path, opname FROM py_bc_instructions")
            with self.subTest(name):
                self.assertEqual(done.returncode, 1, done.stdout[-300:])
                self.assertIn("null", done.stderr)
                print(f"{'file: null ' + name:<37} refused: {done.stderr.strip().replace(str(FOLDER) + '/', '')[:300]}")

    # ---- data files ----

    def test_data_files(self):
        name = next(a["add"]["path"] for a in log(self.small)[0] if "add" in a)
        whole = (self.small / name).read_bytes()
        table = self.copy()
        (table / name).unlink()
        self.outcome("data file missing", table, [name])
        for what, data in (("zero bytes", b""), ("half", whole[: len(whole) // 2]), ("text", b"PAR1 no, PAR1"), ("no footer", whole[:-8])):
            table = self.copy()
            (table / name).write_bytes(data)
            self.outcome(f"data file: {what}", table, [name])
        table = self.copy()
        (table / name).write_bytes(whole[:1000] + bytes(len(whole) // 2) + whole[1000 + len(whole) // 2:])
        done = self.ask(table, "SELECT * FROM bytecode_files_v1")
        self.assertEqual(done.returncode, 1)
        print(f"{'data file: zeros in the middle':<37} refused: {done.stderr.strip().replace(str(FOLDER) + '/', '')[:200]}")

    def test_stray_files(self):
        table = self.copy()
        pq.write_table(self.rows, table / "part-99999.parquet")
        (table / "_change_data").mkdir()
        pq.write_table(self.rows, table / "_change_data/cdc-0.parquet")
        (table / "_delta_log/_staged_commits").mkdir()
        (table / "_delta_log/00000000000000000000.crc").write_text("{}")
        (table / "_delta_log/00000000000000000001.json.tmp").write_text("{")
        (table / "_delta_log/.00000000000000000001.json.crc").write_text("x")
        self.outcome("files that the log does not name", table, SERVED)

    def test_sizes_that_lie(self):
        for what, by in (("too large", 1000), ("too small", -1000), ("zero", None)):
            def change(actions):
                add = next(a["add"] for a in actions if "add" in a)
                add["size"] = add["size"] + by if by else 0
            table = self.edited(change)
            done = self.ask(table)
            with self.subTest(what):
                self.assertTrue(done.returncode == 1 or done.stdout.split("\n")[1] == str(len(self.rows)), done.stdout + done.stderr)
                print(f"{'size in the log ' + what:<37} {'served' if done.returncode == 0 else 'refused: ' + done.stderr.strip().replace(str(FOLDER) + '/', '')}")

    # ---- statistics that lie ----

    def lying(self, change_stats):
        def change(actions):
            add = next(a["add"] for a in actions if "add" in a)
            stats = json.loads(add["stats"]) if add.get("stats") else {}
            add["stats"] = change_stats(stats)
            if not isinstance(add["stats"], (str, type(None))):
                add["stats"] = json.dumps(add["stats"])
        return self.edited(change)

    def test_statistics(self):
        """Each is harmless, refused, or a failed check: nothing wrong goes unsaid."""
        first, last = self.paths[0], self.paths[-1]
        questions = [(COUNT, str(len(self.rows))), (f"{COUNT} WHERE path = '{first}'", "1"), (f"{COUNT} WHERE path >= '{last}'", "1"), (f"{COUNT} WHERE path IS NOT NULL", str(len(self.rows))),
                     (f"{COUNT} WHERE repo IS NULL", str(len(self.rows))), ("SELECT min(path) FROM bytecode_files_v1", first), ("SELECT max(path) FROM bytecode_files_v1", last),
                     (f"{COUNT} WHERE file_id > ''", str(len(self.rows))), (f"{COUNT} WHERE file_id < '8'", str(sum(x < "8" for x in self.rows["file_id"].to_pylist()))), (f"SELECT count(path) FROM bytecode_files_v1", str(len(self.rows)))]
        lies = {
            "none": lambda s: None, "empty": lambda s: {}, "no JSON": lambda s: "{oops", "rows + 1": lambda s: {**s, "numRecords": s["numRecords"] + 1},
            "rows 0": lambda s: {**s, "numRecords": 0}, "rows -1": lambda s: {**s, "numRecords": -1},
            "min too large": lambda s: {**s, "minValues": {"path": "zzz", "file_id": "zzz"}}, "max too small": lambda s: {**s, "maxValues": {"path": "a", "file_id": "0"}},
            "max in the middle": lambda s: {**s, "maxValues": {**s["maxValues"], "path": self.paths[len(self.paths) // 2]}},
            "min the second": lambda s: {**s, "minValues": {**s["minValues"], "path": self.paths[1]}},
            "file_id from 8": lambda s: {**s, "minValues": {**s["minValues"], "file_id": "8"}},
            "no null repo": lambda s: {**s, "nullCount": {**s["nullCount"], "repo": 0}},
            "min greater than max": lambda s: {**s, "minValues": {"path": "z"}, "maxValues": {"path": "a"}}, "of another type": lambda s: {**s, "minValues": {"path": 1}, "maxValues": {"path": 2}},
            "all null": lambda s: {**s, "nullCount": {"path": s["numRecords"], "file_id": s["numRecords"], "repo": 0}}, "more nulls than rows": lambda s: {**s, "nullCount": {"path": 10**6}},
            "of columns that are none": lambda s: {**s, "minValues": {"nothing": 1}, "nullCount": {"nothing": 1}},
        }
        for name, lie in lies.items():
            with self.subTest(name):
                table = self.lying(lie)
                wrong, said = [], None
                for sql, answer in questions:
                    done = self.ask(table, sql)
                    if done.returncode:
                        said = done.stderr.strip().replace(f"{FOLDER}/", "")
                    elif done.stdout.split("\n")[1] != answer:
                        wrong.append(f"{sql}: {done.stdout.split()[-1]}, not {answer}")
                check = subprocess.run([PROGRAM, "check", str(table)], capture_output=True, text=True)
                failed = [line for line in check.stdout.split("\n") if line.endswith("FAIL")]
                how = f"refused: {said}" if said else f"{len(wrong)} of {len(questions)} answers wrong" if wrong else "harmless"
                print(f"{'statistics: ' + name:<37} {how}; check: exit code {check.returncode}{'; ' + ' '.join(failed[0].split()) if failed else ''}")
                self.assertTrue(not wrong or check.returncode == 1, wrong)

    # ---- the log ----

    def test_log_entries(self):
        for what, text in (("empty", ""), ("no JSON", "oops"), ("a list", "[]"), ("binary", "\x00\x01\x02")):
            table = self.copy()
            (table / "_delta_log/00000000000000000000.json").write_text(text)
            self.outcome(f"log entry: {what}", table, ["00000000000000000000.json"] if what != "empty" else ["_delta_log"])
        table = self.copy()
        entry = table / "_delta_log/00000000000000000000.json"
        entry.write_bytes(entry.read_bytes()[:-100])
        self.outcome("log entry: cut", table, ["00000000000000000000.json"])

    def versions(self):
        """A copy with five versions; all rows are in each."""
        table = self.copy()
        for _ in range(2):
            deltalake.DeltaTable(str(table)).delete("path LIKE 'ok_c%'")
            program("index", DATA / "3.12", "-o", table, "--mode", "append")
        self.assertEqual(sorted(log(table)), [0, 1, 2, 3, 4])
        return table

    def test_versions(self):
        whole = self.versions()
        for gone, words in ((2, ["2"]), (0, ["0"]), (4, None)):
            table = self.copy(whole)
            (table / f"_delta_log/{gone:020d}.json").unlink()
            n = len(self.rows) - sum(p.startswith("ok_c") for p in self.paths)
            self.outcome(f"versions 0 to 4 without {gone}", table, words or SERVED, n)
        table = self.copy(whole)
        last = table / "_delta_log/00000000000000000004.json"
        last.write_bytes(last.read_bytes()[:-50])
        self.outcome("last of five versions cut", table, ["00000000000000000004.json"])
        self.outcome("a version that is not there yet", f"{whole}@v9", ["9", "4"])
        self.outcome("a time before the table", f"{whole}@2001-01-01T00:00:00Z", ["2001"])
        done = self.ask(whole, COUNT, "--set", "provider=delta", "--set", "delta_version=1", "--set", "delta_timestamp=2026-01-01T00:00:00Z")
        self.assertEqual(done.returncode, 2)
        print(f"{'a version and a time':<37} refused: {done.stderr.strip()}")

    def test_checkpoints(self):
        whole = self.versions()
        deltalake.DeltaTable(str(whole)).create_checkpoint()
        name = "_delta_log/00000000000000000004.checkpoint.parquet"
        self.assertTrue((whole / name).exists())
        self.outcome("a checkpoint", whole, SERVED)
        for what, data in (("garbage", b"oops" * 100), ("empty", b""), ("of another kind", None)):
            for cut in (False, True):
                table = self.copy(whole)
                if data is None:
                    pq.write_table(pa.table({"x": [1]}), table / name)
                else:
                    (table / name).write_bytes(data)
                if cut:
                    for version in range(5):
                        (table / f"_delta_log/{version:020d}.json").unlink()
                done = self.ask(table)
                with self.subTest(what, cut=cut):
                    title = f"checkpoint {what}, log {'cut' if cut else 'whole'}"
                    if done.returncode == 0 and not cut:
                        self.served(title, table)
                    else:
                        self.refused(title, table, "checkpoint")
        for what, text in (("no JSON", "oops"), ("of a version that is not there", '{"version":99,"size":3}'), ("empty", "")):
            table = self.copy(whole)
            (table / "_delta_log/_last_checkpoint").write_text(text)
            self.outcome(f"_last_checkpoint {what}", table, SERVED)
        table = self.copy(whole)
        (table / "_delta_log/_last_checkpoint").unlink()
        self.outcome("no _last_checkpoint", table, SERVED)

    def test_protocol(self):
        def protocol(**fields):
            def change(actions):
                for action in actions:
                    if "protocol" in action:
                        action["protocol"] = fields
            return change
        features = lambda *names: protocol(minReaderVersion=3, minWriterVersion=7, readerFeatures=list(names), writerFeatures=list(names))
        for name, change, words in (
            ("reader version 4", protocol(minReaderVersion=4, minWriterVersion=7, readerFeatures=[], writerFeatures=[]), ["protocol"]),
            ("reader version 2", protocol(minReaderVersion=2, minWriterVersion=5), ["protocol 2"]),
            ("deletionVectors", features("deletionVectors"), ["deletionVectors"]), ("columnMapping", features("columnMapping"), ["columnMapping"]),
            ("v2Checkpoint", features("v2Checkpoint"), ["v2Checkpoint"]), ("a feature that nobody knows", features("fancyFeature"), ["fancyFeature"]),
            ("typeWidening", features("typeWidening"), ["typeWidening"]), ("writer version 3", protocol(minReaderVersion=1, minWriterVersion=3), SERVED),
            ("a writer's feature", protocol(minReaderVersion=1, minWriterVersion=7, writerFeatures=["appendOnly", "inCommitTimestamp"]), SERVED),
            ("no protocol", lambda actions: [a for a in actions if "protocol" not in a], ["protocol"]),
            ("no metaData", lambda actions: [a for a in actions if "metaData" not in a], ["metadata"]),
            ("no schema", lambda actions: [a.update(metaData={**a["metaData"], "schemaString": "{"}) for a in actions if "metaData" in a] and None, ["EOF"]),
            ("data of another format", lambda actions: [a.update(metaData={**a["metaData"], "format": {"provider": "orc", "options": {}}}) for a in actions if "metaData" in a] and None, SERVED),
        ):
            self.outcome(f"protocol: {name}", self.edited(change), words)

    def test_actions(self):
        vector = {"storageType": "u", "pathOrInlineDv": "ab^-aqEH.-t@S}K{vb[*k^", "offset": 4, "sizeInBytes": 40, "cardinality": 6}
        def add(**fields):
            return lambda actions: next(a["add"] for a in actions if "add" in a).update(fields)
        def adds(actions, **fields):
            first = next(a for a in actions if "add" in a)
            return actions + [{"add": {**first["add"], **fields}}]
        name = next(a["add"]["path"] for a in log(self.small)[0] if "add" in a)
        for title, change, words in (
            ("a deletion vector without its feature", add(deletionVector=vector), ["deletion"]),
            ("unknown actions", lambda actions: actions + [{"fancy": {"x": 1}}, {"txn": {"appId": "a", "version": 3}}], SERVED),
            ("unknown fields", add(fancy={"x": [1]}, tags={"a": "b"}), SERVED),
            ("a file added twice", adds, SERVED),
            ("a file removed that was not there", lambda actions: actions + [{"remove": {"path": "gone.parquet", "dataChange": True, "deletionTimestamp": 1}}], SERVED),
            ("an absolute path", add(path=f"{self.small}/{name}"), SERVED),
            ("a file: URL", add(path=f"file://{self.small}/{name}"), SERVED),
            ("a path out of the table", add(path=f"../small/{name}"), None),
            ("a path of an object store", add(path=f"s3://bucket/{name}"), ["s3"]),
        ):
            table = self.edited(change)
            if words is None:
                done = self.ask(table)
                self.assertTrue(done.returncode == 1 or done.stdout.split("\n")[1] == str(len(self.rows)))
                print(f"{title:<37} {'served' if done.returncode == 0 else 'refused: ' + done.stderr.strip().replace(str(FOLDER) + '/', '')}")
            else:
                self.outcome(title, table, words)

    def test_empty_tables(self):
        self.outcome("no data files", self.created(self.rows.schema), SERVED, 0)
        table = self.copy()
        deltalake.DeltaTable(str(table)).delete()
        self.outcome("all rows deleted", table, SERVED, 0)
        table = self.copy()
        shutil.rmtree(table / "_delta_log")
        (table / "_delta_log").mkdir()
        self.outcome("an empty _delta_log", table, ["_delta_log"])

    # ---- partitions ----

    def test_partitions(self):
        n = len(self.rows)
        def values(**by):
            """The partition values of the add of repo=b."""
            def change(actions):
                for action in actions:
                    if "add" in action:
                        action["add"]["partitionValues"] = by
            return self.edited(change, self.by_repo)
        self.outcome("partitions", self.copy(self.by_repo), SERVED, 2 * n)
        self.outcome("partition value null", values(repo=None), ["repo", "null"])
        self.outcome("partition value empty, so null", values(repo=""), ["repo", "null"])
        self.outcome("partition value missing", values(), ["repo"])
        table = values(repo="z")
        self.outcome("another value in the log than the path", table, SERVED, 2 * n)
        self.assertEqual(self.ask(table, f"{COUNT} WHERE repo = 'z'").stdout.split("\n")[1], str(n))
        self.assertEqual(self.ask(table, f"{COUNT} WHERE repo = 'b'").stdout.split("\n")[1], "0")
        table = values(repo="__HIVE_DEFAULT_PARTITION__")
        self.outcome("the text of Hive's null", table, ["repo", "null"])

        last = [field for field in self.rows.schema if field.name != "repo"]
        def by(*fields, columns=None):
            return self.created(pa.schema(last + list(fields), metadata=self.rows.schema.metadata), columns or [f.name for f in fields])
        repo, team = pa.field("repo", pa.string(), nullable=False), pa.field("team", pa.string(), nullable=False)
        self.outcome("by repo and team", by(repo, team), SERVED, 0)
        self.outcome("by team", self.created(pa.schema([*self.rows.schema, team], metadata=self.rows.schema.metadata), ["team"]), SERVED, 0)
        self.outcome("by an integer", by(pa.field("repo", pa.int32(), nullable=False)), ["repo", "utf8", "int32"])
        self.outcome("by path", self.created(self.rows.schema, ["path"]), ["path"])
        self.outcome("by repo, nullable", by(pa.field("repo", pa.string())), ["repo", "not null", "nullable"])


if __name__ == "__main__":
    unittest.main()
