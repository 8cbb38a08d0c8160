#include "cli/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { MIN_WIDTH = 8, MAX_PADDING = 40 };

void cli_table_add(cli_table *t, const char *const *cells) {
    if (t->n_rows == t->capacity) {
        size_t capacity = t->capacity ? t->capacity * 2 : 64;
        const char **grown = realloc(t->cells, capacity * (size_t)t->n_columns * sizeof *grown);
        if (!grown) {
            fprintf(stderr, "bytefusion: out of memory\n");
            exit(EXIT_FAILED);
        }
        t->cells = grown;
        t->capacity = capacity;
    }
    memcpy(t->cells + t->n_rows++ * (size_t)t->n_columns, cells, (size_t)t->n_columns * sizeof *cells);
}

static bool begins_character(char c) {
    return ((unsigned char)c & 0xc0) != 0x80;
}

static int width_of(const char *text) {
    int n = 0;
    for (; *text; text++) n += begins_character(*text);
    return n;
}

/* At most `width` characters, the last of them an ellipsis where there are more; 0: all. What would move the cursor is a blank. */
static int put_cell(const char *text, int width) {
    int n = 0, n_kept = width && width_of(text) > width ? width - 1 : -1;
    for (; *text; text++) {
        if (begins_character(*text) && n++ == n_kept) break;
        putchar((unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text);
    }
    if (*text) printf("…");
    return n;
}

static int terminal_width(void) {
    struct winsize size;
    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* The widest column gives way until all fit. */
static void fit(int *widths, int n, int room) {
    int sum = 2 * (n - 1);
    for (int i = 0; i < n; i++) sum += widths[i];
    for (; sum > room; sum--) {
        int widest = 0;
        for (int i = 1; i < n; i++)
            if (widths[i] > widths[widest]) widest = i;
        if (widths[widest] <= MIN_WIDTH) return;
        widths[widest]--;
    }
}

void cli_table_print(cli_table *t) {
    int widths[CLI_MAX_COLUMNS] = {0}, n = t->n_columns, room = terminal_width();
    for (size_t i = 0; i < t->n_rows * (size_t)n; i++) {
        int width = width_of(t->cells[i]);
        if (width > widths[i % (size_t)n]) widths[i % (size_t)n] = width;
    }
    if (room) fit(widths, n, room);
    for (size_t row = 0; row < t->n_rows; row++) {
        for (int i = 0; i < n; i++) {
            int written = put_cell(t->cells[row * (size_t)n + (size_t)i], room ? widths[i] : 0);
            int padded = !room && widths[i] > MAX_PADDING ? MAX_PADDING : widths[i];
            if (i + 1 < n) printf("%*s", padded > written ? padded - written + 2 : 2, "");
        }
        putchar('\n');
    }
    free(t->cells);
    *t = (cli_table){.n_columns = n};
}
