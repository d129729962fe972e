# make demo: the whole station on sample parts.   make test: the tests.   make check: lint, types, import contracts.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt
ARGS ?=
JOBS ?= 2

# The tools that build the package are pinned as well. A relative path: pip would split one that holds a space.
export PIP_CONSTRAINT := constraints.txt

.PHONY: demo test check install clean

demo: .venv/.station
	$(BIN)/inspection demo $(ARGS)

# Processes by the hundred: each would compile the station anew where nothing may be written beside it.
test: .venv/.dev
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n $(JOBS) --dist loadscope $(ARGS)

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

install: .venv/.dev

clean:
	rm -rf .venv

.venv/.station: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing what the station needs (once, a few minutes) …"
	$(PIP) -e .
	@touch $@

.venv/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing the station and the tools of its developers (once, a few minutes) …"
	$(PIP) -e '.[dev]'
	@touch $@ .venv/.station

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }   # half a .venv would look like a whole one
