# Every command builds the environment it needs, from the locks, and only when they changed.
#   make up      serve https://localhost:8443, a sandbox  make test      everything that CI checks
#   make lint    the checks that need no server          make fmt       write code in the house's format
#   make bench   measure       make campaign  long tests make lock      resolve the dependencies anew
#   make calibrate  run the FAPI modules on an independent server
#   make mutants    run them on ours with one thing wrong at a time (ARGS: --all, --json, --only WORDS)
# ARGS go to `bezant`, PYTEST_ARGS to pytest, LOCK_ARGS to the resolver (`--upgrade`).

PYTHON ?= python3
ARGS ?=
PYTEST_ARGS ?=
LOCK_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.installed
DEV := $(VENV)/.installed-dev
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check

# Without compiled sources next to them, each process compiles all that it imports: a second of its start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := up
.DELETE_ON_ERROR:
.PHONY: setup setup-dev up test lint bench campaign calibrate mutants fmt lock clean

setup: $(RUNTIME)
	@:

setup-dev: $(DEV)
	@:

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "Bezant needs Python 3.11 or newer, and \`$(PYTHON)\` is not." >&2; \
	    echo "Name one that is: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

# The package itself is built by the locked build backend, without a network.
$(RUNTIME): requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what Bezant runs on ($$(grep -c == requirements.lock) locked packages, once) ..."
	@$(INSTALL) --require-hashes --requirement requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements-dev.lock $(RUNTIME)
	@echo "Installing what its tests need ($$(grep -c == requirements-dev.lock) locked packages, once) ..."
	@$(INSTALL) --require-hashes --requirement requirements-dev.lock
	@touch $@

up: setup
	@$(BIN)/bezant up --sandbox $(ARGS)

bench: setup
	@$(BIN)/bezant bench $(ARGS)

lint: setup-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.rooms
	$(BIN)/python -m tools.sql_linter
	$(BIN)/python -m tools.money_lint

# Each process has servers of its own. Files are handed out in order: those that take long come first (tests/conftest.py).
test: lint
	$(BIN)/pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder --durations=15 $(PYTEST_ARGS)

campaign: setup-dev
	$(BIN)/pytest -m campaign --timeout=0 --durations=0 $(PYTEST_ARGS)

# The modules of the FAPI conformance tests on an independent server: what they ask of ours, it does too.
calibrate: setup-dev
	BEZANT_FAPI_PEER=oidc-provider $(BIN)/pytest tests/conformance/fapi $(PYTEST_ARGS)

# What each module is there to notice, it notices, and no other does.
mutants: setup-dev
	@PYTHONPATH=tests:. $(BIN)/python -m conformance.fapi.mutants $(ARGS)

fmt: setup-dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# One resolution for every supported Python and platform. The development lock is held to the versions of the other.
RESOLVE := $(BIN)/uv pip compile pyproject.toml --group build --universal --generate-hashes --quiet \
	--no-annotate --custom-compile-command 'make lock'

lock: | $(BIN)/python
	@[ -x $(BIN)/uv ] || $(INSTALL) uv
	$(RESOLVE) $(LOCK_ARGS) --output-file requirements.lock
	$(RESOLVE) $(LOCK_ARGS) --extra dev --constraint requirements.lock --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
