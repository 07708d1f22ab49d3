/* SPDX-License-Identifier: ISC */
/* exitinfo: how a process ended, as far as that is known. */
#ifndef WATCHDOG_MODEL_EXITINFO_H
#define WATCHDOG_MODEL_EXITINFO_H

#include <stdbool.h>
#include <stdint.h>

struct exitinfo {
	bool known;      /* false: nobody was there to wait for it */
	int code;        /* -1 where it ended by a signal */
	int signal;      /* 0 where it exited */
	int64_t boot_ms; /* when; 0 where not known */
	int64_t wall_ms; /* when; 0 where not known */
	int64_t peak_rss_bytes; /* -1 where not known; likewise: */
	int64_t cpu_ms;
};

#define EXITINFO_INIT { .code = -1, .peak_rss_bytes = -1, .cpu_ms = -1 }

#endif
