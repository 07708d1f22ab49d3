/* SPDX-License-Identifier: ISC */
#include "watchdog/net/http.h"

#include <curl/curl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/units.h"
#include "watchdog/base/utf8.h"
#include "watchdog/net/castore.h"

#define CONNECT_TIMEOUT_MS 5000L
#define CONNECTIONS_MAX	   64L
/* All of an answer's header; 1xx and trailers count. */
#define HEADER_MAX 65536

struct transfer {
	CURL *easy;
	struct curl_slist *headers;
	char error[CURL_ERROR_SIZE];
	long timeout_ms;
	size_t header_bytes;
	int64_t body_limit;
	struct str body;
	void *tag;
	struct transfer *next;
};

struct http {
	CURLM *multi;
	struct castore store;
	bool has_store; /* looked for, once, when TLS is first needed */
	struct transfer *first;
	size_t pending;
};

void http_result_free(struct http_result *result)
{
	str_free(&result->body);
}

/* ---- open and close ----------------------------------------------------------------------- */

int http_open(struct http **http, struct err *err)
{
	CURLM *multi;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, ERR_SYSTEM, 0, "libcurl cannot be initialised");
	multi = curl_multi_init();
	if (!multi || curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX) != CURLM_OK) {
		curl_multi_cleanup(multi);
		curl_global_cleanup();
		return err_set(err, ERR_SYSTEM, 0, "libcurl gives no multi handle");
	}
	*http = mem_alloc(sizeof(**http));
	(*http)->multi = multi;
	return 0;
}

static void transfer_free(struct transfer *transfer)
{
	curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->headers);
	str_free(&transfer->body);
	free(transfer);
}

/* Takes TRANSFER out of HTTP; its memory stays. */
static void detach(struct http *http, struct transfer *transfer)
{
	struct transfer **at = &http->first;

	while (*at != transfer)
		at = &(*at)->next;
	*at = transfer->next;
	http->pending--;
	/* Fails only for handles that are none. */
	(void)curl_multi_remove_handle(http->multi, transfer->easy);
}

void http_close(struct http *http)
{
	if (!http)
		return;
	while (http->first) {
		struct transfer *transfer = http->first;

		detach(http, transfer);
		transfer_free(transfer);
	}
	(void)curl_multi_cleanup(http->multi);
	curl_global_cleanup();
	castore_free(&http->store);
	free(http);
}

size_t http_pending(const struct http *http)
{
	return http->pending;
}

/* ---- what comes --------------------------------------------------------------------------- */

/* Less than LEN breaks the transfer off: by then its status is known. */
static size_t take_body(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	size_t len = size * count;
	size_t room = HTTP_BODY_MAX - transfer->body.len;

	str_add_n(&transfer->body, data, len < room ? len : room);
	return len <= room ? len : 0;
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
	static const char limit[] = "Ping-Body-Limit:";
	struct transfer *transfer = context;
	size_t len = size * count;
	char value[24];

	transfer->header_bytes += len;
	if (transfer->header_bytes > HEADER_MAX)
		return 0;
	if (len < sizeof(limit) || strncasecmp(data, limit, sizeof(limit) - 1) != 0)
		return len;
	(void)snprintf(value, sizeof(value), "%.*s", (int)(len - sizeof(limit) + 1),
		       data + sizeof(limit) - 1);
	value[strcspn(value, "\r\n")] = '\0';
	if (units_parse_int(value + strspn(value, " \t"), 0, INT64_MAX, &transfer->body_limit) != 0)
		transfer->body_limit = -1;
	return len;
}

/* ---- a request ---------------------------------------------------------------------------- */

static bool has_scheme(const char *url, const char *scheme)
{
	return strncasecmp(url, scheme, strlen(scheme)) == 0;
}

/* Length of HEADER's name, 0 where it is no "Name: value" of one line. */
static size_t name_len(const char *header)
{
	size_t len = strcspn(header, ": \t");

	if (header[len] != ':')
		return 0;
	for (const char *at = header; *at; at++)
		if (((unsigned char)*at < 0x20 && *at != '\t') || *at == 0x7F)
			return 0;
	return len;
}

static bool is_named(const char *header, const char *name, size_t len)
{
	return strncasecmp(header, name, len) == 0 && header[len] == ':';
}

static bool has_header(const struct strlist *headers, size_t from, const char *name, size_t len)
{
	for (size_t i = from; headers && i < headers->count; i++)
		if (is_named(headers->items[i], name, len))
			return true;
	return false;
}

static bool append(struct transfer *transfer, const char *header)
{
	struct curl_slist *list = curl_slist_append(transfer->headers, header);

	if (list)
		transfer->headers = list;
	return list != NULL;
}

