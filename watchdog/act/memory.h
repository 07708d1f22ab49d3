/* SPDX-License-Identifier: ISC */
/* memory: what a living worker takes, by its metric and scope. */
#ifndef WATCHDOG_ACT_MEMORY_H
#define WATCHDOG_ACT_MEMORY_H

#include "watchdog/act/scene.h"
#include "watchdog/model/observation.h"

/*
 * SEEN has the process and the resident size that its `stat` gave for nothing; its memory_bytes is filled. That size is approximate and, for
 * pss and uss, an upper bound: the dear files are read only within a quarter of the limit, or where the scene wants it exact.
 */
void memory_measure(struct scene *scene, const struct worker_options *options, struct observation *seen);

#endif
