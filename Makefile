# make graph: the graph of seeds/ in output/.   make test: everything that is checked.
# make docs: the command reference and the transcripts of the README anew.
# All set up .venv on a fresh machine; a second run reuses it as long as pyproject.toml stays the same.

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: graph test docs clean

graph: .venv/.stamp-run
	$(BIN)/kg build --no-cache seeds -o output

test: .venv/.stamp-test
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

docs: .venv/.stamp-test
	$(BIN)/python -m kg.reference > docs/commands.md.new && mv docs/commands.md.new docs/commands.md
	KG_UPDATE_DOCS=1 $(BIN)/python -m pytest -q tests/test_docs.py

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed (with its venv module)"; exit 2; }
	$(PYTHON) -m venv .venv

.venv/.stamp-run: pyproject.toml | .venv/bin/python
	$(PIP) install --editable .
	@touch $@

.venv/.stamp-test: pyproject.toml | .venv/bin/python
	$(PIP) install --editable '.[test]'
	@touch $@ .venv/.stamp-run

clean:
	rm -rf .venv dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