/* To libcurl, "Name:" means that there shall be no such header, "Name;" that it is empty. */
static bool append_one(struct transfer *transfer, const char *header, size_t len)
{
	const char *value = header + len + 1;
	char *empty;
	bool done;

	if (value[strspn(value, " \t")] != '\0')
		return append(transfer, header);
	empty = mem_format("%.*s;", (int)len, header);
	done = append(transfer, empty);
	free(empty);
	return done;
}

static int add_headers(struct transfer *transfer, const struct strlist *headers, struct err *err)
{
	bool done = true;

	for (size_t i = 0; headers && i < headers->count; i++) {
		const char *header = headers->items[i];
		size_t len = name_len(header);

		if (!len)
			return err_set(err, ERR_SYSTEM, 0, "header %zu is no 'Name: value'", i + 1);
		if (!has_header(headers, i + 1, header, len))
			done = done && append_one(transfer, header, len);
	}
	/* Not what libcurl adds by itself: a wait for "100 Continue", a type that is not true. */
	done = done && append(transfer, "Expect:");
	if (!has_header(headers, 0, "Content-Type", strlen("Content-Type")))
		done = done && append(transfer, "Content-Type:");
	return done ? 0 : err_set(err, ERR_SYSTEM, 0, "libcurl takes no header");
}

/* The setters return whether libcurl took all: what it does not know it refuses. */

static bool set_basics(struct transfer *transfer)
{
	CURL *easy = transfer->easy;

#if LIBCURL_VERSION_NUM >= 0x075700
	/* A name server that is silent would be waited for beyond every deadline. */
	if (curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L))
		return false;
#endif
	return !(curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer) ||
		 curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error) ||
		 curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) ||
		 curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") ||
		 curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) ||
		 curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) ||
		 curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) ||
		 curl_easy_setopt(easy, CURLOPT_USERAGENT, "cronherd/" PACKAGE_VERSION) ||
		 curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS) ||
		 curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, transfer->timeout_ms) ||
		 curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) ||
		 curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) ||
		 curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header) ||
		 curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer) ||
		 curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L));
}

/* "" and not NULL, which would let http_proxy and no_proxy of the environment decide. */
static bool set_proxy(CURL *easy, const char *proxy)
{
	return !(curl_easy_setopt(easy, CURLOPT_PROXY, proxy ? proxy : "") ||
		 curl_easy_setopt(easy, CURLOPT_NOPROXY, ""));
}

/* Where neither a file nor a directory is known, libcurl's own places stay. */
static bool set_certificates(CURL *easy, const char *dir, const char *file)
{
	if (!dir && !file)
		return true;
	return !(curl_easy_setopt(easy, CURLOPT_CAPATH, dir) ||
		 curl_easy_setopt(easy, CURLOPT_CAINFO, file) ||
		 curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, dir) ||
		 curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, file));
}

static bool set_tls(struct http *http, CURL *easy, const char *ca_file)
{
	if (curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) ||
	    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) ||
	    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) ||
	    curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2))
		return false;
	if (ca_file)
		return set_certificates(easy, NULL, ca_file);
	if (!http->has_store)
		castore_find("", &http->store);
	http->has_store = true;
	return set_certificates(easy, http->store.dir, http->store.file);
}

static bool set_method(CURL *easy, const struct http_request *request)
{
	const char *body = request->body ? request->body : "";
	curl_off_t len = request->body ? (curl_off_t)request->body_len : 0;

	if (strcmp(request->method, "HEAD") == 0)
		return !curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	if (strcmp(request->method, "GET") == 0)
		return !curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	return !(curl_easy_setopt(easy, CURLOPT_POST, 1L) ||
		 curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, len) ||
		 curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body));
}

static int prepare(struct http *http, struct transfer *transfer, const struct http_request *request,
		   struct err *err)
{
	CURL *easy = transfer->easy;
	bool is_tls = has_scheme(request->url, "https://");
	bool is_proxy_tls = request->proxy && has_scheme(request->proxy, "https://");

	if (add_headers(transfer, request->headers, err) != 0)
		return -1;
	if (!set_basics(transfer) || !set_proxy(easy, request->proxy) ||
	    ((is_tls || is_proxy_tls) && !set_tls(http, easy, request->ca_file)) ||
	    !set_method(easy, request) || curl_easy_setopt(easy, CURLOPT_URL, request->url) ||
	    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers))
		return err_set(err, ERR_SYSTEM, 0, "libcurl refuses the request: %s",
			       is_tls ? "has it HTTPS?" : "URL or body too long?");
	if (curl_multi_add_handle(http->multi, easy) != CURLM_OK)
		return err_set(err, ERR_SYSTEM, 0, "libcurl does not begin the request");
	return 0;
}

