# `make run` and `make test` set up everything on a machine that has git, python3 (3.11+) and make. `make help` lists the rest.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
PYTEST_ARGS ?=
# Taken as they were typed and handed on through the environment: names may hold spaces, quotes and dollar signs.
override SOURCE := $(value SOURCE)
override DEST := $(value DEST)
export SOURCE DEST

# Always `.venv/bin/python -m`: the scripts beside it would break when the folder is renamed.
PY := .venv/bin/python
PIP_INSTALL := $(PY) -m pip install --quiet --no-input --disable-pip-version-check --progress-bar off
LOCK := $(PY) -m uv --no-config pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--custom-compile-command "make lock" pyproject.toml requirements-build.in

.PHONY: help run test test-slow coverage lint format check bench lock licences sbom build clean

help: ## this list
	@echo "make run [SOURCE=folder DEST=folder]   de-identify (the demo files of pydicom when no SOURCE is given)"
	@sed -n 's/^\([a-z-]*\):.*## /make \1 : /p' Makefile | awk -F ' : ' '{ printf "%-38s %s\n", $$1, $$2 }'

.venv/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "deident needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..." >&2; exit 2; }
	@echo "Setting up .venv, once:"
	@$(PYTHON) -m venv .venv || \
		{ echo "python3 cannot make a venv; on Debian and Ubuntu: sudo apt-get install python3-venv" >&2; exit 2; }
	@touch $@

# --no-deps: the lock names everything. --no-build-isolation: the lock holds setuptools, nothing else is downloaded.
.venv/.run: .venv/.created requirements.lock pyproject.toml
	@echo "  installing what deident needs (about 110 packages, a minute or two) ..."
	@$(PIP_INSTALL) --no-deps --require-hashes -r requirements.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: .venv/.run requirements-dev.lock
	@echo "  installing what its tests need ..."
	@$(PIP_INSTALL) --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

# Exit code 1 says that some inputs were held, with their reasons: an answer, not an error of make.
define RUN
import sys
from deident.flows.run import main
code = main(sys.argv[1:])
sys.exit(0 if code == 1 else code)
endef
export RUN

run: .venv/.run
	@set --; \
	if [ -n "$$SOURCE" ]; then set -- "$$@" --source "$$SOURCE"; fi; \
	if [ -n "$$DEST" ]; then set -- "$$@" --dest "$$DEST"; fi; \
	exec $(PY) -c "$$RUN" "$$@"

test: .venv/.dev ## the suite without its slow tests; PYTEST_ARGS="-k name" narrows it
	$(PY) -m pytest -m "not slow" $(PYTEST_ARGS)

test-slow: .venv/.dev ## the slow tests alone
	$(PY) -m pytest -m slow $(PYTEST_ARGS)

coverage: .venv/.dev ## the suite without its slow tests, and which lines of the library it did not reach
	$(PY) -m pytest -m "not slow" --cov --cov-report=term $(PYTEST_ARGS)

lint: .venv/.dev ## formatting, lint, types, who may import whom; changes nothing
	$(PY) -m ruff format --check --output-format concise .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -c "from importlinter.cli import lint_imports_command; lint_imports_command()"
	$(PY) -c "from cfnlint.runner.cli import main; main()" --include-checks I -- infra/cloudformation.yaml
	.venv/bin/hadolint --config infra/hadolint.yaml infra/Dockerfile

format: .venv/.dev ## let ruff write the formatting and the fixes that are safe
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

check: lint test test-slow ## all that CI runs

bench: .venv/.dev ## the benchmark of benchmarks/README.md
	$(PY) -m benchmarks

lock: .venv/.dev ## resolve the dependencies of pyproject.toml anew and write the three locks
	$(LOCK) --upgrade --output-file requirements.lock >/dev/null
	$(LOCK) --upgrade --extra dev --constraint requirements.lock --output-file requirements-dev.lock >/dev/null
	$(LOCK) --upgrade --extra codecs --extra server --constraint requirements.lock --output-file infra/requirements.lock >/dev/null

licences: .venv/.run ## the licence of every locked package, from its own metadata
	@$(PY) tools/sbom.py licences

sbom: .venv/.run ## CycloneDX bill of materials of requirements.lock, in build/sbom.json
	@mkdir -p build
	$(PY) tools/sbom.py cyclonedx > build/sbom.json

build: .venv/.dev ## wheel and sdist, in dist/
	$(PY) -m build --no-isolation --outdir dist

clean: ## remove .venv, caches and builds; never outputs, keys or ledgers
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
