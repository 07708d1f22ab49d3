/* SPDX-License-Identifier: ISC */
#include "watchdog/config/conftell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watchdog/base/mem.h"
#include "watchdog/config/confpath.h"
#include "watchdog/config/secretfile.h"

/* ---- checking ----------------------------------------------------------------------------- */

struct check {
	const struct config *config;
	struct confsection *section;
	struct conferrors *errors;
};

static void refuse(struct check *check, const char *option, const char *why)
{
	struct confsection *section = check->section;

	conferrors_add(check->errors, section->file, confsection_line(section, option),
		       "%s '%s': option '%s': %s", confsection_word(section->kind), section->name,
		       option, why);
	section->is_broken = true;
}

/* The path at *PATH made absolute. */
static void put_in(struct check *check, const char *option, char **path)
{
	struct err why = ERR_INIT;
	char *whole = confpath_expand(check->config, *path, &why);

	if (!whole) {
		refuse(check, option, why.text);
		return;
	}
	free(*path);
	*path = whole;
}

/* Whether it holds certificates is found out when one is needed; that nobody will find it, now. */
static void check_ca_file(struct check *check, char **path)
{
	struct err why = ERR_INIT;
	struct stat st;

	if (!*path)
		return;
	put_in(check, "ca_file", path);
	if (check->section->is_broken)
		return;
	if (access(*path, R_OK) != 0 || stat(*path, &st) != 0)
		(void)err_set(&why, ERR_CONFIG, errno, "'%s' cannot be read", *path);
	else if (!S_ISREG(st.st_mode))
		(void)err_set(&why, ERR_CONFIG, 0, "'%s' is no regular file", *path);
	if (why.kind != ERR_NONE)
		refuse(check, "ca_file", why.text);
}

static void check_secrets(struct check *check, struct webhook_options *options)
{
	struct strlist secrets = STRLIST_INIT;
	struct err why = ERR_INIT;

	if (options->secret.count > 0 && check->section->is_exposed) {
		(void)err_set(&why, ERR_CONFIG, 0,
			      "others may read this file; run: chmod 600 '%s', or write it to a "
			      "file and name "
			      "that by secret_file",
			      check->section->file);
		refuse(check, "secret", why.text);
	}
	for (size_t i = 0; i < options->secret_file.count; i++)
		put_in(check, "secret_file", &options->secret_file.items[i]);
	if (check->section->is_broken)
		return;
	if (secretfile_secrets(options, &secrets, &why) != 0)
		refuse(check, options->secret_file.count > 0 ? "secret_file" : "secret", why.text);
	secretfile_wipe(&secrets);
}

void conftell_check(const struct config *config, struct confsection *sections, size_t count,
		    struct conferrors *errors)
{
	for (size_t i = 0; i < count; i++) {
		struct check check = { config, &sections[i], errors };

		if (sections[i].is_broken)
			continue;
		if (sections[i].kind == CONFSECTION_PING) {
			check_ca_file(&check, &sections[i].options.ping.ca_file);
			continue;
		}
		check_secrets(&check, &sections[i].options.webhook);
		check_ca_file(&check, &sections[i].options.webhook.ca_file);
	}
}

/* ---- taking ------------------------------------------------------------------------------- */

static void take_webhook(struct config *config, struct confsection *section)
{
	config->webhooks =
		mem_resize(config->webhooks, config->webhook_count + 1, sizeof(*config->webhooks));
	config->webhooks[config->webhook_count++] =
		(struct webhook){ .name = section->name,
				  .file = section->file,
				  .line = section->line,
				  .options = section->options.webhook };
}

static void take_ping(struct config *config, struct confsection *section)
{
	config->pings = mem_resize(config->pings, config->ping_count + 1, sizeof(*config->pings));
	config->pings[config->ping_count++] = (struct ping){ .name = section->name,
							     .file = section->file,
							     .line = section->line,
							     .options = section->options.ping };
}

/* A name that is none may be a secret in the wrong place. */
static void lose(struct config *config, struct confsection *section)
{
	const char *why;

	if (section->kind == CONFSECTION_WEBHOOK && worker_name_is_valid(section->name, &why) &&
	    !strlist_has(&config->broken_webhooks, section->name))
		strlist_add(&config->broken_webhooks, section->name);
	confsection_free(section);
}

static void take(struct config *config, struct confsection *section)
{
	if (!section->is_broken) {
		free(section->lines);
		if (section->kind == CONFSECTION_WEBHOOK)
			take_webhook(config, section);
		else
			take_ping(config, section);
		return;
	}
	lose(config, section);
}

void conftell_take(struct config *config, struct confsection *sections, size_t count)
{
	for (size_t i = 0; i < count; i++)
		take(config, &sections[i]);
}

struct confstamp conftell_stamp(const struct config *config)
{
	struct confstamp stamp = { .hash = 0 };

	for (size_t i = 0; i < config->webhook_count; i++) {
		const struct webhook_options *options = &config->webhooks[i].options;
		for (size_t n = 0; n < options->secret_file.count; n++)
			confstamp_add(&stamp, options->secret_file.items[n]);
		if (options->ca_file)
			confstamp_add(&stamp, options->ca_file);
	}
	for (size_t i = 0; i < config->ping_count; i++)
		if (config->pings[i].options.ca_file)
			confstamp_add(&stamp, config->pings[i].options.ca_file);
	return stamp;
}

/* ---- what is said of them ----------------------------------------------------------------- */

static bool is_of(const char *text, const char *kind, const char *name)
{
	size_t kind_len = strlen(kind);
	size_t name_len = strlen(name);

	return strncmp(text, kind, kind_len) == 0 &&
	       strncmp(text + kind_len, name, name_len) == 0 && text[kind_len + name_len] == ':';
}

bool conftell_is_orphan(const struct config *config, const char *text)
{
	bool is_about_one = strncmp(text, "webhook ", strlen("webhook ")) == 0 ||
			    strncmp(text, "ping ", strlen("ping ")) == 0;

	for (size_t i = 0; i < config->webhook_count; i++)
		if (is_of(text, "webhook ", config->webhooks[i].name))
			return false;
	for (size_t i = 0; i < config->ping_count; i++)
		if (is_of(text, "ping ", config->pings[i].name))
			return false;
	return is_about_one && !config->error_count;
}
