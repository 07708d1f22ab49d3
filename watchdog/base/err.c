/* SPDX-License-Identifier: ISC */
/* err: puts the text of an error together; prints nothing. */
#include "watchdog/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SIZE sizeof(((struct err *)NULL)->text)

static void append(char text[SIZE], const char *more)
{
	size_t used = strlen(text);
	size_t len = strnlen(more, SIZE - 1 - used);

	memcpy(text + used, more, len);
	text[used + len] = '\0';
}

/* Takes off what is left of a UTF-8 character that was cut at the end of TEXT. */
static void drop_half_character(char *text)
{
	size_t len = strlen(text);
	size_t tail = 0;
	size_t wants = 0;

	while (tail < 3 && tail < len && ((unsigned char)text[len - 1 - tail] & 0xC0) == 0x80)
		tail++;
	if (tail == len)
		return;
	unsigned char lead = (unsigned char)text[len - 1 - tail];
	if (lead >= 0xF0)
		wants = 3;
	else if (lead >= 0xE0)
		wants = 2;
	else if (lead >= 0xC0)
		wants = 1;
	if (wants > tail)
		text[len - 1 - tail] = '\0';
}

/* Names of files and lines of configuration get in here: they must not break the line nor
 * steer a terminal. */
static void make_one_line(char *text)
{
	for (char *at = text; *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7F)
			*at = '?';
}

static void finish(char *text)
{
	drop_half_character(text);
	make_one_line(text);
}

int err_set(struct err *err, enum err_kind kind, int sys_errno, const char *format, ...)
{
	va_list args;

	if (!err)
		return -1;
	err->kind = kind;
	err->sys_errno = sys_errno;
	err->text[0] = '\0';
	va_start(args, format);
	(void)vsnprintf(err->text, SIZE, format, args);
	va_end(args);
	if (sys_errno != 0) {
		append(err->text, ": ");
		append(err->text, strerror(sys_errno));
	}
	finish(err->text);
	return -1;
}

int err_wrap(struct err *err, const char *format, ...)
{
	char text[SIZE] = "";
	va_list args;

	if (!err)
		return -1;
	va_start(args, format);
	(void)vsnprintf(text, SIZE, format, args);
	va_end(args);
	append(text, ": ");
	append(text, err->text);
	finish(text);
	memcpy(err->text, text, SIZE);
	return -1;
}

int err_exit_status(const struct err *err)
{
	switch (err->kind) {
	case ERR_NONE:
		return 0;
	case ERR_USAGE:
	case ERR_CONFIG:
		return 2;
	case ERR_SYSTEM:
		break;
	}
	return 3;
}
