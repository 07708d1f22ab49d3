/* SPDX-License-Identifier: ISC */
/* worker: what may be a worker's name, and which options go together. */
#include "watchdog/model/worker.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/model/option.h"

/* Decodes the UTF-8 character that TEXT begins with. Returns its length, or 0 where it is none:
 * cut, overlong, a surrogate, or beyond Unicode. */
static size_t decode(const char *text, uint32_t *character)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char lead = (unsigned char)text[0];
	size_t len = 0;

	if (lead < 0x80)
		len = 1;
	else if ((lead & 0xE0) == 0xC0)
		len = 2;
	else if ((lead & 0xF0) == 0xE0)
		len = 3;
	else if ((lead & 0xF8) == 0xF0)
		len = 4;
	if (len == 0)
		return 0;
	uint32_t value = len == 1 ? lead : lead & (0x7FU >> len);
	for (size_t i = 1; i < len; i++) {
		unsigned char next = (unsigned char)text[i];
		if ((next & 0xC0) != 0x80)
			return 0;
		value = value << 6 | (next & 0x3FU);
	}
	if (value < least[len] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
		return 0;
	*character = value;
	return len;
}

static bool is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7F && character <= 0x9F);
}

/* Unicode's White_Space, but for what is_control has. */
static bool is_space(uint32_t character)
{
	static const uint32_t spaces[] = { 0x20,   0xA0,   0x1680, 0x2028,
					   0x2029, 0x202F, 0x205F, 0x3000 };

	if (character >= 0x2000 && character <= 0x200A)
		return true;
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++)
		if (character == spaces[i])
			return true;
	return false;
}

/* What nearly all names are made of: each round asks for each name. */
static bool is_plain(char character)
{
	return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
	       (character >= '0' && character <= '9') || character == '_' || character == '-';
}

static const char *refuse_characters(const char *name)
{
	uint32_t character;
	size_t len;

	for (; *name != '\0'; name += len) {
		len = 1;
		if (is_plain(*name))
			continue;
		len = decode(name, &character);
		if (len == 0)
			return "must be valid UTF-8";
		if (is_control(character))
			return "must not contain control characters";
		if (is_space(character))
			return "must not contain white space";
		if (character < 0x80 && strchr("/:*?[]\\\"'`", (int)character))
			return "must not contain any of / : * ? [ ] \\ \" ' `";
	}
	return NULL;
}

static const char *refuse_name(const char *name)
{
	if (name[0] == '\0')
		return "must not be empty";
	if (strlen(name) > WORKER_NAME_MAX)
		return "must not be longer than 64 bytes";
	if (name[0] == '.' || name[0] == '-')
		return "must not start with . or -";
	if (name[0] == '@')
		return "must not start with @: that is how a group is named as a target";
	return refuse_characters(name);
}

bool worker_name_is_valid(const char *name, const char **why)
{
	const char *refusal = refuse_name(name);

	if (!refusal)
		return true;
	*why = refusal;
	return false;
}

static const char *check_command(const struct worker_options *options)
{
	const char *command = options->command;

	if (!command || command[strspn(command, " \t\r\n\v\f")] == '\0')
		return "command is missing: say what this worker executes";
	return NULL;
}

static const char *check_numbers(const struct worker_options *options)
{
	if (options->numprocs_start > INT32_MAX - options->numprocs)
		return "numprocs_start and numprocs together exceed 2147483647: lower "
		       "numprocs_start";
	return NULL;
}

static const char *check_environment(const struct worker_options *options, char *buf, size_t size)
{
	static const char ours[] = "CRONHERD_";

	for (size_t i = 0; i < options->environment.count; i++) {
		const char *item = options->environment.items[i];
		if (strncmp(item, ours, sizeof(ours) - 1) != 0)
			continue;
		(void)snprintf(buf, size,
			       "environment must not set %.*s: names that start with CRONHERD_ are "
			       "cronherd's own; choose another",
			       (int)strcspn(item, "="), item);
		return buf;
	}
	return NULL;
}

/* Whether TEXT has %i in it, padded or not, and not only behind a %. */
static bool tells_instances_apart(const char *text)
{
	for (text = strchr(text, '%'); text; text = strchr(text, '%')) {
		text++;
		size_t digits = strspn(text, "0123456789");
		if (text[digits] == 'i')
			return true;
		if (*text == '%')
			text++;
	}
	return false;
}

static const char *check_type(const struct worker_options *options)
{
	if (options->type != WORKER_FORKING)
		return options->pidfile
			       ? "pidfile is only for type = forking (cronherd keeps its own): set "
				 "that, or take pidfile out"
			       : NULL;
	if (!options->pidfile)
		return "type = forking needs pidfile: name the file that the worker writes its "
		       "pid to";
	if (options->numprocs > 1 && !tells_instances_apart(options->pidfile))
		return "type = forking with numprocs above 1 needs a pidfile of its own for each "
		       "instance: put %i into pidfile";
	return NULL;
}

static const char *check_after(const struct worker *worker)
{
	if (strlist_has(&worker->options.after, worker->name))
		return "after must not name the worker itself: take it out";
	return NULL;
}

static const char *check_pairs(const struct worker_options *options)
{
	if (options->restart_delay_max_ms < options->restart_delay_ms)
		return "restart_delay_max is less than restart_delay: raise it";
	if (options->memory_max_bytes != OPTION_NONE &&
	    options->memory_limit_bytes != OPTION_NONE &&
	    options->memory_max_bytes < options->memory_limit_bytes)
		return "memory_max (killed at once) is less than memory_limit (restarted "
		       "gracefully), which could never act: raise memory_max or lower memory_limit";
	return NULL;
}

static const char *check_vitals(const struct worker_options *options)
{
	if (!options->heartbeat_file != (options->heartbeat_timeout_ms == OPTION_NONE))
		return "heartbeat_file and heartbeat_timeout go together: set both or neither";
	if (options->reload_signal != OPTION_NONE && options->restart_on_change.count == 0)
		return "reload_signal says what to do when a file of restart_on_change changes: name "
		       "some there, or take it out";
	return NULL;
}

/* Names of what some process has open, which is another thing for each that looks. */
static bool is_open_file_of_somebody(const char *path)
{
	static const char *const prefixes[] = { "/dev/stdout", "/dev/stderr",	     "/dev/fd/",
						"/proc/self/", "/proc/thread-self/", "/proc/1/fd/" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(path, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static const char *check_logfiles(const struct worker_options *options)
{
	if (is_open_file_of_somebody(options->stdout_logfile) ||
	    is_open_file_of_somebody(options->stderr_logfile))
		return "stdout_logfile and stderr_logfile must be files: a worker has no caller whose "
		       "output it could share; name a file (or none), and have `cronherd logs -f` "
		       "print it, in a container as well";
	if (strcmp(options->stdout_logfile, "same") == 0)
		return "stdout_logfile must not be \"same\": only stderr_logfile can follow the "
		       "other; name a file, or none";
	return NULL;
}

const char *worker_check(const struct worker *worker, char *buf, size_t size)
{
	const struct worker_options *options = &worker->options;
	const char *why = check_command(options);

	if (!why)
		why = check_numbers(options);
	if (!why)
		why = check_environment(options, buf, size);
	if (!why)
		why = check_type(options);
	if (!why)
		why = check_after(worker);
	if (!why)
		why = check_pairs(options);
	if (!why)
		why = check_vitals(options);
	if (!why)
		why = check_logfiles(options);
	return why;
}

void worker_free(struct worker *worker)
{
	free(worker->name);
	free(worker->file);
	options_free(&worker->options);
	worker->name = NULL;
	worker->file = NULL;
}
