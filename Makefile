# Two commands: `make study` and `make test`. After either, `source .venv/bin/activate` and use
# snakemake itself: snakemake -n, snakemake --cores all, snakemake --report.
# torch is the one package whose build depends on the machine: see docs/setup.md.

PYTHON ?= python3
CORES ?= all
BIN := .venv/bin
READY := .venv/ready

.PHONY: study test lint real lock clean help

study: $(READY) ## set up, then run config.yaml to results/report.html
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores $(CORES) $(ARGS)

test: $(READY) ## set up, then run the whole test suite on a tiny model
	$(BIN)/python -m pytest -m "not real_model" $(ARGS)

real: $(READY) ## the marked test: SmolLM2-135M itself at minimum scale
	$(BIN)/python -m pytest -m real_model $(ARGS)

lint: $(READY) ## ruff, snakefmt, mypy, snakemake --lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/mypy
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --lint

# The lock holds every package but torch, whose build depends on the machine: see docs/setup.md.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Error: $(PYTHON) is older than 3.11; use make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Error: this Python has no venv; on Debian or Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	rm -f $(READY)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

lock: ## write requirements.lock anew from pyproject.toml
	rm -rf .venv-lock
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet torch==2.13.0 setuptools wheel
	.venv-lock/bin/python -m pip install --quiet ".[test]"
	.venv-lock/bin/python -m pip freeze --all --exclude weirdgen --exclude torch --exclude pip > requirements.lock
	rm -rf .venv-lock build

clean: ## remove results, keep models and the environment
	rm -rf results .snakemake

help:
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*##/ -/'
