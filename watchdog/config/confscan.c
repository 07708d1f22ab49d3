/* SPDX-License-Identifier: ISC */
/* confscan: walks the text by the rules of libconfuse's lexer; knows no option but `when`. */
#include "watchdog/config/confscan.h"

#include <ctype.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/utf8.h"

/* Deeper than any section goes: then a brace is missing further up. */
#define DEPTH_MAX 16

struct scan {
	char *text;
	size_t len;
	size_t at;
	int line;
	int depth;
	int brace_line[DEPTH_MAX]; /* where each open brace stands */
	const char *file;
	struct conferrors *errors;
	struct confscan_parts *parts;

	/* The three tokens before this one: what a section begins with, or what gives a value. */
	struct word {
		size_t at, len;
		int line;
	} words[3];
	bool in_part;	    /* the last of PARTS is open */
	size_t seen_before; /* errors, when it began */
};

static bool check_bytes(const struct scan *scan)
{
	int line = 1;

	for (size_t at = 0, len; at < scan->len; at += len) {
		len = (unsigned char)scan->text[at] < 0x80
			      ? 1
			      : utf8_len(scan->text + at, scan->len - at);
		if (scan->text[at] == '\0') {
			conferrors_add(scan->errors, scan->file, line,
				       "a NUL byte: this is no text file");
			return false;
		}
		if (len == 0) {
			conferrors_add(scan->errors, scan->file, line,
				       "invalid UTF-8: save the file as UTF-8");
			return false;
		}
		if (scan->text[at] == '\n')
			line++;
	}
	return true;
}

/* The byte OFFSET further on; NUL behind the end. */
static char peek(const struct scan *scan, size_t offset)
{
	return offset < scan->len - scan->at ? scan->text[scan->at + offset] : '\0';
}

static bool at_end(const struct scan *scan)
{
	return scan->at >= scan->len;
}

static void step(struct scan *scan)
{
	if (peek(scan, 0) == '\n')
		scan->line++;
	scan->at++;
}

/* Goes on to the next of the characters of SET, which has the line break in it, or to the end: a NUL stands there. */
static void skip_to(struct scan *scan, const char *set)
{
	scan->at += strcspn(scan->text + scan->at, set);
}

static void refuse_variable(const struct scan *scan)
{
	conferrors_add(scan->errors, scan->file, scan->line,
		       "'${': variables of the environment are not put in, as cron's differ from a "
		       "shell's; for a literal one use single quotes, for a value 'environment' or "
		       "'env_file'");
}

static void blank(struct scan *scan)
{
	if (peek(scan, 0) != '\n')
		scan->text[scan->at] = ' ';
	step(scan);
}

static void line_comment(struct scan *scan)
{
	while (!at_end(scan) && peek(scan, 0) != '\n')
		blank(scan);
}

static void block_comment(struct scan *scan)
{
	int start = scan->line;

	blank(scan);
	blank(scan);
	while (!at_end(scan) && !(peek(scan, 0) == '*' && peek(scan, 1) == '/'))
		blank(scan);
	if (at_end(scan)) {
		conferrors_add(scan->errors, scan->file, start,
			       "this comment is not closed by '*/'");
		return;
	}
	blank(scan);
	blank(scan);
}

/* Length of the run of characters of SET, from OFFSET on, of at most MAX. */
static size_t run(const struct scan *scan, size_t offset, const char *set, size_t max)
{
	size_t len = 0;

	while (len < max && peek(scan, offset + len) != '\0' &&
	       strchr(set, peek(scan, offset + len)))
		len++;
	return len;
}

