#include "dataset/footers.h"

#include <pthread.h>
#include <stdlib.h>

#include "dataset/footer_key.h"
#include "nanoarrow/nanoarrow.h"

enum { MAX_KNOWN = 256, MAX_THREADS = 64 };

/* ---- schemas that were read in this process: the files of a dataset mostly share one. They stay, since they are lent out ---- */

typedef struct known {
    uint8_t digest[BF_SHA256_BYTES]; /* of the part of a footer that is not about rows */
    struct ArrowSchema schema;
    bool has_arrow_schema;
} known;

static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;
static known all_known[MAX_KNOWN];
static size_t n_known;

static known *find(const bf_footer_key *key) {
    for (size_t i = 0; i < n_known; i++)
        if (!memcmp(all_known[i].digest, key->digest, sizeof key->digest)) return &all_known[i];
    return NULL;
}

static const known *find_known(const bf_footer_key *key) {
    pthread_mutex_lock(&known_lock);
    const known *found = find(key);
    pthread_mutex_unlock(&known_lock);
    return found;
}

/* Takes the schema, unless another thread was first; NULL where there is no room. */
static const known *add_known(const bf_footer_key *key, struct ArrowSchema *schema, bool has_arrow_schema) {
    pthread_mutex_lock(&known_lock);
    known *k = find(key);
    if (!k && n_known < MAX_KNOWN) {
        k = &all_known[n_known++];
        memcpy(k->digest, key->digest, sizeof key->digest);
        ArrowSchemaMove(schema, &k->schema);
        k->has_arrow_schema = has_arrow_schema;
    }
    pthread_mutex_unlock(&known_lock);
    return k;
}

/* ---- reading ---- */

typedef struct footer {
    const struct ArrowSchema *schema; /* NULL where there is an error */
    struct ArrowSchema own;           /* where it is not a known one */
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

static void read_by_engine(pool *p, const bf_dataset_file *file, const bf_footer_key *key, footer *f) {
    bf_engine_error why = {0};
    if (p->engine->footer(file->path, &f->own, &f->about, &why) != BF_ENGINE_OK) {
        f->own.release = NULL;
        bf_fail(&f->why, BF_CONTRACT, -1, "%s: its footer cannot be read: %s", file->path, why.message);
    } else {
        const known *added = key ? add_known(key, &f->own, f->about.has_arrow_schema) : NULL;
        f->schema = added ? &added->schema : &f->own;
    }
    pthread_mutex_lock(&p->lock);
    p->n_read++;
    pthread_mutex_unlock(&p->lock);
}

static void read_one(pool *p, size_t i) {
    const bf_dataset_file *file = &p->files->items[i];
    footer *f = &p->footers[i - p->first];
    bf_footer_key key;
    bool has_key = bf_footer_key_read(&key, file->path);
    const known *k = has_key ? find_known(&key) : NULL;
    if (!k) {
        read_by_engine(p, file, has_key ? &key : NULL, f);
        return;
    }
    f->schema = &k->schema;
    f->about = (bf_engine_footer){key.rows, key.row_groups, file->size_bytes, k->has_arrow_schema};
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
            if (st == BF_OK) st = on_footer(context, &files->items[i], f->schema, &f->about, &f->why);
            if (f->own.release) ArrowSchemaRelease(&f->own);
        }
    }
    if (n_read) *n_read = p.n_read;
    pthread_mutex_destroy(&p.lock);
    free(p.footers);
    return st;
}
