#include "views/views.h"

#include <assert.h>
#include <ctype.h>
#include <pthread.h>
#include <string.h>

static const struct {
    const char *name, *text;
} views[] = {
#include "views.inc"
};

enum { N_VIEWS = sizeof views / sizeof *views };

/* ---- marks ---- */

static const bf_unnest_form forms[] = {
    {"DataFusion 54 and later", "", ""},
    {"DataFusion up to 53", "__unnest_placeholder(", ")"},
};

enum { N_FORMS = sizeof forms / sizeof *forms };

static void put_quoted(bf_buf *out, const char *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '"') bf_buf_putc(out, '"');
        bf_buf_putc(out, p[i]);
    }
}

/* The name of unnest(COLUMN)'s field: `p` is COLUMN.FIELD. */
static void put_unnest_name(bf_buf *out, const bf_unnest_form *form, const char *p, size_t n) {
    size_t column = n;
    while (column > 0 && p[column - 1] != '.') column--;
    bf_buf_puts(out, form->before);
    bf_buf_put(out, p, column ? column - 1 : 0);
    bf_buf_puts(out, form->after);
    bf_buf_putc(out, '.');
    bf_buf_put(out, p + column, n - column);
}

static void put_partition_cols(bf_buf *out, const bf_view_fill *fill, const char *but) {
    for (size_t i = 0; i < fill->n_partition_cols; i++) {
        const char *name = fill->partition_cols[i];
        if (but && strcmp(name, but) == 0) continue;
        bf_buf_puts(out, ", \"");
        put_quoted(out, name, strlen(name));
        bf_buf_putc(out, '"');
    }
}

/* README.md says what each mark means. */
static void put_mark(bf_buf *out, const bf_view_fill *fill, bf_str mark) {
    if (bf_str_eq(mark, BF_STR("partition_cols"))) {
        put_partition_cols(out, fill, NULL);
    } else if (bf_str_eq(mark, BF_STR("partition_cols_but_repo"))) {
        put_partition_cols(out, fill, "repo");
    } else {
        assert(memchr(mark.p, '.', mark.n));
        bf_buf_putc(out, '"');
        put_unnest_name(out, fill->unnest ? fill->unnest : &forms[0], mark.p, mark.n);
        bf_buf_putc(out, '"');
    }
}

static void expand(bf_buf *out, const char *text, const bf_view_fill *fill) {
    const char *open;
    while ((open = strstr(text, "{{"))) {
        const char *close = strstr(open, "}}");
        assert(close);
        bf_buf_put(out, text, (size_t)(open - text));
        put_mark(out, fill, (bf_str){open + 2, (uint32_t)(close - open - 2)});
        text = close + 2;
    }
    bf_buf_puts(out, text);
}

bf_status bf_unnest_form_find(const bf_unnest_form **out, const char *column, bf_error *err) {
    bf_buf known = {0}; /* the names of all forms, for the message */
    *out = NULL;
    for (size_t i = 0; i < N_FORMS; i++) {
        size_t at = known.n;
        put_unnest_name(&known, &forms[i], "base.span.start", strlen("base.span.start"));
        if (!known.failed && known.n - at == strlen(column) && memcmp(known.p + at, column, known.n - at) == 0) *out = &forms[i];
        bf_buf_puts(&known, i + 1 < N_FORMS ? ", " : "");
    }
    bf_status st = BF_OK;
    if (known.failed)
        st = bf_fail(err, BF_NO_MEMORY, -1, "no memory for the names of unnested columns");
    else if (!*out)
        st = bf_fail(err, BF_ENGINE, -1, "the engine names a field of unnest(base.span) %s; known are %.*s", column, (int)known.n, known.p);
    bf_buf_free(&known);
    return st;
}

bf_status bf_view_expand(bf_buf *out, size_t index, const bf_view_fill *fill, bf_error *err) {
    assert(index < N_VIEWS);
    for (size_t i = 0; i < fill->n_partition_cols; i++)
        if (!fill->partition_cols[i] || !*fill->partition_cols[i])
            return bf_fail(err, BF_INVALID_ARGUMENT, -1, "partition column %zu has no name", i);
    expand(out, views[index].text, fill);
    return out->failed ? bf_fail(err, BF_NO_MEMORY, -1, "no memory for the text of %s", views[index].name) : BF_OK;
}

static bool is_word(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

bool bf_view_uses(size_t index, const char *name) {
    assert(index < N_VIEWS);
    size_t n = strlen(name);
    for (const char *text = views[index].text, *at = text; (at = strstr(at, name)); at += n)
        if (!is_word(at[n]) && (at == text || !is_word(at[-1]))) return true;
    return false;
}

/* ---- the public texts: static, filled once ---- */

static struct {
    const char *sql, *comment;
} texts[N_VIEWS];
static char storage[64 * 1024]; /* its last byte stays NUL; tests/unit/views sees to it that all fits */
static pthread_once_t texts_once = PTHREAD_ONCE_INIT;

/* The lines "-- ..." that a view begins with, as one. */
static void put_comment(bf_buf *out, const char *text) {
    for (bool first = true; strncmp(text, "--", 2) == 0; first = false) {
        text += strspn(text, "- ");
        size_t n = strcspn(text, "\n");
        if (!first) bf_buf_putc(out, ' ');
        bf_buf_put(out, text, n);
        text += n;
        if (*text) text++;
    }
}

static void fill_texts(void) {
    static const bf_view_fill plain = {0};
    bf_buf out = {.p = storage, .capacity = sizeof storage - 1, .failed = true}; /* failed: it never grows */
    for (size_t i = 0; i < N_VIEWS; i++) {
        texts[i].sql = out.p + out.n;
        expand(&out, views[i].text, &plain);
        bf_buf_putc(&out, 0);
        texts[i].comment = out.p + out.n;
        put_comment(&out, views[i].text);
        bf_buf_putc(&out, 0);
    }
}

static size_t find(const char *name) {
    pthread_once(&texts_once, fill_texts);
    size_t i = 0;
    while (i < N_VIEWS && (!name || strcmp(views[i].name, name) != 0)) i++;
    return i;
}

size_t bf_view_count(void) {
    return N_VIEWS;
}

const char *bf_view_name(size_t index) {
    return index < N_VIEWS ? views[index].name : NULL;
}

const char *bf_view_sql(const char *name) {
    size_t i = find(name);
    return i < N_VIEWS ? texts[i].sql : NULL;
}

const char *bf_view_comment(const char *name) {
    size_t i = find(name);
    return i < N_VIEWS ? texts[i].comment : NULL;
}
