#include "schema/compare.h"

#include "bytes.h"
#include "nanoarrow/nanoarrow.h"

/* ---- schemas that differ from the contract by one change ---- */

static struct ArrowSchema contract(void) {
    struct ArrowSchema schema;
    assert_int_equal(bf_schema(&schema, NULL), BF_OK);
    return schema;
}

/* "code_objects[].flags", "code_objects[]", "attrs{value}", and "" for the schema itself. */
static struct ArrowSchema *field_at(struct ArrowSchema *schema, const char *path) {
    while (*path) {
        size_t n = strcspn(path, ".[{");
        int64_t i = 0;
        while (i < schema->n_children && (strlen(schema->children[i]->name) != n || memcmp(schema->children[i]->name, path, n))) i++;
        assert_true(i < schema->n_children);
        schema = schema->children[i];
        path += n;
        if (*path == '[') schema = schema->children[0], path += 2;
        if (*path == '{') return schema->children[0]->children[path[1] == 'v'];
        path += *path == '.';
    }
    return schema;
}

typedef enum change_kind { FORMAT, NULLABILITY, METADATA, NO_METADATA, NAME } change_kind;

typedef struct change {
    const char *path;
    change_kind kind;
    const char *text, *value; /* format, key, name; the value of a key */
} change;

static void set_pair(struct ArrowSchema *field, const char *key, const char *value) {
    struct ArrowBuffer pairs;
    assert_int_equal(ArrowMetadataBuilderInit(&pairs, field->metadata), NANOARROW_OK);
    assert_int_equal(ArrowMetadataBuilderSet(&pairs, ArrowCharView(key), ArrowCharView(value)), NANOARROW_OK);
    assert_int_equal(ArrowSchemaSetMetadata(field, (const char *)pairs.data), NANOARROW_OK);
    ArrowBufferReset(&pairs);
}

static void make_change(struct ArrowSchema *schema, const change *c) {
    struct ArrowSchema *field = field_at(schema, c->path);
    switch (c->kind) {
    case FORMAT: assert_int_equal(ArrowSchemaSetFormat(field, c->text), NANOARROW_OK); break;
    case NULLABILITY: field->flags ^= ARROW_FLAG_NULLABLE; break;
    case METADATA: set_pair(field, c->text, c->value); break;
    case NO_METADATA: assert_int_equal(ArrowSchemaSetMetadata(field, NULL), NANOARROW_OK); break;
    case NAME: assert_int_equal(ArrowSchemaSetName(field, c->text), NANOARROW_OK); break;
    }
}

/* ---- what is told ---- */

/** "PATH WHAT: EXPECTED, FOUND" a line, with " (wider)" behind. */
static void on_difference(void *context, const bf_difference *d) {
    char *text = context;
    size_t n = strlen(text);
    snprintf(text + n, 2000 - n, "%s%s %s: %s, %s%s",
             n ? "\n" : "", d->path, d->what, d->expected, d->found, d->is_widening ? " (wider)" : "");
}

static void assert_told(const struct ArrowSchema *expected, const struct ArrowSchema *found, bf_compare_mode mode, const char *told) {
    char text[2000] = "";
    size_t n = *told != 0;
    for (const char *c = told; *c; c++) n += *c == '\n';
    assert_int_equal(bf_schema_compare(expected, found, mode, on_difference, text), n);
    assert_string_equal(text, told);
    assert_int_equal(bf_schema_compare(expected, found, mode, NULL, NULL), n); /* counting only */
}

static void fingerprint(char out[65], const struct ArrowSchema *schema, bf_compare_mode mode) {
    bf_error err = {0};
    if (bf_schema_fingerprint(out, schema, mode, &err) != BF_OK) fail_msg("%s", err.message);
}

static void assert_same_fingerprint(const struct ArrowSchema *a, const struct ArrowSchema *b, bf_compare_mode mode, bool same) {
    char x[65], y[65];
    fingerprint(x, a, mode);
    fingerprint(y, b, mode);
    assert_int_equal(!strcmp(x, y), same);
}

