#include "arrow/column.h"

#include <stdlib.h>
#include <string.h>

void bf_scratch_free(bf_scratch *s) {
    free(s->valid);
    free(s->strs);
    free(s->ints);
    free(s->text);
    free(s->words.items);
    for (int i = 0; i < BF_N_KNOWN; i++) free(s->known[i].items);
    free(s->large);
    *s = (bf_scratch){0};
}

static void *grow(bf_scratch *s, void *old, size_t *capacity, int64_t n, size_t size) {
    if ((size_t)n <= *capacity && old) return old;
    size_t want = (size_t)n + (size_t)n / 2 + 64;
    void *p = realloc(old, want * size);
    if (!p) {
        s->failed = true;
        return NULL;
    }
    *capacity = want;
    return p;
}

int8_t *bf_scratch_valid(bf_scratch *s, int64_t n) {
    int8_t *p = grow(s, s->valid, &s->n_valid, n, sizeof *p);
    if (p) s->valid = p;
    return p;
}

bf_str *bf_scratch_strs(bf_scratch *s, int64_t n) {
    bf_str *p = grow(s, s->strs, &s->n_strs, n, sizeof *p);
    if (p) s->strs = p;
    return p;
}

int32_t *bf_scratch_ints(bf_scratch *s, int64_t n) {
    int32_t *p = grow(s, s->ints, &s->n_ints, n, sizeof *p);
    if (p) s->ints = p;
    return p;
}

char *bf_scratch_text(bf_scratch *s, int64_t n) {
    char *p = grow(s, s->text, &s->n_text, n, sizeof *p);
    if (p) s->text = p;
    return p;
}

static void forget(bf_words *w) {
    if (w->n) memset(w->slots, 0, sizeof w->slots);
    w->n = 0;
}

void bf_scratch_end_file(bf_scratch *s) {
    for (int i = 0; i < BF_N_KNOWN; i++) forget(&s->known[i]);
}

void bf_scratch_end_batch(bf_scratch *s) {
    enum { KEPT = 1 << 17 }; /* instructions of a code object, say; one that has more is rare */
    bool is_large = s->n_valid > KEPT || s->n_strs > KEPT || s->n_ints > KEPT || s->n_text > 16 * KEPT;
    for (int i = 0; i < BF_N_KNOWN; i++) is_large |= s->known[i].capacity > KEPT;
    if (is_large) {
        bool failed = s->failed;
        bf_scratch_free(s);
        s->failed = failed;
    }
    bf_scratch_end_file(s);
    forget(&s->words);
    s->n_large = 0;
}

/* n bytes at the end of a buffer; NULL when memory runs out, and for none in a buffer that has none yet. */
static uint8_t *extend(bf_scratch *s, struct ArrowBuffer *buffer, int64_t n) {
    if (s->failed || ArrowBufferReserve(buffer, n) != NANOARROW_OK) {
        s->failed = true;
        return NULL;
    }
    uint8_t *p = buffer->data ? buffer->data + buffer->size_bytes : NULL;
    buffer->size_bytes += n;
    return p;
}

int32_t *bf_col_int32(bf_scratch *s, struct ArrowArray *column, int64_t n) {
    void *p = extend(s, ArrowArrayBuffer(column, 1), n * (int64_t)sizeof(int32_t));
    column->length += n;
    return p;
}

int64_t *bf_col_int64(bf_scratch *s, struct ArrowArray *column, int64_t n) {
    void *p = extend(s, ArrowArrayBuffer(column, 1), n * (int64_t)sizeof(int64_t));
    column->length += n;
    return p;
}

void bf_col_int32_nulls(bf_scratch *s, struct ArrowArray *column, int32_t *slots, int64_t n, int32_t none) {
    int8_t *valid = bf_scratch_valid(s, n);
    if (!valid) return;
    for (int64_t k = 0; k < n; k++) valid[k] = slots[k] != none;
    for (int64_t k = 0; k < n; k++) slots[k] = slots[k] != none ? slots[k] : 0;
    bf_col_validity(s, column, valid, n);
}

