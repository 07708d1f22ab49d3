/* SPDX-License-Identifier: ISC */
#include "watchdog/import/superlog.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "watchdog/base/mem.h"

#define MAXBYTES_DEFAULT (INT64_C(50) * 1024 * 1024)
#define BACKUPS_DEFAULT	 10
#define BACKUPS_MAX	 1000

enum target {
	TARGET_AUTO, /* a file of supervisord's own */
	TARGET_NONE,
	TARGET_SYSLOG,
	TARGET_DEVICE, /* the output of supervisord itself */
	TARGET_FILE
};

static const char *const file_keys[] = { "stdout_logfile", "stderr_logfile" };
static const char *const maxbytes_keys[] = { "stdout_logfile_maxbytes", "stderr_logfile_maxbytes" };
static const char *const backups_keys[] = { "stdout_logfile_backups", "stderr_logfile_backups" };

/* Both streams have the default log of ours unless something else is said; apart from that, so is
 * its name. */
#define STDERR_OWN "%n.err.log"

void superlog_read(struct superscope *scope, struct superlog *log)
{
	log->is_redirected = superscope_bool(scope, "redirect_stderr", false);
	for (int i = 0; i < 2; i++) {
		log->maxbytes[i] = superscope_size(scope, maxbytes_keys[i], MAXBYTES_DEFAULT);
		log->backups[i] = superscope_int(scope, backups_keys[i], BACKUPS_DEFAULT);
	}
}

void superlog_expand(struct superscope *scope, struct superlog_paths *paths)
{
	for (int i = 0; i < 2; i++)
		paths->paths[i] = superscope_text(scope, file_keys[i], 2);
}

bool superlog_is_marked(const struct superlog_paths *paths)
{
	for (int i = 0; i < 2; i++)
		if (paths->paths[i] && pyformat_is_marked(paths->paths[i]))
			return true;
	return false;
}

void superlog_paths_free(struct superlog_paths *paths)
{
	free(paths->paths[0]);
	free(paths->paths[1]);
}

static enum target target_of(const char *path)
{
	if (!path || strcasecmp(path, "auto") == 0)
		return TARGET_AUTO;
	if (strcasecmp(path, "none") == 0 || strcasecmp(path, "off") == 0 ||
	    strcmp(path, "/dev/null") == 0)
		return TARGET_NONE;
	if (strcasecmp(path, "syslog") == 0)
		return TARGET_SYSLOG;
	if (strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0)
		return TARGET_DEVICE;
	return TARGET_FILE;
}

/* Where no file can be had, the text of what is set in its place. */
static void warn_of_target(struct superscope *scope, int i, enum target target, const char *path,
			   struct importer_worker *worker)
{
	struct importer_place place = superscope_place(scope, file_keys[i]);

	if (target == TARGET_SYSLOG)
		importer_warn(scope->importer, worker, place,
			      "%s = %s: a worker writes to its log itself, and so to a file here; "
			      "have it write to syslog",
			      file_keys[i], path);
	else if (target == TARGET_DEVICE)
		importer_warn(scope->importer, worker, place,
			      "%s = %s: that is supervisord's own output; here there is nobody to "
			      "have one, so it is a file",
			      file_keys[i], path);
	else if (target == TARGET_FILE && path[0] != '/' && path[0] != '~')
		importer_warn(scope->importer, worker, place,
			      "%s = %s: it is relative to where supervisord was started; here, to "
			      "log_dir",
			      file_keys[i], path);
}

static void set_file(struct superscope *scope, int i, const char *path,
		     struct importer_worker *worker)
{
	/* Words of ours, should a file be called so. */
	bool is_word = strcasecmp(path, "same") == 0;
	char *finished = pyformat_finish(path);
	char *text = mem_format("%s%s", is_word ? "./" : "", finished);

	(void)importer_set(scope->importer, worker, file_keys[i], text,
			   superscope_place(scope, file_keys[i]), file_keys[i]);
	free(text);
	free(finished);
}

static void set_word(struct superscope *scope, int i, const char *word,
		     struct importer_worker *worker)
{
	(void)importer_set(scope->importer, worker, file_keys[i], word,
			   superscope_place(scope, file_keys[i]), file_keys[i]);
}

