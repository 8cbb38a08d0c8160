/* Text as a terminal shows it, measured in its columns. */
#ifndef BF_RENDER_DISPLAY_H
#define BF_RENDER_DISPLAY_H

#include "base/buf.h"

/** Appends a text with what would move the cursor as escapes: \n, \x1b, \u202e. Gives its width. Stops once that is beyond
 *  `enough` (0: never), so that a long text costs no more than what is seen of it. */
size_t bf_put_display(bf_buf *out, const char *p, size_t n, size_t enough);

/** Appends what fits of such a text, and an ellipsis, which has a column, where it was cut. Gives the width. */
size_t bf_put_cut(bf_buf *out, const char *p, size_t n, size_t width);

#endif
