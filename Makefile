# Vymir: build, run, test. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export CGO_ENABLED ?= 0
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -s -w -X main.version=$(VERSION)
GOBUILD := go build -trimpath -ldflags '$(LDFLAGS)'
BIN := bin
TOOLS := .cache/bin

export VYMIR_STATE ?= ./var
export VYMIR_WEB ?= 127.0.0.1:8443
export VYMIR_QUIC ?= 127.0.0.1:7443

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

.PHONY: build
build: programs osvscan ## build all programs into bin/

.PHONY: programs
programs:
	@mkdir -p $(BIN)
	@echo "building $(BIN)/vymir-agent and $(BIN)/vymir-server (the first time takes some minutes) ..."
	@$(GOBUILD) -o $(BIN)/ ./agent/cmd/vymir-agent ./server/cmd/vymir-server
	@ls -l $(BIN)/vymir-agent $(BIN)/vymir-server | awk '{printf "  %s  %.1f MB\n", $$NF, $$5/1e6}'

.PHONY: osvscan
osvscan: ## build bin/vymir-osvscan, the scanner for programming languages (a module of its own)
	@mkdir -p $(BIN)
	@echo "building $(BIN)/vymir-osvscan (the first time takes some minutes) ..."
	@cd collector/osvscan && go build -trimpath -ldflags '-s -w' -o $(CURDIR)/$(BIN)/vymir-osvscan .
	@ls -l $(BIN)/vymir-osvscan | awk '{printf "  %s  %.1f MB\n", $$NF, $$5/1e6}'

.PHONY: run
run: programs ## run server and agent on this machine: enrol, assess, send, show (ONCE=1: one round, then exit)
	@$(BIN)/vymir-server trial --agent $(BIN)/vymir-agent $(if $(filter 1,$(ONCE)),--once)

.PHONY: test
test: tools-test build ## install what the tests need and run all of them
	@.ci/test

.PHONY: tools-test
tools-test:
	@.ci/install test

.PHONY: check
check: ## gofmt, vet, golangci-lint with the law of imports, opa fmt and check, regal
	@.ci/check

.PHONY: generate
generate: ## regenerate BPF objects, protobuf code, controls.json and the docs made from code
	@.ci/install generate
	PATH="$$PWD/$(TOOLS):$$PATH" go generate ./collector/... ./agent/... ./policies/... ./server/...
	go run ./collector/internal/factsdoc

.PHONY: generate-check
generate-check: generate ## fail when a generated file differs from the committed one
	@git diff --exit-code --stat -- . || { echo "generated files differ: commit what 'make generate' wrote"; exit 1; }

.PHONY: bench
bench: ## benchmarks of every house (compare two runs with benchstat)
	go test -run '^$$' -bench . -benchmem ./collector/... ./policies/... ./agent/... ./server/...

.PHONY: bench-probes
bench-probes: ## what the probes cost: on and off in turn, kernel and agent, idle, and a reader stalled for 10 s (root, some minutes)
	VYMIR_STALL=10s go test -count=1 -run '^TestStalledReaderMissesNothing$$' -v ./collector/internal/probe
	go test -run '^$$' -bench 'Workload|Told' -benchtime 15x ./collector/internal/probe
	go test -run '^$$' -bench 'UnwatchedOpen' -benchtime 100x ./collector/internal/probe/files
	go test -run '^$$' -bench 'Idle' -benchtime 2x ./collector/internal/probe
	go test -run '^$$' -bench . -benchtime 3000x ./collector/internal/probe/exec ./collector/internal/probe/tcp ./collector/internal/probe/udp ./collector/internal/probe/proto

.PHONY: bench-needs
bench-needs: ## gaps and needs of 100,000 hosts recomputed; the best set for a budget and how far the plain ranking is from it
	go test -run '^$$' -bench 'Choose|Recompute' -benchtime 3x ./server/internal/need

.PHONY: bench-server
bench-server: ## latency of pages and API over 20,000 hosts (on PostgreSQL too with VYMIR_TEST_POSTGRES; some minutes)
	VYMIR_LATENCY=$${HOSTS:-20000} go test -run '^TestLatency$$' -timeout 60m -v ./server

.PHONY: bench-ingest
bench-ingest: ## what a check-in costs from handshake to commit beside bare quic-go in the same run (PostgreSQL too with VYMIR_TEST_POSTGRES)
	go test ./server/internal/ingest -run '^$$' -bench CheckIn -benchtime 1000x -benchmem -count 3

.PHONY: bench-wire
bench-wire: ## what a check-in costs on a wire between the two programs, and by what reports are compressed (needs root)
	VYMIR_WIRE=12 go test ./server -run 'TestMonthOnTheWire|TestBytesBesideJSON' -v
	go test ./server/internal/ingest -run TestMonthOfCheckIns -v
	go run ./agent/internal/dictionary

.PHONY: fuzz-canaries
fuzz-canaries: ## plant made-up names in every internal text and look for them in all that donors get: texts, pages, API, files, push, log (2 x 8 minutes; FOR=30m)
	@mkdir -p $(BIN)
	for p in catalogue:FuzzCanaries api:FuzzDonorsBytes; do \
		go test -c -o $(BIN)/$${p%:*}.test ./server/internal/$${p%:*}; \
		(cd server/internal/$${p%:*} && $(CURDIR)/$(BIN)/$${p%:*}.test -test.run '^$$' -test.fuzz "^$${p#*:}$$" -test.fuzztime $${FOR:-8m} -test.fuzzcachedir "$$(mktemp -d)"); \
	done

.PHONY: bench-lines
bench-lines: ## bytes and time of a check-in beside JSON and gzip over HTTPS on bad lines, as a table (needs root and /dev/net/tun; some minutes)
	VYMIR_WIRE=1 go test ./server -run '^TestBytesOnBadLines$$' -timeout 60m -v

.PHONY: bench-memory
bench-memory: ## resident memory of a server process per 1,000 agents: known and away, and connected (some minutes; AGENTS=n)
	VYMIR_MEMORY=$${AGENTS:-2000} go test -run '^TestMemoryPerAgent$$' -timeout 30m -v ./server

.PHONY: soak
soak: ## 2,000 simulated agents against one real server, both killed at random: everything stored exactly once (some minutes; AGENTS=n)
	VYMIR_SOAK=$${AGENTS:-2000} go test -run '^TestSoak$$' -timeout 30m -v ./server

.PHONY: test-kernels
test-kernels: ## boot Debian's kernels in QEMU and run the probe tests inside (long)
	@collector/internal/probe/kernels/run.sh

.PHONY: test-installer
test-installer: build ## install into a real Debian with systemd (systemd-nspawn) and take it away again
	@installer/test/run.sh

.PHONY: vulncheck
vulncheck: ## known vulnerabilities in our dependencies (needs the internet)
	go run golang.org/x/vuln/cmd/govulncheck@latest ./...
	cd collector/osvscan && go run golang.org/x/vuln/cmd/govulncheck@latest ./...

.PHONY: show-vulns
show-vulns: build ## what seeing use is worth: a Debian 11 with real services, beside osv-scanner (needs root and VYMIR_OSV, see the script)
	@installer/test/vulns.sh

.PHONY: new-control
new-control: ## scaffold a control: make new-control FAMILY=ssh NAME=something
	@go run ./policies/internal/newcontrol -family '$(FAMILY)' -name '$(NAME)'

.PHONY: clean
clean: ## remove what make run and make build made
	rm -rf $(BIN) $(VYMIR_STATE) dist