static void set_stdout(struct superscope *scope, const char *path, struct importer_worker *worker)
{
	enum target target = target_of(path);

	warn_of_target(scope, 0, target, path, worker);
	if (target == TARGET_FILE)
		set_file(scope, 0, path, worker);
	else if (target == TARGET_NONE)
		set_word(scope, 0, "none", worker);
}

static void set_stderr(struct superscope *scope, const struct superlog *log,
		       const struct superlog_paths *paths, struct importer_worker *worker)
{
	enum target target = target_of(paths->paths[1]);
	enum target stdout_target = target_of(paths->paths[0]);

	if (log->is_redirected) {
		if (target == TARGET_FILE)
			importer_warn(
				scope->importer, worker, superscope_place(scope, "stderr_logfile"),
				"stderr_logfile = %s: does not count where redirect_stderr is true",
				paths->paths[1]);
		set_word(scope, 1, "same", worker);
		return;
	}
	warn_of_target(scope, 1, target, paths->paths[1], worker);
	if (target == TARGET_FILE)
		set_file(scope, 1, paths->paths[1], worker);
	else if (target == TARGET_NONE)
		set_word(scope, 1, "none", worker);
	else if (stdout_target == TARGET_FILE || stdout_target == TARGET_NONE)
		set_word(scope, 1, STDERR_OWN, worker);
}

/* We have one size for both logs: the one that is said; of two, that of standard output. */
static void set_rotation(struct superscope *scope, const struct superlog *log,
			 const struct superlog_paths *paths, struct importer_worker *worker,
			 const char *option, const char *const *keys, const int64_t *numbers)
{
	bool has_stderr = !log->is_redirected && target_of(paths->paths[1]) != TARGET_NONE;
	bool has_file = target_of(paths->paths[0]) == TARGET_FILE ||
			(has_stderr && target_of(paths->paths[1]) == TARGET_FILE);
	int which = superscope_has(scope, keys[0]) || !superscope_has(scope, keys[1]) || !has_stderr
			    ? 0
			    : 1;
	char *text = mem_format("%lld", (long long)(numbers[which] > 0 ? numbers[which] : 0));

	if (superscope_has(scope, keys[which]) || has_file)
		(void)importer_set(scope->importer, worker, option, text,
				   superscope_place(scope, keys[which]), keys[which]);
	if (has_stderr && superscope_has(scope, keys[0]) && superscope_has(scope, keys[1]) &&
	    numbers[0] != numbers[1])
		importer_warn(scope->importer, worker, superscope_place(scope, keys[1]),
			      "%s: both logs of a worker have the same limits here, those of "
			      "standard output",
			      keys[1]);
	free(text);
}

static void warn_of_growth(struct superscope *scope, const struct superlog *log,
			   const struct superlog_paths *paths, struct importer_worker *worker)
{
	for (int i = 0; i < 2; i++)
		if (target_of(paths->paths[i]) == TARGET_AUTO && log->maxbytes[i] <= 0 &&
		    !(i == 1 && log->is_redirected))
			importer_warn(
				scope->importer, worker, superscope_place(scope, maxbytes_keys[i]),
				"%s = 0 for a log of supervisord's choice: it grows without end",
				maxbytes_keys[i]);
}

void superlog_set(struct superscope *scope, const struct superlog *log,
		  const struct superlog_paths *paths, struct importer_worker *worker)
{
	int64_t backups[2];

	for (int i = 0; i < 2; i++) {
		backups[i] = log->backups[i] < BACKUPS_MAX ? log->backups[i] : BACKUPS_MAX;
		if (log->backups[i] > BACKUPS_MAX)
			importer_warn(scope->importer, worker,
				      superscope_place(scope, backups_keys[i]),
				      "%s = %lld: %d at most", backups_keys[i],
				      (long long)log->backups[i], BACKUPS_MAX);
	}
	set_stdout(scope, paths->paths[0], worker);
	set_stderr(scope, log, paths, worker);
	set_rotation(scope, log, paths, worker, "log_maxbytes", maxbytes_keys, log->maxbytes);
	set_rotation(scope, log, paths, worker, "log_backups", backups_keys, backups);
	warn_of_growth(scope, log, paths, worker);
}
