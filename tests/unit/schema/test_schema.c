#include "schema/schema.h"

#include "failing.h"
#include "nanoarrow/nanoarrow.h"

/* The contract again, by hand: path, type, nullability, metadata. Order counts. */
static const struct {
    const char *path, *type, *nullability, *metadata;
} fields[] = {
    {"repo", "utf8", "null", ""},
    {"path", "utf8", "not null", ""},
    {"file_id", "utf8", "not null", ""},
    {"code_objects", "list<struct>", "null", ""},
    {"code_objects[].code_id", "utf8", "not null", ""},
    {"code_objects[].qualname", "utf8", "not null", ""},
    {"code_objects[].co_qualname", "utf8", "null", ""},
    {"code_objects[].co_filename", "utf8", "null", ""},
    {"code_objects[].name", "utf8", "not null", ""},
    {"code_objects[].firstlineno1", "int32", "not null", ""},
    {"code_objects[].argcount", "int32", "null", ""},
    {"code_objects[].posonlyargcount", "int32", "null", ""},
    {"code_objects[].kwonlyargcount", "int32", "null", ""},
    {"code_objects[].nlocals", "int32", "null", ""},
    {"code_objects[].flags", "int32", "null", ""},
    {"code_objects[].flags_detail", "struct", "null", ""},
    {"code_objects[].flags_detail.is_optimized", "bool", "null", ""},
    {"code_objects[].flags_detail.is_newlocals", "bool", "null", ""},
    {"code_objects[].flags_detail.has_varargs", "bool", "null", ""},
    {"code_objects[].flags_detail.has_varkeywords", "bool", "null", ""},
    {"code_objects[].flags_detail.is_nested", "bool", "null", ""},
    {"code_objects[].flags_detail.is_generator", "bool", "null", ""},
    {"code_objects[].flags_detail.is_nofree", "bool", "null", ""},
    {"code_objects[].flags_detail.is_coroutine", "bool", "null", ""},
    {"code_objects[].flags_detail.is_iterable_coroutine", "bool", "null", ""},
    {"code_objects[].flags_detail.is_async_generator", "bool", "null", ""},
    {"code_objects[].stacksize", "int32", "null", ""},
    {"code_objects[].code_len", "int32", "null", ""},
    {"code_objects[].varnames", "list<utf8>", "null", ""},
    {"code_objects[].freevars", "list<utf8>", "null", ""},
    {"code_objects[].cellvars", "list<utf8>", "null", ""},
    {"code_objects[].names", "list<utf8>", "null", ""},
    {"code_objects[].consts", "list<struct>", "null", ""},
    {"code_objects[].consts[].const_index", "int32", "not null", ""},
    {"code_objects[].consts[].const_repr", "utf8", "not null", ""},
    {"code_objects[].consts_json", "utf8", "null", ""},
    {"code_objects[].line_table", "list<struct>", "null", "line_base=1"},
    {"code_objects[].line_table[].offset", "int32", "not null", ""},
    {"code_objects[].line_table[].line1", "int32", "null", "line_base=1"},
    {"code_objects[].line_table[].line0", "int32", "null", ""},
    {"code_objects[].line_table[].attrs", "map<utf8,utf8>", "null", ""},
    {"code_objects[].instructions", "list<struct>", "null", "line_base=0 col_unit=utf32 end_exclusive=true semantic_type=Span"},
    {"code_objects[].instructions[].instr_index", "int32", "not null", ""},
    {"code_objects[].instructions[].offset", "int32", "not null", ""},
    {"code_objects[].instructions[].start_offset", "int32", "null", ""},
    {"code_objects[].instructions[].end_offset", "int32", "null", ""},
    {"code_objects[].instructions[].opname", "utf8", "not null", ""},
    {"code_objects[].instructions[].baseopname", "utf8", "null", ""},
    {"code_objects[].instructions[].opcode", "int32", "not null", ""},
    {"code_objects[].instructions[].baseopcode", "int32", "null", ""},
    {"code_objects[].instructions[].arg", "int32", "null", ""},
    {"code_objects[].instructions[].oparg", "int32", "null", ""},
    {"code_objects[].instructions[].argval_kind", "utf8", "null", ""},
    {"code_objects[].instructions[].argval_int", "int64", "null", ""},
    {"code_objects[].instructions[].argval_str", "utf8", "null", ""},
    {"code_objects[].instructions[].argrepr", "utf8", "null", ""},
    {"code_objects[].instructions[].line_number", "int32", "null", ""},
    {"code_objects[].instructions[].starts_line", "int32", "null", ""},
    {"code_objects[].instructions[].label", "int32", "null", ""},
    {"code_objects[].instructions[].is_jump_target", "bool", "null", ""},
    {"code_objects[].instructions[].jump_target", "int32", "null", ""},
    {"code_objects[].instructions[].cache_info", "list<struct>", "null", ""},
    {"code_objects[].instructions[].cache_info[].name", "utf8", "not null", ""},
    {"code_objects[].instructions[].cache_info[].size", "int32", "null", ""},
    {"code_objects[].instructions[].cache_info[].data_hex", "utf8", "null", ""},
    {"code_objects[].instructions[].span", "struct", "null", "line_base=0 col_unit=utf32 end_exclusive=true semantic_type=Span"},
    {"code_objects[].instructions[].span.start", "struct", "null", ""},
    {"code_objects[].instructions[].span.start.line0", "int32", "null", ""},
    {"code_objects[].instructions[].span.start.col", "int32", "null", ""},
    {"code_objects[].instructions[].span.end", "struct", "null", ""},
    {"code_objects[].instructions[].span.end.line0", "int32", "null", ""},
    {"code_objects[].instructions[].span.end.col", "int32", "null", ""},
    {"code_objects[].instructions[].span.end_exclusive", "bool", "null", ""},
    {"code_objects[].instructions[].span.col_unit", "utf8", "null", ""},
    {"code_objects[].instructions[].span.byte_span", "struct", "null", ""},
    {"code_objects[].instructions[].span.byte_span.byte_start", "int32", "null", ""},
    {"code_objects[].instructions[].span.byte_span.byte_len", "int32", "null", ""},
    {"code_objects[].instructions[].attrs", "map<utf8,utf8>", "null", ""},
    {"code_objects[].exception_table", "list<struct>", "null", ""},
    {"code_objects[].exception_table[].exc_index", "int32", "not null", ""},
    {"code_objects[].exception_table[].start_offset", "int32", "null", ""},
    {"code_objects[].exception_table[].end_offset", "int32", "null", ""},
    {"code_objects[].exception_table[].target_offset", "int32", "null", ""},
    {"code_objects[].exception_table[].depth", "int32", "null", ""},
    {"code_objects[].exception_table[].lasti", "bool", "null", ""},
    {"code_objects[].exception_table[].attrs", "map<utf8,utf8>", "null", ""},
    {"code_objects[].blocks", "list<struct>", "null", ""},
    {"code_objects[].blocks[].start_offset", "int32", "not null", ""},
    {"code_objects[].blocks[].end_offset", "int32", "not null", ""},
    {"code_objects[].blocks[].kind", "utf8", "not null", ""},
    {"code_objects[].blocks[].attrs", "map<utf8,utf8>", "null", ""},
    {"code_objects[].cfg_edges", "list<struct>", "null", ""},
    {"code_objects[].cfg_edges[].src_block_start", "int32", "not null", ""},
    {"code_objects[].cfg_edges[].src_block_end", "int32", "not null", ""},
    {"code_objects[].cfg_edges[].dst_block_start", "int32", "not null", ""},
    {"code_objects[].cfg_edges[].dst_block_end", "int32", "not null", ""},
    {"code_objects[].cfg_edges[].kind", "utf8", "not null", ""},
    {"code_objects[].cfg_edges[].edge_key", "utf8", "not null", ""},
    {"code_objects[].cfg_edges[].cond_instr_index", "int32", "null", ""},
    {"code_objects[].cfg_edges[].cond_instr_offset", "int32", "null", ""},
    {"code_objects[].cfg_edges[].exc_index", "int32", "null", ""},
    {"code_objects[].cfg_edges[].attrs", "map<utf8,utf8>", "null", ""},
    {"code_objects[].dfg_edges", "list<struct>", "null", ""},
    {"code_objects[].dfg_edges[].src_instr_index", "int32", "not null", ""},
    {"code_objects[].dfg_edges[].dst_instr_index", "int32", "not null", ""},
    {"code_objects[].dfg_edges[].kind", "utf8", "not null", ""},
    {"code_objects[].dfg_edges[].attrs", "map<utf8,utf8>", "null", ""},
    {"code_objects[].attrs", "map<utf8,utf8>", "null", ""},
    {"errors", "list<struct>", "null", ""},
    {"errors[].error_type", "utf8", "not null", ""},
    {"errors[].message", "utf8", "not null", ""},
    {"errors[].attrs", "map<utf8,utf8>", "null", ""},
    {"attrs", "map<utf8,utf8>", "null", ""},
};

