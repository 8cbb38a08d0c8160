"""Our Delta tables read by DuckDB's own delta extension."""
import pathlib
import unittest

import duckdb
import duckdb_extension_delta

from common import Reading, arrow_lines, facts_by_sql


class DuckDB(Reading):
    def test_delta_scan(self):
        extension = next(pathlib.Path(duckdb_extension_delta.__path__[0]).rglob("delta.duckdb_extension"))
        for name, table in self.tables():
            base = duckdb.connect()
            base.load_extension(str(extension))
            base.execute(f"CREATE VIEW t AS SELECT * FROM delta_scan('{table}')")
            one = lambda sql: base.sql(sql).fetchall()[0][0]
            data = base.table("t").to_arrow_table()
            self.check_schema("DuckDB", name, arrow_lines(data.schema), nullability=False, metadata=False)
            self.check("DuckDB", name, facts_by_sql(one, lambda x: f"unnest({x})", lambda struct, field: f'{struct}."{field}"'), data)


if __name__ == "__main__":
    unittest.main()
