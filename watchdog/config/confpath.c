/* SPDX-License-Identifier: ISC */
#include "watchdog/config/confpath.h"

#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/config/account.h"
#include "watchdog/config/expand.h"
#include "watchdog/config/paths.h"

char *confpath_folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash > path ? mem_dup_n(path, (size_t)(slash - path)) : mem_dup("/");
}

static char *without_end_slash(char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
	return path;
}

static char *our_name(struct err *err)
{
	struct account account;
	int rc = account_find(NULL, &account);

	if (rc < 0) {
		(void)err_set(err, ERR_SYSTEM, -rc, "cannot find out who we are");
		return NULL;
	}
	char *name = mem_dup(account.name);
	account_free(&account);
	return name;
}

char *confpath_expand(const struct config *config, const char *value, struct err *err)
{
	char *user = NULL;

	if (strstr(value, "%u") && !(user = our_name(err)))
		return NULL;
	char *home = paths_home();
	char *folder = confpath_folder(config->main_file);
	char *path = expand_path(value, folder, config, NULL, user, home, err);
	free(folder);
	free(home);
	free(user);
	return path ? without_end_slash(path) : NULL;
}
