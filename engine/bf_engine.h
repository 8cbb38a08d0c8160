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

#define BF_ENGINE_ABI 5

/** Outcome of a call; 0 is success. */
enum {
    BF_ENGINE_OK = 0,
    BF_ENGINE_INVALID = 1, /* bad argument, unknown option or setting */
    BF_ENGINE_IO = 2,      /* file system */
    BF_ENGINE_PLAN = 3,    /* SQL does not parse or plan */
    BF_ENGINE_EXECUTE = 4, /* fails while running */
    BF_ENGINE_RESOURCES = 5, /* the memory limit of the session, or the disk for spilling */
    BF_ENGINE_PANIC = 6,
    BF_ENGINE_NOT_FOUND = 7, /* no Delta table there, or no such version of it */
    BF_ENGINE_CONFLICT = 8,  /* somebody else committed first; nothing of this commit is in the log */
    BF_ENGINE_REFUSED = 9,   /* a statement that a read-only session does not run */
    BF_ENGINE_CANCELLED = 10 /* interrupted */
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

/** A Delta table at one version. */
typedef struct bf_engine_delta bf_engine_delta;

typedef struct bf_engine_delta_about {
    int64_t version, timestamp_ms; /* of the commit, since 1970 in UTC */
    int32_t min_reader_version, min_writer_version;
    int64_t files, size_bytes;       /* of the data files of this version */
    const char *reader_features, *writer_features; /* "a,b", or "" */
    const char *partition_cols;      /* "repo", or "" */
    const char *table_id, *name;
} bf_engine_delta_about;

/** One data file of a version. */
typedef struct bf_engine_delta_file {
    const char *path;  /* as it can be opened */
    const char *name;  /* as the log has it: relative to the table, not URL-encoded; what a commit names */
    int64_t size_bytes, mtime_ms;
    int64_t rows;      /* -1: the log does not say */
    bool has_deletion_vector;
    const char *const *values; /* of the partition columns, in their order; NULL: null */
} bf_engine_delta_file;

/** One commit of the log. Texts may be "". */
typedef struct bf_engine_delta_commit_info {
    int64_t version, timestamp_ms;
    const char *operation;  /* "WRITE" */
    const char *parameters; /* JSON object */
    const char *metrics;    /* JSON object */
    const char *engine;     /* who wrote it */
} bf_engine_delta_commit_info;

/** A data file that a commit adds: it lies below the table already, whole and synced. Its rows and statistics are read from its footer. */
typedef struct bf_engine_delta_add {
    const char *name;          /* relative to the table, not URL-encoded */
    const char *const *values; /* of the partition columns */
} bf_engine_delta_add;

typedef struct bf_engine_delta_change {
    int64_t read_version;     /* what the change was computed from; -1: there is no table, this commit makes it */
    const char *operation;    /* "WRITE", "OPTIMIZE" */
    bool data_change;         /* false: the rows are the same (compaction) */
    const bf_engine_option *parameters; /* of the operation, for the history */
    size_t n_parameters;
    const bf_engine_delta_add *adds;
    size_t n_adds;
    const char *const *removes; /* names */
    size_t n_removes;
    /* of a new table, and of one that is overwritten with another schema; schema NULL: as it is */
    struct ArrowSchema *schema; /* borrowed; field metadata goes into the log, schema metadata is to be given as properties */
    const char *partition_cols; /* "repo", or "" */
    const bf_engine_option *properties;
    size_t n_properties;
} bf_engine_delta_change;

typedef struct bf_engine_api {
    int32_t abi;         /* BF_ENGINE_ABI */
    const char *version; /* "datafusion 55.2.0, arrow 59.3.2"; static */

    /** A session. `settings`: DataFusion configuration keys ("datafusion.execution.batch_size", "datafusion.runtime.memory_limit", ...).
     *  Also "bytefusion.memory_limit" ("2G"): a query ends when the process has grown by more since the session was opened.
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
     *  (it may outlive the engine). Errors while running come from the stream. `read_only`: BF_ENGINE_REFUSED for all that is
     *  no question about registered tables: only SELECT, SHOW, DESCRIBE and EXPLAIN of these are run. */
    int32_t (*query)(bf_engine *engine, const char *sql, bool read_only, struct ArrowArrayStream *out, bf_engine_error *err);

    /** Plans one SELECT and gives the schema of its result, running nothing. */
    int32_t (*describe)(bf_engine *engine, const char *sql, struct ArrowSchema *out, bf_engine_error *err);

    /** Writes a stream to one Parquet file at `path`, created or truncated, not synced. Takes `stream` and releases it. Options:
     *    row_group_bytes   "0": each batch is a row group; else a row group ends with the batch that reaches that many
     *                       Arrow bytes
     *    compression       "zstd(3)" (default) | "none"
     *    encodings         "compact" (default) | "portable": such that Spark, and DuckDB before 2.0, read the file; larger by a tenth
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

    /** True: what this session runs, its streams too, ends with BF_ENGINE_CANCELLED, and so does all that is begun until it is set to false.
     *  NULL: the same for every session of the process, those opened later too. Only sets a flag: from any thread, and from a signal handler. */
    void (*interrupt)(bf_engine *engine, bool interrupted);

    /* ---- parts: Parquet files of a dataset. No session; may be called from several threads ---- */

    /** Some leaf columns of one Parquet file ("path", "attrs"; a top-level name takes all below it), its rows in their order. */
    int32_t (*scan_parquet)(const char *path, const char *const *columns, size_t n_columns, struct ArrowArrayStream *out,
                            bf_engine_error *err);

    /** Copies a Parquet file without some rows (numbers from 0, ascending): row groups that lose none are copied as they are, byte for
     *  byte, the others are encoded anew as write_parquet would. Options: those of write_parquet. `to` is created, not synced. */
    int32_t (*rewrite_parquet)(const char *from, const char *to, const int64_t *drop_rows, size_t n_drop_rows,
                               const bf_engine_option *options, size_t n_options, bf_engine_written *written, bf_engine_error *err);

    /** The rows of several Parquet files of one schema, each sorted ascending by these columns, merged in that order; with memory for a few
     *  rows of each file. */
    int32_t (*merge_parquet)(const char *const *paths, size_t n_paths, const char *const *order, size_t n_order,
                             struct ArrowArrayStream *out, bf_engine_error *err);

    /* ---- Delta Lake ---- */

    /** Opens the table in a directory. Options: "version", "timestamp_ms" (the last version not after it; both: BF_ENGINE_INVALID),
     *  others are storage options of delta-rs. Errors: BF_ENGINE_NOT_FOUND, with the versions that there are. */
    int32_t (*delta_open)(const char *path, const bf_engine_option *options, size_t n_options, bf_engine_delta **out, bf_engine_error *err);
    void (*delta_close)(bf_engine_delta *delta);

    /** Texts live as long as the handle. */
    int32_t (*delta_about)(bf_engine_delta *delta, bf_engine_delta_about *out, bf_engine_error *err);

    /** The schema in the log as Arrow, partition columns in their place, table properties as schema metadata. */
    int32_t (*delta_schema)(bf_engine_delta *delta, struct ArrowSchema *out, bf_engine_error *err);

    /** The data files of the version, sorted by name. Texts live during the call; false ends the walk. */
    int32_t (*delta_files)(bf_engine_delta *delta, bool (*on_file)(void *context, const bf_engine_delta_file *file), void *context,
                           bf_engine_error *err);

    /** Holds what the log says of each file's columns, by which files are left out, against its rows, and tells what is wrong: "path: rows less
     *  than the least, b: 3". Reads these columns of all files. Texts live during the call; false ends the walk. */
    int32_t (*delta_statistics)(bf_engine_delta *delta, bool (*on_lie)(void *context, const char *name, const char *lie), void *context,
                                bf_engine_error *err);

    /** The commits of the log, the newest first, at most `limit` (0: all). */
    int32_t (*delta_history)(const char *path, size_t limit, bool (*on_commit)(void *context, const bf_engine_delta_commit_info *commit),
                             void *context, bf_engine_error *err);

    /** Registers the version that `delta` holds as a table, with this explicit schema (taken over), partition columns last. Files are left out
     *  by partition values and by the statistics in the log. Options: "file_sort_order", as register_parquet. */
    int32_t (*register_delta)(bf_engine *engine, const char *name, bf_engine_delta *delta, struct ArrowSchema *schema,
                              const bf_engine_option *options, size_t n_options, bf_engine_error *err);

    /** Commits a change as version read_version + 1, synced to disk, or not at all. Where the outcome of a commit is unknown the log is read
     *  again, and says. Errors: BF_ENGINE_CONFLICT, nothing of it is in the log; BF_ENGINE_INVALID, what a table of others asks of a writer and
     *  is not done here; BF_ENGINE_IO, after which the added files are to stay, since the disk may have kept what it did not confirm. */
    int32_t (*delta_commit)(const char *path, const bf_engine_delta_change *change, int64_t *version, bf_engine_error *err);

    /** Removes (`dry_run`: only names) the files below a table that no version younger than `retention_hours` needs. */
    int32_t (*delta_vacuum)(const char *path, double retention_hours, bool dry_run, bool (*on_file)(void *context, const char *name),
                            void *context, bf_engine_error *err);
} bf_engine_api;

/** The table of functions, or NULL when `abi` is not served. Static. */
const bf_engine_api *bf_engine_get_api(int32_t abi);

#ifdef __cplusplus
}
#endif
#endif
