/* SPDX-License-Identifier: ISC */
#include "watchdog/courier/retention.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "pidfiles/atomfile.h"
#include "watchdog/base/mem.h"
#include "watchdog/courier/ownevent.h"
#include "watchdog/courier/tally.h"

/* Its time of change is when the journal was last trimmed. */
#define FILE_NAME "trimmed"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS	(24 * HOUR_MS)

#define EVENTS_MS     (90 * DAY_MS)
#define DEAD_MS	      (30 * DAY_MS)
#define ORPHANS_MS    (3 * DAY_MS)
#define JOURNAL_BYTES (INT64_C(64) << 20)

bool retention_is_due(int64_t last_wall_ms, int64_t now_wall_ms)
{
	return now_wall_ms < last_wall_ms || now_wall_ms - last_wall_ms >= HOUR_MS;
}

static int64_t last_wall_ms(int state_fd)
{
	struct stat st;

	if (fstatat(state_fd, FILE_NAME, &st, AT_SYMLINK_NOFOLLOW))
		return 0;
	return (int64_t)st.st_mtim.tv_sec * 1000;
}

static void tell(struct errand *errand, int64_t dropped)
{
	char sentence[200];
	int status;

	(void)snprintf(sentence, sizeof(sentence),
		       "%" PRId64
		       " events that were still owed have been dropped: the journal is full",
		       dropped);
	status = ownevent_spool(errand->state_fd, EVENT_WEBHOOK_DROPPED, sentence);
	errand_complain(errand, COMPLAINT_NOTE, "journal, full", "%s%s%s", sentence,
			status < 0 ? "; nobody can be told: " : "",
			status < 0 ? strerror(-status) : "");
}

/* What is owed to webhooks that the configuration has no more: nobody will ever ask for it, but it
 * may have been taken out by mistake. */
static int bury_orphans(struct errand *errand, struct err *err)
{
	const struct config *config = errand->config;
	int64_t now_wall_ms = errand->now.wall_ms;
	struct strlist names = STRLIST_INIT;
	int status = journal_webhooks(errand->journal, &names, err);

	/* While a file is broken, not all of them are known. */
	for (size_t i = 0; status >= 0 && i < names.count && !config->error_count; i++)
		if (!tally_find(config, names.items[i]))
			status = journal_bury(errand->journal, names.items[i],
					      now_wall_ms - ORPHANS_MS, now_wall_ms,
					      "the webhook has been removed", err);
	strlist_free(&names);
	return status < 0 ? -1 : 0;
}

int retention_keep(struct errand *errand, struct err *err)
{
	const struct journal_retention retention = { .events_ms = EVENTS_MS,
						     .dead_ms = DEAD_MS,
						     .samples_ms = errand->config->history_ms,
						     .bytes = JOURNAL_BYTES };
	int64_t dropped = 0;

	if (!retention_is_due(last_wall_ms(errand->state_fd), errand->now.wall_ms))
		return 0;
	if (bury_orphans(errand, err) ||
	    journal_trim(errand->journal, &retention, errand->now.wall_ms, &dropped, err) < 0)
		return -1;
	/* Without the mark it is done again by the next courier: that costs little. */
	(void)atomfile_write(errand->state_fd, FILE_NAME, "", 0, 0600, ATOMFILE_VOLATILE);
	if (dropped > 0)
		tell(errand, dropped);
	return 0;
}
