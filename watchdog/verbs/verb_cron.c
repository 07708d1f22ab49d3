/* SPDX-License-Identifier: ISC */
/* cron: our line in the user's own crontab. Never writes what it has not shown to be all but ours
 * unchanged. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cron/crontab_edit.h"
#include "watchdog/act/cronentry.h"
#include "watchdog/act/cronhost.h"
#include "watchdog/base/clock.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/units.h"
#include "watchdog/config/config.h"
#include "watchdog/config/paths.h"
#include "watchdog/store/statedir.h"
#include "watchdog/act/selfpath.h"
#include "watchdog/verbs/verb.h"

#define MINUTE_MS 60000
/* Rounds of an hourly cron may linger that long. */
#define LINGER_MAX_S 3600

struct job {
	const struct verb_call *call;
	struct config config;
	struct err config_err; /* why it could not be loaded; ERR_NONE: it was */
	int every_minutes;
	bool is_sure;	 /* --yes */
	struct str text; /* the crontab as it is */
	bool is_there;	 /* there is one */
	char *backup;	 /* path; NULL: none was needed */
};

/* ---- the crontab -------------------------------------------------------------------------- */

static int read_crontab(struct str *text, bool *is_there, struct err *err)
{
	switch (cronhost_read(CRONHOST_TIMEOUT_MS, text, err)) {
	case CRONHOST_TEXT:
		*is_there = true;
		return 0;
	case CRONHOST_NONE:
		*is_there = false;
		return 0;
	case CRONHOST_FAILED:
		break;
	}
	return err_wrap(err, "cannot read the crontab, so nothing was changed");
}

/* RESULT of an edit as 0 or -1 with ERR. */
static int judge_edit(enum crontab_edit result, int line, struct err *err)
{
	switch (result) {
	case CRONTAB_EDIT_OK:
	case CRONTAB_EDIT_UNCHANGED:
		return 0;
	case CRONTAB_EDIT_UNBALANCED:
		return err_set(
			err, ERR_SYSTEM, 0,
			"line %d of the crontab is a marker of ours without its fellow, so "
			"nothing was changed: remove it, and what was between, with `crontab -e`",
			line);
	case CRONTAB_EDIT_NUL:
		return err_set(err, ERR_SYSTEM, 0,
			       "the crontab holds a NUL byte, so nothing was changed");
	case CRONTAB_EDIT_NOMEM:
		break;
	}
	return err_set(err, ERR_SYSTEM, 0, "out of memory");
}

/* While a person was reading, another may have edited. */
static int check_unedited(const struct job *job, struct err *err)
{
	struct str now = STR_INIT;
	bool is_there = false;
	int status = read_crontab(&now, &is_there, err);

	if (status == 0 && (is_there != job->is_there || now.len != job->text.len ||
			    memcmp(str_text(&now), str_text(&job->text), now.len) != 0))
		status = err_set(
			err, ERR_SYSTEM, 0,
			"the crontab was edited meanwhile, so nothing was changed: try again");
	str_free(&now);
	return status;
}

static int keep_backup(struct job *job, struct err *err)
{
	const char *path = job->config.state_dir;
	char name[CRONHOST_BACKUP_SIZE];
	struct statedir dir;
	int status;

	if (!job->is_there)
		return 0;
	if (statedir_make(path, 0700, err))
		return err_wrap(err, "no place for a backup of the crontab");
	status = statedir_open(&dir, path, job->config.pidfile_dir, true, err);
	if (status == 0)
		status = cronhost_backup(dir.fd, str_text(&job->text), job->text.len,
					 (time_t)(clock_read().wall_ms / 1000), name, err);
	if (status == 0)
		job->backup = mem_format("%s/%s", path, name);
	statedir_close(&dir);
	return status;
}

/* ---- asking ------------------------------------------------------------------------------- */

static void show_difference(const struct job *job, const char *edited, size_t edited_len)
{
	const char *was = NULL;
	const char *will_be = NULL;
	size_t was_len = 0;
	size_t will_be_len = 0;
	int line;
	char *diff;

	(void)crontab_edit_find(str_text(&job->text), job->text.len, &was, &was_len, &line);
	(void)crontab_edit_find(edited, edited_len, &will_be, &will_be_len, &line);
	diff = cronentry_diff(was, was_len, will_be, will_be_len);
	printf("the crontab changes by:\n%s", diff);
	free(diff);
}

