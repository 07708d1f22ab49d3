/* SPDX-License-Identifier: ISC */
/* confsection: a webhook or ping section as a file has it, before it is known whether it is right. */
#ifndef WATCHDOG_CONFIG_CONFSECTION_H
#define WATCHDOG_CONFIG_CONFSECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "watchdog/model/ping.h"
#include "watchdog/model/webhook.h"

enum confsection_kind { CONFSECTION_WEBHOOK, CONFSECTION_PING };

struct confsection {
	enum confsection_kind kind;
	bool is_broken;	 /* it has errors: nothing is sent by it */
	bool is_exposed; /* others may read the file that it stands in */
	char *name;     /* "" where it could not be read */
	char *file;
	int line;
	int *lines; /* of each row of its table: where it is set, or 0; NULL: none is */
	union {
		struct webhook_options webhook;
		struct ping_options ping;
	} options;
};

const char *confsection_word(enum confsection_kind kind); /* "webhook", "ping" */
const struct option_spec *confsection_table(enum confsection_kind kind);

/* Where its option NAME is set, or else where it begins. */
int confsection_line(const struct confsection *section, const char *name);

void confsection_free(struct confsection *section);

#endif
