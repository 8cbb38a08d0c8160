#include "version/version.h"

#include <stddef.h>
#include <string.h>

static const bf_cpython versions[] = {
    /* id  name    minor unit lines               localsplus noline  abs    label  cmp entered unicode */
    {38, "3.8", 8, 1, BF_LINES_LNOTAB, false, false, false, false, 0, false, 1201},
    {39, "3.9", 9, 1, BF_LINES_LNOTAB, false, false, false, false, 0, false, 1300},
    {310, "3.10", 10, 2, BF_LINES_PEP626, false, false, true, false, 0, true, 1300},
    {311, "3.11", 11, 2, BF_LINES_LOCATIONS, true, false, true, false, 0, true, 1400},
    {312, "3.12", 12, 2, BF_LINES_LOCATIONS, true, false, true, false, 4, true, 1500},
    {313, "3.13", 13, 2, BF_LINES_LOCATIONS, true, true, true, true, 5, false, 1501},
    {314, "3.14", 14, 2, BF_LINES_LOCATIONS, true, true, true, true, 5, false, 1600},
    {315, "3.15", 15, 2, BF_LINES_LOCATIONS, true, true, true, true, 5, false, 1700},
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
