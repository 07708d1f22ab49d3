/* SPDX-License-Identifier: ISC */
/*
 * deliveries: how each webhook does, for those who want to show it and have no time for the journal (metrics, checks).
 *
 * The file `deliveries` in the state directory, written by the courier where something changed; a line a webhook:
 * "webhook NAME owed N delivered N dead N failing_since_ms N disabled N" behind a first line "cronherd-deliveries 1".
 */
#ifndef WATCHDOG_STORE_DELIVERIES_H
#define WATCHDOG_STORE_DELIVERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watchdog/base/str.h"

#define DELIVERIES_FILE "deliveries"

struct deliveries_webhook {
	char *name;                    /* as a worker's: no white space */
	int64_t owed, delivered, dead; /* events; delivered: ever, a counter */
	int64_t failing_wall_ms;       /* since; 0: is well */
	bool is_disabled;              /* by a 410 */
};

struct deliveries {
	struct deliveries_webhook *webhooks;
	size_t count;
};

#define DELIVERIES_INIT { .webhooks = NULL }

/* Copies WEBHOOK to the end. */
void deliveries_add(struct deliveries *deliveries, const struct deliveries_webhook *webhook);
void deliveries_free(struct deliveries *deliveries);

/* Pure. deliveries_parse: 0, or -EBADMSG, DELIVERIES then is empty. Both: deliveries_free in any case. */
void deliveries_format(const struct deliveries *deliveries, struct str *text);
int deliveries_parse(const char *text, struct deliveries *deliveries);

/* 0; -ENOENT there is none (no courier has been at work yet); -EBADMSG garbage; another negative errno. */
int deliveries_read(int state_fd, struct deliveries *deliveries);

/* Leaves the file alone where it says the same. 0 or a negative errno. */
int deliveries_write(int state_fd, const struct deliveries *deliveries);

#endif