/* There is room for them. */
static void append_bits(struct ArrowBitmap *bitmap, const int8_t *valid, int64_t n) {
    uint8_t *to = bitmap->buffer.data + bitmap->size_bits / 8;
    unsigned n_begun = bitmap->size_bits % 8, bits = n_begun ? *to & ((1u << n_begun) - 1) : 0; /* of the last byte */
    bitmap->size_bits += n;
    bitmap->buffer.size_bytes = _ArrowBytesForBits(bitmap->size_bits);
    for (; n >= 8; n -= 8, valid += 8) {
        uint64_t eight;
        memcpy(&eight, valid, 8);
        bits |= (unsigned)(eight * 0x0102040810204080u >> 56) << n_begun; /* the lowest bit of each byte */
        *to++ = (uint8_t)bits;
        bits >>= 8;
    }
    for (int64_t k = 0; k < n; k++) bits |= (unsigned)valid[k] << (n_begun + (unsigned)k);
    if (n_begun + n > 0) to[0] = (uint8_t)bits;
    if (n_begun + n > 8) to[1] = (uint8_t)(bits >> 8);
}

void bf_col_validity(bf_scratch *s, struct ArrowArray *column, const int8_t *valid, int64_t n) {
    struct ArrowBitmap *bitmap = ArrowArrayValidityBitmap(column);
    int64_t n_valid = 0, before = column->length - n;
    for (int64_t k = 0; k < n; k++) n_valid += valid[k];
    if (n == 0 || s->failed || (n_valid == n && bitmap->size_bits == 0)) return;
    ArrowErrorCode code = ArrowBitmapReserve(bitmap, before - bitmap->size_bits + n);
    if (code != NANOARROW_OK) {
        s->failed = true;
        return;
    }
    if (bitmap->size_bits < before) ArrowBitmapAppendUnsafe(bitmap, 1, before - bitmap->size_bits);
    append_bits(bitmap, valid, n);
    column->null_count += n - n_valid;
}

void bf_col_bool(bf_scratch *s, struct ArrowArray *column, const int8_t *values, int64_t n) {
    struct ArrowBuffer *buffer = ArrowArrayBuffer(column, 1);
    int64_t size = _ArrowBytesForBits(column->length + n);
    if (size > buffer->size_bytes) {
        uint8_t *p = extend(s, buffer, size - buffer->size_bytes);
        if (!p) return;
        memset(p, 0, (size_t)(buffer->data + buffer->size_bytes - p));
    }
    for (int64_t k = 0; k < n; k++)
        if (values[k]) ArrowBitSet(buffer->data, column->length + k);
    column->length += n;
}

/* Texts are short: a call costs more than the copy. */
static void copy(char *to, const char *from, size_t n) {
    if (n > 16) {
        memcpy(to, from, n);
    } else if (n >= 8) {
        uint64_t first, last;
        memcpy(&first, from, 8), memcpy(&last, from + n - 8, 8);
        memcpy(to, &first, 8), memcpy(to + n - 8, &last, 8);
    } else if (n >= 4) {
        uint32_t first, last;
        memcpy(&first, from, 4), memcpy(&last, from + n - 4, 4);
        memcpy(to, &first, 4), memcpy(to + n - 4, &last, 4);
    } else {
        for (size_t i = 0; i < n; i++) to[i] = from[i];
    }
}

/* Which of n texts, whose bytes or places are there already, are null. */
static void end_texts(bf_scratch *s, struct ArrowArray *column, const bf_str *from, int64_t n, bool any_null) {
    if (!any_null && ArrowArrayValidityBitmap(column)->size_bits == 0) return;
    int8_t *valid = bf_scratch_valid(s, n);
    if (!valid) return;
    for (int64_t k = 0; k < n; k++) valid[k] = from[k].p != NULL;
    bf_col_validity(s, column, valid, n);
}

void bf_col_strs(bf_scratch *s, struct ArrowArray *column, const bf_str *from, int64_t n) {
    int64_t size = 0;
    bool any_null = false;
    for (int64_t k = 0; k < n; k++) {
        size += from[k].n;
        any_null |= from[k].p == NULL;
    }
    struct ArrowBuffer *data = ArrowArrayBuffer(column, 2);
    if (data->size_bytes + size > INT32_MAX) s->failed = true; /* the caller cuts batches long before */
    int64_t at = data->size_bytes;
    char *to = (char *)extend(s, data, size);
    int32_t *offsets = (int32_t *)(void *)extend(s, ArrowArrayBuffer(column, 1), n * (int64_t)sizeof *offsets);
    column->length += n;
    if (s->failed) return;
    for (int64_t k = 0; k < n; k++) {
        offsets[k] = (int32_t)(at += from[k].n);
        if (!from[k].n) continue; /* `to` may be NULL */
        copy(to, from[k].p, from[k].n);
        to += from[k].n;
    }
    end_texts(s, column, from, n, any_null);
}

