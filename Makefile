# make         builds build/bytefusion, with all the set-up that it needs
# make demo    the main job on real input: this machine's Python standard library, and three queries
# make test    the tests
.PHONY: all configure demo test check-layers sanitize conformance bench interop install clean
BUILD ?= build
PYTHON ?= python3

all: configure
	@cmake --build $(BUILD)

configure:
	@tools/setup
	@cmake -S . -B $(BUILD) -G Ninja -DBF_WERROR=ON -DBF_NANOARROW_DIR="$$(tools/fetch_nanoarrow)" \
	  -DBF_ENGINE_LIBRARY="$$(tools/build_engine)" > $(BUILD).cmake.log 2>&1 || { cat $(BUILD).cmake.log >&2; exit 1; }
	@mv $(BUILD).cmake.log $(BUILD)/cmake.log

clean:
	rm -rf build build-sanitize
