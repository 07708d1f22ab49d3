/* SPDX-License-Identifier: ISC */
#include "watchdog/courier/courier.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pidfiles/slotlock.h"
#include "watchdog/base/mem.h"
#include "watchdog/config/confstamp.h"
#include "watchdog/config/conftell.h"
#include "watchdog/courier/inbox.h"
#include "watchdog/courier/intake.h"
#include "watchdog/courier/pinging.h"
#include "watchdog/courier/queue.h"
#include "watchdog/courier/retention.h"
#include "watchdog/courier/tally.h"
#include "watchdog/store/spool.h"
#include "watchdog/store/statedir.h"

/* Behind its time. */
#define ALARM_S 5
/* Between two looks at what rounds have left. */
#define LOOK_MS INT64_C(200)
/* A try that is due so soon is waited for; for a later one another courier is called. */
#define SOON_MS		INT64_C(10000)
#define PATIENCE_MIN_MS INT64_C(200)
/* To tidy up behind a run that was still alive. */
#define FOLLOW_UP_MS INT64_C(60000)
/* How often it is looked whether a webhook is there again. */
#define ABSENT_MS INT64_C(3600000)

struct service {
	struct errand errand;
	struct inbox inbox;
	int64_t looked_boot_ms;
	struct queue *queues; /* none until there is a journal */
	size_t queue_count;
	struct pinging pinging;
	struct str complained; /* as the file has it */
	bool has_failed;       /* the journal: nothing more is sent but pings */
	uint64_t told_stamp;   /* conftell_stamp's hash, at the beginning */
	bool is_outdated;      /* the configuration: nothing more is begun */
	struct err err;
};

/* ---- complaints --------------------------------------------------------------------------- */

/* At once: the next round may come before we end, and we may be killed. A disk that takes no file
 * is what the round complains of itself. */
static void keep_complaints(struct service *service)
{
	struct errand *errand = &service->errand;
	struct str text = STR_INIT;

	complaints_format(&errand->complaints, &text);
	if (strcmp(str_text(&text), str_text(&service->complained)) != 0) {
		(void)complaints_save(errand->state_fd, &errand->complaints);
		str_free(&service->complained);
		service->complained = text;
		return;
	}
	str_free(&text);
}

/* ---- the journal -------------------------------------------------------------------------- */

static void fail(struct service *service, const struct err *err)
{
	struct errand *errand = &service->errand;

	service->err = *err;
	service->has_failed = true;
	complaints_set(&errand->complaints, COMPLAINT_STANDING, "journal", err->text,
		       errand->now.wall_ms);
}

static int open_queues(struct service *service, struct err *err)
{
	const struct config *config = service->errand.config;

	service->queues = mem_alloc(config->webhook_count * sizeof(*service->queues));
	for (size_t i = 0; i < config->webhook_count; i++) {
		service->queue_count++;
		if (queue_open(&service->queues[i], &config->webhooks[i], &service->errand, err))
			return -1;
	}
	/* Who is enabled by another URL gets what is taken in after this. */
	return batch_store(&service->errand.batch, service->errand.journal, err);
}

static int open_journal(struct service *service, struct err *err)
{
	struct errand *errand = &service->errand;
	struct str notice = STR_INIT;
	int status;

	status = journal_open(&errand->journal, errand->config->state_dir, JOURNAL_WRITE, &notice,
			      err);
	if (notice.len)
		errand_complain(errand, COMPLAINT_NOTE, "journal, mended", "%s", str_text(&notice));
	str_free(&notice);
	if (status)
		return -1;
	complaints_clear(&errand->complaints, "journal");
	/* While there is time. */
	return retention_keep(errand, err) ? -1 : open_queues(service, err);
}

static int take_in(struct service *service, struct err *err)
{
	struct errand *errand = &service->errand;
	size_t passed_over = 0;
	int count;

	if (!errand->journal && open_journal(service, err))
		return -1;
	/* What is there by now is no news. */
	(void)inbox_has_spooled(&service->inbox, errand->state_fd);
	count = intake(errand->journal, errand->config, errand->state_fd, &passed_over, err);
	if (count < 0)
		return -1;
	errand->is_journal_proven = errand->is_journal_proven || count > 0;
	if (passed_over)
		errand_complain(errand, COMPLAINT_NOTE, "spool",
				"lines that no round of ours has written were passed over");
	for (size_t i = 0; i < service->queue_count; i++)
		queue_expect_more(&service->queues[i]);
	return 0;
}

/* Whether there is anything that needs it: a round that only pings makes no journal. */
static bool needs_journal(const struct service *service)
{
	const struct errand *errand = &service->errand;

	return inbox_count(errand->state_fd) > 0 ||
	       spool_owed_wall_ms(errand->state_fd) <= errand->now.wall_ms ||
	       (!errand->options->is_detached && journal_exists(errand->state_fd));
}

