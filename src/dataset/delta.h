/* A Delta table and what is particular about ours: the contract in its log, what it is made with, what a file may differ from the log in. */
#ifndef BF_DATASET_DELTA_H
#define BF_DATASET_DELTA_H

#include "engine/engine.h"
#include "schema/compare.h"

/** Which version of a table; {0} of all is the latest. */
typedef struct bf_delta_at {
    const char *version;         /* "3"; NULL or "": not by version */
    int64_t timestamp_ms;        /* the last version not after it; `by_time`: it counts */
    bool by_time;
    const char *storage_options; /* "key=value,key=value", or NULL */
} bf_delta_at;

typedef struct bf_delta {
    const bf_engine_api *engine;
    bf_engine_delta *handle;
    bf_engine_delta_about about; /* texts are the handle's */
    struct ArrowSchema schema;   /* of the log; its metadata are the properties */
    char *constraints;           /* as in the profile; "" */
} bf_delta; /* {0} is a closed one */

/** `at` NULL: the latest. Errors: BF_NOT_FOUND (no table, no such version), BF_IO, BF_ENGINE. */
bf_status bf_delta_open(bf_delta *out, const bf_engine_api *engine, const char *path, const bf_delta_at *at, bf_error *err);
void bf_delta_close(bf_delta *table);

/** The value of a table property, from malloc; NULL where there is none. */
char *bf_delta_property(const bf_delta *table, const char *key);

/** Compares the log's schema with the contract, field by field, without partition columns. Gives the number of differences; -1 when memory
 *  runs out. */
int64_t bf_delta_compare(const bf_delta *table, bf_on_difference on_difference, void *context);

/** Fields below lists that the contract has not null and the log nullable, which is no difference that counts; -1 when memory runs out. */
int64_t bf_delta_count_lax(const bf_delta *table);

/** Whether a difference between a data file and the contract is one that Delta allows: the file is read as the log says. */
bool bf_delta_forces(const bf_difference *difference);

/** Names the types of a data file's schema as Delta has them: one string type, one list type. `field` is owned: nanoarrow's. Errors:
 *  BF_NO_MEMORY. */
bf_status bf_delta_plain_types(struct ArrowSchema *field, bf_error *err);

/** Whether a data file is a part that we wrote, and so in order of path and file_id. What others write is in any order. */
bool bf_delta_is_own_part(const char *path);

/** Whether we may serve it, and write to it. Errors: BF_UNSUPPORTED (the protocol, features), BF_CONTRACT (another schema). */
bf_status bf_delta_check_readable(const bf_delta *table, const char *path, bf_error *err);
bf_status bf_delta_check_writable(const bf_delta *table, const char *path, bf_error *err);

/** What a new table is made with; lives until it is freed. */
typedef struct bf_delta_new {
    struct ArrowSchema schema;
    bf_engine_option *properties;
} bf_delta_new;

/** Fills schema, partition columns and properties of a change that makes a table. */
bf_status bf_delta_describe(bf_delta_new *out, bf_engine_delta_change *change, bool partitioned, const char *constraints, bf_error *err);
void bf_delta_new_free(bf_delta_new *made);

#define BF_DELTA_CONSTRAINTS "bytefusion.constraints" /* not delta.constraints.*, which would raise the protocol */

#endif
