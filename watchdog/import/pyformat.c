/* SPDX-License-Identifier: ISC */
/* pyformat: one conversion after the other, as of printf, each with a name in front. */
#include "watchdog/import/pyformat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/utf8.h"

/* The number of the process, behind it two digits: its width with zeros in front, 00 for none. */
#define MARK_NUMBER '\1'
/* The name of the host; two digits as well, so that all marks are alike. */
#define MARK_HOST '\2'
#define MARK_LEN  3
#define WIDTH_MAX 1000

struct conversion {
	char *key;
	bool left, zero, plus, blank, alternate;
	int64_t width, precision; /* -1: none */
	char type;
};

/* ---- reading a conversion ----------------------------------------------------------------- */

static int bad(struct err *err, const char *why)
{
	return err_set(err, ERR_CONFIG, 0, "%s", why);
}

/* The name in parentheses at AT, which may nest; gives what follows, or NULL. */
static const char *read_key(const char *at, struct conversion *conversion, struct err *err)
{
	const char *start = ++at;
	int depth = 1;

	for (; *at && depth > 0; at++)
		depth += (*at == '(') - (*at == ')');
	if (depth > 0) {
		(void)bad(err, "a '%(' has no ')'");
		return NULL;
	}
	conversion->key = mem_dup_n(start, (size_t)(at - start) - 1);
	return at;
}

static const char *read_flags(const char *at, struct conversion *conversion)
{
	for (;; at++) {
		if (*at == '-')
			conversion->left = true;
		else if (*at == '0')
			conversion->zero = true;
		else if (*at == '+')
			conversion->plus = true;
		else if (*at == ' ')
			conversion->blank = true;
		else if (*at == '#')
			conversion->alternate = true;
		else
			return at;
	}
}

/* The number at AT to *NUMBER, -1 for none; gives what follows, or NULL where it is too large. */
static const char *read_number(const char *at, int64_t *number, struct err *err)
{
	*number = -1;
	for (; *at >= '0' && *at <= '9'; at++) {
		*number = (*number < 0 ? 0 : *number) * 10 + (*at - '0');
		if (*number > WIDTH_MAX) {
			(void)bad(err, "a width is too large");
			return NULL;
		}
	}
	return at;
}

/* AT: behind the %. Gives what follows the conversion, or NULL with ERR. */
static const char *read_conversion(const char *at, struct conversion *conversion, struct err *err)
{
	if (*at == '(' && !(at = read_key(at, conversion, err)))
		return NULL;
	at = read_flags(at, conversion);
	if (!(at = read_number(at, &conversion->width, err)))
		return NULL;
	conversion->precision = -1;
	if (*at == '.') {
		if (!(at = read_number(at + 1, &conversion->precision, err)))
			return NULL;
		if (conversion->precision < 0)
			conversion->precision = 0;
	}
	if (*at == 'h' || *at == 'l' || *at == 'L')
		at++;
	if (*at == '\0') {
		(void)bad(err, "it ends within a %-expression: a letter such as s or d is missing "
			       "behind ')'");
		return NULL;
	}
	conversion->type = *at;
	return at + 1;
}

/* ---- putting in --------------------------------------------------------------------------- */

static void add_padded(const struct conversion *conversion, const char *text, size_t len,
		       struct str *out)
{
	size_t width = conversion->width > 0 ? (size_t)conversion->width : 0;
	size_t pad = width > len ? width - len : 0;

	if (conversion->left)
		str_add_n(out, text, len);
	for (size_t i = 0; i < pad; i++)
		str_add(out, " ");
	if (!conversion->left)
		str_add_n(out, text, len);
}

/* Characters, not bytes, are counted. */
static size_t cut(const char *text, int64_t precision)
{
	size_t len = 0;

	while (text[len] && (precision < 0 || precision-- > 0))
		do
			len++;
		while ((text[len] & 0xC0) == 0x80);
	return len;
}

