#include "views/columns.h"

#include "nanoarrow/nanoarrow.h"

#define UTF8 BF_TYPE_UTF8, NULL
#define INT32 BF_TYPE_INT32, NULL
#define INT64 BF_TYPE_INT64, NULL
#define MAP BF_TYPE_MAP, NULL
#define FIELD(path) BF_TYPE_UTF8, path
#define NULLABLE true
#define REQUIRED false
const bf_view_column bf_view_columns[] = {
#define BF_VIEW_COLUMN(view, column, type, nullability) {#view, column, type, nullability},
#include "views/columns.def"
#undef BF_VIEW_COLUMN
};
#undef UTF8
#undef INT32
#undef INT64
#undef MAP
#undef FIELD
#undef NULLABLE
#undef REQUIRED

const size_t bf_n_view_columns = sizeof bf_view_columns / sizeof *bf_view_columns;

/* ---- fields of the table ---- */

static const struct ArrowSchema *child_named(const struct ArrowSchema *parent, const char *name, size_t n) {
    for (int64_t i = 0; i < parent->n_children; i++) {
        const char *other = parent->children[i]->name;
        if (other && strlen(other) == n && !memcmp(other, name, n)) return parent->children[i];
    }
    return NULL;
}

const struct ArrowSchema *bf_table_field(const struct ArrowSchema *table, const char *path) {
    const struct ArrowSchema *field = table;
    for (;;) {
        size_t n = strcspn(path, ".[");
        field = child_named(field, path, n);
        path += n;
        if (!field) return NULL;
        if (!strncmp(path, "[].", 3)) {
            if (field->n_children != 1) return NULL;
            field = field->children[0];
            path += 2;
        }
        if (!*path) return field;
        path++;
    }
}

/* ---- the schema of a view ---- */

/* Partition columns are those of the rows of files; a view that has one of that name in its own columns keeps it there. */
static bool is_added(const char *view, const char *partition_column) {
    bool has_rows_of_files = false;
    for (size_t i = 0; i < bf_n_view_columns; i++) {
        if (strcmp(bf_view_columns[i].view, view)) continue;
        if (!strcmp(bf_view_columns[i].name, partition_column)) return false;
        has_rows_of_files |= !strcmp(bf_view_columns[i].name, "file_id");
    }
    return has_rows_of_files;
}

static ArrowErrorCode set_name(struct ArrowSchema *out, const char *name, const bf_unnest_form *form) {
    const char *dot = strrchr(name, '.');
    char unnested[160];
    if (!dot || !form) return ArrowSchemaSetName(out, name);
    snprintf(unnested, sizeof unnested, "%s%.*s%s%s", form->before, (int)(dot - name), name, form->after, dot);
    return ArrowSchemaSetName(out, unnested);
}

static void set_nullable(struct ArrowSchema *schema, bool nullable) {
    schema->flags = nullable ? schema->flags | ARROW_FLAG_NULLABLE : schema->flags & ~(int64_t)ARROW_FLAG_NULLABLE;
}

static ArrowErrorCode set_computed(struct ArrowSchema *out, bf_field_type type) {
    static const enum ArrowType types[] = {
        [BF_TYPE_UTF8] = NANOARROW_TYPE_STRING, [BF_TYPE_INT32] = NANOARROW_TYPE_INT32, [BF_TYPE_INT64] = NANOARROW_TYPE_INT64,
        [BF_TYPE_BOOL] = NANOARROW_TYPE_BOOL,   [BF_TYPE_MAP] = NANOARROW_TYPE_MAP,
    };
    ArrowSchemaInit(out);
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetType(out, types[type]));
    if (type != BF_TYPE_MAP) return NANOARROW_OK;
    for (int i = 0; i < 2; i++) NANOARROW_RETURN_NOT_OK(ArrowSchemaSetType(out->children[0]->children[i], NANOARROW_TYPE_STRING));
    set_nullable(out->children[0], false);
    set_nullable(out->children[0]->children[0], false);
    return NANOARROW_OK;
}

/* `source` is the field of the table that the column is, or NULL. */
static ArrowErrorCode set_column(struct ArrowSchema *out, const bf_view_column *column, const struct ArrowSchema *source,
                                 const bf_view_fill *fill) {
    ArrowSchemaRelease(out);
    if (source)
        NANOARROW_RETURN_NOT_OK(ArrowSchemaDeepCopy(source, out));
    else
        NANOARROW_RETURN_NOT_OK(set_computed(out, column->type));
    NANOARROW_RETURN_NOT_OK(set_name(out, column->name, fill->unnest));
    /* what stands in a row of the table itself is as nullable there: repo is not where it is a partition column */
    bool is_top = column->field && !strchr(column->field, '.');
    set_nullable(out, is_top ? (source->flags & ARROW_FLAG_NULLABLE) != 0 : column->nullable);
    return NANOARROW_OK;
}

static bf_status no_field(bf_error *err, const char *view, const char *path) {
    return bf_fail(err, BF_CONTRACT, -1, "view %s: the table has no field %s", view, path);
}

static bf_status set_columns(struct ArrowSchema *out, const char *view, const struct ArrowSchema *table, const bf_view_fill *fill,
                             bf_error *err) {
    ArrowErrorCode code = NANOARROW_OK;
    int64_t at = 0;
    for (size_t i = 0; i < bf_n_view_columns && code == NANOARROW_OK; i++) {
        const bf_view_column *column = &bf_view_columns[i];
        if (strcmp(column->view, view)) continue;
        const struct ArrowSchema *source = column->field ? bf_table_field(table, column->field) : NULL;
        if (column->field && !source) return no_field(err, view, column->field);
        code = set_column(out->children[at++], column, source, fill);
    }
    for (size_t i = 0; i < fill->n_partition_cols && code == NANOARROW_OK; i++) {
        const char *name = fill->partition_cols[i];
        if (!is_added(view, name)) continue;
        const struct ArrowSchema *source = child_named(table, name, strlen(name));
        if (!source) return no_field(err, view, name);
        ArrowSchemaRelease(out->children[at]);
        code = ArrowSchemaDeepCopy(source, out->children[at++]);
    }
    return code == NANOARROW_OK ? BF_OK : bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
}

bf_status bf_view_schema(struct ArrowSchema *out, const char *view, const struct ArrowSchema *table, const bf_view_fill *fill,
                         bf_error *err) {
    int64_t n = 0;
    for (size_t i = 0; i < bf_n_view_columns; i++) n += !strcmp(bf_view_columns[i].view, view);
    if (!n) return bf_fail(err, BF_CONTRACT, -1, "columns.def has no view %s", view);
    for (size_t i = 0; i < fill->n_partition_cols; i++) n += is_added(view, fill->partition_cols[i]);
    ArrowSchemaInit(out);
    bf_status st = BF_OK;
    if (ArrowSchemaSetTypeStruct(out, n) != NANOARROW_OK || ArrowSchemaSetName(out, "") != NANOARROW_OK)
        st = bf_fail(err, BF_NO_MEMORY, -1, "out of memory");
    if (st == BF_OK) st = set_columns(out, view, table, fill, err);
    if (st != BF_OK) ArrowSchemaRelease(out);
    return st;
}
