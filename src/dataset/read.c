#include "dataset/read.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "arrow/build.h"
#include "pyc/file.h"
#include "source/source.h"
#include "version/version.h"

/* The work is cut before it begins, by the size of the files, so that what comes out does not depend on who did it. */
enum {
    CHUNK_BYTES = 1344 << 10, /* of input: about 24 MB of Arrow, a page of each column, where zstd finds the most */
    CHUNK_FILES = 4096,
    BATCH_BYTES = 64 << 20,  /* of Arrow, and of texts written out: a batch ends after the row that reaches it, before its chunk does */
    GIANT_BYTES = 32 << 20,  /* of what is known of a file: beyond it, it waits until it is the only one of that size */
    MAX_JOBS = 256,
    PROGRESS_MS = 50,
};

typedef struct chunk {
    size_t first, end; /* inputs */
    bool done;
    bf_status status;
    struct ArrowArray ready; /* a batch to be given out; released when there is none */
    bf_index_report counts;
} chunk;

struct bf_reader {
    bf_read_options options;
    const bf_reader_filter *filter; /* NULL: none */
    bool is_encoded;                /* batches have dictionaries */
    bf_inputs inputs;
    bf_slabs *slabs; /* of all batches */
    chunk *chunks;
    size_t n_chunks;
    pthread_t *threads;
    size_t n_threads;

    pthread_mutex_t lock;    /* of what follows */
    pthread_cond_t finished; /* a batch or a chunk was */
    pthread_cond_t wanted;   /* a batch was given out, the window moved on, or all stops */
    size_t next_chunk;       /* to be begun */
    size_t current;          /* being given out */
    size_t window;           /* chunks that may be begun from the current one on */
    bool is_awaited;         /* whoever takes the batches has none, and waits for the next */
    bool stop;
    bf_progress progress;

    bf_index_report report;
    struct timespec started, last_progress;
    bool cancelled;
};

static double seconds_since(const struct timespec *start) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

/* ---- a worker ---- */

typedef struct worker {
    bf_reader *reader;
    chunk *chunk;
    bf_arena arena; /* what is known of one file */
    bf_builder builder;
    int64_t text_bytes; /* of the batch, as often as they occur: where dictionaries are full, as many are written */
    bf_status status;   /* of a batch that a giant ended */
} worker;

/* An input and what was read of it; data is NULL where it could not be, and `why` says why. */
typedef struct content {
    const bf_input *input;
    uint8_t *data;
    size_t size;
    bf_error why;
} content;

static bf_status read_input(content *out, const bf_input *input, const bf_limits *limits) {
    *out = (content){.input = input};
    bf_status st = input->refusal ? bf_fail(&out->why, BF_IO, -1, "%s", input->refusal)
                                  : bf_pyc_file_read(input->file, limits, &out->data, &out->size, &out->why);
    return st == BF_NO_MEMORY ? st : BF_OK;
}

/* The row of an input, or what can be said of it without decoding. */
static bf_status decode_input(const bf_reader *r, const content *c, bool only_identity, bf_arena *arena, bf_file_facts *facts) {
    const bf_read_options *o = &r->options;
    bf_decode_options decode = {.repo = bf_str_of(o->repo),
                                .path = c->input->path,
                                .path_bytes = c->input->path_bytes,
                                .assume_version = o->assume_version,
                                .limits = &o->limits,
                                .no_flow = o->no_flow,
                                .only_identity = only_identity};
    if (c->data)
        BF_TRY(bf_decode_pyc(c->data, c->size, &decode, arena, facts, NULL));
    else
        BF_TRY(bf_decode_unreadable(&decode, &c->why, arena, facts, NULL));
    if (o->no_source) return BF_OK;
    return (only_identity ? bf_source_identify : bf_source_place)(facts, c->input->file, c->data, c->size, o->assume_version, arena, NULL);
}

