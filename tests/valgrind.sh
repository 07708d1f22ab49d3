#!/bin/sh
# SPDX-License-Identifier: ISC
# Runs the unit tests that are given under valgrind (make check-valgrind). What counts is what memcheck
# finds, leaks included: whether tests pass is for `make check` to say, and some cannot here, as
# valgrind gives a program another spawn(3) and other system calls.
set -eu

command -v valgrind >/dev/null || {
	echo "valgrind is not installed (quickstart.sh test installs it)" >&2
	exit 1
}
source_dir=${SRCDIR:-.}
export CK_TIMEOUT_MULTIPLIER=30 # valgrind is slow
rm -rf tests/valgrind.logs
mkdir -p tests/valgrind.logs
failed=0
for program; do
	log=tests/valgrind.logs/$(basename "$program")
	# All in one process where the suite can be, since its leaks are seen then. Tests that end by
	# a signal or by exit, and those that fork, get a process each.
	case $(cat "$source_dir"/tests/*/"$(basename "$program").c") in
	*_raise_signal* | *_exit_test* | *_exit\(* | *fork\(*) fork=yes leaks=no ;;
	*) fork=no leaks=full ;;
	esac
	status=0
	CK_FORK=$fork valgrind --quiet --error-exitcode=9 --trace-children=no \
		--suppressions="$source_dir/tests/valgrind.supp" --leak-check=$leaks \
		--errors-for-leak-kinds=definite --log-file="$log.%p" \
		"./$program" >"$log.output" 2>&1 || status=$?
	# Other lines tell of system calls that valgrind does not know.
	faults=$(grep -l '^==' "$log".[0-9]* || :)
	if [ -z "$faults" ] && [ "$status" -lt 126 ]; then
		echo "PASS: $program (CK_FORK=$fork)"
	else
		echo "FAIL: $program (CK_FORK=$fork, exit status $status)"
		failed=$((failed + 1))
		# shellcheck disable=SC2086 # names without blanks
		tail -n 20 "$log.output" $faults
	fi
done
echo "$# programs, $failed failed"
[ "$failed" -eq 0 ]
