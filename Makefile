# One verb, one command. On a fresh machine `make shell` and `make test` need only Python >= 3.9 and make; bin/environment
# says, or as root installs, what of Python is missing.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# Tests of one file run one after the other; tests/conftest.py says what else does.
SIDE_BY_SIDE := -n auto --dist loadgroup --no-loadscope-reorder

.PHONY: shell test test-quick lint bench bpf docs wheel clean

# The tests start hostql hundreds of times: it is compiled once, whatever the environment says.
test test-quick: export PYTHONDONTWRITEBYTECODE =

shell: $(READY)  ## install, and open the prompt
	@$(BIN)/hostql

test: $(READY)  ## install, and run all tests
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(ARGS)

test-quick: $(READY)  ## the tests that need neither root nor minutes
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not live and not slow" $(ARGS)

lint: $(READY)  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@mkdir -p $(VENV)/typing && ln -sfn "$(CURDIR)" $(VENV)/typing/hostql
	MYPYPATH=$(VENV)/typing $(BIN)/mypy -p hostql

bench: $(READY)  ## side-by-side measurements, as ratios within one run
	$(BIN)/python -m hostql.benchmarks $(ONLY)

bpf: $(READY)  ## compile the BPF programs anew; needs clang, llvm and libbpf-dev
	$(BIN)/python -m hostql.events.publishers.bpf.build

docs: $(READY)  ## regenerate the pages that are made from the code
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/shell.py

wheel: $(READY)  ## dist/hostql-*.whl
	rm -rf build dist
	$(BIN)/pip wheel -q --no-deps -w dist .

clean:
	rm -rf $(VENV) build dist *.egg-info

$(READY): setup.cfg pyproject.toml
	@bin/environment $(PYTHON) $(VENV) test,lint
	@touch $@
