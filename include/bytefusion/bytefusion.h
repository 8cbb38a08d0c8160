/* bytefusion: compiled Python as Arrow tables, queried with Apache DataFusion.
 *
 * The public C API, in the order in which data flows:
 *   status and error -> disassembly -> decoding to Arrow -> writing a dataset -> profile -> querying it -> checking it -> views ->
 *   rows as text.
 * Every function returns a bf_status and fills the caller's bf_error (NULL is fine) when that is not BF_OK.
 * Handles are used by one thread at a time; different handles are independent.
 */
#ifndef BYTEFUSION_H
#define BYTEFUSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define BF_API
#else
#define BF_API __attribute__((visibility("default")))
#endif

/* ---- Arrow C Data and Stream Interfaces: the structs as the Arrow specification gives them, for any program that has them already too */

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

#endif

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};

#endif

/* ---- status and error ------------------------------------------------------------------------------------------- */

/** What a call ended with. The numbers are fixed; gaps are left for later ones. */
typedef enum bf_status {
    BF_OK = 0,
    BF_INVALID_ARGUMENT = 1, /* the caller asked for something that makes no sense; the message says what */
    BF_NO_MEMORY = 2,
    BF_IO = 3,           /* the operating system refused; the message holds the path and its reason */
    BF_NOT_FOUND = 4,    /* no such file, dataset, view */
    BF_TRUNCATED = 10,   /* the input ends early */
    BF_CORRUPT = 11,     /* the input contradicts its format */
    BF_UNSUPPORTED = 12, /* a version or type that this build does not read; the message names it */
    BF_LIMIT = 13,       /* a budget was used up; the message names it */
    BF_ENGINE = 20,      /* the query engine refused: SQL errors and their hints */
    BF_CONTRACT = 21,    /* a dataset that does not meet bytecode_files_v1 */
    BF_CANCELLED = 22,
    BF_CONFLICT = 23,    /* somebody else is writing, or wrote first; nothing was written */
    BF_REFUSED = 24      /* a statement that is no question, where only questions are answered */
} bf_status;

/** Where and why a call failed. Owned by the caller, never allocated; the first error stays. */
typedef struct bf_error {
    bf_status code;
    int64_t offset;     /* byte position in the input, -1 where none applies */
    char message[1024]; /* one or more lines of UTF-8, no line end at the end */
} bf_error;

/** Name of a status, as "BF_TRUNCATED". Static. */
BF_API const char *bf_status_name(bf_status status);

/** Version of this library, as "0.1.0". Static. */
BF_API const char *bf_version(void);

/* ---- limits ------------------------------------------------------------------------------------------------------ */

/** What one file may use; 0 is the default, docs/LIMITS.md says what that is and where it is from. A file that uses one up is an error row of
 *  stage `limit`, which names the limit and its value; what was decoded before is kept. */
typedef struct bf_limits {
    int64_t bytes;        /* of the file; a larger one is not read */
    int64_t objects;      /* in its marshalled data, references counted */
    int64_t depth;        /* of objects in objects */
    int64_t code_objects; /* as often as they are referred to, like all that follows */
    int64_t instructions;
    int64_t text;         /* bytes of names, constants and arguments, written out */
    int64_t flow_steps;   /* of following values from instruction to instruction */
    int64_t memory;       /* bytes, of all that is known of it before it becomes a row */
    int64_t seconds;      /* default: none. What is left out then depends on the machine */
} bf_limits;

/* ---- disassembly ------------------------------------------------------------------------------------------------ */

typedef struct bf_dis_options {
    bool show_caches;           /* inline caches as rows of their own (3.11 and later have them) */
    bool show_positions;        /* line:column spans in place of lines (3.11 and later have them) */
    bool json;                  /* one JSON document in place of text */
    const char *assume_version; /* "3.12": read the file as that version whatever its magic says; NULL: trust the magic */
    bf_limits limits;
} bf_dis_options;

/** Writes to `out` what `dis.dis` of the file's own CPython prints of it, without memory addresses.
 *  What could be decoded is written even when the call fails. Errors: BF_IO, BF_NOT_FOUND, BF_TRUNCATED, BF_CORRUPT,
 *  BF_UNSUPPORTED, BF_LIMIT; `err->offset` is the byte in the file. */
