/* Line tables, each form. Input: version, first line, length of the code, the table. */
#include "fuzz.h"

#include "code/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bf_arena arena;
    static const int forms[] = {27, 36, 38, 310, 311, 312, 313};
    fuzz_input in = {data, size};
    bf_code code = {.version = bf_cpython_by_id(forms[take_u8(&in) % 7])};
    code.firstlineno = (int32_t)take_u32(&in);
    code.n_bytecode = take_u8(&in) * 7u;
    code.linetable = in.p;
    code.n_linetable = (uint32_t)in.n;
    code.linetable_offset = 0;
    bf_lines lines;
    bf_error err = {0};
    bf_arena_reset(&arena);
    bf_status st = bf_code_lines(&lines, &code, &arena, &err);
    check_error(st, &err, in.n);
    int32_t at = 0;
    for (uint32_t i = 0; i < lines.n_ranges; i++) {
        const bf_line_range *r = &lines.ranges[i];
        CHECK(r->start == at && r->end > r->start);
        at = r->end;
        CHECK(r->col >= 0 || r->col == BF_NO_LINE || code.version->line_form == BF_LINES_LOCATIONS);
    }
    for (uint32_t i = 0; i < lines.n_starts; i++) {
        CHECK(lines.starts[i].offset >= 0);
        CHECK(i == 0 || lines.starts[i].offset > lines.starts[i - 1].offset);
        CHECK(i == 0 || lines.starts[i].line != lines.starts[i - 1].line);
    }
    return 0;
}
