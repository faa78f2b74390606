#!/bin/sh
# Builds what Go programs import, and the command, for every system that we
# promise, without cgo. The first time it compiles the standard library for each.
set -u
cd "$(dirname "$0")/.."
failed=
for system in linux darwin windows; do
	for processor in amd64 arm64; do
		if CGO_ENABLED=0 GOOS=$system GOARCH=$processor go build -o /dev/null . ./driver/... ./provider/... ./issuer ./finesign ./cmd/bucketline; then
			echo "$system/$processor: ok"
		else
			echo "$system/$processor: failed" >&2
			failed=1
		fi
	done
done
[ -z "$failed" ]