BF_API bf_status bf_dis_file(const char *path, const bf_dis_options *options, FILE *out, bf_error *err);

/* ---- decoding to Arrow ------------------------------------------------------------------------------------------ */

/** Schema of bytecode_files_v1, with schema and field metadata. The caller releases `out`. */
BF_API bf_status bf_schema(struct ArrowSchema *out, bf_error *err);

/** State of a run, given to the progress callback. */
typedef struct bf_progress {
    int64_t files, n_files;             /* done, in all */
    int64_t input_bytes, n_input_bytes; /* done, in all */
    int64_t code_objects, instructions, errors;
    double seconds;
} bf_progress;

/** Which files are read and how. Zero is a good start: {0}.
 *  A directory is walked (symbolic links to directories are not followed) and gives its *.pyc and *.pyo files, with paths relative to it;
 *  a file is read whatever its name, its path is what was given, without a leading "./" or "/". */
typedef struct bf_read_options {
    const char *const *paths;
    size_t n_paths;
    const char *const *exclude; /* globs over that path, or over the last name in it where the glob has no '/'; matching
                                   files are left out, and matching directories with all below them */
    size_t n_exclude;
    const char *repo;           /* the `repo` of every row; NULL: null */
    const char *assume_version; /* as in bf_dis_options */
    bool no_source;             /* do not look for the sources of the files: spans as stored, no byte_span, no source_status */
    bool no_flow;               /* leave out blocks, control flow, data flow and stack depths: smaller and faster */
    bool keep_missing;          /* a path that does not exist is a row with an error, not a failure */
    int jobs;                   /* worker threads; 0: one per processor */
    bf_limits limits;           /* of each file */
    bool (*progress)(void *context, const bf_progress *state); /* called at most 20 times a second, from one thread; false cancels */
    void *context;
} bf_read_options;

/** Decodes files to batches of bytecode_files_v1, sorted by path and file_id, the same whatever `jobs` is. A file that is given
 *  twice, with the same path and content, is one row. A file that cannot be decoded is a row with `errors`, never a failure.
 *  The texts that `options` points to must outlive `out`.
 *  Errors: BF_INVALID_ARGUMENT, BF_NOT_FOUND (a path that does not exist), BF_NO_MEMORY; later ones come from the stream. */
BF_API bf_status bf_read(const bf_read_options *options, struct ArrowArrayStream *out, bf_error *err);

/* ---- writing a dataset ------------------------------------------------------------------------------------------ */

typedef struct bf_index_options {
    bf_read_options read;
    const char *dataset; /* directory; what it held is replaced in one step when all is written */
    const char *partition_by; /* "repo": write the rows below DATASET/repo=NAME and replace that partition only; NULL: no partitions */
    bool dry_run;        /* reads and writes nothing: report->files and report->input_bytes only */
    const char *format;  /* "parquet", "delta"; NULL: that of what is there, "parquet" where nothing is */
    const char *mode;    /* "overwrite" (also NULL); "append": only files that are new or changed are decoded, and the rows of the changed
                            ones as they were go; "error": nothing may be there */
    bool sync;           /* with "append": rows of this repo whose path is not among the files that were read go too */
    int wait_seconds;    /* for another writer of the dataset; 0: BF_WAIT_SECONDS, negative: not at all */
    const char *const *constraints; /* SQL conditions that each row written to a Delta table meets; NULL: path and file_id are not null */
    size_t n_constraints;
    const struct bf_materialize_options *materialize; /* then write flat tables of what there is now, as bf_materialize does: all of it but
                                                         `dataset`, which is this one; NULL: none */
} bf_index_options;

enum { BF_WAIT_SECONDS = 10 };

/** What a run did. Of files that were not decoded again there are no code objects, instructions and errors. */
typedef struct bf_index_report {
    int64_t files, code_objects, instructions, errors;
    int64_t files_with_errors;
    int64_t input_bytes, output_bytes;
    double seconds;
    int64_t unchanged, added, replaced, removed; /* files; removed ones are not among `files` */
    int64_t parts_kept, parts_written;           /* files of the dataset */
    int64_t version;                             /* of the Delta table; -1: it is none */
    bool is_written;                             /* false: the dataset is as it was, there was nothing to do */
} bf_index_report;

