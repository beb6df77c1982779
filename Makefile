# Two commands do everything: `make run` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8000

.PHONY: help setup run demo-reset test check lint format bench bench-tracing bench-console drills clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/ready ## Make .venv with what the program runs on, and the command .venv/bin/gongfang

.venv/ready: requirements.txt pyproject.toml
	@bash tools/make-venv.sh $(PYTHON)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

.venv/dev-ready: .venv/ready requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

run: setup ## Shop, bench, console, worker, demo payments and database on this machine; Ctrl-C stops them (PORT=8000)
	@exec $(BIN)/gongfang run --port $(PORT)

demo-reset: setup ## Throw the demo's data away; the next `make run` starts afresh
	$(BIN)/gongfang demo-reset

test: .venv/dev-ready ## Install what tests need (also Chromium and fonts, where it may) and run all of them
	@bash tools/browser.sh
	$(BIN)/pytest -n auto

check: lint test ## All that CI checks

lint: .venv/dev-ready ## Style, types, arrows between rooms, templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint templates --lint --quiet

format: .venv/dev-ready ## Put code into the house style
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

bench: .venv/dev-ready ## Measure speed, as ratios in one run
	$(BIN)/python -m benchmarks

bench-tracing: .venv/dev-ready ## Measure recall and tracing at ten thousand, a hundred thousand and a million parcels
	$(BIN)/python -m benchmarks tracing

bench-console: .venv/dev-ready ## Measure the console's pages at ten thousand, a hundred thousand and a million orders
	$(BIN)/python -m benchmarks console

drills: .venv/dev-ready ## Break things on purpose and count again (bounded, some minutes)
	$(BIN)/pytest -q tests/drills --drills

clean: ## Remove what can be made again; data in var/ stays
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
