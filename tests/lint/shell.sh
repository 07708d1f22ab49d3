#!/bin/sh
# SPDX-License-Identifier: ISC
# No script of ours has a fault that shellcheck knows of.
set -eu
cd "${SRCDIR:-.}"
command -v shellcheck >/dev/null || {
	echo "shellcheck is not installed (quickstart.sh test installs it)"
	exit 1
}
shellcheck autogen.sh quickstart.sh .ci/run cron/container/entrypoint cron/container/stop-workers \
	tests/*/*.sh tests/*.sh tests/analyze/run tests/coverage/run tests/fuzz/run static/*.sh static/*/*.sh
shellcheck --shell=bash --severity=warning completions/cronherd.bash
