#!/bin/sh
# SPDX-License-Identifier: ISC
# static/sources.sh FOLDER PACKAGE ...
#
# Has FOLDER/PACKAGE be the unpacked source of each of Debian's source packages, with Debian's
# patches, and FOLDER/PACKAGE.version say which version. apt gets them, from where this machine's
# packages come from, and checks them against the signed index. Its configuration in /etc/apt is
# read and not touched. What is there already is not asked for again.
#
# A version that a mirror lists and does not have is replaced by the next older one; at last by the
# upstream tarball without patches. That is said aloud, and kept in FOLDER/warnings.
set -eu

folder=$1
shift
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
apt=$folder/apt
log=$folder/sources.log

die() {
	printf 'static/sources.sh: %s\n' "$*" >&2
	exit 1
}

warn() {
	printf '    !!! %s\n' "$*" >&2
	printf '%s\n' "$*" >>"$folder/warnings"
}

fail_logged() {
	tail -n 20 "$log" >&2
	die "$1: the end of $log stands above"
}

# ---- an apt of our own ------------------------------------------------------------------------

# apt's settings, with lists, sources and cache of our own: needs no root, and disturbs nobody.
write_apt_conf() {
	mkdir -p "$apt/sources" "$apt/lists/partial" "$apt/cache/archives/partial"
	cat >"$apt/conf" <<-END
		Dir::State::lists "$apt/lists";
		Dir::Cache "$apt/cache";
		Acquire::Retries "3";
	END
	# As root, apt would fetch as a user who cannot write here.
	[ "$(id -u)" -ne 0 ] || echo 'APT::Sandbox::User "root";' >>"$apt/conf"
}

# Where Debian's own packages come from. Third parties' sources are left out.
debian_uris() {
	# shellcheck disable=SC2016 # apt's variable
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' | sort -u
}

# The one-line entries of the files "$@" that name one of the URIs in $apt/uris, for sources.
from_lines() {
	awk '
		FILENAME == ARGV[1] { uris[$1]; next }
		/^[ \t]*deb[ \t]/ {
			for (i = 2; i <= NF; i++) {
				uri = $i
				sub(/\/*$/, "/", uri)
				if (uri in uris) {
					sub(/deb/, "deb-src")
					print
					next
				}
			}
		}' "$apt/uris" "$@"
}

# The same of files in deb822 form.
from_stanzas() {
	awk '
		function flush() {
			if (is_debian)
				printf "%s\n", text
			text = ""
			is_debian = 0
		}
		FILENAME == ARGV[1] { uris[$1]; next }
		FNR == 1 || /^[ \t]*$/ { flush() }
		/^[ \t]*$/ || /^#/ { next }
		/^[^ \t]/ { field = $1 }
		field == "Types:" { $0 = "Types: deb-src" }
		{ text = text $0 "\n" }
		field == "URIs:" {
			for (i = 1; i <= NF; i++) {
				uri = $i
				sub(/\/*$/, "/", uri)
				if (uri in uris)
					is_debian = 1
			}
		}
		END { flush() }' "$apt/uris" "$@"
}

derive_sources() {
	debian_uris >"$apt/uris"
	if [ ! -s "$apt/uris" ]; then
		# apt has no lists on this machine yet: ours tell the origin as well.
		APT_CONFIG=$apt/conf apt-get -q update >>"$log" 2>&1 || :
		APT_CONFIG=$apt/conf debian_uris >"$apt/uris"
	fi
	[ -s "$apt/uris" ] || die "none of apt's sources on this machine is Debian's"
	set -- /etc/apt/sources.list /etc/apt/sources.list.d/*.list
	for list in "$@"; do
		[ ! -f "$list" ] || from_lines "$list"
	done >"$apt/sources/debian.list"
	for list in /etc/apt/sources.list.d/*.sources; do
		[ ! -f "$list" ] || from_stanzas "$list"
	done >"$apt/sources/debian.sources"
	cat >>"$apt/conf" <<-END
		Dir::Etc::sourcelist "/dev/null";
		Dir::Etc::sourceparts "$apt/sources";
	END
}

open_apt() {
	[ -z "${APT_CONFIG-}" ] || return 0
	command -v apt-get >/dev/null || die "there is no apt-get: the sources are Debian's"
	rm -rf "$apt"
	write_apt_conf
	derive_sources
	export APT_CONFIG="$apt/conf"
	apt-get -q update >>"$log" 2>&1 || fail_logged "apt-get update failed"
}

# ---- one package ------------------------------------------------------------------------------

# All versions of $1, the newest first.
versions_of() {
	apt-cache showsrc --only-source "$1" | sed -n 's/^Version: //p' | sort -rVu
}

# get PACKAGE[=VERSION] [OPTION ...]: what belongs to it into $folder/files.
get() {
	(
		mkdir -p "$folder/files"
		cd "$folder/files"
		apt-get -q source --download-only --only-source "$@" >>"$log" 2>&1
	)
}

unpack() {
	rm -rf "${folder:?}/$1"
	dpkg-source --no-copy -x "$folder/files/$1_${2#*:}.dsc" "$folder/$1" >>"$log" 2>&1 ||
		fail_logged "cannot unpack $1 $2"
}

unpack_upstream() {
	set -- "$1" "$folder/files/$1"_*.orig.tar.*z*
	rm -rf "${folder:?}/$1"
	mkdir "$folder/$1"
	tar -xf "$2" -C "$folder/$1" --strip-components=1 || die "cannot unpack $2"
}

# The newest version of $1 that can be had.
fetch() {
	newest=
	for version in $(versions_of "$1"); do
		newest=${newest:-$version}
		if get "$1=$version"; then
			unpack "$1" "$version"
			[ "$version" = "$newest" ] ||
				warn "$1 $newest cannot be had from the mirror: this is built with $version"
			echo "$version" >"$folder/$1.version"
			return
		fi
		rm -f "$folder/files/$1"_*
	done
	[ -n "$newest" ] || die "apt knows no source package $1"
	get "$1=$newest" --tar-only || fail_logged "no source of $1 can be had"
	unpack_upstream "$1"
	warn "Debian's patches to $1 $newest cannot be had from the mirror: this is built without them"
	echo "$newest, without Debian's patches" >"$folder/$1.version"
}

for package in "$@"; do
	[ ! -f "$folder/$package.version" ] || continue
	open_apt
	printf '    source of %s\n' "$package"
	fetch "$package"
done
