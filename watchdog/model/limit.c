/* SPDX-License-Identifier: ISC */
/* limit: reads items of `limits`; sets none. */
#include "watchdog/model/limit.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#include "watchdog/base/units.h"

struct resource {
	const char *name;
	int number;
};

static const struct resource resources[] = {
	{ "as", RLIMIT_AS },	       { "core", RLIMIT_CORE },
	{ "cpu", RLIMIT_CPU },	       { "data", RLIMIT_DATA },
	{ "fsize", RLIMIT_FSIZE },     { "locks", RLIMIT_LOCKS },
	{ "memlock", RLIMIT_MEMLOCK }, { "msgqueue", RLIMIT_MSGQUEUE },
	{ "nice", RLIMIT_NICE },       { "nofile", RLIMIT_NOFILE },
	{ "nproc", RLIMIT_NPROC },     { "rss", RLIMIT_RSS },
	{ "rtprio", RLIMIT_RTPRIO },   { "sigpending", RLIMIT_SIGPENDING },
	{ "stack", RLIMIT_STACK },     { NULL, 0 },
};

/* The longest value: 19 digits, and a suffix. */
#define VALUE_SIZE 32

static int find_resource(const char *name, size_t len, int *number)
{
	for (const struct resource *known = resources; known->name; known++) {
		if (strlen(known->name) == len && strncasecmp(known->name, name, len) == 0) {
			*number = known->number;
			return 0;
		}
	}
	return -1;
}

static int parse_value(const char *text, size_t len, uint64_t *value)
{
	char copy[VALUE_SIZE];
	int64_t number;

	if (len >= sizeof(copy))
		return -1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (strcasecmp(copy, "unlimited") == 0 || strcasecmp(copy, "infinity") == 0) {
		*value = LIMIT_INFINITY;
		return 0;
	}
	if (units_parse_size(copy, &number) != 0)
		return -1;
	*value = (uint64_t)number;
	return 0;
}

int limit_parse(const char *text, struct rlimit_setting *limit)
{
	struct rlimit_setting parsed;
	size_t name_len = strcspn(text, "=");
	const char *soft = text + name_len + 1;
	const char *hard;

	if (text[name_len] == '\0' || find_resource(text, name_len, &parsed.resource) != 0)
		return -1;
	size_t soft_len = strcspn(soft, ":");
	hard = soft[soft_len] == ':' ? soft + soft_len + 1 : soft;
	if (parse_value(soft, soft_len, &parsed.soft) != 0 ||
	    parse_value(hard, strlen(hard), &parsed.hard) != 0 || parsed.soft > parsed.hard)
		return -1;
	*limit = parsed;
	return 0;
}
