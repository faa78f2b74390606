#!/bin/sh
# Runs all tests, and sets the machine up for them first. Goes on after a
# failure, so that one run shows them all, and says at the end what failed.
#
# MinIO takes minutes to build on a new machine. It is built behind the tests
# that need no other program; those of the packages below test/, and of those
# that import one of them, wait for it.
set -u
cd "$(dirname "$0")/.."
failed=0
passed=0

# step NAME COMMAND… runs the command and counts it.
step() {
	name=$1
	shift
	echo "== $name"
	begun=$(date +%s)
	if "$@"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		summary="${summary-}FAILED: $name
"
	fi
	echo "== $name: $(($(date +%s) - begun)) s"
}

rm -rf build/artifacts
tools/setup.sh minio &
minio=$!
trap 'kill $minio 2>/dev/null; exit 130' INT TERM

step "browsers" tools/setup.sh browsers
step "TinyGo" tools/setup.sh tinygo
step "web" go run ./tools/build
step "lint" tools/lint.sh

imports=$(go list -f '{{.ImportPath}} {{.Imports}} {{.TestImports}} {{.XTestImports}}' ./...) || exit 1
programs=$(echo "$imports" | grep 'bucketline/test/' | cut -d ' ' -f 1)
packages=$(echo "$imports" | grep -v 'bucketline/test/' | cut -d ' ' -f 1)
# shellcheck disable=SC2086 # package names, one word each
step "Go" go test -vet=off $packages
# TinyGo's int has 32 bits. The packages are those that the modules have.
pure=$(GOOS=wasip1 GOARCH=wasm go list -deps ./cmd/engine ./cmd/exchange | grep bucketline/ | grep -v /cmd/)
[ -n "$pure" ] || exit 1
# shellcheck disable=SC2086
step "Go with an int of 32 bits" env GOARCH=386 CGO_ENABLED=0 go test -vet=off $pure
step "TypeScript" npm --prefix web test --silent
step "release" go run ./tools/build dist
step "TypeScript with TinyGo's modules" env BUCKETLINE_ENGINE=build/tinygo/engine.wasm BUCKETLINE_EXCHANGE=build/tinygo/exchange.wasm \
	node --test build/test/web/core.*.test.js

step "MinIO" wait $minio
# Two packages at a time, since most of what they do is waiting for a browser.
# Tests that are parallel to others mostly wait as well.
# -v, because a test that leaves out a browser says so in its log.
# shellcheck disable=SC2086
step "Go with browsers and MinIO" go test -vet=off -v -p 2 -parallel 6 -timeout 30m $programs

printf '%s' "${summary-}"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
