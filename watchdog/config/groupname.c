/* SPDX-License-Identifier: ISC */
/* groupname: the group data, asked as account.c asks it. */
#include "watchdog/config/groupname.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/str.h"
#include "watchdog/config/nameservice.h"

/* Closes FILE; NULL where it does not know. */
static char *find_in(FILE *file, gid_t gid)
{
	char *name = NULL;

	if (!file)
		return NULL;
	for (const struct group *entry; !name && (entry = fgetgrent(file));)
		if (entry->gr_gid == gid)
			name = mem_dup(entry->gr_name);
	(void)fclose(file); /* memory */
	return name;
}

static char *ask(const char *number, gid_t gid)
{
	struct str answer = STR_INIT;
	char *name = NULL;

	if (nameservice_has_more("group", "files") && nameservice_ask("group", number, &answer) == 0)
		name = find_in(nameservice_stream(&answer), gid);
	str_free(&answer);
	return name;
}

char *groupname_of(gid_t gid)
{
	char *number = mem_format("%lu", (unsigned long)gid);
	struct str text = STR_INIT;
	char *name = find_in(nameservice_open("/etc/group", &text), gid);

	str_free(&text);
	if (!name)
		name = ask(number, gid);
	if (!name)
		return number;
	free(number);
	return name;
}
