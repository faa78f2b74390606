# The menu. Every target does its own set-up; see CONTRIBUTING.md.

.DEFAULT_GOAL := help
.PHONY: help demo web dist dist-check size cross memory test test-release bench bench-browser bench-native fuzz soak faults credentials lint setup clean tinygo

FUZZTIME ?= 30s
BENCH ?= .
PKG ?= ./...
SEEDS ?= 1000000
FROM ?= 1
FAULT_RUNS ?= 50
CREDENTIAL_UPLOADS ?= 60
FAULT_SEED ?= 1

help: ## lists this
	@sed -n 's/^\([a-z-]*\): .*## /\1 /p' Makefile | while read -r target does; do \
		printf '  make %-12s %s\n' "$$target" "$$does"; done

demo: web ## the page with a store, an STS and an identity provider, all on this machine
	go run ./cmd/bucketline dev

web: ## bundles the demo page, into devstack/page/
	go run ./tools/build

dist: tinygo ## makes the release, into dist/: the npm package, its modules by TinyGo
	go run ./tools/build dist

dist-check: tinygo ## makes the release twice, in two folders, and wants the same bytes
	go run ./tools/build twice

size: tinygo ## measures what a page loads, beside the peers, into bench/size.md
	go run ./tools/build size

cross: ## builds the Go packages and the command for six systems, without cgo
	tools/cross.sh

memory: tinygo ## a million events and 1,500 uploads at once, in both builds of the engine
	go run ./tools/build tests tinygo
	for by in go tinygo; do \
		echo "$$by:"; \
		BUCKETLINE_SOAK=1000000 BUCKETLINE_ENGINE=build/$$by/engine.wasm node --test build/test/web/core.soak.test.js || exit 1; \
	done

tinygo:
	tools/setup.sh tinygo

test: ## everything that must hold: Go, TypeScript, three browsers, MinIO
	tools/test.sh

test-release: tinygo ## runs the browser tests of the development build on the released modules
	tools/setup.sh browsers
	BUCKETLINE_MODULES=tinygo go test -count=1 -timeout 60m ./test/e2e ./test/faults ./test/security

bench: bench-browser ## measures us beside aws-sdk-go-v2 and minio-go (BENCH=regexp PKG=./sign)
	go test -run '^$$' -bench '$(BENCH)' -skip '^BenchmarkUploads$$' -benchmem $(PKG)

bench-native: ## measures uploads natively beside other clients, for an hour, into bench/native.md
	go run ./bench/native

bench-browser: tinygo web ## measures uploads in Chromium beside the peers, for two hours, into bench/browser.md
	go test ./bench/browser -run '^$$' -bench '^BenchmarkUploads$$' -benchtime 1x -timeout 6h \
		-report ../browser.md $(BROWSER)

fuzz: ## runs every fuzz target for FUZZTIME=30s (PKG=./s3)
	FUZZTIME='$(FUZZTIME)' tools/fuzz.sh $(PKG)

soak: ## lives through SEEDS=1000000 worlds of the simulator, from seed FROM=1 on
	go run ./cmd/bucketline sim --progress 30s --seeds $(FROM)..$$(($(FROM) + $(SEEDS) - 1))

faults: ## uploads FAULT_RUNS=50 times through storms and crashes, and 6 GiB from a page
	FAULT_RUNS='$(FAULT_RUNS)' FAULT_SEED='$(FAULT_SEED)' tools/faults.sh

credentials: ## uploads CREDENTIAL_UPLOADS=60 files in ten minutes, with credentials that live 15 seconds
	CREDENTIAL_UPLOADS='$(CREDENTIAL_UPLOADS)' tools/credentials.sh

lint: web ## gofmt, go vet and tsc, without running a test
	tools/lint.sh

setup: ## installs what only tests need: browsers, their drivers, MinIO, TinyGo
	tools/setup.sh

clean: ## removes all that was built, MinIO and TinyGo included
	rm -rf build dist
	git clean -qfdX devstack/page