static bool is_agreed(void)
{
	char *answer = NULL;
	size_t size = 0;
	bool is_yes;

	printf("Write it? [Y/n] ");
	(void)fflush(stdout); /* a question that cannot be shown is not answered either */
	is_yes = getline(&answer, &size, stdin) > 0 && strchr("\nyY", answer[0]);
	free(answer);
	return is_yes;
}

/* Writes EDITED: shown, agreed to, backed up, read back. */
static int change(struct job *job, const char *edited, size_t edited_len)
{
	struct err err = ERR_INIT;
	bool is_terminal = job->call->out.terminal && isatty(STDIN_FILENO) == 1;

	if (is_terminal)
		show_difference(job, edited, edited_len);
	if (is_terminal && !job->is_sure && !is_agreed()) {
		printf("nothing was changed\n");
		return VERB_PARTLY;
	}
	if (check_unedited(job, &err) || keep_backup(job, &err) ||
	    cronhost_write(edited, edited_len, CRONHOST_TIMEOUT_MS, &err))
		return verb_fail(job->call, &err);
	return VERB_DONE;
}

static void tell_backup(const struct job *job)
{
	if (job->backup)
		printf("the crontab as it was: %s\n", job->backup);
}

/* ---- install ------------------------------------------------------------------------------ */

/* Whether XDG_CONFIG_HOME leads elsewhere than cron, which does not set it, would look. */
static bool is_moved(void)
{
	const char *xdg = getenv("XDG_CONFIG_HOME");
	char *home, *usual;
	bool is_elsewhere;

	if (geteuid() == 0 || !xdg || *xdg != '/')
		return false;
	home = paths_home();
	usual = mem_format("%s/.config", home ? home : "");
	is_elsewhere = strcmp(xdg, usual) != 0;
	free(home);
	free(usual);
	return is_elsewhere;
}

/* Cron does not know the environment of who installs: what that says must be in the line. */
static bool is_config_named(const struct job *job)
{
	const char *named = getenv("CRONHERD_CONFIG");

	return job->call->config_file || (named && *named) || is_moved();
}

static char *make_lines(const struct job *job, struct err *err)
{
	char *program = selfpath(NULL, err);
	struct cronentry entry = { .program = program,
				   .every_minutes = job->every_minutes,
				   .max_linger_s = LINGER_MAX_S };
	char *lines = NULL;

	if (is_config_named(job))
		entry.config = job->config.main_file;
	if (program && is_config_named(job) && !entry.config)
		*err = job->config_err;
	else if (program)
		lines = cronentry_format(&entry, err);
	free(program);
	return lines;
}

static int install_lines(struct job *job, const char *lines)
{
	struct err err = ERR_INIT;
	char *edited = NULL;
	size_t edited_len;
	int line = 0;
	int status;
	enum crontab_edit result = crontab_edit_install(str_text(&job->text), job->text.len, lines,
							&edited, &edited_len, &line);

	if (judge_edit(result, line, &err))
		return verb_fail(job->call, &err);
	if (result == CRONTAB_EDIT_UNCHANGED) {
		printf("already installed, unchanged: %s", lines);
		status = VERB_DONE;
	} else {
		status = change(job, edited, edited_len);
		if (status == VERB_DONE) {
			printf("installed: %s", lines);
			tell_backup(job);
		}
	}
	free(edited);
	return status;
}

static int install(struct job *job)
{
	struct err err = ERR_INIT;
	char *lines = make_lines(job, &err);
	int status;

	if (!lines || read_crontab(&job->text, &job->is_there, &err)) {
		free(lines);
		return verb_fail(job->call, &err);
	}
	/* A host may be set up before its workers are. */
	if (job->config_err.kind != ERR_NONE)
		out_warn(&job->call->out, "%s; rounds will say so until it is mended",
			 job->config_err.text);
	status = install_lines(job, lines);
	free(lines);
	return status;
}

/* ---- remove and show ---------------------------------------------------------------------- */

static int take_out(struct job *job)
{
	struct err err = ERR_INIT;
	char *edited = NULL;
	size_t edited_len;
	int line = 0;
	int status = VERB_DONE;
	enum crontab_edit result;

	if (read_crontab(&job->text, &job->is_there, &err))
		return verb_fail(job->call, &err);
	result = crontab_edit_remove(str_text(&job->text), job->text.len, &edited, &edited_len,
				     &line);
	if (judge_edit(result, line, &err))
		return verb_fail(job->call, &err);
	if (result == CRONTAB_EDIT_UNCHANGED) {
		printf("not installed, nothing to remove\n");
	} else {
		status = change(job, edited, edited_len);
		if (status == VERB_DONE) {
			printf("removed; what runs goes on, but nothing restarts it (to end it: "
			       "`cronherd stop`)\n");
			tell_backup(job);
		}
	}
	free(edited);
	return status;
}

