/* Finding and loading the engine: a shared library of its own, so that what needs no SQL starts without it. */
#ifndef BF_ENGINE_ENGINE_H
#define BF_ENGINE_ENGINE_H

#include "base/error.h"
#include "bf_engine.h"

/** The engine's functions; loaded once a process and never unloaded. Looked for in $BYTEFUSION_ENGINE (a file), beside this
 *  library, in its folder "bytefusion", and where it was installed. Errors: BF_ENGINE, with what was tried. */
bf_status bf_engine_load(const bf_engine_api **out, bf_error *err);

/** BF_CANCELLED where bf_interrupt was called: long loops between calls of the engine ask this. */
bf_status bf_engine_goes_on(bf_error *err);

/** A failed status as it is, but BF_CANCELLED where bf_interrupt was called: what failed then did so because of that. */
bf_status bf_engine_ended(bf_status st, bf_error *err);

/** An error of the engine as one of ours. */
bf_status bf_engine_fail(bf_error *err, const bf_engine_error *why);

#endif
