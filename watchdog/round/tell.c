/* SPDX-License-Identifier: ISC */
#include "watchdog/round/tell.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pidfiles/atomfile.h"
#include "watchdog/act/fullprogram.h"
#include "watchdog/act/logtail.h"
#include "watchdog/base/hash.h"
#include "watchdog/base/mem.h"
#include "watchdog/config/account.h"
#include "watchdog/config/expand.h"
#include "watchdog/decide/announce.h"
#include "watchdog/report/eventjson.h"

/* Of a log: enough for a trace, little enough for a message. */
#define TAIL_BYTES 4096
/* Paths of broken files that were told, one a line. */
#define BROKEN_FILE "broken"
#define BROKEN_MAX  65536
/* How long events wait in the spool where there is no webhook. */
#define NOBODY_MS 3600000
/* The time of the last sample. */
#define SAMPLED_FILE "sampled"
#define SAMPLE_MS    300000

/* ---- to the spool ------------------------------------------------------------------------- */

static const char *source_of(struct herd *herd)
{
	struct telling *telling = &herd->telling;
	struct lease here = lease_of(&herd->scene.host);
	struct str source = STR_INIT;
	struct account account;
	char number[24];

	if (telling->source)
		return telling->source;
	if (account_find(NULL, &account) == 0) {
		eventjson_source(here.host, account.name, &source);
		account_free(&account);
	} else {
		(void)snprintf(number, sizeof(number), "%u", (unsigned)geteuid());
		eventjson_source(here.host, number, &source);
	}
	telling->source = str_take(&source);
	return telling->source;
}

static bool has_receivers(const struct config *config)
{
	return config->webhook_count || config->broken_webhooks.count;
}

/* Where nobody is to be told, it may wait for whoever asks. */
static int64_t patience_ms(const struct herd *herd)
{
	return has_receivers(&herd->config) ? 0 : NOBODY_MS;
}

static int add_line(struct herd *herd, const struct str *line)
{
	struct telling *telling = &herd->telling;
	int status;

	telling->spool.patience_ms = patience_ms(herd);
	status = spool_add(&telling->spool, herd->scene.dir.fd, str_text(line), line->len);

	if (status == 0)
		telling->has_told = true;
	else
		telling->failure = -status;
	return status;
}

static int add_event(struct herd *herd, const struct event *event)
{
	struct str line = STR_INIT;
	int status;

	eventjson_event(event, source_of(herd), &line);
	status = add_line(herd, &line);
	str_free(&line);
	return status;
}

static uint64_t herd_hash(const struct herd *herd)
{
	return hash_text(HASH_INIT, herd->scene.dir.path);
}

/* ---- instances ---------------------------------------------------------------------------- */

/* Complaints go to standard error, wherever that goes. */
static void add_tail(struct herd *herd, const struct slot *slot, struct str *tail)
{
	const struct worker *worker = slot->instance.worker;
	char *path;
	uid_t owner;

	if (!worker || worker->options.log_tail <= 0)
		return;
	path = expand_logfile(&herd->config, &slot->instance, 2, NULL);
	if (!path)
		path = expand_logfile(&herd->config, &slot->instance, 1, NULL);
	if (path && expand_owner(&herd->config, &slot->instance, &owner, NULL) == 0)
		logtail_excerpt(path, owner, worker->options.log_tail, TAIL_BYTES, tail);
	free(path);
}

static bool has_tail(const struct event *event)
{
	return event->type == EVENT_WORKER_STOPPED || event->type == EVENT_WORKER_FATAL;
}