/* ---- turns -------------------------------------------------------------------------------- */

/*
 * Whoever was put in, or put right, is to get what happens from now on. An error may have been
 * mended where no stamp shows it (the mode of a secret); there, news are reason enough.
 */
static bool is_outdated(const struct service *service, bool has_news)
{
	const struct config *config = service->errand.config;

	return (has_news && config->error_count) ||
	       confstamp_of(config->main_file, config->conf_dir).hash != config->stamp.hash ||
	       conftell_stamp(config).hash != service->told_stamp;
}

/* From time to time; and before a ping is sent: only the newest beat is. */
static int look(struct service *service, struct err *err)
{
	struct errand *errand = &service->errand;
	bool is_time = errand->now.boot_ms - service->looked_boot_ms >= LOOK_MS;
	bool has_beat, has_spooled;

	if (!is_time && pinging_due_boot_ms(&service->pinging) > errand->now.boot_ms)
		return 0;
	has_beat = inbox_has_beat(&service->inbox, errand->state_fd);
	has_spooled = is_time && inbox_has_spooled(&service->inbox, errand->state_fd);
	service->looked_boot_ms = is_time ? errand->now.boot_ms : service->looked_boot_ms;
	service->is_outdated = is_outdated(service, has_beat || has_spooled);
	if (service->is_outdated)
		return 0;
	if (has_beat)
		pinging_look(&service->pinging, errand);
	return has_spooled && !service->has_failed ? take_in(service, err) : 0;
}

static int step_queues(struct service *service, struct err *err)
{
	struct errand *errand = &service->errand;

	for (size_t i = 0; i < service->queue_count; i++)
		if (queue_step(&service->queues[i], errand, err))
			return -1;
	if (batch_is_due(&errand->batch, errand->now.boot_ms))
		return batch_store(&errand->batch, errand->journal, err);
	return 0;
}