#define SPAN "col_unit=utf32 end_exclusive=true line_base=0 semantic_type=Span"

/* Each is told, and each makes another fingerprint, in both modes. */
static void test_compare__told(void **state) {
    (void)state;
    static const struct {
        change change;
        const char *told;
    } cases[] = {
        {{"file_id", FORMAT, "i", NULL}, "file_id type: utf8, int32"},
        {{"file_id", FORMAT, "z", NULL}, "file_id type: utf8, binary"},
        {{"file_id", FORMAT, "U", NULL}, "file_id type: utf8, large_utf8 (wider)"},
        {{"code_objects[].flags", FORMAT, "l", NULL}, "code_objects[].flags type: int32, int64 (wider)"},
        {{"code_objects[].flags", FORMAT, "s", NULL}, "code_objects[].flags type: int32, int16"},
        {{"code_objects[].flags", FORMAT, "L", NULL}, "code_objects[].flags type: int32, uint64"}, /* no negative numbers */
        {{"code_objects[].flags", FORMAT, "tdD", NULL}, "code_objects[].flags type: int32, date32"},
        {{"code_objects[].flags", FORMAT, "ttu", NULL}, "code_objects[].flags type: int32, ttu"}, /* one without a name */
        {{"code_objects[].instructions[].argval_int", FORMAT, "i", NULL},
         "code_objects[].instructions[].argval_int type: int64, int32"},
        {{"code_objects[].flags_detail.is_nested", FORMAT, "C", NULL}, "code_objects[].flags_detail.is_nested type: bool, uint8"},
        {{"code_objects[].varnames[]", FORMAT, "z", NULL}, "code_objects[].varnames[] type: utf8, binary"},
        {{"code_objects", FORMAT, "+L", NULL}, "code_objects type: list<struct>, large_list<struct>"},
        {{"path", NULLABILITY, NULL, NULL}, "path nullability: not null, nullable"},
        {{"repo", NULLABILITY, NULL, NULL}, "repo nullability: nullable, not null"},
        {{"code_objects[]", NULLABILITY, NULL, NULL}, "code_objects[] nullability: not null, nullable"},
        {{"code_objects[].instructions[].span.end", NULLABILITY, NULL, NULL},
         "code_objects[].instructions[].span.end nullability: nullable, not null"},
        {{"code_objects[].line_table", METADATA, "line_base", "0"}, "code_objects[].line_table metadata: line_base=1, line_base=0"},
        {{"code_objects[].line_table", METADATA, "more", "1"}, "code_objects[].line_table metadata: none, more=1"},
        {{"code_objects[].instructions", NO_METADATA, NULL, NULL}, "code_objects[].instructions metadata: " SPAN ", none"},
        {{"repo", METADATA, "k", "v"}, "repo metadata: none, k=v"},
        {{"", METADATA, "schema_version", "2"}, " metadata: schema_version=1, schema_version=2"},
        {{"attrs", NAME, "notes", NULL}, "attrs missing: map<utf8,utf8>, no such field\nnotes extra: no such field, map<utf8,utf8>"},
        {{"code_objects[].flags_detail.is_nofree", NAME, "is_free", NULL},
         "code_objects[].flags_detail.is_nofree missing: bool, no such field\ncode_objects[].flags_detail.is_free extra: no such field, bool"},
    };
    struct ArrowSchema expected = contract();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (bf_compare_mode mode = BF_COMPARE_LOGICAL; mode <= BF_COMPARE_PHYSICAL; mode++) {
            struct ArrowSchema found = contract();
            make_change(&found, &cases[i].change);
            assert_told(&expected, &found, mode, cases[i].told);
            assert_same_fingerprint(&expected, &found, mode, false);
            ArrowSchemaRelease(&found);
        }
    ArrowSchemaRelease(&expected);
}

/* ---- what is told, and no part of the fingerprint, or the reverse ---- */

