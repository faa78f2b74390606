#!/bin/sh
# Installs what the tests need and this machine lacks; done once, it costs
# nothing. Nothing here is needed to build or to run Bucketline.
#
#   tools/setup.sh            everything
#   tools/setup.sh browsers   three browsers, their drivers, a display, fonts
#   tools/setup.sh keyring    GNOME's keyring and D-Bus, for logins that are sealed
#   tools/setup.sh minio      build/bin/minio, the store that judges our requests
#   tools/setup.sh tinygo     build/tinygo/root, the second compiler of the engine,
#                             unless a TinyGo that will do is on the PATH
#
# Made for Debian 12 with Go and Node. npm packages are tools/build's business.
set -eu
cd "$(dirname "$0")/.."

# packages NAME... installs those of Debian's packages that are not there yet.
packages() {
	missing=
	for package in "$@"; do
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

browsers() {
	packages chromium chromium-driver firefox-esr webkit2gtk-driver xvfb \
		fonts-noto-core fonts-noto-color-emoji
}

keyring() {
	packages dbus-daemon gnome-keyring
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

# TinyGo is built from its Go module with Debian's LLVM: what its makers publish
# as a release is on no registry. The sum is that of the module.
tinygo=github.com/tinygo-org/tinygo@v0.42.0
tinygo_sum='h1:KaoHBhjcoMzpMEclFKV6vl5hcyJyewOBSzHE6S5d/Jg='
llvm=22

# Another recipe or another Go makes the one that is there out of date.
tinygo() {
	# shellcheck disable=SC2046 # the numbers of the version, one word each
	set -- $(command tinygo version 2>/dev/null | sed -n 's/^tinygo version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
	if [ $# = 2 ] && { [ "$1" -gt 0 ] || [ "$2" -ge 42 ]; }; then
		return 0
	fi
	stamp="$tinygo llvm $llvm recipe 1 $(go env GOVERSION)"
	[ "$(cat build/tinygo/root/.stamp 2>/dev/null)" != "$stamp" ] || return 0
	packages g++ llvm-$llvm-dev libclang-$llvm-dev clang-$llvm lld-$llvm binaryen || return 1
	echo "setup: building TinyGo (about a minute, the first time)"
	mkdir -p build/tinygo
	if ! (build_tinygo) >build/tinygo/setup.log 2>&1 </dev/null; then
		cat build/tinygo/setup.log >&2
		return 1
	fi
	echo "$stamp" >build/tinygo/new/.stamp
	rm -rf build/tinygo/root
	mv build/tinygo/new build/tinygo/root
}

# build_tinygo makes build/tinygo/new. It ends the shell when something fails.
build_tinygo() {
	set -e
	module=$(cd / && GOFLAGS=-mod=mod GOWORK=off go mod download -json "$tinygo")
	if [ "$(echo "$module" | sed -n 's/^\t"Sum": "\(.*\)",*$/\1/p')" != "$tinygo_sum" ]; then
		echo "setup: $tinygo is not the module that it was: $module"
		exit 1
	fi
	cd build/tinygo
	rm -rf new
	cp -r "$(echo "$module" | sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p')" new
	chmod -R u+w new
	cd new
	rm -rf testdata tests hooks docs src/examples
	# TinyGo lists both folders; one is a git submodule, which a module lacks.
	mkdir -p src/net/http src/examples
	# What writes to ESP32 boards is not published in the version wanted.
	mkdir -p flash/pkg/espflasher
	printf 'module tinygo.org/x/espflasher\n\ngo 1.25.0\n' >flash/go.mod
	cp ../../../tools/tinygo/espflasher.txt flash/pkg/espflasher/espflasher.go
	go mod edit -replace tinygo.org/x/espflasher=./flash
	CGO_ENABLED=1 GOFLAGS=-buildvcs=false GOWORK=off nice go build -trimpath -tags llvm$llvm -o bin/tinygo .
	bin/tinygo version
}

case "$*" in
"")
	minio &
	building=$!
	failed=
	browsers || failed=1
	keyring || failed=1
	tinygo || failed=1
	wait $building || failed=1
	[ -z "$failed" ]
	;;
browsers | keyring | minio | tinygo) "$1" ;;
*)
	sed -n 's/^#   \(tools.*\)/\1/p' "$0" >&2
	exit 2
	;;
esac
