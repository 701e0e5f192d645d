# What to run. `make help` lists it; logic longer than two shell lines belongs in Python.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

OLDEST := 3.11
NEW_ENOUGH := import sys; sys.exit(sys.version_info < tuple(map(int, "$(OLDEST)".split("."))))
# The first interpreter that is new enough; `make install PYTHON=/path/to/python3` chooses another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c '$(NEW_ENOUGH)' 2>/dev/null && { echo "$$p"; break; }; done)
VENV := .venv
IN_VENV := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
PEERS := $(VENV)/peers

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(INSTALLED): pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: there is no Python $(OLDEST) or later on PATH." \
	  "Install one, or name it: make install PYTHON=/path/to/python3" >&2; exit 2; }
	@"$(PYTHON)" -c '$(NEW_ENOUGH)' 2>/dev/null || { echo "make: $(PYTHON) is no Python $(OLDEST)" \
	  "or later. Name one: make install PYTHON=/path/to/python3" >&2; exit 2; }
	@test -x $(IN_VENV) || "$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); exit 2; }
	$(IN_VENV) -m pip install --quiet --disable-pip-version-check --editable '.[broker,tests,traces]'
	@touch $@

.PHONY: install
install: $(INSTALLED) ## Make .venv with the command `adaptive-stream` in it

.PHONY: check
check: ## All that CI runs
	@$(MAKE) --jobs=2 test-versions fmt-check lint layers types && $(MAKE) test

.PHONY: fmt
fmt: $(INSTALLED) ## Format every Python file
	$(IN_VENV) -m ruff format .
	$(IN_VENV) -m ruff check --fix-only --quiet .

.PHONY: fmt-check
fmt-check: $(INSTALLED) ## Fail if `make fmt` would change a file
	$(IN_VENV) -m ruff format --check --quiet .

.PHONY: lint
lint: $(INSTALLED) ## Style, and calls that a pure file may not make
	$(IN_VENV) -m ruff check --quiet .

.PHONY: layers
layers: $(INSTALLED) ## Imports go one way
	$(VENV)/bin/lint-imports

.PHONY: types
types: $(INSTALLED) ## Types, with mypy
	$(IN_VENV) -m mypy

.PHONY: tools
tools: $(INSTALLED) ## Prometheus, whose promtool the tests use: from PATH, or unpacked into .venv
	@$(IN_VENV) -m tests.tools

.PHONY: test
test: $(INSTALLED) tools ## Every test, those on a real Kafka included (ARGS='-k cart' narrows)
	$(IN_VENV) tests/run.py $(ARGS)

.PHONY: test-versions
test-versions: ## The pure tests on every other Python at hand
	"$(PYTHON)" tests/versions.py

$(PEERS)/.installed: $(INSTALLED) tests/bench/peers.txt
	$(IN_VENV) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/bench/peers.txt
	@touch $@

.PHONY: bench
bench: $(PEERS)/.installed ## The benchmark, beside what one would take instead (QUICK=1, ONLY=one_stage)
	$(IN_VENV) -m tests.bench $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY))

.PHONY: simulate
simulate: $(INSTALLED) ## Checkpoints amid kills, zombies and cleaners: N=500 worlds, or SEED=n again
	$(IN_VENV) -m tests.simulation.simulate --runs $(or $(N),500) $(if $(SEED),--seed $(SEED))

CHAOS_RUNS ?= 200000
CHAOS_PEOPLE ?= 10000
CHAOS_SHAKES ?= 10
.PHONY: chaos
chaos: $(INSTALLED) tools ## At length: identity, kill -9, SIGSTOP, alerts in slower time (CHAOS_RUNS, _SHAKES)
	$(IN_VENV) -m tests.identity.histories --runs $(CHAOS_RUNS)
	CHAOS_PEOPLE=$(CHAOS_PEOPLE) $(IN_VENV) -m pytest tests/broker/test_identity_scale.py
	CHAOS_SHAKES=$(CHAOS_SHAKES) $(IN_VENV) -m pytest -o faulthandler_timeout=3600 tests/broker/test_shaken.py
	$(IN_VENV) -m pytest -m chaos tests/broker/test_scale.py
	ALERTS_FASTER=10 $(IN_VENV) -m pytest tests/observability/test_alerts.py

.PHONY: demo
demo: $(INSTALLED) ## A purchase in the store silences the mail about the cart, on a real Kafka
	$(VENV)/bin/adaptive-stream demo

.PHONY: clean
clean: ## Remove .venv and every cache
	rm -rf $(VENV) dist build .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
