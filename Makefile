# make alone prints the targets. Each is a thing a person does; .ci/run calls two of them.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# A checkout of another user (as in a container) must build too: the version is stamped here,
# not by go.
GOFLAGS += -buildvcs=false
export GOFLAGS

# Programs are static, to be copied to any host. Tests share their build cache.
export CGO_ENABLED ?= 0

TOOL := go tool -modfile=tools/go.mod

V := github.com/prometheus/common/version
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -X $(V).Version=$(VERSION) \
	-X $(V).Revision=$(shell git rev-parse HEAD 2>/dev/null || echo unknown) \
	-X $(V).Branch=$(shell git rev-parse --abbrev-ref HEAD 2>/dev/null || echo unknown) \
	-X $(V).BuildDate=$(shell git log -1 --format=%cd --date=format:%Y-%m-%d 2>/dev/null || echo unknown)

.PHONY: help
help:
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build the programs into bin/
	go build -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

.PHONY: unit
unit: build ## test what needs no server, with the race detector
	CGO_ENABLED=1 go test -race -short -timeout 5m ./...

# Packages without servers first, as they fail soonest; then those with, whole: what they import tells
# them apart, and none is linked and run twice. Two of these run at a time: most of what their tests do
# is to wait for a cluster to notice something, and each lab has addresses of its own. The longest are
# begun first, so that nothing is left that one alone is waited for.
.PHONY: test
test: packages build ## install what is missing, test everything, real servers included
	@mkdir -p out && rm -f out/tally && touch out/tally
	CGO_ENABLED=1 go test -race -short -timeout 15m $$(go list ./... | grep -vxF "$$($(WITH_SERVERS))")
	KAGU_TALLY=$(CURDIR)/out/tally CGO_ENABLED=1 go test -race -p 2 -count 1 -timeout 25m $$($(WITH_SERVERS))
	@awk '/^ran / {n[$$2]++} /^skipped / {s[++k] = $$0} \
		END {printf "tests that started a real cluster: galera %d, ndb %d\n", n["galera"], n["ndb"]; for (i = 1; i <= k; i++) print s[i]}' out/tally

WITH_SERVERS := go list -test -f '{{if .ForTest}}{{.ForTest}} {{join .Deps " "}}{{end}}' ./... | \
	awk '/ [^ ]*\/internal\/needs( |$$)/ {print ($$1 ~ /\/(cmd\/(backupd|remediator)|backupd\/galera|internal\/lab)$$/ ? 1 : 2), $$1}' | sort -u | cut -d" " -f2

.PHONY: bench
bench: ## install what is missing and the peers' tools, measure what the documents name figures for
	deploy/lab/install-packages --peers
	go test -run '^$$' -bench . -benchtime 1x -timeout 30m ./bench

# Servers of the distribution, for the lab. It starts, stops and reconfigures no service.
.PHONY: packages
packages:
	deploy/lab/install-packages

.PHONY: check
check: check-format check-vet check-modules check-generated check-rules ## format, vet, staticcheck, import rules, generated files, rule tests

.PHONY: check-format
check-format:
	@bad=$$($(TOOL) gofumpt -l .); if [[ -n $$bad ]]; then printf 'make fmt would change:\n%s\n' "$$bad" >&2; exit 1; fi

.PHONY: check-vet
check-vet:
	go vet ./...
	$(TOOL) staticcheck ./...
	cd tools && go vet ./...

.PHONY: check-modules
check-modules:
	go mod tidy -diff
	cd tools && go mod tidy -diff

# Everything is generated into a folder of its own and compared, so that a check changes nothing.
.PHONY: check-generated
check-generated: build
	@rm -rf out/generated && bin/kagu generate --repository out/generated >/dev/null
	@cd out/generated && bad=$$(find . -type f -printf '%P\n' | while read -r f; do cmp -s "$$f" "../../$$f" || echo "$$f"; done); \
	if [[ -n $$bad ]]; then printf 'make generate would change:\n%s\n' "$$bad" >&2; exit 1; fi
	@bad=$$(for d in alerts/rules dashboards/json; do diff -q "$$d" "out/generated/$$d" || true; done); \
	if [[ -n $$bad ]]; then printf 'files that are not generated:\n%s\n' "$$bad" >&2; exit 1; fi

.PHONY: check-rules
check-rules:
	go test -short ./internal/arch ./alerts/... ./dashboards/... ./docs/...
	cd tools && go test ./...

.PHONY: generate
generate: build ## write rules, dashboards and docs/metrics.md from the catalogue
	bin/kagu generate --repository .

.PHONY: demo
demo: build packages ## break a real cluster and watch it heal; ONCE=1 tears down and exits 0 only if it healed
	bin/kagu lab demo $(if $(ONCE),--once)

.PHONY: fmt
fmt: ## format the code
	$(TOOL) gofumpt -w .

.PHONY: clean
clean: ## remove bin/ and out/
	rm -rf bin out
