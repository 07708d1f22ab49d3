/* SPDX-License-Identifier: ISC */
#include "watchdog/journal/salvage.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pidfiles/slotlock.h"
#include "watchdog/base/clock.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/utf8.h"
#include "watchdog/journal/inside.h"
#include "watchdog/journal/journal.h"

#define ASIDE	      JOURNAL_FILE ".salvage"
#define KEPT_PREFIX   JOURNAL_FILE ".corrupt-"
#define KEPT_MAX      3
#define LOCK_FILE     "journal.lock"
#define LOCK_ID	      "salvage"
#define LOCK_PAUSE_MS 20

/* The directory, and the right to mend in it. */
struct room {
	const char *dir;
	int fd;
	struct slotlock lock;
};

/* ---- the room ----------------------------------------------------------------------------- */

static int wait_for_lock(struct room *room, struct err *err)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_MS * 1000000L };
	int64_t until = clock_read().boot_ms + JOURNAL_PATIENCE_MS;
	int status;

	while ((status = slotlock_try(&room->lock, LOCK_ID)) == -EAGAIN &&
	       clock_read().boot_ms < until)
		(void)nanosleep(&pause, NULL); /* shorter is well too */
	if (status == 0)
		return 0;
	(void)err_set(err, ERR_SYSTEM, -status, "%s/%s: another process mends the journal",
		      room->dir, LOCK_FILE);
	return -1;
}

static void leave(struct room *room)
{
	slotlock_close(&room->lock);
	if (room->fd >= 0)
		close(room->fd);
}

static int enter(struct room *room, const char *dir, struct err *err)
{
	int status;

	*room = (struct room){ .dir = dir, .lock = SLOTLOCK_INIT };
	room->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (room->fd < 0)
		return err_set(err, ERR_SYSTEM, errno, "cannot open the directory %s", dir);
	status = slotlock_open(&room->lock, room->fd, LOCK_FILE);
	if (status < 0) {
		(void)err_set(err, ERR_SYSTEM, -status, "cannot mend the journal: %s/%s", dir,
			      LOCK_FILE);
		leave(room);
		return -1;
	}
	if (wait_for_lock(room, err)) {
		leave(room);
		return -1;
	}
	return 0;
}

static bool is_there(int dir_fd, const char *name)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool has_content(int dir_fd, const char *name)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > 0;
}

/* With the rollback journal that may stand beside it: the two are one. The database first: a
 * rollback journal alone is ignored. */
static int rename_database(const struct room *room, const char *from, const char *to,
			   struct err *err)
{
	char *from_log = mem_format("%s-journal", from);
	char *to_log = mem_format("%s-journal", to);
	int status = 0;

	if (renameat(room->fd, from, room->fd, to))
		status = err_set(err, ERR_SYSTEM, errno, "cannot rename %s/%s to %s", room->dir,
				 from, to);
	else if (!has_content(room->fd, from_log) || renameat(room->fd, from_log, room->fd, to_log))
		(void)unlinkat(room->fd, to_log, 0); /* that of another, long ago */
	free(from_log);
	free(to_log);
	return status;
}

/* ---- setting aside ------------------------------------------------------------------------ */