static enum pyformat_result add_text(const struct conversion *conversion, const char *text,
				     struct str *out, struct err *err)
{
	if (conversion->type != 's') {
		(void)err_set(err, ERR_CONFIG, 0, "%%(%s)%c: it is a text, write %%(%s)s",
			      conversion->key, conversion->type, conversion->key);
		return PYFORMAT_BAD;
	}
	/* A mark has no length yet. */
	if ((conversion->width > 0 || conversion->precision >= 0) && pyformat_is_marked(text))
		return PYFORMAT_EACH;
	add_padded(conversion, text, cut(text, conversion->precision), out);
	return PYFORMAT_DONE;
}

static enum pyformat_result add_number(const struct conversion *conversion, int64_t number,
				       struct str *out, struct err *err)
{
	bool is_zero_padded = conversion->zero && conversion->type != 's' && !conversion->left;
	char digits[32];
	int len;

	if (!strchr("sdiuxXo", conversion->type) || conversion->plus || conversion->blank ||
	    conversion->alternate || conversion->precision >= 0) {
		(void)err_set(err, ERR_CONFIG, 0,
			      "%%(%s)…%c: of a number only forms such as %%(%s)d and %%(%s)02d are "
			      "known here",
			      conversion->key, conversion->type, conversion->key, conversion->key);
		return PYFORMAT_BAD;
	}
	if (strchr("xXo", conversion->type))
		len = snprintf(digits, sizeof(digits),
			       conversion->type == 'x'	 ? "%llx"
			       : conversion->type == 'X' ? "%llX"
							 : "%llo",
			       (unsigned long long)number);
	else
		len = snprintf(digits, sizeof(digits), "%lld", (long long)number);
	for (int64_t pad = is_zero_padded ? conversion->width - len : 0; pad > 0; pad--)
		str_add(out, "0");
	if (is_zero_padded)
		str_add(out, digits);
	else
		add_padded(conversion, digits, (size_t)len, out);
	return PYFORMAT_DONE;
}

static enum pyformat_result add_process_num(const struct pyformat *format,
					    const struct conversion *conversion, struct str *out,
					    struct err *err)
{
	bool is_padded = conversion->width > 1;
	struct str unused = STR_INIT;
	enum pyformat_result result;

	if (format->process_num >= 0)
		return add_number(conversion, format->process_num, out, err);
	result = add_number(conversion, 0, &unused, err);
	str_free(&unused);
	if (result != PYFORMAT_DONE)
		return result;
	if (strchr("xXo", conversion->type))
		return PYFORMAT_EACH;
	if (is_padded && (!conversion->zero || conversion->left || conversion->type == 's' ||
			  conversion->width > 20))
		return PYFORMAT_EACH;
	str_addf(out, "%c%02d", MARK_NUMBER, is_padded ? (int)conversion->width : 0);
	return PYFORMAT_DONE;
}

/* ---- names -------------------------------------------------------------------------------- */

/* The value of NAME in LIST ("K=V"), the last of that name. */
static const char *find_env(const struct strlist *list, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = list ? list->count : 0; i-- > 0;)
		if (strncmp(list->items[i], name, len) == 0 && list->items[i][len] == '=')
			return list->items[i] + len + 1;
	return NULL;
}

static const char *find_any_env(const struct pyformat *format, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < sizeof(format->envs) / sizeof(format->envs[0]) && !value; i++)
		value = find_env(format->envs[i], name);
	if (value)
		return value;
	value = getenv(name);
	if (!value || !utf8_is_value(value)) /* anything may stand there, our marks too */
		return NULL;
	if (format->from_outside && !strlist_has(format->from_outside, name))
		strlist_add(format->from_outside, name);
	return value;
}

static enum pyformat_result unknown(const char *key, struct err *err)
{
	if (strncmp(key, "ENV_", 4) == 0)
		(void)err_set(err, ERR_CONFIG, 0,
			      "%%(%s)s: %s is set neither in an environment= nor in the "
			      "environment of this import",
			      key, key + 4);
	else
		(void)err_set(err, ERR_CONFIG, 0, "there is no %%(%s) here", key);
	return PYFORMAT_BAD;
}

static enum pyformat_result put_in(const struct pyformat *format,
				   const struct conversion *conversion, struct str *out,
				   struct err *err)
{
	static const char host[] = { MARK_HOST, '0', '0', '\0' };
	const char *key = conversion->key;
	const char *text = NULL;

