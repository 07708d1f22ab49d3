/* SPDX-License-Identifier: ISC */
/*
 * A receiver on 127.0.0.1 for one test: a process of its own, a thread for each connection. The
 * request's path says how it behaves; see the table at the end. It dies with the test.
 */
#ifndef TESTS_UNIT_HTTP_SERVER_H
#define TESTS_UNIT_HTTP_SERVER_H

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watchdog/base/str.h"

struct http_server {
	pid_t pid;
	int port;
	/* Shared with the server: */
	struct http_server_counts {
		atomic_int connections;
		atomic_int requests;
		atomic_int followed; /* requests for /followed */
	} * counts;
};

struct http_server_peer {
	int fd;
	struct http_server_counts *counts;
};

static inline bool http_server_send(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);

		if (sent < 0)
			return false;
		data += sent;
		len -= (size_t)sent;
	}
	return true;
}

static inline bool http_server_say(int fd, const char *text)
{
	return http_server_send(fd, text, strlen(text));
}

/* One request, header and body, to REQUEST. False at the connection's end. */
static inline bool http_server_read(int fd, struct str *request)
{
	char buf[4096];
	size_t want = SIZE_MAX;

	while (request->len < want) {
		ssize_t got = recv(fd, buf, sizeof(buf), 0);
		const char *end;
		const char *length;

		if (got <= 0)
			return false;
		str_add_n(request, buf, (size_t)got);
		end = want == SIZE_MAX ? strstr(request->data, "\r\n\r\n") : NULL;
		if (!end)
			continue;
		want = (size_t)(end - request->data) + 4;
		length = strcasestr(request->data, "\r\nContent-Length:");
		if (length && length < end)
			want += (size_t)strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
	}
	return true;
}