void tell_slot(struct herd *herd, const struct slot *slot, struct record *record)
{
	struct announcement announcement = { .subject = slot->id,
					     .worker = slot->instance.name,
					     .instance = slot->instance.number,
					     .herd = herd_hash(herd),
					     .options = slot->instance.worker
								? &slot->instance.worker->options
								: NULL,
					     .rss_bytes = slot->seen.rss_bytes,
					     .memory_bytes = slot->seen.memory_bytes,
					     .now = clock_read() };
	struct event events[ANNOUNCE_MAX];
	size_t count = announce_due(record, &announcement, events);
	struct str tail = STR_INIT;

	for (size_t i = 0; i < count; i++) {
		if (has_tail(&events[i]) && !tail.len)
			add_tail(herd, slot, &tail);
		if (has_tail(&events[i]) && tail.len)
			events[i].log_tail = str_text(&tail);
		if (add_event(herd, &events[i])) {
			record->untold = 1;
			str_free(&tail);
			return;
		}
	}
	str_free(&tail);
	announce_settle(record);
}

/* ---- configuration ------------------------------------------------------------------------ */

static void add_config_event(struct herd *herd, enum event_type type, const char *file,
			     const char *message, int *status)
{
	const uint64_t facts[] = { herd_hash(herd), herd->config.stamp.hash };
	struct event event = EVENT_INIT;

	event.type = type;
	event.subject = file;
	event.wall_ms = herd->scene.now.wall_ms;
	event.message = message;
	event_id(event.id, type, file, facts, sizeof(facts) / sizeof(facts[0]));
	if (add_event(herd, &event))
		*status = -1;
}

/* Line by line what was told; nothing where that is not known. */
static void read_told(int state_fd, struct strlist *files)
{
	char *text;
	char *save;

	if (!atomfile_exists(state_fd, BROKEN_FILE))
		return;
	text = mem_resize(NULL, BROKEN_MAX, 1);
	if (atomfile_read(state_fd, BROKEN_FILE, text, BROKEN_MAX) > 0)
		for (char *line = strtok_r(text, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save))
			strlist_add(files, line);
	free(text);
}

static int write_told(int state_fd, const struct strlist *files)
{
	struct str text = STR_INIT;
	int status = 0;

	for (size_t i = 0; i < files->count; i++)
		str_addf(&text, "%s\n", files->items[i]);
	if (!text.len)
		(void)unlinkat(state_fd, BROKEN_FILE, 0); /* ENOENT: as it should be */
	else
		status = atomfile_write(state_fd, BROKEN_FILE, text.data, text.len, 0600,
					ATOMFILE_VOLATILE);
	str_free(&text);
	return status;
}

/* Once a file, with the first of its errors. */
static void tell_broken(struct herd *herd, const struct strlist *told, struct strlist *broken,
			int *status)
{
	for (size_t i = 0; i < herd->config.error_count; i++) {
		const struct config_error *error = &herd->config.errors[i];
		struct str text = STR_INIT;

		if (strlist_has(broken, error->file))
			continue;
		strlist_add(broken, error->file);
		if (strlist_has(told, error->file))
			continue;
		config_error_text(error, &text);
		add_config_event(herd, EVENT_CONFIG_BROKEN, error->file, str_text(&text), status);
		str_free(&text);
	}
}

void tell_config(struct herd *herd)
{
	int state_fd = herd->scene.dir.fd;
	struct strlist told = STRLIST_INIT;
	struct strlist broken = STRLIST_INIT;
	int status = 0;

	read_told(state_fd, &told);
	if (told.count || herd->config.error_count) {
		tell_broken(herd, &told, &broken, &status);
		for (size_t i = 0; i < told.count; i++)
			if (!strlist_has(&broken, told.items[i]))
				add_config_event(herd, EVENT_CONFIG_MENDED, told.items[i], NULL,
						 &status);
		/* Where it cannot be written down, the same events come again under the same ids. */
		if (status == 0)
			(void)write_told(state_fd, &broken);
	}
	strlist_free(&told);
	strlist_free(&broken);
}

/* ---- the host ----------------------------------------------------------------------------- */

