#include "dataset/address.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- times ---- */

/* `n` digits as a number within bounds; moves on. */
static bool read_number(const char **at, int n, int least, int most, int *out) {
    *out = 0;
    for (int i = 0; i < n; i++, ++*at) {
        if (!isdigit((unsigned char)**at)) return false;
        *out = 10 * *out + (**at - '0');
    }
    return *out >= least && *out <= most;
}

static bool skip(const char **at, char c) {
    if (**at != c) return false;
    ++*at;
    return true;
}

/* "Z", "+01:00", "-0530", or nothing: minutes east of UTC. */
static bool read_zone(const char **at, int *minutes) {
    int hour, minute, sign = **at == '-' ? -1 : 1;
    *minutes = 0;
    if (skip(at, 'Z') || skip(at, 'z') || !**at) return true;
    if (**at != '+' && **at != '-') return false;
    ++*at;
    if (!read_number(at, 2, 0, 23, &hour)) return false;
    skip(at, ':');
    if (!read_number(at, 2, 0, 59, &minute)) return false;
    *minutes = sign * (60 * hour + minute);
    return true;
}

static int read_milliseconds(const char **at) {
    int ms = 0, weight = 100;
    if (**at != '.') return 0;
    for (++*at; isdigit((unsigned char)**at); ++*at, weight /= 10) ms += weight * (**at - '0');
    return ms;
}

bool bf_time_read(int64_t *timestamp_ms, const char *text) {
    struct tm t = {0};
    int ms = 0, zone = 0;
    if (!read_number(&text, 4, 1970, 9999, &t.tm_year) || !skip(&text, '-')) return false;
    if (!read_number(&text, 2, 1, 12, &t.tm_mon) || !skip(&text, '-') || !read_number(&text, 2, 1, 31, &t.tm_mday)) return false;
    int day = t.tm_mday;
    if (*text) {
        if (*text != 'T' && *text != 't' && *text != ' ') return false;
        text++;
        if (!read_number(&text, 2, 0, 23, &t.tm_hour) || !skip(&text, ':') || !read_number(&text, 2, 0, 59, &t.tm_min)) return false;
        if (skip(&text, ':')) {
            if (!read_number(&text, 2, 0, 60, &t.tm_sec)) return false;
            ms = read_milliseconds(&text);
        }
        if (!read_zone(&text, &zone)) return false;
    }
    t.tm_year -= 1900;
    t.tm_mon -= 1;
    time_t seconds = timegm(&t);
    if (*text || t.tm_mday != day) return false; /* 30 February */
    *timestamp_ms = ((int64_t)seconds - 60 * (int64_t)zone) * 1000 + ms;
    return true;
}

const char *bf_time_put(bf_time_text out, int64_t timestamp_ms) {
    time_t seconds = (time_t)(timestamp_ms / 1000);
    int ms = (int)(timestamp_ms % 1000);
    struct tm t;
    if (ms < 0) ms += 1000, seconds--;
    size_t n = strftime(out, sizeof(bf_time_text), "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &t));
    snprintf(out + n, sizeof(bf_time_text) - n, ".%03dZ", ms);
    return out;
}

/* ---- addresses ---- */

static bool is_version(const char *text) {
    size_t n = *text == 'v' ? strspn(text + 1, "0123456789") : 0;
    return n > 0 && n < 19 && !text[1 + n];
}

bf_status bf_address_read(bf_address *out, const char *text, bf_error *err) {
    const char *at = strrchr(text, '@');
    *out = (bf_address){0};
    if (at && at != text && access(text, F_OK)) {
        if (is_version(at + 1)) snprintf(out->version, sizeof out->version, "%s", at + 2);
        out->by_time = !*out->version && bf_time_read(&out->timestamp_ms, at + 1);
    }
    bool is_cut = *out->version || out->by_time;
    out->path = is_cut ? strndup(text, (size_t)(at - text)) : strdup(text);
    return out->path ? BF_OK : bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}
