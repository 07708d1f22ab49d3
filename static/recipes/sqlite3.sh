#!/bin/sh
# SPDX-License-Identifier: ISC
# SQLite as one file, which its own build makes of the many; for one thread, without extensions from
# files. Run in the source's folder; $CC, $CFLAGS, $PREFIX.
set -eu

# The tools that make the one file run here, so they need this machine's libc.
env -u CFLAGS CC=cc ./configure --disable-tcl --disable-readline --disable-shared
make sqlite3.c sqlite3.h
# shellcheck disable=SC2086 # flags
$CC $CFLAGS -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION \
	-DHAVE_USLEEP=1 -DHAVE_FDATASYNC=1 -DHAVE_GMTIME_R=1 -DHAVE_LOCALTIME_R=1 -c sqlite3.c
mkdir -p "$PREFIX/include" "$PREFIX/lib/pkgconfig"
rm -f "$PREFIX/lib/libsqlite3.a"
ar rcs "$PREFIX/lib/libsqlite3.a" sqlite3.o
cp sqlite3.h "$PREFIX/include/"
cat >"$PREFIX/lib/pkgconfig/sqlite3.pc" <<END
Name: SQLite
Description: SQL database engine
Version: $(cat VERSION)
Libs: -L$PREFIX/lib -lsqlite3
Cflags: -I$PREFIX/include
END
