# Weir. `make run` starts it with real sample purchases; `make test` runs every test. Both install what they need.

SHELL := /bin/bash -o pipefail
export PATH := $(CURDIR)/bin:$(shell go env GOPATH)/bin:$(PATH)
LISTEN ?= 127.0.0.1:8080
DATA ?= ./data
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
GOLANGCI := .cache/golangci/v2.15.0/golangci-lint
CORE := $(shell go list ./shared/... 2>/dev/null | grep -vE '/shared/(app|httpapi|porttest)$$|/shared/httpapi/')

.PHONY: help run build web functions deploy test check fmt lint lint-web rules unit race wasm e2e stale gen golden parity fuzz bench bench-web soak wasm-preview screenshots deps-web deps-browser deps-qemu deps-aws deps-sam aws-local bench-aws clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

run: build ## build and start Weir on 127.0.0.1:8080 with the CDNOW sample loaded
	bin/weir run --data $(DATA) --listen $(LISTEN) --sample

build: web ## build bin/weir with the console inside
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/weir ./functions/weir

web: web/dist/index.html ## build the console

ARCH ?= arm64
STACK ?= weir
DEPLOY ?=

functions: web ## build the Lambda functions into .aws-build (ARCH=arm64 or x86_64)
	VERSION=$(VERSION) infra/functions/build.sh $(ARCH)

deploy: deps-sam functions ## deploy to AWS by the SAM CLI (STACK=weir DEPLOY='--parameter-overrides …')
	sam deploy --template-file template.yaml --stack-name $(STACK) --resolve-s3 --capabilities CAPABILITY_IAM $(DEPLOY) \
	  --no-fail-on-empty-changeset --tags weir=$(STACK)

deps-sam:
	@command -v sam >/dev/null || { echo "the SAM CLI is not installed: see https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/install-sam-cli.html"; exit 1; }

WEB_SOURCES := $(shell find web/src web/public web/scripts web/index.html web/vite.config.ts web/package.json openapi.yaml wasm/preview/preview.mjs -type f -not -name '*.wasm' 2>/dev/null)
WASM_MODULE := web/src/core/whatif/preview.wasm
WASM_SOURCES := $(shell find wasm/preview shared/whatif shared/segment shared/zone shared/fault shared/event go.mod -type f -not -name '*_test.go' 2>/dev/null)

web/dist/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES) $(WASM_MODULE)
	cd web && npm run --silent build

$(WASM_MODULE): $(WASM_SOURCES)
	wasm/preview/build.sh $@

deps-web: web/node_modules/.package-lock.json

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# Stand-ins of AWS services for tests. DynamoDB Local needs Java; without it the tests say what they skip.
STANDINS := .cache/aws
VERSITYGW := github.com/versity/versitygw/cmd/versitygw@v1.8.0

deps-aws: $(STANDINS)/node_modules/.package-lock.json $(STANDINS)/bin/versitygw ## install the stand-ins of AWS services
	@command -v java >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq default-jre-headless >/dev/null; } || \
	  echo "Java is not there: the tests against DynamoDB Local are skipped"

$(STANDINS)/node_modules/.package-lock.json: infra/emulated/package-lock.json
	mkdir -p $(STANDINS) && cp infra/emulated/package.json infra/emulated/package-lock.json infra/emulated/.npmrc $(STANDINS)/
	cd $(STANDINS) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(STANDINS)/bin/versitygw:
	GOBIN=$(CURDIR)/$(STANDINS)/bin go install $(VERSITYGW)

aws-local: deps-aws ## run the functions as on AWS, with stand-ins of its services, until Ctrl-C (FAST=1 without Java)
	go run ./infra/emulated/local $(if $(FAST),--fast)

bench-aws: deps-aws ## measure how long the functions take to start and to answer, and how fast ingest folds
	go test ./infra/emulated -run '^$$' -bench Invoke -benchtime 200x
	go test ./infra/emulated -run '^$$' -bench Ingest -benchtime 1x -v

