#!/bin/sh
# SPDX-License-Identifier: ISC
# libyaml, by hand: its source package has no configure, and needs none here. Run in the source's
# folder; $CC, $CFLAGS, $PREFIX.
set -eu

version=$(sed -n 's/^m4_define(\[YAML_\(MAJOR\|MINOR\|PATCH\)\], *\([0-9]*\)).*/\2/p' configure.ac |
	paste -s -d . -)
major=${version%%.*}
patch=${version##*.}
minor=${version#*.}
minor=${minor%.*}
rm -f ./*.o
# shellcheck disable=SC2086 # flags
$CC $CFLAGS -Iinclude -DYAML_DECLARE_STATIC -DYAML_VERSION_STRING="\"$version\"" \
	-DYAML_VERSION_MAJOR="$major" -DYAML_VERSION_MINOR="$minor" -DYAML_VERSION_PATCH="$patch" \
	-c src/*.c
mkdir -p "$PREFIX/include" "$PREFIX/lib/pkgconfig"
rm -f "$PREFIX/lib/libyaml.a"
ar rcs "$PREFIX/lib/libyaml.a" ./*.o
cp include/yaml.h "$PREFIX/include/"
cat >"$PREFIX/lib/pkgconfig/yaml-0.1.pc" <<END
Name: LibYAML
Description: Library to parse and emit YAML
Version: $version
Libs: -L$PREFIX/lib -lyaml
Cflags: -I$PREFIX/include -DYAML_DECLARE_STATIC
END
