/* SPDX-License-Identifier: ISC */
/* account: the password and group data; caches nothing, as a round asks seldom. */
#include "watchdog/config/account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/units.h"

/* (uid_t)-1 means "no change" to setresuid(2): nobody has it. */
#define ID_MAX (UINT32_MAX - 1)

static bool is_number(const char *name, id_t *id)
{
	int64_t value;

	if (units_parse_int(name, 0, ID_MAX, &value) != 0)
		return false;
	*id = (id_t)value;
	return true;
}

static void take(struct account *account, const struct passwd *entry)
{
	account->uid = entry->pw_uid;
	account->gid = entry->pw_gid;
	account->name = mem_dup(entry->pw_name);
	account->home = mem_dup(entry->pw_dir && entry->pw_dir[0] != '\0' ? entry->pw_dir : "/");
	account->shell = mem_dup(entry->pw_shell && entry->pw_shell[0] != '\0' ? entry->pw_shell
									       : "/bin/sh");
}

static bool is_member(const struct group *group, const char *name)
{
	for (char **member = group->gr_mem; *member; member++)
		if (strcmp(*member, name) == 0)
			return true;
	return false;
}

static int groups_by_file(const struct account *account, gid_t gid, gid_t **groups)
{
	FILE *file = fopen("/etc/group", "re");
	int count = 1;

	if (!file)
		return -errno;
	*groups = mem_resize(NULL, 1, sizeof(**groups));
	(*groups)[0] = gid;
	for (const struct group *entry; (entry = fgetgrent(file));) {
		if (entry->gr_gid == gid || !is_member(entry, account->name))
			continue;
		*groups = mem_resize(*groups, (size_t)count + 1, sizeof(**groups));
		(*groups)[count++] = entry->gr_gid;
	}
	(void)fclose(file); /* was only read */
	return count;
}

#ifdef CRONHERD_STATIC

/* Of NAME, or of UID where NAME is NULL. */
static int find(const char *name, uid_t uid, struct account *account)
{
	FILE *file = fopen("/etc/passwd", "re");
	int rc = -ENOENT;

	if (!file)
		return -errno;
	for (const struct passwd *entry; rc != 0 && (entry = fgetpwent(file));) {
		if (name ? strcmp(entry->pw_name, name) != 0 : entry->pw_uid != uid)
			continue;
		take(account, entry);
		rc = 0;
	}
	(void)fclose(file); /* was only read */
	return rc;
}

static int find_group(const char *name, gid_t *gid)
{
	FILE *file = fopen("/etc/group", "re");
	int rc = -ENOENT;

	if (!file)
		return -errno;
	for (const struct group *entry; rc != 0 && (entry = fgetgrent(file));) {
		if (strcmp(entry->gr_name, name) != 0)
			continue;
		*gid = entry->gr_gid;
		rc = 0;
	}
	(void)fclose(file); /* was only read */
	return rc;
}

int account_groups(const struct account *account, gid_t gid, gid_t **groups)
{
	return groups_by_file(account, gid, groups);
}

#else

#define BUF_FIRST 1024
#define BUF_MAX	  ((size_t)16 * 1024 * 1024)

/* What getpwnam_r(3) may say where it means "no such name". */
static int not_found(int error)
{
	return error == 0 || error == ENOENT || error == ESRCH ? -ENOENT : -error;
}

/* Of NAME, or of UID where NAME is NULL. */
static int find(const char *name, uid_t uid, struct account *account)
{
	struct passwd entry;
	struct passwd *found = NULL;
	char *buf = NULL;
	int error = ERANGE;

	for (size_t size = BUF_FIRST; error == ERANGE && size <= BUF_MAX; size *= 2) {
		buf = mem_resize(buf, size, 1);
		do
			error = name ? getpwnam_r(name, &entry, buf, size, &found)
				     : getpwuid_r(uid, &entry, buf, size, &found);
		while (error == EINTR);
	}
	if (error == 0 && found)
		take(account, found);
	free(buf);
	return found ? 0 : not_found(error);
}

static int find_group(const char *name, gid_t *gid)
{
	struct group entry;
	struct group *found = NULL;
	char *buf = NULL;
	int error = ERANGE;

	for (size_t size = BUF_FIRST; error == ERANGE && size <= BUF_MAX; size *= 2) {
		buf = mem_resize(buf, size, 1);
		do
			error = getgrnam_r(name, &entry, buf, size, &found);
		while (error == EINTR);
	}
	if (error == 0 && found)
		*gid = found->gr_gid;
	free(buf);
	return found ? 0 : not_found(error);
}

int account_groups(const struct account *account, gid_t gid, gid_t **groups)
{
	int room = 32;

	/* Root is the host's own on every host. The name service would load whatever else this one has for users, at each start. */
	if (account->uid == 0) {
		int count = groups_by_file(account, gid, groups);

		if (count >= 0)
			return count;
	}
	*groups = mem_resize(NULL, (size_t)room, sizeof(**groups));
	for (;;) {
		int count = room;
		int rc = getgrouplist(account->name, gid, *groups, &count);
		if (rc >= 0)
			return count;
		if (count <= room) { /* not for want of room: ROOM would grow for ever */
			free(*groups);
			*groups = NULL;
			return -EIO;
		}
		room = count;
		*groups = mem_resize(*groups, (size_t)room, sizeof(**groups));
	}
}

#endif

/* A container may run us as a number that no password file knows. */
static void make_up(struct account *account)
{
	const char *home = getenv("HOME");

	account->uid = geteuid();
	account->name = mem_format("%ju", (uintmax_t)account->uid);
	account->home = mem_dup(home && home[0] == '/' ? home : "/");
	account->shell = mem_dup("/bin/sh");
}

static int find_ourselves(struct account *account)
{
	int rc = find(NULL, geteuid(), account);

	if (rc == -ENOENT) {
		make_up(account);
		rc = 0;
	}
	account->gid = getegid();
	return rc;
}

static void take_home(struct account *account)
{
	const char *home = getenv("HOME");
	struct stat st;

	if (account->uid == 0 || account->uid != geteuid() || !home || *home != '/' ||
	    stat(home, &st) || !S_ISDIR(st.st_mode) || st.st_uid != account->uid)
		return;
	free(account->home);
	account->home = mem_dup(home);
}

int account_find(const char *name, struct account *account)
{
	id_t uid;
	int rc;

	*account = (struct account){ .name = NULL };
	if (name)
		rc = find(name, 0, account);
	else
		rc = find_ourselves(account);
	if (name && rc == -ENOENT && is_number(name, &uid))
		rc = uid == geteuid() ? find_ourselves(account) : find(NULL, uid, account);
	if (rc == 0)
		take_home(account);
	return rc;
}

void account_free(struct account *account)
{
	free(account->name);
	free(account->home);
	free(account->shell);
	*account = (struct account){ .name = NULL };
}

int account_group(const char *name, gid_t *gid)
{
	id_t id;
	int rc = find_group(name, gid);

	if (rc == -ENOENT && is_number(name, &id)) {
		*gid = (gid_t)id;
		rc = 0;
	}
	return rc;
}
