# SPDX-FileCopyrightText: 2026, opendomino.mail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# `make demo` and `make test` set up all they need in .venv; nothing else is touched. `make clean` removes it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
COLLECTION := .collections/ansible_collections/opendomino/mail
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.collections
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Ansible keeps its temporary files and caches in the tree, so an empty or read-only HOME is fine.
export ANSIBLE_HOME := $(CURDIR)/.cache/ansible

.PHONY: help demo test lint types units sanity integration mta docs links pages galaxy release matrix molecule molecule-ci execution-environment bench bench-full clean

help:
	@echo "make demo         a lab with two Domino servers; mail fails, the roles run, mail flows (about 2 minutes)"
	@echo "make test         all in the next line, two at a time; CONTAINERS=1 adds the scenarios that CI runs"
	@echo "make lint|types|units|sanity|docs|integration|mta|pages   one of these"
	@echo "make docs         the documentation as HTML, in .cache/docs/html"
	@echo "make links        whether each address that the documentation names still answers; wants the Internet"
	@echo "make galaxy       what Galaxy does with the tarball when it is published"
	@echo "make release      the tarball of a release in build/, if nothing speaks against it; publishes nothing"
	@echo "make matrix       the collection under each release of ansible-core; RELEASES=2.16 PARTS=site for a part"
	@echo "make molecule     the site playbook on hosts in containers; SCENARIO=name another one, see TESTING.md"
	@echo "make execution-environment   an image with ansible-builder, and a playbook in it with ansible-runner"
	@echo "make bench        how fast it is, against named peers of the same minute; make bench-full with all sizes, in an hour or two"
	@echo "make clean        removes all that was set up"

$(COLLECTION):
	@mkdir -p $(dir $@)
	@ln -sfn ../../.. $@

# Most of what is installed is never imported; what is, Python compiles then.
$(VENV)/.ready: requirements/lab.txt tests/lab/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed, this is " + sys.version)'
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements/lab.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable tests/lab
	@touch $@

$(VENV)/.ready-dev: requirements/dev.txt $(VENV)/.ready
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "The tests need Python 3.11 or newer, this is " + sys.version)'
	@echo "Setting up the development tools ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements/dev.txt
	@touch $@

demo: $(VENV)/.ready $(COLLECTION)
	@PYTHONPATH=tests/support $(BIN)/python tests/demo/demo.py

lint: $(VENV)/.ready-dev $(COLLECTION)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/yamllint --strict .
	$(BIN)/ansible-lint --offline
	$(BIN)/antsibull-changelog lint
	$(BIN)/reuse lint --quiet || $(BIN)/reuse lint

types: $(VENV)/.ready-dev $(COLLECTION)
	$(BIN)/mypy

units: $(VENV)/.ready-dev $(COLLECTION)
	$(BIN)/pytest -n auto -q

sanity: $(VENV)/.ready-dev
	tests/tools/sanity.sh

docs: $(VENV)/.ready-dev $(COLLECTION)
	tests/tools/docs.sh

# Addresses come and go, and not each machine reaches them, so that this is no part of `make test`.
links: docs
	$(BIN)/sphinx-build -q -c docs/site -d .cache/docs/doctrees -b linkcheck .cache/docs/rst .cache/docs/links

# The tests ask real DNS servers, and cut a module's system calls: programs that are not Python packages.
PROGRAMS := named named-checkconf unbound unbound-checkconf strace
integration: $(VENV)/.ready-dev $(COLLECTION)
	@for program in $(PROGRAMS); do PATH="$$PATH:/usr/sbin:/sbin" command -v $$program >/dev/null || \
	  { echo "$$program is missing. The integration tests need it: apt-get install bind9 bind9-utils unbound strace" >&2; exit 1; }; done
	$(BIN)/pytest -n 2 --dist loadgroup -q tests/integration --ignore tests/integration/mta

# Postfix, Exim and Dovecot from Debian, unpacked into .cache and started by root only.
mta: $(VENV)/.ready-dev $(COLLECTION)
	@if [ "$$(id -u)" != 0 ]; then echo "NOT RUN: tests/integration/mta starts real mail servers, which root only can do."; else \
	  { [ -d .cache/mta/dovecot ] || tests/integration/mta/get-mtas.sh; } && $(BIN)/pytest -n 2 -q tests/integration/mta; fi

