#!/bin/sh
# Installs what the tests need and this machine lacks; done once, it costs
# nothing. Nothing here is needed to build or to run Bucketline.
#
#   tools/setup.sh            everything
#   tools/setup.sh browsers   three browsers, their drivers, a display, fonts
#   tools/setup.sh minio      build/bin/minio, the store that judges our requests
#
# Made for Debian 12 with Go and Node. npm packages are tools/build's business.
set -eu
cd "$(dirname "$0")/.."

browsers() {
	missing=
	for package in chromium chromium-driver firefox-esr webkit2gtk-driver xvfb \
		fonts-noto-core fonts-noto-color-emoji; do
		state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || state=
		[ "$state" = installed ] || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	echo "setup: installing$missing"
	[ "$(id -u)" = 0 ] || root=sudo
	# Another apt may hold the lock: wait for it.
	apt="${root-} env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600"
	log=$(mktemp)
	# shellcheck disable=SC2086 # both hold several words
	if ! { $apt update && $apt install -y --no-install-recommends $missing; } >"$log" 2>&1 </dev/null; then
		cat "$log" >&2
		rm "$log"
		return 1
	fi
	rm "$log"
}

# MinIO has no release to ask for by name: its makers archived it. It is a test
# program only, as its licence (AGPL-3.0) is not ours.
minio=github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c

minio() {
	[ "$(cat build/bin/minio.version 2>/dev/null)" != "$minio" ] || return 0
	echo "setup: building MinIO (two to four minutes, the first time)"
	mkdir -p build/bin
	# Behind everything else that wants the processor; what it downloads is of
	# interest only when it fails.
	GOBIN="$PWD/build/bin" GOFLAGS= GOWORK=off CGO_ENABLED=0 \
		nice go install -ldflags '-s -w' "$minio" >build/bin/minio.log 2>&1 &
	go=$!
	trap 'kill $go; exit 143' TERM INT
	if ! wait $go; then
		cat build/bin/minio.log >&2
		return 1
	fi
	echo "$minio" >build/bin/minio.version
}

case "$*" in
"")
	minio &
	building=$!
	failed=
	browsers || failed=1
	wait $building || failed=1
	[ -z "$failed" ]
	;;
browsers | minio) "$1" ;;
*)
	sed -n 's/^#   \(tools.*\)/\1/p' "$0" >&2
	exit 2
	;;
esac
