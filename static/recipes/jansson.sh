#!/bin/sh
# SPDX-License-Identifier: ISC
# Jansson, by hand: its source package has no configure, and needs none here. Run in the source's
# folder; $CC, $CFLAGS, $PREFIX.
set -eu

sed -e 's/@json_inline@/inline/' -e 's/@json_have_long_long@/1/' \
	-e 's/@json_have_localeconv@/0/' -e 's/@json_have_[a-z]*_builtins@/1/' \
	src/jansson_config.h.in >src/jansson_config.h
cat >src/jansson_private_config.h <<END
#define HAVE_ATOMIC_BUILTINS 1
#define HAVE_CLOSE 1
#define HAVE_ENDIAN_H 1
#define HAVE_FCNTL_H 1
#define HAVE_GETPID 1
#define HAVE_GETTIMEOFDAY 1
#define HAVE_OPEN 1
#define HAVE_READ 1
#define HAVE_SCHED_H 1
#define HAVE_SCHED_YIELD 1
#define HAVE_STDINT_H 1
#define HAVE_SYS_PARAM_H 1
#define HAVE_SYS_STAT_H 1
#define HAVE_SYS_TIME_H 1
#define HAVE_SYS_TYPES_H 1
#define HAVE_UNISTD_H 1
#define INITIAL_HASHTABLE_ORDER 3
#define USE_URANDOM 1
END
rm -f ./*.o
# shellcheck disable=SC2086 # flags
$CC $CFLAGS -DHAVE_CONFIG_H -Isrc -c src/*.c
mkdir -p "$PREFIX/include" "$PREFIX/lib/pkgconfig"
rm -f "$PREFIX/lib/libjansson.a"
ar rcs "$PREFIX/lib/libjansson.a" ./*.o
cp src/jansson.h src/jansson_config.h "$PREFIX/include/"
cat >"$PREFIX/lib/pkgconfig/jansson.pc" <<END
Name: Jansson
Description: JSON library
Version: $(sed -n 's/^#define JANSSON_VERSION  *"\(.*\)"/\1/p' src/jansson.h)
Libs: -L$PREFIX/lib -ljansson
Cflags: -I$PREFIX/include
END
