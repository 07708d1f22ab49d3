/* SPDX-License-Identifier: ISC */
#include "watchdog/config/secretfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watchdog/model/secret.h"

/* NONBLOCK: a FIFO in the way must not hang. */
#define OPEN_FLAGS    (O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
#define FILE_SIZE_MAX 16384

struct content {
	char data[FILE_SIZE_MAX + 1];
	size_t len;
};

/* ---- the file ----------------------------------------------------------------------------- */

static int open_file(const char *path, struct err *err)
{
	int fd = open(path, OPEN_FLAGS);

	if (fd >= 0)
		return fd;
	if (errno == ELOOP)
		return err_set(err, ERR_CONFIG, 0, "'%s' is a symbolic link; name the file itself",
			       path);
	if (errno == ENOENT)
		return err_set(err, ERR_CONFIG, 0,
			       "'%s' does not exist; make it, of mode 0600, with a secret a line",
			       path);
	return err_set(err, ERR_CONFIG, errno, "'%s' cannot be opened", path);
}

static int check_file(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_set(err, ERR_CONFIG, errno, "'%s' cannot be looked at", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG, 0, "'%s' is no regular file", path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return err_set(err, ERR_CONFIG, 0,
			       "'%s' belongs neither to us nor to root; run: chown %ld '%s'", path,
			       (long)geteuid(), path);
	if (st.st_mode & (S_IXUSR | S_IRWXG | S_IRWXO))
		return err_set(
			err, ERR_CONFIG, 0,
			"'%s' is of mode 0%03o, and must be 0600 or 0400; run: chmod 600 '%s'",
			path, (unsigned)st.st_mode & 0777, path);
	if (st.st_size > FILE_SIZE_MAX)
		return err_set(err, ERR_CONFIG, 0,
			       "'%s' is larger than 16 KiB: is it the right file?", path);
	return 0;
}

static int read_all(int fd, const char *path, struct content *content, struct err *err)
{
	while (content->len < FILE_SIZE_MAX) {
		ssize_t got = read(fd, content->data + content->len, FILE_SIZE_MAX - content->len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, ERR_CONFIG, errno, "'%s' cannot be read", path);
		if (got == 0)
			break;
		content->len += (size_t)got;
	}
	content->data[content->len] = '\0';
	return 0;
}

static int read_file(const char *path, struct content *content, struct err *err)
{
	int fd = open_file(path, err);

	if (fd < 0)
		return -1;
	int rc = check_file(fd, path, err);
	if (rc == 0)
		rc = read_all(fd, path, content, err);
	(void)close(fd); /* was only read */
	return rc;
}

/* ---- its lines ---------------------------------------------------------------------------- */

/* What stands at *AT without the blanks around it, ended in place; *AT is moved to the next line.
 */
static char *take_line(char **at)
{
	char *line = *at + strspn(*at, " \t");
	char *end = line + strcspn(line, "\n");

	*at = *end == '\n' ? end + 1 : end;
	while (end > line && strchr(" \t\r", end[-1]))
		end--;
	*end = '\0';
	return line;
}

static int add_lines(const char *path, struct content *content, struct strlist *secrets,
		     struct err *err)
{
	char *at = content->data;

	if (strlen(content->data) != content->len)
		return err_set(err, ERR_CONFIG, 0, "'%s' has a NUL byte: it is no text", path);
	for (int number = 1; *at != '\0'; number++) {
		const char *line = take_line(&at);
		if (line[0] == '\0' || line[0] == '#')
			continue;
		const char *why = secret_check(line);
		if (why)
			return err_set(err, ERR_CONFIG, 0, "'%s', line %d %s", path, number, why);
		strlist_add(secrets, line);
	}
	return 0;
}

int secretfile_read(const char *path, struct strlist *secrets, struct err *err)
{
	struct content content = { .len = 0 };
	struct strlist found = STRLIST_INIT;
	int rc = read_file(path, &content, err);

	if (rc == 0)
		rc = add_lines(path, &content, &found, err);
	explicit_bzero(&content, sizeof(content));
	if (rc == 0 && found.count == 0)
		rc = err_set(err, ERR_CONFIG, 0, "'%s' has no secret in it; put one on a line",
			     path);
	for (size_t i = 0; rc == 0 && i < found.count; i++)
		strlist_add(secrets, found.items[i]);
	secretfile_wipe(&found);
	return rc;
}

int secretfile_secrets(const struct webhook_options *options, struct strlist *secrets,
		       struct err *err)
{
	int rc = 0;

	strlist_copy(secrets, &options->secret);
	for (size_t i = 0; rc == 0 && i < options->secret_file.count; i++)
		rc = secretfile_read(options->secret_file.items[i], secrets, err);
	if (rc == 0 && secrets->count > SECRETFILE_SECRETS_MAX)
		rc = err_set(err, ERR_CONFIG, 0,
			     "%zu secrets; %d are the most that may be signed with", secrets->count,
			     SECRETFILE_SECRETS_MAX);
	if (rc != 0)
		secretfile_wipe(secrets);
	return rc;
}

void secretfile_wipe(struct strlist *secrets)
{
	for (size_t i = 0; i < secrets->count; i++)
		explicit_bzero(secrets->items[i], strlen(secrets->items[i]));
	strlist_free(secrets);
}
