/* SPDX-License-Identifier: ISC */
/* shellcommand: looks at characters and first words, as no more of a shell's grammar is needed to
 * be on the safe side. */
#include "watchdog/import/shellcommand.h"

#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/str.h"
#include "watchdog/config/expand.h"

struct look {
	bool is_expanded; /* a variable, a pattern, a home: one command all the same */
	bool is_compound; /* more than one command, or a redirection in front of what */
	bool is_open;	  /* a quote is not closed: for the shell to complain of */
};

/* At a character outside single quotes. */
static void look_at(const char *at, bool is_quoted, bool is_first, struct look *look)
{
	if (strchr("$`", *at))
		look->is_expanded = true;
	else if (is_quoted)
		return;
	else if (strchr("|&;()\n", *at))
		look->is_compound = true;
	else if (strchr("<>*?[]", *at) || (is_first && strchr("~#", *at)))
		look->is_expanded = true;
	else if (is_first && strchr("{}!", *at))
		look->is_compound = true;
	else if (strchr("{", *at))
		look->is_expanded = true;
}

static struct look look_through(const char *text)
{
	struct look look = { .is_open = false };
	bool is_first = true; /* of a word */
	char quote = '\0';

	for (const char *at = text; *at; at++) {
		if (quote == '\'') {
			quote = *at == '\'' ? '\0' : quote;
		} else if (*at == '\\' && at[1] != '\0') {
			at++;
		} else if (quote == '"' && *at == '"') {
			quote = '\0';
		} else if (!quote && (*at == '"' || *at == '\'')) {
			quote = *at;
		} else {
			look_at(at, quote != '\0', is_first, &look);
		}
		is_first = !quote && strchr(" \t\n", *at);
	}
	look.is_open = quote != '\0';
	return look;
}

/* Whether WORD begins as an assignment does. */
static bool is_assignment(const char *word)
{
	size_t len =
		strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

	return len > 0 && word[len] == '=' && !(word[0] >= '0' && word[0] <= '9');
}

/* What no program does, or a shell does otherwise. */
static bool is_of_the_shell(const char *word)
{
	static const char *const words[] = { ".",	":",	 "alias",  "case", "cd",
					     "command", "eval",	 "export", "for",  "if",
					     "local",	"set",	 "source", "trap", "ulimit",
					     "umask",	"unset", "until",  "wait", "while" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

static const char *behind_exec(const char *text)
{
	text += strspn(text, " \t");
	if (strncmp(text, "exec", 4) == 0 && strchr(" \t", text[4]) && text[4] != '\0')
		text += 4 + strspn(text + 4, " \t");
	return text;
}

char *shellcommand_make(const char *text, bool *is_shell)
{
	const char *simple = behind_exec(text);
	struct look look = look_through(simple);
	struct strlist words = STRLIST_INIT;
	const char *first = "";
	char *made;

	if (!look.is_open && expand_split(simple, &words, NULL) == 0 && words.count > 0)
		first = words.items[0];
	*is_shell = look.is_open || look.is_compound || look.is_expanded || is_assignment(first) ||
		    is_of_the_shell(first);
	if (!*is_shell)
		made = mem_dup(simple);
	else if (look.is_open || look.is_compound || is_of_the_shell(first))
		made = mem_dup(text);
	else
		made = mem_format("exec %s%s", is_assignment(first) ? "env " : "", simple);
	strlist_free(&words);
	return made;
}
