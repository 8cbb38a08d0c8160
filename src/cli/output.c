#include "cli/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/interrupt.h"

enum { TERMINAL_ROWS = 40 };

bf_format cli_format(const cli_command *command, const char *name) {
    bf_format format = BF_FORMAT_TABLE;
    if (!name || bf_format_find(name, &format)) return format;
    char known[128] = "";
    for (int i = 0; bf_format_name(i); i++) {
        if (i) strcat(known, ", ");
        strcat(known, bf_format_name(i));
    }
    exit(cli_wrong_usage(command, "no format %s; there are %s", name, known));
}

static int terminal_width(void) {
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static bf_status io_error(bf_error *err, const char *path) {
    *err = (bf_error){.code = BF_IO, .offset = -1};
    snprintf(err->message, sizeof err->message, "%s: %s", path, strerror(errno));
    return BF_IO;
}

static bf_status write_file(const char *path, struct ArrowArrayStream *stream, const bf_render_options *render, bf_error *err) {
    size_t n = strlen(path) + 32;
    char *staged = malloc(n);
    if (!staged) return io_error(err, path);
    snprintf(staged, n, "%s.new-%ld", path, (long)getpid());
    FILE *out = fopen(staged, "wb");
    bf_status st = out ? bf_render(stream, render, out, NULL, err) : io_error(err, staged);
    if (out && fclose(out) && st == BF_OK) st = io_error(err, staged);
    if (st == BF_OK && rename(staged, path)) st = io_error(err, path);
    if (st != BF_OK) unlink(staged);
    free(staged);
    return st;
}

int cli_write_rows(const cli_command *command, const cli_output *output, struct ArrowArrayStream *stream) {
    bool to_terminal = !output->file && isatty(STDOUT_FILENO);
    bf_render_options render = {.format = cli_format(command, output->format), .max_rows = output->max_rows};
    bool for_people = render.format == BF_FORMAT_TABLE;
    if (output->max_rows < 0) render.max_rows = for_people && to_terminal ? TERMINAL_ROWS : 0;
    if (for_people && to_terminal) render.width = terminal_width();
    bf_error err = {0};
    bf_status st;
    if (to_terminal && render.format >= BF_FORMAT_ARROW) {
        stream->release(stream);
        return cli_wrong_usage(command, "%s is no text for a terminal: -o FILE writes it to a file", output->format);
    }
    st = output->file ? write_file(output->file, stream, &render, &err) : bf_render(stream, &render, stdout, NULL, &err);
    if (st == BF_OK && fflush(stdout)) st = io_error(&err, "standard output");
    return st == BF_OK ? EXIT_DONE : cli_fail(&err);
}
