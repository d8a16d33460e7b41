# make help lists what there is; CONTRIBUTING.md says when to run what.

GO       ?= go
TOOL     := $(GO) tool -modfile=tools/go.mod
PACKAGES ?= ./...
FUZZTIME ?= 30s
ROUNDS   ?= 50

.DEFAULT_GOAL := help
.PHONY: help check fmt vet lint vuln test race races fuzz bench microbench soak pg clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

check: fmt vet lint test ## everything a change must pass; fails if the tree is not committed
	@test -z "$$(git status --porcelain)" || { git status --short; echo "The tree has changes that are not committed."; exit 1; }

fmt: ## format the code
	$(TOOL) golangci-lint fmt $(PACKAGES)

vet: ## what the compiler lets pass
	$(GO) vet $(PACKAGES)

lint: ## house rules, see .golangci.yml
	$(TOOL) golangci-lint run $(PACKAGES)

vuln: ## known vulnerabilities in what we use; says so where the database is out of reach
	@scripts/vuln $(PACKAGES)

test: ## all tests, on SQLite, PostgreSQL and in Chromium; brings what they need
	scripts/test-deps
	$(GO) test -timeout 30m $(PACKAGES)
	@test -d ../shared/data || echo "Not run: the tests of real files (Online Retail, CDNOW, messy imports, example phones); they read ../shared/data."

race: ## all tests under the race detector
	scripts/test-deps
	$(GO) test -race -timeout 60m $(PACKAGES)

# where goroutines share what they have: storage, queues, limits, the spine
RACES := loyalty/receipt base/db base/jobs base/event base/id base/limit importer/delimited

races: ## the packages where goroutines meet, under the race detector
	scripts/test-deps
	$(GO) test -race -timeout 30m $(RACES:%=./internal/%)
	$(GO) test -race -timeout 30m -run 'Scan|TwoImports|During|GoesOn|SecondRun' ./internal/importer

fuzz: ## every fuzz target for FUZZTIME
	scripts/fuzz $(FUZZTIME) $(PACKAGES)

bench: ## a whole installation, beside pgbench, into bench.md; takes an hour of a quiet machine
	$(GO) run ./bench

microbench: ## the small benchmarks, into bench.txt, compared with the last bench.txt
	@if [ -f bench.txt ]; then mv bench.txt bench.old.txt; fi
	$(GO) test -run '^$$' -bench . -benchmem -timeout 120m $(PACKAGES) | tee bench.txt
	@if [ -f bench.old.txt ]; then $(TOOL) benchstat bench.old.txt bench.txt; fi

soak: ## the tests that kill, cut off and race, ROUNDS times each instead of a few
	scripts/test-deps
	REGULARS_SOAK=$(ROUNDS) $(GO) test -count=1 -timeout 180m -run 'Kill|Crash|Soak' -v $(PACKAGES)

# At Ctrl-C make and go run would end with an error: under set -m it reaches the
# program alone.
pg: ## a PostgreSQL to try things on, until Ctrl-C
	@set -m; bin=$$(mktemp) && $(GO) build -o $$bin ./scripts/pg && $$bin; code=$$?; rm -f $$bin; exit $$code

clean: ## remove what building, testing and measuring left here
	rm -f bench.txt bench.old.txt bench.md
	$(GO) clean -testcache