static bf_status ask_filter(const bf_reader *r, const content *c, bf_arena *arena, bool *has) {
    bf_file_facts identity;
    *has = false;
    if (!r->filter) return BF_OK;
    BF_TRY(decode_input(r, c, true, arena, &identity));
    *has = r->filter->has(r->filter->context, &identity);
    return BF_OK;
}

/* A chunk has one batch ready at most: files that become large are not in memory together because they lie side by side. */
static bf_status end_batch(worker *w) {
    bf_reader *r = w->reader;
    chunk *c = w->chunk;
    struct ArrowArray batch;
    BF_TRY(bf_builder_finish(&w->builder, &batch, NULL));
    w->text_bytes = 0;
    pthread_mutex_lock(&r->lock);
    while (!r->stop && c->ready.release) pthread_cond_wait(&r->wanted, &r->lock);
    bool stop = r->stop;
    if (!stop) ArrowArrayMove(&batch, &c->ready);
    pthread_cond_broadcast(&r->finished);
    pthread_mutex_unlock(&r->lock);
    if (stop) ArrowArrayRelease(&batch);
    return stop ? BF_CANCELLED : BF_OK;
}

/* A file turns out to be a giant, while it is decoded: its turn is when all before it is written. So there is one at a time, however
 * many there are, and no large batch beside it; and what is free goes back to the kernel, as it takes more than others leave. */
static void wait_for_turn(void *context) {
    worker *w = context;
    bf_reader *r = w->reader;
    if (bf_builder_rows(&w->builder)) w->status = end_batch(w);
    pthread_mutex_lock(&r->lock);
    while (!r->stop && (&r->chunks[r->current] != w->chunk || w->chunk->ready.release || !r->is_awaited)) pthread_cond_wait(&r->wanted, &r->lock);
    pthread_mutex_unlock(&r->lock);
    bf_slabs_trim(r->slabs);
    malloc_trim(0);
}

static bf_status decode_chunk(worker *w) {
    bf_reader *r = w->reader;
    chunk *c = w->chunk;
    for (size_t i = c->first; i < c->end; i++) {
        const bf_input *input = &r->inputs.items[i];
        bf_file_facts facts = {0};
        content read;
        bool is_unchanged;
        BF_TRY(read_input(&read, input, &r->options.limits));
        bf_status st = ask_filter(r, &read, &w->arena, &is_unchanged);
        if (st == BF_OK && !is_unchanged) st = decode_input(r, &read, false, &w->arena, &facts);
        if (st == BF_OK) st = w->status;
        if (st == BF_OK && !is_unchanged) st = bf_builder_add(&w->builder, &facts, NULL);
        bf_arena_reset(&w->arena);
        free(read.data);
        if (st != BF_OK) return st;
        c->counts.files++;
        c->counts.unchanged += is_unchanged;
        c->counts.input_bytes += input->size_bytes;
        c->counts.code_objects += facts.n_codes;
        c->counts.instructions += facts.n_instrs;
        c->counts.errors += facts.n_errors;
        c->counts.files_with_errors += facts.n_errors > 0;
        w->text_bytes += facts.budget.used[BF_BUDGET_text];
        if (bf_builder_size_bytes(&w->builder) >= BATCH_BYTES || w->text_bytes >= BATCH_BYTES) BF_TRY(end_batch(w));
        pthread_mutex_lock(&r->lock);
        r->progress.files++;
        r->progress.input_bytes += input->size_bytes;
        r->progress.code_objects += facts.n_codes;
        r->progress.instructions += facts.n_instrs;
        r->progress.errors += facts.n_errors;
        bool stop = r->stop;
        pthread_mutex_unlock(&r->lock);
        if (stop) return BF_CANCELLED;
    }
    return bf_builder_rows(&w->builder) ? end_batch(w) : BF_OK;
}