/** Decodes files and writes them as a dataset, fsynced, so that readers see the old state or the new one, and a killed run leaves the old
 *  one. Parquet: a directory beside the old one, with links to the files that stay, is put in its place. Delta: files are added to the
 *  table, then one commit. A directory that holds anything but a dataset is not touched. One process writes a dataset at a time, the
 *  others wait (DATASET.lock). Errors: those of bf_read, BF_IO, BF_ENGINE, BF_CONFLICT, BF_CONTRACT (a constraint; a Delta table of
 *  another schema), BF_UNSUPPORTED (features of a Delta table), BF_CANCELLED; those of
 *  bf_materialize, when the dataset is written already. */
BF_API bf_status bf_index(const bf_index_options *options, bf_index_report *report, bf_error *err);

typedef struct bf_optimize_report {
    int64_t parts_before, parts_after, parts_rewritten; /* files of the dataset */
    int64_t input_bytes, output_bytes;                  /* of those that were rewritten */
    double seconds;
    int64_t version;                                    /* of the Delta table; -1: it is none */
    bool is_written;                                    /* false: there was nothing to do */
    int64_t parts_unordered;                            /* of other writers, whose rows are in no order: they stay */
} bf_optimize_report;

/** Merges parts that are small or overlap into parts that lie one behind the other, in the order of path and file_id, cut by size; each
 *  partition on its own. Rows stay the same, and a second run finds nothing to do. Delta: one commit OPTIMIZE that changes no data; parts of
 *  other writers whose rows are in no order stay as they are. `wait_seconds`, `jobs`: as bf_index_options. Errors: BF_NOT_FOUND, BF_CONFLICT (another program committed
 *  first, nothing was written), those of bf_index about the dataset. */
BF_API bf_status bf_optimize(const char *dataset, int wait_seconds, int jobs, bf_optimize_report *report, bf_error *err);

/** Removes (`dry_run`: only names) files that no reader needs. Delta: those that no version younger than `retention_hours` refers to; versions
 *  older than that cannot be read any more. 168 hours is what is safe: a reader, or a writer that has not committed yet, may hold on to
 *  younger files. Parquet: what killed runs left beside the dataset. `on_name` (NULL is fine) ends the walk with false; *n_files (NULL is
 *  fine): how many. Errors: BF_NOT_FOUND, BF_CONFLICT, BF_IO, BF_ENGINE. */
BF_API bf_status bf_vacuum(const char *dataset, double retention_hours, bool dry_run, int wait_seconds,
                           bool (*on_name)(void *context, const char *name), void *context, int64_t *n_files, bf_error *err);

/** The commits of a Delta table as rows, the newest first, at most `limit` (0: all): version, time, operation, mode, repo, added, replaced,
 *  removed (files of a run), new_parts, gone_parts, new_bytes, writer; null where a commit does not say. The caller releases `out`.
 *  Errors: BF_INVALID_ARGUMENT (no Delta table), BF_IO, BF_ENGINE. */
BF_API bf_status bf_history(const char *dataset, int64_t limit, struct ArrowArrayStream *out, bf_error *err);

/** Writes a stream as one Parquet file (zstd), whole or not at all. Takes `stream` and releases it. */
BF_API bf_status bf_write_parquet(struct ArrowArrayStream *stream, const char *path, bf_error *err);

/* ---- the profile: options of serving ---------------------------------------------------------------------------- */

/** Every option with its value and where that came from. docs/PROFILE.md says what each one does. */
typedef struct bf_profile bf_profile;

/** All options at their defaults; NULL when memory runs out. Free with bf_profile_free. */
BF_API bf_profile *bf_profile_new(void);
BF_API void bf_profile_free(bf_profile *profile);

/** Sets one option from its text ("true", "64", "repo utf8"). `source` is kept to say where the value came from.
 *  Errors: BF_INVALID_ARGUMENT, naming the option. */
BF_API bf_status bf_profile_set(bf_profile *profile, const char *name, const char *value, const char *source, bf_error *err);

/** Sets the options of a JSON file (one object: {"collect_statistics": true, "partition_cols": ["repo utf8"]}), or those of the
 *  environment (BYTEFUSION_COLLECT_STATISTICS=true). Errors: BF_IO, BF_INVALID_ARGUMENT, naming the key. */
BF_API bf_status bf_profile_load(bf_profile *profile, const char *path, bf_error *err);
BF_API bf_status bf_profile_load_environment(bf_profile *profile, bf_error *err);