/* When the first of the queues is due; INT64_MAX: none. */
static int64_t queues_due_wall_ms(const struct service *service)
{
	int64_t due_wall_ms = INT64_MAX;

	for (size_t i = 0; i < service->queue_count && !service->has_failed; i++) {
		int64_t queue_wall_ms = queue_due_wall_ms(&service->queues[i]);

		if (queue_wall_ms < due_wall_ms)
			due_wall_ms = queue_wall_ms;
	}
	return due_wall_ms;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* How long until a request is to be begun; INT64_MAX: there is none that is waited for, or no time
 * for it. */
static int64_t next_ms(const struct service *service)
{
	const struct errand *errand = &service->errand;
	int64_t left_ms = errand->until_boot_ms - ERRAND_LAST_MS - errand->now.boot_ms;
	int64_t queue_wall_ms = queues_due_wall_ms(service);
	int64_t ping_boot_ms = pinging_due_boot_ms(&service->pinging);
	int64_t next = INT64_MAX;

	if (queue_wall_ms != INT64_MAX && queue_wall_ms - errand->now.wall_ms <= SOON_MS)
		next = queue_wall_ms - errand->now.wall_ms;
	/* A ping is for now: no later courier makes up for it. */
	if (ping_boot_ms != CLOCK_NEVER)
		next = least(next, ping_boot_ms - errand->now.boot_ms);
	/* What has been due for ever so long is due now, and now may be too late. */
	next = next > 0 ? next : 0;
	return next > left_ms ? INT64_MAX : next;
}

/* How long to wait for what is under way; -1: nothing is, and nothing is to be waited for. */
static int64_t wait_ms(const struct service *service)
{
	int64_t next = next_ms(service);

	if (http_pending(service->errand.http) == 0 && (next == INT64_MAX || service->is_outdated))
		return -1;
	return least(next, LOOK_MS);
}

/* Near its end the courier does not wait for a lock for longer than it lives. */
static void look_at_clock(struct service *service)
{
	struct errand *errand = &service->errand;
	int64_t left_ms;

	errand->now = clock_read();
	left_ms = errand->until_boot_ms - errand->now.boot_ms;
	if (errand->journal)
		journal_set_patience(errand->journal,
				     left_ms < PATIENCE_MIN_MS
					     ? PATIENCE_MIN_MS
					     : least(left_ms, JOURNAL_PATIENCE_MS));
}

static void turn(struct service *service)
{
	struct errand *errand = &service->errand;
	struct err err = ERR_INIT;
	int status;

	look_at_clock(service);
	status = service->is_outdated ? 0 : look(service, &err);
	if (status == 0 && !service->is_outdated && !service->has_failed)
		status = step_queues(service, &err);
	if (status)
		fail(service, &err);
	if (!service->is_outdated)
		pinging_step(&service->pinging, errand);
	keep_complaints(service);
}

static void work(struct service *service)
{
	struct errand *errand = &service->errand;
	struct http_result result;
	int64_t patience_ms;
	void *tag;

	turn(service);
	while ((patience_ms = wait_ms(service)) >= 0) {
		if (http_turn(errand->http, (int)patience_ms, &tag, &result)) {
			struct sender *sender = tag;

			errand->now = clock_read();
			sender->take(sender, errand, &result);
			http_result_free(&result);
		}
		turn(service);
	}
}

/* ---- the end of a run --------------------------------------------------------------------- */

/* When the next courier is to come. */
static int64_t owed_wall_ms(const struct service *service)
{
	const struct errand *errand = &service->errand;
	int64_t owed = INT64_MAX;

	for (size_t i = 0; i < service->queue_count; i++) {
		int64_t queue_wall_ms =
			queue_owed_wall_ms(&service->queues[i], errand->now.wall_ms);

		if (queue_wall_ms < owed)
			owed = queue_wall_ms;
	}
	/* Its writer is alive; should it be killed, nobody would come for its last line. */
	if (inbox_count(errand->state_fd) > 0 && owed > errand->now.wall_ms + FOLLOW_UP_MS)
		owed = errand->now.wall_ms + FOLLOW_UP_MS;
	return owed;
}

/* Whether something is owed to a webhook that the configuration does not have, or not so that it
 * could be read. */
static int owes_the_absent(struct service *service, bool *does, struct err *err)
{
	struct errand *errand = &service->errand;
	struct tally tally;
	int status = tally_take(&tally, errand->journal, errand->config, err);

	*does = false;
	for (size_t i = 0; status == 0 && i < tally.count; i++)
		*does = *does || (!tally.webhooks[i].webhook && tally.webhooks[i].tally.owed);
	tally_free(&tally);
	return status;
}

static int look_again(struct service *service, struct err *err)
{
	struct errand *errand = &service->errand;

	if (take_in(service, err))
		return -1;
	for (size_t i = 0; i < service->queue_count; i++)
		if (queue_look(&service->queues[i], errand, err))
			return -1;
	return batch_store(&errand->batch, errand->journal, err);
}

/* Says when the next one is to come. 1: there is something to be sent now; 0; or -1 with ERR: the
 * note that was taken stays, and is due. */
static int settle(struct service *service, struct err *err)
{
	struct errand *errand = &service->errand;
	int64_t *owed = &errand->done.next_wall_ms;
	int64_t next_wall_ms;
	bool is_for_absent;

	look_at_clock(service);
	if (batch_store(&errand->batch, errand->journal, err))
		return -1;
	spool_take_owed(errand->state_fd);
	if (look_again(service, err) || owes_the_absent(service, &is_for_absent, err))
		return -1;
	*owed = next_wall_ms = owed_wall_ms(service);
	/* Who comes back is not announced by anything. */
	if (is_for_absent)
		next_wall_ms = least(next_wall_ms, errand->now.wall_ms + ABSENT_MS);
	if (next_wall_ms == INT64_MAX || spool_owe(errand->state_fd, next_wall_ms) == 0)
		spool_drop_owed(errand->state_fd);
	return wait_ms(service) >= 0;
}

static bool is_over(struct service *service)
{
	struct err err = ERR_INIT;
	int status;

	if (!service->errand.journal || service->has_failed)
		return true;
	if (service->is_outdated) {
		/* Who comes after us settles; that something is owed stands until then. */
		if (batch_store(&service->errand.batch, service->errand.journal, &err))
			fail(service, &err);
		return true;
	}
	status = settle(service, &err);
	if (status < 0)
		fail(service, &err);
	return status <= 0;
}

static void publish(struct service *service)
{
	struct errand *errand = &service->errand;
	struct tally tally;
	struct err err = ERR_INIT;

	if (tally_take(&tally, errand->journal, errand->config, &err) == 0) {
		errand->done.owed = tally_owed(&tally);
		/* It is for others to read; what it does not say, the journal does. */
		(void)tally_publish(&tally, errand->state_fd);
	} else {
		fail(service, &err);
	}
	tally_free(&tally);
	errand->done.dead += errand->batch.buried;
}

/* ---- a run -------------------------------------------------------------------------------- */

static int begin(struct service *service, struct err *err)
{
	struct errand *errand = &service->errand;
	struct err why = ERR_INIT;

	errand->now = clock_read();
	if (http_open(&errand->http, err))
		return -1;
	complaints_load(errand->state_fd, &errand->complaints);
	complaints_format(&errand->complaints, &service->complained);
	(void)inbox_has_beat(&service->inbox, errand->state_fd);
	pinging_open(&service->pinging, errand);
	if (needs_journal(service) && take_in(service, &why))
		fail(service, &why);
	return 0;
}

static void end(struct service *service)
{
	struct errand *errand = &service->errand;

	if (errand->journal && !service->has_failed)
		publish(service);
	pinging_finish(&service->pinging, errand);
	errand_forget(errand);
	keep_complaints(service);
	complaints_free(&errand->complaints);
	str_free(&service->complained);
	http_close(errand->http);
	pinging_close(&service->pinging);
	for (size_t i = 0; i < service->queue_count; i++)
		queue_close(&service->queues[i]);
	free(service->queues);
	service->queues = NULL;
	service->queue_count = 0;
	batch_free(&errand->batch);
	journal_close(errand->journal);
	errand->journal = NULL;
}

/* Has the lock. */
static int serve(struct service *service, struct err *err)
{
	if (begin(service, err))
		return -1;
	do
		work(service);
	while (!is_over(service));
	end(service);
	if (service->has_failed)
		*err = service->err;
	return service->has_failed ? -1 : 0;
}

static bool has_news(struct service *service)
{
	int state_fd = service->errand.state_fd;
	bool has_beat = inbox_has_beat(&service->inbox, state_fd);

	return inbox_has_spooled(&service->inbox, state_fd) || has_beat;
}

static enum courier_end lock_failed(const struct service *service, int sys_errno, struct err *err)
{
	(void)err_set(err, ERR_SYSTEM, sys_errno, "cannot lock %s/locks",
		      service->errand.config->state_dir);
	return COURIER_FAILED;
}

/*
 * Who has spooled something and found us at work has gone again. So, having released the lock, one
 * more look; and whoever takes the lock before us then sees it, too.
 */
static enum courier_end take_turns(struct service *service, struct slotlock *lock, struct err *err)
{
	bool has_served = false;
	int status;

	do {
		status = slotlock_try(lock, SPOOL_COURIER_LOCK);
		if (status == -EAGAIN && !has_served)
			return COURIER_BUSY;
		if (status == -EAGAIN)
			break;
		if (status < 0)
			return lock_failed(service, -status, err);
		status = serve(service, err);
		has_served = true;
		slotlock_release(lock, SPOOL_COURIER_LOCK);
		if (status < 0)
			return COURIER_FAILED;
		service->errand.now = clock_read();
		if (service->is_outdated)
			return COURIER_OUTDATED;
	} while (errand_has_time(&service->errand) && has_news(service));
	return service->errand.done.owed ? COURIER_OWING : COURIER_DONE;
}

static unsigned alarm_s(int64_t until_boot_ms)
{
	int64_t left_ms = until_boot_ms - clock_read().boot_ms;

	return (unsigned)(left_ms > 0 ? left_ms / 1000 : 0) + ALARM_S;
}

static enum courier_end run(const struct config *config, const struct courier_options *options,
			    int state_fd, struct courier_done *done, struct err *err)
{
	int64_t until_boot_ms = options->until_boot_ms ? options->until_boot_ms
						       : clock_read().boot_ms + COURIER_BUDGET_MS;
	struct service service = { .errand = { .config = config,
					       .options = options,
					       .state_fd = state_fd,
					       .until_boot_ms = until_boot_ms,
					       .done.next_wall_ms = INT64_MAX },
				   .told_stamp = conftell_stamp(config).hash };
	struct slotlock lock = SLOTLOCK_INIT;
	int status = slotlock_open(&lock, state_fd, "locks");
	enum courier_end end;

	if (status < 0)
		return lock_failed(&service, -status, err);
	/* Should anything hang that must not: our end frees the lock, and costs no event. */
	if (options->is_detached)
		(void)alarm(alarm_s(until_boot_ms));
	end = take_turns(&service, &lock, err);
	slotlock_close(&lock);
	strlist_free(&service.errand.said);
	*done = service.errand.done;
	return end;
}

enum courier_end courier_run(const struct config *config, const struct courier_options *options,
			     struct courier_done *done, struct err *err)
{
	struct statedir dir;
	enum courier_end end = COURIER_FAILED;

	*done = (struct courier_done){ .next_wall_ms = INT64_MAX };
	if (statedir_open(&dir, config->state_dir, config->pidfile_dir, true, err) == 0)
		/* Without a state directory there has been no round: nothing is owed. */
		end = dir.fd < 0 ? COURIER_DONE : run(config, options, dir.fd, done, err);
	statedir_close(&dir);
	return end;
}
