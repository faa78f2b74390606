#!/bin/sh
# Runs every fuzz target of the packages given, all by default, one after the
# other, each for $FUZZTIME. Stops at the first that finds something.
set -eu
cd "$(dirname "$0")/.."

for package in $(go list "${@:-./...}"); do
	# A package without a target is not compiled.
	dir=$(go list -f '{{.Dir}}' "$package")
	grep -qs '^func Fuzz' "$dir"/*_test.go || continue
	for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz'); do
		echo "== $package $target, ${FUZZTIME:=30s}"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$FUZZTIME" "$package"
	done
done
