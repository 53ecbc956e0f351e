# Needs Node 20 or later with npm, make, git and sh. Everything else, Node 26 and PostgreSQL too, npm installs into node_modules.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help install run dev check test console screenshots shim images images-check cluster cluster-down cluster-check e2e soak bench bench-operator bench-console format clean

# the pinned Node first, for every tool; scripts/install.sh alone uses the npm that was there before
BIN := $(CURDIR)/node_modules/.bin
WITH_NODE := PATH="$(BIN):$$PATH"

# only from the command line: a PORT that happens to stand in the environment belongs to another program
option = $(if $(filter command,$(firstword $(origin $(1)))),--$(2) '$($(1))')
RUN_OPTIONS := $(call option,PORT,port) $(call option,DATA_DIR,data-dir) $(call option,CATALOG,catalog)

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo '  make run PORT=3001 DATA_DIR=folder CATALOG=folder   (all optional)'
	@echo '  make bench SUITE=storm ROUNDS=9                     (one suite of bench/suites.ts, shown and not written)'

install: ## install what the lock file names, if not done already
	@scripts/install.sh

run: install ## start the hub on this machine; Ctrl-C ends it
	@$(WITH_NODE) exec node launcher/src/main.ts $(RUN_OPTIONS)

dev: install ## the same, and the gateway starts again when its sources change
	@$(WITH_NODE) exec node launcher/src/main.ts --watch $(RUN_OPTIONS)

check: install ## types, lint, format, unused files and dependencies, the shim's too
	@$(WITH_NODE) npm run --silent check:types
	@$(WITH_NODE) npm run --silent check:lint
	@$(WITH_NODE) npm run --silent check:format
	@$(WITH_NODE) npm run --silent check:unused
	@$(WITH_NODE) npm run --silent check:shim

test: console ## every test; ends with "N passed, N failed"
	@$(WITH_NODE) exec vitest run

console: install ## build the console to console/dist, if anything of it has changed
	@$(WITH_NODE) exec node scripts/build-console.ts

screenshots: console ## every page in both themes, languages and widths to test/out/screens, the guides' to docs/pictures (needs Chromium)
	@SCREENSHOTS=yes $(WITH_NODE) exec vitest run test/browser/tour.test.ts test/browser/story-connect.test.ts

shim: ## build the program that runs in sandbox pods (needs Go 1.26) to sandbox/out
	@scripts/build-shim.sh

images: install ## build the container images with buildah (no registry needed); docs/guides/images.md
	@$(WITH_NODE) exec node images/build.ts all

images-check: install ## run the built images in a container engine of its own (root; Debian's docker.io)
	@$(WITH_NODE) exec node test/images/main.ts

cluster: install ## bring up a real Kubernetes cluster (root, Go; the first time builds for ten minutes); test/cluster/README.md
	@$(WITH_NODE) exec node test/cluster/main.ts up

cluster-down: install ## end it and take away what is left
	@$(WITH_NODE) exec node test/cluster/main.ts down

cluster-check: install ## what that cluster proves, or the one KUBECONFIG points to; CHECK='pods tokens'
	@$(WITH_NODE) exec node test/cluster/main.ts check $(CHECK)

e2e: install ## the stories on a real cluster, with a report; STORY='calls attack' KEEP=1; test/e2e-cluster/README.md
	@STORY='$(STORY)' KEEP='$(KEEP)' $(WITH_NODE) exec node test/e2e-cluster/main.ts

soak: install ## the crowd, the kills and the random sequences for longer, then faults and 1,000 cycles on a cluster; SOAK_MINUTES=30
	@export KILLS="$${KILLS:-1000}" GENERATIVE_COUNT="$${GENERATIVE_COUNT:-20000}"; $(WITH_NODE) vitest run --config vitest.soak.config.ts
	@$(WITH_NODE) exec node test/soak/cluster.ts

bench: install ## measure the gateway beside a pass-through; writes bench/RESULTS.md
	@$(WITH_NODE) exec node bench/main.ts

bench-operator: install ## measure the operator with 50,000 sandboxes, alone and on a cluster of its own (root); writes bench/RESULTS-OPERATOR*.md
	@$(WITH_NODE) node bench/operator/alone.ts
	@$(WITH_NODE) exec node bench/operator/main.ts

bench-console: install ## measure the console beside 500 servers, 5,000 people and a million audit records (needs Chromium); writes bench/RESULTS-CONSOLE.md
	@$(WITH_NODE) exec node bench/console/main.ts

format: install ## format all sources
	@$(WITH_NODE) npm run --silent format

clean: ## remove what was installed and produced; the hub's data are kept
	@rm -rf node_modules coverage bench/out test/out sandbox/out console/dist
	@echo 'Removed node_modules and outputs. The data of `make run` are kept.'
