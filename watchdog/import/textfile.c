/* SPDX-License-Identifier: ISC */
#include "watchdog/import/textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watchdog/base/utf8.h"

static int slurp(int fd, const char *path, struct str *bytes, struct err *err)
{
	char buf[16384];

	for (;;) {
		ssize_t got = read(fd, buf, sizeof(buf));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, ERR_CONFIG, errno, "%s: cannot be read", path);
		if (got == 0)
			return 0;
		str_add_n(bytes, buf, (size_t)got);
		if (bytes->len > TEXTFILE_SIZE_MAX)
			return err_set(err, ERR_CONFIG, 0, "%s: larger than 1 MiB", path);
	}
}

static int read_open(int fd, const char *path, struct str *bytes, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_set(err, ERR_CONFIG, errno, "%s: cannot be looked at", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG, 0, "%s: is no regular file", path);
	return slurp(fd, path, bytes, err);
}

/* NULL, or what is wrong with the character at AT. */
static const char *refuse(const char *at, size_t left)
{
	if (*at == '\0')
		return "a NUL byte: this is no text file";
	if (utf8_len(at, left) == 0)
		return "invalid UTF-8: save the file as UTF-8";
	if (((unsigned char)*at < 0x20 && !strchr("\t\n\r", *at)) || *at == 0x7F)
		return "a control character";
	return NULL;
}

int textfile_take(const char *path, const char *bytes, size_t len, struct str *text,
		  struct err *err)
{
	size_t at = len >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
	int line = 1;

	while (at < len) {
		const char *why = refuse(bytes + at, len - at);

		if (why)
			return err_set(err, ERR_CONFIG, 0, "%s:%d: %s", path, line, why);
		size_t step = utf8_len(bytes + at, len - at);
		if (bytes[at] == '\r') {
			step = at + 1 < len && bytes[at + 1] == '\n' ? 2 : 1;
			str_add(text, "\n");
			line++;
		} else {
			str_add_n(text, bytes + at, step);
			line += bytes[at] == '\n';
		}
		at += step;
	}
	return 0;
}

int textfile_read(const char *path, struct str *text, struct err *err)
{
	struct str bytes = STR_INIT;
	/* NONBLOCK: a FIFO in the way must not hang us. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int rc;

	if (fd < 0)
		return err_set(err, ERR_CONFIG, errno, "%s: cannot be opened", path);
	rc = read_open(fd, path, &bytes, err);
	(void)close(fd); /* was only read */
	if (rc == 0)
		rc = textfile_take(path, str_text(&bytes), bytes.len, text, err);
	str_free(&bytes);
	return rc;
}
