/* SPDX-License-Identifier: ISC */
#include "watchdog/import/unitexec.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/signame.h"
#include "watchdog/base/utf8.h"
#include "watchdog/config/envfile.h"
#include "watchdog/config/nameindex.h"
#include "watchdog/import/pyformat.h"
#include "watchdog/import/shellwords.h"
#include "watchdog/import/unitwords.h"

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

/* ---- environment -------------------------------------------------------------------------- */

static void add_variables(struct unitservice *service, const struct unitfile_assignment *assignment)
{
	struct strlist words = STRLIST_INIT;
	const char *why = unitwords_split(assignment->text, &words);

	if (why)
		unitservice_warn(service, assignment, "%s", why);
	for (size_t i = 0; i < words.count; i++) {
		char *item = unitservice_expand(service, assignment, words.items[i]);

		if (item && strncmp(item, "CRONHERD_", 9) == 0)
			unitservice_warn(service, assignment,
					 "names that begin with CRONHERD_ are our own");
		else if (item)
			(void)unitservice_set(service, "environment", item, assignment);
		free(item);
	}
	strlist_free(&words);
}

/* The later one wins. */
static void drop_doubles(struct importer_worker *worker)
{
	struct strlist *items = &worker->options.environment;
	struct strlist kept = STRLIST_INIT;
	struct nameindex last = NAMEINDEX_INIT;
	size_t which = 0;

	for (size_t i = 0; i < items->count; i++)
		nameindex_put(&last, items->items[i], strcspn(items->items[i], "="), i);
	for (size_t i = 0; i < items->count; i++)
		if (nameindex_find(&last, items->items[i], strcspn(items->items[i], "="), &which) &&
		    which == i)
			strlist_add(&kept, items->items[i]);
	nameindex_free(&last);
	strlist_free(items);
	*items = kept;
}

static bool has_name(const struct strlist *items, const char *item)
{
	size_t len = strcspn(item, "=") + 1;

	for (size_t i = 0; i < items->count; i++)
		if (strncmp(items->items[i], item, len) == 0)
			return true;
	return false;
}

/* A file of systemd's wins over Environment, ours does not. PATH is there, or was said to be
 * optional. */
static void compare_file(struct unitservice *service, const struct unitfile_assignment *assignment,
			 const char *path)
{
	struct strlist items = STRLIST_INIT;
	struct err err = ERR_INIT;

	if (access(path, F_OK) == 0 && envfile_read(path, true, &items, &err) != 0) {
		unitservice_warn(service, assignment, "%s: it is left out until that is mended",
				 err.text);
		importer_unset(service->worker, "env_file");
	}
	for (size_t i = 0; i < items.count; i++)
		if (has_name(&service->worker->options.environment, items.items[i]))
			unitservice_warn(service, assignment,
					 "%.*s is set by Environment, too, and that wins here",
					 (int)strcspn(items.items[i], "="), items.items[i]);
	strlist_free(&items);
}

static void set_file(struct unitservice *service, const struct unitfile_assignment *assignment)
{
	char *path = unitservice_expand(service, assignment, assignment->text);

	if (path && importer_is_set(service->worker, "env_file")) {
		unitservice_warn(service, assignment,
				 "a worker has one env_file, and this is not the first");
	} else if (path && unitservice_set(service, "env_file", path, assignment)) {
		const char *plain = path + (path[0] == '-');

		if (*plain != '/' || pyformat_is_marked(plain))
			unitservice_warn(service, assignment,
					 "must be an absolute path to be looked at now");
		else
			compare_file(service, assignment, plain);
	}
	free(path);
}

void unitexec_environment(struct unitservice *service)
{
	const struct unitfile_assignment *assignment;
	size_t at = 0;

	while ((assignment = unitfile_next(service->unit, "Service", "Environment", &at)))
		add_variables(service, assignment);
	drop_doubles(service->worker);
	at = 0;
	while ((assignment = unitfile_next(service->unit, "Service", "EnvironmentFile", &at)))
		set_file(service, assignment);
}

/* ---- variables in commands ---------------------------------------------------------------- */

