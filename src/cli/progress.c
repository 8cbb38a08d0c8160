#include "cli/progress.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/interrupt.h"

enum { BAR = 24 };

static bool on_terminal, shown;

void progress_begin(void) {
    on_terminal = isatty(STDERR_FILENO);
}

bool progress_show(void *context, const bf_progress *p) {
    (void)context;
    if (interrupted()) return false;
    if (!on_terminal || p->n_files == 0) return true;
    double done = p->n_input_bytes ? (double)p->input_bytes / (double)p->n_input_bytes : 1;
    char bar[BAR + 1];
    for (int i = 0; i < BAR; i++) bar[i] = i < (int)(done * BAR) ? '#' : '.';
    bar[BAR] = 0;
    cli_text files, n_files;
    char line[256];
    double seconds = p->seconds > 0.001 ? p->seconds : 0.001;
    int n = snprintf(line, sizeof line, "[%s] %3.0f%%  %s of %s files  %.0f files/s  %.1f MB/s", bar, done * 100, cli_count(files, p->files),
                     cli_count(n_files, p->n_files), (double)p->files / seconds, (double)p->input_bytes / 1e6 / seconds);
    if (done > 0.01 && done < 1) n += snprintf(line + n, sizeof line - (size_t)n, "  %.0f s left", seconds * (1 - done) / done);
    struct winsize size;
    int width = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col - 1 : 79;
    fprintf(stderr, "\r%.*s\033[K", n < width ? n : width, line);
    fflush(stderr);
    shown = true;
    return true;
}

void progress_end(void) {
    if (shown) fprintf(stderr, "\r\033[K");
    fflush(stderr);
}
