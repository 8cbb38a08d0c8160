/* Where the source of a compiled file is: PEP 3147, PEP 488. */
#ifndef BF_SOURCE_FIND_H
#define BF_SOURCE_FIND_H

#include "base/arena.h"
#include "base/error.h"

/** "DIR/mod.py" of "DIR/__pycache__/mod.cpython-312.opt-1.pyc" or of "DIR/mod.pyc", whether it exists or not; *out is in the arena,
 *  NULL where the name is none of the two. Errors: BF_NO_MEMORY. */
bf_status bf_source_path(const char **out, const char *pyc_path, bf_arena *arena, bf_error *err);

#endif
