/* SPDX-License-Identifier: ISC */
/* http over TLS: whom it trusts; and castore: where the trusted are found. The other side is
 * tls_peer.py. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/check_main.h"
#include "tests/unit/tempdir.h"
#include "watchdog/base/clock.h"
#include "watchdog/base/mem.h"
#include "watchdog/net/castore.h"
#include "watchdog/net/http.h"

#define PATIENCE_MS 60000
#define PEER_MAX    16

static char *temp;
static pid_t peer;
static FILE *to_peer;
static struct {
	char name[16];
	int port;
} ports[PEER_MAX];

static void run_peer(const int in[2], const int out[2])
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)dup2(in[0], STDIN_FILENO);
	(void)dup2(out[1], STDOUT_FILENO);
	execlp("python3", "python3", TLS_PEER, temp, (char *)NULL);
	_exit(127);
}

static void set_up(void)
{
	int in[2];
	int out[2];
	FILE *from_peer;
	char line[80];

	temp = tempdir_make();
	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	peer = fork();
	ck_assert_int_ge(peer, 0);
	if (peer == 0)
		run_peer(in, out);
	close(in[0]);
	close(out[1]);
	to_peer = fdopen(in[1], "w");
	from_peer = fdopen(out[0], "r");
	ck_assert_ptr_nonnull(to_peer);
	ck_assert_ptr_nonnull(from_peer);
	for (int i = 0; i < PEER_MAX; i++) {
		ck_assert_ptr_nonnull(fgets(line, sizeof(line), from_peer));
		if (sscanf(line, "%15s %d", ports[i].name, &ports[i].port) != 2)
			break;
	}
	fclose(from_peer);
}

static void tear_down(void)
{
	int status;

	fclose(to_peer);
	ck_assert_int_eq(waitpid(peer, &status, 0), peer);
	ck_assert_int_eq(status, 0);
	tempdir_remove(temp);
}

static int port_of(const char *name)
{
	for (int i = 0; i < PEER_MAX; i++)
		if (strcmp(ports[i].name, name) == 0)
			return ports[i].port;
	ck_abort_msg("no receiver %s", name);
}

static char *pem(const char *name)
{
	return mem_format("%s/%s.pem", temp, name);
}

static struct http_result get(const char *name, const char *ca_file)
{
	char *url = mem_format("https://127.0.0.1:%d/S3CRET?t=S3CRET", port_of(name));
	struct http_request request = {
		.method = "GET", .url = url, .ca_file = ca_file, .timeout_ms = PATIENCE_MS
	};
	int64_t deadline = clock_read().boot_ms + PATIENCE_MS;
	struct http_result result;
	struct http *http;
	struct err err;
	void *tag;

	ck_assert_int_eq(http_open(&http, &err), 0);
	ck_assert_msg(http_begin(http, &request, NULL, &err) == 0, "%s", err.text);
	while (!http_turn(http, 1000, &tag, &result))
		ck_assert_int_lt(clock_read().boot_ms, deadline);
	http_close(http);
	ck_assert_ptr_null(strstr(result.why, "S3CRET"));
	free(url);
	return result;
}

START_TEST(trusts_its_ca_file)
{
	char *ca_file = pem("good");
	struct http_result result = get("good", ca_file);

	ck_assert_msg(result.failure == HTTP_ANSWERED, "%s", result.why);
	ck_assert_int_eq(result.status, 200);
	ck_assert_str_eq(str_text(&result.body), "OK");
	http_result_free(&result);
	free(ca_file);
}
END_TEST

static const struct {
	const char *name;
	const char *ca_file; /* NULL: the system's */
	enum http_failure failure;
	const char *why; /* in it */
} refused[] = {
	{ "good", NULL, HTTP_TLS, "certificate" },
	{ "good", "other", HTTP_TLS, "certificate" },
	{ "other", "other", HTTP_TLS, "127.0.0.1" },
	{ "old", "old", HTTP_TLS, "" },
	{ "plain", "good", HTTP_TLS, "" },
	{ "good", "none", HTTP_UNUSABLE, "ca_file" },
	{ "reset", "good", HTTP_NETWORK, "broken off" },
	{ "close", "good", HTTP_NETWORK, "broken off" },
};

START_TEST(refuses)
{
	char *ca_file = refused[_i].ca_file ? pem(refused[_i].ca_file) : NULL;
	struct http_result result = get(refused[_i].name, ca_file);

	ck_assert_msg(result.failure == refused[_i].failure, "%d %s", result.failure, result.why);
	ck_assert_int_eq(result.status, 0);
	ck_assert_msg(result.why[0] && strstr(result.why, refused[_i].why), "%s", result.why);
	http_result_free(&result);
	free(ca_file);
}
END_TEST

START_TEST(trusts_what_the_environment_names)
{
	char *file = pem("good");
	struct http_result result;

	ck_assert_int_eq(setenv("SSL_CERT_FILE", file, 1), 0);
	result = get("good", NULL);
	ck_assert_msg(result.failure == HTTP_ANSWERED, "%s", result.why);
	http_result_free(&result);
	result = get("other", NULL);
	ck_assert_int_eq(result.failure, HTTP_TLS);
	http_result_free(&result);
	free(file);
}
END_TEST

