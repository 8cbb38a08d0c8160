#include "cli/interrupt.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPTIONS = 32 };

const char *cli_value;

static void print_help(const cli_command *c) {
    printf("bytefusion %s: %s\n\nusage: bytefusion %s %s\n\n", c->name, c->summary, c->name, c->arguments);
    for (const cli_option *o = c->options; o->name; o++) {
        char left[64];
        int n = o->id < 256 ? snprintf(left, sizeof left, "  -%c, --%s", o->id, o->name) : snprintf(left, sizeof left, "      --%s", o->name);
        if (o->value) snprintf(left + n, sizeof left - (size_t)n, " %s", o->value);
        printf("%-28s  %s\n", left, o->help);
    }
    printf("%-28s  %s\n", "  -h, --help", "this text");
    if (c->notes) printf("\n%s", c->notes);
}

/* SQL that begins with a comment ("-- One row per ...") is no option: a blank before it tells getopt so. */
static void protect_comments(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        char *copy;
        if (strncmp(argv[i], "--", 2) || !isspace((unsigned char)argv[i][2])) continue;
        if (asprintf(&copy, " %s", argv[i]) > 0) argv[i] = copy; /* lives as long as argv */
    }
}

int cli_next_option(const cli_command *c, int argc, char **argv) {
    struct option names[MAX_OPTIONS + 2] = {{0}};
    char letters[3 * MAX_OPTIONS + 4] = ":h";
    size_t n = 0, at = strlen(letters);
    for (const cli_option *o = c->options; o->name && n < MAX_OPTIONS; o++) {
        names[n++] = (struct option){o->name, o->value ? required_argument : no_argument, NULL, o->id};
        if (o->id >= 256) continue;
        letters[at++] = (char)o->id;
        if (o->value) letters[at++] = ':';
    }
    letters[at] = 0;
    names[n] = (struct option){"help", no_argument, NULL, 'h'};
    if (optind == 1) protect_comments(argc, argv);
    opterr = 0;
    int id = getopt_long(argc, argv, letters, names, NULL);
    cli_value = optarg;
    if (id == 'h') {
        print_help(c);
        exit(EXIT_DONE);
    }
    if (id == ':') exit(cli_wrong_usage(c, "%s needs a value", argv[optind - 1]));
    if (id == '?') {
        if (optopt && optopt < 256 && !strchr(letters, optopt)) exit(cli_wrong_usage(c, "no option -%c", optopt));
        exit(cli_wrong_usage(c, "option %s is unknown, or takes no value", argv[optind - 1]));
    }
    return id;
}

int cli_first_argument(void) {
    return optind;
}

long cli_number(const cli_command *c, const char *name) {
    char *end;
    errno = 0;
    long n = strtol(cli_value, &end, 10);
    if (errno || *end || end == cli_value || n < 0) exit(cli_wrong_usage(c, "--%s %s: not a number from 0 up", name, cli_value));
    return n;
}

int cli_wrong_usage(const cli_command *c, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fprintf(stderr, "bytefusion: ");
    vfprintf(stderr, format, args);
    va_end(args);
    if (c)
        fprintf(stderr, "\nusage: bytefusion %s %s\nbytefusion %s --help says more\n", c->name, c->arguments, c->name);
    else
        fprintf(stderr, "\nbytefusion --help lists the commands\n");
    return EXIT_USAGE;
}

int cli_fail(const bf_error *err) {
    if (pipe_closed()) return EXIT_FAILED;
    if (interrupted()) return interrupt_end();
    fprintf(stderr, "bytefusion: %s", err->message);
    if (err->offset >= 0) fprintf(stderr, " (at byte %lld)", (long long)err->offset);
    fprintf(stderr, "\n");
    return EXIT_FAILED;
}

const char *cli_count(cli_text out, int64_t n) {
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)n), at = 0;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0 && digits[i - 1] != '-') out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = 0;
    return out;
}

/* Bytes of the character at `text`; 0: it is no UTF-8. */
static int character_bytes(const char *text) {
    unsigned char first = (unsigned char)*text;
    int n = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    for (int i = 1; i < n; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80) return 0;
    return n;
}

void cli_json_text(const char *text) {
    putchar('"');
    for (int n; *text; text += n ? n : 1) {
        n = character_bytes(text);
        if (*text == '"' || *text == '\\')
            printf("\\%c", *text);
        else if ((unsigned char)*text < 0x20)
            printf("\\u%04x", *text);
        else if (n)
            printf("%.*s", n, text);
        else
            printf("\\\\x%02x", (unsigned char)*text);
    }
    putchar('"');
}

const char *cli_bytes(cli_text out, int64_t n) {
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    double value = (double)n;
    size_t unit = 0;
    for (; value >= 999.95 && unit < 4; unit++) value /= 1000;
    snprintf(out, sizeof(cli_text), unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return out;
}
