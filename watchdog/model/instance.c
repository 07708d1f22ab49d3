/* SPDX-License-Identifier: ISC */
/* instance: ids and names of files, there and back. */
#include "watchdog/model/instance.h"

#include <stdint.h>
#include <string.h>

#include "pidfiles/digits.h"
#include "watchdog/base/units.h"

/* The largest number has ten digits. */
#define NUMBER_SIZE 11

/* As much of TEXT as there is room for in [AT, END), with a NUL; where that stands. */
static char *add(char *at, const char *end, const char *text)
{
	size_t len = strnlen(text, (size_t)(end - at) - 1);

	memcpy(at, text, len);
	at[len] = '\0';
	return at + len;
}

const char *instance_id(const struct instance *instance, char id[INSTANCE_ID_SIZE])
{
	const char *end = id + INSTANCE_ID_SIZE;
	char digits[DIGITS_SIZE];
	char *at = add(id, end, instance->name);

	(void)digits_put(digits, (uint64_t)instance->number);
	at = add(at, end, ":");
	(void)add(at, end, digits);
	return id;
}

const char *instance_file(const struct instance *instance, const char *suffix, char *buf,
			  size_t size)
{
	const char *end = buf + size;
	char digits[DIGITS_SIZE];
	char *at = add(buf, end, instance->name);

	(void)digits_put(digits, (uint64_t)instance->number);
	at = add(at, end, ".");
	at = add(at, end, digits);
	(void)add(at, end, suffix);
	return buf;
}

/* Only the one way that we write a number ourselves, so that no two files are one instance's. */
static bool parse_number(const char *text, size_t len, int *number)
{
	char digits[NUMBER_SIZE];
	int64_t value;

	if (len == 0 || len >= sizeof(digits))
		return false;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (digits[0] == '-' || (digits[0] == '0' && len > 1))
		return false;
	if (units_parse_int(digits, 0, INT32_MAX, &value) != 0)
		return false;
	*number = (int)value;
	return true;
}

/* NAME, SEPARATOR, number: the first LEN bytes of TEXT. A name may have the dot in it that also
 * separates, a number may not: the last one counts. */
static bool take_apart(const char *text, size_t len, char separator, char *name, int *number)
{
	char copy[WORKER_NAME_MAX + 1];
	const char *why;
	size_t name_len = len;

	while (name_len > 0 && text[name_len - 1] != separator)
		name_len--;
	if (name_len == 0 || name_len - 1 > WORKER_NAME_MAX)
		return false;
	memcpy(copy, text, name_len - 1);
	copy[name_len - 1] = '\0';
	if (!worker_name_is_valid(copy, &why) ||
	    !parse_number(text + name_len, len - name_len, number))
		return false;
	memcpy(name, copy, name_len);
	return true;
}

bool instance_from_file(const char *file, const char *suffix, char *name, int *number)
{
	size_t len = strlen(file);
	size_t suffix_len = strlen(suffix);

	if (len < suffix_len || strcmp(file + len - suffix_len, suffix) != 0)
		return false;
	return take_apart(file, len - suffix_len, '.', name, number);
}

bool instance_from_id(const char *id, char *name, int *number)
{
	return take_apart(id, strlen(id), ':', name, number);
}
