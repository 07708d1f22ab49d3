/* SPDX-License-Identifier: ISC */
/* confimageform: how an image begins, and what its parts depend on. Between confimage.c, which reads it, and confimagebuild.c, which writes it. */
#ifndef WATCHDOG_CONFIG_CONFIMAGEFORM_H
#define WATCHDOG_CONFIG_CONFIMAGEFORM_H

#include <stdint.h>

#include "watchdog/config/confimage.h"

#define CONFIMAGE_MAGIC "cronhrd3"

struct confimage_part {
	uint64_t at; /* offset from the start of the image */
	uint64_t count;
};

struct confimage_header {
	char magic[8];
	uint64_t checksum; /* of everything behind this member */
	uint64_t size;
	uint64_t shape;
	struct confimage_facts facts;
	uint64_t defaults;
	struct confimage_part workers, webhooks, pings, groups, files;
	/* Pointers, as numbers. */
	uint64_t conf_dir, state_dir, pidfile_dir, log_dir, metrics_file, status_page;
	int64_t history_ms;
	uint64_t has_minder;
};

/* What an image depends on of the program: the shape of everything that is in it. */
uint64_t confimage_shape(void);

/* The checksum of the image that HEADER begins. */
uint64_t confimage_checksum(const struct confimage_header *header);

#endif
