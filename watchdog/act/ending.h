/* SPDX-License-Identifier: ISC */
/*
 * ending: signals to an instance, each through a pinned and verified reference.
 *
 * A family is the main process and all that belonged to it at one moment: its session and its descendants. It is taken
 * while the main process lives (only then is membership certain), so that what the main process leaves behind can be
 * ended when it has gone.
 */
#ifndef WATCHDOG_ACT_ENDING_H
#define WATCHDOG_ACT_ENDING_H

#include <stddef.h>

#include "watchdog/act/scene.h"
#include "watchdog/model/instance.h"

struct family {
	struct procid root;     /* the main process */
	struct procid *members; /* without it */
	size_t count;
};

#define FAMILY_INIT { .members = NULL }

/* Takes (anew) who belongs to PROCESS now. 0 or a negative errno (FAMILY is then empty). */
int family_take(struct family *family, struct scene *scene, const struct procid *process);
void family_free(struct family *family);

/*
 * Sends SIG to PROCESS: to it alone, or, with KILLMODE_GROUP, to all of its process group. 0; -ESRCH where it has ended
 * already; -EPERM; -EAGAIN where it cannot be verified: nothing was sent.
 */
int ending_signal(struct scene *scene, const struct procid *process, int sig, int64_t killmode);

/* KILL by KILLMODE: process: it alone; group: its group; mixed: it and FAMILY. As ending_signal. */
int ending_kill(struct scene *scene, const struct procid *process, int64_t killmode,
		const struct family *family);

/*
 * KILL to what PROCESS, which has gone, left in its session and what bears INSTANCE's mark there. Gives the number
 * that was found.
 */
size_t ending_sweep_session(struct scene *scene, const struct instance *instance,
			    const struct procid *process);

/* KILL to the members of FAMILY, whose root has gone, that still live; gives their number and empties FAMILY. */
size_t ending_sweep_family(struct scene *scene, struct family *family);

#endif