typedef struct bf_profile_option {
    const char *name, *value, *source, *meaning; /* source: "default", a path, a name in the environment, a flag */
} bf_profile_option;

/** What the options limit_bytes, limit_objects, ... say, for bf_read_options and bf_dis_options. Errors: BF_INVALID_ARGUMENT. */
BF_API bf_status bf_profile_limits(const bf_profile *profile, bf_limits *out, bf_error *err);

/** Whether the options fit together: some exclude each other. Opening a session asks this first.
 *  Errors: BF_INVALID_ARGUMENT, naming the options. */
BF_API bf_status bf_profile_check(const bf_profile *profile, bf_error *err);

/** Number of options, and one of them; texts live as long as the profile is not changed. False where `index` is out of range. */
BF_API size_t bf_profile_count(void);
BF_API bool bf_profile_get(const bf_profile *profile, size_t index, bf_profile_option *out);

/* ---- querying --------------------------------------------------------------------------------------------------- */

/** A dataset opened for SQL: bytecode_files_v1 registered with the contract schema, and every view. */
typedef struct bf_session bf_session;

/** Opens `dataset`: a directory of Parquet files, a glob, or one such file; a Delta table, also as it was: DATASET@v3,
 *  DATASET@2026-11-24T10:00:00Z. NULL opens a dataset without rows. Every file's footer
 *  is held against the contract, and the engine's functions against what the views need, before anything is registered. What refuses
 *  a dataset that is a directory leaves its artifact in DATASET/_bytefusion where it can be written.
 *  Options: the defaults and the environment, or those of `profile` (NULL: the defaults alone). Close with bf_session_close.
 *  Errors: BF_NOT_FOUND, BF_IO, BF_ENGINE, BF_INVALID_ARGUMENT (the profile), BF_CONTRACT (naming file, field, expected, found). */
BF_API bf_status bf_session_open(const char *dataset, bf_session **out, bf_error *err);
BF_API bf_status bf_session_open_with(const bf_profile *profile, const char *dataset, bf_session **out, bf_error *err);

/** Opens a directory of datasets: each directory below it that holds one is a schema of its name ("SELECT ... FROM stdlib.py_bc_files").
 *  A dataset passes the gates and is registered when the first query refers to it; one that fails them fails that query and no
 *  other. `directory` NULL: the option catalog_location of the profile. That option with a dataset in bf_session_open_with gives both: the
 *  names of the dataset without a schema. Errors: those of bf_session_open_with. */
BF_API bf_status bf_session_open_catalog(const bf_profile *profile, const char *directory, bf_session **out, bf_error *err);

/** Runs one SQL statement; rows stream as they are made. `out` may outlive the session; the caller releases it.
 *  Only questions are answered (SELECT, SHOW, DESCRIBE, EXPLAIN of these), over the tables of the session and nothing beyond it, unless the
 *  profile says allow_write. Memory is bounded by its option memory_limit.
 *  Errors: BF_REFUSED, BF_LIMIT (memory), BF_CANCELLED, BF_ENGINE with the engine's message; errors at run time come from the stream
 *  (get_last_error). */
BF_API bf_status bf_session_query(bf_session *session, const char *sql, struct ArrowArrayStream *out, bf_error *err);

/** What somebody who waits for answers would like to know: views that were unnested though a stale flat table of them is there, a line each.
 *  NULL where there is nothing to say. Belongs to the session; a query may add to it. */
BF_API const char *bf_session_note(const bf_session *session);

/** Ends what the session runs, within moments: calls give BF_CANCELLED, its streams an error, and so does all that is begun until it is
 *  called with false. It only sets a flag: it may be called from another thread or from a signal handler, while the session is open. */
BF_API void bf_session_interrupt(bf_session *session, bool interrupted);

/** The same for the whole process, for calls without a session too: bf_optimize, bf_materialize and bf_diff give BF_CANCELLED and leave nothing
 *  half done; what a vacuum removes and a commit that is under way go on to their end. */
BF_API void bf_interrupt(bool interrupted);

BF_API void bf_session_close(bf_session *session);

/* ---- checking and artifacts ------------------------------------------------------------------------------------- */

typedef enum bf_check_state {
    BF_CHECK_OK,
    BF_CHECK_FAIL,
    BF_CHECK_NOT_CHECKED /* could not be looked at; never counts as ok */
} bf_check_state;

