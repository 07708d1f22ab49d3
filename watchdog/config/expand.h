/* SPDX-License-Identifier: ISC */
/*
 * expand: one instance's values, with every %-sequence and leading ~/ put in, and its command
 * split into arguments. What `config --json` prints as "instances" and what launch executes.
 */
#ifndef WATCHDOG_CONFIG_EXPAND_H
#define WATCHDOG_CONFIG_EXPAND_H

#include <stddef.h>
#include <sys/types.h>

#include "watchdog/base/err.h"
#include "watchdog/base/str.h"
#include "watchdog/config/account.h"
#include "watchdog/config/config.h"
#include "watchdog/model/instance.h"

struct expanded {
	struct account account;	    /* whom it runs as */
	gid_t gid;		    /* its primary group */
	struct strlist argv;	    /* ("/bin/sh", "-c", command) with shell = true */
	char *directory;	    /* relative: to the account's home */
	struct strlist environment; /* only what the configuration adds: "K=V", later wins */
	char *env_file;		    /* NULL: none; '-' in front taken off; relative: to directory */
	int env_file_optional;
	char *pidfile;	      /* type = forking; else NULL; relative: to directory */
	char *heartbeat_file; /* NULL: none; relative: to directory */
	struct strlist restart_on_change; /* likewise */
	char *stdout_logfile; /* absolute; NULL: none (discarded); relative: to log_dir */
	char *stderr_logfile; /* NULL: none; equal to stdout_logfile: same */
};

/*
 * Expands INSTANCE (its worker must not be NULL). -1 with ERR (file:line in front) where a
 * sequence is unknown, a quote is open, the user or group does not exist.
 *
 * The command is split first, and each word expanded then, so that a home with a blank in it
 * stays one word; of words, only the first has its ~/ put in. Of environment, only the value is
 * expanded. %h and ~/ are the home of the account's entry in the password data; HOME is asked
 * only where we run as a number without an entry. In `user` and `group`, %u and %h are unknown.
 */
int expand_instance(const struct config *config, const struct instance *instance,
		    struct expanded *expanded, struct err *err);
void expanded_free(struct expanded *expanded);

/* Adds what every process of ACCOUNT is given: HOME USER LOGNAME SHELL PATH LANG. */
void expand_base(const struct account *account, struct strlist *environment);

/*
 * The exact environment of the process, as a NULL-terminated list in which each name stands
 * once: from empty, in this order, later winning: HOME USER LOGNAME SHELL PATH LANG, env_file,
 * environment, CRONHERD_ID and CRONHERD_STATE_DIR. -1 with ERR where env_file cannot be read or
 * is malformed (file:line). As root, env_file is read as its worker's user would read it, or else as what is root's
 * alone (userfile).
 */
int expand_environment(const struct config *config, const struct instance *instance,
		       const struct expanded *expanded, struct strlist *environment,
		       struct err *err);

/* Only whom INSTANCE runs as, who owns its logs; looks nobody up where no user is set. */
int expand_owner(const struct config *config, const struct instance *instance, uid_t *owner,
		 struct err *err);

/* Only a log's path (for the round, which need not expand everything). WHICH: 1 or 2. NULL
 * with ERR unset where the log is "none"; "same" for 2 gives 1's. Allocated. */
char *expand_logfile(const struct config *config, const struct instance *instance, int which,
		     struct err *err);

/* %-sequences of TEXT for INSTANCE; allocated, or NULL with ERR. INSTANCE, USER and HOME may be
 * NULL: then the sequences that ask for them are errors. */
char *expand_text(const char *text, const struct config *config, const struct instance *instance,
		  const char *user, const char *home, struct err *err);

/* expand_text for a path: a leading ~/ is HOME, and what is not absolute then is below BASE. */
char *expand_path(const char *text, const char *base, const struct config *config,
		  const struct instance *instance, const char *user, const char *home,
		  struct err *err);

/* Pure: splits as a POSIX shell splits words: quotes, backslashes, no expansion of $, ~, * or
 * operators (they are ordinary characters). -1 with ERR where a quote is open. */
int expand_split(const char *command, struct strlist *argv, struct err *err);

#endif
