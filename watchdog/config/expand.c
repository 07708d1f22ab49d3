/* SPDX-License-Identifier: ISC */
/* expand: from values as written to values as used. Starts nothing. */
#include "watchdog/config/expand.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/units.h"
#include "watchdog/config/envfile.h"
#include "watchdog/config/nameindex.h"

/* What values are expanded for. */
struct subject {
	const struct config *config;
	const struct instance *instance; /* these three may be NULL */
	const char *user;
	const char *home;
};

/* ---- sequences ------------------------------------------------------------ */

/* The number behind "%0" and before "i" at AT, or 0 where no such thing stands there. */
static int padding(const char *at)
{
	int64_t width;
	size_t len = strspn(at, "0123456789");

	if (at[0] != '0' || len < 2 || len > 3 || at[len] != 'i')
		return 0;
	char digits[4] = { 0 };
	memcpy(digits, at, len);
	return units_parse_int(digits + 1, 1, 20, &width) == 0 ? (int)width : 0;
}

static void add_host(struct str *out)
{
	struct utsname host;

	str_add(out, uname(&host) == 0 ? host.nodename : "localhost");
}

static void add_folder(struct str *out, const char *main_file)
{
	const char *slash = strrchr(main_file, '/');

	if (slash && slash > main_file)
		str_add_n(out, main_file, (size_t)(slash - main_file));
	else
		str_add(out, "/");
}

static const char *add_or_refuse(struct str *out, const char *text, const char *why)
{
	if (!text)
		return why;
	str_add(out, text);
	return NULL;
}

static const char *add_number(struct str *out, const struct subject *subject, int width)
{
	if (!subject->instance)
		return "there is no instance here";
	str_addf(out, "%0*d", width, subject->instance->number);
	return NULL;
}

/* What the sequence at AT (behind the %) stands for, to OUT; its length to LEN. Gives NULL, or
 * why not. */
static const char *add_sequence(struct str *out, const char *at, const struct subject *subject,
				size_t *len)
{
	*len = 1;
	switch (*at) {
	case '%':
		str_add(out, "%");
		return NULL;
	case 'n':
		return add_or_refuse(out, subject->instance ? subject->instance->name : NULL,
				     "there is no worker here");
	case 'i':
		return add_number(out, subject, 0);
	case '0':
		*len = 1 + strspn(at, "0123456789");
		return padding(at) > 0 ? add_number(out, subject, padding(at))
				       : "it must be %02i to %020i";
	case 'H':
		add_host(out);
		return NULL;
	case 'u':
		return add_or_refuse(out, subject->user, "the user is not known here");
	case 'h':
		return add_or_refuse(out, subject->home, "the home is not known here");
	case 'd':
		add_folder(out, subject->config->main_file);
		return NULL;
	default:
		return "known are %n %i %02i %H %u %h %d, and %% for a single one";
	}
}

static char *put_in(const char *text, const struct subject *subject, struct err *err)
{
	struct str out = STR_INIT;
	size_t len;

	for (const char *at = text; *at != '\0';) {
		size_t plain = strcspn(at, "%");
		str_add_n(&out, at, plain);
		at += plain;
		if (*at == '\0')
			break;
		const char *why = add_sequence(&out, at + 1, subject, &len);
		if (why) {
			(void)err_set(err, ERR_CONFIG, 0, "'%%%.*s' in '%s': %s",
				      (int)strnlen(at + 1, len), at + 1, text, why);
			str_free(&out);
			return NULL;
		}
		at += 1 + len;
	}
	return str_take(&out);
}

static char *join(const char *base, char *path)
{
	if (path[0] == '/')
		return path;

	char *joined = mem_format("%s/%s", strcmp(base, "/") == 0 ? "" : base, path);
	free(path);
	return joined;
}

/* What stands behind a leading "~/" or a lone "~", or NULL. */
static const char *behind_tilde(const char *text)
{
	if (text[0] != '~' || (text[1] != '/' && text[1] != '\0'))
		return NULL;
	return text[1] == '/' ? text + 2 : text + 1;
}

/* TEXT with its sequences and a leading ~/ put in. */
static char *put_in_tilde(const char *text, const struct subject *subject, struct err *err)
{
	const char *behind = behind_tilde(text);

	if (!behind)
		return put_in(text, subject, err);
	if (!subject->home) {
		(void)err_set(err, ERR_CONFIG, 0, "'~' in '%s': the home is not known here", text);
		return NULL;
	}
	char *rest = put_in(behind, subject, err);
	if (!rest)
		return NULL;
	if (rest[0] == '\0') {
		free(rest);
		return mem_dup(subject->home);
	}
	return join(subject->home, rest);
}

