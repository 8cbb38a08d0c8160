#include "version/version.h"

#include <stddef.h>
#include <string.h>

static const bf_cpython versions[] = {
    /* id  name    minor unit jump header old    lines                localsplus noline abs   label  cmp entered early unicode dis */
    {27, "2.7", 0, 1, 1, 8, true, BF_LINES_LNOTAB27, false, false, false, false, 0, false, false, 0, BF_DIS_PRINT},
    {36, "3.6", 6, 2, 1, 12, false, BF_LINES_LNOTAB36, false, false, false, false, 0, false, true, 900, BF_DIS_NARROW},
    {37, "3.7", 7, 2, 1, 16, false, BF_LINES_LNOTAB36, false, false, false, false, 0, false, false, 1100, BF_DIS_WIDE},
    {38, "3.8", 8, 2, 1, 16, false, BF_LINES_LNOTAB, false, false, false, false, 0, false, false, 1201, BF_DIS_WIDE},
    {39, "3.9", 9, 2, 1, 16, false, BF_LINES_LNOTAB, false, false, false, false, 0, false, false, 1300, BF_DIS_WIDE},
    {310, "3.10", 10, 2, 2, 16, false, BF_LINES_PEP626, false, false, true, false, 0, true, false, 1300, BF_DIS_WIDE},
    {311, "3.11", 11, 2, 2, 16, false, BF_LINES_LOCATIONS, true, false, true, false, 0, true, false, 1400, BF_DIS_WIDE},
    {312, "3.12", 12, 2, 2, 16, false, BF_LINES_LOCATIONS, true, false, true, false, 4, true, false, 1500, BF_DIS_WIDE},
    {313, "3.13", 13, 2, 2, 16, false, BF_LINES_LOCATIONS, true, true, true, true, 5, false, false, 1501, BF_DIS_LABELS},
    {314, "3.14", 14, 2, 2, 16, false, BF_LINES_LOCATIONS, true, true, true, true, 5, false, false, 1600, BF_DIS_LABELS},
    {315, "3.15", 15, 2, 2, 16, false, BF_LINES_LOCATIONS, true, true, true, true, 5, false, false, 1700, BF_DIS_LABELS},
};

static const bf_magic magics[] = {
#define PRE false
#define FINAL true
#define BF_MAGIC(number, version, final, name) {number, version, final, name},
#include "version/versions.def"
#undef BF_MAGIC
#undef FINAL
#undef PRE
};

const bf_cpython *bf_cpython_by_id(int id) {
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        if (versions[i].id == id) return &versions[i];
    return NULL;
}

const bf_cpython *bf_cpython_by_name(const char *name) {
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        if (!strcmp(versions[i].name, name)) return &versions[i];
    return NULL;
}

const bf_magic *bf_magic_find(uint16_t number) {
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (magics[i].number == number) return &magics[i];
    return NULL;
}
