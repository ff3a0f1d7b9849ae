PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help setup run test check engines fuzz chaos bench bench-rivals lock clean

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: $(READY) ## make .venv with everything pinned, and .venv/bin/tierwise

$(READY): requirements.txt setup.py
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check --quiet --disable-pip-version-check
	@touch $(READY)

run: $(READY) ## classify the example archive with the embedded emulator, into out/
	$(BIN)/tierwise run --input=examples/manifest.csv --tasks=examples/tasks.yaml --output=out

test: $(READY) check ## run all checks and tests
	$(BIN)/python -m pytest

check: $(READY) ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

engines: ## build Beam's Prism (with Go) and its Flink job server (with Maven) into .engines/
	sh engines/build.sh

fuzz: $(READY) ## mutate real pictures for a minute, to see that each ends as picture or failure
	$(BIN)/python tests/fuzz_images.py 60

chaos: $(READY) ## kill a run some twenty times at random moments, and count what is paid again
	$(BIN)/python tests/chaos.py

bench: $(READY) ## measure the shrinking against the tutorial way and the codec's limit
	$(BIN)/python -m bench.images.compare

bench-rivals: $(READY) ## measure asking against other tools, installed apart into .venv-rivals
	sh bench/asking/rivals/install.sh
	$(BIN)/python -m bench.asking.compare --ways=plain_asyncio,ours,thread_pool,beam_handler,daft_prompt,async_batch_llm

lock: ## pin every dependency anew, by hash, for Python 3.11 to 3.13
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet uv
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --strip-extras --extra test --upgrade --output-file requirements.txt setup.py
	rm -rf .venv-lock

clean: ## delete what the other targets made
	rm -rf .venv .engines out build *.egg-info
