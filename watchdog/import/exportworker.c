/* SPDX-License-Identifier: ISC */
#include "watchdog/import/exportworker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/config/confprint.h"
#include "watchdog/config/expand.h"

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

int exportworker_mark(const char *text)
{
	if (*text != EXPORTWORKER_MARK || !is_digit(text[1]) || !is_digit(text[2]))
		return -1;
	return (text[1] - '0') * 10 + (text[2] - '0');
}

/* The width in LEN digits at AT: none gives 0; what is no padding stays as it is, for expand to
 * refuse. */
static int width_of(const char *at, size_t len)
{
	if (len == 0)
		return 0;
	if (at[0] != '0' || len < 2 || len > 3)
		return -1;
	return len == 2 ? at[1] - '0' : (at[1] - '0') * 10 + (at[2] - '0');
}

/* TEXT with marks in the place of %i and %02i. Allocated. */
static char *mark(const char *text)
{
	struct str out = STR_INIT;

	while (*text) {
		size_t digits = *text == '%' ? strspn(text + 1, "0123456789") : 0;
		int width =
			*text == '%' && text[1 + digits] == 'i' ? width_of(text + 1, digits) : -1;
		size_t len = text[0] == '%' && text[1] != '\0' ? 2 : 1;

		if (width >= 0) {
			str_addf(&out, "%c%02d", EXPORTWORKER_MARK, width);
			text += 2 + digits;
		} else {
			str_add_n(&out, text, len);
			text += len;
		}
	}
	return str_take(&out);
}

/* ---- putting in --------------------------------------------------------------------------- */

struct making {
	const struct config *config;
	struct instance instance; /* its number is never asked for */
	struct exportworker *made;
	struct err *err;
};

static char *put_in(const struct making *making, const char *text)
{
	char *marked = mark(text);
	char *out =
		expand_text(marked, making->config, &making->instance, making->made->account.name,
			    making->made->account.home, making->err);

	free(marked);
	return out;
}

static char *put_in_path(const struct making *making, const char *text, const char *base)
{
	char *marked = mark(text);
	char *out =
		expand_path(marked, base, making->config, &making->instance,
			    making->made->account.name, making->made->account.home, making->err);

	free(marked);
	return out;
}

static int find_account(struct making *making)
{
	const char *text = making->instance.worker->options.user;
	char *user = NULL;
	int rc;

	if (text &&
	    !(user = expand_text(text, making->config, &making->instance, NULL, NULL, making->err)))
		return -1;
	rc = account_find(user, &making->made->account);
	if (rc < 0)
		(void)err_set(making->err, ERR_CONFIG, rc == -ENOENT ? 0 : -rc, "user '%s' %s",
			      user ? user : "(our own)",
			      rc == -ENOENT ? "does not exist" : "cannot be looked up");
	free(user);
	return rc < 0 ? -1 : 0;
}

static int add_word(const struct making *making, const char *word, bool is_first)
{
	bool is_home = is_first && word[0] == '~' && (word[1] == '/' || word[1] == '\0');
	char *text = is_home ? put_in_path(making, word, "/") : put_in(making, word);

	if (!text)
		return -1;
	strlist_take(&making->made->argv, text);
	return 0;
}

static int make_argv(const struct making *making)
{
	const struct worker_options *options = &making->instance.worker->options;
	struct strlist words = STRLIST_INIT;
	int rc;

	if (options->shell) {
		strlist_add(&making->made->argv, "/bin/sh");
		strlist_add(&making->made->argv, "-c");
		return add_word(making, options->command, false);
	}
	rc = expand_split(options->command, &words, making->err);
	for (size_t i = 0; rc == 0 && i < words.count; i++)
		rc = add_word(making, words.items[i], i == 0);
	strlist_free(&words);
	if (rc == 0 && (making->made->argv.count == 0 || making->made->argv.items[0][0] == '\0'))
		return err_set(making->err, ERR_CONFIG, 0, "command names no program");
	return rc;
}