START_TEST(trusts_a_hashed_directory)
{
	char *rehash = mem_format("openssl rehash '%s' 2>/dev/null", temp);
	FILE *pipe = popen(rehash, "r");
	struct http_result result;

	ck_assert_ptr_nonnull(pipe);
	ck_assert_int_eq(pclose(pipe), 0);
	ck_assert_int_eq(setenv("SSL_CERT_DIR", temp, 1), 0);
	result = get("good", NULL);
	ck_assert_msg(result.failure == HTTP_ANSWERED, "%s", result.why);
	http_result_free(&result);
	free(rehash);
}
END_TEST

/* ---- castore ------------------------------------------------------------------------------ */

static const struct {
	const char *dir; /* with HASHES certificates in it by their hashes; NULL: none */
	int hashes;
	const char *file; /* NULL: none */
	const char *found;
} layouts[] = {
	{ "/etc/ssl/certs", 140, "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs" },
	{ "/etc/ssl/certs", 0, "/etc/ssl/certs/ca-certificates.crt",
	  "/etc/ssl/certs/ca-certificates.crt" },
	{ "/etc/ssl/certs", 1, "/etc/pki/tls/certs/ca-bundle.crt",
	  "/etc/pki/tls/certs/ca-bundle.crt" },
	{ "/etc/ssl/certs", 1, NULL, "/etc/ssl/certs" },
	{ "/etc/ssl/certs", 0, NULL, NULL },
	{ "/etc/pki/ca-trust/extracted/pem/directory-hash", 140,
	  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	  "/etc/pki/ca-trust/extracted/pem/directory-hash" },
	{ NULL, 0, "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem" },
	{ NULL, 0, "/etc/pki/tls/certs/ca-bundle.crt", "/etc/pki/tls/certs/ca-bundle.crt" },
	{ NULL, 0, "/etc/ssl/ca-bundle.pem", "/etc/ssl/ca-bundle.pem" },
	{ NULL, 0, "/etc/ssl/cert.pem", "/etc/ssl/cert.pem" },
	{ NULL, 0, NULL, NULL },
};

/* NAME in ROOT, and all that leads to it. */
static void make(const char *root, const char *name, bool is_file)
{
	char *path = mem_format("%s%s%s", root, name, is_file ? "" : "/");

	for (char *at = path + strlen(root) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		(void)mkdir(path, 0755);
		*at = '/';
	}
	if (is_file)
		tempdir_file(root, name + 1, "certificates\n");
	free(path);
}

START_TEST(finds_the_systems)
{
	char *root = tempdir_make();
	struct castore store;
	const char *found;

	unsetenv("SSL_CERT_FILE");
	unsetenv("SSL_CERT_DIR");
	if (layouts[_i].dir)
		make(root, layouts[_i].dir, false);
	for (int i = 0; i < layouts[_i].hashes; i++) {
		char *name = mem_format("%s/%08x.0", layouts[_i].dir, 0x1f0e0000 + i);

		make(root, name, true);
		free(name);
	}
	if (layouts[_i].file)
		make(root, layouts[_i].file, true);
	castore_find(root, &store);
	ck_assert(!store.dir || !store.file);
	found = store.dir ? store.dir : store.file;
	if (layouts[_i].found)
		ck_assert_str_eq(found + strlen(root), layouts[_i].found);
	else
		ck_assert_ptr_null(found);
	castore_free(&store);
	tempdir_remove(root);
}
END_TEST

START_TEST(what_the_environment_names_has_to_be_there)
{
	struct castore store;

	ck_assert_int_eq(setenv("SSL_CERT_FILE", "/nowhere/at/all", 1), 0);
	ck_assert_int_eq(setenv("SSL_CERT_DIR", "", 1), 0);
	castore_find("/nowhere", &store);
	ck_assert_ptr_null(store.file);
	ck_assert_ptr_null(store.dir);
	ck_assert_int_eq(setenv("SSL_CERT_DIR", "/", 1), 0);
	castore_find("/nowhere", &store);
	ck_assert_str_eq(store.dir, "/");
	castore_free(&store);
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *suite(void)
{
	Suite *suite = suite_create("http_tls");
	TCase *tls = tcase_create("tls");
	TCase *store = tcase_create("castore");

	tcase_add_checked_fixture(tls, set_up, tear_down);
	tcase_set_timeout(tls, 2 * PATIENCE_MS / 1000);
	tcase_add_test(tls, trusts_its_ca_file);
	tcase_add_loop_test(tls, refuses, 0, ROWS(refused));
	tcase_add_test(tls, trusts_what_the_environment_names);
	tcase_add_test(tls, trusts_a_hashed_directory);
	suite_add_tcase(suite, tls);
	tcase_set_timeout(store, PATIENCE_MS / 1000);
	tcase_add_loop_test(store, finds_the_systems, 0, ROWS(layouts));
	tcase_add_test(store, what_the_environment_names_has_to_be_there);
	suite_add_tcase(suite, store);
	return suite;
}

CHECK_MAIN(suite())
