/* The public header alone, as C11: -pedantic -Werror. Calls what needs no dataset. */
#include "bytefusion/bytefusion.h"
#include "bytefusion/bytefusion.h" /* twice is once */

_Static_assert(BF_OK == 0 && BF_NO_MEMORY == 2 && BF_TRUNCATED == 10 && BF_ENGINE == 20 && BF_CANCELLED == 22, "status numbers are fixed");
_Static_assert(sizeof(struct ArrowSchema) == 9 * 8 && sizeof(struct ArrowArray) == 10 * 8 && sizeof(struct ArrowArrayStream) == 5 * 8,
               "the structs of the Arrow C interfaces");

int main(void) {
    bf_error err = {BF_OK, -1, ""};
    bf_dis_options options = {0};
    if (bf_dis_file("", &options, stdout, &err) != BF_NOT_FOUND || err.code != BF_NOT_FOUND) return 1;
    return bf_version()[0] && bf_status_name(BF_OK)[0] ? 0 : 1;
}
