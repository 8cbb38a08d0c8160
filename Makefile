# make         builds build/bytefusion, with all the set-up that it needs
# make demo    the main job on real input: this machine's Python standard library, and three questions
# make test    the tests, then the decoder's again under AddressSanitizer and UBSan, then fuzzing for a little while
.PHONY: all program demo test sanitize fuzz fuzz-build coverage lint conformance interop bench install clean
BUILD ?= build
JOBS := $(shell nproc)

all: program
	@cmake --build $(BUILD)

program: $(BUILD)/build.ninja
	@tools/setup
	@cmake -B $(BUILD) -DBF_ENGINE_LIBRARY="$$(tools/build_engine)" > /dev/null
	@cmake --build $(BUILD) --target bytefusion engine

$(BUILD)/build.ninja: CMakeLists.txt
	@tools/setup
	@cmake -S . -B $(BUILD) -G Ninja -DBF_WERROR=ON -DBF_NANOARROW_DIR="$$(tools/fetch_nanoarrow)" > /dev/null

demo: program
	@tools/demo $(BUILD)

# Fast ones first. Fails at the first group that fails.
test: all
	@tools/check_layers
	@python3 tools/gen_schema_doc --check
	@ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS)
	@$(MAKE) --no-print-directory sanitize
	@$(MAKE) --no-print-directory fuzz SECONDS=120

sanitize: all
	@cmake -S . -B $(BUILD)-sanitize -G Ninja -DBF_WERROR=ON -DBF_SANITIZE=ON -DBF_NANOARROW_DIR="$$(tools/fetch_nanoarrow)" \
	  -DBF_ENGINE_LIBRARY="$$(tools/build_engine)" > /dev/null
	@cmake --build $(BUILD)-sanitize
	@ctest --test-dir $(BUILD)-sanitize --output-on-failure -j $(JOBS) -L unit

# For SECONDS in all; more options: tests/fuzz/run --help. Clang is asked for here, and by nothing else.
SECONDS ?= 120
fuzz: fuzz-build
	@tests/fuzz/run $(BUILD)-fuzz --seconds $(SECONDS)

fuzz-build:
	@tools/setup clang
	@cmake -S . -B $(BUILD)-fuzz -G Ninja -DBF_FUZZ=ON -DCMAKE_C_COMPILER=clang \
	  -DBF_NANOARROW_DIR="$$(tools/fetch_nanoarrow)" > /dev/null
	@cmake --build $(BUILD)-fuzz

# Of src/pyc, src/code and src/decode, by the tests and the corpora.
coverage:
	@tools/setup
	@tools/setup clang
	@cmake -S . -B $(BUILD)-coverage -G Ninja -DBF_COVERAGE=ON -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DBF_NANOARROW_DIR="$$(tools/fetch_nanoarrow)" \
	  -DBF_ENGINE_LIBRARY="$$(tools/build_engine)" > /dev/null
	@cmake --build $(BUILD)-coverage
	@tools/coverage $(BUILD)-coverage

# clang-tidy on C, clippy on both crates of engine/. Minutes of processor time, so CI runs it beside `make test`.
lint: fuzz-build
	@printf '%s\n' src/*/*.c | xargs -P $(JOBS) -n 8 clang-tidy -p $(BUILD)-fuzz --quiet
	@tools/lint_engine

# With the interpreters that are found, and those that tools/get_pythons lays beside them: every row of every standard library.
conformance: all
	@tools/conformance

# What others make of a dataset of ours: pyarrow, DuckDB, Polars, Python's datafusion.
interop: all
	@tests/interop/run $(BUILD)

bench: all
	@bench/run_index --program $(BUILD)/bytefusion
	@bench/run_query --program $(BUILD)/bytefusion

install: all
	@cmake --install $(BUILD)

clean:
	rm -rf $(BUILD) $(BUILD)-sanitize $(BUILD)-fuzz $(BUILD)-coverage
