/* SPDX-License-Identifier: ISC */
#include "watchdog/model/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/hash.h"

#define HEADER "cronherd-record 1\n"

enum kind {
	KIND_NUMBER,
	KIND_UNSIGNED,
	KIND_HEX,
	KIND_BOOL,
	KIND_INT,
	KIND_TEXT
};

struct field {
	const char *key;
	enum kind kind;
	size_t offset;
	size_t size; /* KIND_TEXT */
	int64_t min, max; /* KIND_NUMBER: beyond is corrupt */
};

#define NUMBER(key, member, min, max)                                                              \
	{ key, KIND_NUMBER, offsetof(struct record, member), 0, min, max }
#define TIME(key, member) NUMBER(key, member, INT64_MIN, INT64_MAX)
#define ENDS(reason, word) NUMBER("ends_" word, ends[reason], 0, INT64_MAX)
#define OTHER(kind, key, member)                                                                   \
	{ key, kind, offsetof(struct record, member), sizeof(((struct record *)0)->member), 0, 0 }

/* The order is that of the file, for people who read it. */
static const struct field fields[] = {
	NUMBER("state", state, 0, STATE_COUNT - 2),
	OTHER(KIND_TEXT, "boot", boot_id),
	OTHER(KIND_INT, "pid", process.pid),
	OTHER(KIND_TEXT, "process_boot", process.boot_id),
	OTHER(KIND_UNSIGNED, "pidns", process.pid_namespace),
	OTHER(KIND_UNSIGNED, "timens", process.time_namespace),
	OTHER(KIND_UNSIGNED, "start", process.start_ticks),
	OTHER(KIND_UNSIGNED, "inode", process.pidfd_inode),
	OTHER(KIND_HEX, "definition", definition),
	TIME("started_boot_ms", started_boot_ms),
	TIME("started_wall_ms", started_wall_ms),
	TIME("state_wall_ms", state_wall_ms),
	NUMBER("starts", starts, 0, INT64_MAX),
	NUMBER("failures", failures, 0, INT64_MAX),
	NUMBER("crashes", crashes, 0, INT64_MAX),
	TIME("next_start_boot_ms", next_start_boot_ms),
	TIME("next_start_wall_ms", next_start_wall_ms),
	NUMBER("stop_reason", stop_reason, 0, REASON_COUNT - 1),
	TIME("stop_deadline_boot_ms", stop_deadline_boot_ms),
	NUMBER("killed", killed, 0, 1),
	NUMBER("wanted", wanted, 0, 1),
	TIME("over_since_boot_ms", over_since_boot_ms),
	TIME("quiet_since_boot_ms", quiet_since_boot_ms),
	TIME("cpu_mark_boot_ms", cpu_mark_boot_ms),
	TIME("cpu_mark_ms", cpu_mark_ms),
	NUMBER("is_racing", is_racing, 0, 1),
	OTHER(KIND_HEX, "watched", watched),
	TIME("missing_since_boot_ms", missing_since_boot_ms),
	NUMBER("stopsignal", stopping.stopsignal, 1, 64),
	NUMBER("stopwaitsecs_ms", stopping.stopwaitsecs_ms, 0, INT64_MAX),
	NUMBER("killmode", stopping.killmode, 0, 2),
	NUMBER("has_exit", has_exit, 0, 1),
	OTHER(KIND_BOOL, "exit_known", last_exit.known),
	OTHER(KIND_INT, "exit_code", last_exit.code),
	OTHER(KIND_INT, "exit_signal", last_exit.signal),
	TIME("exit_boot_ms", last_exit.boot_ms),
	TIME("exit_wall_ms", last_exit.wall_ms),
	TIME("exit_peak_rss_bytes", last_exit.peak_rss_bytes),
	TIME("exit_cpu_ms", last_exit.cpu_ms),
	NUMBER("exit_reason", last_exit_reason, 0, REASON_COUNT - 1),
	ENDS(REASON_MISSING, "missing"),
	ENDS(REASON_EXITED, "exited"),
	ENDS(REASON_CRASHED, "crashed"),
	ENDS(REASON_KILLED, "killed"),
	ENDS(REASON_OOM, "oom"),
	ENDS(REASON_MEMORY_LIMIT, "memory_limit"),
	ENDS(REASON_MEMORY_MAX, "memory_max"),
	ENDS(REASON_MAX_AGE, "max_age"),
	ENDS(REASON_HUNG, "hung"),
	ENDS(REASON_CONFIG_CHANGED, "config_changed"),
	ENDS(REASON_DEPLOY, "deploy"),
	ENDS(REASON_MANUAL, "manual"),
	ENDS(REASON_REMOVED, "removed"),
	ENDS(REASON_HOST_REBOOTED, "host_rebooted"),
	OTHER(KIND_HEX, "ended", ended),
	NUMBER("ended_pid", ended_pid, 0, INT32_MAX),
	NUMBER("start_reason", start_reason, 0, REASON_COUNT - 1),
	NUMBER("fatal", fatal, 0, 1),
	NUMBER("alarms", alarms, 0, INT64_MAX),
	TIME("born_wall_ms", born_wall_ms),
	NUMBER("untold", untold, 0, 1),
	OTHER(KIND_HEX, "told_started", told.started),
	OTHER(KIND_HEX, "told_ended", told.ended),
	OTHER(KIND_HEX, "told_pressed", told.pressed),
	NUMBER("told_fatal", told.fatal, 0, 1),
	OTHER(KIND_TEXT, "failure", failure),
};

