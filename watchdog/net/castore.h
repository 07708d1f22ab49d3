/* SPDX-License-Identifier: ISC */
/*
 * castore: where this system keeps the certificates that it trusts. Found at run time: a static program meets systems that it was not
 * built on.
 *
 * SSL_CERT_FILE and SSL_CERT_DIR come first, as with OpenSSL; then the places of Debian, Alpine, Arch, Red Hat and SUSE. A
 * directory by hashes ("0b1b94ef.0") is better than a file: only what is needed is read from it. It has to hold many,
 * though: where an administrator hashed one certificate of his own, the file has the others.
 */
#ifndef WATCHDOG_NET_CASTORE_H
#define WATCHDOG_NET_CASTORE_H

struct castore {
	char *dir;  /* by hashes; NULL */
	char *file; /* all of them in one; NULL */
};

/* ROOT: "" but in tests. Both are set where the environment names both, none where there is none. */
void castore_find(const char *root, struct castore *store);
void castore_free(struct castore *store);

#endif
