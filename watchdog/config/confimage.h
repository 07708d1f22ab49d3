/* SPDX-License-Identifier: ISC */
/*
 * confimage: a configuration as one block of bytes, and back. No file is touched.
 *
 * Format: a header, then workers, webhooks, pings, groups and files as they are in memory, then texts; native byte order, whole words, a
 * checksum over all. Pointers are what they are when the image stands at CONFIMAGE_ADDRESS: there it is used as it is, and nothing is
 * written to it; anywhere else they are moved, once. Every pointer and every number is checked before it is used.
 */
#ifndef WATCHDOG_CONFIG_CONFIMAGE_H
#define WATCHDOG_CONFIG_CONFIMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "watchdog/base/str.h"
#include "watchdog/config/config.h"

/* Where nothing else is wont to be: between the program and its libraries, and in no sanitizer's shadow. */
#if UINTPTR_MAX > UINT32_MAX
#define CONFIMAGE_ADDRESS UINT64_C(0x200000000000)
#else
#define CONFIMAGE_ADDRESS UINT64_C(0x60000000)
#endif

struct confimage {
	char *data;    /* mapped, private and writable; NULL: none */
	uint64_t size;
};

/* What a configuration came from: hashes; confcache.c gives them meaning. */
struct confimage_facts {
	uint64_t surroundings;
	uint64_t stamp;
	uint64_t told_stamp;
};

/* CONFIG, which has no errors, to BLOB, which is not yet set. */
void confimage_build(const struct config *config, const struct confimage_facts *facts,
		     struct str *blob);

/* Unmaps it. */
void confimage_free(struct confimage *image);

/* Whether this very program could have built it; before anything else is asked of it. */
bool confimage_is_ours(const struct confimage *image);
bool confimage_is_whole(const struct confimage *image);

const struct confimage_facts *confimage_facts(const struct confimage *image);
const char *confimage_conf_dir(const struct confimage *image); /* NULL: it is damaged */

/*
 * Makes CONFIG of it, with neither main_file nor stamp, without indexes. True: the image is CONFIG's from now on. False:
 * it is damaged, and spoilt; CONFIG holds nothing.
 */
bool confimage_open(struct confimage *image, struct config *config);

/* Puts its files into CONFIG, which confimage_open has made. False: that part is damaged, and CONFIG has none. */
bool confimage_open_files(struct config *config);

#endif
