#include "dataset/footers.h"

#include <pthread.h>
#include <stdlib.h>

#include "nanoarrow/nanoarrow.h"

enum { CACHED = 4096, MAX_THREADS = 64 };

/* ---- what was read in this process: a table by hash of the path, a newer footer in the place of an older one ---- */

typedef struct cached {
    char *path;
    int64_t size_bytes, mtime_ns;
    struct ArrowSchema schema;
    bf_engine_footer about;
} cached;

static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;
static cached cache[CACHED];

static cached *slot_of(const char *path) {
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (const char *p = path; *p; p++) hash = (hash ^ (uint8_t)*p) * 1099511628211u;
    return &cache[hash % CACHED];
}

static bool find_cached(const bf_dataset_file *file, struct ArrowSchema *schema, bf_engine_footer *about) {
    pthread_mutex_lock(&cache_lock);
    cached *c = slot_of(file->path);
    bool found = c->path && !strcmp(c->path, file->path) && c->size_bytes == file->size_bytes && c->mtime_ns == file->mtime_ns &&
                 ArrowSchemaDeepCopy(&c->schema, schema) == NANOARROW_OK;
    if (found) *about = c->about;
    pthread_mutex_unlock(&cache_lock);
    return found;
}

static void keep(const bf_dataset_file *file, const struct ArrowSchema *schema, const bf_engine_footer *about) {
    cached new = {.path = strdup(file->path), .size_bytes = file->size_bytes, .mtime_ns = file->mtime_ns, .about = *about};
    if (!new.path || ArrowSchemaDeepCopy(schema, &new.schema) != NANOARROW_OK) {
        free(new.path);
        return; /* then it is read again */
    }
    pthread_mutex_lock(&cache_lock);
    cached *c = slot_of(file->path), old = *c;
    *c = new;
    pthread_mutex_unlock(&cache_lock);
    if (old.path) ArrowSchemaRelease(&old.schema);
    free(old.path);
}

/* ---- reading ---- */

typedef struct footer {
    struct ArrowSchema schema; /* released where there is an error */
    bf_engine_footer about;
    bf_error why;
} footer;

typedef struct pool {
    const bf_engine_api *engine;
    const bf_dataset_files *files;
    footer *footers;
    size_t first, end, next, n_read; /* of this round */
    pthread_mutex_t lock;
} pool;

static void read_one(pool *p, size_t i) {
    const bf_dataset_file *file = &p->files->items[i];
    footer *f = &p->footers[i - p->first];
    bf_engine_error why = {0};
    if (find_cached(file, &f->schema, &f->about)) return;
    if (p->engine->footer(file->path, &f->schema, &f->about, &why) == BF_ENGINE_OK) {
        keep(file, &f->schema, &f->about);
    } else {
        f->schema.release = NULL;
        bf_fail(&f->why, BF_CONTRACT, -1, "%s: its footer cannot be read: %s", file->path, why.message);
    }
    pthread_mutex_lock(&p->lock);
    p->n_read++;
    pthread_mutex_unlock(&p->lock);
}

static void *work(void *context) {
    pool *p = context;
    for (;;) {
        pthread_mutex_lock(&p->lock);
        size_t i = p->next < p->end ? p->next++ : p->end;
        pthread_mutex_unlock(&p->lock);
        if (i == p->end) return NULL;
        read_one(p, i);
    }
}

bf_status bf_footers_read(const bf_engine_api *engine, const bf_dataset_files *files, int concurrency, bf_on_footer on_footer,
                          void *context, size_t *n_read, bf_error *err) {
    size_t n_threads = concurrency < 1 ? 1 : concurrency > MAX_THREADS ? MAX_THREADS : (size_t)concurrency;
    size_t round = 16 * n_threads; /* memory stays flat however many files there are */
    pool p = {.engine = engine, .files = files, .footers = malloc(round * sizeof *p.footers)};
    if (!p.footers) return bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    pthread_mutex_init(&p.lock, NULL);
    bf_status st = BF_OK;
    for (p.first = 0; p.first < files->n && st == BF_OK; p.first = p.end) {
        pthread_t threads[MAX_THREADS];
        size_t started = 0;
        p.next = p.first;
        p.end = p.first + round < files->n ? p.first + round : files->n;
        memset(p.footers, 0, round * sizeof *p.footers);
        while (started + 1 < n_threads && started + 1 < p.end - p.first && !pthread_create(&threads[started], NULL, work, &p)) started++;
        work(&p);
        for (size_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
        for (size_t i = p.first; i < p.end; i++) {
            footer *f = &p.footers[i - p.first];
            if (st == BF_OK) st = on_footer(context, &files->items[i], f->schema.release ? &f->schema : NULL, &f->about, &f->why);
            if (f->schema.release) ArrowSchemaRelease(&f->schema);
        }
    }
    if (n_read) *n_read = p.n_read;
    pthread_mutex_destroy(&p.lock);
    free(p.footers);
    return st;
}