static char *put_in_path(const char *text, const char *base, const struct subject *subject,
			 struct err *err)
{
	char *path = put_in_tilde(text, subject, err);

	return path ? join(base, path) : NULL;
}

char *expand_text(const char *text, const struct config *config, const struct instance *instance,
		  const char *user, const char *home, struct err *err)
{
	struct subject subject = { config, instance, user, home };

	return put_in(text, &subject, err);
}

char *expand_path(const char *text, const char *base, const struct config *config,
		  const struct instance *instance, const char *user, const char *home,
		  struct err *err)
{
	struct subject subject = { config, instance, user, home };

	return put_in_path(text, base, &subject, err);
}

/* ---- words ---------------------------------------------------------------- */

/* Reads the quoted part at AT (at its quote) to WORD; gives what follows it, or NULL where it
 * stays open. */
static const char *quoted(const char *at, struct str *word)
{
	char quote = *at++;

	for (; *at != quote; at++) {
		if (*at == '\0')
			return NULL;
		if (quote == '"' && *at == '\\' && at[1] != '\0' && strchr("$`\"\\\n", at[1])) {
			at++;
			if (*at == '\n') /* a line goes on: nothing stands for it */
				continue;
		}
		str_add_n(word, at, 1);
	}
	return at + 1;
}

/* At a backslash outside quotes: it makes the next character an ordinary one, joins lines, and
 * at the very end is itself one. */
static const char *escaped(const char *at, struct str *word)
{
	if (at[1] == '\0')
		str_add(word, "\\");
	else if (at[1] != '\n')
		str_add_n(word, at + 1, 1);
	return at[1] == '\0' ? at + 1 : at + 2;
}

int expand_split(const char *command, struct strlist *argv, struct err *err)
{
	const char *at = command;
	struct str word = STR_INIT;
	bool inside = false; /* a word: it may be empty */

	while (at && *at != '\0') {
		if (strchr(" \t\n", *at)) {
			if (inside)
				strlist_take(argv, str_take(&word));
			inside = false;
			at++;
			continue;
		}
		/* A joined line alone is no word. */
		inside = inside || !(at[0] == '\\' && at[1] == '\n');
		if (*at == '\'' || *at == '"')
			at = quoted(at, &word);
		else if (*at == '\\')
			at = escaped(at, &word);
		else
			str_add_n(&word, at++, 1);
	}
	if (at && inside)
		strlist_take(argv, str_take(&word));
	str_free(&word);
	return at ? 0 : err_set(err, ERR_CONFIG, 0, "command '%s': a quote is not closed", command);
}

/* ---- an instance ---------------------------------------------------------- */

static int find_account(const struct worker_options *options, struct subject *subject,
			struct account *account, struct err *err)
{
	char *user = NULL;

	if (options->user && !(user = put_in(options->user, subject, err)))
		return -1;
	int rc = account_find(user, account);
	if (rc < 0)
		(void)err_set(err, ERR_CONFIG, rc == -ENOENT ? 0 : -rc, "user '%s' %s",
			      user ? user : "(our own)",
			      rc == -ENOENT ? "does not exist" : "cannot be looked up");
	free(user);
	if (rc < 0)
		return -1;
	subject->user = account->name;
	subject->home = account->home;
	return 0;
}

static int find_group(const struct worker_options *options, const struct subject *subject,
		      gid_t *gid, struct err *err)
{
	if (!options->group)
		return 0;

	struct subject without_user = { .config = subject->config, .instance = subject->instance };
	char *group = put_in(options->group, &without_user, err);
	if (!group)
		return -1;
	int rc = account_group(group, gid);
	if (rc < 0)
		(void)err_set(err, ERR_CONFIG, rc == -ENOENT ? 0 : -rc, "group '%s' %s", group,
			      rc == -ENOENT ? "does not exist" : "cannot be looked up");
	free(group);
	return rc < 0 ? -1 : 0;
}

/* Puts sequences into each word, and the home into the first. */
static int expand_words(const struct strlist *words, const struct subject *subject,
			struct strlist *argv, struct err *err)
{
	for (size_t i = 0; i < words->count; i++) {
		char *word = i == 0 ? put_in_tilde(words->items[i], subject, err)
				    : put_in(words->items[i], subject, err);
		if (!word)
			return -1;
		strlist_take(argv, word);
	}
	if (argv->count == 0 || argv->items[0][0] == '\0')
		return err_set(err, ERR_CONFIG, 0, "command names no program");
	return 0;
}

