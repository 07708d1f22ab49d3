/* SPDX-License-Identifier: ISC */
#include "watchdog/model/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "watchdog/base/hash.h"

const char *const event_type_names[EVENT_TYPE_COUNT + 1] = {
	[EVENT_WORKER_STARTED] = "worker.started",
	[EVENT_WORKER_STOPPED] = "worker.stopped",
	[EVENT_WORKER_BLOATED] = "worker.bloated",
	[EVENT_WORKER_HUNG] = "worker.hung",
	[EVENT_WORKER_FATAL] = "worker.fatal",
	[EVENT_WORKER_RECOVERED] = "worker.recovered",
	[EVENT_CONFIG_BROKEN] = "config.broken",
	[EVENT_CONFIG_MENDED] = "config.mended",
	[EVENT_HOST_REBOOTED] = "host.rebooted",
	[EVENT_WEBHOOK_DIGEST] = "webhook.digest",
	[EVENT_WEBHOOK_DROPPED] = "webhook.dropped",
	[EVENT_WEBHOOK_TEST] = "webhook.test",
};

const char *event_type_name(enum event_type type)
{
	return event_type_names[type];
}

int event_type_from_name(const char *name)
{
	static const char prefix[] = "cronherd.";

	if (strncmp(name, prefix, sizeof(prefix) - 1) == 0)
		name += sizeof(prefix) - 1;
	for (int i = 0; i < EVENT_TYPE_COUNT; i++)
		if (strcmp(event_type_names[i], name) == 0)
			return i;
	return -1;
}

/* One half of an id; the halves differ by where the hash begins. */
static uint64_t half(uint64_t hash, const char *type, const char *subject, const uint64_t *facts,
		     size_t count)
{
	hash = hash_text(hash, type);
	hash = hash_text(hash, subject);
	return hash_bytes(hash, facts, count * sizeof(*facts));
}

void event_id(char id[EVENT_ID_SIZE], enum event_type type, const char *subject,
	      const uint64_t *facts, size_t count)
{
	uint64_t first = half(HASH_INIT, event_type_names[type], subject, facts, count);
	/* FNV-1a's last steps mix little: the other half begins where this one ended. */
	uint64_t second = half(~first, event_type_names[type], subject, facts, count);

	(void)snprintf(id, EVENT_ID_SIZE, "%016" PRIx64 "%016" PRIx64, first, second);
}
