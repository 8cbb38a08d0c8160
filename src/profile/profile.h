/* The runtime profile: every option of serving with its value and where that came from. */
#ifndef BF_PROFILE_PROFILE_H
#define BF_PROFILE_PROFILE_H

#include "base/error.h"

typedef enum bf_option_id {
#define BF_OPTION(name, type, value, group, meaning) BF_OPT_##name,
#include "profile/options.def"
#undef BF_OPTION
    BF_N_OPTIONS
} bf_option_id;

bool bf_profile_bool(const bf_profile *profile, bf_option_id id);
int64_t bf_profile_int(const bf_profile *profile, bf_option_id id); /* -1 where it is unset */
const char *bf_profile_text(const bf_profile *profile, bf_option_id id); /* lists: items with commas between */

bool bf_profile_is_set(const bf_profile *profile, bf_option_id id); /* by anybody, be it to its default */

/** Whether the options go with a dataset that is a Delta table; with one that is none. Errors: BF_INVALID_ARGUMENT, naming option, source, dataset. */
bf_status bf_profile_check_delta(const bf_profile *profile, const char *dataset, bf_error *err);
bf_status bf_profile_check_external(const bf_profile *profile, const char *dataset, bf_error *err);

/** Bytes of an option that is a size ("512M", "2G"), or a share of the machine's memory ("80%"); -1: none. */
int64_t bf_profile_bytes(const bf_profile *profile, bf_option_id id);

/** A copy that the caller frees; of the defaults where `profile` is NULL. NULL when memory runs out. */
bf_profile *bf_profile_copy(const bf_profile *profile);

#endif
