#!/bin/sh
# SPDX-License-Identifier: ISC
# libcrypto and libssl for a TLS client (1.2 and 1.3) that reads no openssl.cnf: the host's is for
# the host's OpenSSL. Run in the source's folder; $CC and $CFLAGS (Configure reads
# them), $PREFIX, $JOBS.
set -eu

machine=$(uname -m)
case $machine in
x86_64 | aarch64 | ppc64le) target=linux-$machine ;;
i?86) target=linux-x86 ;;
arm*) target=linux-armv4 ;;
riscv64) target=linux64-riscv64 ;;
s390x) target=linux64-s390x ;;
*) target=linux-generic$(getconf LONG_BIT) ;;
esac

./Configure "$target" --prefix="$PREFIX" --libdir=lib --openssldir=/etc/ssl \
	no-shared no-pic no-tests no-module no-legacy no-engine no-dso no-async no-comp no-afalgeng \
	no-autoload-config no-ui-console no-ssl3 no-dtls no-sctp no-srp no-psk no-srtp \
	no-ts no-cms no-ocsp no-ct no-cmp no-rfc3779 no-dsa no-ec2m no-sm2 no-gost \
	no-aria no-bf no-camellia no-cast no-des no-idea no-rc2 no-rc4 no-seed no-sm3 no-sm4 \
	no-blake2 no-md4 no-mdc2 no-rmd160 no-whirlpool no-siphash no-scrypt
make -j "$JOBS" build_generated
make -j "$JOBS" build_libs
make install_dev
