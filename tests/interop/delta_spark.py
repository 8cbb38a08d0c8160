"""Spark with its Delta package, both ways: it reads our tables, and we serve those that it made or changed."""
import json
import os
import pathlib
import shutil
import unittest

from delta.tables import DeltaTable
from pyspark.sql import SparkSession
from pyspark.sql.types import StructType

from common import DATA, FOLDER, Reading, delta_lines, facts_by_sql, log, log_schema, program, tsv

SETTINGS = {
    "spark.jars": ",".join(str(jar) for jar in pathlib.Path(os.environ["BF_SPARK_JARS"]).glob("*.jar")),
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.warehouse.dir": str(FOLDER / "warehouse"),
    "spark.sql.shuffle.partitions": 2,
    "spark.driver.memory": "2g",
    "spark.ui.enabled": False,
    "spark.ui.showConsoleProgress": False,
    "spark.log.level": "ERROR",
    "spark.databricks.delta.retentionDurationCheck.enabled": False,
    # without it Spark makes or alters no table that has NOT NULL below a list; with it, it drops that NOT NULL
    "spark.databricks.delta.constraints.allowUnenforcedNotNull.enabled": True,
}


class Spark(Reading):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        builder = SparkSession.builder.master("local[2]").appName("bytefusion")
        for name, value in SETTINGS.items():
            builder = builder.config(name, value)
        cls.spark = builder.getOrCreate()
        cls.name = f"Spark {cls.spark.version}"
        cls.addClassCleanup(cls.spark.stop)

    def sql(self, text):
        return self.spark.sql(text).collect()

    def copy(self, name, of="delta"):
        table = FOLDER / name
        shutil.copytree(FOLDER / of, table)
        return table

    def create(self, name, by_repo=False, **properties):
        """An empty table with the contract's schema, made by Spark itself."""
        table = FOLDER / name
        schema = log_schema(FOLDER / "delta")
        if by_repo:
            repo = next(field for field in schema["fields"] if field["name"] == "repo")
            schema["fields"] = [field for field in schema["fields"] if field is not repo] + [{**repo, "nullable": False}]
        builder = DeltaTable.create(self.spark).location(str(table)).addColumns(StructType.fromJson(schema))
        for key, value in {**self.EXPECTED["delta"]["properties"], **properties}.items():
            builder = builder.property(key, value)
        (builder.partitionedBy("repo") if by_repo else builder).execute()
        return table

    # ---- ours, read by Spark ----

    def test_reads(self):
        for name, table in self.tables():
            frame = self.spark.read.format("delta").load(table)
            frame.createOrReplaceTempView("t")
            self.check_schema(self.name, name, delta_lines(json.loads(frame.schema.json())))
            facts = facts_by_sql(lambda sql: self.sql(sql)[0][0], lambda x: f"explode({x})", lambda struct, field: f"{struct}.`{field}`")
            self.check(self.name, name, facts, frame.toArrow())

    # ---- Spark's, served by us ----

    def test_written_by_spark(self):
        table = self.create("spark_made")
        self.sql(f"INSERT INTO delta.`{table}` SELECT * FROM delta.`{FOLDER}/delta`")
        self.served_as("made and written by Spark", table, FOLDER / "parquet")

    def test_written_by_spark_by_repo(self):
        table = self.create("spark_made_by_repo", by_repo=True)
        self.sql(f"INSERT INTO delta.`{table}` SELECT * FROM delta.`{FOLDER}/delta_by_repo`")
        self.served_as("made and written by Spark, by repo", table, FOLDER / "parquet_by_repo")

    def test_changed_by_spark(self):
        table = self.copy("spark_changed")
        self.sql(f"DELETE FROM delta.`{table}` WHERE path LIKE '3.1%'")
        self.sql(f"INSERT INTO delta.`{table}` SELECT * FROM delta.`{FOLDER}/delta` WHERE path LIKE '3.1%'")
        self.sql(f"UPDATE delta.`{table}` SET repo = 'other' WHERE path LIKE '2.7%'")
        self.sql(f"UPDATE delta.`{table}` SET repo = NULL WHERE path LIKE '2.7%'")
        self.sql(f"OPTIMIZE delta.`{table}`")
        self.served_as("ours, changed and optimized by Spark", table, FOLDER / "parquet")

    def test_names_that_need_escapes(self):
        table = self.create("spark_names", by_repo=True)
        names = ["a b", "a%20b", "a/b", "a=b", "é", "a:b?c#d&e+f", "'"]
        for name in names:
            quoted = name.replace("'", "\\'")
            self.sql(f"INSERT INTO delta.`{table}` SELECT * EXCEPT (repo), '{quoted}' FROM delta.`{FOLDER}/delta_by_repo` WHERE repo = 'plain'")
        found = dict(line.split("\t") for line in tsv(table, "SELECT repo, count(*) FROM bytecode_files_v1 GROUP BY repo")[1:])
        n = tsv(FOLDER / "parquet_by_repo", "SELECT count(*) FROM bytecode_files_v1 WHERE repo = 'plain'")[1]
        self.assertEqual(found, {name: n for name in names})
        for name in names:
            self.assertEqual(tsv(table, "SELECT count(*) FROM bytecode_files_v1 WHERE repo = '%s'" % name.replace("'", "''"))[1], n, name)
        print(f"{'repos named ' + ' '.join(names):<37} served; check: {self.checked(table)}")

    def test_checkpoints(self):
        table = self.copy("spark_checkpoints")
        self.spark.conf.set("spark.databricks.delta.checkpoint.partSize", 2)
        self.sql(f"ALTER TABLE delta.`{table}` SET TBLPROPERTIES ('delta.checkpointInterval' = '2')")
        for _ in range(4):
            self.sql(f"INSERT INTO delta.`{table}` SELECT * FROM delta.`{FOLDER}/delta` WHERE path LIKE '3.8%'")
            self.sql(f"DELETE FROM delta.`{table}` WHERE path LIKE '3.8%'")
        self.sql(f"INSERT INTO delta.`{table}` SELECT * FROM delta.`{FOLDER}/delta` WHERE path LIKE '3.8%'")
        self.spark.conf.unset("spark.databricks.delta.checkpoint.partSize")
        checkpoints = sorted(f.name for f in (table / "_delta_log").glob("*.checkpoint*.parquet"))
        self.assertTrue(any(name.count(".") > 2 for name in checkpoints), checkpoints)  # of several parts
        last = int(checkpoints[-1].split(".")[0])
        for version in range(last):
            (table / f"_delta_log/{version:020d}.json").unlink()
        self.served_as("checkpoints of Spark, the log cut", table, FOLDER / "parquet")
        self.refused("a version that the log lost", f"{table}@v1", str(last))

    def test_change_data_feed(self):
        table = self.copy("spark_cdf")
        self.sql(f"ALTER TABLE delta.`{table}` SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')")
        self.sql(f"UPDATE delta.`{table}` SET repo = 'other' WHERE path LIKE '2.7%'")
        self.sql(f"UPDATE delta.`{table}` SET repo = NULL WHERE path LIKE '2.7%'")
        self.assertTrue(list(table.glob("_change_data/*.parquet")))
        self.served_as("with a change data feed", table, FOLDER / "parquet")
        done = program("index", DATA / "3.12", "-o", table, "--mode", "append", code=1)
        print(f"{'append to a change data feed':<37} refused: {done.stderr.strip().replace(str(FOLDER) + '/', '')}")

    def test_deletion_vectors(self):
        table = self.copy("spark_dv")
        self.sql(f"ALTER TABLE delta.`{table}` SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')")
        self.refused("deletion vectors switched on", table, "deletionVectors")
        self.sql(f"DELETE FROM delta.`{table}` WHERE path LIKE '3.8%'")
        self.assertTrue(any(action.get("add", {}).get("deletionVector") for entry in log(table).values() for action in entry))
        self.refused("deletion vectors", table, "deletionVectors")

    def test_column_mapping(self):
        table = self.copy("spark_mapping")
        self.sql(f"ALTER TABLE delta.`{table}` SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name', 'delta.minReaderVersion' = '2', 'delta.minWriterVersion' = '5')")
        self.refused("column mapping", table, "column mapping")

    def test_writer_features(self):
        for what, properties in (("a row constraint", None), ("in-commit timestamps", "'delta.enableInCommitTimestamps' = 'true'"), ("row tracking", "'delta.enableRowTracking' = 'true'"), ("append only", "'delta.appendOnly' = 'true'")):
            table = self.copy("spark_" + what.replace(" ", "_"))
            change = f"SET TBLPROPERTIES ({properties})" if properties else "ADD CONSTRAINT named CHECK (path <> '')"
            self.sql(f"ALTER TABLE delta.`{table}` {change}")
            self.served_as(what, table, FOLDER / "parquet")

    # ---- in turns ----

    def test_in_turns(self):
        table = self.copy("turns", "delta_by_repo")
        self.sql(f"DELETE FROM delta.`{table}` WHERE repo = 'plain' AND path LIKE 'ok_c%'")
        program("index", DATA / "3.12", "-o", table, "--repo", "plain", "--partition-by", "repo", "--mode", "append")
        self.served_as("deleted by Spark, added again by us", table, FOLDER / "parquet_by_repo")
        self.sql(f"OPTIMIZE delta.`{table}`")
        self.sql(f"VACUUM delta.`{table}` RETAIN 0 HOURS")
        self.served_as("and optimized, vacuumed by Spark", table, FOLDER / "parquet_by_repo")
        frame = self.spark.read.format("delta").load(str(table))
        expected = self.EXPECTED["delta_by_repo"]["facts"]
        self.assertEqual(frame.count(), expected["files"])
        done = program("index", DATA / "3.12", "-o", table, "--repo", "plain", "--partition-by", "repo", "--mode", "append")
        self.assertIn("unchanged", done.stdout + done.stderr)
        versions = sorted(log(table))
        for version in versions:
            try:
                rows = self.spark.read.format("delta").option("versionAsOf", version).load(str(table)).select("path").collect()  # a count is of the log
            except Exception:  # vacuumed: Spark says it when it reads
                self.refused(f"version {version}, vacuumed by Spark", f"{table}@v{version}", "vacuumed")
                continue
            found = tsv(f"{table}@v{version}", "SELECT path FROM bytecode_files_v1")[1:]
            self.assertEqual(sorted(found), sorted(row.path for row in rows))
            print(f"{f'version {version}':<37} {len(rows)} rows, equal")


if __name__ == "__main__":
    unittest.main(warnings="ignore")
