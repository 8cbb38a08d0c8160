"""The fixtures through the whole pipeline: what the views serve is what each CPython's dis said (tests/data/*/ok_*.expect)."""
import collections
import unittest

from program import DATA, Case, unescape

KINDS = {"k": "const", "n": "name", "l": "local", "f": "free", "c": "compare", "j": "jump"}


def number(cell):
    return int(cell) if cell not in ("", None) else None


class Expected:
    """The rows of one .expect file, with what it leaves out filled in: tests/data/README.md describes the form."""

    def __init__(self, path, has_words):
        self.has_words = has_words # an instruction is two bytes, and not one or three
        self.codes, self.opcodes = [], {}
        self.instructions, self.consts, self.lines, self.exceptions = ([] for _ in range(4))
        self.line = None
        for line in path.read_text().split("\n")[1:]:
            kind, *cells = line.split("\t")
            if kind and (kind[0].isdigit()):
                self.instruction([kind] + cells)
            elif kind and kind != "H":
                getattr(self, "row_" + kind)(cells)

    def code(self):
        return len(self.codes) - 1

    def row_U(self, cells):
        cells += [""] * (13 - len(cells))
        self.line = None
        self.names = {}
        self.n_instructions = 0
        self.codes.append([unescape(c) for c in cells[1:5]] + [number(c) for c in cells[5:13]] + [self.names])

    def names_row(letter):
        def row(self, cells):
            self.names[letter] = ",".join(unescape(c) or "" for c in cells)
        return row

    row_V, row_F, row_C, row_N = map(names_row, "VFCN")

    def row_K(self, cells):
        self.consts.append((self.code(), unescape(cells[0])))

    def row_L(self, cells):
        self.lines += [(self.code(), int(c.split(":")[0]), number(c.partition(":")[2])) for c in cells if c]

    def row_X(self, cells):
        self.exceptions.append((self.code(), *map(int, cells)))

    def row_O(self, cells):
        self.opcodes[int(cells[0])] = (cells[1], int(cells[2]), cells[3], sum(int(c.split(":")[1]) for c in cells[4:]))

    def instruction(self, cells):
        cells += [""] * (14 - len(cells))
        offset, opcode, arg = int(cells[0]), int(cells[1]), number(cells[2])
        opname, baseopcode, baseopname, units = self.opcodes[opcode]
        consts = [text for code, text in self.consts if code == self.code()]
        argrepr = consts[arg] if cells[6] == "=" else unescape(cells[6]) or ""
        text = None if not cells[5] else argrepr if cells[5] == "=" else unescape(cells[5][1:]) or ""
        if cells[8]:
            self.line = None if cells[8] == "-" else int(cells[8])
        starts = self.line if cells[9] == "=" else number(cells[9])
        end = offset + (2 if self.has_words else 1 if arg is None else 3) + 2 * units
        start_offset, end_offset = map(int, cells[12].split("-")) if cells[12] else (offset, end)
        self.instructions.append((self.code(), self.n_instructions, offset, start_offset, end_offset, opname, opcode, baseopname, baseopcode, arg,
                                  KINDS.get(cells[3]), arg if cells[4] == "=" else number(cells[4]), text, argrepr, self.line, starts,
                                  number(cells[10].rstrip(">")), cells[10].endswith(">"), number(cells[11])))
        self.n_instructions += 1


class Pipeline(Case):
    def check(self, version):
        dataset = self.index(DATA / version, "--no-source")
        files = sorted(p.stem for p in (DATA / version).glob("ok_*.pyc"))
        self.assertGreater(len(files), 10)
        codes = self.rows(dataset, "SELECT code_unit_id, path, qualpath, co_name, co_qualname, co_filename, firstlineno, argcount, posonlyargcount, "
                                   "kwonlyargcount, nlocals, flags, stacksize, code_len, array_to_string(varnames, ','), array_to_string(freevars, ','), "
                                   "array_to_string(cellvars, ','), array_to_string(names, ',') FROM py_bc_code_units")
        by_path, place = collections.defaultdict(list), {}
        for row in codes:
            place[row[0]] = (row[1], len(by_path[row[1]]))
            by_path[row[1]].append(row[2:])

        def by_file(view, columns, order):
            rows = collections.defaultdict(list)
            for unit, *cells in self.rows(dataset, f"SELECT code_unit_id, {columns} FROM {view} ORDER BY path, code_unit_id, {order}"):
                path, code = place[unit]
                rows[path].append((code, *cells))
            return {path: sorted(found, key=lambda r: r[0]) for path, found in rows.items()}

        instructions = by_file("py_bc_instructions", "instr_index, \"offset\", start_offset, end_offset, opname, opcode, baseopname, "
                               "baseopcode, arg, argval_kind, argval_int, argval_str, argrepr, line_number, starts_line, label, is_jump_target, "
                               "jump_target_offset", "instr_index")
        consts = by_file("py_bc_consts", "const_repr", "const_index")
        lines = by_file("py_bc_line_table", '"offset", line1', '"offset"')
        exceptions = by_file("bytecode_exception_table", "start_offset, end_offset, target_offset, depth, lasti", "exc_index")
        texts = lambda row: tuple(None if c in (None, "") else str(c).lower() if isinstance(c, bool) else str(c) for c in row)
        n = 0
        for name in files:
            path = name + ".pyc"
            expected = Expected(DATA / version / f"{name}.expect", version != "2.7")
            wanted = [texts([q, name_, qual, file, *numbers, *(names.get(k, "") for k in "VFCN")])
                      for q, name_, qual, file, *numbers, names in expected.codes]
            self.assertEqual([texts(row) for row in by_path[path]], wanted, path)
            self.assertEqual([texts(row) for row in instructions[path]], [texts(row) for row in expected.instructions], path)
            self.assertEqual([texts(r) for r in consts.get(path, [])], [texts(r) for r in expected.consts], path)
            self.assertEqual([texts(r) for r in lines.get(path, [])], [texts(r) for r in expected.lines], path)
            self.assertEqual([texts((*r[:-1], {"true": "1", "false": "0"}[r[-1]])) for r in exceptions.get(path, [])],
                             [texts(r) for r in expected.exceptions], path)
            n += len(expected.instructions)
        print(f"{version}: {len(files)} files, {len(codes)} code objects, {n} instructions as CPython has them")


def case(version):
    return lambda self: self.check(version)


for folder in DATA.iterdir():
    if folder.name[0].isdigit():
        setattr(Pipeline, "test_" + folder.name.replace(".", "_"), case(folder.name))

if __name__ == "__main__":
    unittest.main()