static chunk *take_chunk(bf_reader *r) {
    pthread_mutex_lock(&r->lock);
    while (!r->stop && r->next_chunk < r->n_chunks && r->next_chunk >= r->current + r->window) pthread_cond_wait(&r->wanted, &r->lock);
    chunk *c = r->stop || r->next_chunk == r->n_chunks ? NULL : &r->chunks[r->next_chunk++];
    pthread_mutex_unlock(&r->lock);
    return c;
}

static void *work(void *context) {
    bf_reader *r = context;
    worker w = {.reader = r};
    w.arena.alarm = (bf_arena_alarm){GIANT_BYTES, wait_for_turn, &w};
    bf_status ready = bf_builder_init(&w.builder, r->is_encoded, r->slabs, NULL);
    while ((w.chunk = take_chunk(r))) {
        bf_status st = ready == BF_OK ? decode_chunk(&w) : ready;
        pthread_mutex_lock(&r->lock);
        w.chunk->status = st;
        w.chunk->done = true;
        pthread_cond_broadcast(&r->finished);
        pthread_mutex_unlock(&r->lock);
        if (st != BF_OK) break;
    }
    bf_builder_reset(&w.builder);
    bf_arena_free(&w.arena);
    return NULL;
}

/* ---- the order of rows ---- */

typedef struct identified {
    bf_input input;
    char file_id[64];
} identified;

static int by_file_id(const void *a, const void *b) {
    return strcmp(((const identified *)a)->file_id, ((const identified *)b)->file_id);
}

/* Inputs of one path (several roots may have it) go by file_id, and the same file twice is one. Rare, so it is read for that. */
static bf_status order_run(bf_reader *r, size_t first, size_t *end, bf_error *err) {
    size_t n = *end - first, kept = 0;
    identified *run = calloc(n, sizeof *run);
    bf_arena arena = {0};
    bf_status st = run ? BF_OK : BF_NO_MEMORY;
    for (size_t i = 0; i < n && st == BF_OK; i++) {
        bf_file_facts facts;
        content read;
        run[i].input = r->inputs.items[first + i];
        st = read_input(&read, &run[i].input, &r->options.limits);
        if (st == BF_OK) st = decode_input(r, &read, true, &arena, &facts);
        if (st == BF_OK) memcpy(run[i].file_id, facts.file_id.p, facts.file_id.n < 63 ? facts.file_id.n : 63);
        bf_arena_reset(&arena);
        free(read.data);
    }
    if (st == BF_OK) {
        qsort(run, n, sizeof *run, by_file_id);
        for (size_t i = 0; i < n; i++)
            if (i == 0 || strcmp(run[i].file_id, run[i - 1].file_id)) r->inputs.items[first + kept++] = run[i].input;
        memmove(&r->inputs.items[first + kept], &r->inputs.items[*end], (r->inputs.n - *end) * sizeof *r->inputs.items);
        r->inputs.n -= n - kept;
        *end = first + kept;
    }
    bf_arena_free(&arena);
    free(run);
    return st == BF_OK ? BF_OK : bf_fail(err, st, -1, "out of memory");
}

static bf_status order_inputs(bf_reader *r, bf_error *err) {
    for (size_t first = 0; first < r->inputs.n;) {
        size_t end = first + 1;
        while (end < r->inputs.n && bf_str_eq(r->inputs.items[end].path, r->inputs.items[first].path)) end++;
        if (end > first + 1) BF_TRY(order_run(r, first, &end, err));
        first = end;
    }
    r->inputs.size_bytes = 0;
    for (size_t i = 0; i < r->inputs.n; i++) r->inputs.size_bytes += r->inputs.items[i].size_bytes;
    return BF_OK;
}

static bf_status cut_chunks(bf_reader *r, bf_error *err) {
    size_t capacity = (size_t)(r->inputs.size_bytes / CHUNK_BYTES) + r->inputs.n / CHUNK_FILES + 2;
    if (!(r->chunks = calloc(capacity, sizeof *r->chunks))) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    int64_t size = 0;
    for (size_t i = 0; i < r->inputs.n; i++) {
        chunk *c = &r->chunks[r->n_chunks];
        if (size == 0 && c->end == 0) c->first = i;
        c->end = i + 1;
        size += r->inputs.items[i].size_bytes;
        if (size < CHUNK_BYTES && c->end - c->first < CHUNK_FILES && i + 1 < r->inputs.n) continue;
        r->n_chunks++;
        size = 0;
    }
    return BF_OK;
}