static int make_argv(const struct worker_options *options, const struct subject *subject,
		     struct strlist *argv, struct err *err)
{
	struct strlist words = STRLIST_INIT;

	if (options->shell) {
		char *command = put_in(options->command, subject, err);
		if (!command)
			return -1;
		strlist_add(argv, "/bin/sh");
		strlist_add(argv, "-c");
		strlist_take(argv, command);
		return 0;
	}
	int rc = expand_split(options->command, &words, err);
	if (rc == 0)
		rc = expand_words(&words, subject, argv, err);
	strlist_free(&words);
	return rc;
}

static int make_environment(const struct worker_options *options, const struct subject *subject,
			    struct strlist *environment, struct err *err)
{
	for (size_t i = 0; i < options->environment.count; i++) {
		const char *item = options->environment.items[i];
		size_t name_len = strcspn(item, "=");
		char *value = put_in(item + name_len + (item[name_len] == '='), subject, err);
		if (!value)
			return err_wrap(err, "environment");
		strlist_take(environment, mem_format("%.*s=%s", (int)name_len, item, value));
		free(value);
	}
	return 0;
}

/* The path TEXT (may be NULL) as option NAME to *PATH. */
static int make_path(const char *name, const char *text, const char *base,
		     const struct subject *subject, char **path, struct err *err)
{
	if (!text)
		return 0;
	*path = put_in_path(text, base, subject, err);
	return *path ? 0 : err_wrap(err, "%s", name);
}

static int make_paths(const struct worker_options *options, const struct subject *subject,
		      struct expanded *expanded, struct err *err)
{
	const char *env_file = options->env_file;

	if (make_path("directory", options->directory ? options->directory : "~", subject->home,
		      subject, &expanded->directory, err) != 0)
		return -1;
	if (env_file && env_file[0] == '-') {
		expanded->env_file_optional = 1;
		env_file++;
	}
	if (make_path("env_file", env_file, expanded->directory, subject, &expanded->env_file,
		      err) != 0)
		return -1;
	if (make_path("pidfile", options->pidfile, expanded->directory, subject, &expanded->pidfile,
		      err) != 0 ||
	    make_path("heartbeat_file", options->heartbeat_file, expanded->directory, subject,
		      &expanded->heartbeat_file, err) != 0)
		return -1;
	for (size_t i = 0; i < options->restart_on_change.count; i++) {
		char *path = NULL;

		if (make_path("restart_on_change", options->restart_on_change.items[i],
			      expanded->directory, subject, &path, err) != 0)
			return -1;
		strlist_take(&expanded->restart_on_change, path);
	}
	return 0;
}

/* What is written for the log WHICH, or NULL for none. */
static const char *logfile_text(const struct worker_options *options, int which)
{
	const char *text = options->stdout_logfile;

	if (which == 2 && options->stderr_logfile && strcmp(options->stderr_logfile, "same") != 0)
		text = options->stderr_logfile;
	return text && strcmp(text, "none") != 0 ? text : NULL;
}

static int make_logfiles(const struct worker_options *options, const struct subject *subject,
			 struct expanded *expanded, struct err *err)
{
	const char *log_dir = subject->config->log_dir;

	if (make_path("stdout_logfile", logfile_text(options, 1), log_dir, subject,
		      &expanded->stdout_logfile, err) != 0)
		return -1;
	return make_path("stderr_logfile", logfile_text(options, 2), log_dir, subject,
			 &expanded->stderr_logfile, err);
}

static int expand_all(struct subject *subject, struct expanded *expanded, struct err *err)
{
	const struct worker_options *options = &subject->instance->worker->options;

	if (find_account(options, subject, &expanded->account, err) != 0)
		return -1;
	expanded->gid = expanded->account.gid;
	if (find_group(options, subject, &expanded->gid, err) != 0 ||
	    make_argv(options, subject, &expanded->argv, err) != 0 ||
	    make_environment(options, subject, &expanded->environment, err) != 0 ||
	    make_paths(options, subject, expanded, err) != 0)
		return -1;
	return make_logfiles(options, subject, expanded, err);
}

static int wrap_place(const struct instance *instance, struct err *err)
{
	return err_wrap(err, "%s:%d: worker '%s'", instance->worker->file, instance->worker->line,
			instance->name);
}

int expand_instance(const struct config *config, const struct instance *instance,
		    struct expanded *expanded, struct err *err)
{
	struct subject subject = { .config = config, .instance = instance };

	*expanded = (struct expanded){ .directory = NULL };
	if (expand_all(&subject, expanded, err) == 0)
		return 0;
	expanded_free(expanded);
	return wrap_place(instance, err);
}

