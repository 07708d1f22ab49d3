/* SPDX-License-Identifier: ISC */
#include "watchdog/import/procfile.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/units.h"
#include "watchdog/config/envfile.h"
#include "watchdog/import/shellcommand.h"
#include "watchdog/import/superscope.h"
#include "watchdog/import/textfile.h"

/* Foreman gives each kind of process a port of its own. */
#define PORT_FIRST 5000
#define PORT_STEP  100

struct procfile {
	struct importer *importer;
	struct importer_place place;
	const char *folder;
	bool has_env_file;
	int64_t port; /* of the first kind of process */
	int kinds;
};

/* Whether COMMAND asks for $PORT. */
static bool asks_for_port(const char *command)
{
	return strstr(command, "$PORT") || strstr(command, "${PORT");
}

static void set_port(const struct procfile *procfile, struct importer_worker *worker)
{
	char *item =
		mem_format("PORT=%lld", (long long)procfile->port + PORT_STEP * procfile->kinds);

	if (importer_set(procfile->importer, worker, "environment", item, procfile->place, "PORT"))
		importer_warn(procfile->importer, worker, procfile->place,
			      "%s asks for PORT: it is what Foreman would give it; another "
			      "instance cannot have the same",
			      worker->name);
	free(item);
}

static void set_command(const struct procfile *procfile, struct importer_worker *worker,
			const char *line)
{
	bool is_shell;
	char *command = shellcommand_make(line, &is_shell);
	char *text = importer_literal(command);

	(void)importer_set(procfile->importer, worker, "command", text, procfile->place, "command");
	if (is_shell)
		(void)importer_set(procfile->importer, worker, "shell", "true", procfile->place,
				   "command");
	if (asks_for_port(command))
		set_port(procfile, worker);
	free(text);
	free(command);
}

static void add(struct procfile *procfile, const char *name, const char *command)
{
	struct importer *importer = procfile->importer;
	struct importer_worker *worker = importer_add(importer, name, procfile->place, name);
	char *folder = importer_literal(procfile->folder);

	if (worker) {
		(void)importer_set(importer, worker, "directory", folder, procfile->place,
				   "directory");
		set_command(procfile, worker, command);
		if (procfile->has_env_file)
			(void)importer_set(importer, worker, "env_file", "-.env", procfile->place,
					   "env_file");
		if (strcmp(name, "release") == 0 &&
		    importer_set(importer, worker, "enabled", "false", procfile->place, name))
			importer_warn(importer, worker, procfile->place,
				      "release: is run once for each release, so it is not kept; "
				      "call it when you deploy");
		(void)importer_accept(importer, worker, procfile->place); /* it says why */
	}
	procfile->kinds++;
	free(folder);
}

/* LINE: without its newline. */
static void read_line(struct procfile *procfile, char *line)
{
	size_t name_len =
		strspn(line, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	size_t len = strlen(line);
	char *command;

	while (len > 0 && strchr(" \t", line[len - 1]))
		line[--len] = '\0';
	if (len == 0 || line[0] == '#')
		return;
	command = line + name_len;
	if (name_len > 0 && *command == ':')
		command += 1 + strspn(command + 1, " \t");
	if (name_len == 0 || command == line + name_len || *command == '\0') {
		importer_warn(procfile->importer, NULL, procfile->place,
			      "'%.60s' is not of the form NAME: COMMAND, and is passed over", line);
		return;
	}
	command[-1] = '\0';
	line[name_len] = '\0';
	add(procfile, line, command);
}

/* Ours reads it at each start; what it would stumble over is better known now. */
static bool find_env_file(struct procfile *procfile)
{
	char *path = mem_format("%s/.env", procfile->folder);
	struct strlist items = STRLIST_INIT;
	struct err err = ERR_INIT;
	bool is_there = access(path, F_OK) == 0;

	if (is_there && envfile_read(path, true, &items, &err) != 0) {
		importer_warn(procfile->importer, NULL, (struct importer_place){ .file = NULL },
			      "%s: mend it, and add env_file = \"-.env\" to each worker", err.text);
		is_there = false;
	}
	for (size_t i = 0; i < items.count; i++)
		if (strncmp(items.items[i], "PORT=", 5) == 0)
			(void)units_parse_int(items.items[i] + 5, 1, 60000,
					      &procfile->port); /* else as it was */
	strlist_free(&items);
	free(path);
	return is_there;
}

static void read_lines(struct procfile *procfile, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		char *line = mem_dup_n(text, len);

		procfile->place.line++;
		read_line(procfile, line);
		free(line);
		text += len + (text[len] == '\n');
	}
}

static void import_file(struct importer *importer, const char *file)
{
	struct procfile procfile = { .importer = importer,
				     .place = { .file = file },
				     .port = PORT_FIRST };
	struct str text = STR_INIT;
	struct err err = ERR_INIT;
	char *folder = superscope_here(file);

	if (!folder) {
		importer_fail(importer, procfile.place, "the name of its directory is no text");
	} else if (textfile_read(file, &text, &err) != 0) {
		importer_fail(importer, (struct importer_place){ .file = NULL }, "%s", err.text);
	} else {
		procfile.folder = folder;
		procfile.has_env_file = find_env_file(&procfile);
		read_lines(&procfile, str_text(&text));
	}
	str_free(&text);
	free(folder);
}

void procfile_import(struct importer *importer, char *const *files, int count)
{
	for (int i = 0; i < count; i++)
		import_file(importer, files[i]);
}