#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

static const struct record initial = RECORD_INIT;

static bool field_equal(const struct field *field, const struct record *a, const struct record *b)
{
	const char *left = (const char *)a + field->offset;
	const char *right = (const char *)b + field->offset;

	switch (field->kind) {
	case KIND_NUMBER:
	case KIND_UNSIGNED:
	case KIND_HEX:
		return memcmp(left, right, sizeof(int64_t)) == 0;
	case KIND_BOOL:
		return *left == *right;
	case KIND_INT:
		return memcmp(left, right, sizeof(int)) == 0;
	case KIND_TEXT:
		return strcmp(left, right) == 0;
	}
	return false;
}

/* Failure texts may hold anything that an errno or a path brings: one line it must stay. */
static void append_text(char *to, size_t size, const char *text)
{
	size_t i = 0;

	for (; text[i] && i + 1 < size; i++)
		to[i] = (unsigned char)text[i] < ' ' ? ' ' : text[i];
	to[i] = '\0';
}

static void format_value(const struct field *field, const struct record *record, char *buf,
			 size_t size)
{
	const char *at = (const char *)record + field->offset;
	int64_t number;
	uint64_t natural;
	int small;

	switch (field->kind) {
	case KIND_NUMBER:
		memcpy(&number, at, sizeof(number));
		(void)snprintf(buf, size, "%" PRId64, number);
		return;
	case KIND_UNSIGNED:
		memcpy(&natural, at, sizeof(natural));
		(void)snprintf(buf, size, "%" PRIu64, natural);
		return;
	case KIND_HEX:
		memcpy(&natural, at, sizeof(natural));
		(void)snprintf(buf, size, "%016" PRIx64, natural);
		return;
	case KIND_BOOL:
		(void)snprintf(buf, size, "%d", *(const bool *)at);
		return;
	case KIND_INT:
		memcpy(&small, at, sizeof(small));
		(void)snprintf(buf, size, "%d", small);
		return;
	case KIND_TEXT:
		append_text(buf, size, at);
		return;
	}
}

size_t record_format(const struct record *record, char *buf, size_t size)
{
	size_t len = (size_t)snprintf(buf, size, "%s", HEADER);

	for (size_t i = 0; i < FIELD_COUNT && len < size; i++) {
		char value[RECORD_FAILURE_SIZE];

		if (field_equal(&fields[i], record, &initial))
			continue;
		format_value(&fields[i], record, value, sizeof(value));
		len += (size_t)snprintf(buf + len, size - len, "%s %s\n", fields[i].key, value);
	}
	if (len < size)
		len += (size_t)snprintf(buf + len, size - len, "sum %016" PRIx64 "\n",
					hash_bytes(HASH_INIT, buf, len));
	return len < size ? len : size - 1;
}

static int parse_number(const struct field *field, const char *value, int64_t *at)
{
	char *end;
	int64_t number = strtoll(value, &end, 10);

	if (end == value || *end || number < field->min || number > field->max)
		return -1;
	*at = number;
	return 0;
}

