/* Conditions that each row written to a Delta table meets: SQL, asked of the new parts before they are committed. */
#ifndef BF_DATASET_CONSTRAINTS_H
#define BF_DATASET_CONSTRAINTS_H

#include "dataset/store.h"

#define BF_CONSTRAINTS_DEFAULT "path IS NOT NULL,file_id IS NOT NULL"

/** The conditions of a list with commas between: commas within parentheses, brackets and quotes belong to a condition. Called with each,
 *  without blanks around it. Errors: those of on_condition. */
bf_status bf_constraints_each(const char *list, bf_status (*on_condition)(void *context, const char *condition), void *context, bf_error *err);

/** Holds the parts that the store will add against `list`. Errors: BF_CONTRACT (naming the condition, how many rows, the first path),
 *  BF_ENGINE (a condition that is no SQL). */
bf_status bf_constraints_check(const bf_store *store, const char *list, bf_error *err);

#endif