/* The name at AT, behind a "$"; *LEN: of all of it, braces too. NULL where there is none. */
static char *name_at(const char *at, size_t *len)
{
	bool has_brace = *at == '{';
	size_t name_len = strspn(at + has_brace, letters);
	bool is_number = at[has_brace] >= '0' && at[has_brace] <= '9';

	if (name_len == 0 || is_number || (has_brace && at[1 + name_len] != '}'))
		return NULL;
	*len = name_len + (has_brace ? 2 : 0);
	return mem_dup_n(at + has_brace, name_len);
}

/* As systemd has it: "${NAME}" anywhere, "$NAME" as a word of its own. */
static bool has_variable(const char *word)
{
	size_t len;

	for (const char *at = strchr(word, '$'); at; at = strchr(at, '$')) {
		if (at[1] == '$') {
			at += 2;
			continue;
		}
		char *name = name_at(at + 1, &len);
		bool is_one = name && (at[1] == '{' || (at == word && word[1 + len] == '\0'));
		free(name);
		if (is_one)
			return true;
		at++;
	}
	return false;
}

/* WORD as a shell must have it, so that it puts the same variables in. */
static void add_for_shell(const char *word, struct str *out)
{
	struct str plain = STR_INIT;
	size_t len;

	if (word[0] == '$' && word[1] != '{' && has_variable(word)) {
		str_add(out, word); /* may become several words, as with systemd */
		return;
	}
	while (*word) {
		char *name = word[0] == '$' && word[1] == '{' ? name_at(word + 1, &len) : NULL;

		if (!name) {
			str_add_n(&plain, word, 1);
			word += word[0] == '$' && word[1] == '$' ? 2 : 1;
			continue;
		}
		if (plain.len)
			shellwords_quote(str_text(&plain), out);
		str_free(&plain);
		str_addf(out, "\"${%s}\"", name);
		word += 1 + len;
		free(name);
	}
	if (plain.len)
		shellwords_quote(str_text(&plain), out);
	str_free(&plain);
}

/* WORD with "$$" as "$". */
static char *undouble(const char *word)
{
	struct str out = STR_INIT;

	for (; *word; word++) {
		str_add_n(&out, word, 1);
		word += word[0] == '$' && word[1] == '$';
	}
	return str_take(&out);
}

/* ---- commands ----------------------------------------------------------------------------- */

struct command {
	bool ignores_failure; /* "-" */
	bool has_name;	      /* "@": the second word is argv[0] */
	bool is_literal;      /* ":": no variables */
	bool is_privileged;   /* "+", "!", "!!": the user is not changed */
	struct strlist words; /* with specifiers put in */
};

static const char *read_prefixes(const char *text, struct command *command)
{
	for (;; text++) {
		if (*text == '-')
			command->ignores_failure = true;
		else if (*text == '@')
			command->has_name = true;
		else if (*text == ':')
			command->is_literal = true;
		else if (*text == '+' || *text == '!')
			command->is_privileged = true;
		else
			return text;
	}
}

static void drop_word(struct strlist *words, size_t which)
{
	struct strlist left = STRLIST_INIT;

	for (size_t i = 0; i < words->count; i++)
		if (i != which)
			strlist_add(&left, words->items[i]);
	strlist_free(words);
	*words = left;
}

/* False where it is no command; that is said. */
static bool read_command(struct unitservice *service, const struct unitfile_assignment *assignment,
			 struct command *command)
{
	struct strlist words = STRLIST_INIT;
	const char *why = unitwords_split(read_prefixes(assignment->text, command), &words);
	bool is_right = !why && words.count > 0;

	if (!is_right)
		unitservice_warn(service, assignment, "%s", why ? why : "names no program");
	for (size_t i = 0; i < words.count && is_right; i++) {
		if (strcmp(words.items[i], UNITWORDS_END) == 0) {
			unitservice_warn(
				service, assignment,
				"a worker has one command: what stands behind ';' is left out");
			break;
		}
		char *word = unitservice_expand(service, assignment, words.items[i]);
		is_right = word != NULL;
		if (word)
			strlist_take(&command->words, word);
	}
	strlist_free(&words);
	if (is_right && command->has_name && command->words.count > 1) {
		unitservice_warn(service, assignment, "the name %s for the process (@) is left out",
				 command->words.items[1]);
		drop_word(&command->words, 1);
	}
	return is_right && command->words.count > 0;
}