enum { N_FIELDS = sizeof fields / sizeof *fields };

static const char schema_metadata[] =
    "schema_name=bytecode_files_v1 schema_version=1 bytecode_abi_version=1 bytecode_span_line_base=0 bytecode_span_col_unit=utf32 "
    "bytecode_span_end_exclusive=true ordering_level=explicit ordering_keys=path:ascending,file_id:ascending "
    "required_non_null=file_id,path key_fields=file_id,path";

/* ---- what a schema says, without the help of src/schema ---- */

static void assert_metadata(const char *path, const char *metadata, const char *expected) {
    char text[1000] = "";
    struct ArrowMetadataReader reader;
    struct ArrowStringView key, value;
    assert_int_equal(ArrowMetadataReaderInit(&reader, metadata), NANOARROW_OK);
    while (reader.remaining_keys) {
        assert_int_equal(ArrowMetadataReaderRead(&reader, &key, &value), NANOARROW_OK);
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "%s%.*s=%.*s", n ? " " : "", (int)key.size_bytes, key.data, (int)value.size_bytes, value.data);
    }
    if (strcmp(text, expected)) fail_msg("%s: metadata \"%s\" where it is \"%s\"", path, text, expected);
}

static const char *type_of(const struct ArrowSchema *field) {
    static const char *const types[][2] = {{"u", "utf8"}, {"i", "int32"}, {"l", "int64"}, {"b", "bool"}, {"+s", "struct"}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(types[i][0], field->format)) return types[i][1];
    if (!strcmp(field->format, "+l")) return !strcmp(field->children[0]->format, "u") ? "list<utf8>" : "list<struct>";
    if (!strcmp(field->format, "+m")) return "map<utf8,utf8>";
    return field->format;
}

