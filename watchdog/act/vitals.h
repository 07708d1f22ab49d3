/* SPDX-License-Identifier: ISC */
/* vitals: signs of life that a worker gives besides being there: its heartbeat file; and the files whose change means a deployment. */
#ifndef WATCHDOG_ACT_VITALS_H
#define WATCHDOG_ACT_VITALS_H

#include <stdint.h>

#include "watchdog/act/scene.h"
#include "watchdog/model/instance.h"
#include "watchdog/model/observation.h"

/* Fills SEEN's heartbeat_wall_ms and watched, and concern where one of them cannot be told. Costs nothing where INSTANCE's worker asks for
 * neither. */
void vitals_look(const struct scene *scene, const struct instance *instance, struct observation *seen);

/*
 * What tells the present state of all files under restart_on_change from every other: of a symlink where it points to, of a file or a
 * directory its inode, size and time. 0 where there are none, or one of them is missing or cannot be looked at: a deployment under
 * way is none yet.
 */
uint64_t vitals_watched(const struct scene *scene, const struct instance *instance);

#endif
