/* SPDX-License-Identifier: ISC */
/*
 * observe: a look at one instance: pidfile, /proc, exit note → observation. Changes nothing.
 */
#ifndef WATCHDOG_ACT_OBSERVE_H
#define WATCHDOG_ACT_OBSERVE_H

#include "pidfiles/pidfile.h"
#include "watchdog/act/scene.h"
#include "watchdog/model/instance.h"
#include "watchdog/model/observation.h"
#include "watchdog/model/record.h"

enum observe_depth {
	OBSERVE_LOOK,   /* the cheap look: place and start time */
	OBSERVE_VERIFY, /* through a pin, with the pidfd's inode: before acting, and while STARTING */
	OBSERVE_SEARCH  /* and, where no pidfile tells, by the environment mark: before starting */
};

/* PIDFILE: what INSTANCE's says, NULL where there is none that proves an identity; RECORD: what is remembered. Fills SEEN. */
void observe(struct scene *scene, const struct instance *instance, const struct pidfile *pidfile,
	     const struct record *record, enum observe_depth depth, struct observation *seen);

/* Reads INSTANCE's pidfile. False where there is none, or none that proves an identity. */
bool observe_pidfile(const struct scene *scene, const struct instance *instance,
		     struct pidfile *pidfile);

/* The name of INSTANCE's pidfile in the pidfile directory; returns BUF. */
#define OBSERVE_PIDFILE_SIZE (INSTANCE_ID_SIZE + 8)
const char *observe_pidfile_name(const struct instance *instance, char buf[OBSERVE_PIDFILE_SIZE]);

#endif
