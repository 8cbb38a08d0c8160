"""The tables that the readers share: usage make.py DIR. The oracle is pyarrow over the Parquet dataset of the same input."""
import json
import pathlib
import sys

import pyarrow.parquet as pq

from common import DATA, arrow_lines, facts_by_arrow, keys_digest, program, values_digest

folder = pathlib.Path(sys.argv[1])
REPOS = ["plain", "b cé"]  # the second is escaped in the log


def described(dataset):
    table = pq.read_table(dataset)
    pairs = zip(table["path"].to_pylist(), table["file_id"].to_pylist())
    columns = [name for name in table.schema.names if name != "repo"] + ["repo"]
    return {"columns": columns, "facts": facts_by_arrow(table), "keys": keys_digest(pairs), "values": values_digest(table, columns),
            "schema": arrow_lines(table.schema), "properties": {k.decode(): v.decode() for k, v in table.schema.metadata.items()}}


program("index", DATA, "-o", folder / "parquet")
program("index", DATA, "-o", folder / "delta", "--format", "delta")
for repo in REPOS:
    for name, options in (("parquet_by_repo", []), ("delta_by_repo", ["--format", "delta"])):
        program("index", DATA / "3.12", "-o", folder / name, "--repo", repo, "--partition-by", "repo", *options)
expected = described(folder / "parquet")
by_repo = described(folder / "parquet_by_repo")
(folder / "expected.json").write_text(json.dumps({"delta": expected, "delta_by_repo": by_repo}))
print(f"{'expected':<22} {expected['facts']} keys {expected['keys']} values {expected['values']}")
