/* SPDX-License-Identifier: ISC */
/* confpath: paths that the configuration as a whole names, not for one instance. */
#ifndef WATCHDOG_CONFIG_CONFPATH_H
#define WATCHDOG_CONFIG_CONFPATH_H

#include "watchdog/base/err.h"
#include "watchdog/config/config.h"

/* VALUE with its %-sequences and ~/ put in, absolute: from the main file's folder on. Allocated, without a slash at its end; NULL
 * with ERR. Of CONFIG only main_file is asked. */
char *confpath_expand(const struct config *config, const char *value, struct err *err);

/* Allocated: the folder that PATH, which is absolute, lies in. */
char *confpath_folder(const char *path);

#endif
