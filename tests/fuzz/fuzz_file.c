/* A whole file -> facts -> an Arrow batch that is valid to its last offset. The input is the file; mutated as header and tree. */
#include "fuzz.h"

#include "arrow/build.h"
#include "nanoarrow/nanoarrow.h"
#include "pyc/header.h"
#include "tree.h"

static void check_required(const struct ArrowSchema *field, const struct ArrowArrayView *view) {
    CHECK(field->flags & ARROW_FLAG_NULLABLE || !ArrowArrayViewComputeNullCount(view));
    for (int64_t i = 0; i < field->n_children; i++) check_required(field->children[i], view->children[i]);
}

/* The values of texts, all in one go: no text ends inside a character. */
static void check_texts(const struct ArrowArrayView *view) {
    if (view->storage_type == NANOARROW_TYPE_STRING)
        for (int64_t i = 0; i < view->length; i++) {
            struct ArrowStringView text = ArrowArrayViewGetStringUnsafe(view, i);
            check_text((bf_str){text.data, (uint32_t)text.size_bytes});
        }
    if (view->dictionary) check_texts(view->dictionary);
    for (int64_t i = 0; i < view->n_children; i++) check_texts(view->children[i]);
}

static void check_batch(struct ArrowArray *batch, const struct ArrowSchema *schema, struct ArrowArrayView *view) {
    struct ArrowError why = {0};
    if (view->storage_type == NANOARROW_TYPE_UNINITIALIZED) CHECK(ArrowArrayViewInitFromSchema(view, schema, &why) == NANOARROW_OK);
    CHECK(ArrowArrayViewSetArray(view, batch, &why) == NANOARROW_OK);
    if (ArrowArrayViewValidate(view, NANOARROW_VALIDATION_LEVEL_FULL, &why)) {
        fprintf(stderr, "%s\n", why.message);
        abort();
    }
    for (int64_t i = 0; i < schema->n_children; i++) check_required(schema->children[i], view->children[i]);
    check_texts(view);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bf_arena arena;
    static bf_builder builders[2]; /* without and with dictionaries */
    static struct ArrowArrayView views[2];
    bool is_encoded = size / 2 % 2;
    bf_builder *builder = &builders[is_encoded];
    bf_file_facts facts;
    struct ArrowArray batch;
    /* small, so that they are reached; with them no input takes long */
    static const bf_limits limits = {.objects = 2000, .depth = 100, .code_objects = 100, .instructions = 2000, .text = 1 << 18, .flow_steps = 1 << 16,
                                     .memory = 1 << 21};
    bf_decode_options options = {.limits = &limits, .path = BF_STR("a.pyc"), .repo = {"r", size % 2}, .no_flow = size % 8 == 7};
    if (!builder->schema.release) CHECK(bf_builder_init(builder, is_encoded, NULL, NULL) == BF_OK);
    bf_arena_reset(&arena);
    CHECK(bf_decode_pyc(data, size, &options, &arena, &facts, NULL) == BF_OK);
    CHECK(facts.n_codes || facts.n_errors);
    CHECK(bf_builder_add(builder, &facts, NULL) == BF_OK);
    CHECK(bf_builder_finish(builder, &batch, NULL) == BF_OK);
    CHECK(batch.length == 1);
    check_batch(&batch, &builder->schema, &views[is_encoded]);
    ArrowArrayRelease(&batch);
    return 0;
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    bf_pyc_header h;
    if (bf_pyc_header_read(&h, data, size, NULL, NULL) != BF_OK || seed % 128 == 0) {
        size_t n = size < 16 ? size : 16;
        return size > n ? (LLVMFuzzerMutate(data, n, n), size) : LLVMFuzzerMutate(data, size, max_size);
    }
    size_t n = h.size_bytes;
    return n + tree_mutate(data + n, size - n, max_size - n, h.version, seed);
}
