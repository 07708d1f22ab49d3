#!/bin/sh
# SPDX-License-Identifier: ISC
# static/build.sh [FOLDER]: the one static program, and a tarball of it, in FOLDER (build-static).
#
# A library whose recipe and source have not changed is not built again: remove FOLDER to begin anew,
# with the newest sources. Called by `./quickstart.sh static`, which installs what this needs.
set -eu
cd "$(dirname "$0")/.."
top=$PWD
mkdir -p "${1:-build-static}"
out=$(cd "${1:-build-static}" && pwd)
log=$out/build.log

libraries="openssl curl sqlite3 jansson libconfuse libyaml"
CC=${CC:-musl-gcc}
PREFIX=$out/prefix
headers=$out/kernel
# Small: without what only a debugger or C++ would read, in sections that the linker can leave out.
CFLAGS="-Os -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables"
CFLAGS="$CFLAGS -fno-unwind-tables -fstack-protector-strong -isystem $headers"
JOBS=${JOBS:-$(nproc)}
export CC CFLAGS PREFIX JOBS

say() {
	printf '    %s\n' "$*"
}

die() {
	printf '\nstatic/build.sh: %s\n' "$*" >&2
	exit 1
}

logged() {
	printf '\n$ %s\n' "$*" >>"$log"
	"$@" >>"$log" 2>&1 || {
		tail -n 40 "$log" | cut -c -200 >&2
		die "$* failed: the end of $log stands above"
	}
}

# ---- what is built from ------------------------------------------------------------------------

get_sources() {
	# shellcheck disable=SC2086 # a list of names
	"$top/static/sources.sh" "$out/sources" $libraries
}

# musl brings no kernel headers, and musl-gcc looks into no folder of the host's: these alone.
link_kernel_headers() {
	mkdir -p "$headers"
	for folder in linux asm asm-generic; do
		for root in "/usr/include/$(gcc -print-multiarch)" /usr/include; do
			[ ! -d "$root/$folder" ] || break
		done
		[ -d "$root/$folder" ] || die "no kernel headers: install linux-libc-dev"
		ln -sfn "$root/$folder" "$headers/$folder"
	done
}

# ---- what is built -----------------------------------------------------------------------------

# Of the files "$@" and of how it is compiled: where it is another, what came of them is outdated.
fingerprint() {
	printf '%s %s\n' "$CC" "$CFLAGS"
	cat "$@" | cksum
}

# library NAME [LIBRARY ...]: it, which is built on the others, unless it is there.
library() {
	name=$1
	shift
	recipe=$top/static/recipes/$name.sh
	set -- "$recipe" "$out/sources/$name.version" "$@"
	print=$(cd "$out/stamps" && fingerprint "$@")
	[ "$(cat "$out/stamps/$name" 2>/dev/null)" != "$print" ] || return 0
	say "$name $(cat "$out/sources/$name.version")"
	rm -rf "$out/stamps/$name" "$out/work"
	cp -a "$out/sources/$name" "$out/work"
	(cd "$out/work" && logged sh "$recipe")
	rm -rf "$out/work"
	printf '%s\n' "$print" >"$out/stamps/$name"
}

build_libraries() {
	mkdir -p "$out/stamps"
	link_kernel_headers
	library openssl
	library curl openssl
	library sqlite3
	library jansson
	library libconfuse
	library libyaml
}

build_program() {
	# shellcheck disable=SC2086 # a list of names
	print=$(cd "$out/stamps" && fingerprint "$top/configure" $libraries)
	if [ "$(cat "$out/program.stamp" 2>/dev/null)" != "$print" ]; then
		rm -rf "$out/program" "$out/program.stamp"
		mkdir "$out/program"
		(cd "$out/program" && logged "$top/configure" --enable-static --prefix=/usr/local \
			--sysconfdir=/etc --localstatedir=/var --runstatedir=/run \
			LDFLAGS=-Wl,--gc-sections \
			PKG_CONFIG_LIBDIR="$PREFIX/lib/pkgconfig" PKG_CONFIG_PATH=)
		printf '%s\n' "$print" >"$out/program.stamp"
	fi
	logged make -C "$out/program" -j "$JOBS"
}

# ---- what is made of it ------------------------------------------------------------------------

# Each library's terms, which want to go where the library goes; SQLite is in the public domain.
copy_licences() {
	mkdir -p "$1"
	cp "$out/sources/openssl/LICENSE.txt" "$1/openssl"
	cp "$out/sources/curl/COPYING" "$1/curl"
	cp "$out/sources/jansson/LICENSE" "$1/jansson"
	cp "$out/sources/libconfuse/LICENSE" "$1/libconfuse"
	cp "$out/sources/libyaml/License" "$1/libyaml"
	cp "$out/sources/sqlite3/LICENSE.md" "$1/sqlite3"
	[ ! -f /usr/share/doc/musl/copyright ] || cp /usr/share/doc/musl/copyright "$1/musl"
}

list_sources() {
	echo "Debian's source packages that are inside this program:"
	for library in $libraries; do
		echo "$library $(cat "$out/sources/$library.version")"
	done
	dpkg-query -W -f='${source:Package} ${source:Version}\n' musl 2>/dev/null || :
}

make_tarball() {
	version=$("$out/program/cronherd" --version | sed 's/.* //')
	name=cronherd-$version-$(uname -m)
	stage=$out/stage
	rm -rf "$stage"
	logged make -C "$out/program" install-strip DESTDIR="$stage"
	mv "$stage/usr/local" "$stage/$name"
	doc=$stage/$name/share/doc/cronherd
	mkdir -p "$doc"
	cp "$top/README.md" "$top/CHANGELOG.md" "$top/LICENSE" "$doc/"
	copy_licences "$doc/licences"
	list_sources >"$doc/SOURCES"
	tar -C "$stage" --sort=name --owner=0 --group=0 --numeric-owner -cJf "$out/$name.tar.xz.new" "$name"
	mv "$out/$name.tar.xz.new" "$out/$name.tar.xz"
	cp "$stage/$name/bin/cronherd" "$out/cronherd.new"
	mv "$out/cronherd.new" "$out/cronherd"
	rm -rf "$stage"
}

# No interpreter and no library to be loaded: what `ldd` would call "not a dynamic executable".
prove_static() {
	headers=$(readelf --program-headers "$out/cronherd")
	case $headers in
	*INTERP* | *DYNAMIC*) die "$out/cronherd is not static: $headers" ;;
	*LOAD*) ;;
	*) die "readelf does not understand $out/cronherd" ;;
	esac
}

: >"$log"
get_sources
build_libraries
say "cronherd"
build_program
make_tarball
prove_static
say "$("$out/cronherd" --version), static, $(($(wc -c <"$out/cronherd") / 1024)) KiB: $out/cronherd"
say "$(($(wc -c <"$out/$name.tar.xz") / 1024)) KiB: $out/$name.tar.xz"
if [ -f "$out/sources/warnings" ]; then
	sed 's/^/    !!! /' "$out/sources/warnings" >&2
fi
