#!/bin/sh
# Checks what can be checked without running anything. The rules of the
# repository itself are tests: go test ./internal/tidy.
set -u
cd "$(dirname "$0")/.."
failed=

unformatted=$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l)
if [ -n "$unformatted" ]; then
	echo "not as gofmt would have it:" $unformatted >&2
	failed=1
fi
go vet ./... || failed=1
# The engine is built for another system than the rest.
GOOS=wasip1 GOARCH=wasm go vet ./cmd/engine || failed=1
npm --prefix web run --silent check || failed=1

[ -z "$failed" ]
