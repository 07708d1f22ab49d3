/* SPDX-License-Identifier: ISC */
/* URLs, headers, secrets: what is let pass can be used, and shows nothing of what is secret in it.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/config/secretfile.h"
#include "watchdog/model/privacy.h"
#include "watchdog/model/secret.h"
#include "watchdog/model/url.h"
#include "watchdog/model/webhook.h"
#include "watchdog/net/http.h"
#include "watchdog/net/sign.h"

static void check_url(const char *text)
{
	struct str shown = STR_INIT;
	char host[64];
	const char *why = url_check(text);
	const char *path;

	url_add_public(text, &shown);
	FUZZ_CHECK(http_host(text, host, sizeof(host)) == host && strlen(host) < sizeof(host));
	FUZZ_CHECK(!why || fuzz_is_line(why));
	if (!why) {
		/* Of "http://host/path": no more than the host. */
		path = strchr(strstr(shown.data, "://") + 3, '/');
		FUZZ_CHECK(!path || strcmp(path, "/") == 0 || strcmp(path, "/" URL_CUT) == 0);
		FUZZ_CHECK(!strpbrk(shown.data, "@?#"));
		FUZZ_CHECK(strcmp(host, "?") != 0 && strstr(shown.data, host) != NULL);
		if (strcmp(shown.data, text) != 0)
			FUZZ_CHECK(url_check(shown.data) != NULL);
	}
	str_free(&shown);
	why = url_check_proxy(text);
	FUZZ_CHECK(!why || fuzz_is_line(why));
}

static void check_header(const char *text)
{
	char *shown = privacy_text(OPTION_HEADERS, text);

	if (!webhook_check_header(text)) {
		FUZZ_CHECK(!strpbrk(text, "\r\n") && strchr(text, ':'));
		FUZZ_CHECK(strncmp(shown, text, strcspn(text, ":")) == 0);
		FUZZ_CHECK(webhook_check_header(shown) != NULL);
	}
	free(shown);
}

static void check_secret(const char *text)
{
	struct strlist secrets = STRLIST_INIT;
	struct str signature = STR_INIT;
	bool is_good = !secret_check(text);
	int status;

	strlist_add(&secrets, text);
	status = sign_standard(&secrets, "id", 1, "body", 4, &signature);
	/* Who signs takes one without its padding, too. */
	FUZZ_CHECK(status == 0 || !is_good);
	FUZZ_CHECK(signature.len == (status == 0 ? strlen("v1,") + 44 : 0));
	str_free(&signature);
	strlist_free(&secrets);
}

static void check_file(const uint8_t *data, size_t size)
{
	struct strlist secrets = STRLIST_INIT;
	struct webhook_options options;
	struct err err = ERR_INIT;
	char *path = fuzz_path("secret");

	fuzz_write("secret", data, size);
	options_init_in(webhook_option_table, &options);
	strlist_add(&options.secret_file, path);
	if (secretfile_secrets(&options, &secrets, &err))
		FUZZ_CHECK(fuzz_is_plain(err.text) && secrets.count == 0);
	FUZZ_CHECK(secrets.count <= SECRETFILE_SECRETS_MAX);
	for (size_t i = 0; i < secrets.count; i++)
		FUZZ_CHECK(!secret_check(secrets.items[i]));
	secretfile_wipe(&secrets);
	options_free_in(webhook_option_table, &options);
	free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	check_url(text);
	check_header(text);
	check_secret(text);
	check_file(data, size);
	free(text);
	return 0;
}