/* 0 would mean to libcurl that there is no limit. */
static long clamp_timeout(int64_t timeout_ms)
{
	return timeout_ms < 1 ? 1 : timeout_ms > INT_MAX ? INT_MAX : (long)timeout_ms;
}

int http_begin(struct http *http, const struct http_request *request, void *tag, struct err *err)
{
	struct transfer *transfer;

	if (!has_scheme(request->url, "http://") && !has_scheme(request->url, "https://"))
		return err_set(err, ERR_CONFIG, 0, "its URL has to begin with http:// or https://");
	transfer = mem_alloc(sizeof(*transfer));
	transfer->tag = tag;
	transfer->body_limit = -1;
	transfer->timeout_ms = clamp_timeout(request->timeout_ms);
	transfer->easy = curl_easy_init();
	if (!transfer->easy || prepare(http, transfer, request, err) != 0) {
		if (!transfer->easy)
			(void)err_set(err, ERR_SYSTEM, 0, "libcurl gives no handle");
		transfer_free(transfer);
		return -1;
	}
	transfer->next = http->first;
	http->first = transfer;
	http->pending++;
	return 0;
}

/* ---- results ------------------------------------------------------------------------------ */

struct meaning {
	CURLcode code;
	enum http_failure failure;
	const char *why; /* NULL: as libcurl says it */
};

/* In our own words: libcurl's quote a proxy's password. Of TLS, they name hosts alone. */
static const struct meaning meanings[] = {
	{ CURLE_UNSUPPORTED_PROTOCOL, HTTP_NETWORK, "the answer is not HTTP" },
	{ CURLE_WEIRD_SERVER_REPLY, HTTP_NETWORK, "the answer is not HTTP" },
	{ CURLE_URL_MALFORMAT, HTTP_UNUSABLE, "the URL is not valid" },
	{ CURLE_BAD_FUNCTION_ARGUMENT, HTTP_UNUSABLE, "the request is not valid" },
	{ CURLE_COULDNT_RESOLVE_PROXY, HTTP_NETWORK, "the proxy's name is not known" },
	{ CURLE_COULDNT_RESOLVE_HOST, HTTP_NETWORK, "the host's name is not known" },
	{ CURLE_COULDNT_CONNECT, HTTP_NETWORK, "no connection" },
	{ CURLE_PROXY, HTTP_NETWORK, "the proxy gives no connection" },
	{ CURLE_GOT_NOTHING, HTTP_NETWORK, "closed without an answer" },
	{ CURLE_SEND_ERROR, HTTP_NETWORK, "broken off while sending" },
	{ CURLE_RECV_ERROR, HTTP_NETWORK, "broken off without an answer" },
	{ CURLE_WRITE_ERROR, HTTP_NETWORK, "the answer's header is too long" },
	{ CURLE_SSL_CONNECT_ERROR, HTTP_TLS, NULL },
	{ CURLE_SSL_CERTPROBLEM, HTTP_TLS, NULL },
	{ CURLE_SSL_CIPHER, HTTP_TLS, NULL },
	{ CURLE_PEER_FAILED_VERIFICATION, HTTP_TLS, NULL },
	{ CURLE_SSL_ISSUER_ERROR, HTTP_TLS, NULL },
	{ CURLE_SSL_INVALIDCERTSTATUS, HTTP_TLS, NULL },
	{ CURLE_SSL_CACERT_BADFILE, HTTP_UNUSABLE, "the certificates of ca_file cannot be read" },
	{ CURLE_OK, HTTP_NETWORK, "no status" },
};

static const struct meaning broken_handshake = { CURLE_SSL_CONNECT_ERROR, HTTP_NETWORK,
						 "broken off in the TLS handshake" };

/* Whether the network ended a handshake, and no certificate did. Only libcurl's text tells. */
static bool is_broken_off(const struct transfer *transfer, CURLcode code)
{
	static const char *const signs[] = { "Recv failure", "Send failure", "SSL_ERROR_SYSCALL" };

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (code == CURLE_SSL_CONNECT_ERROR && strstr(transfer->error, signs[i]))
			return true;
	return false;
}

static void say_timeout(struct transfer *transfer, struct http_result *result)
{
	curl_off_t ready_us = 0;
	int64_t limit_ms = transfer->timeout_ms;
	char span[UNITS_TEXT_SIZE];

	(void)curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
	if (ready_us == 0 && limit_ms > CONNECT_TIMEOUT_MS)
		limit_ms = CONNECT_TIMEOUT_MS;
	result->failure = HTTP_TIMEOUT;
	(void)snprintf(result->why, sizeof(result->why), "no %s within %s",
		       ready_us > 0 ? "answer" : "connection",
		       units_format_duration(limit_ms, span));
}

