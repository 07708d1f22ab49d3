/* SPDX-License-Identifier: ISC */
/* pidfile: NAME.N.pid, read and written. Contract: pidfile.h. */

#include "pidfiles/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pidfiles/atomfile.h"
#include "pidfiles/digits.h"

#define PID_LOWEST   2 /* 1 is never a worker */
#define PID_HIGHEST  (UINT64_C(1) << 22)
#define FOREIGN_SIZE 64

struct span {
	const char *at;
	const char *end;
};

/* Decimal digits and nothing else; no leading zero, which nothing that writes pids makes. */
static bool parse_decimal(struct span text, uint64_t *out)
{
	if (text.end - text.at > 1 && *text.at == '0')
		return false;
	return digits_take(&text.at, text.end, out) && text.at == text.end;
}

static bool parse_pid(struct span text, pid_t *out)
{
	uint64_t value;

	if (!parse_decimal(text, &value) || value < PID_LOWEST || value > PID_HIGHEST)
		return false;
	*out = (pid_t)value;
	return true;
}

static bool parse_hex(struct span text, uint64_t *out)
{
	uint64_t value = 0;

	if (text.at == text.end || text.end - text.at > 16)
		return false;
	for (; text.at < text.end; text.at++) {
		char c = *text.at;
		if (c >= '0' && c <= '9')
			value = value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	*out = value;
	return true;
}

static bool parse_boot(struct span text, char *out)
{
	size_t len = (size_t)(text.end - text.at);

	if (!procid_is_boot_id(text.at, len))
		return false;
	memcpy(out, text.at, len);
	out[len] = '\0';
	return true;
}

static bool parse_wall_ms(struct span text, int64_t *out)
{
	uint64_t value;

	if (!parse_decimal(text, &value) || value > INT64_MAX)
		return false;
	*out = (int64_t)value;
	return true;
}

enum key { KEY_BOOT, KEY_PIDNS, KEY_TIMENS, KEY_START, KEY_INODE, KEY_DEFINITION, KEY_STARTED, KEY_STARTER };

static const char *const key_names[] = {
	[KEY_BOOT] = "boot",	  [KEY_PIDNS] = "pidns", [KEY_TIMENS] = "timens",
	[KEY_START] = "start",	  [KEY_INODE] = "inode", [KEY_DEFINITION] = "definition",
	[KEY_STARTED] = "started", [KEY_STARTER] = "starter"
};

#define KEY_COUNT (sizeof(key_names) / sizeof(key_names[0]))

static bool parse_value(enum key key, struct span value, struct pidfile *out)
{
	switch (key) {
	case KEY_BOOT:
		return parse_boot(value, out->id.boot_id);
	case KEY_PIDNS:
		return parse_decimal(value, &out->id.pid_namespace);
	case KEY_TIMENS:
		return parse_decimal(value, &out->id.time_namespace);
	case KEY_START:
		return parse_decimal(value, &out->id.start_ticks);
	case KEY_INODE:
		return parse_decimal(value, &out->id.pidfd_inode);
	case KEY_DEFINITION:
		return parse_hex(value, &out->definition);
	case KEY_STARTED:
		return parse_wall_ms(value, &out->started_wall_ms);
	case KEY_STARTER:
		return parse_decimal(value, &out->is_starter);
	}
	return false;
}

/* One "key value"; SEEN has a bit a key, as a key said twice is not ours. */
static bool parse_line(struct span line, unsigned *seen, struct pidfile *out)
{
	const char *blank = memchr(line.at, ' ', (size_t)(line.end - line.at));
	const char *key_end = blank ? blank : line.end;
	size_t key_len = (size_t)(key_end - line.at);

	for (unsigned key = 0; key < KEY_COUNT; key++) {
		if (strlen(key_names[key]) != key_len ||
		    memcmp(key_names[key], line.at, key_len) != 0)
			continue;
		if (!blank || (*seen & 1u << key) != 0)
			return false;
		*seen |= 1u << key;
		return parse_value((enum key)key, (struct span){ blank + 1, line.end }, out);
	}
	return true;
}

int pidfile_parse(const char *text, size_t len, struct pidfile *out)
{
	const char *end = text + len;
	unsigned seen = 0;

	*out = (struct pidfile){ 0 };
	if (len == 0 || len > PIDFILE_MAX || memchr(text, '\0', len))
		return -EBADMSG;
	const char *newline = memchr(text, '\n', len);
	if (!parse_pid((struct span){ text, newline ? newline : end }, &out->id.pid))
		return -EBADMSG;
	for (const char *at = newline ? newline + 1 : end; at < end; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(end - at));
		/* A last line without its newline may be cut in the middle of a number. */
		if (!newline || !parse_line((struct span){ at, newline }, &seen, out))
			return -EBADMSG;
	}
	return 0;
}

