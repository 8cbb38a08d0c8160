/* Runs a target over packed corpora, without a fuzzer: each file given is a run of (u32 little-endian length, bytes), as the script corpora packs it. */
#include "fuzz.h"

#include "base/file.h"
#include "base/load.h"

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        uint8_t *data;
        size_t size, n_inputs = 0;
        bf_error err = {0};
        if (bf_file_read(argv[i], SIZE_MAX, &data, &size, &err) != BF_OK) {
            fprintf(stderr, "%s\n", err.message);
            return 1;
        }
        for (size_t at = 0; at < size; n_inputs++) {
            CHECK(size - at >= 4);
            uint32_t n = bf_load_u32(data + at);
            CHECK(n <= size - at - 4);
            uint8_t *input = exact((fuzz_input){data + at + 4, n});
            CHECK(input);
            LLVMFuzzerTestOneInput(input, n);
            free(input);
            at += 4 + n;
        }
        free(data);
        printf("%s: %zu inputs\n", argv[i], n_inputs);
        if (!n_inputs) return 1;
    }
    return argc < 2;
}

/* What the fuzzer has for custom mutators, which nothing calls here. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size) {
    (void)data, (void)max_size;
    return size;
}
