/* SPDX-License-Identifier: ISC */
#include "watchdog/store/deliveries.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pidfiles/atomfile.h"
#include "pidfiles/digits.h"
#include "watchdog/base/mem.h"

#define HEADER "cronherd-deliveries 1\n"
/* Of some thousand webhooks. */
#define TEXT_SIZE 262144

void deliveries_add(struct deliveries *deliveries, const struct deliveries_webhook *webhook)
{
	struct deliveries_webhook *copy;

	deliveries->webhooks = mem_resize(deliveries->webhooks, deliveries->count + 1,
					  sizeof(*deliveries->webhooks));
	copy = &deliveries->webhooks[deliveries->count++];
	*copy = *webhook;
	copy->name = mem_dup(webhook->name);
}

void deliveries_free(struct deliveries *deliveries)
{
	for (size_t i = 0; i < deliveries->count; i++)
		free(deliveries->webhooks[i].name);
	free(deliveries->webhooks);
	*deliveries = (struct deliveries)DELIVERIES_INIT;
}

void deliveries_format(const struct deliveries *deliveries, struct str *text)
{
	str_add(text, HEADER);
	for (size_t i = 0; i < deliveries->count; i++) {
		const struct deliveries_webhook *webhook = &deliveries->webhooks[i];

		str_addf(text,
			 "webhook %s owed %" PRId64 " delivered %" PRId64 " dead %" PRId64
			 " failing_since_ms %" PRId64 " disabled %d\n",
			 webhook->name, webhook->owed, webhook->delivered, webhook->dead,
			 webhook->failing_wall_ms, webhook->is_disabled);
	}
}

/* ---- reading ------------------------------------------------------------------------------ */

static bool take_word(const char **at, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*at, word, len) != 0)
		return false;
	*at += len;
	return true;
}

/* WORD and the number behind it. */
static bool take_number(const char **at, const char *word, int64_t *number)
{
	uint64_t value;

	if (!take_word(at, word) || !digits_take(at, *at + strlen(*at), &value) ||
	    value > INT64_MAX)
		return false;
	*number = (int64_t)value;
	return true;
}

static bool take_webhook(const char **at, struct deliveries *deliveries)
{
	struct deliveries_webhook webhook = { .name = NULL };
	int64_t is_disabled = 0;
	const char *name;
	size_t len;
	bool is_whole;

	if (!take_word(at, "webhook "))
		return false;
	name = *at;
	len = strcspn(name, " \n");
	*at += len;
	is_whole = len > 0 && take_number(at, " owed ", &webhook.owed) &&
		   take_number(at, " delivered ", &webhook.delivered) &&
		   take_number(at, " dead ", &webhook.dead) &&
		   take_number(at, " failing_since_ms ", &webhook.failing_wall_ms) &&
		   take_number(at, " disabled ", &is_disabled) && is_disabled <= 1 &&
		   take_word(at, "\n");
	if (!is_whole)
		return false;
	webhook.is_disabled = is_disabled == 1;
	webhook.name = mem_dup_n(name, len);
	deliveries_add(deliveries, &webhook);
	free(webhook.name);
	return true;
}

int deliveries_parse(const char *text, struct deliveries *deliveries)
{
	*deliveries = (struct deliveries)DELIVERIES_INIT;
	if (!take_word(&text, HEADER))
		return -EBADMSG;
	while (*text)
		if (!take_webhook(&text, deliveries)) {
			deliveries_free(deliveries);
			return -EBADMSG;
		}
	return 0;
}

int deliveries_read(int state_fd, struct deliveries *deliveries)
{
	char *text = mem_alloc(TEXT_SIZE);
	ssize_t len = atomfile_read(state_fd, DELIVERIES_FILE, text, TEXT_SIZE);
	int status = (int)len;

	*deliveries = (struct deliveries)DELIVERIES_INIT;
	if (len >= 0)
		status = deliveries_parse(text, deliveries);
	free(text);
	return status;
}

/* ---- writing ------------------------------------------------------------------------------ */

int deliveries_write(int state_fd, const struct deliveries *deliveries)
{
	struct str text = STR_INIT;
	char *before = mem_alloc(TEXT_SIZE);
	int status = 0;

	deliveries_format(deliveries, &text);
	if (atomfile_read(state_fd, DELIVERIES_FILE, before, TEXT_SIZE) < 0 ||
	    strcmp(before, str_text(&text)) != 0)
		status = atomfile_write(state_fd, DELIVERIES_FILE, text.data, text.len, 0600,
					ATOMFILE_VOLATILE);
	free(before);
	str_free(&text);
	return status;
}