void tell_reboot(struct herd *herd, const struct lease *theirs)
{
	const struct clock *now = &herd->scene.now;
	struct lease here = lease_of(&herd->scene.host);
	const uint64_t facts[] = { herd_hash(herd), hash_text(HASH_INIT, here.place.boot_id) };
	struct event event = EVENT_INIT;

	if (strcmp(theirs->host, here.host) != 0 ||
	    strcmp(theirs->place.boot_id, here.place.boot_id) == 0)
		return;
	event.type = EVENT_HOST_REBOOTED;
	event.subject = here.host;
	/* Before its clock was set, a host without one lives in 1970. */
	event.wall_ms = now->wall_ms > now->boot_ms ? now->wall_ms - now->boot_ms : now->wall_ms;
	event.reason = REASON_HOST_REBOOTED;
	event_id(event.id, event.type, event.subject, facts, sizeof(facts) / sizeof(facts[0]));
	(void)add_event(herd, &event); /* what cannot be told is in HERD's problems */
}

/* ---- samples ------------------------------------------------------------------------------ */

static bool is_sample_due(const struct herd *herd)
{
	struct stat st;
	int64_t age_ms;

	if (fstatat(herd->scene.dir.fd, SAMPLED_FILE, &st, AT_SYMLINK_NOFOLLOW))
		return true;
	age_ms = herd->scene.now.wall_ms - (int64_t)st.st_mtim.tv_sec * 1000;
	/* The clock was set back: no reason to wait for it. */
	return age_ms >= SAMPLE_MS || age_ms < 0;
}

static int mark_sampled(int state_fd)
{
	return atomfile_write(state_fd, SAMPLED_FILE, "", 0, 0600, ATOMFILE_VOLATILE);
}

void tell_samples(struct herd *herd)
{
	if (!herd->config.history_ms || !is_sample_due(herd) || mark_sampled(herd->scene.dir.fd))
		return;
	for (size_t i = 0; i < herd->count; i++) {
		const struct slot *slot = &herd->slots[i];
		struct str line = STR_INIT;
		int status = 0;

		if (slot->seen.liveness != LIVENESS_ALIVE)
			continue;
		eventjson_sample(slot->id, herd->scene.now.wall_ms, slot->seen.rss_bytes,
				 slot->seen.memory_bytes, &line);
		status = add_line(herd, &line);
		str_free(&line);
		if (status)
			return;
	}
}

/* ---- complaints --------------------------------------------------------------------------- */

/* Takes TEXT over; once, however often a run comes by. */
static void add_problem(struct herd *herd, char *text)
{
	if (!strlist_has(&herd->problems, text))
		strlist_add(&herd->problems, text);
	free(text);
}

void tell_complain(struct herd *herd)
{
	int failure = herd->telling.failure;

	for (size_t i = 0; i < herd->count; i++)
		if (herd->slots[i].problem[0])
			return;
	if (failure)
		add_problem(herd,
			    mem_format("events cannot be kept in %s/" SPOOL_DIR ": %s; workers are kept all the same",
					herd->scene.dir.path,
					failure == SPOOL_FULL ? "too much waits there to be taken into the journal, see `cronherd deliver`"
							      : strerror(failure)));
}

/* ---- the courier -------------------------------------------------------------------------- */

/* Whoever is at work looks into the spool once more after it has let go of the lock. */
static bool is_at_work(struct herd *herd)
{
	struct slotlock *lock = &herd->scene.lock;

	if (lock->fd < 0 && slotlock_open(lock, herd->scene.dir.fd, "locks"))
		return false;
	return slotlock_is_taken(lock, SPOOL_COURIER_LOCK);
}

void tell_deliver(struct herd *herd, bool is_due)
{
	const char *argv[] = { "cronherd", "-c", herd->config.main_file, "deliver", "--detached",
			       NULL };
	struct telling *telling = &herd->telling;
	struct err err = ERR_INIT;

	is_due |= (telling->has_told && has_receivers(&herd->config)) ||
		  spool_owed_wall_ms(herd->scene.dir.fd) <= clock_read().wall_ms;
	telling->has_told = false;
	if (!is_due || is_at_work(herd))
		return;
	if (fullprogram_detach(argv, &err))
		add_problem(herd, mem_format("nothing can be told to anybody: %s", err.text));
}
