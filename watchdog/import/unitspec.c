/* SPDX-License-Identifier: ISC */
#include "watchdog/import/unitspec.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/str.h"
#include "watchdog/base/utf8.h"

static void add_instance(const struct unitspec *spec, bool is_raw, struct str *out)
{
	const char *instance = spec->name->instance ? spec->name->instance : "";
	char *text;

	if (spec->number_width >= 0) {
		str_addf(out, "\1%02d", spec->number_width);
		return;
	}
	text = is_raw ? mem_dup(instance) : unitname_unescape(instance);
	str_add(out, text);
	free(text);
}

static void add_unescaped(const char *text, struct str *out)
{
	char *plain = unitname_unescape(text);

	str_add(out, plain);
	free(plain);
}

/* The last part of the prefix, behind its last "-". */
static const char *last_part(const struct unitspec *spec)
{
	const char *dash = strrchr(spec->name->prefix, '-');

	return dash ? dash + 1 : spec->name->prefix;
}

/* XDG's VARIABLE where that is a path, else NAME below the home. */
static void add_own_folder(const struct unitspec *spec, const char *variable, const char *name,
			   struct str *out)
{
	const char *value = getenv(variable);

	if (value && value[0] == '/' && utf8_is_value(value))
		str_add(out, value);
	else
		str_addf(out, "%s/%s", spec->home, name);
}

static void add_folder(const struct unitspec *spec, char letter, struct str *out)
{
	if (letter == 'S')
		spec->is_system ? str_add(out, "/var/lib")
				: add_own_folder(spec, "XDG_STATE_HOME", ".local/state", out);
	else if (letter == 'C')
		spec->is_system ? str_add(out, "/var/cache")
				: add_own_folder(spec, "XDG_CACHE_HOME", ".cache", out);
	else if (letter == 'E')
		spec->is_system ? str_add(out, "/etc")
				: add_own_folder(spec, "XDG_CONFIG_HOME", ".config", out);
	else if (letter == 'L' && spec->is_system)
		str_add(out, "/var/log");
	else if (letter == 'L') {
		add_own_folder(spec, "XDG_STATE_HOME", ".local/state", out);
		str_add(out, "/log");
	} else if (spec->is_system) {
		str_add(out, "/run");
	} else {
		str_addf(out, "/run/user/%u", (unsigned)geteuid());
	}
}

/* Of the instance, or of the prefix where there is none, as a path. */
static void add_path(const struct unitspec *spec, struct str *out)
{
	str_add(out, "/");
	if (spec->name->instance)
		add_instance(spec, false, out);
	else
		add_unescaped(spec->name->prefix, out);
}

/* False where LETTER has a meaning that cannot be put in here. What has none stays, as with
 * systemd. */
static bool add(const struct unitspec *spec, char letter, struct str *out)
{
	const char *full = spec->name->full;

	if (letter == '%')
		str_add(out, "%");
	else if (letter == 'i' || letter == 'I')
		add_instance(spec, letter == 'i', out);
	else if (letter == 'p')
		str_add(out, spec->name->prefix);
	else if (letter == 'P')
		add_unescaped(spec->name->prefix, out);
	else if (letter == 'j')
		str_add(out, last_part(spec));
	else if (letter == 'J')
		add_unescaped(last_part(spec), out);
	else if ((letter == 'n' || letter == 'N') && spec->number_width < 0)
		str_add_n(out, full,
			  letter == 'n' ? strlen(full)
					: strlen(full) - strlen(spec->name->suffix) - 1);
	else if (letter == 'n' || letter == 'N')
		str_addf(out, "%s@\1%02d%s", spec->name->prefix, spec->number_width,
			 letter == 'n' ? ".service" : "");
	else if (letter == 'H' || letter == 'l' || letter == 'q')
		str_add(out, "\2"
			     "00");
	else if (letter == 'h')
		str_add(out, spec->home);
	else if (letter == 'u')
		str_add(out, spec->user);
	else if (letter == 'U')
		str_addf(out, "%u", spec->is_system ? 0U : (unsigned)geteuid());
	else if (letter == 'T' || letter == 'V')
		str_add(out, letter == 'T' ? "/tmp" : "/var/tmp");
	else if (letter == 'f')
		add_path(spec, out);
	else if (letter != '\0' && strchr("SCELt", letter))
		add_folder(spec, letter, out);
	else if (letter != '\0' && strchr("aAbBdgGmMosvwWyY", letter))
		return false;
	else
		str_addf(out, "%%%.1s", (char[]){ letter, '\0' });
	return true;
}

char *unitspec_expand(const struct unitspec *spec, const char *text, struct err *err)
{
	struct str out = STR_INIT;

	while (*text) {
		size_t plain = strcspn(text, "%");

		str_add_n(&out, text, plain);
		text += plain;
		if (*text == '\0')
			break;
		if (!add(spec, text[1], &out)) {
			(void)err_set(err, ERR_CONFIG, 0,
				      "the specifier %%%.1s cannot be put in here: write what it "
				      "stands for",
				      text + 1);
			str_free(&out);
			return NULL;
		}
		text += text[1] ? 2 : 1;
	}
	return str_take(&out);
}
