"""Delta tables that Python's deltalake made or changed, served by us; versions; and two writers of different kinds at once."""
import collections
import datetime
import os
import pathlib
import shutil
import subprocess
import threading
import unittest

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq

from common import DATA, FOLDER, PROGRAM, Reading, facts_by_arrow, log, program, tsv

COUNTS = "SELECT count(*), sum(n_code_objects) FROM py_bc_files"
COUNT = "SELECT count(*) FROM bytecode_files_v1"


def contract_properties():
    return {k.decode(): v.decode() for k, v in pq.read_schema(next((FOLDER / "parquet").glob("*.parquet"))).metadata.items()}


def create(name, schema, by_repo=False):
    """An empty table of deltalake's with the contract's properties, which write_deltalake itself would refuse as unknown."""
    return deltalake.DeltaTable.create(str(FOLDER / name), schema.remove_metadata(), configuration=contract_properties(),
                                       raise_if_key_not_exists=False, partition_by=["repo"] if by_repo else [])


def rows(dataset="parquet"):
    return pq.read_table(FOLDER / dataset).replace_schema_metadata(None)


def with_repo(table, repo):
    """The rows as those of one partition: repo is the last column, and required."""
    table = table.drop_columns(["repo"])
    return table.append_column(pa.field("repo", pa.string(), nullable=False), pa.array([repo] * len(table)))


def cast_texts(table, kind):
    return table.cast(pa.schema([field.with_type(kind) if field.type == pa.string() else field for field in table.schema]))


