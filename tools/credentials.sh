#!/bin/sh
# Uploads CREDENTIAL_UPLOADS=60 files, ten seconds apart, from three browsers with
# credentials that live 15 seconds, and a few with MinIO's. Prints a row for each;
# build/credentials.log has the rest. bench/credentials.md says what came of it.
set -u
cd "$(dirname "$0")/.."
export CREDENTIAL_UPLOADS="${CREDENTIAL_UPLOADS:-60}"
mkdir -p build
log=build/credentials.log
tools/setup.sh browsers && tools/setup.sh minio || exit 1

echo "| browser | STS | uploads | credentials live | requests | exchanges | fewest possible |"
go test -vet=off -count=1 -v -timeout 24h ./test/security -run Lasting 2>&1 | tee "$log" | grep -E '^(\||FAIL|ok|panic)|^ +[a-z_]+_test\.go:'
! grep -q -E '^(FAIL|panic)' "$log"
