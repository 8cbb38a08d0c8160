#include "cli/interrupt.h"

#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { PATIENCE_MS = 700 };

static volatile sig_atomic_t is_interrupted, is_pipe_closed;
static bf_session *volatile running;
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
    if (running) bf_session_interrupt(running, true);
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {.tv_usec = PATIENCE_MS * 1000}}, NULL);
}

static void handle(int number, void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(number, &action, NULL);
}

void interrupt_begin(const char *kept) {
    kept_text = kept;
    handle(SIGALRM, at_once);
    handle(SIGINT, interrupt);
    handle(SIGTERM, interrupt);
}

void interrupt_session(bf_session *session) {
    running = session;
    if (session && is_interrupted) bf_session_interrupt(session, true);
}

bool interrupted(void) {
    return is_interrupted;
}

int interrupt_end(const char *kept) {
    fprintf(stderr, "bytefusion: interrupted; %s\n", kept);
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
