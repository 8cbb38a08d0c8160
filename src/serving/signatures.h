/* The function gate: what the catalog says, which functions are needed, and what proves that the engine has them. */
#ifndef BF_SERVING_SIGNATURES_H
#define BF_SERVING_SIGNATURES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

enum { BF_MAX_ARGUMENTS = 4 };

/** What an argument may be. */
typedef enum bf_takes {
    BF_TAKES_NONE,
    BF_TAKES_ANY,
    BF_TAKES_MAP,
    BF_TAKES_LIST,
    BF_TAKES_INT64,
    BF_TAKES_UTF8,
    BF_TAKES_KEY,
    BF_N_TAKES
} bf_takes;

typedef struct bf_required_function {
    const char *name;
    bool is_routine; /* the catalog lists it */
    size_t least;
    const char *mode;
    bf_takes types[BF_MAX_ARGUMENTS]; /* up to the first BF_TAKES_NONE */
} bf_required_function;

typedef enum bf_evidence {
    BF_EVIDENCE_NONE,
    BF_EVIDENCE_PARAMETERS, /* information_schema.parameters describes it */
    BF_EVIDENCE_PROBE       /* typed queries that the planner takes, and others that it refuses */
} bf_evidence;

/** One required function and what was found of it. */
typedef struct bf_signature {
    const bf_required_function *required;
    const char *arguments; /* "map, utf8": accepted types, optional ones in brackets */
    bf_evidence evidence;
    const char *proof;    /* the queries, or the parameters as the catalog has them, "; " between */
    const char *expected; /* of the deviation; NULL where there is none */
    const char *found;
} bf_signature;

/** A row of information_schema.routines, of .parameters. Both in the order of their names. */
typedef struct bf_routine {
    const char *name, *kind, *returns; /* returns: NULL where the catalog does not say */
} bf_routine;

typedef struct bf_parameter {
    const char *function, *overload, *ordinal, *mode, *type;
    const char *name; /* NULL: of what it returns */
} bf_parameter;

typedef struct bf_signatures {
    bool has_catalog; /* enable_information_schema is on */
    const bf_routine *routines;
    size_t n_routines;
    const bf_parameter *parameters;
    size_t n_parameters;
    bf_signature *items;
    size_t n;
    bf_arena arena;
} bf_signatures; /* {0} is an empty one */

void bf_signatures_free(bf_signatures *signatures);

/** "none", "parameters", "probe". Static. */
const char *bf_evidence_name(bf_evidence evidence);

/** For tests: the gate requires these from now on; NULL: those of signatures.def again. Borrows. */
void bf_signatures_require(const bf_required_function *table, size_t n);

#endif
