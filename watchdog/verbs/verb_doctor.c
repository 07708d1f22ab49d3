/* SPDX-License-Identifier: ISC */
/* doctor: looks at the host and says what is wrong with it and how to mend it. Changes nothing. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watchdog/round/pass.h"
#include "watchdog/round/target.h"
#include "watchdog/verbs/doctor.h"

static const struct {
	const char *name;
	void (*check)(struct doctor *doctor);
} checks[] = {
	{ "program", doctor_check_program },
	{ "configuration", doctor_check_configuration },
	{ "state_dir", doctor_check_state_dir },
	{ "space", doctor_check_space },
	{ "file system", doctor_check_file_system },
	{ "herder", doctor_check_lease },
	{ "crontab", doctor_check_crontab },
	{ "rounds", doctor_check_rounds },
	{ "/proc", doctor_check_proc },
	{ "pidfds", doctor_check_pidfds },
	{ "processes", doctor_check_processes },
	{ "descriptors", doctor_check_descriptors },
	{ "memory", doctor_check_memory },
	{ "clock", doctor_check_clock },
	{ "cgroup", doctor_check_cgroup },
	{ "container", doctor_check_container },
	{ "strays", doctor_check_strays },
	{ "commands", doctor_check_commands },
	{ "telling", doctor_check_telling },
};

/* ---- saying ------------------------------------------------------------------------------- */

static void say(const struct doctor *doctor, const char *level, const char *color,
		const char *format, va_list args) __attribute__((format(printf, 4, 0)));

static void say(const struct doctor *doctor, const char *level, const char *color,
		const char *format, va_list args)
{
	bool is_colored = doctor->call->out.color;

	printf("%s%-4s%s  %-13s  ", is_colored ? color : "", level, is_colored ? "\033[0m" : "",
	       doctor->check);
	vprintf(format, args);
	printf("\n");
}

void doctor_ok(struct doctor *doctor, const char *format, ...)
{
	va_list args;

	if (doctor->call->out.level == OUT_QUIET)
		return;
	va_start(args, format);
	say(doctor, "OK", "\033[32m", format, args);
	va_end(args);
}

void doctor_warn(struct doctor *doctor, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(doctor, "WARN", "\033[33m", format, args);
	va_end(args);
}

void doctor_bad(struct doctor *doctor, const char *format, ...)
{
	va_list args;

	doctor->bad_count++;
	va_start(args, format);
	say(doctor, "BAD", "\033[31m", format, args);
	va_end(args);
}

/* ---- looking ------------------------------------------------------------------------------ */

bool doctor_has_herd(const struct doctor *doctor)
{
	return doctor->herd_err.kind == ERR_NONE;
}

bool doctor_read(int dirfd, const char *path, struct str *text)
{
	int fd = openat(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	char buf[4096];
	ssize_t len = -1;

	if (fd < 0)
		return false;
	while ((len = read(fd, buf, sizeof(buf))) > 0 || (len < 0 && errno == EINTR))
		if (len > 0)
			str_add_n(text, buf, (size_t)len);
	close(fd);
	return len == 0;
}

int64_t doctor_number(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) == 0)
			return strtoll(line + len, NULL, 10);
	}
	return -1;
}

static void open_doctor(struct doctor *doctor)
{
	const char *file = doctor->call->config_file;

	doctor->now = clock_read();
	doctor->proc_status = proc_open(&doctor->proc, "/proc", true);
	(void)config_load(&doctor->config, file,
			  &doctor->config_err); /* a check says how it went */
	if (herd_open(&doctor->herd, file, HERD_READ, NULL, &doctor->call->out, &doctor->herd_err) == 0 &&
	    target_select(&doctor->herd, NULL, 0, &doctor->herd_err) == 0)
		pass_look(&doctor->herd);
}

static void close_doctor(struct doctor *doctor)
{
	herd_close(&doctor->herd);
	config_free(&doctor->config);
	proc_close(&doctor->proc);
}

static int run(const struct verb_call *call)
{
	static const struct option options[] = { { NULL, 0, NULL, 0 } };
	struct doctor doctor = {
		.call = call, .proc = PROC_INIT, .config_err = ERR_INIT, .herd_err = ERR_INIT
	};

	if (getopt_long(call->argc, call->argv, "", options, NULL) != -1)
		return verb_misuse(call, "");
	if (optind != call->argc)
		return verb_misuse(call, "it takes no target");
	open_doctor(&doctor);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		doctor.check = checks[i].name;
		checks[i].check(&doctor);
		(void)fflush(stdout); /* some checks take their time; main looks at errors */
	}
	close_doctor(&doctor);
	return doctor.bad_count ? VERB_PARTLY : VERB_DONE;
}

const struct verb verb_doctor = {
	.name = "doctor",
	.summary = "look at the host: does cron call, is all there that is needed; with the cures",
	.synopsis = "",
	.help = "One line a finding: OK, WARN (works, but for less than it could) or BAD, with the "
		"cure.\n"
		"Changes nothing. Exit status 1 where anything is BAD. With -q: no lines that are "
		"OK.\n\n"
		"Run it as the user whose crontab has the line. Limits are those of this shell; "
		"cron's\n"
		"own may differ.\n\n"
		"examples:\n"
		"  cronherd doctor\n"
		"  cronherd -q doctor || mail -s 'cronherd is not well' me\n",
	.run = run,
};
