PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help setup run test check resolve engines fuzz chaos bench bench-rivals prove screenshots template dataflow template-files lock clean

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(READY) ## make .venv with everything pinned, and .venv/bin/tierwise

$(READY): requirements.txt setup.py
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check --quiet --disable-pip-version-check
	@touch $(READY)

run: $(READY) ## classify the example archive with the embedded emulator, into out/
	$(BIN)/tierwise run --input=examples/manifest.csv --tasks=examples/tasks.yaml --output=out --emulator_knows=examples/known --emulator_sees=features

# Tests start hundreds of processes: none of them is to compile what another has compiled.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(READY) check ## run all checks and tests
	$(BIN)/python -m pytest -n 3 --dist=loadfile --no-loadscope-reorder

check: $(READY) ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

resolve: $(READY) ## see that pip and uv find versions for each extra at once, from nothing; needs an index, takes minutes
	$(BIN)/python tests/packaging/resolve.py

engines: ## build Beam's Prism (with Go) and its Flink job server (with Maven) into .engines/
	sh engines/build.sh

fuzz: $(READY) ## mutate real pictures for a minute, to see that each ends as picture or failure
	$(BIN)/python tests/fuzz_images.py 60

chaos: $(READY) ## kill a run some twenty times at random moments, and count what is paid again
	$(BIN)/python tests/chaos.py

prove: $(READY) ## stop publishing at each step, hold a page to its calibration, simulate refusals, outages, counts and samples, run against failing services, kill and spoil batch jobs, then soak for SOAK seconds, an hour
	$(BIN)/python -m pytest -m prove
	$(BIN)/python -m bench.ending.simulate
	$(BIN)/python -m bench.forecast.sampling
	$(BIN)/python -m bench.counts.simulate
	$(BIN)/python -m bench.stress.faults
	$(BIN)/python -m bench.batches.misplaced
	$(BIN)/python -m bench.batches.kills
	$(BIN)/python -m bench.batches.all_faults
	$(BIN)/python -m bench.batches.large_job
	$(BIN)/python -m bench.batches.against_flex
	$(BIN)/python -m bench.guarantee
	$(BIN)/python -m bench.local_answers.archives
	$(BIN)/python -m bench.scale.spot
	$(BIN)/python -m bench.stress.soak --seconds=$(or $(SOAK),3600)

bench: $(READY) ## measure the commands and the shrinking against plain scripts, pyvips, the tutorial way and the codec's limit
	$(BIN)/python -m bench.whole_job
	$(BIN)/python -m bench.images.whole_command --photographs=1500
	$(BIN)/python -m bench.images.compare
	$(BIN)/python -m bench.starts

bench-rivals: $(READY) ## measure asking against other tools, installed apart into .venv-rivals
	sh bench/asking/rivals/install.sh
	$(BIN)/python -m bench.asking.compare --ways=plain_asyncio,ours,thread_pool,beam_handler,daft_prompt,async_batch_llm

template: ## build and push the image and the Flex Template: IMAGE=... TEMPLATE=gs://...
	@test -n "$(IMAGE)" && test -n "$(TEMPLATE)" || { echo "make template needs IMAGE=REGION-docker.pkg.dev/PROJECT/REPOSITORY/tierwise:TAG and TEMPLATE=gs://BUCKET/tierwise.json; see docs/dataflow.md" >&2; exit 2; }
	@command -v docker >/dev/null || { echo "make template needs docker (or podman under that name), which is not there" >&2; exit 2; }
	@command -v gcloud >/dev/null || { echo "make template needs gcloud, which is not there: https://cloud.google.com/sdk" >&2; exit 2; }
	docker build --file templates/Dockerfile --build-arg IMAGE=$(IMAGE) --tag $(IMAGE) .
	docker push $(IMAGE)
	gcloud dataflow flex-template build $(TEMPLATE) --image=$(IMAGE) --sdk-language=PYTHON --metadata-file=templates/metadata.json

dataflow: ## launch the template: TEMPLATE=gs://... REGION=... INPUT=gs://... OUTPUT=gs://... GEMINI=vertex
	@test -n "$(TEMPLATE)" && test -n "$(REGION)" && test -n "$(INPUT)" && test -n "$(OUTPUT)" && test -n "$(GEMINI)" || { echo "make dataflow needs TEMPLATE, REGION, INPUT, OUTPUT and GEMINI=vertex or developer (MORE=name=value~name=value for other parameters, LAUNCH=... for other flags of gcloud); see docs/dataflow.md" >&2; exit 2; }
	@command -v gcloud >/dev/null || { echo "make dataflow needs gcloud, which is not there: https://cloud.google.com/sdk" >&2; exit 2; }
	gcloud dataflow flex-template run tierwise-$$(date -u +%Y%m%d-%H%M%S) --template-file-gcs-location=$(TEMPLATE) --region=$(REGION) "--parameters=^~^input=$(INPUT)~output=$(OUTPUT)~gemini=$(GEMINI)$(if $(MORE),~$(MORE))" $(LAUNCH)

template-files: $(READY) ## write templates/metadata.json from the flags, and templates/requirements.txt from the lock file
	$(BIN)/python -m templates.metadata
	$(BIN)/python -m templates.requirements

screenshots: $(READY) ## take the pictures of the page that docs show, with Chromium
	$(BIN)/python -m bench.page.screenshots

lock: ## pin every dependency anew, by hash, for Python 3.11 to 3.13
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet uv
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --strip-extras --extra test --upgrade --output-file requirements.txt setup.py
	rm -rf .venv-lock

clean: ## delete what the other targets made
	rm -rf .venv .engines out build *.egg-info