.cache/axe/.ready: requirements/axe.txt $(VENV)/.ready-dev
	@rm -rf .cache/axe
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target .cache/axe -r requirements/axe.txt
	@touch $@

# Reports in a real browser, which is no Python package. Pictures of them are left in .cache/browser.
BROWSER := chromium chromedriver
pages: $(VENV)/.ready-dev $(COLLECTION) .cache/axe/.ready
	@for program in $(BROWSER); do command -v $$program >/dev/null || \
	  { echo "$$program is missing. The tests of pages need it: apt-get install chromium chromium-driver" >&2; exit 1; }; done
	$(BIN)/pytest -q tests/browser

# The scenarios, with hosts in containers, that CI runs for each change.
CI_SCENARIOS := faults running_server two_domains default fleet
test: $(VENV)/.ready-dev $(COLLECTION) .cache/axe/.ready
	@tests/tools/all.sh integration lint types sanity docs mta pages demo \
	  $(if $(CONTAINERS),$(addprefix molecule-ci/,$(CI_SCENARIOS))) units

# The collection under each release of ansible-core that it supports; no part of `make test`, which takes one of them.
RELEASES ?= 2.16 2.17 2.18 2.19 2.20 2.21 2.22
PARTS ?= site units sanity
matrix: $(VENV)/.ready-dev $(COLLECTION)
	@PYTHONPATH=tests/support $(BIN)/python tests/tools/matrix.py --releases "$(RELEASES)" --parts "$(PARTS)"

.cache/galaxy/.ready: requirements/galaxy.txt
	@rm -rf .cache/galaxy/env
	@$(PYTHON) -m venv .cache/galaxy/env
	@.cache/galaxy/env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements/galaxy.txt
	@touch $@

# What Galaxy does with the tarball when it is published.
galaxy: $(VENV)/.ready-dev .cache/galaxy/.ready
	tests/tools/galaxy.sh

release: $(VENV)/.ready-dev $(COLLECTION)
	tests/tools/release.sh

# Hosts in containers, with SSH, DNS and Postfix. Several scenarios: SCENARIO="default faults".
SCENARIO ?= default
export FLEET_SIZE INVENTORY STEP CONTAINER_ENGINE
molecule: $(VENV)/.ready-dev $(COLLECTION)
	@tests/tools/molecule.sh $(SCENARIO)

# A scenario that fails is run once more, and says so; 3 says that no container can run here.
molecule-ci: $(addprefix molecule-ci/,$(CI_SCENARIOS))
molecule-ci/%: $(VENV)/.ready-dev $(COLLECTION)
	@export FLEET_SIZE=4; tests/tools/molecule.sh $*; result=$$?; \
	if [ $$result = 3 ]; then echo "NOT RUN: $*, because no container can run here."; exit 0; fi; \
	[ $$result = 0 ] || { echo "$*: FAILED, and once more from the start"; tests/tools/molecule.sh $*; }

# An image for AWX and Automation Platform, made by ansible-builder, and a playbook that ansible-runner runs in it.
execution-environment: $(VENV)/.ready-dev
	@tests/tools/execution_environment.sh; result=$$?; \
	if [ $$result = 3 ]; then echo "NOT RUN: execution-environment, because no container can run here."; exit 0; fi; exit $$result

# What it is measured against has an environment of its own. Figures stay in .cache/bench; bench-full writes those of the
# documentation as well, which are to be taken on a machine that does nothing else.
.cache/bench/.ready: requirements/bench.txt
	@echo "Setting up the peers of the benchmarks ..."
	@$(PYTHON) -m venv .cache/bench/peers
	@.cache/bench/peers/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements/bench.txt
	@touch $@

BENCH = PYTHONPATH=tests/benchmark $(BIN)/python -m bench --peers .cache/bench/peers/bin \
  $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(HOSTS),--hosts $(HOSTS))
ONLY ?= runs stock growth modules payloads documents dns addresses
bench: $(VENV)/.ready-dev $(COLLECTION) .cache/bench/.ready
	@$(BENCH) --only $(ONLY) --json .cache/bench/figures.json --rst .cache/bench/figures.rst

bench-full: $(VENV)/.ready-dev $(COLLECTION) .cache/bench/.ready
	@$(BENCH) --full --only $(ONLY) --json tests/benchmark/figures.json --rst docs/docsite/rst/figures.rst

clean:
	rm -rf $(VENV) .cache .collections .pytest_cache .mypy_cache .ruff_cache .hypothesis .ansible