static inline bool http_server_answer(int fd, const char *status, const char *headers,
				      const char *body, size_t len)
{
	struct str text = STR_INIT;
	bool sent;

	str_addf(&text, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n", status, len, headers);
	str_add_n(&text, body, len);
	sent = http_server_send(fd, text.data, text.len);
	str_free(&text);
	return sent;
}

/* Goes on until the other side has had enough. */
static inline bool http_server_pour(int fd, const char *begin, const char *piece,
				    useconds_t pause_us)
{
	bool open = http_server_say(fd, begin);

	while (open) {
		if (pause_us)
			usleep(pause_us);
		open = http_server_say(fd, piece);
	}
	return false;
}

/* Nothing more, until the other side goes. */
static inline bool http_server_wait(int fd)
{
	char byte;

	while (recv(fd, &byte, 1, 0) > 0)
		;
	return false;
}

/* %XX in a path. */
static inline void http_server_decode(char *text)
{
	char *to = text;

	for (; *text; text++) {
		unsigned int byte;

		if (*text == '%' && sscanf(text + 1, "%2x", &byte) == 1) {
			*to++ = (char)byte;
			text += 2;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/* Whether the connection goes on. */
static inline bool http_server_serve(struct http_server_peer *peer, const struct str *request)
{
	static const char kilo[1024] = { 0 };
	const char *path = strchr(request->data, ' ') + 1;
	char rest[256] = "";
	char line[300];
	int fd = peer->fd;

	atomic_fetch_add(&peer->counts->requests, 1);
	/* a tunnel's proxy: the port is its answer */
	if (sscanf(request->data, "CONNECT %*[^:]:%255[0-9]", rest) == 1)
		return http_server_answer(fd, rest, "", "", 0);
	/* /echo: what came, as the answer's body; of a proxy's requests too */
	if (strncmp(path, "/echo", 5) == 0 || strncmp(path, "http:", 5) == 0)
		return http_server_answer(fd, "200 OK", "", request->data, request->len);
	/* /status/503: that, with a body */
	if (sscanf(path, "/status/%255[^ ?]", rest) == 1)
		return http_server_answer(fd, rest, "", "body", strcmp(rest, "204") == 0 ? 0 : 4);
	/* /header/Retry-After:%205: 429 with that */
	if (sscanf(path, "/header/%255[^ ?]", rest) == 1) {
		http_server_decode(rest);
		(void)snprintf(line, sizeof(line), "%s\r\n", rest);
		return http_server_answer(fd, "429 Too Many", line, "", 0);
	}
	if (strncmp(path, "/followed", 9) == 0)
		atomic_fetch_add(&peer->counts->followed, 1);
	if (strncmp(path, "/redirect", 9) == 0)
		return http_server_answer(fd, "301 Moved", "Location: /followed\r\n", "", 0);
	/* a status that is not the last one, then the one that is */
	if (strncmp(path, "/early", 6) == 0)
		return http_server_say(fd, "HTTP/1.1 103 Early Hints\r\n\r\n"
					   "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
	if (strncmp(path, "/only-early", 11) == 0 && !http_server_say(fd, "HTTP/1.1 103 E\r\n\r\n"))
		return false;
	if (strncmp(path, "/cut", 4) == 0)
		return http_server_say(fd,
				       "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nten bytes.") &&
		       false;
	if (strncmp(path, "/endless-header", 15) == 0)
		return http_server_pour(fd, "HTTP/1.1 200 OK\r\n", "X-Filler: and so on\r\n", 0);
	if (strncmp(path, "/endless-early", 14) == 0)
		return http_server_pour(fd, "", "HTTP/1.1 103 Early Hints\r\n\r\n", 0);
	if (strncmp(path, "/endless", 8) == 0)
		return http_server_pour(fd, "HTTP/1.1 200 OK\r\n\r\n", "and so on ", 0);
	if (strncmp(path, "/trickle", 8) == 0)
		return http_server_pour(fd, "HTTP/1.1 200 OK\r\n\r\n", ".", 100000);
	/* /size/16: that many KiB of zeros */
	if (sscanf(path, "/size/%255[^ ?]", rest) == 1) {
		long left = atol(rest);

		(void)snprintf(line, sizeof(line), "HTTP/1.1 200 OK\r\nContent-Length: %ld\r\n\r\n",
			       left * 1024);
		for (bool sent = http_server_say(fd, line); sent && left > 0; left--)
			sent = http_server_send(fd, kilo, sizeof(kilo));
		return left == 0;
	}
	if (strncmp(path, "/garbage", 8) == 0)
		return http_server_say(fd, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n") && false;
	if (strncmp(path, "/reset", 6) == 0) {
		struct linger linger = { .l_onoff = 1 };

		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
		return false;
	}
	if (strncmp(path, "/close", 6) == 0 || strncmp(path, "/only-early", 11) == 0)
		return false;
	/* /silent and all the rest */
	return http_server_wait(fd);
}

static inline void *http_server_talk(void *data)
{
	struct http_server_peer *peer = data;
	struct str request = STR_INIT;

	while (http_server_read(peer->fd, &request) && http_server_serve(peer, &request))
		str_free(&request);
	str_free(&request);
	close(peer->fd);
	free(peer);
	return NULL;
}

static inline void http_server_run(int listener, struct http_server_counts *counts)
{
	for (;;) {
		struct http_server_peer *peer = malloc(sizeof(*peer));
		pthread_t thread;

		if (!peer)
			_exit(1);
		*peer = (struct http_server_peer){ .fd = accept(listener, NULL, NULL),
						   .counts = counts };
		if (peer->fd < 0)
			_exit(1);
		atomic_fetch_add(&counts->connections, 1);
		if (pthread_create(&thread, NULL, http_server_talk, peer) != 0)
			_exit(1);
		(void)pthread_detach(thread);
	}
}

static inline struct http_server http_server_start(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	struct http_server server;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
	ck_assert_int_eq(listen(fd, 128), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	server.port = ntohs(address.sin_port);
	server.counts = mmap(NULL, sizeof(*server.counts), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(server.counts, MAP_FAILED);
	server.pid = fork();
	ck_assert_int_ge(server.pid, 0);
	if (server.pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		http_server_run(fd, server.counts);
	}
	close(fd);
	return server;
}

static inline void http_server_stop(struct http_server *server)
{
	ck_assert_int_eq(kill(server->pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(server->pid, NULL, 0), server->pid);
	(void)munmap(server->counts, sizeof(*server->counts));
}

#endif
