/* SPDX-License-Identifier: ISC */
/* groupname: the group data, asked as account.c asks it. */
#include "watchdog/config/groupname.h"

#include <grp.h>
#include <stdio.h>

#include "watchdog/base/mem.h"

static char *number(gid_t gid)
{
	return mem_format("%lu", (unsigned long)gid);
}

#ifdef CRONHERD_STATIC

char *groupname_of(gid_t gid)
{
	FILE *file = fopen("/etc/group", "re");
	char *name = NULL;

	if (!file)
		return number(gid);
	for (const struct group *entry; !name && (entry = fgetgrent(file));)
		if (entry->gr_gid == gid)
			name = mem_dup(entry->gr_name);
	(void)fclose(file); /* was only read */
	return name ? name : number(gid);
}

#else

char *groupname_of(gid_t gid)
{
	const struct group *entry = getgrgid(gid);

	return entry ? mem_dup(entry->gr_name) : number(gid);
}

#endif