/* ---- opening and closing ---- */

static size_t n_processors(void) {
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : (size_t)n;
}

static bf_status start_workers(bf_reader *r, bf_error *err) {
    size_t n = r->options.jobs > 0 ? (size_t)r->options.jobs : n_processors();
    if (n > MAX_JOBS) n = MAX_JOBS;
    if (n > r->n_chunks) n = r->n_chunks;
    r->window = n;
    if (!(r->threads = calloc(n ? n : 1, sizeof *r->threads))) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    for (; r->n_threads < n; r->n_threads++) {
        int number = pthread_create(&r->threads[r->n_threads], NULL, work, r);
        if (number && r->n_threads) break; /* fewer will do */
        if (number) return bf_fail(err, BF_NO_MEMORY, -1, "cannot start a thread: %s", strerror(number));
    }
    return BF_OK;
}

bf_status bf_reader_open(bf_reader **out, const bf_read_options *options, const bf_reader_filter *filter, bool is_encoded, bf_error *err) {
    *out = NULL;
    if (options->assume_version && !bf_cpython_by_name(options->assume_version))
        return bf_fail(err, BF_INVALID_ARGUMENT, -1, "no CPython version %s is known; one is written like 3.12", options->assume_version);
    if (options->jobs < 0) return bf_fail(err, BF_INVALID_ARGUMENT, -1, "%d jobs", options->jobs);
    BF_TRY(bf_limits_check(&options->limits, err));
    bf_reader *r = calloc(1, sizeof *r);
    if (!r) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    r->options = *options;
    r->filter = filter;
    r->is_encoded = is_encoded;
    clock_gettime(CLOCK_MONOTONIC, &r->started);
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&r->finished, &clock);
    pthread_cond_init(&r->wanted, NULL);
    pthread_condattr_destroy(&clock);
    bf_status st = bf_inputs_find(&r->inputs, options, err);
    if (st == BF_OK) st = order_inputs(r, err);
    if (st == BF_OK) st = cut_chunks(r, err);
    r->progress.n_files = (int64_t)r->inputs.n;
    r->progress.n_input_bytes = r->inputs.size_bytes;
    if (st == BF_OK && !(r->slabs = bf_slabs_new())) st = bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    if (st == BF_OK) st = start_workers(r, err);
    if (st != BF_OK) {
        bf_reader_close(r);
        return st;
    }
    *out = r;
    return BF_OK;
}

void bf_reader_close(bf_reader *r) {
    if (!r) return;
    pthread_mutex_lock(&r->lock);
    r->stop = true;
    pthread_cond_broadcast(&r->wanted);
    pthread_mutex_unlock(&r->lock);
    for (size_t i = 0; i < r->n_threads; i++) pthread_join(r->threads[i], NULL);
    for (size_t i = 0; i < r->n_chunks; i++)
        if (r->chunks[i].ready.release) ArrowArrayRelease(&r->chunks[i].ready);
    pthread_cond_destroy(&r->wanted);
    pthread_cond_destroy(&r->finished);
    pthread_mutex_destroy(&r->lock);
    free(r->threads);
    free(r->chunks);
    bf_slabs_free(r->slabs);
    bf_inputs_free(&r->inputs);
    free(r);
}

/* ---- giving batches ---- */

/* Called with the lock held; lets go of it for the callback. */
static void tell_progress(bf_reader *r, bool always) {
    if (!r->options.progress || (!always && seconds_since(&r->last_progress) * 1000 < PROGRESS_MS)) return;
    clock_gettime(CLOCK_MONOTONIC, &r->last_progress);
    bf_progress state = r->progress;
    state.seconds = seconds_since(&r->started);
    pthread_mutex_unlock(&r->lock);
    if (!r->options.progress(r->options.context, &state)) r->cancelled = true;
    pthread_mutex_lock(&r->lock);
}