static bool is_same(const struct room *room, const struct sql_identity *identity)
{
	struct stat st;

	return fstatat(room->fd, JOURNAL_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_dev == identity->device && st.st_ino == identity->inode;
}

int salvage_set_aside(const char *dir, const struct sql_identity *identity, struct err *err)
{
	struct room room;
	int status = 0;

	if (enter(&room, dir, err))
		return -1;
	/* One that waits to be carried over is not to be lost for another. */
	if (is_same(&room, identity) && !is_there(room.fd, ASIDE))
		status = rename_database(&room, JOURNAL_FILE, ASIDE, err);
	leave(&room);
	return status;
}

/* ---- keeping ------------------------------------------------------------------------------ */

static bool is_kept(const char *name)
{
	size_t len = strlen(name);

	/* Their rollback journals go with them. */
	return strncmp(name, KEPT_PREFIX, strlen(KEPT_PREFIX)) == 0 &&
	       (len < 8 || strcmp(name + len - 8, "-journal") != 0);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names begin with the time: the first are the oldest. */
static void forget_oldest(const struct room *room)
{
	struct strlist names = STRLIST_INIT;
	int fd = openat(room->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!stream) {
		if (fd >= 0)
			close(fd);
		return; /* the next time does it */
	}
	while ((entry = readdir(stream)))
		if (is_kept(entry->d_name))
			strlist_add(&names, entry->d_name);
	closedir(stream);
	if (names.count)
		qsort(names.items, names.count, sizeof(*names.items), by_name);
	for (size_t i = 0; i + KEPT_MAX < names.count; i++) {
		char *log = mem_format("%s-journal", names.items[i]);

		(void)unlinkat(room->fd, names.items[i], 0); /* likewise */
		(void)unlinkat(room->fd, log, 0);
		free(log);
	}
	strlist_free(&names);
}

/* A name for what is kept, that none has yet: by the time, and by a number where there were several
 * in a second. */
static char *kept_name(const struct room *room)
{
	time_t now = time(NULL);
	struct tm tm = { 0 };
	char text[32];
	char *name;

	(void)gmtime_r(&now, &tm);
	(void)strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &tm);
	name = mem_format("%s%s", KEPT_PREFIX, text);
	for (int i = 1; is_there(room->fd, name); i++) {
		free(name);
		name = mem_format("%s%s-%d", KEPT_PREFIX, text, i);
	}
	return name;
}

static char *keep(const struct room *room, const char *file, struct err *err)
{
	char *name = kept_name(room);

	if (rename_database(room, file, name, err)) {
		free(name);
		return NULL;
	}
	forget_oldest(room);
	return name;
}

/* ---- carrying over ------------------------------------------------------------------------ */

struct carry {
	struct sql *from;
	struct sql *to;
	int64_t events, deliveries;
};

/* How reading, or one row, went. */
enum went {
	WENT_WELL,
	WENT_WRONG, /* FROM breaks here: to be read from its other end */
	WENT_NOT    /* it cannot be done now: TO cannot be written, FROM is locked */
};

static enum went went_reading(int status, const struct err *err)
{
	if (status == 0)
		return WENT_WELL;
	return err->sys_errno == SQL_LOCKED || err->sys_errno == SQL_FULL ||
			       err->sys_errno == SQL_READ_ONLY
		       ? WENT_NOT
		       : WENT_WRONG;
}

static void put_columns(struct sql_query *to, const struct sql_query *from, int first, int count)
{
	for (int i = first; i < first + count; i++)
		sql_put(to, sql_number(from, i));
}

static int put_webhook(struct carry *carry, const struct sql_query *row, struct err *err)
{
	struct sql_query *query;

	if (!utf8_is_value(sql_text(row, 0)))
		return 0;
	query = sql_query(
		carry->to,
		"INSERT OR IGNORE INTO webhooks (name, last, delivered, url_hash, failures,"
		" next_wall_ms, failing_wall_ms, disabled_wall_ms, tried_wall_ms, refusals, "
		"digest_seq)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		err);

	sql_put_text(query, sql_text(row, 0));
	sql_put_text(query, sql_text(row, 1));
	put_columns(query, row, 2, 9);
	return sql_run(query, err);
}

/* Under its own number; where that is taken, which a killed predecessor may have brought about,
 * under the next. */
static int put_event(struct carry *carry, const struct sql_query *row, struct err *err)
{
	static const char by_number[] = "INSERT OR IGNORE INTO events (id, type, source, subject, "
					"wall_ms, round, data, seq)"
					" VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
	static const char by_id[] =
		"INSERT OR IGNORE INTO events (id, type, source, subject, wall_ms, round, data)"
		" VALUES (?, ?, ?, ?, ?, ?, ?)";
	struct journal_event event;
	int changed = 0;

	inside_read_event(row, &event);
	for (int i = 0; i < 2 && changed == 0 && journal_event_is_sound(&event); i++) {
		struct sql_query *query = sql_query(carry->to, i ? by_id : by_number, err);

		sql_put_text(query, event.id);
		sql_put_text(query, event.type);
		sql_put_text(query, event.source);
		sql_put_text(query, event.subject);
		sql_put(query, event.wall_ms);
		sql_put_text(query, event.round);
		sql_put_text(query, event.data);
		if (i == 0)
			sql_put(query, event.seq);
		changed = sql_run(query, err);
	}
	journal_event_free(&event);
	carry->events += changed > 0;
	return changed;
}

static int put_delivery(struct carry *carry, const struct sql_query *row, struct err *err)
{
	struct sql_query *query =
		sql_query(carry->to,
			  "INSERT OR IGNORE INTO deliveries"
			  " (webhook, event, last, debt, attempts, owed_wall_ms, done_wall_ms)"
			  " SELECT w.id, e.seq, ?3, ?4, ?5, ?6, CASE ?4 WHEN 0 THEN 0 ELSE ?7 END FROM webhooks w, events e"
			  " WHERE w.name = ?1 AND e.id = ?2",
			  err);
	int changed;

	for (int i = 2; i < 5; i++)
		sql_put_text(query, sql_text(row, i));
	put_columns(query, row, 5, 4);
	changed = sql_run(query, err);
	carry->deliveries += changed > 0;
	return changed;
}

/* One table: how it is read from either end, and the columns of the key by which that is ordered. */
struct table {
	const char *forward, *backward;
	int major, minor;
	int (*put)(struct carry *carry, const struct sql_query *row, struct err *err);
};

#define WEBHOOKS                                                                                   \
	"SELECT name, last, delivered, url_hash, failures, next_wall_ms, failing_wall_ms,"         \
	" disabled_wall_ms, tried_wall_ms, refusals, digest_seq, id FROM webhooks NOT INDEXED "    \
	"ORDER BY id"
#define EVENTS "SELECT " INSIDE_EVENT_COLUMNS " FROM events e NOT INDEXED ORDER BY e.seq"
#define DELIVERIES                                                                                 \
	"SELECT d.webhook, d.event, w.name, e.id, d.last, d.debt, d.attempts, d.owed_wall_ms,"     \
	" d.done_wall_ms FROM deliveries d NOT INDEXED"                                            \
	" CROSS JOIN webhooks w ON w.id = d.webhook CROSS JOIN events e ON e.seq = d.event"        \
	" WHERE d.debt IN (0, 2) ORDER BY d.webhook"

static const struct table tables[] = {
	{ WEBHOOKS, WEBHOOKS " DESC", 11, 11, put_webhook },
	{ EVENTS, EVENTS " DESC", 0, 0, put_event },
	{ DELIVERIES ", d.event", DELIVERIES " DESC, d.event DESC", 0, 1, put_delivery },
};

static int compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* A broken file may lead round in circles: what is not in order is not followed. */
static enum went carry_rows(struct carry *carry, const struct table *table, bool is_backward,
			    struct err *err)
{
	struct sql_query *row =
		sql_query(carry->from, is_backward ? table->backward : table->forward, err);
	int64_t major = 0, minor = 0;
	bool is_first = true;
	int status;

	while ((status = sql_step(row, err)) == 1) {
		int order = compare(sql_number(row, table->major), major);

		if (order == 0)
			order = compare(sql_number(row, table->minor), minor);
		if (!is_first && order != (is_backward ? -1 : 1)) {
			sql_release(row);
			return WENT_WRONG;
		}
		is_first = false;
		major = sql_number(row, table->major);
		minor = sql_number(row, table->minor);
		if (table->put(carry, row, err) < 0) {
			sql_release(row);
			return WENT_NOT;
		}
	}
	return went_reading(status, err);
}

static int carry_all(struct carry *carry, struct err *err)
{
	if (sql_begin(carry->to, err))
		return -1;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		enum went went = carry_rows(carry, &tables[i], false, err);

		if (went == WENT_WRONG)
			went = carry_rows(carry, &tables[i], true, err);
		if (went == WENT_NOT) {
			sql_rollback(carry->to);
			return -1;
		}
	}
	return sql_commit(carry->to, err);
}

/* A new journal, or that which a killed predecessor has begun; if even that is corrupt, it is kept
 * as it is, and another is made. */
static int open_new(const struct room *room, struct sql **sql, struct err *err)
{
	char *name;

	if (inside_open(sql, room->dir, JOURNAL_WRITE, err) == 0)
		return 0;
	if (err->sys_errno != SQL_CORRUPT)
		return -1;
	sql_close(*sql);
	*sql = NULL;
	name = keep(room, JOURNAL_FILE, err);
	if (!name)
		return -1;
	free(name);
	return inside_open(sql, room->dir, JOURNAL_WRITE, err);
}

static int carry_over(const struct room *room, struct carry *carry, struct err *err)
{
	char *path = mem_format("%s/" ASIDE, room->dir);
	int status = 0;

	/* What cannot be opened at all, or is no file of ours, is kept as it is. */
	if (sql_open(&carry->from, path, SQL_SALVAGE, JOURNAL_PATIENCE_MS, err))
		status = went_reading(-1, err) == WENT_NOT ? -1 : 0;
	else if (open_new(room, &carry->to, err) || carry_all(carry, err))
		status = -1;
	sql_close(carry->from);
	sql_close(carry->to);
	free(path);
	return status;
}

static int finish(const struct room *room, struct str *notice, struct err *err)
{
	struct carry carry = { .from = NULL };
	char *name;

	if (!is_there(room->fd, ASIDE))
		return 0; /* somebody else was faster */
	if (carry_over(room, &carry, err))
		return err_wrap(err, "cannot mend the corrupt journal");
	name = keep(room, ASIDE, err);
	if (!name)
		return -1;
	if (notice)
		str_addf(notice,
			 "the journal was corrupt: it is kept as %s/%s; %" PRId64
			 " events, and %" PRId64 " deliveries owed or dead, were carried over",
			 room->dir, name, carry.events, carry.deliveries);
	free(name);
	return 0;
}

bool salvage_is_due(int dir_fd)
{
	return is_there(dir_fd, ASIDE);
}

int salvage_finish(const char *dir, struct str *notice, struct err *err)
{
	char *path = mem_format("%s/" ASIDE, dir);
	struct stat st;
	bool is_pending = lstat(path, &st) == 0;
	struct room room;
	int status;

	free(path);
	if (!is_pending)
		return 0;
	if (enter(&room, dir, err))
		return -1;
	status = finish(&room, notice, err);
	leave(&room);
	return status;
}
