/* SPDX-License-Identifier: ISC */
/* doctor's checks of cron: who herds, what calls rounds, and whether they come. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cron/crontab_edit.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/units.h"
#include "watchdog/verbs/doctor.h"
#include "watchdog/act/selfpath.h"

#define CURE	  "`cronherd cron install`"
#define CRON_D	  "/etc/cron.d"
#define MINUTE_MS INT64_C(60000)
/* Rarer than that, what dies is missed; where a minder cannot help. */
#define RARE_MS (6 * MINUTE_MS)

/* ---- who herds ---------------------------------------------------------------------------- */

void doctor_check_lease(struct doctor *doctor)
{
	const struct herd *herd = &doctor->herd;
	char text[512];

	if (!doctor_has_herd(doctor)) {
		doctor_warn(doctor, "not known: see above");
		return;
	}
	switch (herd->scene.claim) {
	case LEASE_FOREIGN:
		doctor_warn(doctor, "%s", herd_foreign_text(herd, text, sizeof(text)));
		return;
	case LEASE_INHERITED:
		doctor_ok(doctor, "the lease of %s has lapsed; the next round here takes over",
			  herd->lease.host);
		return;
	case LEASE_OURS:
		break;
	}
	if (herd->lease.round_end_wall_ms)
		doctor_ok(doctor, "this host (%s)", herd->lease.host);
	else
		doctor_ok(doctor, "nobody yet; the first round here does");
}

/* ---- crontab ------------------------------------------------------------------------------ */

/* The first line of TEXT that calls our program and is no comment, allocated; NULL: none. */
static char *find_call(const char *text)
{
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");
		char *copy = mem_dup_n(line, len);
		const char *first = copy + strspn(copy, " \t");

		if (*first != '#' && strstr(first, "cronherd") && strstr(first, "run"))
			return copy;
		free(copy);
		line += len + (line[len] == '\n');
	}
	return NULL;
}

static char *find_in_file(int dir_fd, const char *name)
{
	struct str text = STR_INIT;
	char *line = doctor_read(dir_fd, name, &text) ? find_call(str_text(&text)) : NULL;

	str_free(&text);
	return line;
}

/* The line of the system's own tables that calls us, with the name of its file to FILE. */
static char *find_in_system(char **file)
{
	char *line = find_in_file(AT_FDCWD, "/etc/crontab");
	DIR *dir = line ? NULL : opendir(CRON_D);
	const struct dirent *entry;

	*file = mem_dup("/etc/crontab");
	while (dir && !line && (entry = readdir(dir))) {
		/* cron passes over names with a dot */
		if (strchr(entry->d_name, '.'))
			continue;
		free(*file);
		*file = mem_format(CRON_D "/%s", entry->d_name);
		line = find_in_file(AT_FDCWD, *file);
	}
	if (dir)
		closedir(dir);
	return line;
}

static bool comes_regularly(const struct doctor *doctor)
{
	const struct lease *lease = &doctor->herd.lease;

	return doctor_has_herd(doctor) && lease->round_end_wall_ms &&
	       doctor->now.wall_ms - lease->round_end_wall_ms < lease_lapse_ms(lease->interval_ms);
}

static void check_system(struct doctor *doctor)
{
	char *file = NULL;
	char *line = find_in_system(&file);

	if (line)
		doctor_ok(doctor, "%s has: %s", file, line);
	else if (comes_regularly(doctor))
		doctor_warn(doctor,
			    "no line of cronherd's, but rounds come: unless something else calls "
			    "them (a timer), " CURE);
	else
		doctor_bad(doctor, "no line of cronherd's, so nothing is kept alive: " CURE);
	free(line);
	free(file);
}

/* An upgrade or a move may have left the line behind. */
static void check_ours(struct doctor *doctor, const char *lines, size_t len)
{
	char *text = mem_dup_n(lines, len);
	char *line = find_call(text);
	char *program = selfpath(NULL, NULL);
	bool is_plain = program && !strpbrk(program, " %'\"\\$&();<>|*?[]#~`!{}");

	if (!line)
		doctor_bad(doctor, "our lines in the crontab call no round: " CURE);
	else if (is_plain && !strstr(line, program))
		doctor_warn(doctor, "its line calls another program than this (%s): %s; " CURE,
			    program, line);
	else
		doctor_ok(doctor, "%s", line);
	free(program);
	free(line);
	free(text);
}

