/* SPDX-License-Identifier: ISC */
#include "watchdog/model/url.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS	"0123456789"

/* Where what follows "http://" or "https://" begins; NULL where URL begins with neither. */
static const char *behind_scheme(const char *url)
{
	if (strncasecmp(url, "https://", 8) == 0)
		return url + 8;
	if (strncasecmp(url, "http://", 7) == 0)
		return url + 7;
	return NULL;
}

/* What must never stand in one: it would be guessed at differently by each who reads it. */
static const char *check_bytes(const char *url)
{
	if (strstr(url, URL_CUT))
		return "was cut by what printed it: write all of it";
	for (; *url != '\0'; url++) {
		unsigned char byte = (unsigned char)*url;
		if (byte < 0x20 || byte == 0x7F)
			return "must not have control characters";
		if (byte == ' ')
			return "must not have blanks: write %20";
		if (byte >= 0x80)
			return "must be ASCII: percent-encode what is not (\"\xC3\xA4\" is "
			       "%C3%A4), and write a host "
			       "as its xn-- name";
		if (strchr("\"<>\\`", byte))
			return "must not have any of \" < > \\ `: percent-encode them";
	}
	return NULL;
}

static const char *blame_scheme(const char *url)
{
	if (strstr(url, "://"))
		return "has a scheme that is not spoken here: it must begin with https:// or "
		       "http://";
	return "has no scheme: it must begin with https:// or http://";
}

/* Digits alone: behind "host:" nothing may stand by the letter, but nobody means it. */
static const char *check_port(const char *port, const char *end)
{
	int64_t number = 0;

	for (; port < end && strchr(DIGITS, *port) && number <= 65535; port++)
		number = number * 10 + (*port - '0');
	if (port == end && number > 0 && number <= 65535)
		return NULL;
	return "must have a port from 1 to 65535 behind the ':' of its host";
}

/* "host", "host:port", "[::1]:port", up to END. */
static const char *check_host(const char *host, const char *end)
{
	const char *behind;

	if (*host == '[') {
		behind = host + 1 + strspn(host + 1, DIGITS "abcdefABCDEF:.");
		if (*behind != ']' || behind == host + 1)
			return "must have an IPv6 address between the [ and ] of its host";
		behind++;
	} else {
		behind = host + strspn(host, LETTERS DIGITS "-._~");
		if (behind == host)
			return "has no host: it must be like https://host/path";
	}
	if (*behind == ':')
		return check_port(behind + 1, end);
	return behind == end ? NULL : "has a host with a character that no host has";
}

/* The end of "user:password@host:port" at BEGIN; AT: its last '@', or NULL. */
static const char *end_of_authority(const char *begin, const char **at)
{
	const char *end = begin + strcspn(begin, "/?#");

	*at = NULL;
	for (const char *byte = begin; byte < end; byte++)
		if (*byte == '@')
			*at = byte;
	return end;
}

const char *url_check(const char *url)
{
	const char *why = check_bytes(url);
	const char *at;

	if (why)
		return why;
	const char *begin = behind_scheme(url);
	if (!begin)
		return blame_scheme(url);
	const char *end = end_of_authority(begin, &at);
	if (at)
		return "must not have a user and password before its host: use headers = "
		       "{\"Authorization: ...\"}";
	if (strchr(end, '#'))
		return "must not have a '#': what stands behind it is never sent (percent-encoded "
		       "it is %23)";
	return check_host(begin, end);
}

const char *url_check_proxy(const char *url)
{
	const char *why = check_bytes(url);
	const char *at;

	if (why)
		return why;
	const char *begin = behind_scheme(url);
	if (!begin || strncasecmp(url, "http://", 7) != 0)
		return "must begin with http://: a proxy is spoken to in that way, also for https "
		       "addresses";
	const char *end = end_of_authority(begin, &at);
	if (end[0] != '\0' && strcmp(end, "/") != 0)
		return "must end behind its host and port: a proxy has no path";
	return check_host(at ? at + 1 : begin, end);
}

void url_add_public(const char *url, struct str *text)
{
	const char *begin = behind_scheme(url);
	const char *at;

	if (!begin) { /* it was never let pass */
		str_add(text, URL_CUT);
		return;
	}
	const char *end = end_of_authority(begin, &at);
	str_add_n(text, url, (size_t)(begin - url));
	if (at)
		str_add(text, URL_CUT "@");
	str_add_n(text, at ? at + 1 : begin, (size_t)(end - (at ? at + 1 : begin)));
	if (*end != '\0' && strcmp(end, "/") != 0)
		str_add(text, "/" URL_CUT);
	else
		str_add(text, end);
}
