/* SPDX-License-Identifier: ISC */
#include "watchdog/import/importname.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/str.h"
#include "watchdog/base/utf8.h"
#include "watchdog/model/worker.h"

/* Whether the character at TEXT, of LEN bytes, may stand within a name. */
static bool may_be(const char *text, size_t len)
{
	char name[8] = "x";
	const char *why;

	memcpy(name + 1, text, len);
	return worker_name_is_valid(name, &why);
}

static char *fit(const char *wanted, size_t most)
{
	struct str name = STR_INIT;

	if (*wanted == '\0' || strchr(".-@", *wanted))
		str_add(&name, "_");
	for (size_t left = strlen(wanted), len; left > 0; wanted += len, left -= len) {
		len = utf8_len(wanted, left);
		bool is_fit = len > 0 && may_be(wanted, len);
		if (len == 0)
			len = 1;
		if (name.len + (is_fit ? len : 1) > most)
			break;
		str_add_n(&name, is_fit ? wanted : "_", is_fit ? len : 1);
	}
	return str_take(&name);
}

char *importname_fit(const char *wanted)
{
	return fit(wanted, WORKER_NAME_MAX);
}

char *importname_numbered(const char *wanted, int number)
{
	char *tail = mem_format("-%d", number);
	char *head = fit(wanted, WORKER_NAME_MAX - strlen(tail));
	char *name = mem_format("%s%s", head, tail);

	free(head);
	free(tail);
	return name;
}
