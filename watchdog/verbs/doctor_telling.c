/* SPDX-License-Identifier: ISC */
/* What doctor says of webhooks and pings: whether their hosts answer. `deliver --reach` asks them;
 * it sends nothing. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "watchdog/base/capture.h"
#include "watchdog/act/fullprogram.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/utf8.h"
#include "watchdog/verbs/doctor.h"

/* It gives each host 10 s, and asks them all at once. */
#define PATIENCE_MS 20000

static const char ok[] = "OK    ";
static const char bad[] = "BAD   ";

/* A host that does not answer keeps no worker from being kept. */
static void pass_on(struct doctor *doctor, const char *line)
{
	if (strncmp(line, ok, strlen(ok)) == 0)
		doctor_ok(doctor, "%s", line + strlen(ok));
	else if (strncmp(line, bad, strlen(bad)) == 0)
		doctor_warn(doctor, "%s", line + strlen(bad));
	else
		doctor_warn(doctor, "%s", line);
}

static void pass_on_all(struct doctor *doctor, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		char *line = mem_dup_n(text, len);

		utf8_make_line(line);
		if (line[0])
			pass_on(doctor, line);
		free(line);
		text += len + (text[len] == '\n');
	}
}

static void ask(struct doctor *doctor, const char *program)
{
	const char *const argv[] = { program,	"-c",	   doctor->config.main_file,
				     "deliver", "--reach", NULL };
	struct capture capture = CAPTURE_INIT;
	struct err err = ERR_INIT;

	if (capture_run(&capture, argv, NULL, 0, PATIENCE_MS, &err))
		doctor_warn(doctor, "cannot be asked: %s", err.text);
	else if (!WIFEXITED(capture.status) || WEXITSTATUS(capture.status) > VERB_PARTLY)
		pass_on_all(doctor,
			    capture.errors.len ? str_text(&capture.errors) : "cannot be asked");
	else
		pass_on_all(doctor, str_text(&capture.output));
	capture_free(&capture);
}

void doctor_check_telling(struct doctor *doctor)
{
	struct err err = ERR_INIT;
	char *program;

	if (!doctor->config.webhook_count && !doctor->config.ping_count) {
		doctor_ok(doctor, "there is no webhook and no ping");
		return;
	}
	program = fullprogram_path(&err);
	if (program)
		ask(doctor, program);
	else
		doctor_bad(doctor, "nobody can be told: %s", err.text);
	free(program);
}
