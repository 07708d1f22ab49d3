#!/bin/sh
# SPDX-License-Identifier: ISC
# libconfuse, by hand: its source package has no configure, and needs none here. Run in the source's
# folder; $CC, $CFLAGS, $PREFIX.
set -eu

version=$(sed -n 's/^AC_INIT(libConfuse, \([^,]*\),.*/\1/p' configure.ac)
cat >config.h <<END
#define HAVE_FMEMOPEN 1
#define HAVE_REALLOCARRAY 1
#define HAVE_STRCASECMP 1
#define HAVE_STRDUP 1
#define HAVE_STRING_H 1
#define HAVE_STRINGS_H 1
#define HAVE_STRNDUP 1
#define HAVE_SYS_STAT_H 1
#define HAVE_UNISTD_H 1
#define PACKAGE_STRING "libConfuse $version"
#define PACKAGE_VERSION "$version"
END
flex -Pcfg_yy -osrc/lexer.c src/lexer.l
rm -f ./*.o
# shellcheck disable=SC2086 # flags
$CC $CFLAGS -D_GNU_SOURCE -DHAVE_CONFIG_H -I. -Isrc -c src/confuse.c src/lexer.c
mkdir -p "$PREFIX/include" "$PREFIX/lib/pkgconfig"
rm -f "$PREFIX/lib/libconfuse.a"
ar rcs "$PREFIX/lib/libconfuse.a" confuse.o lexer.o
cp src/confuse.h "$PREFIX/include/"
cat >"$PREFIX/lib/pkgconfig/libconfuse.pc" <<END
Name: libConfuse
Description: configuration file parser
Version: $version
Libs: -L$PREFIX/lib -lconfuse
Cflags: -I$PREFIX/include
END
