# The words of this project; CI uses the same. `make help` explains them.
SHELL := /bin/bash
export PYTHON ?= python3
BIN := .venv/bin
XDIST ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup up test check bench browser

help: ## Say what the words do
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1	/' | expand -t 16

setup: ## Create .venv and install everything; nothing happens when it is up to date
	@.ci/install requirements.txt requirements-dev.txt

up: ## Start Tracewood and print a sign-in link (Ctrl-C stops it)
	@.ci/install requirements.txt
	@exec $(BIN)/python manage.py up $(ARGS)

test: setup browser ## Run the tests (arguments: make test ARGS="-k jobs")
	$(BIN)/pytest -n $(XDIST) $(ARGS)

check: setup ## Format, lint, types, import directions, templates, migrations, settings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/djlint templates --lint --profile django --quiet
	DATABASE_URL=none: $(BIN)/python manage.py makemigrations --check --dry-run
	DATABASE_URL=none: $(BIN)/python manage.py check --fail-level WARNING

bench: setup ## Measure what README states (long; arguments: make bench ARGS="import")
	$(BIN)/python -m benchmarks $(ARGS)

browser:
	@.ci/browser
