/* Where a dataset's files lie, as seen by what writes it: what is there now, a place for new files, and one commit. Two storages, Parquet in
 * a directory and Delta Lake, behind one table of functions. */
#ifndef BF_DATASET_STORE_H
#define BF_DATASET_STORE_H

#include "base/arena.h"
#include "dataset/layout.h"
#include "dataset/lock.h"
#include "engine/engine.h"

/** A data file that is there. */
typedef struct bf_part {
    const char *name; /* as the storage has it: "part-00003.parquet", "repo=a/part-00000-6f0c...parquet" */
    const char *path; /* as it can be opened */
    const char *repo; /* of its partition, where the store has all of them */
    int64_t size_bytes;
    bool is_dropped;  /* by the change that is being made */
} bf_part;

/** A data file that the change adds, staged already. */
typedef struct bf_new_part {
    const char *name, *path;
    const char *repo; /* of its partition; NULL: no partitions */
    int64_t size_bytes, rows;
} bf_new_part;

typedef struct bf_store bf_store;

typedef struct bf_storage {
    const char *format;    /* "parquet" */
    const char *encodings; /* of parts: "compact", "portable" */
    bool numbers_say_age;  /* a part's number is never used again, so that a reader of an older listing finds its file or none */
    bf_status (*read)(bf_store *s, bf_error *err);
    bf_status (*stage)(bf_store *s, bf_error *err);
    bf_status (*place)(bf_store *s, bf_new_part *out, bf_error *err); /* name and path of the next new part */
    bf_status (*commit)(bf_store *s, const bf_engine_delta_change *about, bf_error *err);
    void (*reset)(bf_store *s);
} bf_storage;

struct bf_store {
    const bf_storage *kind;
    const bf_engine_api *engine;
    char *dataset;         /* links resolved */
    const char *repo;      /* of the partition that is written; NULL: no partitions */
    const char *partition; /* "repo=NAME"; NULL: none */
    bool all_partitions;   /* `parts` are those of all; repo and partition are where new ones go */
    bool exists;           /* there is a dataset, or that partition of it */
    bf_part *parts;        /* of the partition; by name */
    size_t n_parts, parts_capacity;
    bf_new_part *added;
    size_t n_added, added_capacity;
    int64_t version;       /* of the Delta table; -1: it is none, or not made yet */
    bf_arena arena;
    bf_lock lock;
    /* of the storages */
    bf_layout layout;      /* staged beside the dataset */
    int64_t next_number;
    bool is_unordered;     /* the next part: a copy of one of another writer, whose rows may be in any order */
    bool outcome_unknown;  /* of a commit: no file is removed */
    const char *constraints; /* of the table as it is, as in the profile; "" */
    const char *promises;    /* of the table that will be made */
};

extern const bf_storage bf_storage_parquet, bf_storage_delta;

typedef struct bf_store_options {
    const char *dataset, *format; /* NULL: that of what is there, else Parquet */
    const char *partition_by, *repo;
    bool all_partitions; /* of a Delta table, in place of one; also where it has none */
    double wait_seconds;
    bf_on_wait on_wait;
    void *context;
} bf_store_options;

/** Takes the lock and reads what is there. Errors: BF_INVALID_ARGUMENT, BF_CONFLICT, BF_CONTRACT, BF_UNSUPPORTED, BF_IO. */
bf_status bf_store_open(bf_store *out, const bf_store_options *options, bf_error *err);

/** Reads again what is there; what was staged goes. After BF_CONFLICT. */
bf_status bf_store_refresh(bf_store *s, bf_error *err);

/** Of a store of all partitions: new parts go to this one. Errors: BF_INVALID_ARGUMENT, for a repo that no directory can be named after. */
bf_status bf_store_enter(bf_store *s, const char *repo, bf_error *err);

/** Remembers a part that is there. Copies the texts. */
bf_status bf_store_add_part(bf_store *s, const bf_part *part, bf_error *err);

/** The place of the next new part; stages first. *out lives until the store is read again or closed. */
bf_status bf_store_place(bf_store *s, bf_new_part **out, bf_error *err);

/** Gives the last place back; its file is removed. */
void bf_store_give_back(bf_store *s);

/** Whether there is anything to commit. */
bool bf_store_is_changed(const bf_store *s);

/** The new parts, without those that are dropped, become the dataset, in one step. `about`: operation, data_change, parameters and properties
 *  of a Delta commit. Errors: BF_CONFLICT (the change is to be made anew from bf_store_refresh), BF_IO. */
bf_status bf_store_commit(bf_store *s, const bf_engine_delta_change *about, bf_error *err);

/** Removes what was not committed and lets go of the lock. */
void bf_store_close(bf_store *s);

#endif
