/* SPDX-License-Identifier: ISC */
#include "watchdog/config/conftell.h"

#include <stdlib.h>

#include "watchdog/base/mem.h"
#include "watchdog/config/confpath.h"

/* ---- checking ----------------------------------------------------------------------------- */

static void refuse(struct confsection *section, const char *option, const char *why,
		   struct conferrors *errors)
{
	conferrors_add(errors, section->file, confsection_line(section, option), "%s '%s': option '%s': %s",
		       confsection_word(section->kind), section->name, option, why);
	section->is_broken = true;
}

/* The path at *PATH made absolute. */
static bool put_in(const struct config *config, struct confsection *section, const char *option,
		   char **path, struct conferrors *errors)
{
	struct err why = ERR_INIT;
	char *whole = confpath_expand(config, *path, &why);

	if (!whole) {
		refuse(section, option, why.text, errors);
		return false;
	}
	free(*path);
	*path = whole;
	return true;
}

static void check_webhook(const struct config *config, struct confsection *section,
			  struct conferrors *errors)
{
	struct webhook_options *options = &section->options.webhook;

	for (size_t i = 0; i < options->secret_file.count; i++)
		put_in(config, section, "secret_file", &options->secret_file.items[i], errors);
	if (options->ca_file)
		put_in(config, section, "ca_file", &options->ca_file, errors);
}

static void check_ping(const struct config *config, struct confsection *section,
		       struct conferrors *errors)
{
	struct ping_options *options = &section->options.ping;

	if (options->ca_file)
		put_in(config, section, "ca_file", &options->ca_file, errors);
}

void conftell_check(const struct config *config, struct confsection *sections, size_t count,
		    struct conferrors *errors)
{
	for (size_t i = 0; i < count; i++) {
		if (sections[i].is_broken)
			continue;
		if (sections[i].kind == CONFSECTION_WEBHOOK)
			check_webhook(config, &sections[i], errors);
		else
			check_ping(config, &sections[i], errors);
	}
}

/* ---- taking ------------------------------------------------------------------------------- */

static void take_webhook(struct config *config, struct confsection *section)
{
	config->webhooks = mem_resize(config->webhooks, config->webhook_count + 1,
				      sizeof(*config->webhooks));
	config->webhooks[config->webhook_count++] =
		(struct webhook){ .name = section->name,
				  .file = section->file,
				  .line = section->line,
				  .options = section->options.webhook };
}

static void take_ping(struct config *config, struct confsection *section)
{
	config->pings =
		mem_resize(config->pings, config->ping_count + 1, sizeof(*config->pings));
	config->pings[config->ping_count++] = (struct ping){ .name = section->name,
							     .file = section->file,
							     .line = section->line,
							     .options = section->options.ping };
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
	if (section->kind == CONFSECTION_WEBHOOK && section->name[0] != '\0' &&
	    !strlist_has(&config->broken_webhooks, section->name))
		strlist_add(&config->broken_webhooks, section->name);
	confsection_free(section);
}

void conftell_take(struct config *config, struct confsection *sections, size_t count)
{
	for (size_t i = 0; i < count; i++)
		take(config, &sections[i]);
}