/* ---- texts by their place in a dictionary ---- */

static int32_t add_word(bf_scratch *s, bf_words *w, bf_str text, size_t slot) {
    bf_str *items = grow(s, w->items, &w->capacity, w->n + 1, sizeof *items);
    if (!items) return 0;
    w->items = items;
    w->items[w->n++] = text;
    if (w->n < BF_WORD_SLOTS / 2) w->slots[slot] = (uint16_t)w->n; /* beyond it a text comes again as another one */
    return w->n - 1;
}

static int32_t place_of(bf_scratch *s, bf_words *w, bf_str text) {
    size_t slot = ((uintptr_t)text.p * 0x9e3779b1u >> 7 ^ text.n) % BF_WORD_SLOTS;
    for (; w->slots[slot]; slot = (slot + 1) % BF_WORD_SLOTS) {
        const bf_str *item = &w->items[w->slots[slot] - 1];
        if (item->p == text.p && item->n == text.n) return w->slots[slot] - 1;
    }
    return add_word(s, w, text, slot);
}

/* The first of `w` has the place `first`. */
static void put_places(bf_scratch *s, bf_words *w, int32_t first, struct ArrowArray *column, const bf_str *from, int64_t n) {
    bool any_null = false;
    int32_t *to = bf_col_int32(s, column, n);
    for (int64_t k = 0; to && k < n; k++) {
        any_null |= from[k].p == NULL;
        to[k] = k && from[k].p == from[k - 1].p && from[k].n == from[k - 1].n ? to[k - 1] : from[k].p ? first + place_of(s, w, from[k]) : 0;
    }
    if (to) end_texts(s, column, from, n, any_null);
}

void bf_col_words(bf_scratch *s, struct ArrowArray *column, const bf_str *from, int64_t n) {
    if (column->dictionary)
        put_places(s, &s->words, 0, column, from, n);
    else
        bf_col_strs(s, column, from, n);
}

void bf_col_texts(bf_scratch *s, bf_words *known, struct ArrowArray *column, const bf_str *from, int64_t n) {
    if (!column->dictionary) {
        bf_col_strs(s, column, from, n);
        return;
    }
    int32_t n_before = known->n;
    put_places(s, known, (int32_t)column->dictionary->length - n_before, column, from, n);
    if (!s->failed && known->n > n_before) bf_col_strs(s, column->dictionary, known->items + n_before, known->n - n_before);
}

void bf_col_end_words(bf_scratch *s, struct ArrowArray *column) {
    bf_col_strs(s, column->dictionary, s->words.items, s->words.n);
}

static void put_decimals(bf_scratch *s, struct ArrowArray *column, const int32_t *numbers, int64_t n) {
    enum { MAX_DIGITS = 10 };
    if (!n) return;
    struct ArrowBuffer *data = ArrowArrayBuffer(column, 2);
    if (data->size_bytes + MAX_DIGITS * n > INT32_MAX) s->failed = true; /* as above */
    char *to = (char *)extend(s, data, MAX_DIGITS * n);
    int32_t *offsets = (int32_t *)(void *)extend(s, ArrowArrayBuffer(column, 1), n * (int64_t)sizeof *offsets);
    column->length += n;
    if (s->failed) return;
    for (int64_t k = 0; k < n; k++) {
        char digits[MAX_DIGITS], *at = digits + MAX_DIGITS;
        int32_t rest = numbers[k];
        do *--at = (char)('0' + rest % 10);
        while (rest /= 10);
        while (at < digits + MAX_DIGITS) *to++ = *at++;
        offsets[k] = (int32_t)(to - (char *)data->data);
    }
    data->size_bytes = to - (char *)data->data;
}

/* The dictionary begins with these; a larger number has a place of its own each time. */
enum { SMALL_NUMBERS = 1024 };

static int32_t place_of_large(bf_scratch *s, int32_t number) {
    int32_t *large = grow(s, s->large, &s->large_capacity, (int64_t)s->n_large + 1, sizeof *large);
    if (!large) return 0;
    s->large = large;
    s->large[s->n_large] = number;
    return SMALL_NUMBERS + (int32_t)s->n_large++;
}

