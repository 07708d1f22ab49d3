/* SPDX-License-Identifier: ISC */
/* confscan: walks the text by the rules of libconfuse's lexer; knows no option. */
#include "watchdog/config/confscan.h"

#include <ctype.h>
#include <string.h>

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
};

static bool check_bytes(const struct scan *scan)
{
	int line = 1;

	for (size_t at = 0, len; at < scan->len; at += len) {
		len = utf8_len(scan->text + at, scan->len - at);
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
	}
	if (at_end(scan))
		conferrors_add(scan->errors, scan->file, start,
			       "a string is not closed: this one, or one before it");
	else
		step(scan);
}

static void unquoted(struct scan *scan)
{
	while (!at_end(scan) && !strchr(" #\"'\t\n\r={}()+,*", peek(scan, 0)))
		step(scan);
	if (peek(scan, 0) == '{' && scan->text[scan->at - 1] == '$')
		refuse_variable(scan);
}

static void brace(struct scan *scan)
{
	if (peek(scan, 0) == '{') {
		if (scan->depth < DEPTH_MAX)
			scan->brace_line[scan->depth] = scan->line;
		scan->depth++;
	} else if (scan->depth > 0) {
		scan->depth--;
	}
	step(scan);
}

static void stray(struct scan *scan)
{
	conferrors_add(scan->errors, scan->file, scan->line, "stray '%c': quote the value",
		       peek(scan, 0));
	step(scan);
}

static void token(struct scan *scan)
{
	char byte = peek(scan, 0);
	char next = peek(scan, 1);

	if (byte == '#' || (byte == '/' && next == '/'))
		line_comment(scan);
	else if (byte == '/' && next == '*')
		block_comment(scan);
	else if (byte == '"')
		double_quoted(scan);
	else if (byte == '\'')
		single_quoted(scan);
	else if (byte == '{' || byte == '}')
		brace(scan);
	else if (byte == '*' || (byte == '+' && next != '='))
		stray(scan);
	else if (strchr(" \t\n\r=(),+", byte))
		step(scan);
	else
		unquoted(scan);
}

static void skip_byte_order_mark(struct scan *scan)
{
	if (scan->len >= 3 && memcmp(scan->text, "\xEF\xBB\xBF", 3) == 0)
		memset(scan->text, ' ', 3);
}

bool confscan(char *text, size_t len, const char *file, struct conferrors *errors)
{
	struct scan scan = { .text = text, .len = len, .line = 1, .file = file, .errors = errors };
	size_t before = errors->seen;

	if (!check_bytes(&scan))
		return false;
	skip_byte_order_mark(&scan);
	while (!at_end(&scan))
		token(&scan);
	if (scan.depth > 0 && errors->seen == before)
		conferrors_add(errors, file, scan.brace_line[0],
			       "the '{' on this line is not closed by a '}'");
	return errors->seen == before;
}
