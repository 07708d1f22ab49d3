#!/bin/sh
# SPDX-License-Identifier: ISC
# libcurl for HTTP and HTTPS, and nothing else: what it would need else has no static library, or no
# use here. Where the certificates are is found out at run time. Run in the source's folder; $CC,
# $CFLAGS, $PREFIX, $JOBS.
set -eu

# That Debian patched configure.ac does not mean that configure has to be made anew.
touch aclocal.m4
touch configure Makefile.in lib/Makefile.in lib/curl_config.h.in
./configure CC="$CC" CFLAGS="$CFLAGS" LDFLAGS=-static \
	PKG_CONFIG_LIBDIR="$PREFIX/lib/pkgconfig" --prefix="$PREFIX" \
	--disable-shared --enable-static --disable-dependency-tracking --enable-symbol-hiding \
	--with-openssl="$PREFIX" --without-ca-bundle --without-ca-path --enable-threaded-resolver \
	--disable-ares --disable-dict --disable-file --disable-ftp --disable-gopher --disable-imap \
	--disable-ldap --disable-ldaps --disable-mqtt --disable-pop3 --disable-rtsp --disable-smb \
	--disable-smtp --disable-telnet --disable-tftp --disable-websockets \
	--disable-alt-svc --disable-cookies --disable-crypto-auth --disable-doh --disable-hsts \
	--disable-mime --disable-ntlm --disable-progress-meter --disable-tls-srp \
	--disable-unix-sockets --disable-get-easy-options --disable-libcurl-option \
	--disable-manual --without-brotli --without-gssapi --without-libgsasl --without-libidn2 \
	--without-libpsl --without-librtmp --without-libssh2 --without-nghttp2 --without-zlib \
	--without-zstd
make -C lib -j "$JOBS"
make -C lib install
make -C include install
make install-pkgconfigDATA
