#!/bin/sh
# Runs the campaigns of test/faults: uploads through bad networks, crashes of
# tabs and of the command line, FAULT_RUNS times each from seed FAULT_SEED on,
# and a file of 6 GiB. Prints a row for each; build/faults.log has the rest.
set -u
cd "$(dirname "$0")/.."
export FAULT_RUNS="${FAULT_RUNS:-50}" BUCKETLINE_TEST_KILLS="${FAULT_RUNS:-50}"
mkdir -p build
log=build/faults.log
tools/setup.sh browsers || exit 1

echo "| what | run | seed | took | in vain, by the client | beyond the files, at the store | retries | network |"
{
	go test -vet=off -count=1 -v -timeout 24h ./test/faults -run "${FAULTS:-Network|Crash_ofTheTab|Crash_reload|Huge}"
	go test -vet=off -count=1 -v -timeout 24h ./test/cli -run "${KILLS:-TestUp_killed}"
} 2>&1 | tee "$log" | grep -E '^(\||FAIL|ok|panic)|^ +[a-z_]+_test\.go:.*(sent twice|again: |[Ww]ant )'
! grep -q -E '^(FAIL|panic)' "$log"
