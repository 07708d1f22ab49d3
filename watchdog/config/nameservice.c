/* SPDX-License-Identifier: ISC */
#include "watchdog/config/nameservice.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watchdog/base/capture.h"

#define NSSWITCH "/etc/nsswitch.conf"
#define BLANK	 " \t\r\n"
/* getent(1): "one or more supplied key could not be found in the database" */
#define NO_SUCH_KEY 2

/* The length of the source that TEXT begins with. */
static size_t source_len(const char *text)
{
	return *text == '[' ? strcspn(text, "]\n") + (text[strcspn(text, "]\n")] == ']') :
			      strcspn(text, BLANK "[#");
}

static bool is_among(const char *source, size_t len, const char *list)
{
	for (list += strspn(list, " "); *list; list += strspn(list, " ")) {
		size_t listed = strcspn(list, " ");

		if (listed == len && strncmp(list, source, len) == 0)
			return true;
		list += listed;
	}
	return false;
}

static bool names_more(const char *sources, const char *but)
{
	while (true) {
		sources += strspn(sources, " \t\r");
		if (!*sources || *sources == '\n' || *sources == '#')
			return false;
		size_t len = source_len(sources);
		if (*sources != '[' && !is_among(sources, len, but))
			return true;
		sources += len;
	}
}

/* Behind "DATABASE:", where LINE begins with it; else NULL. */
static const char *sources_of(const char *line, const char *database)
{
	size_t len = strlen(database);

	line += strspn(line, " \t");
	if (strncmp(line, database, len) != 0)
		return NULL;
	line += len;
	line += strspn(line, " \t");
	return *line == ':' ? line + 1 : NULL;
}

bool nameservice_text_has_more(const char *text, const char *database, const char *but)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		const char *sources = sources_of(line, database);
		if (sources && names_more(sources, but))
			return true;
	}
	return false;
}

bool nameservice_has_more(const char *database, const char *but)
{
	FILE *file = fopen(NSSWITCH, "re");
	char *line = NULL;
	size_t size = 0;
	bool has_more = false;

	if (!file)
		return false;
	while (!has_more && getline(&line, &size, file) > 0)
		has_more = nameservice_text_has_more(line, database, but);
	free(line);
	(void)fclose(file); /* was only read */
	return has_more;
}

static int verdict(int status)
{
	if (!WIFEXITED(status))
		return -EIO;
	return WEXITSTATUS(status) == 0 ? 0 : WEXITSTATUS(status) == NO_SUCH_KEY ? -ENOENT : -EIO;
}

int nameservice_ask(const char *database, const char *key, struct str *answer)
{
	/* By its path: whoever calls us as root may have set PATH. */
	const char *const argv[] = { "/usr/bin/getent", database, key, NULL };
	struct capture capture = CAPTURE_INIT;
	struct err err = ERR_INIT;
	int rc;

	if (*key == '-' || *key == '\0')
		return -ENOENT; /* an option, it would take it for */
	if (capture_run(&capture, argv, NULL, 0, NAMESERVICE_TIMEOUT_MS, &err) == 0)
		rc = verdict(capture.status);
	else
		rc = err.sys_errno > 0 ? -err.sys_errno : -EIO;
	if (rc == 0 && !capture.output.len)
		rc = -ENOENT;
	if (rc == 0)
		str_add_n(answer, str_text(&capture.output), capture.output.len);
	capture_free(&capture);
	return rc;
}

FILE *nameservice_stream(const struct str *text)
{
	return text->len ? fmemopen(text->data, text->len, "r") : NULL;
}

static int read_all(int fd, struct str *text)
{
	char buf[4096];
	ssize_t count;

	do {
		count = read(fd, buf, sizeof(buf));
		if (count > 0)
			str_add_n(text, buf, (size_t)count);
	} while (count > 0 || (count < 0 && errno == EINTR));
	return count < 0 ? -errno : 0;
}

FILE *nameservice_open(const char *path, struct str *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return NULL;
	rc = read_all(fd, text);
	(void)close(fd); /* was only read */
	errno = rc < 0 ? -rc : ENOENT; /* an empty one knows nobody */
	return rc < 0 ? NULL : nameservice_stream(text);
}
