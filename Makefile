# `make demo` and `make test` do everything, from a fresh checkout on.
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test lint types rows scripts lock messages clean

PYTHON ?= python3
PY := .venv/bin/python
UV := .venv/bin/uv
SERVE ?= 1
# Tests of a file run one after the other; files side by side: two keep two cores busy, a third uses what they wait.
PROCESSES ?= 3
export DAMAGE_DEBUG ?= 1

help: ## Say what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.venv/.uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Damage needs Python 3.11 or newer.")'
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check uv==0.9.30
	touch $@

.venv/.run: .venv/.uv requirements.txt
	$(UV) pip install --quiet --compile-bytecode --python $(PY) --no-deps --require-hashes -r requirements.txt
	touch $@

.venv/.dev: .venv/.run requirements-dev.txt
	$(UV) pip install --quiet --compile-bytecode --python $(PY) --no-deps --require-hashes -r requirements-dev.txt
	touch $@

node_modules/.installed: package.json package-lock.json
	@node --version >/dev/null || { echo "Damage needs Node.js 20 or newer."; exit 1; }
	npm ci --silent --no-audit --no-fund
	touch $@

static/dist/.built: node_modules/.installed $(shell find static/js static/css -type f)
	npm run --silent build
	touch $@

locale/.compiled: .venv/.run $(wildcard locale/*/LC_MESSAGES/*.po)
	.venv/bin/pybabel --quiet compile --directory locale --domain django
	.venv/bin/pybabel --quiet compile --directory locale --domain djangojs
	touch $@

SETUP := .venv/.run static/dist/.built locale/.compiled

demo: $(SETUP) ## Set everything up, run the main job on a practice town, serve it (SERVE=0: do not serve)
	@$(PY) manage.py migrate --verbosity 0
	$(PY) manage.py demo
	if [ "$(SERVE)" = 1 ]; then exec $(PY) manage.py serve; fi

test: $(SETUP) .venv/.dev ## Set everything up and run every check and test
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target types lint rows scripts
	$(PY) -m pytest --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder --durations 40

lint: .venv/.dev node_modules/.installed ## Check style
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	npm run --silent lint

types: .venv/.dev ## Check types
	.venv/bin/mypy

rows: .venv/.dev
	$(PY) manage.py makemigrations --check --dry-run

scripts: node_modules/.installed
	npm run --silent test

lock: .venv/.uv ## Compile the lock files from the short lists
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --override requirements.overrides requirements.in -o requirements.txt
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate requirements-dev.in -o requirements-dev.txt

messages: .venv/.run ## Collect texts to translate (needs GNU gettext)
	$(PY) manage.py makemessages --locale es --no-wrap --no-location --ignore node_modules --ignore .venv
	$(PY) manage.py makemessages --locale es --no-wrap --no-location --domain djangojs --ignore node_modules --ignore .venv --ignore static/dist

clean: ## Remove what set-up made (never the data folder)
	rm -rf .venv node_modules static/dist build locale/.compiled