static int parse_natural(const char *value, int base, uint64_t *at)
{
	char *end;
	uint64_t natural = strtoull(value, &end, base);

	if (end == value || *end || *value == '-')
		return -1;
	*at = natural;
	return 0;
}

static int parse_int(const char *value, int *at)
{
	char *end;
	long number = strtol(value, &end, 10);

	if (end == value || *end || number < INT32_MIN || number > INT32_MAX)
		return -1;
	*at = (int)number;
	return 0;
}

static int parse_value(const struct field *field, const char *value, struct record *record)
{
	void *at = (char *)record + field->offset;

	switch (field->kind) {
	case KIND_NUMBER:
		return parse_number(field, value, at);
	case KIND_UNSIGNED:
		return parse_natural(value, 10, at);
	case KIND_HEX:
		return parse_natural(value, 16, at);
	case KIND_BOOL:
		*(bool *)at = *value == '1';
		return 0;
	case KIND_INT:
		return parse_int(value, at);
	case KIND_TEXT:
		append_text(at, field->size, value);
		return 0;
	}
	return -1;
}

static const struct field *find_field(const char *key)
{
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (strcmp(fields[i].key, key) == 0)
			return &fields[i];
	return NULL;
}

/* LINES: a writable copy, cut at newlines here; ends before the line "sum". */
static int parse_lines(char *lines, struct record *record)
{
	char *save;

	for (char *line = strtok_r(lines, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, ' ');
		const struct field *field;

		if (!value)
			return -1;
		*value++ = '\0';
		field = find_field(line);
		if (field && parse_value(field, value, record))
			return -1;
	}
	return 0;
}

/* The checksum line must be the last, and right for all before it. */
static int check_sum(const char *text, size_t len, size_t *body)
{
	static const size_t line = sizeof("sum 0123456789abcdef\n") - 1;
	char expected[32];

	if (len < sizeof(HEADER) - 1 + line || memcmp(text, HEADER, sizeof(HEADER) - 1) != 0 ||
	    memchr(text, '\0', len))
		return -1;
	*body = len - line;
	(void)snprintf(expected, sizeof(expected), "sum %016" PRIx64 "\n",
		       hash_bytes(HASH_INIT, text, *body));
	return memcmp(text + *body, expected, line) == 0 ? 0 : -1;
}

int record_parse(const char *text, size_t len, struct record *record)
{
	char copy[RECORD_TEXT_MAX];
	size_t body;

	*record = initial;
	if (len >= sizeof(copy) || check_sum(text, len, &body))
		return -1;
	body -= sizeof(HEADER) - 1;
	memcpy(copy, text + sizeof(HEADER) - 1, body);
	copy[body] = '\0';
	if (parse_lines(copy, record) == 0)
		return 0;
	*record = initial;
	return -1;
}

static bool field_is_sound(const struct field *field, const struct record *record)
{
	const char *at = (const char *)record + field->offset;
	int64_t number;

	/* Most are, and each round asks for each record: not by way of a table. */
	if (field->kind == KIND_NUMBER) {
		memcpy(&number, at, sizeof(number));
		return number >= field->min && number <= field->max;
	}
	switch (field->kind) {
	case KIND_BOOL:
		/* Read as a byte: as a bool it may have no other value. */
		return *at == 0 || *at == 1;
	case KIND_TEXT:
		return memchr(at, '\0', field->size) != NULL;
	case KIND_NUMBER:
	case KIND_UNSIGNED:
	case KIND_HEX:
	case KIND_INT:
		break;
	}
	return true;
}

bool record_is_sound(const struct record *record)
{
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (!field_is_sound(&fields[i], record))
			return false;
	return true;
}

bool record_equal(const struct record *a, const struct record *b)
{
	/* Nearly always a copy of the other, padding and all. */
	/* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c): where padding differs, the fields decide */
	if (memcmp(a, b, sizeof(*a)) == 0)
		return true;
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (!field_equal(&fields[i], a, b))
			return false;
	return true;
}

bool record_is_of_earlier_boot(const struct record *record, const char *boot_id)
{
	return record->boot_id[0] && strcmp(record->boot_id, boot_id) != 0;
}