static int make_environment(const struct making *making)
{
	const struct strlist *items = &making->instance.worker->options.environment;

	expand_base(&making->made->account, &making->made->base);
	for (size_t i = 0; i < items->count; i++) {
		size_t len = strcspn(items->items[i], "=") + 1;
		char *value = put_in(making, items->items[i] + len);

		if (!value)
			return -1;
		strlist_take(&making->made->environment,
			     mem_format("%.*s%s", (int)len, items->items[i], value));
		free(value);
	}
	return 0;
}

static int make_paths(const struct making *making)
{
	const struct worker_options *options = &making->instance.worker->options;
	struct exportworker *made = making->made;
	const char *env_file = options->env_file;

	made->directory = put_in_path(making, options->directory ? options->directory : "~",
				      made->account.home);
	if (!made->directory)
		return -1;
	made->is_env_file_optional = env_file && env_file[0] == '-';
	if (env_file && !(made->env_file = put_in_path(
				  making, env_file + made->is_env_file_optional, made->directory)))
		return -1;
	return 0;
}

static int make_others(const struct making *making)
{
	const struct worker_options *options = &making->instance.worker->options;
	struct exportworker *made = making->made;

	if (options->pidfile &&
	    !(made->pidfile = put_in_path(making, options->pidfile, made->directory)))
		return -1;
	if (options->group && !(made->group = put_in(making, options->group)))
		return -1;
	return 0;
}

static bool is_word(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

static int make_logs(const struct making *making)
{
	const struct worker_options *options = &making->instance.worker->options;
	struct exportworker *made = making->made;
	const char *log_dir = making->config->log_dir;

	if (options->stdout_logfile && !is_word(options->stdout_logfile, "none") &&
	    !(made->stdout_logfile = put_in_path(making, options->stdout_logfile, log_dir)))
		return -1;
	made->is_stderr_same = !options->stderr_logfile || is_word(options->stderr_logfile, "same");
	if (!made->is_stderr_same && !is_word(options->stderr_logfile, "none") &&
	    !(made->stderr_logfile = put_in_path(making, options->stderr_logfile, log_dir)))
		return -1;
	return 0;
}

int exportworker_make(const struct config *config, const struct worker *worker,
		      struct exportworker *made, struct err *err)
{
	struct making making = { .config = config,
				 .instance = { .name = worker->name, .worker = worker },
				 .made = made,
				 .err = err };

	*made = (struct exportworker){ .worker = worker };
	if (find_account(&making) == 0 && make_argv(&making) == 0 &&
	    make_environment(&making) == 0 && make_paths(&making) == 0 && make_logs(&making) == 0 &&
	    make_others(&making) == 0)
		return 0;
	exportworker_free(made);
	return err_wrap(err, "%s:%d: worker '%s'", worker->file, worker->line, worker->name);
}

void exportworker_free(struct exportworker *made)
{
	account_free(&made->account);
	strlist_free(&made->argv);
	free(made->directory);
	strlist_free(&made->base);
	strlist_free(&made->environment);
	free(made->env_file);
	free(made->pidfile);
	free(made->group);
	free(made->stdout_logfile);
	free(made->stderr_logfile);
	*made = (struct exportworker){ .worker = NULL };
}

/* ---- looking at it ------------------------------------------------------------------------ */

static bool is_known(const char *const *known, const char *name)
{
	for (; *known; known++)
		if (strcmp(*known, name) == 0)
			return true;
	return false;
}

void exportworker_others(const struct worker *worker, const char *const *known,
			 struct strlist *names)
{
	struct worker_options defaults;

	options_init(&defaults);
	for (const struct option_spec *option = option_table; option->name; option++)
		if (option->kind != OPTION_LATER && !is_known(known, option->name) &&
		    !confprint_is_same(option, &worker->options, &defaults))
			strlist_add(names, option->name);
	options_free(&defaults);
}
