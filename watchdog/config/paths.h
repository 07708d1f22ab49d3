/* SPDX-License-Identifier: ISC */
/* paths: where things are unless a file says otherwise. INTERFACE.md, "Files". */
#ifndef WATCHDOG_CONFIG_PATHS_H
#define WATCHDOG_CONFIG_PATHS_H

#include "watchdog/base/err.h"

/* Each gives an allocated absolute path, or NULL with ERR (no home is known). Relative to:
 * the effective uid (0 or not), XDG_CONFIG_HOME, XDG_STATE_HOME and the home directory. */
char *paths_main_file(struct err *err);
char *paths_state_dir(struct err *err);

/* Root's own directories, where STATE_DIR is root's default; else folders in STATE_DIR. */
char *paths_pidfile_dir(const char *state_dir);
char *paths_log_dir(const char *state_dir);
char *paths_cache_dir(void); /* NULL: no home is known */

/* HOME where it is set and absolute, else from the password file. NULL where neither. */
char *paths_home(void);

#endif
