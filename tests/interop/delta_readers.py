"""Our Delta tables read by deltalake, pyarrow, Polars and Python's datafusion: every value, every field."""
import unittest

import datafusion
import deltalake
import polars
import pyarrow as pa

from common import Reading, arrow_lines, delta_lines, facts_by_arrow, facts_by_sql, log, log_schema


class Readers(Reading):
    def test_log(self):
        """The log itself, as JSON."""
        for name, table in self.tables():
            self.check_schema("the log", name, delta_lines(log_schema(table)))
            actions = [action for entry in log(table).values() for action in entry]
            self.assertEqual([a["protocol"] for a in actions if "protocol" in a][-1], {"minReaderVersion": 1, "minWriterVersion": 2})
            properties = [a["metaData"]["configuration"] for a in actions if "metaData" in a][-1]
            self.assertEqual({k: properties.get(k) for k in self.EXPECTED[name]["properties"]}, self.EXPECTED[name]["properties"])
            for add in (a["add"] for a in actions if "add" in a):
                self.assertNotIn("deletionVector", {k for k, v in add.items() if v is not None})

    def test_deltalake(self):
        for name, table in self.tables():
            delta = deltalake.DeltaTable(table)
            self.check_schema("deltalake", name, arrow_lines(pa.schema(delta.schema().to_arrow())))
            data = deltalake.QueryBuilder().register("t", delta).execute("SELECT * FROM t").read_all()
            data = pa.table(data)
            self.check("deltalake", name, facts_by_arrow(data), data)

    def test_pyarrow(self):
        for name, table in self.tables():
            data = deltalake.DeltaTable(table).to_pyarrow_dataset()
            self.check_schema("pyarrow", name, arrow_lines(data.schema))
            self.check("pyarrow", name, facts_by_arrow(data.to_table()), data.to_table())

    def test_polars(self):
        for name, table in self.tables():
            frame = polars.scan_delta(table)
            self.check_schema("Polars", name, arrow_lines(maps(polars.DataFrame(schema=frame.collect_schema()).to_arrow().schema)), nullability=False, metadata=False)
            with polars.SQLContext(t=frame, eager=True) as sql:
                self.assertEqual(sql.execute("SELECT count(*) AS n FROM t")["n"][0], self.EXPECTED[name]["facts"]["files"])
            data = frame.collect().to_arrow()
            self.check("Polars", name, facts_by_arrow(data), data)

    def test_datafusion(self):
        for name, table in self.tables():
            context = datafusion.SessionContext()
            context.register_table("t", deltalake.DeltaTable(table))
            one = lambda sql: context.sql(sql).collect()[0][0][0].as_py()
            self.check_schema("datafusion", name, arrow_lines(context.table("t").schema()))
            facts = facts_by_sql(one, lambda x: f"unnest({x})", lambda struct, field: f"{struct}['{field}']")
            self.check("datafusion", name, facts, context.table("t").to_arrow_table())


def maps(schema):
    """Polars has no maps: it reads one as a list of key and value. Here they are maps again."""
    def kind(of):
        if pa.types.is_struct(of):
            return pa.struct([field.with_type(kind(field.type)) for field in of])
        if pa.types.is_large_list(of) or pa.types.is_list(of):
            item = of.value_type
            if pa.types.is_struct(item) and [field.name for field in item] == ["key", "value"]:
                return pa.map_(item.field("key").type, item.field("value").type)
            return pa.list_(kind(item))
        return of
    return pa.schema([field.with_type(kind(field.type)) for field in schema])


if __name__ == "__main__":
    unittest.main()
