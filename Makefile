# Every command of the project. `make` alone lists them.
.DEFAULT_GOAL := help
PY := .venv/bin/python
UV := .venv/bin/uv
LOOKALIKE := .venv/bin/lookalike

.PHONY: help setup demo test check lint format types layers serve samples lock clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(UV):
	@python3 -m venv .venv && .venv/bin/python -m pip install --quiet uv

# Two stamps: the base installation that search, ingest and serve need, and everything else.
.venv/.base: pyproject.toml requirements.lock | $(UV)
	@$(UV) pip install --quiet --python $(PY) --constraint requirements.lock --editable .
	@touch $@

.venv/.all: pyproject.toml requirements.lock | $(UV)
	@$(UV) pip install --quiet --python $(PY) --constraint requirements.lock --editable '.[models,dev]'
	@touch $@ .venv/.base

setup: .venv/.all ## install everything into .venv

demo: .venv/.base ## ingest the sample shop, answer "like this but red", draw it, show where to look
	@$(LOOKALIKE) demo

serve: .venv/.base ## serve the API and the page over what was ingested
	@$(LOOKALIKE) serve

test: .venv/.all ## run the tests
	@$(PY) -m pytest

check: lint types layers test ## lint, types, layers, tests

lint: .venv/.all ## ruff
	@$(PY) -m ruff check . && $(PY) -m ruff format --check .

format: .venv/.all ## let ruff mend what it can
	@$(PY) -m ruff check --fix . ; $(PY) -m ruff format .

types: .venv/.all ## pyright, strict on engine, ingestion and api
	@$(PY) -m pyright

layers: .venv/.all ## import-linter
	@.venv/bin/lint-imports

samples: .venv/.base ## draw data_samples/ again (byte for byte the same)
	@$(PY) -m data_samples.draw

lock: | $(UV) ## pin what pyproject.toml asks for
	@$(UV) pip compile --quiet --python-version 3.11 --no-header --no-annotate --no-emit-index-url \
		--all-extras pyproject.toml --output-file requirements.lock

clean: ## remove the environment and everything generated
	@rm -rf .venv .lookalike build *.egg-info .pytest_cache .ruff_cache
