# `make phase` answers the main question on a fresh machine with Python >= 3.11; `make test` tests it in five minutes,
# `make test-all` to the end, `make test-fast` while working.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin/python
RUN := $(VENV)/.installed
DEV := $(VENV)/.installed-dev
DOCS := $(VENV)/.installed-docs
PACKAGES := replica rbm_sim figures paper_checks

.PHONY: phase test test-fast test-all attack lint types docstrings examples docs bench figures checks clean

phase: $(RUN)
	$(BIN) -m replica.phase --theta 0 0.5 1

# Further options of pytest, such as --shake or a file: make test PYTEST=--shake
PYTEST :=

test: $(DEV)
	$(BIN) -m pytest -n auto -m "not slow" $(PYTEST)

test-fast: $(DEV)
	$(BIN) -m pytest -n auto -m "not slow and not medium" $(PYTEST)

test-all: $(DEV)
	$(BIN) -m pytest -n auto $(PYTEST)

# make attack N=1000 SEED=7 JOBS=2 FAMILIES="relu-rbm general"; T=0 or T=+ for points at T = 0 or T > 0 alone
N ?= 200
SEED ?= $(shell date +%s)
JOBS ?= 2
attack: $(DEV)
	$(BIN) tests/attack N=$(N) SEED=$(SEED) JOBS=$(JOBS) $(if $(T),T=$(T)) $(FAMILIES)

lint: $(DEV)
	$(BIN) -m ruff check .
	$(BIN) -m ruff format --check .

types: $(DEV)
	$(BIN) -m mypy

docstrings: $(DEV)
	$(BIN) tests/docstrings.py

examples: $(DEV)
	$(BIN) tests/readme_examples.py

docs: $(DOCS)
	$(BIN) -m sphinx --fail-on-warning --keep-going --nitpicky --quiet --builder html docs build/docs

bench: $(DEV)
	$(BIN) -m pytest benchmarks -o python_files='bench_*.py test_*.py'

figures: $(RUN)
	$(BIN) -m figures

checks: $(RUN)
	$(BIN) -m paper_checks --all

$(BIN):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

# The stamps are newer than pyproject.toml once it is installed as it stands.
$(RUN): pyproject.toml | $(BIN)
	$(BIN) -m pip install --quiet --editable .
	touch $@

$(DEV): pyproject.toml | $(BIN)
	$(BIN) -m pip install --quiet --editable '.[dev]'
	touch $(RUN) $@

$(DOCS): pyproject.toml | $(BIN)
	$(BIN) -m pip install --quiet --editable '.[docs]'
	touch $(RUN) $@

clean:
	rm -rf $(VENV) build docs/generated dist *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache .benchmarks
	find $(PACKAGES) tests benchmarks -name __pycache__ -prune -exec rm -rf {} +
