/* One value of an Arrow stream as text, and as JSON. */
#ifndef BF_RENDER_VALUE_H
#define BF_RENDER_VALUE_H

#include "base/buf.h"
#include "base/error.h"
#include "nanoarrow/nanoarrow.h"

/** What the text of a type is like, which is all that a format needs to know of it. */
typedef enum bf_shape {
    BF_SHAPE_BARE,  /* nothing that any format escapes, and JSON takes it as it is: whole numbers, decimals, booleans */
    BF_SHAPE_FLOAT, /* the same, only that JSON has no word for NaN and the infinities */
    BF_SHAPE_PLAIN, /* nothing that any format escapes, a text in JSON: dates, hexadecimal */
    BF_SHAPE_TEXT,  /* any UTF-8 */
    BF_SHAPE_NESTED /* JSON */
} bf_shape;

/** A column, or a field inside of one: how its values are written, chosen once by its type. */
typedef struct bf_field bf_field;
struct bf_field {
    void (*put)(bf_buf *out, const bf_field *f, int64_t row); /* a value that is there */
    bool (*follow)(const bf_field **f, int64_t *row);         /* where the value is kept elsewhere; false: it is null */
    const struct ArrowArrayView *view;                        /* of the current batch */
    enum ArrowType type;
    bf_shape shape;
    bool is_number; /* or stands for one */
    bool is_utc;
    int digits; /* of the time unit: 0, 3, 6, 9 */
    int32_t scale;
    bf_buf key; /* "name": as JSON */
    bf_field *children;
    int64_t n_children;
};

/** Takes what is to be known from a schema, which may go afterwards. `column` names the top of it in messages.
 *  Errors: BF_UNSUPPORTED, BF_NO_MEMORY. */
bf_status bf_field_init(bf_field *f, const struct ArrowSchema *schema, const char *column, bf_error *err);

/** `view` has the schema of `f`, and stays where it is from batch to batch. */
void bf_field_bind(bf_field *f, const struct ArrowArrayView *view);

void bf_field_reset(bf_field *f);

/** Goes to where the value is kept: through dictionaries, runs and unions. False: it is null. */
static inline bool bf_field_find(const bf_field **f, int64_t *row) {
    while ((*f)->follow)
        if (!(*f)->follow(f, row)) return false;
    return !ArrowArrayViewIsNull((*f)->view, *row);
}

/** The items of a list or map that is there: *from in the first child, how many. */
int64_t bf_field_items(const bf_field *f, int64_t row, int64_t *from);

/** Appends a value as people read it; "null" where there is none. */
void bf_put_shown(bf_buf *out, const bf_field *f, int64_t row);

/** Appends a value as JSON; null where there is none. */
void bf_put_json(bf_buf *out, const bf_field *f, int64_t row);

/** Appends a JSON string. */
void bf_put_json_text(bf_buf *out, const char *p, size_t n);

#endif