/** One finding. */
typedef struct bf_check {
    int scope;        /* 1 to 9, of serving */
    const char *name; /* "py_bc_consts.const_index" */
    const char *expected, *found;
    bf_check_state state;
} bf_check;

/** As bf_session_open_with, but a gate that refuses the dataset is a finding and no failure: the session can then be checked and asked
 *  for artifacts, and queries fail with what the gate said. Close with bf_session_close. Errors: those of bf_session_open_with, but
 *  BF_CONTRACT. */
BF_API bf_status bf_session_open_for_check(const bf_profile *profile, const char *dataset, bf_session **out, bf_error *err);

/** Looks at everything that serving promises, scope by scope. *checks and its texts belong to the session and live until it is
 *  checked again or closed. The call is BF_OK also when checks fail; what could not be run is a check that failed.
 *  Errors: BF_INVALID_ARGUMENT (a catalog without a dataset), BF_CANCELLED, BF_NO_MEMORY. */
BF_API bf_status bf_session_check(bf_session *session, const bf_check **checks, size_t *n_checks, bf_error *err);

/** Name of a state, as "ok", "FAIL", "not checked". Static. */
BF_API const char *bf_check_state_name(bf_check_state state);

/** Name of an artifact, and what it says, in the order in which they are written. Static; NULL after the last. */
BF_API const char *bf_artifact_name(size_t index);
BF_API const char *bf_artifact_meaning(size_t index);

/** One artifact as a JSON document with a line end at its end; a session that was not checked is checked first where the artifact
 *  needs it. *json is from malloc, the caller frees it with free(). Errors: BF_NOT_FOUND (no artifact of that name), BF_NO_MEMORY,
 *  those of bf_session_check. */
BF_API bf_status bf_session_artifact(bf_session *session, const char *name, char **json, bf_error *err);

/** Writes all artifacts to DATASET/_bytefusion/NAME.json, each whole or not at all. Does nothing where the dataset is a file or a glob.
 *  Errors: BF_IO, those of bf_session_artifact. */
BF_API bf_status bf_session_write_artifacts(bf_session *session, bf_error *err);

/** One difference between two datasets. Texts are valid during the call only; `a` and `b` are never NULL. */
typedef struct bf_drift {
    const char *what; /* "contract", "schema", "metadata", "fingerprint", "partitions", "view", "function", "setting", "rows", "file" */
    const char *name; /* "code_objects[].instructions[].opcode", "py_bc_consts.const_id", "3.12 instructions" */
    const char *a, *b;
} bf_drift;

/** Compares two datasets: the schemas in the footers of their files, fingerprints, partition columns, columns of views, functions,
 *  settings, the rows of each version of Python, and the files (what they held, whether their source was the one). One that the gates refuse is compared by its footers. Views, functions and settings are those
 *  of the last check where its artifacts lie beside the dataset, else as they are served now. *n_drifts (NULL is fine): how many.
 *  Errors: those of bf_session_open_with but BF_CONTRACT, BF_ENGINE. */
BF_API bf_status bf_diff(const bf_profile *profile, const char *a, const char *b, void (*on_drift)(void *context, const bf_drift *drift),
                         void *context, size_t *n_drifts, bf_error *err);

/* ---- views ------------------------------------------------------------------------------------------------------ */

/** Number of views, and one of them in the order of creation. Static texts; NULL where `index` is out of range. */
BF_API size_t bf_view_count(void);
BF_API const char *bf_view_name(size_t index);

/** The SELECT of a view, with its comment. Static; NULL when there is no view of that name. */
BF_API const char *bf_view_sql(const char *name);

/** The same as a session created it: with the partition columns of its dataset, and the names that its engine gives to unnested fields.
 *  *sql is from malloc, the caller frees it with free(). Errors: BF_NOT_FOUND, BF_NO_MEMORY. */
BF_API bf_status bf_session_view_sql(bf_session *session, const char *name, char **sql, bf_error *err);

/** What the comment of a view says of it, on one line ("One row per ..."). Static; NULL when there is no view of that name. */
BF_API const char *bf_view_comment(const char *name);

/* ---- flat tables: views written down ---------------------------------------------------------------------------- */

