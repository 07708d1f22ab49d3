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
#include "watchdog/base/str.h"
#include "watchdog/base/units.h"
#include "watchdog/config/nameservice.h"

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

/* Of NAME, or of UID where NAME is NULL. Closes FILE; NULL: errno says why there is none. */
static int find_in(FILE *file, const char *name, uid_t uid, struct account *account)
{
	int rc = -ENOENT;

	if (!file)
		return -errno;
	for (const struct passwd *entry; rc != 0 && (entry = fgetpwent(file));) {
		if (name ? strcmp(entry->pw_name, name) != 0 : entry->pw_uid != uid)
			continue;
		take(account, entry);
		rc = 0;
	}
	(void)fclose(file); /* memory */
	return rc;
}

static int find_group_in(FILE *file, const char *name, gid_t *gid)
{
	int rc = -ENOENT;

	if (!file)
		return -errno;
	for (const struct group *entry; rc != 0 && (entry = fgetgrent(file));) {
		if (strcmp(entry->gr_name, name) != 0)
			continue;
		*gid = entry->gr_gid;
		rc = 0;
	}
	(void)fclose(file); /* memory */
	return rc;
}

static int find(const char *name, uid_t uid, struct account *account)
{
	struct str answer = STR_INIT;
	char number[32];
	int rc = find_in(nameservice_open("/etc/passwd", &answer), name, uid, account);

	str_free(&answer);
	if (rc != -ENOENT || !nameservice_has_more("passwd", "files"))
		return rc;
	(void)snprintf(number, sizeof(number), "%ju", (uintmax_t)uid);
	rc = nameservice_ask("passwd", name ? name : number, &answer);
	if (rc == 0)
		rc = find_in(nameservice_stream(&answer), name, uid, account);
	str_free(&answer);
	return rc;
}

static int find_group(const char *name, gid_t *gid)
{
	struct str answer = STR_INIT;
	int rc = find_group_in(nameservice_open("/etc/group", &answer), name, gid);

	str_free(&answer);
	if (rc != -ENOENT || !nameservice_has_more("group", "files"))
		return rc;
	rc = nameservice_ask("group", name, &answer);
	if (rc == 0)
		rc = find_group_in(nameservice_stream(&answer), name, gid);
	str_free(&answer);
	return rc;
}

/* ---- groups of a user ------------------------------------------------------------------------- */

struct groups {
	gid_t *gids;
	int count;
};

static void add(struct groups *groups, gid_t gid)
{
	for (int i = 0; i < groups->count; i++)
		if (groups->gids[i] == gid)
			return;
	groups->gids = mem_resize(groups->gids, (size_t)groups->count + 1, sizeof(*groups->gids));
	groups->gids[groups->count++] = gid;
}

static bool is_member(const struct group *group, const char *name)
{
	for (char **member = group->gr_mem; *member; member++)
		if (strcmp(*member, name) == 0)
			return true;
	return false;
}

static int add_of_files(struct groups *groups, const char *name)
{
	struct str text = STR_INIT;
	FILE *file = nameservice_open("/etc/group", &text);
	int rc = file ? 0 : -errno;

	for (const struct group *entry; file && (entry = fgetgrent(file));)
		if (is_member(entry, name))
			add(groups, entry->gr_gid);
	if (file)
		(void)fclose(file); /* memory */
	str_free(&text);
	return rc;
}

/* "NAME GID GID …" of getent(1). */
static int add_answer(struct groups *groups, const char *answer)
{
	const char *at = answer + strcspn(answer, " \n");
	int64_t gid;

	for (at += strspn(at, " "); *at && *at != '\n'; at += strspn(at, " ")) {
		size_t len = strcspn(at, " \n");
		char *word = mem_dup_n(at, len);
		int rc = units_parse_int(word, 0, ID_MAX, &gid);

		free(word);
		if (rc != 0)
			return -EIO;
		add(groups, (gid_t)gid);
		at += len;
	}
	return 0;
}

static int add_of_others(struct groups *groups, const char *name)
{
	struct str answer = STR_INIT;
	int rc = nameservice_ask("initgroups", name, &answer);

	if (rc == 0)
		rc = add_answer(groups, str_text(&answer));
	str_free(&answer);
	return rc == -ENOENT ? 0 : rc;
}

int account_groups(const struct account *account, gid_t gid, gid_t **gids)
{
	struct groups groups = { .gids = NULL };
	int rc;

	add(&groups, gid);
	rc = add_of_files(&groups, account->name);
	/* systemd makes up users; to groups it adds none of theirs. */
	if ((rc == 0 || rc == -ENOENT) && account->uid != 0 && nameservice_has_more("group", "files systemd"))
		rc = add_of_others(&groups, account->name);
	if (rc != 0 && rc != -ENOENT) {
		free(groups.gids);
		return rc;
	}
	*gids = groups.gids;
	return groups.count;
}

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
