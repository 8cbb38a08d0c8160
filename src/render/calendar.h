/* Arrow's dates, times, durations and intervals as ISO 8601 texts.
 * `digits` is the unit: 0 for seconds, 3 for milliseconds, 6 for microseconds, 9 for nanoseconds. */
#ifndef BF_RENDER_CALENDAR_H
#define BF_RENDER_CALENDAR_H

#include "base/buf.h"

/** Days since 1970-01-01 in the Gregorian calendar: "2026-11-24"; years below 0 and above 9999 have a sign. */
void bf_put_date(bf_buf *out, int64_t days);

/** "10:11:12.123": a fraction has all digits of its unit, a zero one is left out. */
void bf_put_time(bf_buf *out, int64_t value, int digits);

/** "2026-11-24T10:11:12.123456", with a Z where the value is known to be UTC. */
void bf_put_timestamp(bf_buf *out, int64_t value, int digits, bool is_utc);

/** "P1DT2H3M4.5S"; a negative one begins with "-P". */
void bf_put_duration(bf_buf *out, int64_t value, int digits);

/** "P1Y2M3DT4.5S"; months, days and nanoseconds have each their own sign, which all their parts show. */
void bf_put_interval(bf_buf *out, int32_t months, int32_t days, int64_t nanoseconds);

#endif
