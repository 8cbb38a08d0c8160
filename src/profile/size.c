#include "profile/size.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char units[] = "KMGT";

/* The machine's memory, or the limit of the container where that is less. */
static double memory_bytes(void) {
    double bytes = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE), limit;
    FILE *in = fopen("/sys/fs/cgroup/memory.max", "re"); /* "max" where there is none */
    if (in && fscanf(in, "%lf", &limit) == 1 && limit < bytes) bytes = limit;
    if (in) fclose(in);
    return bytes;
}

int64_t bf_size_parse(const char *text) {
    char *end;
    if (!strcmp(text, "none")) return BF_SIZE_NONE;
    if (!isdigit((unsigned char)*text)) return BF_SIZE_WRONG;
    double value = strtod(text, &end);
    const char *unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
    if (*end == '%')
        value *= memory_bytes() / 100;
    else if (unit)
        value *= pow(1024, (double)(unit - units + 1));
    if (*end && ((!unit && *end != '%') || end[1])) return BF_SIZE_WRONG;
    return value >= 1 << 20 && value < 9e18 ? (int64_t)value : BF_SIZE_WRONG;
}
