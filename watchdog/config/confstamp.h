/* SPDX-License-Identifier: ISC */
/* confstamp: whether the configuration on disk is still the one that was read, without reading it. */
#ifndef WATCHDOG_CONFIG_CONFSTAMP_H
#define WATCHDOG_CONFIG_CONFSTAMP_H

#include <stdint.h>

#include "watchdog/config/config.h"

/* A hash over name, inode, size and times of the main file, conf_dir and every *.conf file in it. What cannot be looked
 * at counts as its errno, so that its coming and going shows too. */
uint64_t confstamp_of(const struct config *config);

#endif
