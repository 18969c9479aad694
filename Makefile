# The front door. Each target is a thin call of `npuport`; `make help` is the map.
SHELL := /bin/sh
PYTHON ?= python3
PORT ?= .
ARGS ?=

BIN := .venv/bin
NPUPORT := $(BIN)/npuport --port $(PORT)
EXAMPLE := examples/patchtok
# A file's tests stay together: they share what is dear to make.
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile
BOOTSTRAP := @$(PYTHON) tools/bootstrap.py

.DEFAULT_GOAL := help
.PHONY: help port test-npu test test-all coverage demo bench try release status verify refresh rebase watch audit \
  doctor figures docs docs-serve lint format clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

port:  ## upstream.lock + patches -> out/ported, verified (no torch, no compiler)
	$(BOOTSTRAP) port
	@$(NPUPORT) port $(ARGS)

test-npu:  ## parity of the ported model on the NPU, else on the simulator; report in out/report
	$(BOOTSTRAP) npu
	@$(NPUPORT) parity $(ARGS)

test:  ## the harness's own tests, the fast ones
	$(BOOTSTRAP) dev
	@$(PYTEST) -m "not slow" $(ARGS)

test-all:  ## the harness's own tests, all of them
	$(BOOTSTRAP) dev
	@$(PYTEST) $(ARGS)

coverage:  ## the same, and which branches of tools/npuport they take: fails below 90 %; build/junit.xml
	$(BOOTSTRAP) dev
	@rm -rf build/coverage && mkdir -p build/coverage
	@$(subst -m pytest,-m coverage run -m pytest,$(PYTEST)) --junitxml=build/junit.xml $(ARGS)
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m coverage report

demo:  ## the whole way on the small bundled example
	$(BOOTSTRAP) npu
	@$(BIN)/python $(EXAMPLE)/make_upstream.py
	@$(BIN)/npuport --port $(EXAMPLE) port
	@$(BIN)/npuport --port $(EXAMPLE) parity $(ARGS)

bench:  ## latency, throughput, memory of every entry point on the best device; report in out/bench
	$(BOOTSTRAP) release
	@$(NPUPORT) bench $(ARGS)

release:  ## the publishable bundle in dist/, of MODEL=VTP-Small; runs parity and bench where they are missing
	$(BOOTSTRAP) release
	@$(NPUPORT) release $(if $(MODEL),--model $(MODEL)) --run $(ARGS)

try:  ## the port's own picture through the ported model: out/try/showcase.png
	$(BOOTSTRAP) npu
	@$(NPUPORT) try $(ARGS)

status:  ## pin, series, ported tree, device: what is there, what is stale
	$(BOOTSTRAP) port
	@$(NPUPORT) status $(ARGS)

verify:  ## derive the ported tree anew and compare it with the lock
	$(BOOTSTRAP) port
	@$(NPUPORT) verify $(ARGS)

refresh:  ## after a change in patches/ or in out/ported: both, and upstream.lock, in step again
	$(BOOTSTRAP) port
	@$(NPUPORT) refresh $(ARGS)

rebase:  ## move the pin: TO=<ref>, else the newest; ARGS="--dry-run", "--parity tiny", ...
	$(BOOTSTRAP) $(if $(findstring --parity,$(ARGS)),npu,port)
	@$(NPUPORT) rebase $(if $(TO),--to $(TO),--latest) $(ARGS)

watch:  ## is there a newer upstream, and would the series apply to it
	$(BOOTSTRAP) port
	@$(NPUPORT) watch $(ARGS)

audit:  ## what in upstream still assumes CUDA, and which patch covers it
	$(BOOTSTRAP) port
	@$(NPUPORT) audit $(ARGS)

doctor:  ## what this machine has and lacks, each with a hint
	$(BOOTSTRAP) port
	@$(NPUPORT) doctor $(ARGS)

figures:  ## the figures of docs/explanation/figures.md, measured here (after `make release`)
	$(BOOTSTRAP) dev
	@$(BIN)/python $(EXAMPLE)/make_upstream.py
	@$(BIN)/npuport --port $(EXAMPLE) port
	@$(BIN)/python benchmarks/port.py
	@$(BIN)/python benchmarks/rebase.py
	@$(BIN)/python benchmarks/audit.py
	@$(BIN)/python benchmarks/simulator.py
	@$(BIN)/python benchmarks/bench.py
	@$(BIN)/python benchmarks/release.py

docs:  ## the documentation's site, strictly, into build/site; its reference made from the code
	$(BOOTSTRAP) docs
	@$(BIN)/python tools/docs/reference.py
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo build/site/index.html

docs-serve:  ## the same, on this machine's port 8000, built anew as you write
	$(BOOTSTRAP) docs
	@$(BIN)/python tools/docs/reference.py
	@$(BIN)/mkdocs serve

lint:  ## ruff, mypy, clang-format; npuport lint of both series
	$(BOOTSTRAP) dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/npuport lint && $(BIN)/npuport --port $(EXAMPLE) lint
	@git ls-files '*.cpp' '*.h' | xargs $(BIN)/clang-format --dry-run --Werror

format:  ## let the formatters write
	$(BOOTSTRAP) dev
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .
	@git ls-files '*.cpp' '*.h' | xargs $(BIN)/clang-format -i

clean:  ## remove what commands made here; not the environment, the cache, nor the bundles in dist
	@for work in out/rebase/session out/trees/*.edited-* $(EXAMPLE)/out/rebase/session; do \
	  if [ -e $$work ]; then echo "$$work holds your work: move it away, or end the rebase"; exit 1; fi; \
	done
	@rm -rf out build $(EXAMPLE)/out