typedef enum bf_flat_state {
    BF_FLAT_NONE,    /* there is none: the view is unnested from the dataset */
    BF_FLAT_CURRENT, /* of the dataset and the view as they are: a query that names the view reads it */
    BF_FLAT_STALE    /* dataset, view or engine are others since, or it cannot be read: it is not used */
} bf_flat_state;

/** The flat table of one view: a Parquet file beside the dataset, DATASET.views/VIEW.parquet. */
typedef struct bf_flat_table {
    const char *view;
    const char *path;   /* where it is or would be; "": the dataset is no directory */
    bf_flat_state state;
    const char *why;    /* of a stale one: what is not as it was; else "" */
    const char *source; /* the dataset that it was made of, for people: "version 3, 2 parts" */
    const char *order;  /* "path,file_id": columns that its rows ascend by; "": none is known */
    int64_t rows, size_bytes;
    bool is_new;        /* bf_materialize wrote it just now */
    double seconds;     /* that this took */
} bf_flat_table;

/** Name of a state, as "none", "current", "stale". Static. */
BF_API const char *bf_flat_state_name(bf_flat_state state);

/** The flat table of the view at `index`, below bf_view_count(). Texts belong to the session and live until the same is asked again.
 *  Errors: BF_INVALID_ARGUMENT (no such index; a catalog without a dataset), BF_NO_MEMORY, BF_IO. */
BF_API bf_status bf_session_flat_table(bf_session *session, size_t index, bf_flat_table *out, bf_error *err);

typedef struct bf_materialize_options {
    const bf_profile *profile; /* NULL: the defaults */
    const char *dataset;       /* a directory */
    const char *const *views;
    size_t n_views;            /* 0: all */
    void (*on_table)(void *context, const bf_flat_table *table); /* told of each when it is there; texts live during the call; NULL is fine */
    void *context;
} bf_materialize_options;

/** Writes views as flat tables, each whole or not at all; what is current already stays. Rows are in the order of the dataset: by path and
 *  file_id (by the partition columns first, where the dataset is not in that order), then as the view gives them.
 *  Queries read a flat table in place of the view while it is current (option use_materialized of the profile).
 *  Errors: BF_NOT_FOUND (no such view), BF_INVALID_ARGUMENT (the dataset is no directory), BF_CANCELLED (the dataset became another one while
 *  it was read), those of bf_session_open_with, BF_IO. */
BF_API bf_status bf_materialize(const bf_materialize_options *options, bf_error *err);

/* ---- rows as text or bytes -------------------------------------------------------------------------------------- */

typedef enum bf_format {
    BF_FORMAT_TABLE,    /* aligned columns for people, with a last line that counts the rows */
    BF_FORMAT_CSV,      /* RFC 4180 with a line of names; null is an empty field, an empty text is "" */
    BF_FORMAT_TSV,      /* a line of names; null is empty; \\ \t \n \r are written as escapes */
    BF_FORMAT_JSON,     /* one array of objects */
    BF_FORMAT_NDJSON,   /* one object a line */
    BF_FORMAT_MARKDOWN, /* a table in Markdown */
    BF_FORMAT_ARROW,    /* an Arrow IPC stream */
    BF_FORMAT_PARQUET   /* one Parquet file, zstd */
} bf_format;

/** "table", "csv", ...: false when there is no such format. The names, in order: bf_format_name(0), ... NULL after the last. */
BF_API bool bf_format_find(const char *name, bf_format *out);
BF_API const char *bf_format_name(int index);

typedef struct bf_render_options {
    bf_format format;
    int64_t max_rows; /* rows to write at most; 0: all. A table says that there were more */
    int width;        /* of a table, in columns of the terminal; longer texts are cut to fit. 0: nothing is cut */
} bf_render_options;

/** Writes all rows of a stream to `out`. Takes `stream` and releases it, also on failure. *n_rows (NULL is fine): rows written.
 *  Nested values are JSON in every text format. Machine formats print data and nothing else.
 *  Errors: BF_IO (writing), BF_ENGINE (what the stream's get_last_error says), BF_UNSUPPORTED (a type, which it names), BF_NO_MEMORY. */
BF_API bf_status bf_render(struct ArrowArrayStream *stream, const bf_render_options *options, FILE *out, int64_t *n_rows, bf_error *err);

#ifdef __cplusplus
}
#endif
#endif
