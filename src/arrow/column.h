/* Appending runs of values to the arrays of a nested batch, column by column, into nanoarrow's buffers. */
#ifndef BF_ARROW_COLUMN_H
#define BF_ARROW_COLUMN_H

#include <stdbool.h>

#include "base/str.h"
#include "nanoarrow/nanoarrow.h"

enum { BF_WORD_SLOTS = 8192 };

enum { BF_N_KNOWN = 3 }; /* columns of texts that a file has again and again */

/** Texts that do not move, each once, found again by where they are. */
typedef struct bf_words {
    bf_str *items;
    int32_t n;
    size_t capacity;
    uint16_t slots[BF_WORD_SLOTS]; /* places in items, from 1 on */
} bf_words;

/** Room shared by all columns of a builder. A failed allocation sets `failed`, and what follows is dropped. */
typedef struct bf_scratch {
    int8_t *valid;
    bf_str *strs;
    int32_t *ints;
    char *text;
    size_t n_valid, n_strs, n_ints, n_text; /* capacities */
    bf_words words;                         /* of all columns of the batch that are encoded by a dictionary */
    bf_words known[BF_N_KNOWN];             /* of one column and one file */
    int32_t *large;                         /* numbers of such columns that are have no place beforehand */
    size_t n_large, large_capacity;
    bool failed;
} bf_scratch; /* {0} is an empty one */

void bf_scratch_free(bf_scratch *scratch);

/** n slots of scratch; NULL when memory ran out. */
int8_t *bf_scratch_valid(bf_scratch *s, int64_t n);
bf_str *bf_scratch_strs(bf_scratch *s, int64_t n);
int32_t *bf_scratch_ints(bf_scratch *s, int64_t n);
char *bf_scratch_text(bf_scratch *s, int64_t n);

/** n new slots at the end of an int32 or int64 column; NULL when memory ran out. */
int32_t *bf_col_int32(bf_scratch *s, struct ArrowArray *column, int64_t n);
int64_t *bf_col_int64(bf_scratch *s, struct ArrowArray *column, int64_t n);

/** Makes nulls of those among the last n slots that hold `none`. */
void bf_col_int32_nulls(bf_scratch *s, struct ArrowArray *column, int32_t *slots, int64_t n, int32_t none);

/** Tells which of the last n values of a column are null; does nothing while all are there. */
void bf_col_validity(bf_scratch *s, struct ArrowArray *column, const int8_t *valid, int64_t n);

/** Appends n booleans, given as bytes. */
void bf_col_bool(bf_scratch *s, struct ArrowArray *column, const int8_t *values, int64_t n);

/** Appends n texts; .p NULL is null. */
void bf_col_strs(bf_scratch *s, struct ArrowArray *column, const bf_str *from, int64_t n);

/** Appends n texts that are there as long as the program: as places in a dictionary where the column has one. */
void bf_col_words(bf_scratch *s, struct ArrowArray *column, const bf_str *from, int64_t n);

/** Appends n texts that are there as long as the file: as places in a dictionary where the column has one, to which a text that is not among
 *  `known` is appended. */
void bf_col_texts(bf_scratch *s, bf_words *known, struct ArrowArray *column, const bf_str *from, int64_t n);

/** Appends n texts: numbers from 0 up, in decimal; as places in a dictionary where the column has one. */
void bf_col_numbers(bf_scratch *s, struct ArrowArray *column, const int32_t *numbers, int64_t n);

/** The dictionary of a column that bf_col_words or bf_col_numbers filled, when the batch ends. */
void bf_col_end_words(bf_scratch *s, struct ArrowArray *column);
void bf_col_end_numbers(bf_scratch *s, struct ArrowArray *column);

/** Forgets the texts of a file. */
void bf_scratch_end_file(bf_scratch *s);

/** Forgets the words and numbers of a batch. */
void bf_scratch_end_batch(bf_scratch *s);

/** Appends n rows to a struct whose children have them already. */
void bf_col_structs(struct ArrowArray *column, int64_t n);

/** Appends n null rows, and null rows to all below. */
void bf_col_nulls(bf_scratch *s, struct ArrowArray *column, int64_t n);

/** Ends one list (or map): its items are what was appended to the child since the last one. */
void bf_col_end_list(bf_scratch *s, struct ArrowArray *column);

/** n lists (or maps) at once: slots for the length of the child after each of them; NULL when memory ran out. */
int32_t *bf_col_lists(bf_scratch *s, struct ArrowArray *column, int64_t n);

/** Appends n empty lists (or maps). */
void bf_col_empty_lists(bf_scratch *s, struct ArrowArray *column, int64_t n);

/** Room for `rooms[i]` bytes in buffer i of all below an array, counted without bitmaps of what is valid; rooms that were too small become
 *  larger, up to `most`. `rooms` has bf_col_n_rooms items. bf_col_reserve: false when memory runs out. */
int64_t bf_col_n_rooms(const struct ArrowArray *column);
bool bf_col_reserve(struct ArrowArray *column, const int64_t *rooms);
void bf_col_learn_rooms(struct ArrowArray *column, int64_t *rooms, int64_t most);

/** Bytes in all buffers of an array, of its dictionary, and of what is below it. */
int64_t bf_col_size_bytes(struct ArrowArray *column);

#endif
