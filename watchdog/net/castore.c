/* SPDX-License-Identifier: ISC */
#include "watchdog/net/castore.h"

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watchdog/base/mem.h"

/* No public list of authorities is shorter. */
#define MANY 16

/* A system may have several of them: the most likely to be kept up to date first. */
static const char *const dirs[] = {
	"/etc/ssl/certs",				  /* Debian, Alpine, Arch, SUSE */
	"/etc/pki/ca-trust/extracted/pem/directory-hash", /* Red Hat */
	"/etc/pki/tls/certs",				  /* older Red Hat, if somebody hashed it */
	NULL,
};

static const char *const files[] = {
	"/etc/ssl/certs/ca-certificates.crt",		     /* Debian, Alpine, Arch */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Red Hat, Arch */
	"/etc/pki/tls/certs/ca-bundle.crt",		     /* older Red Hat */
	"/etc/ssl/ca-bundle.pem",			     /* SUSE */
	"/var/lib/ca-certificates/ca-bundle.pem",	     /* SUSE */
	"/etc/ssl/cert.pem",				     /* Alpine */
	NULL,
};

/* "0b1b94ef.0": the hash of a subject's name and a number. */
static bool is_hash(const char *name)
{
	return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' && name[9] >= '0' &&
	       name[9] <= '9';
}

/* Whether at least LEAST certificates are in PATH by their hashes. */
static bool has_hashes(const char *path, int least)
{
	DIR *stream = opendir(path);
	const struct dirent *entry;

	if (!stream)
		return false;
	while (least > 0 && (entry = readdir(stream)))
		if (is_hash(entry->d_name))
			least--;
	closedir(stream);
	return least <= 0;
}

static bool has_many(const char *path)
{
	return has_hashes(path, MANY);
}

static bool has_any(const char *path)
{
	return has_hashes(path, 1);
}

static bool is_readable(const char *path)
{
	return access(path, R_OK) == 0;
}

/* The first of PLACES that IS_RIGHT, allocated, or NULL. */
static char *first(const char *root, const char *const *places, bool (*is_right)(const char *path))
{
	for (; *places; places++) {
		char *path = mem_format("%s%s", root, *places);

		if (is_right(path))
			return path;
		free(path);
	}
	return NULL;
}

/* Whoever sets these knows what is right: no guesses, but what is not there would trust nobody. */
static char *from_environment(const char *name)
{
	const char *path = secure_getenv(name);

	return path && is_readable(path) ? mem_dup(path) : NULL;
}

void castore_find(const char *root, struct castore *store)
{
	store->dir = from_environment("SSL_CERT_DIR");
	store->file = from_environment("SSL_CERT_FILE");
	if (store->dir || store->file)
		return;
	store->dir = first(root, dirs, has_many);
	if (!store->dir)
		store->file = first(root, files, is_readable);
	if (!store->dir && !store->file)
		store->dir = first(root, dirs, has_any);
}

void castore_free(struct castore *store)
{
	free(store->dir);
	free(store->file);
	*store = (struct castore){ .dir = NULL };
}
