# `make run` and `make test` need Python >= 3.11 and make, nothing else.
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
OLD := .venv-oldest
PYTEST := $(BIN)/python -m pytest
# What computes is run in two processes, a file in one of them; what waits for clocks and sockets (e2e) has the machine alone.
TWO := -n 2 --dist loadfile
OUTSIDE := -m "not system and not kubernetes"
# What can differ with the libraries: the rooms that import them, and the service on a real host.
OLDEST := $(addprefix tests/unit/,clocks config formats metrics pki rules service watch web) \
	$(addprefix tests/unit/commands/,test_check.py test_rollback.py test_textfile.py) \
	$(addprefix tests/property/,test_page_is_the_librarys.py test_parse_never_raises.py test_rescan_law.py)
OLDEST_ALONE := $(addprefix tests/e2e/,test_costly_files.py test_hostile_clients.py test_reference_clock.py test_rotation.py \
	test_service.py test_tls_proof.py test_watch_real_inotify.py)
DEMO := build/incident
ARGS ?=

.PHONY: help broken run look demo stage pictures test test-oldest test-system walk test-kubernetes test-vm lint format generate check-generated dashboards rules manifests bench table mutate simulate year conformance fuzz soak golden \
	programs system-packages wheel man deb rpm image single-file release install uninstall clean

help: ## print this
	@echo 'make TARGET, where TARGET is:'
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1|/p' Makefile | while IFS='|' read -r target text; do \
		printf '  %-16s %s\n' "$$target" "$$text"; done

run: $(VENV)/.runtime ## run the exporter in the foreground
	@sh tests/support/mine.sh build
	@$(BIN)/python -m tests.support.incident $(DEMO) -- $(BIN)/kubepki-exporter $(ARGS)

look: $(VENV)/.runtime ## look at this host once, without a service, and say what is wrong
	@$(BIN)/kubepki-exporter check $(ARGS) || { status=$$?; [ $$status -lt 3 ] || exit $$status; }

demo: $(VENV)/.dev programs ## tell the incident from the power cut to the repair in half a minute; ARGS=--stay leaves it open
	@sh tests/support/mine.sh build
	@$(BIN)/python -m tests.support.demo build/demo $(ARGS)

stage: $(VENV)/.dev programs ## play the incident for the boards: two clusters, one Prometheus; stays until Ctrl-C
	@sh tests/support/mine.sh build
	@$(BIN)/python -m tests.support.run_stage build/stage --stay $(ARGS)

pictures: $(VENV)/.dev programs ## draw the boards' pictures of the documentation anew; needs Node
	@$(BIN)/python -m tests.grafana.pictures docs/pictures $(ARGS)

test: $(VENV)/.dev programs ## run all tests but those that boot machines
	$(PYTEST) -q $(TWO) $(OUTSIDE) --ignore=tests/e2e
	$(PYTEST) -q $(OUTSIDE) tests/e2e

test-oldest: $(OLD)/.dev programs ## those of the tests that the libraries can change, with the oldest supported ones
	$(OLD)/bin/python -m pytest -q $(TWO) $(OUTSIDE) $(OLDEST)
	$(OLD)/bin/python -m pytest -q $(OUTSIDE) $(OLDEST_ALONE)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev programs ## measure; prints tables; PEER=/path runs another exporter beside ours
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.against
	$(BIN)/python -m tests.bench.phases
	$(BIN)/python -m tests.bench.rules
	$(BIN)/python -m tests.bench.latency
	$(BIN)/python -m tests.bench.boards

test-vm: $(VENV)/.dev programs ## boot hosts whose hardware clock is wrong, in QEMU, and play their nights; needs root
	@sh tests/support/install-packages.sh systemd/packaging/apt-packages.txt test-vm
	@$(BIN)/python -m tests.vm $(ARGS)

test-system: $(VENV)/.dev wheel ## boot Debian 12 and 13 and use the packages there; needs root
	@sh tests/support/install-packages.sh systemd/packaging/apt-packages.txt all test-system
	$(PYTEST) -q $(TWO) -m system tests/system

