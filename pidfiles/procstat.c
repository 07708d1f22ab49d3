/* SPDX-License-Identifier: ISC */
/* procstat: the text of /proc/PID/stat, taken apart. Contract: procstat.h. */

#include "pidfiles/procstat.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "pidfiles/digits.h"

struct cursor {
	const char *at; /* at the blank before the next field, or at the end */
	const char *end;
};

static bool take_blank(struct cursor *cursor)
{
	if (cursor->at == cursor->end || *cursor->at != ' ')
		return false;
	cursor->at++;
	return true;
}

static bool skip_fields(struct cursor *cursor, int count)
{
	for (int i = 0; i < count; i++) {
		if (!take_blank(cursor))
			return false;
		while (cursor->at < cursor->end && *cursor->at != ' ' && *cursor->at != '\n')
			cursor->at++;
	}
	return true;
}

static bool take_unsigned(struct cursor *cursor, uint64_t max, uint64_t *out)
{
	return take_blank(cursor) && digits_take(&cursor->at, cursor->end, out) && *out <= max;
}

static bool take_int(struct cursor *cursor, int *out)
{
	uint64_t value;

	if (!take_blank(cursor))
		return false;
	bool negative = cursor->at < cursor->end && *cursor->at == '-';
	if (negative)
		cursor->at++;
	if (!digits_take(&cursor->at, cursor->end, &value) || value > INT_MAX)
		return false;
	*out = negative ? -(int)value : (int)value;
	return true;
}

static bool take_state(struct cursor *cursor, char *out)
{
	if (!take_blank(cursor) || cursor->at == cursor->end)
		return false;
	char letter = *cursor->at++;
	*out = letter;
	return (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z');
}

/* Fields 1 and 2; leaves the cursor behind the ')' that ends comm. */
static bool take_pid_and_comm(struct cursor *cursor, pid_t *pid)
{
	uint64_t number;

	if (!digits_take(&cursor->at, cursor->end, &number) || number > INT_MAX)
		return false;
	*pid = (pid_t)number;
	if (!take_blank(cursor) || cursor->at == cursor->end || *cursor->at != '(')
		return false;
	const char *close = memrchr(cursor->at, ')', (size_t)(cursor->end - cursor->at));
	if (!close)
		return false;
	cursor->at = close + 1;
	return true;
}

static bool take_times(struct cursor *cursor, struct procstat *out)
{
	uint64_t threads;

	if (!take_unsigned(cursor, UINT64_MAX, &out->utime_ticks) ||
	    !take_unsigned(cursor, UINT64_MAX, &out->stime_ticks) || !skip_fields(cursor, 4) ||
	    !take_unsigned(cursor, LONG_MAX, &threads) || !skip_fields(cursor, 1) ||
	    !take_unsigned(cursor, UINT64_MAX, &out->start_ticks) || !skip_fields(cursor, 1) ||
	    !take_unsigned(cursor, UINT64_MAX, &out->rss_pages))
		return false;
	out->num_threads = (long)threads;
	/* Without a blank or newline behind it, field 24 may be cut in the middle. */
	return cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\n');
}

/* Of its first thread, at least. */
static bool has_exited(char state)
{
	return state == 'Z' || state == 'X' || state == 'x';
}

int procstat_parse(const char *text, size_t len, struct procstat *out)
{
	struct cursor cursor = { .at = text, .end = text + len };
	uint64_t flags;

	if (!take_pid_and_comm(&cursor, &out->pid) || !take_state(&cursor, &out->state) ||
	    !take_int(&cursor, &out->ppid) || !take_int(&cursor, &out->pgrp) ||
	    !take_int(&cursor, &out->session) || !skip_fields(&cursor, 2) ||
	    !take_unsigned(&cursor, UINT_MAX, &flags) || !skip_fields(&cursor, 4) ||
	    !take_times(&cursor, out))
		return -EBADMSG;
	out->flags = (unsigned)flags;
	out->exit_status = 0;
	/* Half of the text is in front of it, and only who has ended has one. */
	if (!has_exited(out->state))
		return 0;
	if (skip_fields(&cursor, 27) && cursor.at < cursor.end && *cursor.at == ' ' &&
	    !take_int(&cursor, &out->exit_status))
		return -EBADMSG;
	return 0;
}

bool procstat_has_ended(const struct procstat *stat)
{
	return has_exited(stat->state) && (stat->state != 'Z' || stat->num_threads <= 1);
}

bool procstat_is_kernel_thread(const struct procstat *stat)
{
	return (stat->flags & PROCSTAT_KERNEL_THREAD) != 0;
}