void expanded_free(struct expanded *expanded)
{
	account_free(&expanded->account);
	strlist_free(&expanded->argv);
	strlist_free(&expanded->environment);
	free(expanded->directory);
	free(expanded->env_file);
	free(expanded->pidfile);
	free(expanded->heartbeat_file);
	strlist_free(&expanded->restart_on_change);
	free(expanded->stdout_logfile);
	free(expanded->stderr_logfile);
	*expanded = (struct expanded){ .directory = NULL };
}

/* Looking a user up is dear beside all else that a healthy round does. */
static bool asks_for_account(const char *text)
{
	return strstr(text, "%u") || strstr(text, "%h") || behind_tilde(text);
}

int expand_owner(const struct config *config, const struct instance *instance, uid_t *owner,
		 struct err *err)
{
	struct expanded expanded;

	*owner = geteuid();
	if (!instance->worker->options.user)
		return 0;
	if (expand_instance(config, instance, &expanded, err))
		return -1;
	*owner = expanded.account.uid;
	expanded_free(&expanded);
	return 0;
}

char *expand_logfile(const struct config *config, const struct instance *instance, int which,
		     struct err *err)
{
	const struct worker_options *options = &instance->worker->options;
	const char *text = logfile_text(options, which);
	struct subject subject = { .config = config, .instance = instance };
	struct account account = { .name = NULL };
	char *path = NULL;

	if (!text)
		return NULL;
	if (!asks_for_account(text) || find_account(options, &subject, &account, err) == 0)
		path = put_in_path(text, config->log_dir, &subject, err);
	account_free(&account);
	if (!path)
		(void)wrap_place(instance, err);
	return path;
}

/* ---- environment ---------------------------------------------------------- */

/* A list of "K=V" in which each name stands once, at the place where it first stood. */
struct environ_list {
	struct strlist *list;
	struct nameindex index;
};

static void put(struct environ_list *env, char *item)
{
	size_t len = strcspn(item, "=");
	size_t at;

	if (!nameindex_find(&env->index, item, len, &at)) {
		nameindex_put(&env->index, item, len, env->list->count);
		strlist_take(env->list, item);
		return;
	}
	nameindex_put(&env->index, item, len, at);
	free(env->list->items[at]);
	env->list->items[at] = item;
}

static void put_pair(struct environ_list *env, const char *name, const char *value)
{
	put(env, mem_format("%s=%s", name, value));
}

static void put_all(struct environ_list *env, const struct strlist *items)
{
	for (size_t i = 0; i < items->count; i++)
		put(env, mem_dup(items->items[i]));
}

void expand_base(const struct account *account, struct strlist *environment)
{
	strlist_take(environment, mem_format("HOME=%s", account->home));
	strlist_take(environment, mem_format("USER=%s", account->name));
	strlist_take(environment, mem_format("LOGNAME=%s", account->name));
	strlist_take(environment, mem_format("SHELL=%s", account->shell));
	strlist_take(environment,
		     mem_format("PATH=%s", account->uid == 0
						   ? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
						   : "/usr/local/bin:/usr/bin:/bin"));
	strlist_add(environment, "LANG=C.UTF-8");
}

static void put_base(struct environ_list *env, const struct account *account)
{
	struct strlist items = STRLIST_INIT;

	expand_base(account, &items);
	put_all(env, &items);
	strlist_free(&items);
}

static int put_file(struct environ_list *env, const struct instance *instance,
		    const struct expanded *expanded, struct err *err)
{
	struct strlist items = STRLIST_INIT;

	if (!expanded->env_file)
		return 0;
	int rc = envfile_read_for(expanded->env_file, expanded->env_file_optional != 0, &expanded->account,
				  expanded->gid, &items, err);
	if (rc == 0)
		put_all(env, &items);
	else
		(void)err_wrap(err, "worker '%s': env_file", instance->name);
	strlist_free(&items);
	return rc;
}

int expand_environment(const struct config *config, const struct instance *instance,
		       const struct expanded *expanded, struct strlist *environment,
		       struct err *err)
{
	struct environ_list env = { .list = environment };
	char id[INSTANCE_ID_SIZE];

	*environment = (struct strlist)STRLIST_INIT;
	put_base(&env, &expanded->account);
	int rc = put_file(&env, instance, expanded, err);
	if (rc == 0) {
		put_all(&env, &expanded->environment);
		put_pair(&env, "CRONHERD_ID", instance_id(instance, id));
		put_pair(&env, "CRONHERD_STATE_DIR", config->state_dir);
	} else {
		strlist_free(environment);
	}
	nameindex_free(&env.index);
	return rc;
}