static void wait_for(bf_reader *r, const chunk *c) {
    r->is_awaited = true;
    pthread_cond_broadcast(&r->wanted);
    while (!c->ready.release && !c->done && !r->cancelled) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += PROGRESS_MS * 1000000L;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_nsec -= 1000000000L;
            until.tv_sec++;
        }
        pthread_cond_timedwait(&r->finished, &r->lock, &until);
        tell_progress(r, false);
    }
    r->is_awaited = false;
}

static void count(bf_index_report *sum, const bf_index_report *part) {
    sum->files += part->files;
    sum->unchanged += part->unchanged;
    sum->code_objects += part->code_objects;
    sum->instructions += part->instructions;
    sum->errors += part->errors;
    sum->files_with_errors += part->files_with_errors;
    sum->input_bytes += part->input_bytes;
}

bf_status bf_reader_next(bf_reader *r, struct ArrowArray *out, bf_error *err) {
    out->release = NULL;
    bf_status st = BF_OK;
    pthread_mutex_lock(&r->lock);
    tell_progress(r, false);
    while (r->current < r->n_chunks) {
        chunk *c = &r->chunks[r->current];
        wait_for(r, c);
        st = r->cancelled ? BF_CANCELLED : c->done ? c->status : BF_OK;
        if (st != BF_OK) break;
        if (c->ready.release) {
            ArrowArrayMove(&c->ready, out);
            pthread_cond_broadcast(&r->wanted);
            break;
        }
        count(&r->report, &c->counts);
        r->current++;
        pthread_cond_broadcast(&r->wanted);
    }
    if (st == BF_OK && r->current == r->n_chunks) tell_progress(r, true);
    pthread_mutex_unlock(&r->lock);
    if (r->cancelled) st = BF_CANCELLED;
    return st == BF_OK ? BF_OK : bf_fail(err, st, -1, st == BF_CANCELLED ? "cancelled" : "out of memory");
}

const bf_inputs *bf_reader_inputs(const bf_reader *r) {
    return &r->inputs;
}

void bf_reader_report(const bf_reader *r, bf_index_report *report) {
    *report = r->report;
    report->seconds = seconds_since(&r->started);
}

/* ---- as a stream ---- */

typedef struct read_stream {
    bf_reader *reader;
    bf_error error;
} read_stream;

static int stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    read_stream *s = stream->private_data;
    bf_error_clear(&s->error);
    return bf_schema(out, &s->error) == BF_OK ? 0 : ENOMEM;
}

static int stream_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    read_stream *s = stream->private_data;
    bf_error_clear(&s->error);
    bf_status st = bf_reader_next(s->reader, out, &s->error);
    return st == BF_OK ? 0 : st == BF_CANCELLED ? ECANCELED : ENOMEM;
}

static const char *stream_error(struct ArrowArrayStream *stream) {
    read_stream *s = stream->private_data;
    return s->error.code == BF_OK ? NULL : s->error.message;
}

static void stream_release(struct ArrowArrayStream *stream) {
    read_stream *s = stream->private_data;
    bf_reader_close(s->reader);
    free(s);
    stream->release = NULL;
}

bf_status bf_read(const bf_read_options *options, struct ArrowArrayStream *out, bf_error *err) {
    bf_error_clear(err);
    out->release = NULL;
    read_stream *s = calloc(1, sizeof *s);
    if (!s) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    bf_status st = bf_reader_open(&s->reader, options, NULL, false, err);
    if (st != BF_OK) {
        free(s);
        return st;
    }
    *out = (struct ArrowArrayStream){stream_schema, stream_next, stream_error, stream_release, s};
    return BF_OK;
}