static void check_own_line(struct doctor *doctor, const char *text)
{
	char *line = find_call(text);

	if (line)
		doctor_ok(doctor, "a line of your own: %s", line);
	else
		check_system(doctor);
	free(line);
}

static void check_text(struct doctor *doctor, const struct str *text)
{
	const char *lines = NULL;
	size_t len = 0;
	int number = 0;

	switch (crontab_edit_find(str_text(text), text->len, &lines, &len, &number)) {
	case CRONTAB_EDIT_OK:
		check_ours(doctor, lines, len);
		return;
	case CRONTAB_EDIT_UNCHANGED:
		check_own_line(doctor, str_text(text));
		return;
	case CRONTAB_EDIT_UNBALANCED:
		doctor_bad(
			doctor,
			"line %d is a marker of ours without its fellow: remove it with `crontab "
			"-e`, then " CURE,
			number);
		return;
	case CRONTAB_EDIT_NUL:
	case CRONTAB_EDIT_NOMEM:
		break;
	}
	doctor_bad(doctor, "it holds a NUL byte: write it anew");
}

void doctor_check_crontab(struct doctor *doctor)
{
	struct str text = STR_INIT;
	struct err err = ERR_INIT;

	switch (cronhost_read(CRONHOST_TIMEOUT_MS, &text, &err)) {
	case CRONHOST_TEXT:
		check_text(doctor, &text);
		break;
	case CRONHOST_NONE:
		check_system(doctor);
		break;
	case CRONHOST_FAILED:
		if (comes_regularly(doctor))
			doctor_warn(doctor, "%s", err.text);
		else
			doctor_bad(doctor, "%s", err.text);
		break;
	}
	str_free(&text);
}

/* ---- rounds ------------------------------------------------------------------------------- */

/* "" where it is not known: a mere reader may have moved the lease's access time. */
static const char *format_duration_of(const struct lease *lease, char buf[UNITS_TEXT_SIZE + 8])
{
	int64_t took_ms = lease->round_end_wall_ms - lease->round_start_wall_ms;
	char took[UNITS_TEXT_SIZE];

	*buf = '\0';
	if (took_ms >= 0)
		(void)snprintf(buf, UNITS_TEXT_SIZE + 8, ", took %s",
			       units_format_duration(took_ms, took));
	return buf;
}

static void judge_age(struct doctor *doctor, const struct lease *lease, int64_t age_ms)
{
	int64_t interval_ms = lease->interval_ms ? lease->interval_ms : MINUTE_MS;
	char age[UNITS_TEXT_SIZE], apart[UNITS_TEXT_SIZE], took[UNITS_TEXT_SIZE + 8];

	units_format_duration(age_ms, age);
	units_format_duration(interval_ms, apart);
	/* A round may last a minute, and cron may skip one. */
	if (age_ms > 2 * interval_ms + 2 * MINUTE_MS)
		doctor_bad(
			doctor,
			"the last one was %s ago: is cron running (pgrep -a cron), does its log or "
			"mail say why, is the line there (" CURE ")?",
			age);
	else if (interval_ms > RARE_MS)
		doctor_warn(
			doctor,
			"the last one %s ago, but they were %s apart: where cron calls no oftener, "
			"`cronherd cron install --every N` has each look on until the next",
			age, apart);
	else
		doctor_ok(doctor, "the last one %s ago%s; at most %s apart", age,
			  format_duration_of(lease, took), apart);
}

void doctor_check_rounds(struct doctor *doctor)
{
	const struct lease *lease = &doctor->herd.lease;
	int64_t age_ms = doctor->now.wall_ms - lease->round_end_wall_ms;

	if (!doctor_has_herd(doctor))
		doctor_warn(doctor, "not known: see above");
	else if (!lease->round_end_wall_ms)
		doctor_bad(doctor,
			   "there was none yet: " CURE
			   ", wait a minute; if none comes, is cron running (pgrep -a cron)?");
	else if (age_ms < 0)
		doctor_warn(doctor, "the last one is in the future: the clock was set back");
	else
		judge_age(doctor, lease, age_ms);
}
