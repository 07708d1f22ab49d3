/* SPDX-License-Identifier: ISC */
#include "watchdog/journal/journal.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watchdog/base/mem.h"
#include "watchdog/journal/inside.h"
#include "watchdog/journal/salvage.h"
#include "watchdog/journal/schema.h"

/* Corrupt, and what was made in its place too; or replaced again and again. */
#define TRIES 3

static int absent(struct err *err)
{
	return err_set(err, ERR_SYSTEM, SQL_ABSENT, "there is no journal");
}

int inside_open(struct sql **sql, const char *dir, enum journal_access access, struct err *err)
{
	char *path = mem_format("%s/" JOURNAL_FILE, dir);
	int status = sql_open(sql, path, access == JOURNAL_READ ? SQL_READ : SQL_WRITE,
			      JOURNAL_PATIENCE_MS, err);

	free(path);
	if (status)
		return -1;
	switch (schema_look(*sql, err)) {
	case SCHEMA_OURS:
		return sql_check_length(*sql, err);
	case SCHEMA_NONE:
		return access == JOURNAL_READ ? absent(err) : schema_make(*sql, err);
	case SCHEMA_FAILED:
		break;
	}
	return -1;
}

/* After a failure: 0 where it is worth another try. */
static int recover(struct journal *journal, struct err *err)
{
	struct sql_identity identity;

	if (err->sys_errno == SQL_REPLACED)
		return 0;
	if (err->sys_errno != SQL_CORRUPT || !journal->sql)
		return -1;
	identity = sql_identity(journal->sql);
	sql_close(journal->sql); /* whoever else has it may still finish with it */
	journal->sql = NULL;
	return salvage_set_aside(journal->dir, &identity, err);
}

static int open_in(struct journal *journal, struct str *notice, struct err *err)
{
	for (int i = 0; i < TRIES; i++) {
		if (salvage_finish(journal->dir, notice, err))
			return -1;
		if (inside_open(&journal->sql, journal->dir, journal->access, err) == 0)
			return 0;
		if (err->sys_errno == SQL_ABSENT && journal->access == JOURNAL_READ) {
			sql_close(journal->sql);
			journal->sql = NULL;
			return 0;
		}
		if (recover(journal, err))
			return -1;
		sql_close(journal->sql);
		journal->sql = NULL;
	}
	return -1;
}

int journal_open(struct journal **out, const char *state_dir, enum journal_access access,
		 struct str *notice, struct err *err)
{
	struct err own = ERR_INIT;
	struct journal *journal = mem_alloc(sizeof(*journal));

	err = err ? err : &own;
	*out = NULL;
	journal->access = access;
	journal->dir = realpath(state_dir, NULL);
	if (!journal->dir && (errno != ENOENT || access == JOURNAL_WRITE)) {
		(void)err_set(err, ERR_SYSTEM, errno, "cannot open the journal in %s", state_dir);
		free(journal);
		return -1;
	}
	if (journal->dir && open_in(journal, notice, err)) {
		journal_close(journal);
		return -1;
	}
	*out = journal;
	return 0;
}

void journal_close(struct journal *journal)
{
	struct sql_identity identity;
	bool is_corrupt;

	if (!journal)
		return;
	if (journal->sql) {
		identity = sql_identity(journal->sql);
		is_corrupt = sql_is_corrupt(journal->sql);
		sql_close(journal->sql);
		/* If it cannot be now, whoever opens it next finds the same. */
		if (is_corrupt)
			(void)salvage_set_aside(journal->dir, &identity, NULL);
	}
	free(journal->dir);
	free(journal);
}

bool journal_exists(int state_fd)
{
	return faccessat(state_fd, JOURNAL_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	       salvage_is_due(state_fd);
}

void journal_set_patience(struct journal *journal, int64_t patience_ms)
{
	if (journal->sql)
		sql_set_patience(journal->sql, (int)patience_ms);
}

bool journal_is_current(const struct journal *journal)
{
	char *path;
	bool is_there;

	if (journal->sql)
		return sql_is_current(journal->sql);
	if (!journal->dir)
		return false; /* whoever asks again pays one look */
	path = mem_format("%s/" JOURNAL_FILE, journal->dir);
	is_there = access(path, F_OK) == 0;
	free(path);
	return !is_there;
}

/* ---- transactions ------------------------------------------------------------------------- */

static int begin(struct journal *journal, struct err *err)
{
	if (journal->access != JOURNAL_WRITE)
		return err_set(err, ERR_SYSTEM, 0, "the journal is open for reading only");
	return sql_begin(journal->sql, err);
}

int journal_begin(struct journal *journal, struct err *err)
{
	if (begin(journal, err))
		return -1;
	journal->is_within = true;
	journal->has_failed = false;
	return 0;
}

int journal_commit(struct journal *journal, struct err *err)
{
	if (!journal->is_within)
		return err_set(err, ERR_SYSTEM, 0, "the journal has nothing to commit");
	journal->is_within = false;
	if (!journal->has_failed)
		return sql_commit(journal->sql, err);
	sql_rollback(journal->sql);
	return err_set(err, ERR_SYSTEM, 0, "journal %s: a part failed, so nothing was stored",
		       sql_path(journal->sql));
}

void journal_rollback(struct journal *journal)
{
	journal->is_within = false;
	if (journal->sql)
		sql_rollback(journal->sql);
}

int inside_begin(struct journal *journal, bool *is_own, struct err *err)
{
	*is_own = !journal->is_within;
	if (*is_own)
		return begin(journal, err);
	/* A full disk ends SQLite's transaction by itself: what came then would be stored alone. */
	if (!journal->has_failed && sql_is_within(journal->sql))
		return 0;
	return err_set(err, ERR_SYSTEM, 0, "journal %s: an earlier failure has undone it",
		       sql_path(journal->sql));
}

int inside_end(struct journal *journal, bool is_own, int status, struct err *err)
{
	if (!is_own)
		journal->has_failed |= status < 0;
	else if (status < 0)
		sql_rollback(journal->sql);
	else if (sql_commit(journal->sql, err))
		return -1;
	return status;
}
