/* Serving a dataset: nine scopes, one file each, that make its contracts hold and say so.
 *
 * A scope works on bf_serving, what is known of the dataset being opened, and adds its findings to bf_checks. A gate is a scope
 * that runs while a session is opened and stops it; the rest runs when the dataset is checked.
 */
#ifndef BF_SERVING_SERVING_H
#define BF_SERVING_SERVING_H

#include "dataset/address.h"
#include "dataset/delta.h"
#include "dataset/files.h"
#include "dataset/footers.h"
#include "engine/engine.h"
#include "profile/profile.h"
#include "serving/checks.h"
#include "serving/signatures.h"
#include "views/views.h"

typedef struct bf_serving {
    const bf_engine_api *api;
    bf_engine *engine;
    bf_profile *profile;
    const char *dataset;         /* path as given; NULL: a dataset without rows and without files */
    bf_address at;               /* which version of it, where its address says one */
    bf_delta delta;              /* the table; closed where the dataset is none */
    bool is_pinned;              /* a version was asked for, by the address or the profile */
    const char *table;           /* name that it is registered under: bytecode_files_v1, or CATALOG_NAME.bytecode_files_v1 */
    bf_dataset_files files;
    struct ArrowSchema schema;   /* the contract as registered: view types, partition columns; with schema metadata */
    char fingerprint_logical[65], fingerprint_physical[65]; /* of `schema` */
    bf_view_fill fill;           /* what is filled in the text of the views */
    bf_signatures signatures;    /* of the functions that the views need, and what proves them; bf_signatures_free */
    bf_checks gates;             /* what the gates found while the session was opened */
} bf_serving;

/* ---- the gates, in the order in which they run ---- */

/** Scope 8: the profile as settings of the engine, given to api->open. *settings is from malloc, its texts live in the arena. */
bf_status bf_knobs_settings(const bf_profile *profile, bf_arena *arena, bf_engine_option **settings, size_t *n, bf_error *err);

/** Scope 7: the files, and partition columns as found and as declared. Fills files. */
bf_status bf_partitions_find(bf_serving *s, bf_error *err);

/** Scope 5: makes `schema`, compares the footers of all files with it. Errors: BF_CONTRACT naming file, field, expected, found. */
bf_status bf_contract_gate(bf_serving *s, bf_error *err);

/** Scope 4: the functions that the views need. Before any view is created. Errors: BF_CONTRACT naming function, expectation, finding. */
bf_status bf_signatures_gate(bf_serving *s, bf_error *err);

/** Scope 9: asks the engine how it names the columns of unnest(struct), and fills `fill`. Errors: BF_CONTRACT. */
bf_status bf_wide_names(bf_serving *s, bf_error *err);

/* ---- checks, when a session is open ---- */

bf_status bf_attrs_check(bf_serving *s, bf_checks *out, bf_error *err);          /* 1 */
bf_status bf_coverage_check(bf_serving *s, bf_checks *out, bf_error *err);       /* 2 */
bf_status bf_metadata_check(bf_serving *s, bf_checks *out, bf_error *err);       /* 3 */
bf_status bf_arrow_metadata_check(bf_serving *s, bf_checks *out, bf_error *err); /* 6 */
bf_status bf_partitions_check(bf_serving *s, bf_checks *out, bf_error *err);     /* 7 */
bf_status bf_delta_check(bf_serving *s, bf_checks *out, bf_error *err);          /* 5 and 7, of a Delta table */
bf_status bf_knobs_check(bf_serving *s, bf_checks *out, bf_error *err);          /* 8 */
bf_status bf_wide_check(bf_serving *s, bf_checks *out, bf_error *err);           /* 9 */

/* ---- asking the engine ---- */

/** Runs SQL to its end; rows are dropped. Errors: BF_ENGINE. */
bf_status bf_serving_run(const bf_serving *s, const char *sql, bf_error *err);

/** Called with each row of a result: its cells as texts, NULL for null. */
typedef bf_status (*bf_on_row)(void *context, const char *const *cells, size_t n_cells);

/** Runs SQL whose columns are texts (cast others in the SQL), or maps of texts, and gives each row; a map is "k=v k=v", sorted by key.
 *  Errors: BF_ENGINE, BF_UNSUPPORTED (a column that is neither), those of on_row. */
bf_status bf_serving_rows(const bf_serving *s, const char *sql, bf_on_row on_row, void *context, bf_error *err);

/** Every option of the engine with its value, as two cells; works with the information schema off too. */
bf_status bf_serving_settings(const bf_serving *s, bf_on_row on_row, void *context, bf_error *err);

/** Every table that a statement refers to, as three cells: catalog, schema (NULL where it names none), name. Errors: BF_ENGINE (no SQL). */
bf_status bf_serving_table_names(const bf_serving *s, const char *sql, bf_on_row on_row, void *context, bf_error *err);

/** The same dataset in a new engine: table only, no views. `out` borrows from `s`; close out->engine. */
bf_status bf_serving_reopen(bf_serving *out, const bf_serving *s, bf_error *err);

/** Registers the table with its contract schema, in the engine that s->engine is. */
bf_status bf_contract_register(const bf_serving *s, bf_error *err);

/** Whether the rows of every file are known to ascend by the ordering. */
bool bf_contract_is_ordered(const bf_serving *s);

#endif
