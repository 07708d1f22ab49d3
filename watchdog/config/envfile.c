/* SPDX-License-Identifier: ISC */
/* envfile: reads line by line; a quoted value may hold newlines only as \n. */
#include "watchdog/config/envfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watchdog/base/mem.h"
#include "watchdog/config/userfile.h"

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* Reads the single-quoted value at AT (behind the quote) to TEXT; gives what follows, or NULL
 * where it stays open. */
static const char *single_quoted(const char *at, struct str *text)
{
	const char *end = strchr(at, '\'');

	if (!end)
		return NULL;
	str_add_n(text, at, (size_t)(end - at));
	return end + 1;
}

static const char *double_quoted(const char *at, struct str *text)
{
	for (; *at != '"'; at++) {
		if (*at == '\0')
			return NULL;
		if (*at != '\\') {
			str_add_n(text, at, 1);
			continue;
		}
		at++;
		if (*at == '\0')
			return NULL;
		str_add_n(text, *at == 'n' ? "\n" : at, 1);
	}
	return at + 1;
}

static size_t name_len(const char *at)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
				      "0123456789";

	return *at >= '0' && *at <= '9' ? 0 : strspn(at, letters);
}

/* The value at AT to TEXT; NULL or what is wrong with it. */
static const char *read_value(const char *at, struct str *text)
{
	if (*at == '\'')
		at = single_quoted(at + 1, text);
	else if (*at == '"')
		at = double_quoted(at + 1, text);
	else {
		size_t len = strlen(at);
		while (len > 0 && strchr(" \t", at[len - 1]))
			len--;
		str_add_n(text, at, len);
		return NULL;
	}
	if (!at)
		return "a quote is not closed on this line";
	return *skip_blanks(at) == '\0' ? NULL : "something stands behind the closing quote";
}

/* NULL or what is wrong with LINE. */
static const char *read_line(const char *line, struct strlist *list)
{
	struct str text = STR_INIT;
	const char *why;

	line = skip_blanks(line);
	if (*line == '\0' || *line == '#' || *line == ';')
		return NULL;
	if (strncmp(line, "export ", 7) == 0 || strncmp(line, "export\t", 7) == 0)
		line = skip_blanks(line + 7);
	size_t len = name_len(line);
	if (len == 0 || line[len] != '=')
		return "must be NAME=VALUE, with a name of letters, digits and _";
	str_add_n(&text, line, len + 1);
	why = read_value(line + len + 1, &text);
	if (!why)
		strlist_take(list, str_take(&text));
	str_free(&text);
	return why;
}

static int read_lines(const char *path, char *text, struct strlist *list, struct err *err)
{
	int line = 1;

	for (char *at = text; *at != '\0'; line++) {
		char *end = at + strcspn(at, "\n");
		char *next = *end == '\n' ? end + 1 : end;
		if (end > at && end[-1] == '\r')
			end[-1] = '\0';
		*end = '\0';
		const char *why = read_line(at, list);
		if (why)
			return err_set(err, ERR_CONFIG, 0, "%s:%d: %s", path, line, why);
		at = next;
	}
	return 0;
}

/* All of FD to TEXT. */
static int slurp(int fd, const char *path, struct str *text, struct err *err)
{
	char buf[8192];

	for (;;) {
		ssize_t got = read(fd, buf, sizeof(buf));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, ERR_CONFIG, errno, "%s: cannot be read", path);
		if (got == 0)
			return 0;
		str_add_n(text, buf, (size_t)got);
		if (text->len > ENVFILE_SIZE_MAX)
			return err_set(err, ERR_CONFIG, 0, "%s: larger than 1 MiB", path);
	}
}

static int line_of(const char *text, size_t at)
{
	int line = 1;

	for (size_t i = 0; i < at; i++)
		if (text[i] == '\n')
			line++;
	return line;
}

static int read_open(int fd, const char *path, struct strlist *list, struct err *err)
{
	struct str text = STR_INIT;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_set(err, ERR_CONFIG, errno, "%s: cannot be looked at", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG, 0, "%s: is no regular file", path);

	int rc = slurp(fd, path, &text, err);
	if (rc == 0 && text.len > 0) {
		size_t len = strlen(text.data);
		if (len < text.len)
			rc = err_set(err, ERR_CONFIG, 0, "%s:%d: a NUL byte: this is no text file",
				     path, line_of(text.data, len));
		else
			rc = read_lines(path, text.data, list, err);
	}
	str_free(&text);
	return rc;
}

int envfile_read(const char *path, bool optional, struct strlist *list, struct err *err)
{
	/* NONBLOCK: a FIFO in the way must not hang the round. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && optional && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return err_set(err, ERR_CONFIG, errno, "%s: cannot be opened", path);
	int rc = read_open(fd, path, list, err);
	(void)close(fd); /* was only read */
	return rc;
}

int envfile_read_for(const char *path, bool optional, const struct account *reader, gid_t gid,
		     struct strlist *list, struct err *err)
{
	struct err why = ERR_INIT;
	int fd = userfile_open(path, reader, gid, &why);

	if (fd < 0 && optional && (why.sys_errno == ENOENT || why.sys_errno == ENOTDIR))
		return 0;
	if (fd < 0) {
		if (err)
			*err = why;
		return -1;
	}
	int rc = read_open(fd, path, list, err);
	(void)close(fd); /* was only read */
	return rc;
}