walk: $(VENV)/.dev programs ## type every command of every page in a bare Debian 12 and 13; needs root and a network
	@sh tests/support/install-packages.sh systemd/packaging/apt-packages.txt all walk
	$(PYTEST) -q -s -m system tests/system/test_walk.py

test-kubernetes: $(VENV)/.dev programs ## play the incident and its repair on real Kubernetes with wrong clocks; needs root and Go
	@sh tests/support/install-packages.sh systemd/packaging/apt-packages.txt test-kubernetes
	@sh tests/support/fetch-programs.sh tests/kubernetes/apt-packages.txt .tools
	@sh tests/kubernetes/build.sh >/dev/null
	$(PYTEST) -q -s -m kubernetes tests/kubernetes

.PHONY: test-rulers
test-rulers: $(VENV)/.dev ## try the rules under Prometheus 3 and vmalert, which are built once; needs Go
	KUBEPKI_RULERS=$$(sh tests/rules/rulers/build.sh) $(PYTEST) -q tests/rules/test_rulers.py

generate: dashboards rules manifests ## write everything that is generated and committed

dashboards: $(VENV)/.dev
	$(BIN)/python -m grafana.generate

rules: $(VENV)/.dev ## write the alert rules that are shipped; SITE=site.yaml writes those of a site into build/rules
ifdef SITE
	@$(BIN)/kubepki-exporter rules --site=$(SITE) build/rules
else
	@$(BIN)/python rules/generate.py
endif

manifests: $(VENV)/.dev
	$(BIN)/python systemd/kubernetes/generate.py

check-generated: $(VENV)/.dev ## fail where a generated file is not what its source says
	$(BIN)/python -m grafana.generate --check
	$(BIN)/python rules/generate.py --check
	$(BIN)/python systemd/kubernetes/generate.py --check

wheel: $(VENV)/.dev ## build the wheel and the source distribution into dist/
	@sh tests/support/mine.sh build dist
	@sh systemd/packaging/build-wheel.sh $(BIN)/python

man: $(VENV)/.runtime ## print the manual page into build/kubepki-exporter.8
	@mkdir -p build && $(BIN)/python systemd/packaging/manpage.py > build/kubepki-exporter.8 && echo build/kubepki-exporter.8

deb: $(VENV)/.runtime ## build dist/kubepki-exporter_VERSION_all.deb
	@sh tests/support/install-packages.sh systemd/packaging/apt-packages.txt deb
	@sh tests/support/mine.sh build dist
	@systemd/packaging/build-deb.sh

rpm: $(VENV)/.runtime ## build dist/kubepki-exporter-VERSION-1.ARCH.rpm
	@sh tests/support/install-packages.sh systemd/packaging/apt-packages.txt rpm
	@sh tests/support/mine.sh build dist
	@systemd/packaging/build-rpm.sh

image: $(VENV)/.runtime ## build dist/kubepki-exporter-VERSION-image-ARCH.tar, a container image; ARCH=amd64 or arm64
	@sh tests/support/install-packages.sh systemd/packaging/apt-packages.txt deb image
	@sh tests/support/mine.sh build dist
	@systemd/packaging/build-image.sh

single-file: $(VENV)/.runtime ## build dist/kubepki-exporter-VERSION-linux-ARCH, one executable with its Python; needs root
	@sh tests/support/install-packages.sh systemd/packaging/apt-packages.txt single-file
	@systemd/packaging/build-single-file.sh

release: $(VENV)/.dev ## build everything of a release into dist/: packages, single file, images, sums, a bill of materials
	@sh tests/support/install-packages.sh systemd/packaging/apt-packages.txt release
	@systemd/packaging/build-release.sh

install: wheel ## install into PREFIX (/usr/local), staged in DESTDIR
	DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" PYTHON="$(PYTHON)" systemd/packaging/install.sh install

uninstall: ## remove what `make install` installed
	DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" systemd/packaging/install.sh uninstall

table: $(VENV)/.dev ## hold every verdict and every sentence of a page to its laws over the whole table of clocks
	$(BIN)/python -m tests.support.clock_table
	KUBEPKI_WHOLE_TABLE=1 $(PYTEST) -q tests/property/test_whole_table.py tests/rules/test_table_agrees.py tests/rules/test_sentences.py

