#!/bin/sh
# SPDX-License-Identifier: ISC
# install.sh FOLDER: puts the schemas of check.js, as package-lock.json names them, into FOLDER/node_modules.
# Does nothing where that was done; whoever comes at the same time waits.
set -eu
from=$(cd "$(dirname "$0")" && pwd)
cmp -s "$from/package-lock.json" "$1/.installed" && exit 0
mkdir -p "$1"
cd "$1"
exec 9>.lock
flock 9
cmp -s "$from/package-lock.json" .installed && exit 0
command -v npm >/dev/null || {
	echo "npm is not installed: ./quickstart.sh test installs it" >&2
	exit 1
}
cp "$from/package.json" "$from/package-lock.json" "$from/.npmrc" .
npm ci --ignore-scripts --loglevel=error >npm.log 2>&1 || {
	tail -n 20 npm.log >&2
	echo "npm cannot get kubernetes-models: the test that checks manifests needs it (is there a network?)" >&2
	exit 1
}
cp package-lock.json .installed
