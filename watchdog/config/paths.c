/* SPDX-License-Identifier: ISC */
/* paths: defaults of files and directories; looks at none of them. */
#include "watchdog/config/paths.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watchdog/base/mem.h"
#include "watchdog/config/account.h"

#define ROOT_STATE_DIR CRONHERD_LOCALSTATEDIR "/lib/cronherd"

static bool is_root(void)
{
	return geteuid() == 0;
}

/* The environment's directory NAME, which counts only where it is absolute. */
static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] == '/' ? value : NULL;
}

char *paths_home(void)
{
	struct account account;
	const char *home = environment("HOME");

	if (home)
		return mem_dup(home);
	if (account_find(NULL, &account) != 0)
		return NULL;
	home = account.home[0] == '/' ? account.home : NULL;
	char *found = mem_dup(home);
	account_free(&account);
	return found;
}

/* BEHIND in the directory of the variable XDG, else in BELOW_HOME of the home. */
static char *user_path(const char *xdg, const char *below_home, const char *behind, struct err *err)
{
	const char *base = environment(xdg);

	if (base)
		return mem_format("%s/%s", base, behind);
	char *home = paths_home();
	if (!home) {
		(void)err_set(err, ERR_SYSTEM, 0,
			      "no home directory: neither HOME nor the password file names one; "
			      "set HOME");
		return NULL;
	}
	char *path = mem_format("%s/%s/%s", home, below_home, behind);
	free(home);
	return path;
}

char *paths_main_file(struct err *err)
{
	if (is_root())
		return mem_dup(CRONHERD_SYSCONFDIR "/cronherd/cronherd.conf");
	return user_path("XDG_CONFIG_HOME", ".config", "cronherd/cronherd.conf", err);
}

char *paths_state_dir(struct err *err)
{
	if (is_root())
		return mem_dup(ROOT_STATE_DIR);
	return user_path("XDG_STATE_HOME", ".local/state", "cronherd", err);
}

/* A second herd of root's, with a state directory of its own, shares nothing with the first. */
static bool is_main_herd_of_root(const char *state_dir)
{
	return is_root() && strcmp(state_dir, ROOT_STATE_DIR) == 0;
}

char *paths_pidfile_dir(const char *state_dir)
{
	if (is_main_herd_of_root(state_dir))
		return mem_dup(CRONHERD_RUNSTATEDIR "/cronherd");
	return mem_format("%s/pidfiles", state_dir);
}

char *paths_log_dir(const char *state_dir)
{
	if (is_main_herd_of_root(state_dir))
		return mem_dup(CRONHERD_LOCALSTATEDIR "/log/cronherd");
	return mem_format("%s/log", state_dir);
}

char *paths_cache_dir(void)
{
	if (is_root())
		return mem_dup(CRONHERD_LOCALSTATEDIR "/cache/cronherd");
	return user_path("XDG_CACHE_HOME", ".cache", "cronherd", NULL);
}
