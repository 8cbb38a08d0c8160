#include "render/calendar.h"

#include "base/number.h"

enum { DAY_SECONDS = 86400, CYCLE_DAYS = 146097 /* of 400 years, after which the calendar repeats */ };

static const int64_t units[] = {[0] = 1, [3] = 1000, [6] = 1000000, [9] = 1000000000}; /* in a second, by digits */

/* Rounded down; *rest is never negative. */
static int64_t divide(int64_t x, int64_t by, int64_t *rest) {
    int64_t quotient = x / by;
    *rest = x % by;
    if (*rest >= 0) return quotient;
    *rest += by;
    return quotient - 1;
}

static void put_year(bf_buf *out, int64_t year) {
    if (year < 0 || year > 9999) bf_buf_putc(out, year < 0 ? '-' : '+');
    bf_put_padded(out, (uint64_t)(year < 0 ? -year : year), 4);
}

void bf_put_date(bf_buf *out, int64_t days) {
    int64_t day;
    int64_t cycle = divide(days + 719468, CYCLE_DAYS, &day);                        /* cycles begin on March 1 of year 0, ... */
    int64_t year = (day - day / 1460 + day / 36524 - day / (CYCLE_DAYS - 1)) / 365; /* ... so leap days end a year */
    day -= 365 * year + year / 4 - year / 100;
    int64_t month = (5 * day + 2) / 153; /* from March: five months of 31, 30, 31, 30, 31 days have 153 */
    day -= (153 * month + 2) / 5;
    bool next_year = month >= 10;
    put_year(out, cycle * 400 + year + next_year);
    bf_buf_putc(out, '-');
    bf_put_padded(out, (uint64_t)(next_year ? month - 9 : month + 3), 2);
    bf_buf_putc(out, '-');
    bf_put_padded(out, (uint64_t)day + 1, 2);
}

void bf_put_time(bf_buf *out, int64_t value, int digits) {
    if (value < 0) bf_buf_putc(out, '-');
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value, unit = (uint64_t)units[digits];
    uint64_t seconds = size / unit, fraction = size % unit;
    bf_put_padded(out, seconds / 3600, 2);
    bf_buf_putc(out, ':');
    bf_put_padded(out, seconds / 60 % 60, 2);
    bf_buf_putc(out, ':');
    bf_put_padded(out, seconds % 60, 2);
    if (!fraction) return;
    bf_buf_putc(out, '.');
    bf_put_padded(out, fraction, digits);
}

void bf_put_timestamp(bf_buf *out, int64_t value, int digits, bool is_utc) {
    int64_t time;
    bf_put_date(out, divide(value, DAY_SECONDS * units[digits], &time));
    bf_buf_putc(out, 'T');
    bf_put_time(out, time, digits);
    if (is_utc) bf_buf_putc(out, 'Z');
}

static void put_part(bf_buf *out, uint64_t size, bool negative, char letter) {
    if (!size) return;
    if (negative) bf_buf_putc(out, '-');
    bf_put_u64(out, size);
    bf_buf_putc(out, letter);
}

static void put_seconds(bf_buf *out, uint64_t seconds, uint64_t fraction, int digits, bool negative) {
    if (!seconds && !fraction) return;
    if (negative) bf_buf_putc(out, '-');
    bf_put_u64(out, seconds);
    if (fraction) {
        bf_buf_putc(out, '.');
        bf_put_padded(out, fraction, digits);
        while (!out->failed && out->p[out->n - 1] == '0') out->n--;
    }
    bf_buf_putc(out, 'S');
}

/* "T1H2M3.5S", or nothing for zero. */
static void put_clock(bf_buf *out, uint64_t size, int digits, bool negative) {
    if (!size) return;
    uint64_t unit = (uint64_t)units[digits], seconds = size / unit;
    bf_buf_putc(out, 'T');
    put_part(out, seconds / 3600, negative, 'H');
    put_part(out, seconds / 60 % 60, negative, 'M');
    put_seconds(out, seconds % 60, size % unit, digits, negative);
}

void bf_put_duration(bf_buf *out, int64_t value, int digits) {
    if (!value) {
        bf_buf_puts(out, "PT0S");
        return;
    }
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value, day = (uint64_t)(DAY_SECONDS * units[digits]);
    bf_buf_puts(out, value < 0 ? "-P" : "P");
    put_part(out, size / day, false, 'D');
    put_clock(out, size % day, digits, false);
}

void bf_put_interval(bf_buf *out, int32_t months, int32_t days, int64_t nanoseconds) {
    if (!months && !days && !nanoseconds) {
        bf_buf_puts(out, "PT0S");
        return;
    }
    uint64_t n_months = (uint64_t)(months < 0 ? -(int64_t)months : months);
    bf_buf_putc(out, 'P');
    put_part(out, n_months / 12, months < 0, 'Y');
    put_part(out, n_months % 12, months < 0, 'M');
    put_part(out, (uint64_t)(days < 0 ? -(int64_t)days : days), days < 0, 'D');
    put_clock(out, nanoseconds < 0 ? 0 - (uint64_t)nanoseconds : (uint64_t)nanoseconds, 9, nanoseconds < 0);
}