static bool is_null(const struct ArrowSchema *field) {
    return field->flags & ARROW_FLAG_NULLABLE;
}

/* List items and map entries are no fields of the contract: never null, and named as Parquet names them. */
static void assert_inner(const struct ArrowSchema *field) {
    const struct ArrowSchema *inner = field->children[0];
    assert_false(is_null(inner));
    assert_null(inner->metadata);
    if (!strcmp(field->format, "+l")) {
        assert_string_equal(inner->name, "element");
        return;
    }
    assert_string_equal(inner->name, "key_value");
    assert_int_equal(inner->n_children, 2);
    static const char *const names[] = {"key", "value"};
    for (int i = 0; i < 2; i++) {
        assert_string_equal(inner->children[i]->name, names[i]);
        assert_string_equal(inner->children[i]->format, "u");
        assert_int_equal(is_null(inner->children[i]), i);
    }
}

static void assert_fields(const struct ArrowSchema *parent, const char *prefix, size_t *next) {
    for (int64_t i = 0; i < parent->n_children; i++) {
        const struct ArrowSchema *field = parent->children[i];
        char path[128];
        snprintf(path, sizeof path, "%s%s", prefix, field->name);
        if (*next == N_FIELDS) fail_msg("%s is no field of the contract", path);
        assert_string_equal(path, fields[*next].path);
        if (strcmp(type_of(field), fields[*next].type)) fail_msg("%s is %s", path, type_of(field));
        if (is_null(field) != !strcmp(fields[*next].nullability, "null")) fail_msg("%s should be %s", path, fields[*next].nullability);
        assert_metadata(path, field->metadata, fields[*next].metadata);
        ++*next;
        bool is_list = !strcmp(field->format, "+l");
        if (is_list || !strcmp(field->format, "+m")) assert_inner(field);
        if (is_list) {
            strcat(path, "[].");
            assert_fields(field->children[0], path, next);
        } else if (!strcmp(field->format, "+s")) {
            strcat(path, ".");
            assert_fields(field, path, next);
        }
    }
}

/* ---- tests ---- */

static void test_schema__is_the_contract(void **state) {
    (void)state;
    bf_error err = {0};
    struct ArrowSchema schema;
    size_t next = 0;
    assert_int_equal(bf_schema(&schema, &err), BF_OK);
    assert_string_equal(schema.format, "+s");
    assert_string_equal(schema.name, "");
    assert_fields(&schema, "", &next);
    if (next != N_FIELDS) fail_msg("%s is missing", fields[next].path);
    assert_metadata("the schema", schema.metadata, schema_metadata);
    ArrowSchemaRelease(&schema);
}

/* The table that it is made of: the same rows. */
static void test_schema__table(void **state) {
    (void)state;
    assert_int_equal(bf_n_fields, N_FIELDS);
    for (size_t i = 0; i < bf_n_fields; i++) assert_string_equal(bf_fields[i].path, fields[i].path);
}

static void test_schema__no_memory(void **state) {
    (void)state;
    bf_status st;
    int64_t n = 0;
    do {
        bf_error err = {0};
        struct ArrowSchema schema;
        allocations_left = n++;
        st = bf_schema(&schema, &err);
        allocations_left = INT64_MAX;
        assert_int_equal(st, err.code);
        if (st == BF_OK)
            ArrowSchemaRelease(&schema);
        else
            assert_int_equal(st, BF_NO_MEMORY);
        assert_null(schema.release);
    } while (st != BF_OK);
    assert_true(n > N_FIELDS); /* each field was the one that failed */
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema__is_the_contract),
        cmocka_unit_test(test_schema__table),
        cmocka_unit_test(test_schema__no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