deps-browser:
	@{ command -v chromium >/dev/null && fc-list 2>/dev/null | grep -qi "noto.*cjk"; } || { \
	  echo "installing chromium and fonts for the browser tests"; \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq chromium fontconfig fonts-noto-cjk >/dev/null; \
	  else sudo apt-get update -qq && sudo apt-get install -y -qq chromium fontconfig fonts-noto-cjk >/dev/null; fi; }

test: stale build unit fuzz wasm test-web e2e ## run every test

unit: deps-aws ## Go tests, natively
	go vet ./...
	go test -timeout 15m ./...

race: ## Go tests with the race detector
	go test -race -short -timeout 40m ./...

wasm: ## the core's tests under wasm, in Node
	PATH="$$(go env GOROOT)/lib/wasm:$$PATH" GOOS=js GOARCH=wasm go test -short -timeout 15m $(CORE)

wasm-preview: $(WASM_MODULE) ## build the what-if module for browsers, which the console carries

test-web: deps-web ## unit tests of the console
	cd web && npm run --silent test

e2e: build deps-browser deps-aws ## the console and the program together, in headless Chromium
	cd web && npm run --silent e2e

check: fmt lint rules stale race fuzz wasm lint-web test-web e2e ## everything CI may ask for

fmt: ## fail on unformatted Go files
	@out=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$out" || { echo "not formatted: $$out"; exit 1; }

$(GOLANGCI):
	GOBIN=$(CURDIR)/$(@D) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

lint: $(GOLANGCI) ## lint Go, natively and for js/wasm
	$(GOLANGCI) run ./...
	GOOS=js GOARCH=wasm $(GOLANGCI) run $(patsubst github.com/weir-engine/weir/%,./%,$(CORE))

rules: ## who may import whom
	go test -count=1 ./infra/rules

lint-web: deps-web
	cd web && npm run --silent lint

gen: deps-web ## write the generated code anew from openapi.yaml
	go generate ./shared/httpapi/...
	cd web && npm run --silent gen

stale: gen ## fail when generated code is stale
	git diff --exit-code -- shared/httpapi web/src/core

golden: ## write the golden files anew
	go test ./shared/parity ./shared/score ./shared/segment ./shared/strategy ./shared/profile ./functions/weir -update

parity: deps-qemu ## a million random profiles through every score: the same bits on amd64 v1 and v3, wasm and arm64
	infra/parity/run.sh

fuzz: ## every fuzz target for 20 seconds (FUZZTIME), as many at a time as there are processors
	infra/fuzz/run.sh

deps-qemu:
	@command -v qemu-aarch64-static >/dev/null || { echo "installing qemu-user-static for arm64"; \
	  sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  { $$sudo apt-get update -qq && $$sudo apt-get install -y -qq qemu-user-static >/dev/null; } || echo "qemu-user-static cannot be installed: arm64 will be skipped"; }

bench: build ## benchmarks beside their peers, into docs/benchmarks.md
	infra/bench/run.sh

WEIR_BENCH_USERS ?= 1000000 5000000

bench-web: deps-web deps-browser $(WASM_MODULE) ## the what-if in Chromium beside DuckDB-WASM, into docs/benchmarks-web.md (WEIR_BENCH_USERS)
	go build -o bin/whatif ./infra/bench/whatif
	npm ci --no-audit --no-fund --loglevel=error --prefix infra/bench >/dev/null
	node infra/bench/web.mjs bin/whatif docs/benchmarks-web.md $(WEIR_BENCH_USERS)

soak: build ## the long tests at full size
	WEIR_SOAK=1 go test -count=1 -timeout 120m ./shared/app/... ./infra/... ./functions/...

screenshots: build deps-browser ## pictures of the console for the README
	cd web && npm run --silent screenshots

clean:
	rm -rf bin .aws-build web/dist/assets web/node_modules