class Writers(Reading):
    def write(self, name, *tables, **options):
        table = create(name, rows().schema)
        for part in tables:
            deltalake.write_deltalake(table, part, mode="append", **options)
        return FOLDER / name

    def copy(self, name, of="delta"):
        return pathlib.Path(shutil.copytree(FOLDER / of, FOLDER / name))

    def test_written_by_deltalake(self):
        data = rows()
        reference = FOLDER / "parquet"
        self.served_as("written by deltalake", self.write("py", data), reference)
        self.served_as("in 8 appends", self.write("py_appends", *[data.slice(i, 40) for i in range(0, len(data), 40)]), reference)
        self.served_as("in files of 16 rows", self.write("py_small", data, target_file_size=1, writer_properties=deltalake.WriterProperties(max_row_group_size=16)), reference)
        for kind in (pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())):
            self.served_as(f"from {kind}"[:36], self.write(f"py_{str(kind)[:10]}", cast_texts(data, kind)), reference)
        shuffled = data.take(pa.array([(i * 7) % len(data) for i in range(len(data))]))
        self.served_as("rows in another order", self.write("py_shuffled", shuffled), reference)
        done = program("index", DATA / "3.8", "-o", FOLDER / "py_shuffled", "--sync")  # rewrites a file that is in no order
        print(f"{'then reduced to one version':<37} {done.stderr.strip() or done.stdout.strip()}")
        ordered = "SELECT path FROM bytecode_files_v1 ORDER BY path, file_id"
        self.assertEqual(tsv(FOLDER / "py_shuffled", ordered), ["path", *sorted(tsv(FOLDER / "py_shuffled", ordered)[1:])])

    def test_written_by_deltalake_by_repo(self):
        data = pq.read_table(FOLDER / "parquet_by_repo").replace_schema_metadata(None)
        data = data.set_column(data.schema.get_field_index("repo"), pa.field("repo", pa.string(), nullable=False), data["repo"].cast(pa.string()))
        table = create("py_by_repo", data.schema, by_repo=True)
        deltalake.write_deltalake(table, data, mode="append")
        self.served_as("written by deltalake, by repo", FOLDER / "py_by_repo", FOLDER / "parquet_by_repo")

    def test_names_that_need_escapes(self):
        names = ["a b", "a%20b", "a/b", "a=b", "é", "a:b?c#d&e+f", "'", "x" * 150]
        few = rows().slice(0, 5)
        table = create("py_names", with_repo(few, "x").schema, by_repo=True)
        for name in names:
            deltalake.write_deltalake(table, with_repo(few, name), mode="append")
        found = dict(line.split("\t") for line in tsv(FOLDER / "py_names", "SELECT repo, count(*) FROM bytecode_files_v1 GROUP BY repo")[1:])
        self.assertEqual(found, {name: "5" for name in names})
        for name in names:
            quoted = name.replace("'", "''")
            self.assertEqual(tsv(FOLDER / "py_names", f"{COUNT} WHERE repo = '{quoted}'")[1], "5", name)
        print(f"{'repos with strange names':<37} served; check: {self.checked(FOLDER / 'py_names')}")

    def test_changed_by_deltalake(self):
        """Ours, then each operation of deltalake's."""
        table = self.copy("py_changed")
        delta = lambda: deltalake.DeltaTable(str(table))
        data = rows()
        few = data.filter(pa.compute.starts_with(data["path"], "3.8"))
        delta().delete("path LIKE '3.8%'")
        self.assertEqual(tsv(table, COUNT)[1], str(len(data) - len(few)))
        deltalake.write_deltalake(delta(), few, mode="append")
        self.served_as("deleted from and added to", table, FOLDER / "parquet")
        delta().optimize.compact()
        self.served_as("compacted", table, FOLDER / "parquet")
        delta().optimize.z_order(["file_id"])
        self.served_as("z-ordered", table, FOLDER / "parquet")
        delta().update(updates={"repo": "NULL"}, predicate="path LIKE '3.9%'")
        self.served_as("updated", table, FOLDER / "parquet")
        delta().create_checkpoint()
        for version in range(delta().version()):
            (table / f"_delta_log/{version:020d}.json").unlink()
        self.served_as("a checkpoint, the log cut", table, FOLDER / "parquet")
        delta().vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
        self.served_as("vacuumed", table, FOLDER / "parquet")
        deltalake.write_deltalake(delta(), data, mode="overwrite")
        self.served_as("overwritten", table, FOLDER / "parquet")
        done = program("index", DATA, "-o", table, "--mode", "append")
        self.assertIn("unchanged", done.stdout + done.stderr)

    # ---- versions ----

    def test_time_travel(self):
        """The same query at each version, by us and by deltalake."""
        table, tree = FOLDER / "travel", FOLDER / "travel_tree"
        shutil.copytree(DATA / "3.12", tree)
        program("index", tree, "-o", table, "--format", "delta")
        for change in (lambda: shutil.copytree(DATA / "3.9", tree / "older"), lambda: (tree / "ok_arguments.pyc").unlink(),
                       lambda: shutil.copyfile(DATA / "3.13/ok_assignments.pyc", tree / "ok_async_nested_311.pyc"), lambda: shutil.rmtree(tree / "older")):
            change()
            program("index", tree, "-o", table, "--sync")
        program("optimize", table)
        delta = deltalake.DeltaTable(str(table))
        versions = sorted(log(table))
        self.assertGreaterEqual(len(versions), 5)
        times = {entry["version"]: entry["timestamp"] for entry in delta.history()}
        seen = set()
        for version in versions:
            delta.load_as_version(version)
            data = delta.to_pyarrow_table()
            facts = facts_by_arrow(data)
            found = tsv(f"{table}@v{version}", COUNTS)[1]
            self.assertEqual(found, f"{facts['files']}\t{facts['code_objects'] if facts['files'] else ''}")
            keys = sorted("\t".join(pair) for pair in zip(data["path"].to_pylist(), data["file_id"].to_pylist()))
            self.assertEqual(sorted(tsv(f"{table}@v{version}", "SELECT path, file_id FROM bytecode_files_v1")[1:]), keys)
            moment = datetime.datetime.fromtimestamp(times[version] / 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            self.assertEqual(tsv(f"{table}@{moment}", COUNTS)[1], found)
            seen.add(found)
        print(f"{'versions ' + str(versions):<37} equal to deltalake's, by number and by time: {len(seen)} different answers")
        self.assertGreaterEqual(len(seen), 4)

    def test_vacuumed_version(self):
        table = self.copy("emptied")
        delta = deltalake.DeltaTable(str(table))
        delta.optimize.z_order(["file_id"])
        old = delta.version() - 1
        delta.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
        self.refused("a version that was vacuumed", f"{table}@v{old}", "was vacuumed")

    # ---- two writers ----

    def test_two_writers(self):
        """deltalake and bytefusion append at the same time: what said that it landed is there, once; what said it did not is not."""
        rounds = int(os.environ.get("BF_ROUNDS", "12"))
        table = FOLDER / "two_writers"
        few = rows().slice(0, 7)
        create("two_writers", with_repo(few, "x").schema, by_repo=True)
        outcomes = collections.Counter()
        landed = set()

        def python(i):
            try:
                deltalake.write_deltalake(str(table), with_repo(few, f"py{i}"), mode="append")
                landed.add(f"py{i}")
                outcomes["deltalake landed"] += 1
            except Exception as error:
                outcomes[f"deltalake: {type(error).__name__}"] += 1

        def ours(i):
            done = subprocess.run([PROGRAM, "index", DATA / "3.12", "-o", table, "--mode", "append", "--partition-by", "repo", "--repo", f"bf{i}"], capture_output=True, text=True)
            if done.returncode == 0:
                landed.add(f"bf{i}")
                outcomes["bytefusion landed"] += 1
            else:
                outcomes["bytefusion: " + done.stderr.strip().split("\n")[-1].replace(f"{FOLDER}/", "")] += 1

        for i in range(rounds):
            threads = [threading.Thread(target=run, args=(i,)) for run in (python, ours)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        found = dict(line.split("\t") for line in tsv(table, "SELECT repo, count(*) FROM bytecode_files_v1 GROUP BY repo")[1:])
        n = str(len(list((DATA / "3.12").rglob("*.pyc"))))
        self.assertEqual(found, {repo: "7" if repo.startswith("py") else n for repo in landed})
        n_rows, n_ids = tsv(table, "SELECT count(*), count(DISTINCT concat(repo, ' ', file_id)) FROM bytecode_files_v1")[1].split("\t")
        self.assertEqual(n_rows, n_ids)
        data = deltalake.DeltaTable(str(table)).to_pyarrow_table(columns=["repo"])["repo"].to_pylist()
        self.assertEqual({k: str(v) for k, v in collections.Counter(data).items()}, found)
        print(f"{'two writers, ' + str(rounds) + ' rounds':<37} {dict(outcomes)}; rows lost or doubled: 0")


if __name__ == "__main__":
    unittest.main()
