#include "serving/typeof.h"

#include "schema/compare.h"

enum { MAX_DEPTH = 32 };

/* ---- from a schema ---- */

static bool is_nullable(const struct ArrowSchema *field) {
    return field->flags & ARROW_FLAG_NULLABLE;
}

static void put_item(bf_buf *out, const struct ArrowSchema *item) {
    bf_typeof_schema(out, item);
    if (!is_nullable(item)) bf_buf_puts(out, " not null");
}

void bf_typeof_schema(bf_buf *out, const struct ArrowSchema *field) {
    bool is_struct = !strcmp(field->format, "+s"), is_map = !strcmp(field->format, "+m");
    const struct ArrowSchema *of = is_map && field->n_children == 1 ? field->children[0] : field;
    if (field->format[0] != '+' || field->dictionary) {
        bf_schema_type_name(out, field, BF_COMPARE_LOGICAL);
        return;
    }
    bf_buf_puts(out, is_struct ? "struct<" : is_map ? "map<" : !strcmp(field->format, "+l") ? "list<" : field->format);
    for (int64_t i = 0; i < of->n_children; i++) {
        if (i) bf_buf_putc(out, ',');
        if (is_struct) bf_buf_printf(out, "%s:", of->children[i]->name);
        put_item(out, of->children[i]);
    }
    bf_buf_putc(out, '>');
}

/* ---- from what arrow_typeof prints ---- */

static const struct {
    const char *printed, *name;
} scalars[] = {
    {"Utf8View", "utf8"},
    {"Utf8", "utf8"},
    {"LargeUtf8", "large_utf8"},
    {"Boolean", "bool"},
    {"Int8", "int8"},
    {"Int16", "int16"},
    {"Int32", "int32"},
    {"Int64", "int64"},
    {"UInt8", "uint8"},
    {"UInt16", "uint16"},
    {"UInt32", "uint32"},
    {"UInt64", "uint64"},
    {"Float32", "float32"},
    {"Float64", "float64"},
    {"Binary", "binary"},
    {"BinaryView", "binary"},
    {"LargeBinary", "large_binary"},
    {"Null", "null"},
};

typedef struct parser {
    const char *at;
    bf_buf *out;
    int depth;
} parser;

static bool accept(parser *p, const char *word) {
    size_t n = strlen(word);
    if (strncmp(p->at, word, n)) return false;
    p->at += n;
    return true;
}

/* Past a text in quotes, single or double; \ keeps the character after it from ending it. Gives what is inside. */
static bool read_quoted(parser *p, bf_str *inside) {
    char quote = *p->at;
    if (quote != '"' && quote != '\'') return false;
    const char *start = ++p->at;
    while (*p->at && *p->at != quote) p->at += p->at[0] == '\\' && p->at[1] ? 2 : 1;
    if (!*p->at) return false;
    *inside = (bf_str){start, (uint32_t)(p->at - start)};
    p->at++;
    return true;
}

/* {"key": "value", ...} says what arrow_metadata says too. */
static bool skip_metadata(parser *p) {
    bf_str ignored;
    if (!accept(p, ", metadata: {")) return true;
    while (!accept(p, "}"))
        if (!accept(p, ", ") && !accept(p, ": ") && !read_quoted(p, &ignored)) return false;
    return true;
}

static bool read_type(parser *p);

/* "non-null TYPE" or "TYPE", and the metadata of what has it. */
static bool read_item(parser *p) {
    bool required = accept(p, "non-null ");
    if (!read_type(p)) return false;
    if (required) bf_buf_puts(p->out, " not null");
    return skip_metadata(p);
}

/* After "Struct(": fields up to the parenthesis. `named`: their names are told. */
static bool read_fields(parser *p, bool named) {
    bf_str name;
    for (bool first = true; !accept(p, ")"); first = false) {
        if (!first && !accept(p, ", ")) return false;
        if (!read_quoted(p, &name) || !accept(p, ": ")) return false;
        if (!first) bf_buf_putc(p->out, ',');
        if (named) {
            bf_buf_put_str(p->out, name);
            bf_buf_putc(p->out, ':');
        }
        if (!read_item(p)) return false;
    }
    return true;
}

static bool read_struct(parser *p) {
    bf_buf_puts(p->out, "struct<");
    if (!read_fields(p, true)) return false;
    bf_buf_putc(p->out, '>');
    return true;
}

static bool read_list(parser *p) {
    bf_str ignored;
    bf_buf_puts(p->out, "list<");
    if (!read_item(p) || (accept(p, ", field: ") && !read_quoted(p, &ignored))) return false;
    bf_buf_putc(p->out, '>');
    return skip_metadata(p) && accept(p, ")");
}

static bool read_map(parser *p) {
    bf_str ignored;
    bf_buf_puts(p->out, "map<");
    if (!read_quoted(p, &ignored) || !accept(p, ": non-null Struct(") || !read_fields(p, false)) return false;
    bf_buf_putc(p->out, '>');
    return skip_metadata(p) && (accept(p, ", unsorted)") || accept(p, ", sorted)"));
}

/* Length of "(...)" with all that it holds; 0 where it does not end. */
static size_t parentheses(const char *at) {
    size_t n = 0, open = 0;
    do {
        if (!at[n]) return 0;
        open += at[n] == '(';
        open -= at[n] == ')';
        n++;
    } while (open);
    return n;
}

/* A name, with parameters or without. */
static bool read_scalar(parser *p) {
    size_t n = strcspn(p->at, "(), ");
    for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++) {
        if (strlen(scalars[i].printed) != n || memcmp(scalars[i].printed, p->at, n)) continue;
        bf_buf_puts(p->out, scalars[i].name);
        p->at += n;
        return true;
    }
    size_t n_parameters = p->at[n] == '(' ? parentheses(p->at + n) : 0;
    if (!n || (p->at[n] == '(' && !n_parameters)) return false;
    bf_buf_put(p->out, p->at, n + n_parameters);
    p->at += n + n_parameters;
    return true;
}

static bool read_type(parser *p) {
    static const struct {
        const char *printed;
        bool (*read)(parser *);
    } nested[] = {{"Struct(", read_struct}, {"List(", read_list}, {"Map(", read_map}};
    if (p->depth == MAX_DEPTH) return false;
    for (size_t i = 0; i < sizeof nested / sizeof *nested; i++) {
        if (!accept(p, nested[i].printed)) continue;
        p->depth++;
        bool read = nested[i].read(p);
        p->depth--;
        return read;
    }
    return read_scalar(p);
}

bf_status bf_typeof_text(bf_buf *out, const char *printed, bf_error *err) {
    parser p = {.at = printed, .out = out};
    size_t before = out->n;
    if (!read_type(&p) || *p.at) {
        out->n = before;
        return bf_fail(err, BF_ENGINE, -1, "arrow_typeof prints a type in no form known here, at byte %zu: %s", (size_t)(p.at - printed),
                       printed);
    }
    return out->failed ? bf_fail(err, BF_NO_MEMORY, -1, "out of memory") : BF_OK;
}
