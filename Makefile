# Sessionrank. `make` alone lists the targets.
#
# One virtual environment, .venv, in two steps: the demo's packages, then the developers' on top of them. Each step has
# a stamp, so it is done again only when what it installs has changed; being plain files, the stamps serve `make -j` too.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Of what is installed the greater part is never imported: Python compiles what is, and keeps it.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check --no-compile
unexport PYTHONDONTWRITEBYTECODE
#: More arguments for pytest, such as ARGS='-k window -x'.
ARGS ?=

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test lint format system bench clean fetch fetch-system

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

setup: $(VENV)/.dev ## Make .venv with everything that developers need

demo: $(VENV)/.demo ## Start everything on real data and watch search follow a visit (ONCE=1: print and end)
	@$(BIN)/sessionrank demo $(if $(filter-out 0,$(ONCE)),--once)

test: $(VENV)/.dev ## Lint, types, import directions, then unit, contract and functional tests with coverage
	@$(MAKE) --no-print-directory --jobs=2 lint fetch
	@$(BIN)/python -m tests.support.side_by_side test $(ARGS)

lint: $(VENV)/.dev ## Lint, spelling, types, import directions
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/codespell
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.dev ## Bring the code into form
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

system: fetch-system ## Tests that need nginx, the compose parser and curl (see .ci/run), Node and Java clients (fetched)
	@$(BIN)/python -m tests.support.side_by_side system $(ARGS)

fetch: $(VENV)/.dev
	@$(BIN)/sessionrank stack fetch --all
	@$(BIN)/python -m tests.support.fetch_clients python

fetch-system: fetch
	@$(BIN)/python -m tests.support.fetch_clients node java

bench: $(VENV)/.dev ## Added latency and CPU a request, beside the bare engine and a bare Flask view
	@$(BIN)/sessionrank stack run -- $(BIN)/python -m tests.benchmarks.bench $(ARGS)

clean: ## Remove what was built or installed here (downloads in the cache folder stay)
	rm -rf $(VENV) build dist *.egg-info .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -rf .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.demo: setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || { \
		echo "Python 3.10 or newer is needed; name one with: make PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) has no venv module (Debian and Ubuntu: apt-get install python3-venv)" >&2; exit 2; }
	@echo "Setting up $(VENV): packages for the demo"
	@$(BIN)/python -c 'import pip' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	@$(PIP_INSTALL) --editable '.[demo]'
	@touch $@

$(VENV)/.dev: $(VENV)/.demo
	@echo "Setting up $(VENV): packages for developers"
	@$(PIP_INSTALL) --editable '.[dev]'
	@touch $@
