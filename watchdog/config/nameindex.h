/* SPDX-License-Identifier: ISC */
/*
 * nameindex: a number for each of many names, found without scanning them.
 *
 * Keeps pointers to the names: whoever puts one in keeps it alive and unchanged.
 */
#ifndef WATCHDOG_CONFIG_NAMEINDEX_H
#define WATCHDOG_CONFIG_NAMEINDEX_H

#include <stdbool.h>
#include <stddef.h>

struct nameindex_slot {
	const char *name; /* NULL: empty */
	size_t len;
	size_t value;
};

struct nameindex {
	struct nameindex_slot *slots;
	size_t cap; /* 0 or a power of two */
	size_t count;
};

#define NAMEINDEX_INIT                                                                             \
	{                                                                                          \
		.slots = NULL                                                                      \
	}

/* The number of the name of LEN bytes to VALUE (may be NULL), or false. */
bool nameindex_find(const struct nameindex *index, const char *name, size_t len, size_t *value);

/* Sets the number of the name of LEN bytes; NAME replaces the pointer of before. */
void nameindex_put(struct nameindex *index, const char *name, size_t len, size_t value);

void nameindex_free(struct nameindex *index);

#endif
