/* The C ABI of the engine: DataFusion behind Arrow C Data and Stream structs. Written by hand; src/lib.rs follows it.
 *
 * The library is loaded at run time (dlopen) and exports one symbol, bf_engine_get_api. Rules:
 *   - data crosses as Arrow C structs, errors as a struct of the caller, texts as NUL-terminated UTF-8;
 *   - a panic never crosses: it becomes BF_ENGINE_PANIC with its message;
 *   - async stays inside: every call blocks; an engine may be used from several threads.
 */
#ifndef BF_ENGINE_H
#define BF_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ArrowSchema;
struct ArrowArrayStream;

#define BF_ENGINE_ABI 2

/** Outcome of a call; 0 is success. */
enum {
    BF_ENGINE_OK = 0,
    BF_ENGINE_INVALID = 1, /* bad argument, unknown option or setting */
    BF_ENGINE_IO = 2,      /* file system */
    BF_ENGINE_PLAN = 3,    /* SQL does not parse or plan */
    BF_ENGINE_EXECUTE = 4, /* fails while running */
    BF_ENGINE_RESOURCES = 5,
    BF_ENGINE_PANIC = 6
};

typedef struct bf_engine_error {
    int32_t code;
    char message[1024]; /* cut at a character boundary */
} bf_engine_error;

typedef struct bf_engine_option {
    const char *key;
    const char *value;
} bf_engine_option;

typedef struct bf_engine bf_engine;

/** What a Parquet write produced. */
typedef struct bf_engine_written {
    int64_t rows;
    int64_t size_bytes;
    int64_t row_groups;
} bf_engine_written;

/** What a Parquet footer says. */
typedef struct bf_engine_footer {
    int64_t rows;
    int64_t row_groups;
    int64_t size_bytes; /* of the file */
    bool has_arrow_schema;
} bf_engine_footer;

/** What a session asked of the file system since it was opened. */
typedef struct bf_engine_counters {
    int64_t lists;        /* directory listings */
    int64_t files_opened; /* different files that something was read of */
    int64_t reads;
    int64_t read_bytes;
} bf_engine_counters;

typedef struct bf_engine_api {
    int32_t abi;         /* BF_ENGINE_ABI */
    const char *version; /* "datafusion 55.2.0, arrow 59.3.2"; static */

    /** A session. `settings`: DataFusion configuration keys ("datafusion.execution.batch_size", "datafusion.runtime.memory_limit", ...).
     *  An unknown key is BF_ENGINE_INVALID and names it. */
    int32_t (*open)(const bf_engine_option *settings, size_t n_settings, bf_engine **out, bf_engine_error *err);
    void (*close)(bf_engine *engine);

    /** Registers a table over Parquet files or directories (paths, not URLs) with this explicit schema; nothing is inferred.
     *  `schema` is taken over (released by the engine). Options:
     *    partition_cols        "repo:utf8,day:utf8"  hive columns below the directories
     *    file_sort_order       "path,file_id"        ascending, nulls last
     *    file_extension        ".parquet"
     *  No paths, or no files below them, is a table without rows. Whether statistics are collected and sub-directories are read
     *  is a setting of the session (datafusion.execution.collect_statistics, ...listing_table_ignore_subdirectory).
     *  A table of that name is replaced. */
    int32_t (*register_parquet)(bf_engine *engine, const char *name, struct ArrowSchema *schema, const char *const *paths,
                                size_t n_paths, const bf_engine_option *options, size_t n_options, bf_engine_error *err);

    /** Plans one SQL statement and gives its rows as a stream: nothing is collected, and the stream holds what it needs
     *  (it may outlive the engine). Errors while running come from the stream. */
    int32_t (*query)(bf_engine *engine, const char *sql, struct ArrowArrayStream *out, bf_engine_error *err);

    /** Plans one SELECT and gives the schema of its result, running nothing. */
    int32_t (*describe)(bf_engine *engine, const char *sql, struct ArrowSchema *out, bf_engine_error *err);

    /** Writes a stream to one Parquet file at `path`, created or truncated, not synced. Takes `stream` and releases it. Options:
     *    row_group_bytes   "0": each batch is a row group; else a row group ends with the batch that reaches that many
     *                       Arrow bytes
     *    compression       "zstd(1)" (default) | "none"
     *    sorting_columns   "path,file_id": what the footer says of the order of rows
     *    threads           encoders, 0 = one per processor; the file is the same byte for byte whatever it is
     *  ARROW:schema, and schema metadata as key-value pairs, are always kept. */
    int32_t (*write_parquet)(struct ArrowArrayStream *stream, const char *path, const bf_engine_option *options,
                             size_t n_options, bf_engine_written *written, bf_engine_error *err);

    /** The Arrow schema of one Parquet file, the file's key-value pairs as its metadata. `about` may be NULL. Needs no session;
     *  may be called from several threads. */
    int32_t (*footer)(const char *path, struct ArrowSchema *schema, bf_engine_footer *about, bf_engine_error *err);

    /** Every option as the session and its runtime report it: columns name, value (null: unset). */
    int32_t (*settings)(bf_engine *engine, struct ArrowArrayStream *out, bf_engine_error *err);

    /** Every table that a statement refers to, and does not define itself: columns catalog, schema (null where the statement
     *  names none), name. Plans nothing. */
    int32_t (*table_names)(bf_engine *engine, const char *sql, struct ArrowArrayStream *out, bf_engine_error *err);

    int32_t (*counters)(bf_engine *engine, bf_engine_counters *out, bf_engine_error *err);
} bf_engine_api;

/** The table of functions, or NULL when `abi` is not served. Static. */
const bf_engine_api *bf_engine_get_api(int32_t abi);

#ifdef __cplusplus
}
#endif
#endif
