PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8000
DATA_DIR ?= .data
export PORT DATA_DIR

BIN := .venv/bin
RUN := .venv/.run-installed
DEV := .venv/.dev-installed
FUZZ := .venv/.fuzz-installed
BROWSER := .venv/.browser-installed
NODE := tools/node_modules/.installed
CLIENTS := build/clients/.installed
SUPPLY := build/supply/.installed
# Node's own programs come from a wheel; they find each other by PATH.
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix tools
RULESET := ../shared/standards/nl-api-design-rules-2.2.yaml

.DEFAULT_GOAL := help
.PHONY: help run test check browser fuzz faults clients credentials identity sbom audit fix openapi examples release bench migration lock clean

help: ## say what the targets do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: $(RUN) ## set everything up and serve the API; PORT, DATA_DIR, DATABASE_URL, AT=2021-06-15T09:00+02:00
	@$(BIN)/cultuurcoordinator run $(if $(AT),--at $(AT))

test: $(DEV) ## set everything up and run the tests; ARGS=tests/draws for a part
	$(BIN)/python -m pytest $(if $(ARGS),$(ARGS),-n auto --dist worksteal)

browser: $(BROWSER) $(NODE) ## read the pages as people do, with the machine's own Chromium
	$(BIN)/python -m pytest tests/browser

check: $(DEV) $(NODE) ## format, lint, types, import rules, OpenAPI document and its compatibility, migrations, calendars
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cultuurcoordinator openapi | diff -u openapi/openapi.json -
	$(BIN)/python -m tools.compatibility
	@if [ -f $(RULESET) ]; then $(NPM) run --silent lint-design-rules; \
	  else echo "The API Design Rules' ruleset is not at $(RULESET): not linted with it."; fi
	$(NPM) run --silent lint
	$(BIN)/python -m pytest -q tests/whole/test_migrations.py
	$(BIN)/python -m pytest -q tests/trainings/in_ical_js.py

fuzz: $(FUZZ) ## send what the contract allows, and what it does not, as each role; EXAMPLES=20 SEED=1
	$(BIN)/python -m tests.fuzz $(if $(EXAMPLES),--examples $(EXAMPLES)) $(if $(SEED),--seed $(SEED))

faults: $(DEV) ## kill workers at random for a minute while 2,000 events flow to three receivers; SEED=1
	$(BIN)/python -m tests.faults.webhooks $(if $(SEED),--seed $(SEED))

clients: $(DEV) $(NODE) $(CLIENTS) ## make clients in TypeScript and Python from the contract, check their types, run them
	$(BIN)/python -m pytest -q tests/clients/generated.py

credentials: $(DEV) $(NODE) ## have certificates' credentials judged by others' verifiers, with the official contexts
	$(BIN)/python -m pytest -q tests/credentials/independent.py

identity: $(DEV) $(NODE) ## have people sign in with a real OpenID Connect provider, and call the API
	$(BIN)/python -m pytest -q tests/identity/signing_in.py

sbom: $(SUPPLY) ## write what is shipped, in build/sbom.json (CycloneDX) and build/licences.txt; a licence nobody chose fails
	build/supply/bin/cyclonedx-py environment build/shipped/bin/python --pyproject pyproject.toml \
	  --mc-type application --output-reproducible --output-file build/sbom.json
	@$(BIN)/python -m tools.licences build/sbom.json > build/licences.txt || { cat build/licences.txt; exit 1; }
	@echo "$$(wc -l < build/licences.txt) packages: build/sbom.json, build/licences.txt"

audit: $(SUPPLY) ## ask osv.dev, over the internet, what is known to be wrong with the pinned versions
	@for one in run dev; do \
	  build/supply/bin/pip-audit --disable-pip --require-hashes -s osv -r requirements/$$one.txt || exit 1; done

fix: $(DEV) ## format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

openapi: $(RUN) ## write openapi/openapi.json from the routes
	$(BIN)/cultuurcoordinator openapi --output openapi/openapi.json

examples: $(DEV) ## play the pilot, keep its exchanges as examples, and write openapi/openapi.json with them
	$(BIN)/python -m tools.examples
	$(BIN)/cultuurcoordinator openapi --output openapi/openapi.json

release: $(DEV) ## keep the contract of the version in app/__init__.py, for later ones to be compared with
	$(BIN)/python -m tools.release

bench: $(DEV) ## measure the API against its floor, as ratios, the draw, certificates and imports
	$(BIN)/python -m bench
	$(BIN)/python -m bench.draws --quick
	$(BIN)/python -m bench.certificates --quick
	$(BIN)/python -m bench.imports
	$(BIN)/python -m bench.webhooks --quick

migration: $(DEV) ## write a migration for what changed in the tables; NAME="why"
	$(BIN)/python -m tools.migration "$(NAME)"

lock: $(DEV) ## pin the dependencies anew, with hashes
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --upgrade pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --constraint requirements/run.txt --group dev pyproject.toml -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --constraint requirements/dev.txt --group fuzz -o requirements/fuzz.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --upgrade --group pyproject.toml:clients -o requirements/clients.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --constraint requirements/dev.txt --group browser -o requirements/browser.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --upgrade --group pyproject.toml:supply -o requirements/supply.txt

clean: ## take away what was set up; the data folder stays
	rm -rf .venv tools/node_modules build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -m venv .venv

$(RUN): requirements/run.txt pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements/dev.txt $(RUN)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
	@touch $@

$(FUZZ): requirements/fuzz.txt $(DEV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/fuzz.txt
	@touch $@

$(BROWSER): requirements/browser.txt $(DEV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/browser.txt
	@touch $@

$(NODE): tools/package-lock.json | $(DEV)
	$(NPM) ci --silent
	@touch $@

# What a partner would have, and no more: its versions are not the application's.
$(CLIENTS): requirements/clients.txt | $(DEV)
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/clients.txt
	@touch $@

# What is shipped, and nothing beside it; and the tools that look at it from outside.
$(SUPPLY): requirements/run.txt requirements/supply.txt | $(DEV)
	$(PYTHON) -m venv build/shipped
	build/shipped/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/run.txt
	build/shipped/bin/python -m pip --quiet --disable-pip-version-check uninstall --yes pip
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/supply.txt
	@touch $@
