#include "cli/interrupt.h"

#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { PATIENCE_MS = 700 };

static volatile sig_atomic_t is_interrupted, is_pipe_closed;
static const char *kept_text = "";

/* ---- Ctrl-C ---- */

static void print(const char *text) {
    if (write(STDERR_FILENO, text, strlen(text)) < 0) return; /* then nobody reads it */
}

static void at_once(int number) {
    (void)number;
    print("\nbytefusion: interrupted; ");
    print(kept_text);
    print("\n");
    _exit(EXIT_INTERRUPTED);
}

static void interrupt(int number) {
    (void)number;
    if (is_interrupted) at_once(number);
    is_interrupted = 1;
    bf_interrupt(true);
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {.tv_usec = PATIENCE_MS * 1000}}, NULL);
}

static void handle(int number, void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(number, &action, NULL);
}

void interrupt_keeps(const char *kept) {
    kept_text = kept;
}

void interrupt_begin(const char *kept) {
    interrupt_keeps(kept);
    handle(SIGALRM, at_once);
    handle(SIGINT, interrupt);
    handle(SIGTERM, interrupt);
}

bool interrupted(void) {
    return is_interrupted;
}

int interrupt_end(void) {
    fprintf(stderr, "bytefusion: interrupted; %s\n", kept_text);
    return EXIT_INTERRUPTED;
}

/* ---- standard output ---- */

static void close_pipe(int number) {
    (void)number;
    is_pipe_closed = 1;
}

void pipe_begin(void) {
    handle(SIGPIPE, close_pipe);
}

bool pipe_closed(void) {
    return is_pipe_closed;
}

void pipe_end(void) {
    if (!is_pipe_closed) return;
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
}
