# The two commands: `make up` starts the site, `make test` says whether it works.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"

.PHONY: up test lint format lock

up: .venv/.installed
	@$(BIN)/python manage.py up

test: .venv/.installed-dev
	@$(BIN)/python -m rcm_site.testing

lint: .venv/.installed-dev
	@$(BIN)/python -m rcm_site.testing --lint

format: .venv/.installed-dev
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

lock: .venv/.installed-dev
	@$(LOCK) requirements.in -o requirements.txt
	@$(LOCK) -c requirements.txt requirements-dev.in -o requirements-dev.txt

# Each stamp is older than its lock file when something is left to install.
.venv/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11 up" if sys.version_info < (3, 11) else 0)'
	@echo "Installing what the site needs into .venv ..."
	@$(PYTHON) -m venv .venv
	@$(PIP) -r $<
	@touch $@

.venv/.installed-dev: requirements-dev.txt .venv/.installed
	@echo "Installing what its tests need into .venv ..."
	@$(PIP) -r $<
	@touch $@
