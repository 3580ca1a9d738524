# The tasks for a checkout of regtutor. They need Python 3.11+ with venv, and make. `make help` lists them.

.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin

# The caller's shell must not change what the environment holds or which modules are found, nor make every kernel and
# every command compile all its modules again.
unexport VIRTUAL_ENV CONDA_PREFIX PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONDONTWRITEBYTECODE UV_PROJECT_ENVIRONMENT

.PHONY: help environment front lab demo test soak bench check format binder-requirements clean distclean

help: ## show this list
	@echo "regtutor: make TARGET"
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' Makefile | expand -t 24
	@echo "Variables: PYTHON (interpreter for .venv), LAB_ARGS, DEMO_ARGS, TEST_ARGS, BENCH_ARGS"

# Runs each time, and takes a few milliseconds if .venv matches uv.lock, pyproject.toml and this directory.
environment: ## create .venv from the lock, or update it
	@sh .ci/environment

# Nothing is built with these and nothing of them is shipped; tests that need them skip without.
front: tests/front/node_modules/.package-lock.json ## install the npm packages that the browser tests need

tests/front/node_modules/.package-lock.json: tests/front/package.json tests/front/package-lock.json
	@command -v npm >/dev/null || { echo "make front needs node and npm; on Debian: apt-get install nodejs npm" >&2; exit 1; }
	cd tests/front && npm ci

# A copy, so that a lesson leaves the checkout clean: running a notebook writes its outputs into it.
lab: environment ## open JupyterLab on a copy of the course, regtutor-notebooks/; LAB_ARGS are passed to it
	$(BIN)/regtutor lab $(LAB_ARGS)

demo: environment ## push the sample image in this terminal, and print every exchange
	$(BIN)/regtutor demo $(DEMO_ARGS)

# The last -n counts: TEST_ARGS="-n 0 tests/server" runs without workers, whose start takes longer than a few tests.
test: environment ## run the tests on every core; TEST_ARGS are passed to pytest, such as "-n 0 -k upload"
	$(BIN)/python -m pytest -n logical --maxprocesses 4 $(TEST_ARGS)

# One at a time: some of them measure, and all of them need the disk. Their figures are printed.
soak: environment ## run the long tests: crashes, random requests, damage; TEST_ARGS are passed to pytest
	$(BIN)/python -m pytest -n 0 -v -s --timeout 7200 -m soak $(TEST_ARGS)

bench: environment ## measure everything, and write benchmarks/results.md; BENCH_ARGS are passed on, such as "--only push"
	$(BIN)/python -m benchmarks $(BENCH_ARGS)
	$(if $(BENCH_ARGS),,$(BIN)/python -m pytest -q -n 0 benchmarks/transcript_view.py)

# All of them run, even after one has failed. mypy has a cache for each platform.
CHECKS := "ruff check" "ruff format --check" \
	$(foreach platform,linux darwin win32,"mypy --platform $(platform) --cache-dir .mypy_cache/$(platform)") \
	lint-imports

check: environment ## check lint, format, import contracts, and types for Linux, macOS and Windows
	@failed=0; for check in $(CHECKS); do \
		echo "$$check"; $(BIN)/$$check || { failed=1; echo "FAILED: $$check" >&2; }; \
	done; exit $$failed

format: environment ## format the code, and fix what ruff can fix
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

binder-requirements: environment ## write binder/requirements.txt from uv.lock
	$(BIN)/uv export --quiet --frozen --no-dev --no-emit-project --no-hashes --no-annotate --no-header \
		--output-file binder/requirements.txt

clean: ## remove caches and build products
	rm -rf dist build .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
	find . -name .venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

distclean: clean ## remove .venv and the npm packages as well
	rm -rf $(VENV) tests/front/node_modules