mutate: $(VENV)/.dev programs ## change each rule in each small way; what no test of the rules notices and nobody justified fails; ARGS='--only=TEXT'
	$(BIN)/python -m tests.rules.mutation $(ARGS)

simulate: $(VENV)/.dev programs ## play 10,000 healthy host-days over the rules, in which nothing may fire; ARGS='--hosts=50 --days=2'
	$(BIN)/python -m tests.rules.simulation $(ARGS)

year: $(VENV)/.dev programs ## play each day of a year on a healthy host of each distribution over the rules, in which nothing may page
	KUBEPKI_WHOLE_YEAR=1 $(PYTEST) -q tests/rules/test_a_year_of_pages.py

conformance: $(VENV)/.dev ## compare with Go and client-go on 50,000 files of each kind; needs Go
	KUBEPKI_CONFORMANCE_EXAMPLES=50000 $(if $(wildcard /dev/shm/.),TMPDIR=/dev/shm) $(PYTEST) -q -n 2 --dist worksteal tests/conformance

golden: $(VENV)/.dev ## write the expected scrapes anew; read the difference before you commit it
	$(BIN)/python -m tests.support.golden_metrics

fuzz: $(VENV)/.dev ## fuzz each parser for TIME seconds (60), where atheris can be installed; SEED makes it repeatable, ARGS names targets
	@$(BIN)/python -m pip install -q -r tests/fuzz/requirements.txt || { echo 'atheris cannot be installed here: nothing is fuzzed'; exit 0; }; \
	$(BIN)/python -c 'import atheris' 2>/dev/null || { echo 'there is no atheris for this Python: nothing is fuzzed'; exit 0; }; \
	$(BIN)/python -m tests.fuzz --seconds=$(or $(TIME),60) --seed=$(or $(SEED),0) $(ARGS)

soak: $(VENV)/.dev ## run the service for TIME seconds (1800) under rotations, storms, hostile clients and paths that hang
	@$(BIN)/python -m tests.soak $(TIME)

programs: ## unpack the programs that tests need into .tools/, where apt can fetch them
	@sh tests/support/fetch-programs.sh tests/support/apt-packages.txt .tools

system-packages: ## install the Debian packages that building and booting need, where we may
	@sh tests/support/install-packages.sh systemd/packaging/apt-packages.txt

clean:
	rm -rf build dist $(VENV) $(OLD) .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis

# pip's own words are many, and the last ones say nothing.
NO_PIP = { echo "pip could not install what is needed (its own words are above): it needs PyPI, or a mirror that PIP_INDEX_URL or pip.conf names" >&2; exit 1; }

# An environment that is not whole, or was made elsewhere, is made anew.
whole = $(if $(and $(wildcard $(1)/bin/python),$(filter $(CURDIR)/$(1),$(shell cat $(1)/.made 2>/dev/null))),,broken)

broken:

$(VENV)/.made: $(call whole,$(VENV))
	@sh tests/support/make-venv.sh "$(PYTHON)" $(VENV)

$(OLD)/.made: $(call whole,$(OLD))
	@sh tests/support/make-venv.sh "$(PYTHON)" $(OLD)

$(VENV)/.runtime: $(VENV)/.made pyproject.toml constraints.txt
	@sh tests/support/mine.sh $(VENV)
	@echo "installing the exporter and its libraries into $(VENV) (once, about 20 seconds)"
	@$(BIN)/python -m pip install -q -c constraints.txt -e . || $(NO_PIP)
	@touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml constraints.txt
	@sh tests/support/mine.sh $(VENV)
	@echo "installing the exporter, its libraries and the tools of development into $(VENV) (once, about a minute)"
	@$(BIN)/python -m pip install -q -c constraints.txt -e '.[dev]' || $(NO_PIP)
	@touch $@ $(VENV)/.runtime

$(OLD)/.dev: $(OLD)/.made pyproject.toml constraints-oldest.txt
	@echo "installing the oldest supported libraries into $(OLD) (once, about two minutes)"
	@$(OLD)/bin/python -m pip install -q -c constraints-oldest.txt -e '.[dev]' || $(NO_PIP)
	@touch $@
