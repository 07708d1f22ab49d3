#!/bin/sh
# SPDX-License-Identifier: ISC
# The man pages render without a warning, with both of the programs that people read them with.
set -eu
cd "${SRCDIR:-.}/man"

for program in mandoc groff; do
	command -v $program >/dev/null || {
		echo "$program is not installed (quickstart.sh test installs it)"
		exit 1
	}
done

bad=0
for page in cronherd.1 cronherd.conf.5; do
	said=$(mandoc -T lint -W warning "$page" 2>&1) || :
	[ -z "$said" ] || { printf 'mandoc, %s:\n%s\n' "$page" "$said" && bad=1; }
	for device in ascii utf8; do
		said=$(groff -mdoc -ww -T$device -z "$page" 2>&1) || :
		[ -z "$said" ] || { printf 'groff -T%s, %s:\n%s\n' $device "$page" "$said" && bad=1; }
	done
	lines=$(mandoc -T ascii "$page" | wc -l)
	[ "$lines" -gt 200 ] || { echo "$page: only $lines lines come out" && bad=1; }
done
exit $bad