static int show(struct job *job)
{
	struct err err = ERR_INIT;
	const char *lines = NULL;
	size_t len = 0;
	int line = 0;
	enum crontab_edit result;

	if (read_crontab(&job->text, &job->is_there, &err))
		return verb_fail(job->call, &err);
	result = crontab_edit_find(str_text(&job->text), job->text.len, &lines, &len, &line);
	if (judge_edit(result, line, &err))
		return verb_fail(job->call, &err);
	if (result == CRONTAB_EDIT_OK) {
		(void)fwrite(lines, 1, len, stdout); /* main looks at what stdout says */
		return VERB_DONE;
	}
	out_error(&job->call->out, "not installed: `cronherd cron install`");
	return VERB_PARTLY;
}

/* ---- the verb ----------------------------------------------------------------------------- */

/* Without a configuration the directories are where they are by default: removing needs them too.
 */
static int load(struct job *job, struct err *err)
{
	if (config_load(&job->config, job->call->config_file, &job->config_err) == 0)
		return 0;
	if (!job->config.state_dir)
		job->config.state_dir = paths_state_dir(err);
	if (job->config.state_dir && !job->config.pidfile_dir)
		job->config.pidfile_dir = paths_pidfile_dir(job->config.state_dir);
	return job->config.state_dir ? 0 : -1;
}

static int work(struct job *job, int (*part)(struct job *job))
{
	struct err err = ERR_INIT;
	int status = load(job, &err) ? verb_fail(job->call, &err) : part(job);

	str_free(&job->text);
	free(job->backup);
	config_free(&job->config);
	return status;
}

static int parse_every(const char *text, int *minutes)
{
	int64_t value;

	if (units_parse_int(text, 1, 60, &value) == 0) {
		*minutes = (int)value;
		return 0;
	}
	if (units_parse_duration(text, &value) || value < MINUTE_MS || value > 60 * MINUTE_MS ||
	    value % MINUTE_MS)
		return -1;
	*minutes = (int)(value / MINUTE_MS);
	return 0;
}

static int run(const struct verb_call *call)
{
	static const struct option options[] = { { "every", required_argument, NULL, 'e' },
						 { "yes", no_argument, NULL, 'y' },
						 { NULL, 0, NULL, 0 } };
	struct job job = { .call = call, .every_minutes = 1, .config_err = ERR_INIT };
	const char *part;
	int option;

	while ((option = getopt_long(call->argc, call->argv, "y", options, NULL)) != -1) {
		if (option == 'y')
			job.is_sure = true;
		else if (option != 'e')
			return verb_misuse(call, "");
		else if (parse_every(optarg, &job.every_minutes))
			return verb_misuse(call, "--every takes minutes from 1 to 60, not \"%s\"",
					   optarg);
	}
	if (call->argc - optind != 1)
		return verb_misuse(call, "one of install, remove, show");
	part = call->argv[optind];
	if (strcmp(part, "install") == 0)
		return work(&job, install);
	if (strcmp(part, "remove") == 0)
		return work(&job, take_out);
	if (strcmp(part, "show") == 0)
		return work(&job, show);
	return verb_misuse(call, "%s is none of install, remove, show", part);
}

const struct verb verb_cron = {
	.name = "cron",
	.summary = "have cron call rounds: our line in your own crontab",
	.synopsis = "install [--every N] [--yes] | remove [--yes] | show",
	.help = "  install      put the line in, or bring it up to date\n"
		"    --every N  each N minutes (1); rounds then linger until the next one\n"
		"    -y, --yes  do not ask\n"
		"  remove       take it out\n"
		"  show         print it; exit status 1 where there is none\n\n"
		"The line stands between two markers; no other line is ever touched. On a terminal "
		"the\n"
		"change is shown first, and asked for. The crontab as it was is kept in the state\n"
		"directory. -c FILE and CRONHERD_CONFIG, where given, go into the line.\n\n"
		"examples:\n"
		"  cronherd cron install              each minute\n"
		"  cronherd cron install --every 15   where the host allows no more\n"
		"  cronherd -c ~/app/herd.conf cron install\n",
	.run = run,
};
