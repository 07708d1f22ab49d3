#!/bin/sh
# SPDX-License-Identifier: ISC
# The house of STYLE.md, "Rooms and floors": a file includes only from its own folder and from lower
# floors; nobody but one file knows confuse.h, one sqlite3.h, and so on. Reads the #include "…" lines, compiles nothing.
set -eu
cd "${SRCDIR:-.}"

# The table stands here a second time on purpose: who moves a wall has to say so twice.
# shellcheck disable=SC2016 # awk's, not ours
find watchdog pidfiles cron -name '*.[ch]' | LC_ALL=C sort | xargs awk '
	BEGIN {
		floor["watchdog/verbs"] = 6
		floor["watchdog/round"] = floor["watchdog/courier"] = 5
		floor["watchdog/act"] = floor["watchdog/report"] = floor["watchdog/net"] = 4
		floor["watchdog/import"] = 4
		floor["watchdog/decide"] = floor["watchdog/config"] = floor["watchdog/store"] = 3
		floor["watchdog/journal"] = 3
		floor["watchdog/model"] = 2
		floor["watchdog/base"] = 1
		floor["pidfiles"] = floor["cron"] = 0
		room["watchdog/main.c"] = "watchdog/verbs" # the way in, on the floor of the verbs
	}

	function room_of(path) {
		if (path in room)
			return room[path]
		sub(/\/[^\/]*$/, "", path)
		return path
	}

	function say(why) {
		printf "%s:%d: %s\n", FILENAME, FNR, why
		bad++
	}

	FNR == 1 {
		files++
		here = room_of(FILENAME)
		if (!(here in floor))
			say("is in no room of STYLE.md")
	}

	/^[ \t]*#[ \t]*include[ \t]*[<"](confuse\.h|sqlite3\.h|curl\/curl\.h|openssl\/.*\.h|yaml\.h)[>"]/ {
		library = $0
		gsub(/^[^<"]*[<"]|[>"].*$/, "", library)
		sub(/\/.*/, "", library)
		if (!((library, FILENAME) in knows)) {
			knows[library, FILENAME] = 1
			known[library]++
			who[library] = who[library] " " FILENAME
		}
	}

	/^[ \t]*#[ \t]*include[ \t]*"/ {
		split($0, part, "\"")
		path = part[2]
		if (path == "config.h")
			next
		there = room_of(path)
		includes++
		if (path !~ /\//)
			say("\"" path "\": write it from the root of the tree")
		else if (!(there in floor))
			say("\"" path "\" is in no room of STYLE.md")
		else if (there != here && floor[there] == floor[here])
			say("\"" path "\": folders of one floor do not see each other")
		else if (floor[there] > floor[here])
			say("\"" path "\" is on floor " floor[there] ", above this one, " floor[here])
	}

	END {
		for (library in known)
			if (known[library] != 1) {
				printf "%s is for one file alone, and is included by %d:%s\n", library,
					known[library], who[library]
				bad++
			}
		if (!("confuse.h" in known)) {
			print "nobody includes confuse.h: is SRCDIR right?"
			bad++
		}
		if (files < 50 || includes < 100) {
			printf "only %d files and %d includes were found: is SRCDIR right?\n", files, includes
			bad++
		}
		printf "%d files, %d includes, %d faults\n", files, includes, bad
		exit bad > 0
	}'