static void test_compare__map_values(void **state) {
    (void)state;
    static const change required = {"attrs{value}", NULLABILITY, NULL, NULL}, binary = {"attrs{key}", FORMAT, "z", NULL};
    struct ArrowSchema expected = contract(), found = contract();
    make_change(&found, &required);
    assert_told(&expected, &found, BF_COMPARE_LOGICAL, "attrs{value} nullability: nullable, not null");
    make_change(&found, &required);
    make_change(&found, &binary);
    assert_told(&expected, &found, BF_COMPARE_LOGICAL, "attrs{key} type: utf8, binary");
    ArrowSchemaRelease(&expected);
    ArrowSchemaRelease(&found);
}

/* Views are utf8 to the one mode and another type to the other. */
static void test_compare__views(void **state) {
    (void)state;
    static const change view = {"path", FORMAT, "vu", NULL};
    struct ArrowSchema expected = contract(), found = contract();
    make_change(&found, &view);
    assert_told(&expected, &found, BF_COMPARE_LOGICAL, "");
    assert_told(&expected, &found, BF_COMPARE_PHYSICAL, "path type: utf8, utf8view");
    assert_told(&found, &expected, BF_COMPARE_PHYSICAL, "path type: utf8view, utf8");
    assert_same_fingerprint(&expected, &found, BF_COMPARE_LOGICAL, true);
    assert_same_fingerprint(&expected, &found, BF_COMPARE_PHYSICAL, false);
    ArrowSchemaRelease(&expected);
    ArrowSchemaRelease(&found);
}

/* Inner names and Parquet's field ids do not count at all. */
static void test_compare__not_counted(void **state) {
    (void)state;
    static const change changes[] = {
        {"code_objects[]", NAME, "item", NULL},
        {"code_objects[].varnames[]", NAME, "item", NULL},
        {"attrs{key}", NAME, "keys", NULL},
        {"attrs{value}", NAME, "values", NULL},
        {"repo", METADATA, "PARQUET:field_id", "1"},
        {"code_objects[].instructions[].span", METADATA, "PARQUET:field_id", "70"},
    };
    struct ArrowSchema expected = contract(), found = contract();
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) make_change(&found, &changes[i]);
    assert_int_equal(ArrowSchemaSetName(found.children[5]->children[0], "entries"), NANOARROW_OK);
    assert_told(&expected, &found, BF_COMPARE_PHYSICAL, "");
    assert_same_fingerprint(&expected, &found, BF_COMPARE_PHYSICAL, true);
    ArrowSchemaRelease(&expected);
    ArrowSchemaRelease(&found);
}

/* At the schema's level more may be there, less may not; none is expected of a schema without. */
static void test_compare__schema_metadata(void **state) {
    (void)state;
    static const change more = {"", METADATA, "written_by", "someone"}, none = {"", NO_METADATA, NULL, NULL};
    struct ArrowSchema expected = contract(), found = contract();
    make_change(&found, &more);
    assert_told(&expected, &found, BF_COMPARE_PHYSICAL, "");
    assert_told(&found, &expected, BF_COMPARE_PHYSICAL, " metadata: written_by=someone, none");
    make_change(&expected, &none);
    assert_told(&expected, &found, BF_COMPARE_PHYSICAL, "");
    ArrowSchemaRelease(&expected);
    ArrowSchemaRelease(&found);
}

/* The first that is out of its place is told, and not those that it moved; a missing one hides the order. */
static void test_compare__order(void **state) {
    (void)state;
    static const change renamed = {"errors", NAME, "mistakes", NULL};
    struct ArrowSchema expected = contract(), found = contract();
    struct ArrowSchema *path = found.children[1];
    found.children[1] = found.children[2];
    found.children[2] = path;
    assert_told(&expected, &found, BF_COMPARE_LOGICAL, "path order: path, file_id");
    assert_same_fingerprint(&expected, &found, BF_COMPARE_LOGICAL, false);
    make_change(&found, &renamed);
    assert_told(&expected, &found, BF_COMPARE_LOGICAL,
                "errors missing: list<struct>, no such field\nmistakes extra: no such field, list<struct>");
    ArrowSchemaRelease(&expected);
    ArrowSchemaRelease(&found);
}

