/* bytefusion: compiled Python as Arrow tables, queried with Apache DataFusion.
 *
 * The public C API, in the order in which data flows:
 *   status and error -> disassembly -> decoding to Arrow -> writing a dataset -> querying it -> views -> rows as text.
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
    BF_CANCELLED = 22
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

/* ---- disassembly ------------------------------------------------------------------------------------------------ */

typedef struct bf_dis_options {
    bool show_caches;           /* inline caches as rows of their own (3.11 and later have them) */
    bool show_positions;        /* line:column spans in place of lines (3.11 and later have them) */
    bool json;                  /* one JSON document in place of text */
    const char *assume_version; /* "3.12": read the file as that version whatever its magic says; NULL: trust the magic */
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
 *  A directory is walked (symbolic links to directories are not followed) and gives its *.pyc files, with paths relative to it;
 *  a file is read whatever its name, its path is what was given, without a leading "./" or "/". */
typedef struct bf_read_options {
    const char *const *paths;
    size_t n_paths;
    const char *const *exclude; /* globs over that path, or over the last name in it where the glob has no '/'; matching
                                   files are left out, and matching directories with all below them */
    size_t n_exclude;
    const char *repo;           /* the `repo` of every row; NULL: null */
    const char *assume_version; /* as in bf_dis_options */
    bool keep_missing;          /* a path that does not exist is a row with an error, not a failure */
    int jobs;                   /* worker threads; 0: one per processor */
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
    bool dry_run;        /* reads and writes nothing: report->files and report->input_bytes only */
} bf_index_options;

typedef struct bf_index_report {
    int64_t files, code_objects, instructions, errors;
    int64_t files_with_errors;
    int64_t input_bytes, output_bytes;
    double seconds;
} bf_index_report;

/** Decodes files and writes them as a Parquet dataset beside the old one, fsynced, then puts it in its place: a killed run leaves
 *  the old state. A directory that holds anything but a dataset is not touched.
 *  Errors: those of bf_read, BF_IO, BF_ENGINE, BF_CANCELLED. */
BF_API bf_status bf_index(const bf_index_options *options, bf_index_report *report, bf_error *err);

/** Writes a stream as one Parquet file (zstd), whole or not at all. Takes `stream` and releases it. */
BF_API bf_status bf_write_parquet(struct ArrowArrayStream *stream, const char *path, bf_error *err);

/* ---- querying --------------------------------------------------------------------------------------------------- */

/** A dataset opened for SQL: bytecode_files_v1 registered with the contract schema, and every view. */
typedef struct bf_session bf_session;

/** Opens `dataset` (a directory of Parquet files, or one such file). NULL opens a dataset without rows.
 *  Errors: BF_NOT_FOUND, BF_IO, BF_ENGINE, BF_CONTRACT. Close with bf_session_close. */
BF_API bf_status bf_session_open(const char *dataset, bf_session **out, bf_error *err);

/** Runs one SQL statement; rows stream as they are made. `out` may outlive the session; the caller releases it.
 *  Errors: BF_ENGINE with the engine's message; errors at run time come from the stream (get_last_error). */
BF_API bf_status bf_session_query(bf_session *session, const char *sql, struct ArrowArrayStream *out, bf_error *err);

BF_API void bf_session_close(bf_session *session);

/* ---- views ------------------------------------------------------------------------------------------------------ */

/** Number of views, and one of them in the order of creation. Static texts; NULL where `index` is out of range. */
BF_API size_t bf_view_count(void);
BF_API const char *bf_view_name(size_t index);

/** The SELECT of a view, with its comment. Static; NULL when there is no view of that name. */
BF_API const char *bf_view_sql(const char *name);

/** What the comment of a view says of it, on one line ("One row per ..."). Static; NULL when there is no view of that name. */
BF_API const char *bf_view_comment(const char *name);

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