void bf_col_numbers(bf_scratch *s, struct ArrowArray *column, const int32_t *numbers, int64_t n) {
    if (!column->dictionary) {
        put_decimals(s, column, numbers, n);
        return;
    }
    int32_t *to = bf_col_int32(s, column, n);
    for (int64_t k = 0; to && k < n; k++) to[k] = numbers[k] < SMALL_NUMBERS ? numbers[k] : place_of_large(s, numbers[k]);
}

void bf_col_end_numbers(bf_scratch *s, struct ArrowArray *column) {
    int32_t small[SMALL_NUMBERS];
    for (int32_t i = 0; i < SMALL_NUMBERS; i++) small[i] = i;
    put_decimals(s, column->dictionary, small, SMALL_NUMBERS);
    put_decimals(s, column->dictionary, s->large, (int64_t)s->n_large);
}

void bf_col_structs(struct ArrowArray *column, int64_t n) {
    column->length += n;
}

void bf_col_nulls(bf_scratch *s, struct ArrowArray *column, int64_t n) {
    if (s->failed || ArrowArrayAppendNull(column, n) != NANOARROW_OK) s->failed = true;
}

void bf_col_end_list(bf_scratch *s, struct ArrowArray *column) {
    int32_t end = (int32_t)column->children[0]->length;
    if (s->failed || ArrowBufferAppendInt32(ArrowArrayBuffer(column, 1), end) != NANOARROW_OK) s->failed = true;
    column->length++;
}

int32_t *bf_col_lists(bf_scratch *s, struct ArrowArray *column, int64_t n) {
    int32_t *to = (int32_t *)(void *)extend(s, ArrowArrayBuffer(column, 1), n * (int64_t)sizeof *to);
    column->length += n;
    return to;
}

void bf_col_empty_lists(bf_scratch *s, struct ArrowArray *column, int64_t n) {
    int32_t *to = (int32_t *)(void *)extend(s, ArrowArrayBuffer(column, 1), n * (int64_t)sizeof *to);
    column->length += n;
    for (int64_t k = 0; to && k < n; k++) to[k] = (int32_t)column->children[0]->length;
}

/* Bitmaps of what is valid have none: where one has memory it counts, and a batch without nulls leaves it empty. */
static int64_t own_rooms(const struct ArrowArray *column) {
    return column->n_buffers ? column->n_buffers - 1 : 0;
}

/* What is below an array: its children, and its dictionary behind them. */
static int64_t n_below(const struct ArrowArray *column) {
    return column->n_children + (column->dictionary != NULL);
}

static struct ArrowArray *below(const struct ArrowArray *column, int64_t i) {
    return i < column->n_children ? column->children[i] : column->dictionary;
}

int64_t bf_col_n_rooms(const struct ArrowArray *column) {
    int64_t n = own_rooms(column);
    for (int64_t i = 0; i < n_below(column); i++) n += bf_col_n_rooms(below(column, i));
    return n;
}

bool bf_col_reserve(struct ArrowArray *column, const int64_t *rooms) {
    for (int64_t i = 0; i < own_rooms(column); i++)
        if (ArrowBufferReserve(ArrowArrayBuffer(column, i + 1), rooms[i]) != NANOARROW_OK) return false;
    rooms += own_rooms(column);
    for (int64_t i = 0; i < n_below(column); i++) {
        if (!bf_col_reserve(below(column, i), rooms)) return false;
        rooms += bf_col_n_rooms(below(column, i));
    }
    return true;
}

void bf_col_learn_rooms(struct ArrowArray *column, int64_t *rooms, int64_t most) {
    for (int64_t i = 0; i < own_rooms(column); i++)
        while (rooms[i] < most && rooms[i] < ArrowArrayBuffer(column, i + 1)->size_bytes) rooms[i] *= 2;
    rooms += own_rooms(column);
    for (int64_t i = 0; i < n_below(column); i++) {
        bf_col_learn_rooms(below(column, i), rooms, most);
        rooms += bf_col_n_rooms(below(column, i));
    }
}

int64_t bf_col_size_bytes(struct ArrowArray *column) {
    int64_t size = 0;
    for (int64_t i = 0; i < column->n_buffers; i++) size += ArrowArrayBuffer(column, i)->size_bytes;
    for (int64_t i = 0; i < n_below(column); i++) size += bf_col_size_bytes(below(column, i));
    return size;
}