static void say_failure(struct transfer *transfer, CURLcode code, struct http_result *result)
{
	const struct meaning *meaning = meanings;
	long os_errno = 0;

	while (meaning->code != code && meaning->code != CURLE_OK)
		meaning++;
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &os_errno);
	if (is_broken_off(transfer, code))
		meaning = &broken_handshake;
	result->failure = meaning->failure;
	if (meaning->code == CURLE_OK && code != CURLE_OK)
		(void)snprintf(result->why, sizeof(result->why), "%s", curl_easy_strerror(code));
	else if (meaning->why)
		(void)snprintf(result->why, sizeof(result->why), "%s%s%s", meaning->why,
			       os_errno ? ": " : "", os_errno ? strerror((int)os_errno) : "");
	else
		(void)snprintf(result->why, sizeof(result->why), "%s",
			       transfer->error[0] ? transfer->error : curl_easy_strerror(code));
	utf8_make_line(result->why);
}

/* A tunnel's proxy has its own status; 407 is a matter of configuration. */
static bool say_proxy(struct transfer *transfer, struct http_result *result)
{
	long status = 0;

	(void)curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE, &status);
	if (status < 300)
		return false;
	result->failure = status == 407 ? HTTP_UNUSABLE : HTTP_NETWORK;
	(void)snprintf(result->why, sizeof(result->why), "the proxy refuses the connection (%ld%s)",
		       status, status == 407 ? ": it wants a name and a password" : "");
	return true;
}

static void judge(struct transfer *transfer, CURLcode code, struct http_result *result)
{
	long status = 0;
	curl_off_t retry_after_s = 0;
	curl_off_t took_us = 0;

	*result = (struct http_result){ .retry_after_s = -1, .body_limit = -1 };
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &took_us);
	result->took_ms = took_us / 1000;
	if (status >= 200) {
		result->failure = HTTP_ANSWERED;
		result->status = status;
		result->retry_after_s = retry_after_s > 0 ? retry_after_s : -1;
		result->body_limit = transfer->body_limit;
		result->body = transfer->body;
		transfer->body = (struct str)STR_INIT;
	} else if (code == CURLE_OPERATION_TIMEDOUT) {
		say_timeout(transfer, result);
	} else if (!say_proxy(transfer, result)) {
		say_failure(transfer, code, result);
	}
}

static void finish(struct http *http, struct transfer *transfer, CURLcode code, void **tag,
		   struct http_result *result)
{
	judge(transfer, code, result);
	*tag = transfer->tag;
	detach(http, transfer);
	transfer_free(transfer);
}

static bool take_ended(struct http *http, void **tag, struct http_result *result)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(http->multi, &left))) {
		struct transfer *transfer = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		finish(http, transfer, message->data.result, tag, result);
		return true;
	}
	return false;
}

/* Out of descriptors or memory: better one lost try than to spin. */
static bool give_one_up(struct http *http, void **tag, struct http_result *result)
{
	if (!http->first)
		return false;
	finish(http, http->first, CURLE_FAILED_INIT, tag, result);
	return true;
}

bool http_turn(struct http *http, int wait_ms, void **tag, struct http_result *result)
{
	int running;

	if (take_ended(http, tag, result))
		return true;
	if (curl_multi_perform(http->multi, &running) != CURLM_OK)
		return give_one_up(http, tag, result);
	if (take_ended(http, tag, result))
		return true;
	if (curl_multi_poll(http->multi, NULL, 0, wait_ms, NULL) != CURLM_OK ||
	    curl_multi_perform(http->multi, &running) != CURLM_OK)
		return give_one_up(http, tag, result);
	return take_ended(http, tag, result);
}

/* ---- hosts -------------------------------------------------------------------------------- */

const char *http_host(const char *url, char *buf, size_t size)
{
	const char *at = strstr(url, "://");
	const char *name;
	size_t len;

	at = at ? at + strlen("://") : "";
	len = strcspn(at, "/?#\\");
	name = memrchr(at, '@', len);
	if (name) {
		len -= (size_t)(name + 1 - at);
		at = name + 1;
	}
	/* A port begins behind the name, or behind the "]" of an address. */
	name = at[0] == '[' ? memchr(at, ']', len) : NULL;
	if (name)
		len = (size_t)(name + 1 - at);
	else if (memchr(at, ':', len))
		len = strcspn(at, ":");
	if (len)
		(void)snprintf(buf, size, "%.*s", (int)(len < size ? len : size), at);
	else
		(void)snprintf(buf, size, "?");
	utf8_make_line(buf);
	return buf;
}
