/* SPDX-License-Identifier: ISC */
/* inbox: whether rounds have left something since it was last looked at: a few stats instead of reading it all again. */
#ifndef WATCHDOG_COURIER_INBOX_H
#define WATCHDOG_COURIER_INBOX_H

#include <stdbool.h>
#include <stdint.h>

struct inbox {
	uint64_t spool; /* fingerprints; 0: never looked at */
	uint64_t beat;
};

/* Files in spool/, growing or not; 0 where there is none, or no such directory. */
int inbox_count(int state_fd);

/* Each: true where it is not as at the last look. To be called before what it is about is read. */
bool inbox_has_spooled(struct inbox *inbox, int state_fd);
bool inbox_has_beat(struct inbox *inbox, int state_fd);

#endif