	if (format->has_process && strcmp(key, "process_num") == 0)
		return add_process_num(format, conversion, out, err);
	if (format->has_process && strcmp(key, "numprocs") == 0)
		return add_number(conversion, format->numprocs, out, err);
	if (strcmp(key, "here") == 0)
		text = format->here;
	else if (strcmp(key, "host_node_name") == 0)
		text = host;
	else if (strcmp(key, "program_name") == 0)
		text = format->program_name;
	else if (strcmp(key, "group_name") == 0)
		text = format->group_name;
	else if (strncmp(key, "ENV_", 4) == 0)
		text = find_any_env(format, key + 4);
	return text ? add_text(conversion, text, out, err) : unknown(key, err);
}

static enum pyformat_result convert(const struct pyformat *format, const char **at, struct str *out,
				    struct err *err)
{
	struct conversion conversion = { .key = NULL };
	const char *next = read_conversion(*at, &conversion, err);
	enum pyformat_result result = PYFORMAT_BAD;

	if (next && conversion.type == '%') {
		str_add(out, "%");
		result = PYFORMAT_DONE;
	} else if (next && !conversion.key) {
		(void)bad(err, "a lone '%' must be written '%%'");
	} else if (next) {
		result = put_in(format, &conversion, out, err);
	}
	free(conversion.key);
	*at = next;
	return result;
}

enum pyformat_result pyformat_expand(const struct pyformat *format, const char *text,
				     struct str *out, struct err *err)
{
	enum pyformat_result result = PYFORMAT_DONE;
	const char *at = text;

	while (result == PYFORMAT_DONE && *at) {
		size_t plain = strcspn(at, "%");

		str_add_n(out, at, plain);
		at += plain;
		if (*at == '%') {
			at++;
			result = convert(format, &at, out, err);
		}
		if (out->len > PYFORMAT_SIZE_MAX) {
			(void)bad(err, "it becomes longer than 128 KiB");
			result = PYFORMAT_BAD;
		}
	}
	if (result != PYFORMAT_DONE)
		str_free(out);
	return result;
}

/* ---- marks -------------------------------------------------------------------------------- */

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

size_t pyformat_mark(const char *text)
{
	return (*text == MARK_NUMBER || *text == MARK_HOST) && is_digit(text[1]) &&
			       is_digit(text[2])
		       ? MARK_LEN
		       : 0;
}

static int width_of(const char *mark)
{
	return (mark[1] - '0') * 10 + (mark[2] - '0');
}

bool pyformat_is_marked(const char *text)
{
	return strpbrk(text, (const char[]){ MARK_NUMBER, MARK_HOST, '\0' }) != NULL;
}

static void finish_mark(const char *mark, struct str *out)
{
	if (*mark == MARK_HOST)
		str_add(out, "%H");
	else if (width_of(mark) == 0)
		str_add(out, "%i");
	else
		str_addf(out, "%%0%di", width_of(mark));
}

char *pyformat_finish(const char *text)
{
	struct str out = STR_INIT;

	for (size_t len; *text; text += len) {
		len = pyformat_mark(text);
		if (len > 0) {
			finish_mark(text, &out);
			continue;
		}
		len = 1;
		str_add_n(&out, *text == '%' ? "%%" : text, *text == '%' ? 2 : 1);
	}
	return str_take(&out);
}

static void put_in_mark(const char *mark, int64_t number, struct str *out)
{
	struct utsname host;

	if (*mark == MARK_HOST)
		str_add(out, uname(&host) == 0 ? host.nodename : "localhost");
	else
		str_addf(out, "%0*lld", width_of(mark), (long long)number);
}

char *pyformat_concrete(const char *text, int64_t number)
{
	struct str out = STR_INIT;

	for (size_t len; *text; text += len) {
		len = pyformat_mark(text);
		if (len > 0) {
			put_in_mark(text, number, &out);
			continue;
		}
		len = 1;
		str_add_n(&out, text, 1);
	}
	return str_take(&out);
}