static void test_compare__dictionary(void **state) {
    (void)state;
    static const change index = {"repo", FORMAT, "i", NULL};
    struct ArrowSchema expected = contract(), found = contract();
    make_change(&found, &index);
    assert_int_equal(ArrowSchemaAllocateDictionary(found.children[0]), NANOARROW_OK);
    ArrowSchemaInit(found.children[0]->dictionary);
    assert_int_equal(ArrowSchemaSetType(found.children[0]->dictionary, NANOARROW_TYPE_STRING), NANOARROW_OK);
    assert_told(&expected, &found, BF_COMPARE_LOGICAL, "repo type: utf8, dictionary<utf8>");
    ArrowSchemaRelease(&expected);
    ArrowSchemaRelease(&found);
}

/* ---- the canonical text ---- */

static const char small_text[] = "\na int32 not-null a=1 b=2\nb utf8 null \n";

/** a: int32, not null, metadata in the order given; b: utf8. */
static struct ArrowSchema small(const char *first, const char *second) {
    struct ArrowSchema schema;
    ArrowSchemaInit(&schema);
    assert_int_equal(ArrowSchemaSetTypeStruct(&schema, 2), NANOARROW_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ArrowSchemaSetType(schema.children[i], i ? NANOARROW_TYPE_STRING : NANOARROW_TYPE_INT32), NANOARROW_OK);
        assert_int_equal(ArrowSchemaSetName(schema.children[i], i ? "b" : "a"), NANOARROW_OK);
    }
    schema.children[0]->flags = 0;
    set_pair(schema.children[0], first, *first == 'a' ? "1" : "2");
    set_pair(schema.children[0], second, *second == 'a' ? "1" : "2");
    return schema;
}

static void test_compare__text(void **state) {
    (void)state;
    static const char *const keys[] = {"a", "b"};
    for (int i = 0; i < 2; i++) {
        bf_buf text = {0};
        char hex[65];
        struct ArrowSchema schema = small(keys[i], keys[!i]);
        bf_schema_text(&text, &schema, BF_COMPARE_PHYSICAL);
        assert_said(&text, small_text, "the small schema", "none");
        fingerprint(hex, &schema, BF_COMPARE_PHYSICAL);
        assert_string_equal(hex, "381c7f92cdd46a151710164a0ab5228f2df7154d69f08aea3dd27ccbe92d7926"); /* by sha256sum */
        bf_buf_free(&text);
        ArrowSchemaRelease(&schema);
    }
}

static void test_compare__type_names(void **state) {
    (void)state;
    static const char *const names[][2] = {
        {"repo", "utf8"},         {"code_objects", "list<struct>"},         {"code_objects[].names", "list<utf8>"},
        {"attrs", "map<utf8,utf8>"}, {"code_objects[].flags_detail", "struct"}, {"code_objects[].instructions[].argval_int", "int64"},
    };
    struct ArrowSchema schema = contract();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bf_buf text = {0};
        bf_schema_type_name(&text, field_at(&schema, names[i][0]), BF_COMPARE_PHYSICAL);
        assert_said(&text, names[i][1], names[i][0], "none");
        bf_buf_free(&text);
    }
    ArrowSchemaRelease(&schema);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare__told),
        cmocka_unit_test(test_compare__map_values),
        cmocka_unit_test(test_compare__views),
        cmocka_unit_test(test_compare__not_counted), cmocka_unit_test(test_compare__schema_metadata), cmocka_unit_test(test_compare__order),
        cmocka_unit_test(test_compare__dictionary),  cmocka_unit_test(test_compare__text),            cmocka_unit_test(test_compare__type_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