/* Value of LEN digits of BASE (8 or 16) from OFFSET on. */
static unsigned number(const struct scan *scan, size_t offset, size_t len, unsigned base)
{
	unsigned value = 0;

	for (size_t i = 0; i < len; i++) {
		int digit = tolower((unsigned char)peek(scan, offset + i));
		value = value * base + (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
	}
	return value;
}

/* At a backslash in double quotes. */
static void escape(struct scan *scan)
{
	size_t digits = run(scan, 1, "0123456789", scan->len);
	size_t octal = run(scan, 1, "01234567", 3);
	size_t hex = peek(scan, 1) == 'x' ? run(scan, 2, "0123456789abcdefABCDEF", 2) : 0;

	if (digits > octal || (octal > 0 && number(scan, 1, octal, 8) > 0xFF))
		conferrors_add(scan->errors, scan->file, scan->line,
			       "bad escape sequence '\\%.*s': octal ones are \\1 to \\377",
			       digits > 20 ? 20 : (int)digits, scan->text + scan->at + 1);
	else if ((octal > 0 && number(scan, 1, octal, 8) == 0) ||
		 (hex > 0 && number(scan, 2, hex, 16) == 0))
		conferrors_add(scan->errors, scan->file, scan->line,
			       "an escaped NUL byte would end the value here");
	step(scan);
	if (!at_end(scan))
		step(scan);
}

static void double_quoted(struct scan *scan)
{
	int start = scan->line;

	step(scan);
	while (!at_end(scan) && peek(scan, 0) != '"') {
		if (peek(scan, 0) == '\\') {
			escape(scan);
			continue;
		}
		if (peek(scan, 0) == '$' && peek(scan, 1) == '{')
			refuse_variable(scan);
		step(scan);
		skip_to(scan, "\"\\$\n");
	}
	if (at_end(scan))
		conferrors_add(scan->errors, scan->file, start,
			       "a string is not closed: this one, or one before it");
	else
		step(scan);
}

static void single_quoted(struct scan *scan)
{
	int start = scan->line;

	step(scan);
	while (!at_end(scan) && peek(scan, 0) != '\'') {
		char next = peek(scan, 1);
		if (peek(scan, 0) == '\\' && (next == '\\' || next == '\''))
			step(scan);
		step(scan);
		skip_to(scan, "'\\\n");
	}
	if (at_end(scan))
		conferrors_add(scan->errors, scan->file, start,
			       "a string is not closed: this one, or one before it");
	else
		step(scan);
}

static void unquoted(struct scan *scan)
{
	skip_to(scan, " #\"'\t\n\r={}()+,*");
	if (peek(scan, 0) == '{' && scan->text[scan->at - 1] == '$')
		refuse_variable(scan);
}

/* ---- parts -------------------------------------------------------------------------------- */

/* The token N before this one, 1 to 3; 1: the last. */
static const struct word *word_before(const struct scan *scan, size_t n)
{
	return &scan->words[3 - n];
}

static bool is_word(const struct scan *scan, const struct word *word, const char *text)
{
	return word->len == strlen(text) && memcmp(scan->text + word->at, text, word->len) == 0;
}

static void remember(struct scan *scan, size_t at, int line)
{
	scan->words[0] = scan->words[1];
	scan->words[1] = scan->words[2];
	scan->words[2] = (struct word){ at, scan->at - at, line };
}

/* A title without its quotes. One with escapes is no name. */
static void copy_title(const struct scan *scan, const struct word *title, char *name)
{
	const char *from = scan->text + title->at;
	size_t len = title->len;
	const char *why;

	if (len >= 2 && strchr("\"'", *from)) {
		from++;
		len -= 2;
	}
	if (len > WORKER_NAME_MAX)
		return;
	memcpy(name, from, len);
	name[len] = '\0';
	if (!worker_name_is_valid(name, &why))
		name[0] = '\0';
}

/* Whether the token N before this one is TEXT and begins something: it is neither a value nor a
 * title. */
static bool begins(const struct scan *scan, size_t n, const char *text)
{
	return is_word(scan, word_before(scan, n), text) &&
	       !is_word(scan, word_before(scan, n + 1), "=");
}

/* At a '{' on the top level: whether it is of `webhook TITLE {`, or of the same without a title,
 * which its own parser refuses. KIND and TITLE get the tokens; TITLE NULL where there is none. */
static bool is_part(const struct scan *scan, const struct word **kind, const struct word **title)
{
	*kind = word_before(scan, 2);
	*title = word_before(scan, 1);
	if (begins(scan, 2, "webhook") || begins(scan, 2, "ping"))
		return true;
	if (begins(scan, 2, "worker") || begins(scan, 2, "group"))
		return false;
	*kind = *title;
	*title = NULL;
	return begins(scan, 1, "webhook") || begins(scan, 1, "ping");
}

static void begin_part(struct scan *scan)
{
	struct confscan_parts *parts = scan->parts;
	const struct word *kind;
	const struct word *title;

	if (!is_part(scan, &kind, &title))
		return;
	parts->items = mem_resize(parts->items, parts->count + 1, sizeof(*parts->items));
	struct confscan_part *part = &parts->items[parts->count++];
	*part = (struct confscan_part){ .kind = is_word(scan, kind, "ping") ? CONFSECTION_PING
									    : CONFSECTION_WEBHOOK,
					.at = kind->at,
					.line = kind->line };
	if (title)
		copy_title(scan, title, part->name);
	scan->in_part = true;
	scan->seen_before = scan->errors->seen;
}

static void end_part(struct scan *scan)
{
	struct confscan_part *part = &scan->parts->items[scan->parts->count - 1];
	size_t seen = scan->errors->seen - scan->seen_before;

	part->len = scan->at - part->at;
	part->is_broken = seen > 0;
	scan->parts->seen += seen;
	scan->in_part = false;
}

/* At a quote: of `when = worker "X"` it changes places with the word, which then is a part of the
 * string. */
static void join_worker(struct scan *scan)
{
	const struct word *worker = word_before(scan, 1);
	char quote = peek(scan, 0);

	if (!scan->in_part || !is_word(scan, worker, "worker") ||
	    !is_word(scan, word_before(scan, 2), "=") ||
	    !is_word(scan, word_before(scan, 3), "when"))
		return;
	memmove(scan->text + worker->at + 1, scan->text + worker->at, scan->at - worker->at);
	scan->text[worker->at] = quote;
}

/* ---- tokens ------------------------------------------------------------------------------- */

static void brace(struct scan *scan)
{
	if (peek(scan, 0) == '{') {
		if (scan->depth == 0)
			begin_part(scan);
		if (scan->depth < DEPTH_MAX)
			scan->brace_line[scan->depth] = scan->line;
		scan->depth++;
	} else if (scan->depth > 0) {
		scan->depth--;
	}
	step(scan);
	if (scan->depth == 0 && scan->in_part)
		end_part(scan);
}

static void stray(struct scan *scan)
{
	conferrors_add(scan->errors, scan->file, scan->line, "stray '%c': quote the value",
		       peek(scan, 0));
	step(scan);
}

/* What is no token: true where there was some of it. */
static bool between(struct scan *scan)
{
	char byte = peek(scan, 0);
	char next = peek(scan, 1);

	if (byte == '#' || (byte == '/' && next == '/'))
		line_comment(scan);
	else if (byte == '/' && next == '*')
		block_comment(scan);
	else if (strchr(" \t\n\r", byte))
		step(scan);
	else
		return false;
	return true;
}

static void token(struct scan *scan)
{
	size_t at = scan->at;
	int line = scan->line;
	char byte = peek(scan, 0);

	if (byte == '"' || byte == '\'')
		join_worker(scan);
	if (byte == '"')
		double_quoted(scan);
	else if (byte == '\'')
		single_quoted(scan);
	else if (byte == '{' || byte == '}')
		brace(scan);
	else if (byte == '*' || (byte == '+' && peek(scan, 1) != '='))
		stray(scan);
	else if (strchr("=(),+", byte))
		step(scan);
	else
		unquoted(scan);
	remember(scan, at, line);
}

static void skip_byte_order_mark(struct scan *scan)
{
	if (scan->len >= 3 && memcmp(scan->text, "\xEF\xBB\xBF", 3) == 0)
		memset(scan->text, ' ', 3);
}

bool confscan(char *text, size_t len, const char *file, struct confscan_parts *parts,
	      struct conferrors *errors)
{
	struct scan scan = {
		.text = text, .len = len, .line = 1, .file = file, .errors = errors, .parts = parts
	};
	size_t before = errors->seen;

	if (!check_bytes(&scan))
		return false;
	skip_byte_order_mark(&scan);
	while (!at_end(&scan))
		if (!between(&scan))
			token(&scan);
	if (scan.depth > 0 && errors->seen == before + parts->seen)
		conferrors_add(errors, file, scan.brace_line[0],
			       "the '{' on this line is not closed by a '}'");
	return errors->seen == before + parts->seen;
}
