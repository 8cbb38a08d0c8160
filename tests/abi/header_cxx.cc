// The public header alone, as C++17: -pedantic -Werror, linked against the C library.
#include "bytefusion/bytefusion.h"

#include <type_traits>

static_assert(std::is_standard_layout<bf_error>::value && std::is_trivial<bf_error>::value, "a plain struct");
static_assert(BF_OK == 0, "success is zero");

int main() {
    bf_error err = {};
    bf_dis_options options = {};
    if (bf_dis_file("", &options, stdout, &err) != BF_NOT_FOUND || err.code != BF_NOT_FOUND) return 1;
    return bf_version()[0] && bf_status_name(BF_OK)[0] ? 0 : 1;
}