struct sheet {
	char *buf;
	size_t size;
	size_t len; /* above SIZE where it did not fit */
};

__attribute__((format(printf, 2, 3))) static void append(struct sheet *sheet, const char *format,
							 ...)
{
	va_list args;

	if (sheet->len >= sheet->size)
		return;
	va_start(args, format);
	int len = vsnprintf(sheet->buf + sheet->len, sheet->size - sheet->len, format, args);
	va_end(args);
	sheet->len = len < 0 ? sheet->size : sheet->len + (size_t)len;
}

static void append_number(struct sheet *sheet, enum key key, uint64_t value)
{
	if (value != 0)
		append(sheet, "%s %" PRIu64 "\n", key_names[key], value);
}

int pidfile_format(const struct pidfile *pidfile, char *buf, size_t size)
{
	struct sheet sheet = { .buf = buf, .size = size };

	append(&sheet, "%d\n", (int)pidfile->id.pid);
	if (pidfile->id.boot_id[0] != '\0')
		append(&sheet, "%s %s\n", key_names[KEY_BOOT], pidfile->id.boot_id);
	append_number(&sheet, KEY_PIDNS, pidfile->id.pid_namespace);
	append_number(&sheet, KEY_TIMENS, pidfile->id.time_namespace);
	append_number(&sheet, KEY_START, pidfile->id.start_ticks);
	append_number(&sheet, KEY_INODE, pidfile->id.pidfd_inode);
	if (pidfile->definition != 0)
		append(&sheet, "%s %016" PRIx64 "\n", key_names[KEY_DEFINITION],
		       pidfile->definition);
	if (pidfile->started_wall_ms > 0)
		append_number(&sheet, KEY_STARTED, (uint64_t)pidfile->started_wall_ms);
	append_number(&sheet, KEY_STARTER, pidfile->is_starter);
	return sheet.len < size ? (int)sheet.len : -ENOSPC;
}

bool pidfile_is_proof(const struct pidfile *pidfile)
{
	return pidfile->id.boot_id[0] != '\0' && pidfile->id.start_ticks != 0;
}

int pidfile_read(int dirfd, const char *name, struct pidfile *out)
{
	char text[PIDFILE_MAX + 1];
	ssize_t len = atomfile_read(dirfd, name, text, sizeof(text));

	return len < 0 ? (int)len : pidfile_parse(text, (size_t)len, out);
}

int pidfile_publish(int dirfd, const char *name, const struct pidfile *pidfile)
{
	char text[PIDFILE_MAX + 1];
	int len = pidfile_format(pidfile, text, sizeof(text));

	if (len < 0)
		return len;
	return atomfile_write(dirfd, name, text, (size_t)len, 0644, ATOMFILE_VOLATILE);
}

static bool is_same_process(const struct procid *a, const struct procid *b)
{
	bool inodes_differ =
		a->pidfd_inode != 0 && b->pidfd_inode != 0 && a->pidfd_inode != b->pidfd_inode;

	return a->pid == b->pid && strcmp(a->boot_id, b->boot_id) == 0 &&
	       a->pid_namespace == b->pid_namespace && a->time_namespace == b->time_namespace &&
	       a->start_ticks == b->start_ticks && !inodes_differ;
}

int pidfile_remove(int dirfd, const char *name, const struct procid *id)
{
	struct pidfile there;
	int rc = pidfile_read(dirfd, name, &there);

	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	if (!is_same_process(&there.id, id))
		return -ESTALE;
	return unlinkat(dirfd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

int pidfile_read_foreign(const char *path, uid_t uid, pid_t *pid)
{
	char text[FOREIGN_SIZE + 1];
	ssize_t len = atomfile_read_of(AT_FDCWD, path, uid, text, sizeof(text));

	if (len < 0)
		return (int)len;
	if (len > 0 && text[len - 1] == '\n')
		len--;
	return parse_pid((struct span){ text, text + len }, pid) ? 0 : -EBADMSG;
}
