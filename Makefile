# make demo: the whole flow on a simulated market. make test: what CI runs. Needs python3 >= 3.11 with venv, and gcc.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SOURCES := features models training serving tests notebooks tapewatch.py

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast lint kernels format benchmark constraints clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

demo: $(STAMP) ## simulate, train, register, scan and serve
	@$(BIN)/tapewatch demo

test: $(STAMP) ## all checks and all tests, as CI runs them
	@$(MAKE) -j2 lint kernels
	$(BIN)/pytest -n 2 --dist loadscope

test-fast: $(STAMP) ## the tests that take no time, without linters
	$(BIN)/pytest -n 2 --dist loadscope -m "not slow and not benchmarks"

lint: $(STAMP) ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# Compiled beside the linters, and once; otherwise each of pytest's processes compiles most of it.
kernels: $(STAMP)
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	  $(BIN)/python tapewatch.py simulate "$$folder/small" --hours 0.5 --symbols 1 --venues 2 --books > /dev/null && \
	  $(BIN)/python tapewatch.py scan "$$folder/small/tapes/tape-000" --home "$$folder" > /dev/null

format: $(STAMP) ## let ruff format and fix what it safely can
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

benchmark: $(STAMP) ## speed against peers in the same run
	$(BIN)/pytest tests/benchmarks -m benchmarks --benchmark-enable -s

constraints: $(STAMP) ## write constraints.txt anew from what is installed
	$(BIN)/pip freeze --exclude-editable | grep -E '^[A-Za-z0-9._-]+==[^/ ]+$$' | sort -f > constraints.new
	mv constraints.new constraints.txt

clean: ## remove the virtualenv and every cache
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
	  || { echo "Python must be 3.11, 3.12 or 3.13, was $$($(PYTHON) --version 2>&1). Name one: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "python3 has no venv module. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing Tapewatch into $(VENV) (once; a few minutes) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
