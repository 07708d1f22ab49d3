/* SPDX-License-Identifier: ISC */
/* exitinfo: how a process ended, as far as that is known. */
#ifndef WATCHDOG_MODEL_EXITINFO_H
#define WATCHDOG_MODEL_EXITINFO_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The exit code of a child that was never let through its gate, since whoever started it was killed: it has a pidfile, and never was a
 * worker. A worker that ends with it means itself, but where nobody had written down that it was started.
 */
#define EXITINFO_UNBORN 119

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