static char *join(const struct command *command, bool is_shell)
{
	struct str text = STR_INIT;

	str_add(&text, is_shell ? "exec" : "");
	for (size_t i = 0; i < command->words.count; i++) {
		char *word = command->is_literal ? mem_dup(command->words.items[i])
						 : undouble(command->words.items[i]);

		str_add(&text, text.len ? " " : "");
		if (is_shell)
			add_for_shell(command->words.items[i], &text);
		else
			shellwords_quote(word, &text);
		free(word);
	}
	return str_take(&text);
}

static bool asks_for_variables(const struct command *command)
{
	for (size_t i = 0; i < command->words.count && !command->is_literal; i++)
		if (has_variable(command->words.items[i]))
			return true;
	return false;
}

static void set_command(struct unitservice *service, const struct unitfile_assignment *assignment,
			const struct command *command)
{
	bool is_shell = asks_for_variables(command);
	char *text = join(command, is_shell);

	if (unitservice_set(service, "command", text, assignment) && is_shell)
		(void)unitservice_set(service, "shell", "true", assignment);
	if (command->ignores_failure)
		unitservice_warn(service, assignment,
				 "'-': an exit code other than 0 is not taken for a good one here");
	if (command->is_privileged && service->worker->options.user) {
		unitservice_warn(service, assignment,
				 "'+' or '!': it runs as who runs cronherd, not as User");
		importer_unset(service->worker, "user");
		importer_unset(service->worker, "group");
	}
	free(text);
}

void unitexec_start(struct unitservice *service)
{
	const struct unitfile_assignment *assignment, *first = NULL;
	struct command command = { .is_literal = false };
	size_t at = 0;

	while ((assignment = unitfile_next(service->unit, "Service", "ExecStart", &at))) {
		if (first)
			unitservice_warn(service, assignment,
					 "a worker has one command, and this is not the first");
		else
			first = assignment;
	}
	if (first && read_command(service, first, &command))
		set_command(service, first, &command);
	strlist_free(&command.words);
}

/* ---- reloading ---------------------------------------------------------------------------- */

/* The signal that WORDS ("kill -HUP $MAINPID") send, or 0. */
static int signal_of(const struct strlist *words)
{
	const char *slash = words->count ? strrchr(words->items[0], '/') : NULL;
	const char *base = words->count ? (slash ? slash + 1 : words->items[0]) : "";
	const char *name = NULL;

	if (strcmp(base, "kill") != 0 || words->count < 3 ||
	    !strstr(words->items[words->count - 1], "MAINPID"))
		return 0;
	if (words->count == 4 &&
	    (strcmp(words->items[1], "-s") == 0 || strcmp(words->items[1], "--signal") == 0))
		name = words->items[2];
	else if (words->count == 3 && words->items[1][0] == '-')
		name = words->items[1] + 1;
	return name && signame_parse(name) > 0 ? signame_parse(name) : 0;
}

void unitexec_reload(struct unitservice *service)
{
	const struct unitfile_assignment *assignment;
	struct command command = { .is_literal = false };
	size_t at = 0;
	int sig = 0;

	while ((assignment = unitfile_next(service->unit, "Service", "ExecReload", &at))) {
		strlist_free(&command.words);
		if (read_command(service, assignment, &command))
			sig = signal_of(&command.words);
		if (sig > 0)
			unitservice_warn(service, assignment,
					 "add restart_on_change = {files that matter} and "
					 "reload_signal = %s to have it sent; "
					 "`cronherd signal %s %s` sends it by hand",
					 signame_text(sig), signame_text(sig),
					 service->worker->name);
		else
			unitservice_warn(service, assignment,
					 "%.200s: reloading is a signal here, and this is none",
					 assignment->text);
	}
	strlist_free(&command.words);
}
