/* SPDX-License-Identifier: ISC */
#include "watchdog/config/confunknown.h"

#include <stdbool.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/model/option.h"

static const char *const known_at_top[] = {
	"state_dir", "pidfile_dir", "log_dir", "conf_dir",     "minder",      "defaults", "worker",
	"group",     "webhook",	    "ping",    "metrics_file", "status_page", "history",  NULL
};

static bool is_known_at_top(const char *name)
{
	for (const char *const *known = known_at_top; *known; known++)
		if (strcmp(*known, name) == 0)
			return true;
	return false;
}

/* Outside of webhooks, too, the rest of a URL may stand, behind a '}' too many. */
static bool looks_like_an_option(const char *name)
{
	return name[strspn(name, "abcdefghijklmnopqrstuvwxyz_")] == '\0';
}

static char *unknown(const char *name, const char *near)
{
	if (name[0] == ';')
		return mem_dup("stray ';': nothing stands behind a value");
	if (near)
		return mem_format("no such option '%s' (did you mean '%s'?)", name, near);
	if (looks_like_an_option(name))
		return mem_format("no such option '%s'", name);
	return mem_dup("no option stands here; quote values, should this be the rest of one");
}

char *confunknown_at_top(const char *name)
{
	if (strcmp(name, "webhook") == 0 || strcmp(name, "ping") == 0)
		return mem_format("'%s' is a section: %s \"NAME\" { url = \"https://...\" }", name,
				  name);
	if (option_find(name))
		return mem_format("option '%s' belongs into a worker or defaults section", name);
	if (option_find_in(webhook_option_table, name) || option_find_in(ping_option_table, name))
		return mem_format("option '%s' belongs into a webhook or ping section", name);
	return unknown(name, option_nearest(name, known_at_top));
}

char *confunknown_in_section(const char *section, const char *name)
{
	if (strcmp(section, "group") == 0 && looks_like_an_option(name))
		return mem_format("no such option '%s': a group has only 'workers'", name);
	if (is_known_at_top(name))
		return mem_format("'%s' cannot stand within '%s': a '}' may be missing before it",
				  name, section);
	return unknown(name, option_nearest(name, NULL));
}

char *confunknown_in_part(enum confsection_kind kind, const char *name)
{
	const char *word = confsection_word(kind);
	const char *near = option_nearest_in(confsection_table(kind), name, NULL);

	if (near || name[0] == ';')
		return unknown(name, near);
	if (option_find(name) || is_known_at_top(name))
		return mem_format("'%s' cannot stand within '%s'", name, word);
	return mem_format(
		"no option of a %s stands here; quote values, should this be the rest of one",
		word);
}
