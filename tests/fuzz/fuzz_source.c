/* Sources: the coding cookie, other charsets, lines, and positions in them. The input is the file. */
#include "fuzz.h"

#include "source/encoding.h"
#include "source/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    bf_text text;
    bf_error err = {0};
    bf_encoding encoding = bf_encoding_find(data, size);
    CHECK(encoding.bom <= size);
    bf_status st = bf_text_read(&text, data, size, &err);
    CHECK(st == err.code && (st == BF_OK || st == BF_CORRUPT || st == BF_UNSUPPORTED));
    if (st == BF_OK) {
        CHECK(text.n_lines >= 1);
        for (int32_t line = -1; line <= (int32_t)text.n_lines + 1; line++) {
            int32_t last = -1;
            for (int32_t col = -1; col < 200; col++) {
                bf_text_place place;
                if (!bf_text_find(&text, line, col, &place)) continue;
                CHECK(line >= 1 && col >= 0 && place.col <= col && place.col > last);
                CHECK(place.offset >= 0 && (size_t)place.offset <= size);
                last = place.col;
            }
        }
    }
    bf_text_free(&text);
    return 0;
}
