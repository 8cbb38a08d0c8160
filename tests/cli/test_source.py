import os
import struct
import unittest

from program import DATA, Case

SPANS = ("SELECT pos_start_line, pos_start_col, pos_end_line, pos_end_col, col_unit, byte_start, byte_len FROM py_bc_instruction_span_fields"
         " WHERE col_unit IS NOT NULL")
TEXT = (DATA / "src" / "strings.py").read_bytes()


class Source(Case):
    def setUp(self):
        super().setUp()
        self.root = self.folder / "tree"
        (self.root / "__pycache__").mkdir(parents=True)
        self.source = self.root / "strings.py"
        self.source.write_bytes(TEXT)
        os.utime(self.source, (1700000000, 1700000000))
        self.pyc = self.root / "__pycache__" / "strings.cpython-312.pyc"
        self.compiled = (DATA / "3.12" / "ok_strings.pyc").read_bytes()
        self.pyc.write_bytes(self.compiled[:4] + struct.pack("<III", 0, 1700000000, len(TEXT)) + self.compiled[16:])

    def status(self, *options):
        self.index(self.root, *options)
        (status,), = self.rows(self.folder / "dataset", "SELECT source_status FROM py_bc_files")
        self.assertEqual(self.rows(self.folder / "dataset", "SELECT message FROM bytecode_errors"), [])
        return status

    def units(self):
        return {(unit, start is not None) for *_, unit, start, _ in self.rows(self.folder / "dataset", SPANS)}

    def test_code_points_and_bytes_mark_the_same_text(self):
        self.assertEqual(self.status(), "match")
        rows = self.rows(self.folder / "dataset", SPANS)
        self.assertEqual(self.units(), {("utf32", True)})
        lines = TEXT.decode().split("\n")
        for line, col, end_line, end_col, _, start, length in rows:
            line, col, end_line, end_col, start, length = map(int, (line, col, end_line, end_col, start, length))
            text = "\n".join(lines[line:end_line + 1])
            cut = len(lines[end_line]) - end_col
            self.assertEqual(text[col:len(text) - cut], TEXT[start:start + length].decode())
        self.assertFalse(TEXT.isascii())

    def test_other_size(self):
        self.source.write_bytes(TEXT + b"#")
        os.utime(self.source, (1700000000, 1700000000))
        self.assertEqual(self.status(), "mismatch")
        self.assertEqual(self.units(), {("utf8", False)})

    def test_other_time(self):
        os.utime(self.source, (1700000001, 1700000001))
        self.assertEqual(self.status(), "mismatch")

    def test_absent(self):
        self.source.unlink()
        self.assertEqual(self.status(), "absent")
        self.assertEqual(self.units(), {("utf8", False)})

    def test_unreadable(self):
        self.source.unlink()
        self.source.mkdir()
        self.assertEqual(self.status(), "unreadable")

    def test_beside_the_file(self):
        self.pyc.rename(self.root / "strings.pyc")
        self.assertEqual(self.status(), "match")

    def test_not_looked_for(self):
        self.assertEqual(self.status("--no-source"), None)
        self.assertEqual(self.units(), {("utf8", False)})

    def test_ids_do_not_depend_on_it(self):
        sql = "SELECT u.file_id, u.code_unit_id, f.file_sha256 FROM py_bc_code_units u JOIN py_bc_files f USING (file_id) ORDER BY 2"
        self.status()
        with_source = self.rows(self.folder / "dataset", sql)
        self.status("--no-source")
        self.assertEqual(self.rows(self.folder / "dataset", sql), with_source)

    def test_code_of_another_source(self):
        self.source.write_bytes(b"x\n")
        os.utime(self.source, (1700000000, 1700000000))
        self.pyc.write_bytes(self.compiled[:4] + struct.pack("<III", 0, 1700000000, 2) + self.compiled[16:])
        dataset = self.index(self.root, code=3)
        self.assertEqual(self.rows(dataset, "SELECT source_status, n_errors FROM py_bc_files"), [("match", "1")])
        (kind, stage, message), = self.rows(dataset, "SELECT error_type, error_stage, message FROM bytecode_errors")
        self.assertEqual((kind, stage), ("anomaly", "line_table"))
        self.assertRegex(message, r"^\d+ spans are not in the source of 2 lines that the header confirms; first \d+:\d+-\d+:\d+")


if __name__ == "__main__":
    unittest.main()
